package crd

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestEveryRuleIsTested compares the rules of the schemas with the files of invalid/.
// The same rule of a field of the same name (the name of every reference, the
// attributes of every layer) wants one file only: TestSameRules tries it elsewhere.
func TestEveryRuleIsTested(t *testing.T) {
	rules := readRules(t)
	tested := map[string]bool{}
	for _, p := range readPairs(t) {
		r, known := rules[p.name]
		if !known {
			t.Errorf("invalid/%s.yaml tests no rule of the schemas", p.name)
		}
		tested[r.says] = true
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if says := rules[name].says; !tested[says] {
			t.Errorf("no file in invalid/ breaks the rule %q; it would be named %s.yaml", says, name)
			tested[says] = true
		}
	}
}

// TestPairsDifferByTheirRule wants the refused and the accepted object of a file to be
// equal but for what the rule looks at, and the last value that a bound allows beside the
// first that it does not.
func TestPairsDifferByTheirRule(t *testing.T) {
	rules, schemas := readRules(t), readSchemas(t)
	for _, p := range readPairs(t) {
		r, known := rules[p.name]
		if !known {
			continue // TestEveryRuleIsTested says so
		}
		for _, at := range differences(p.refused.Object, p.accepted.Object, nil) {
			if !at.isBelow(r.about()) {
				t.Errorf("invalid/%s.yaml: the two last documents differ at %s, which the rule does not look at", p.name, at)
			}
		}
		if r.bound == nil {
			continue
		}
		at := p.place(t, r)
		refused, _ := get(p.refused.Object, at)
		accepted, _ := get(p.accepted.Object, at)
		lastAllowed, firstRefused := boundsOf(r, schemaAt(schemas[r.kind()], r.path))
		if sizeOf(accepted) != lastAllowed || sizeOf(refused) != firstRefused {
			t.Errorf("invalid/%s.yaml: accepted is %d and refused %d, want %d and %d: the values on both sides of the bound",
				p.name, sizeOf(accepted), sizeOf(refused), lastAllowed, firstRefused)
		}
	}
}

// boundsOf returns the last size that a rule allows and the first that it refuses.
func boundsOf(r rule, schema apiextensionsv1.JSONSchemaProps) (allowed, refused int64) {
	if r.keyword[:3] == "min" {
		return *r.bound, *r.bound - 1
	}
	allowed = *r.bound
	if schema.XListType != nil && *schema.XListType == "set" && len(schema.Items.Schema.Enum) > 0 {
		allowed = min(allowed, int64(len(schema.Items.Schema.Enum))) // there are no more values
	}
	return allowed, *r.bound + 1
}

// sizeOf is what a bound bounds: a number, or the length of something.
func sizeOf(value any) int64 {
	switch v := value.(type) {
	case float64:
		return int64(v)
	case string:
		return int64(utf8.RuneCountInString(v))
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	}
	return -1
}

func schemaAt(schema apiextensionsv1.JSONSchemaProps, path []string) apiextensionsv1.JSONSchemaProps {
	for _, name := range path {
		if name == "items" {
			schema = *schema.Items.Schema
			continue
		}
		schema = schema.Properties[name]
	}
	return schema
}

// TestEveryFieldAndValueIsAccepted wants each field of a spec and each value of an enum in
// an object that the API server accepts: in valid/, or corrected in invalid/.
func TestEveryFieldAndValueIsAccepted(t *testing.T) {
	seen := map[string]bool{}
	for _, object := range acceptedObjects(t) {
		kind := kindOf(object)
		everything(object.Object, nil, func(at address, value any) {
			field := join(kind, at.path())
			seen[field] = true
			if text, isText := value.(string); isText {
				seen[field+" "+text] = true
			}
		})
	}
	for kind, schema := range readSchemas(t) {
		for _, path := range fieldsBelow(schema.Properties["spec"], []string{"spec"}) {
			if !seen[join(kind, path)] {
				t.Errorf("%s is in no object that is accepted", join(kind, path))
			}
			for _, value := range schemaAt(schema, path).Enum {
				var text string
				if err := json.Unmarshal(value.Raw, &text); err != nil {
					t.Fatal(err)
				}
				if !seen[join(kind, path)+" "+text] {
					t.Errorf("the value %s of %s is in no object that is accepted", text, join(kind, path))
				}
			}
		}
	}
}

// fieldsBelow lists the paths of everything in a schema.
func fieldsBelow(schema apiextensionsv1.JSONSchemaProps, path []string) [][]string {
	fields := [][]string{path}
	for name, property := range schema.Properties {
		fields = append(fields, fieldsBelow(property, below(path, name))...)
	}
	if schema.Items != nil {
		fields = append(fields, fieldsBelow(*schema.Items.Schema, below(path, "items"))...)
	}
	return fields
}

// acceptedObjects are those of valid/ and the corrected ones of invalid/. TestValid and
// TestInvalid prove that they are accepted.
func acceptedObjects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	objects := validObjects(t)
	for _, p := range readPairs(t) {
		objects = append(objects, p.accepted)
	}
	return objects
}
