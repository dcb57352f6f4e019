// Command apidocs writes the reference of the kinds, docs/reference: a page for each kind
// with every field of its CustomResourceDefinition, and api.md, which lists the pages. All
// of it comes from config/crd/bases; the pages of the kinds in docs/ explain, with examples,
// what this only lists. `make generate` runs it, and `make verify` fails where it would
// change something.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/config/crd"
)

const folder = "docs/reference"

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "apidocs: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	pages, err := render()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // documentation, for everybody to read
		return err
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(folder, name), page, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

// render returns the pages by their file names.
func render() (map[string][]byte, error) {
	kinds, err := readKinds()
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{"api.md": index(kinds)}
	for _, kind := range kinds {
		pages[kind.Spec.Names.Singular+".md"] = page(kind)
	}
	return pages, nil
}

// readKinds returns the definitions in the order in which people meet them: the Tenant
// first, then by name.
func readKinds() ([]apiextensionsv1.CustomResourceDefinition, error) {
	files, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil {
		return nil, err
	}
	var kinds []apiextensionsv1.CustomResourceDefinition
	for _, file := range files {
		content, err := crd.Bases.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var kind apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &kind); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(kind.Spec.Versions) != 1 {
			return nil, fmt.Errorf("%s has %d versions: give each its own pages", file, len(kind.Spec.Versions))
		}
		kinds = append(kinds, kind)
	}
	slices.SortStableFunc(kinds, func(a, b apiextensionsv1.CustomResourceDefinition) int {
		return first(b) - first(a)
	})
	return kinds, nil
}

func first(kind apiextensionsv1.CustomResourceDefinition) int {
	if kind.Spec.Names.Kind == "Tenant" {
		return 1
	}
	return 0
}

const generated = "<!-- Written by hack/apidocs from config/crd/bases: run `make generate` instead of editing it. -->\n\n"

func index(kinds []apiextensionsv1.CustomResourceDefinition) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s# API reference\n\n", generated)
	group, version := kinds[0].Spec.Group, kinds[0].Spec.Versions[0].Name
	fmt.Fprintf(&out, "Every field of `%s/%s`, with what the API server checks. `kubectl explain` says the same\n", group, version)
	out.WriteString("in the cluster. The page of each kind explains, with examples, what is only listed here.\n\n")
	out.WriteString("| kind | what it is | explained |\n|---|---|---|\n")
	for _, kind := range kinds {
		name := kind.Spec.Names.Singular
		fmt.Fprintf(&out, "| [%s](%s.md) | %s | [%s.md](../%s.md) |\n", kind.Spec.Names.Kind, name,
			prose(schemaOf(kind).Description), name, name)
	}
	return out.Bytes()
}

func page(kind apiextensionsv1.CustomResourceDefinition) []byte {
	var out bytes.Buffer
	names, schema := kind.Spec.Names, schemaOf(kind)
	fmt.Fprintf(&out, "%s# %s: every field\n\n%s\n\n", generated, names.Kind, prose(schema.Description))
	fmt.Fprintf(&out, "What it means, with examples: [%s](../%s.md). All kinds: [API reference](api.md).\n\n", names.Kind, names.Singular)
	out.WriteString("| | |\n|---|---|\n")
	fmt.Fprintf(&out, "| `apiVersion` | `%s/%s` |\n", kind.Spec.Group, kind.Spec.Versions[0].Name)
	fmt.Fprintf(&out, "| `kind` | `%s` |\n", names.Kind)
	fmt.Fprintf(&out, "| scope | %s |\n", kind.Spec.Scope)
	fmt.Fprintf(&out, "| names | %s |\n", codes(append([]string{names.Plural, names.Singular}, names.ShortNames...)))
	fmt.Fprintf(&out, "| categories | %s |\n", codes(names.Categories))
	if rules := validations(schema.XValidations); len(rules) > 0 {
		fmt.Fprintf(&out, "| rules | %s |\n", strings.Join(rules, "<br>"))
	}
	columns(&out, kind.Spec.Versions[0].AdditionalPrinterColumns)
	for _, part := range []string{"spec", "status"} {
		fmt.Fprintf(&out, "\n## %s\n\n", part)
		out.WriteString("| field | what it is | type | required | what the API server checks |\n|---|---|---|---|---|\n")
		required := slices.Contains(schema.Required, part)
		for _, f := range fieldsOf(part, required, schema.Properties[part]) {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", f.path, f.description, f.kind, f.required, strings.Join(f.checks, "<br>"))
		}
	}
	return out.Bytes()
}

func columns(out *bytes.Buffer, columns []apiextensionsv1.CustomResourceColumnDefinition) {
	out.WriteString("\nWhat `kubectl get` shows; the last ones by `-o wide` only:\n\n| column | from |\n|---|---|\n")
	for _, wide := range []bool{false, true} {
		for _, c := range columns {
			if (c.Priority > 0) == wide {
				fmt.Fprintf(out, "| %s | %s |\n", strings.ToUpper(c.Name), code(c.JSONPath))
			}
		}
	}
}

func schemaOf(kind apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.JSONSchemaProps {
	return kind.Spec.Versions[0].Schema.OpenAPIV3Schema
}
