package schema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// prune takes out what the schema does not know, and names it.
func (c *checker) prune(object map[string]any) []Problem {
	unknown := pruning.PruneWithOptions(object, c.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, c.schema)
	var problems []Problem
	for _, path := range unknown {
		message := "unknown field"
		if known := c.known(path); known != "" {
			message += ", there are: " + known
		}
		problems = append(problems, Problem{path, message})
	}
	return problems
}

// metadataProblems checks the part of an object that no CRD describes.
func metadataProblems(object map[string]any) []Problem {
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return []Problem{{strings.TrimSuffix("metadata."+wrongType.Field, "."), typeMessage(wrongType)}}
	case err != nil: // only a time is of no JSON type
		return []Problem{{"metadata.creationTimestamp", "must be a time such as 2026-11-21T09:00:00Z: remove it, the cluster sets it"}}
	}
	var problems []Problem
	for _, path := range unknown {
		problems = append(problems, Problem{path, "unknown field"})
	}
	if !found || meta.Name == "" {
		return append(problems, Problem{"metadata.name", "Required value: without a name an object cannot be applied"})
	}
	if meta.Namespace == "" {
		meta.Namespace = "default" // kubectl fills in the namespace of its context
	}
	return append(problems, fromErrors(apivalidation.ValidateObjectMeta(meta, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata")))...)
}

// typeMessage says in the words of YAML what a value is and must be.
func typeMessage(e *json.UnmarshalTypeError) string {
	is := map[string]string{
		"bool": "a truth value (as are yes, no, y, n, on and off)", "number": "a number", "string": "a text", "array": "a list", "object": "an object",
	}
	value, _, _ := strings.Cut(e.Value, " ") // a number comes with its digits
	quotable := value == "bool" || value == "number"
	must := "a number"
	switch kind := e.Type.Kind(); {
	case kind == reflect.String && quotable:
		must = "a text: put it in quotes"
	case kind == reflect.String:
		must = "a text"
	case kind == reflect.Map || kind == reflect.Struct:
		must = "an object, as {name: value}"
	case kind == reflect.Slice:
		must = "a list"
	case kind == reflect.Bool:
		must = "true or false"
	}
	return fmt.Sprintf("is %s, and must be %s", cmp.Or(is[value], value), must)
}

// blocked says that the rules in CEL are not looked at: what they read may not be there.
func blocked(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func fromErrors(errs field.ErrorList) []Problem {
	var problems []Problem
	for _, err := range errs {
		path := err.Field
		if path == "<nil>" { // a rule of the object as a whole
			path = ""
		}
		problems = append(problems, Problem{path, err.ErrorBody()})
	}
	return problems
}
