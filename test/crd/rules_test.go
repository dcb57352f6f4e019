package crd

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// rule is one rule of a schema at one field.
type rule struct {
	name    string   // KIND.PATH.KEYWORD, the name of its file in invalid/
	path    []string // the field, "items" for each element of a list; empty: the object
	keyword string   // as maxLength
	// bound is the number of the rule, where it has one.
	bound *int64
	// says is what the rule demands of a field of that name, to find its like elsewhere.
	says string
}

// about is the field that the rule looks at. A rule of a whole object can see no other
// than its name: the API server shows it nothing else beside spec.
func (r rule) about() []string {
	if len(r.path) == 0 {
		return []string{"metadata", "name"}
	}
	return r.path
}

func (r rule) kind() string {
	kind, _, _ := strings.Cut(r.name, ".")
	return kind
}

// readRules returns every rule that a person's YAML can break, by its name.
func readRules(t *testing.T) map[string]rule {
	t.Helper()
	rules := map[string]rule{}
	for kind, schema := range readSchemas(t) {
		delete(schema.Properties, "status") // only the operator writes it
		walk(schema, nil, func(path []string, keyword string, value any) {
			r := rule{name: strings.Join(slices.Concat([]string{kind}, path, []string{keyword}), "."), path: path, keyword: keyword}
			if number, isNumber := value.(int64); isNumber {
				r.bound = &number
			}
			beside := schemaAt(schema, path).XValidations // they refuse most of what a bound refuses, too
			if keyword == "required" {
				beside = nil
			}
			content, err := json.Marshal([]any{value, beside})
			if err != nil {
				t.Fatal(err)
			}
			r.says = fmt.Sprintf("%s %s %s", fieldOf(path), keyword, content)
			rules[r.name] = r
		})
	}
	return rules
}

// fieldOf is the last name of a path, with ".items" for the elements of a list.
func fieldOf(path []string) string {
	from := len(path) - 1
	for from > 0 && path[from] == "items" {
		from--
	}
	return strings.Join(path[max(from, 0):], ".")
}

// readSchemas returns the schema of each kind, by the kind's name in lower case.
func readSchemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	schemas := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, crd := range readCRDs(t) {
		schemas[strings.ToLower(crd.Spec.Names.Kind)] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return schemas
}

func readCRDs(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, file := range yamlFiles(t, filepath.Join(root, "config", "crd", "bases")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			t.Fatal(err)
		}
		crds = append(crds, crd)
	}
	return crds
}

// walk calls visit for every rule of a schema and of what is below it.
func walk(schema apiextensionsv1.JSONSchemaProps, path []string, visit func(path []string, keyword string, value any)) {
	addBounds(schema, path, visit)
	if schema.Pattern != "" {
		visit(path, "pattern", schema.Pattern)
	}
	if len(schema.Enum) > 0 {
		visit(path, "enum", schema.Enum)
	}
	if list := schema.XListType; list != nil && (*list == "set" || *list == "map") {
		visit(path, "uniqueItems", schema.XListMapKeys)
	}
	for i, cel := range schema.XValidations {
		visit(path, fmt.Sprintf("validation-%d", i+1), []string{cel.Rule, cel.Message})
	}
	for _, name := range schema.Required {
		visit(below(path, name), "required", true)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		walk(schema.Properties[name], below(path, name), visit)
	}
	if schema.Items != nil {
		walk(*schema.Items.Schema, below(path, "items"), visit)
	}
}

func addBounds(schema apiextensionsv1.JSONSchemaProps, path []string, visit func(path []string, keyword string, value any)) {
	counts := map[string]*int64{
		"minLength": schema.MinLength, "maxLength": schema.MaxLength, "minItems": schema.MinItems,
		"maxItems": schema.MaxItems, "minProperties": schema.MinProperties, "maxProperties": schema.MaxProperties,
	}
	for keyword, number := range map[string]*float64{"minimum": schema.Minimum, "maximum": schema.Maximum} {
		if number != nil {
			whole := int64(*number) // the API has no other numbers
			counts[keyword] = &whole
		}
	}
	for keyword, count := range counts {
		if count != nil {
			visit(path, keyword, *count)
		}
	}
}

// below is a path of its own, one name longer.
func below(path []string, name string) []string { return append(slices.Clone(path), name) }
