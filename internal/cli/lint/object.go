package lint

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/foyerhq/foyer/internal/cli/manifest"
)

// The kinds.
const (
	kindTenant           = "Tenant"
	kindAccountProfile   = "AccountProfile"
	kindMyAccountProfile = "MyAccountProfile"
	kindEventTemplate    = "EventTemplate"
)

// Source is an object as it was read.
type Source struct {
	manifest.Object
	Kind, Namespace, Name string
	refused               []problem // by the API server
	cleared               bool      // of the refused values, because of their types
}

// Entry is an object of the files.
type Entry[T any] struct {
	Source
	// Object is nil where the file has other types in it than the kind.
	Object *T
}

// decode reads an object into its type. Values of another type have been refused, and
// are left out, so that the rest of the object is checked.
func decode[T any](s Source) Entry[T] {
	object := new(T)
	if runtime.DefaultUnstructuredConverter.FromUnstructured(s.Content, object) == nil {
		return Entry[T]{s, object}
	}
	s.cleared = true
	for _, p := range s.refused {
		if within(p.field, "spec") {
			manifest.Clear(s.Content, p.field)
		}
	}
	object = new(T)
	if runtime.DefaultUnstructuredConverter.FromUnstructured(s.Content, object) == nil {
		return Entry[T]{s, object}
	}
	return Entry[T]{Source: s}
}

// TenantName is the tenant that an object belongs to.
func (s Source) TenantName() string {
	if s.Kind == kindTenant {
		return s.Name
	}
	return nested(s.Content, "spec", "tenantRef", "name")
}

func nested(object map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	value, _ := object[path[len(path)-1]].(string)
	return value
}

// Place is where the object is, as "tenant.yaml:3".
func (s Source) Place() string { return fmt.Sprintf("%s:%d", s.File, s.Line()) }

// finding makes a finding of the object.
func (s Source) finding(severity Severity, p problem) Finding {
	line := s.LineOf(p.field)
	if p.line > 0 {
		line = s.LineIn(p.field, p.line)
	}
	return Finding{
		File: s.File, Line: line, Severity: severity,
		Kind: s.Kind, Namespace: s.Namespace, Name: s.Name,
		Field: p.field, TextLine: p.line, TextColumn: p.column, Message: p.message,
	}
}

// alreadyRefused says that the API server has refused the same, in the same words or for
// the same field.
func (s Source) alreadyRefused(p problem) bool {
	sameWords := func(r problem) bool { return strings.HasSuffix(r.message, p.message) }
	return s.fieldRefused(p.field) || slices.ContainsFunc(s.refused, sameWords)
}

// fieldRefused says that the API server has refused the field, or something in it, or
// what it was in.
func (s Source) fieldRefused(path string) bool {
	return slices.ContainsFunc(s.refused, func(r problem) bool {
		gone := s.cleared || strings.HasPrefix(r.message, field.ErrorTypeRequired.String())
		return path == r.field || within(r.field, path) || gone && within(path, r.field)
	})
}

func within(field, around string) bool {
	rest, inside := strings.CutPrefix(field, around)
	return inside && around != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
