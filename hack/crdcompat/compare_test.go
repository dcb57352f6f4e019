package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// The schema of field before and now, each as it stands in a CRD, and what is found.
var schemas = []struct {
	name, before, now string
	want              []string // rule and path
}{
	{"the same", "{type: string, maxLength: 5}", "{type: string, maxLength: 5}", nil},
	{"other words", "{type: string, description: a}", "{type: string, description: b}", nil},

	{"a field more", "{type: object, properties: {a: {type: string}}}", "{type: object, properties: {a: {type: string}, b: {type: string, maxLength: 3}}}", nil},
	{"a field less", "{type: object, properties: {a: {type: string}}}", "{type: object}", []string{"removed .field.a"}},
	{"a field less in a list", "{type: array, items: {type: object, properties: {a: {type: string}}}}", "{type: array, items: {type: object}}", []string{"removed .field[].a"}},
	{"a field less in a map", "{type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}", "{type: object, additionalProperties: {type: object}}", []string{"removed .field.*.a"}},
	{"items without a schema", "{type: array, items: {type: string}}", "{type: array}", []string{"removed .field[]"}},

	{"another type", "{type: string}", "{type: integer}", []string{"type .field"}},
	{"no int-or-string any more", "{x-kubernetes-int-or-string: true}", "{}", []string{"type .field"}},

	{"required now", "{type: object, properties: {a: {type: string}}}", "{type: object, required: [a], properties: {a: {type: string}}}", []string{"required .field.a"}},
	{"required and new", "{type: object}", "{type: object, required: [a], properties: {a: {type: string}}}", []string{"required .field.a"}},
	{"required in what is new", "{type: object}", "{type: object, properties: {a: {type: object, required: [b], properties: {b: {type: string}}}}}", nil},
	{"no longer required", "{type: object, required: [a], properties: {a: {type: string}}}", "{type: object, properties: {a: {type: string}}}", nil},

	{"a default", "{type: string}", "{type: string, default: a}", []string{"default .field"}},
	{"another default", "{type: string, default: a}", "{type: string, default: b}", []string{"default .field"}},
	{"a field more with a default", "{type: object}", "{type: object, properties: {a: {type: string, default: b}}}", []string{"default .field.a"}},
	{"a default in what is new", "{type: object}", "{type: object, properties: {a: {type: object, properties: {b: {type: string, default: c}}}}}", nil},
	{"no default", "{type: string, default: a}", "{type: string}", []string{"default .field"}},

	{"another type of list", "{type: array, x-kubernetes-list-type: atomic}", "{type: array, x-kubernetes-list-type: set}", []string{"merge .field"}},
	{"atomic is what lists are", "{type: array}", "{type: array, x-kubernetes-list-type: atomic}", nil},
	{"other keys of a list", "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a]}", "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b]}", []string{"merge .field"}},
	{"another type of map", "{type: object}", "{type: object, x-kubernetes-map-type: atomic}", []string{"merge .field"}},

	{"shorter", "{type: string, maxLength: 5}", "{type: string, maxLength: 4}", []string{"tightened .field"}},
	{"bounded at all", "{type: string}", "{type: string, maxLength: 400}", []string{"tightened .field"}},
	{"longer", "{type: string, maxLength: 5}", "{type: string, maxLength: 6}", nil},
	{"not bounded any more", "{type: string, maxLength: 5, minLength: 1}", "{type: string}", nil},
	{"longer at least", "{type: string, minLength: 1}", "{type: string, minLength: 2}", []string{"tightened .field"}},
	{"at least nothing", "{type: string}", "{type: string, minLength: 0}", nil},
	{"fewer items", "{type: array, maxItems: 5}", "{type: array, maxItems: 4}", []string{"tightened .field"}},
	{"more items at least", "{type: array}", "{type: array, minItems: 1}", []string{"tightened .field"}},
	{"fewer keys", "{type: object, maxProperties: 5}", "{type: object, maxProperties: 4}", []string{"tightened .field"}},
	{"more keys at least", "{type: object}", "{type: object, minProperties: 1}", []string{"tightened .field"}},
	{"as many keys as were required", "{type: object, required: [a], properties: {a: {type: string}}}", "{type: object, minProperties: 1, properties: {a: {type: string}}}", nil},
	{"less", "{type: integer, maximum: 5}", "{type: integer, maximum: 4}", []string{"tightened .field"}},
	{"less than", "{type: integer, maximum: 5}", "{type: integer, maximum: 5, exclusiveMaximum: true}", []string{"tightened .field"}},
	{"more", "{type: integer, maximum: 5}", "{type: integer, maximum: 6}", nil},
	{"more at least", "{type: integer, minimum: 0}", "{type: integer, minimum: 1}", []string{"tightened .field"}},
	{"a minimum", "{type: integer}", "{type: integer, minimum: 0}", []string{"tightened .field"}},
	{"less at least", "{type: integer, minimum: 1}", "{type: integer, minimum: 0}", nil},
	{"more than", "{type: integer, minimum: 1}", "{type: integer, minimum: 1, exclusiveMinimum: true}", []string{"tightened .field"}},
	{"a pattern", "{type: string}", "{type: string, pattern: a}", []string{"tightened .field"}},
	{"another pattern", "{type: string, pattern: b}", "{type: string, pattern: a}", []string{"tightened .field"}},
	{"no pattern", "{type: string, pattern: b}", "{type: string}", nil},
	{"a format", "{type: string}", "{type: string, format: date}", []string{"tightened .field"}},
	{"another format", "{type: integer, format: int64}", "{type: integer, format: int32}", []string{"tightened .field"}},
	{"multiples only", "{type: integer}", "{type: integer, multipleOf: 2}", []string{"tightened .field"}},
	{"no doubles", "{type: array}", "{type: array, uniqueItems: true}", []string{"tightened .field"}},
	{"one value less", "{type: string, enum: [A, B]}", "{type: string, enum: [B]}", []string{"tightened .field"}},
	{"one value more, in another order", "{type: string, enum: [A, B]}", "{type: string, enum: [C, B, A]}", nil},
	{"an enum", "{type: string}", "{type: string, enum: [A]}", []string{"tightened .field"}},
	{"any value", "{type: string, enum: [A]}", "{type: string}", nil},
	{"no null", "{type: string, nullable: true}", "{type: string}", []string{"tightened .field"}},
	{"a whole object", "{type: object}", "{type: object, x-kubernetes-embedded-resource: true}", []string{"tightened .field"}},
	{"a schema of any value", "{type: object, additionalProperties: true}", "{type: object, additionalProperties: {type: string}}", []string{"tightened .field.*"}},

	{"a rule", "{type: string}", "{type: string, x-kubernetes-validations: [{rule: a}]}", []string{"validation .field"}},
	{"another rule", "{type: string, x-kubernetes-validations: [{rule: a}]}", "{type: string, x-kubernetes-validations: [{rule: b}]}", []string{"validation .field"}},
	{"other words of a rule", "{type: string, x-kubernetes-validations: [{rule: a, message: x}]}", "{type: string, x-kubernetes-validations: [{rule: a, message: y}]}", nil},
	{"a rule for new objects too", "{type: string, x-kubernetes-validations: [{rule: a}]}", "{type: string, x-kubernetes-validations: [{rule: a, optionalOldSelf: true}]}", []string{"validation .field"}},
	{"a rule for new objects as ever", "{type: string, x-kubernetes-validations: [{rule: a}]}", "{type: string, x-kubernetes-validations: [{rule: a, optionalOldSelf: false}]}", nil},
	{"no rule", "{type: string, x-kubernetes-validations: [{rule: a}]}", "{type: string}", nil},

	{"alternatives", "{type: object, anyOf: [{required: [a]}]}", "{type: object, anyOf: [{required: [b]}]}", []string{"composition .field"}},
	{"unknown fields go", "{type: object, x-kubernetes-preserve-unknown-fields: true}", "{type: object}", []string{"unknown-data .field"}},
	{"keys go", "{type: object, additionalProperties: true}", "{type: object}", []string{"unknown-data .field.*"}},
}

func TestSchemas(t *testing.T) {
	for _, test := range schemas {
		t.Run(test.name, func(t *testing.T) {
			c := &comparison{crd: "tests.foyer.dev"}
			before, now := parse[schema](t, test.before), parse[schema](t, test.now)
			c.schema(".field", &before, &now)
			if diff := cmp.Diff(test.want, rules(c.found)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// What is around the schemas, each as an edit of a CRD that has everything.
func TestKinds(t *testing.T) {
	whole := func() *apiextensionsv1.CustomResourceDefinition {
		crd := parse[apiextensionsv1.CustomResourceDefinition](t, `
metadata: {name: tests.foyer.dev}
spec:
  group: foyer.dev
  scope: Namespaced
  names: {kind: Test, plural: tests, singular: test, shortNames: [te], categories: [foyer]}
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{jsonPath: .spec.a}, {jsonPath: .spec.b}]
    additionalPrinterColumns: [{name: A, type: string, jsonPath: .spec.a}, {name: B, type: string, jsonPath: .spec.b}]
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
`)
		return &crd
	}
	for name, test := range map[string]struct {
		edit func(*apiextensionsv1.CustomResourceDefinitionSpec)
		want []string
	}{
		"nothing":            {func(*apiextensionsv1.CustomResourceDefinitionSpec) {}, nil},
		"group":              {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Group = "x" }, []string{"kind .spec.group"}},
		"scope":              {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Scope = "Cluster" }, []string{"kind .spec.scope"}},
		"kind":               {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.Kind = "X" }, []string{"kind .spec.names.kind"}},
		"plural":             {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.Plural = "x" }, []string{"kind .spec.names.plural"}},
		"singular":           {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.Singular = "x" }, []string{"kind .spec.names.singular"}},
		"short name":         {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.ShortNames = []string{"x"} }, []string{"kind .spec.names.shortNames"}},
		"category":           {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.Categories = nil }, []string{"kind .spec.names.categories"}},
		"another short name": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Names.ShortNames = []string{"x", "te"} }, nil},
		"version":            {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Name = "v2" }, []string{"kind v1"}},
		"version not served": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Served = false }, []string{"kind v1"}},
		"version not stored": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Storage = false }, []string{"kind v1"}},
		"version deprecated": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Deprecated = true }, []string{"kind v1"}},
		"selectable field": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) {
			s.Versions[0].SelectableFields = s.Versions[0].SelectableFields[1:]
		}, []string{"selectable v1"}},
		"column": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) {
			s.Versions[0].AdditionalPrinterColumns = s.Versions[0].AdditionalPrinterColumns[1:]
		}, []string{"column v1"}},
		"column of another field": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) {
			s.Versions[0].AdditionalPrinterColumns[0].JSONPath = ".spec.b"
		}, []string{"column v1"}},
		"column with other words": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) {
			s.Versions[0].AdditionalPrinterColumns[0].Description = "x"
		}, nil},
		"no schema": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Schema = nil }, []string{"removed v1"}},
		"no status": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Subresources.Status = nil }, []string{"subresource v1"}},
		"no scale":  {func(s *apiextensionsv1.CustomResourceDefinitionSpec) { s.Versions[0].Subresources.Scale = nil }, []string{"subresource v1"}},
		"a field of the spec": {func(s *apiextensionsv1.CustomResourceDefinitionSpec) {
			delete(s.Versions[0].Schema.OpenAPIV3Schema.Properties, "spec")
		}, []string{"removed v1.spec"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := whole()
			test.edit(&now.Spec)
			if diff := cmp.Diff(test.want, rules(compareCRD(whole(), now))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	all := map[string]*apiextensionsv1.CustomResourceDefinition{"tests.foyer.dev": whole()}
	if diff := cmp.Diff([]string{"kind ."}, rules(compareAll(all, nil))); diff != "" {
		t.Errorf("a CRD that is gone (-want +got):\n%s", diff)
	}
	if found := compareAll(nil, all); found != nil {
		t.Errorf("a new CRD is a finding: %v", found)
	}
}

func TestExceptions(t *testing.T) {
	found := []finding{{"tests.foyer.dev", "v1.spec.a", ruleRemoved, "the field is gone"}}
	fits := exception{CRD: "tests.foyer.dev", Path: "v1.spec.a", Rule: ruleRemoved, Finding: "the field is gone", Reason: "nobody could set it"}
	rule := func(text string) finding { return finding{"tests.foyer.dev", "v1.spec", ruleValidation, text} }
	first := exception{CRD: "tests.foyer.dev", Path: "v1.spec", Rule: ruleValidation, Finding: "a", Reason: "harmless"}
	for _, test := range []struct {
		name    string
		found   []finding
		allowed []exception
		want    string
	}{
		{"nothing", nil, nil, ""},
		{"a finding", found, nil, "  tests.foyer.dev v1.spec.a (removed): the field is gone"},
		{"an exception", found, []exception{fits}, ""},
		{"of another rule", found, []exception{{fits.CRD, fits.Path, ruleType, fits.Finding, "x"}}, "  tests.foyer.dev v1.spec.a (removed): the field is gone\n" +
			"  tests.foyer.dev v1.spec.a (type): the field is gone: an exception for what is no finding, remove it"},
		{"without a reason", found, []exception{{fits.CRD, fits.Path, fits.Rule, fits.Finding, ""}}, "  tests.foyer.dev v1.spec.a (removed): the field is gone: an exception without a reason"},
		{"of another finding there", []finding{rule("a"), rule("false")}, []exception{first}, "  tests.foyer.dev v1.spec (validation): false"},
		{"of one of two that are alike", []finding{rule("a"), rule("a")}, []exception{first}, "  tests.foyer.dev v1.spec (validation): a"},
		{"for nothing", nil, []exception{fits}, "  tests.foyer.dev v1.spec.a (removed): the field is gone: an exception for what is no finding, remove it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := judge(test.found, test.allowed); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := yaml.UnmarshalStrict([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func rules(found []finding) []string {
	var names []string
	for _, f := range found {
		names = append(names, f.rule+" "+f.path)
	}
	return names
}
