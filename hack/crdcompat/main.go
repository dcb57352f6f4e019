// Command crdcompat compares the CRDs of the checkout with those of the last release, and
// fails where an upgrade could hurt somebody: a field that is gone, one that is required
// now, another type, default or way of merging, a bound, pattern or enum that refuses what
// it took, another stored version, a column or field selector that is gone. What is added
// hurts nobody and is no finding, but for a rule, a field that is required and a default. A
// CRD, or a version of one, that the last release did not have is not looked at.
// `make verify` runs it.
//
//	crdcompat            compare hack/crdcompat/released with config/crd/bases
//	crdcompat record     make the CRDs of now those of the last release (make release)
//
// A change that must be is an entry of exceptions.yaml with its reason. A tightened rule is
// often harmless, because the API server does not ask old objects to obey it until the field
// itself is edited (ratcheting): the reason says so. An entry has the words of one finding and
// excuses that one alone, so the next rule at the same field is a finding again. An entry that
// fits no finding is an error, so that none stays behind.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const (
	released   = "hack/crdcompat/released"
	current    = "config/crd/bases"
	exceptions = "hack/crdcompat/exceptions.yaml"

	// none is the file of exceptions after a release: nothing differs from it yet.
	none = `# Changes of the CRDs since the last release that an upgrade must bear, each with its reason:
# crd, path, rule and finding as hack/crdcompat prints them. A release empties the list.
[]
`
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "crdcompat: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		return check()
	case len(args) == 1 && args[0] == "record":
		return record()
	}
	return errors.New("say nothing, or record")
}

func check() error {
	before, err := readCRDs(released)
	if err != nil {
		return err
	}
	now, err := readCRDs(current)
	if err != nil {
		return err
	}
	allowed, err := readExceptions(exceptions)
	if err != nil {
		return err
	}
	if problems := judge(compareAll(before, now), allowed); problems != nil {
		return fmt.Errorf("the CRDs do not fit those of the last release:\n%w\n"+
			"Undo it, or say in %s why an upgrade can bear it", problems, exceptions)
	}
	return nil
}

// exception is a finding that somebody has thought about.
type exception struct {
	CRD     string `json:"crd"`
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Finding string `json:"finding"` // its words
	Reason  string `json:"reason"`
}

func (e exception) of() finding { return finding{e.CRD, e.Path, e.Rule, e.Finding} }

// judge returns the findings without an exception, and the exceptions without a finding
// or a reason. Each excuses one finding.
func judge(found []finding, allowed []exception) error {
	var problems []error
	used := make([]bool, len(allowed))
	for _, f := range found {
		at := slices.IndexFunc(allowed, func(e exception) bool { return e.of() == f })
		if at < 0 || used[at] {
			problems = append(problems, errors.New("  "+f.String()))
			continue
		}
		used[at] = true
	}
	for i, e := range allowed {
		if !used[i] {
			problems = append(problems, fmt.Errorf("  %s: an exception for what is no finding, remove it", e.of()))
		} else if e.Reason == "" {
			problems = append(problems, fmt.Errorf("  %s: an exception without a reason", e.of()))
		}
	}
	return errors.Join(problems...)
}

func readCRDs(folder string) (map[string]*apiextensionsv1.CustomResourceDefinition, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("look for CRDs: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no CRDs in %s", folder)
	}
	crds := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // a file of the checkout
		if err != nil {
			return nil, fmt.Errorf("read a CRD: %w", err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		crds[crd.Name] = crd
	}
	return crds, nil
}

func readExceptions(file string) ([]exception, error) {
	content, err := os.ReadFile(file) //nolint:gosec // a file of the checkout
	if err != nil {
		return nil, fmt.Errorf("read the exceptions: %w", err)
	}
	var allowed []exception
	if err := yaml.UnmarshalStrict(content, &allowed); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return allowed, nil
}

// record makes the CRDs of now those that the next changes are compared with.
func record() error {
	old, err := filepath.Glob(filepath.Join(released, "*.yaml"))
	if err != nil {
		return fmt.Errorf("look for CRDs: %w", err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("remove the CRDs of the last release: %w", err)
		}
	}
	if err := os.CopyFS(released, os.DirFS(current)); err != nil {
		return fmt.Errorf("record the CRDs: %w", err)
	}
	if err := os.WriteFile(exceptions, []byte(none), 0o644); err != nil { //nolint:gosec // a file of the checkout
		return fmt.Errorf("empty the exceptions: %w", err)
	}
	return nil
}
