package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestChartHasAValueForEveryFlag: each flag of the manager is set by a value of the chart.
// test/chart renders one file with a value for everything; its flags are all that there are,
// and this manager understands them.
func TestChartHasAValueForEveryFlag(t *testing.T) {
	byEnvironment := map[string]bool{"namespace": true, "image": true} // POD_NAMESPACE and FOYER_IMAGE
	args := chartArgs(t, "everything")
	set := map[string]bool{}
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		set[name] = true
	}
	for _, name := range everyFlag(t) {
		if !set[name] && !byEnvironment[name] {
			t.Errorf("no value of charts/foyer sets --%s: add one to values.yaml, to foyer.args in templates/_helpers.tpl, "+
				"and to test/chart/testdata/everything.values.yaml; then make generate and go test ./test/chart -update", name)
		}
	}
	environment := map[string]string{"POD_NAMESPACE": "foyer-system", "FOYER_IMAGE": "foyer:dev"}
	for _, values := range []string{"default", "everything", "one"} {
		if _, err := parseFlags(chartArgs(t, values), func(key string) string { return environment[key] }, io.Discard); err != nil {
			t.Errorf("the flags of %s.values.yaml: %v", values, err)
		}
	}
}

// TestEveryFlagIsDocumented wants a row for each flag in the table of docs/install.md, and none
// for one that there is not.
func TestEveryFlagIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n## Flags\n")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, " | ")
		for _, match := range regexp.MustCompile("`--([a-z0-9-]+)`").FindAllStringSubmatch(cells[0], -1) {
			documented[match[1]] = true
		}
	}
	flags := map[string]bool{}
	for _, name := range everyFlag(t) {
		flags[name] = true
	}
	if diff := cmp.Diff(flags, documented); diff != "" {
		t.Errorf("the flags in docs/install.md (-of the manager +of the page):\n%s", diff)
	}
}

// everyFlag are the names in the usage.
func everyFlag(t *testing.T) []string {
	t.Helper()
	var usage bytes.Buffer
	if _, err := parseFlags([]string{"--help"}, func(string) string { return "" }, &usage); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^  -([a-z0-9-]+)`).FindAllStringSubmatch(usage.String(), -1) {
		names = append(names, match[1])
	}
	if len(names) < 10 {
		t.Fatalf("the usage shows only %v", names)
	}
	return names
}

// chartArgs are the arguments of the manager in what the chart renders.
func chartArgs(t *testing.T, values string) []string {
	t.Helper()
	content, err := os.ReadFile("../../test/chart/testdata/" + values + ".golden.yaml") //nolint:gosec // a file of the checkout
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var deployment struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(document), &deployment); err != nil {
			t.Fatal(err)
		}
		if deployment.Kind == "Deployment" {
			return deployment.Spec.Template.Spec.Containers[0].Args
		}
	}
	t.Fatalf("%s has no Deployment", values)
	return nil
}
