// Package compiling measures how the time to compile the documents of a tenant grows
// with its event templates: nothing was checked before, and nothing is live.
//
// It counts processor time, collection of garbage included, so that a busy machine does
// not change the figure.
package compiling

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/bench/template"
	"github.com/foyerhq/foyer/internal/compile"
)

// Target is how much longer a template may take among twice as many.
const Target = 1.3

const (
	few    = 500
	many   = 1000
	rounds = 5
)

// Result is the time for one template, in each round, sorted.
type Result struct {
	Few, Many []time.Duration
	// Again is the time for one of many in a pass that changes nothing.
	Again time.Duration
}

// Measure compiles in turns, so that both meet the same machine.
func Measure() (Result, error) {
	small, large := tenant(few), tenant(many)
	var r Result
	if _, err := round(small); err != nil { // warm up
		return r, err
	}
	for range rounds {
		first, err := round(small)
		if err != nil {
			return r, err
		}
		second, err := round(large)
		if err != nil {
			return r, err
		}
		r.Few, r.Many = append(r.Few, first), append(r.Many, second)
	}
	slices.Sort(r.Few)
	slices.Sort(r.Many)
	var err error
	r.Again, err = again(large)
	return r, err
}

// round is one pass over a tenant, by template.
func round(input compile.Input) (time.Duration, error) {
	start, err := processorTime()
	if err != nil {
		return 0, err
	}
	output, err := compile.Compile(input)
	if err != nil {
		return 0, fmt.Errorf("compile: %w", err)
	}
	end, err := processorTime()
	if err != nil {
		return 0, err
	}
	for name, outcome := range output.EventTemplates {
		if !outcome.Live || outcome.Conflicted.Status {
			return 0, fmt.Errorf("template %s is not live: %+v", name, outcome)
		}
	}
	if len(output.EventTemplates) != len(input.EventTemplates) {
		return 0, fmt.Errorf("%d of %d templates were compiled", len(output.EventTemplates), len(input.EventTemplates))
	}
	return (end - start) / time.Duration(len(input.EventTemplates)), nil
}

// again is a pass over what is live and was checked already.
func again(input compile.Input) (time.Duration, error) {
	input.Checked = new(compile.Checks)
	output, err := compile.Compile(input)
	if err != nil {
		return 0, fmt.Errorf("compile: %w", err)
	}
	input.Live, input.LiveRouting = output.Document, output.Routing
	return round(input)
}

// tenant has a profile for every ten templates.
func tenant(templates int) compile.Input {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "acme", Name: name, UID: types.UID("uid-of-" + name), Generation: 1}
	}
	ref := v1alpha1.ObjectRef{Name: "acme"}
	input := compile.Input{Tenant: &v1alpha1.Tenant{ObjectMeta: meta("acme"), Spec: v1alpha1.TenantSpec{
		DisplayName: "Acme Telecom", Portal: v1alpha1.PortalSpec{Hostname: "my.acme.example"},
	}}}
	for i := range templates {
		profile := fmt.Sprintf("profile-%03d", i/len(template.Events))
		event := i % len(template.Events)
		if event == 0 {
			input.AccountProfiles = append(input.AccountProfiles, v1alpha1.AccountProfile{
				ObjectMeta: meta(profile), Spec: v1alpha1.AccountProfileSpec{TenantRef: ref, DisplayName: profile},
			})
		}
		made := template.Of("acme", "acme", fmt.Sprintf("template-%04d", i), template.Events[event], profile)
		made.ObjectMeta = meta(made.Name)
		input.EventTemplates = append(input.EventTemplates, made)
	}
	return input
}

// processorTime is what this process has used so far, in user and system mode.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("ask for processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
