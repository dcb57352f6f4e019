// Package schema checks objects as an API server with Foyer's CRDs does under strict
// validation: by the same code, in the same order, with the same messages. The one
// difference is that it goes on where the API server stops at unknown fields, so that
// a person is told everything at once.
package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/config/crd"
)

// Problem is something that the API server refuses.
type Problem struct {
	Field   string // empty: the object as a whole
	Message string
}

// Unchecked is the problem of an object of which some rules could not be looked at,
// because of its other problems.
const Unchecked = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"

// Schemas are the kinds of Foyer by their names. It is not safe for concurrent use.
type Schemas struct {
	crds  map[string]*v1.CustomResourceDefinition
	ready map[string]*checker // made when a kind is first asked for: compiling its rules takes a while
}

// checker checks the objects of one kind.
type checker struct {
	schema    *structural.Structural
	validator validation.SchemaValidator
	rules     *cel.Validator
}

// Load reads the CRDs.
func Load() (*Schemas, error) {
	files, err := crd.Bases.ReadDir("bases")
	if err != nil {
		return nil, fmt.Errorf("list the CRDs: %w", err)
	}
	s := &Schemas{crds: map[string]*v1.CustomResourceDefinition{}, ready: map[string]*checker{}}
	for _, file := range files {
		content, err := crd.Bases.ReadFile("bases/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read the CRD %s: %w", file.Name(), err)
		}
		definition := &v1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, definition); err != nil {
			return nil, fmt.Errorf("read the CRD %s: %w", file.Name(), err)
		}
		s.crds[definition.Spec.Names.Kind] = definition
	}
	return s, nil
}

// Group is the API group of the kinds.
func (s *Schemas) Group() string {
	for _, definition := range s.crds {
		return definition.Spec.Group
	}
	return ""
}

// Kinds lists the kinds.
func (s *Schemas) Kinds() []string {
	var kinds []string
	for kind := range s.crds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Versions lists the versions of a kind that are served.
func (s *Schemas) Versions(kind string) []string {
	var versions []string
	for _, version := range s.crds[kind].Spec.Versions {
		if version.Served {
			versions = append(versions, version.Name)
		}
	}
	return versions
}

// Check returns what the API server would refuse of a new object. It takes unknown
// fields and the status out of the object, fills in defaults and gives it the first
// generation, as the API server does.
func (s *Schemas) Check(kind, version string, object map[string]any) ([]Problem, error) {
	check, err := s.checker(kind, version)
	if err != nil {
		return nil, err
	}
	problems := check.prune(object)
	defaulting.Default(object, check.schema)
	delete(object, "status")
	unsound := metadataProblems(object)
	problems = append(problems, unsound...)
	if metadata, isObject := object["metadata"].(map[string]any); isObject {
		metadata["generation"] = int64(1)
	}

	errs := validation.ValidateCustomResource(nil, object, check.validator)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, check.schema, object)...)
	if blocked(errs) || len(unsound) > 0 { // rules read the name of the object
		return append(append(problems, fromErrors(errs)...), Problem{"", Unchecked}), nil
	}
	broken, _ := check.rules.Validate(context.Background(), nil, check.schema, object, nil, celconfig.RuntimeCELCostBudget)
	return append(problems, fromErrors(append(errs, broken...))...), nil
}

// CheckUpdate returns what rules about changes refuse of an object in the place of another one.
// Both have passed Check or come from the API server.
func (s *Schemas) CheckUpdate(kind, version string, object, old map[string]any) ([]Problem, error) {
	check, err := s.checker(kind, version)
	if err != nil {
		return nil, err
	}
	old = runtime.DeepCopyJSON(old)
	defaulting.Default(old, check.schema) // it may have been written before the default was there
	delete(old, "status")
	broken, _ := check.rules.Validate(context.Background(), nil, check.schema, object, old, celconfig.RuntimeCELCostBudget,
		cel.WithRatcheting(common.NewCorrelatedObject(object, old, &model.Structural{Structural: check.schema})))
	return fromErrors(broken), nil
}

func (s *Schemas) checker(kind, version string) (*checker, error) {
	key := kind + "/" + version
	if check, done := s.ready[key]; done {
		return check, nil
	}
	definition := s.crds[kind]
	i := slices.IndexFunc(definition.Spec.Versions, func(v v1.CustomResourceDefinitionVersion) bool { return v.Name == version })
	check, err := newChecker(definition.Spec.Versions[i].Schema)
	if err != nil {
		return nil, fmt.Errorf("prepare the schema of %s: %w", kind, err)
	}
	s.ready[key] = check
	return check, nil
}

func newChecker(schema *v1.CustomResourceValidation) (*checker, error) {
	internal := &apiextensions.CustomResourceValidation{}
	if err := v1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(schema, internal, nil); err != nil {
		return nil, err
	}
	whole, err := structural.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	whole = whole.DeepCopy() // its defaults are shared with the CRD, and pruned next
	if err := defaulting.PruneDefaults(whole); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &checker{whole, validator, cel.NewValidator(whole, true, celconfig.PerCallLimit)}, nil
}

// known lists the fields beside an unknown one.
func (c *checker) known(field string) string {
	at := c.schema
	path := strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
	for _, name := range path[:max(len(path)-1, 0)] {
		next, isProperty := at.Properties[name]
		switch {
		case isProperty:
			at = &next
		case at.Items != nil:
			at = at.Items
		default:
			return ""
		}
	}
	var names []string
	for name := range at.Properties {
		if name != "status" { // only the operator writes it
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
