package controllers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// compile decides what is to be live.
func (r *Reconciler) compile(_ context.Context, p *pass) error {
	output, err := compile.Compile(p.input())
	if err != nil {
		return fmt.Errorf("compile the documents: %w", err)
	}
	p.output = output
	if p.paused() {
		return p.compilePaused()
	}
	return nil
}

func (p *pass) input() compile.Input {
	return compile.Input{
		Tenant:            p.tenant,
		AccountProfiles:   p.accountProfiles,
		MyAccountProfiles: p.myAccountProfiles,
		EventTemplates:    p.eventTemplates,
		Live:              p.settings.body,
		LiveRouting:       p.routing.body,
		Usage:             p.memory.usage,
		HostnameHolder:    p.holder,
		Acknowledged:      p.memory.settled,
		Checked:           p.memory.checks,
	}
}

// compilePaused finds out whether a paused tenant keeps something from going live.
func (p *pass) compilePaused() error {
	input := p.input()
	input.Tenant = p.tenant.DeepCopy()
	input.Tenant.Spec.State = v1alpha1.TenantActive
	output, err := compile.Compile(input)
	if err != nil {
		return fmt.Errorf("compile the documents: %w", err)
	}
	p.waiting = false
	for _, d := range p.documents() {
		body, _ := d.kind.decided(output)
		if body == nil || d == &p.routing && !d.known() {
			continue
		}
		would, err := d.kind.parse(body)
		if err != nil {
			return fmt.Errorf("read the compiled %s document: %w", d.kind.name, err)
		}
		p.waiting = p.waiting || !sameContent(d.entries, would)
	}
	return nil
}

// sameContent compares what two documents say, whatever the generations: pausing a
// tenant is a generation of it.
func sameContent(a, b entries) bool {
	for kind := range b {
		if !sameEntries(a[kind], b[kind]) {
			return false
		}
	}
	return true
}

func sameEntries(a, b []config.Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].State != b[i].State || !sameJSON(a[i].Content, b[i].Content) {
			return false
		}
	}
	return true
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func (p *pass) paused() bool {
	return p.tenant != nil && p.tenant.Spec.State == v1alpha1.TenantPaused
}
