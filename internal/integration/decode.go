package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FieldProblem is why a field of a body or of a line is not allowed. Rule is the name of
// the rule as JSON Schema has it, where it is one: required, maxLength, pattern, enum.
type FieldProblem struct {
	Field   string `json:"field,omitempty" doc:"The field, with dots for nested ones, as attributes.currency. Missing: the whole."`
	Rule    string `json:"rule,omitempty" doc:"The rule that it breaks, as maxLength."`
	Message string `json:"message" doc:"What is wrong and what is allowed."`
}

// Decode reads one JSON object as a T: exact names that come once, valid UTF-8, nothing
// unknown, and every rule of the tags of T (see rules.go), which are those of the
// OpenAPI document. It returns every rule that is broken.
func Decode[T any](text []byte) (T, []FieldProblem) {
	var value T
	if err := jsonv2.Unmarshal(text, &value, strict); err != nil {
		var none T
		return none, []FieldProblem{decodeProblem(err, reflect.TypeFor[T]())}
	}
	if problems := rulesOf(reflect.TypeFor[T]()).check(reflect.ValueOf(&value).Elem()); len(problems) > 0 {
		return value, problems
	}
	return value, nil
}

var strict = jsonv2.JoinOptions(jsonv2.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))

// decodeProblem says in the words of the API what the decoder found.
func decodeProblem(err error, in reflect.Type) FieldProblem {
	var semantic *jsonv2.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && errors.Is(semantic.Err, jsonv2.ErrUnknownName):
		field := fieldOf(semantic.JSONPointer)
		return FieldProblem{field, "additionalProperties", "is not a known field, allowed are " + strings.Join(fieldNames(in, semantic.JSONPointer), ", ")}
	case errors.As(err, &semantic):
		return FieldProblem{fieldOf(semantic.JSONPointer), "type", fmt.Sprintf("must be %s, but is %s", wanted(semantic.GoType), kindName(semantic.JSONKind))}
	case errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName):
		return FieldProblem{fieldOf(syntactic.JSONPointer), "unique", "is there twice"}
	default:
		return FieldProblem{"", "json", "is not valid JSON: " + strings.TrimPrefix(err.Error(), "jsontext: ")}
	}
}

// fieldOf turns a JSON pointer into a field name: /user/username, /items/0/amount.
func fieldOf(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			fmt.Fprintf(&b, "[%s]", token)
		case b.Len() > 0:
			b.WriteString("." + shorten(token))
		default:
			b.WriteString(shorten(token))
		}
	}
	return b.String()
}

// MergePatch returns the document that a JSON merge patch (RFC 7396) makes of another:
// what is left out stays, null clears. A nil document is empty.
func MergePatch(document, patch []byte) ([]byte, []FieldProblem) {
	var changes map[string]any
	if err := jsonv2.Unmarshal(patch, &changes, strict); err != nil {
		return nil, []FieldProblem{decodeProblem(err, reflect.TypeFor[map[string]any]())}
	}
	before := map[string]any{}
	if document != nil {
		if err := json.Unmarshal(document, &before); err != nil {
			return nil, []FieldProblem{{"", "json", "cannot be merged"}}
		}
	}
	merged, err := json.Marshal(mergeObject(before, changes))
	if err != nil {
		return nil, []FieldProblem{{"", "json", "cannot be merged"}}
	}
	return merged, nil
}

func mergeObject(before, changes map[string]any) map[string]any {
	for name, change := range changes {
		switch change := change.(type) {
		case nil:
			delete(before, name)
		case map[string]any:
			nested, _ := before[name].(map[string]any)
			if nested == nil {
				nested = map[string]any{}
			}
			before[name] = mergeObject(nested, change)
		default:
			before[name] = change
		}
	}
	return before
}
