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

// unknownField is the one refusal that no rule of a schema makes: strict validation does.
const unknownField = "myaccountprofile.unknown-field"

// TestEveryRuleIsTested compares the rules of the schemas with the files of invalid/.
// The same rule of a field of the same name (the name of every reference, the
// attributes of every layer) wants one file only.
func TestEveryRuleIsTested(t *testing.T) {
	rules := readRules(t)
	tested := map[string]string{}
	for _, file := range yamlFiles(t, "invalid") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name == unknownField {
			continue
		}
		rule, known := rules[name]
		if !known {
			t.Errorf("invalid/%s.yaml tests no rule of the schemas", name)
			continue
		}
		if other, twice := tested[rule]; twice {
			t.Errorf("invalid/%s.yaml and %s.yaml test the same rule", name, other)
		}
		tested[rule] = name
	}
	missing := map[string][]string{}
	for name, rule := range rules {
		if _, done := tested[rule]; !done {
			missing[rule] = append(missing[rule], name)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(missing)) {
		slices.Sort(missing[rule])
		t.Errorf("no file in invalid/ breaks the rule %q; it would be named %s.yaml", rule, missing[rule][0])
	}
}

// readRules returns every rule that a person's YAML can break: by the name that its
// file has, the rule with the field that it is of.
func readRules(t *testing.T) map[string]string {
	t.Helper()
	rules := map[string]string{}
	for kind, schema := range readSchemas(t) {
		delete(schema.Properties, "status") // only the operator writes it
		walk(rules, kind, "", schema)
	}
	return rules
}

// readSchemas returns the schema of each kind, by the kind's name in lower case.
func readSchemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, file := range yamlFiles(t, filepath.Join(root, "config", "crd", "bases")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, &crd); err != nil {
			t.Fatal(err)
		}
		schemas[strings.ToLower(crd.Spec.Names.Kind)] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return schemas
}

func walk(rules map[string]string, path, field string, schema apiextensionsv1.JSONSchemaProps) {
	add := func(rule string, value any) {
		text, _ := json.Marshal(value)
		rules[path+"."+rule] = fmt.Sprintf("%s %s %s", field, rule, text)
	}
	addIf(add, "minimum", schema.Minimum)
	addIf(add, "maximum", schema.Maximum)
	addIf(add, "minLength", schema.MinLength)
	addIf(add, "maxLength", schema.MaxLength)
	addIf(add, "minItems", schema.MinItems)
	addIf(add, "maxItems", schema.MaxItems)
	addIf(add, "minProperties", schema.MinProperties)
	if schema.Pattern != "" {
		add("pattern", schema.Pattern)
	}
	if len(schema.Enum) > 0 {
		add("enum", schema.Enum)
	}
	if schema.XListType != nil && *schema.XListType == "set" {
		add("uniqueItems", true)
	}
	for i, rule := range schema.XValidations {
		add(fmt.Sprintf("validation-%d", i+1), rule.Rule)
	}
	for _, name := range schema.Required {
		rules[path+"."+name+".required"] = name + " required"
	}
	for name, property := range schema.Properties {
		walk(rules, path+"."+name, name, property)
	}
	if schema.Items != nil {
		walk(rules, path+".items", field+".items", *schema.Items.Schema)
	}
}

func addIf[T any](add func(string, any), rule string, value *T) {
	if value != nil {
		add(rule, *value)
	}
}
