package lint

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

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
	refused               []string // the fields that the API server refuses
}

// Entry is an object of the files.
type Entry[T any] struct {
	Source
	// Object is nil where the file has other types in it than the kind.
	Object *T
}

// decode reads an object into its type.
func decode[T any](s Source) Entry[T] {
	object := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(s.Content, object); err != nil {
		object = nil // the schema has told why
	}
	return Entry[T]{s, object}
}

// tenantName is the tenant that an object belongs to.
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

// place is where the object is, as "tenant.yaml:3".
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

// alreadyRefused says that the API server refuses the field, what is in it, or what it
// is in, so that nothing more needs to be said of it.
func (s Source) alreadyRefused(field string) bool {
	for _, refused := range s.refused {
		if within(field, refused) || within(refused, field) {
			return true
		}
	}
	return false
}

func within(field, around string) bool {
	rest, inside := strings.CutPrefix(field, around)
	return inside && around != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
