package backoffice

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaOf is the schema of a T.
func schemaOf[T any](r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[T]()
	aliasOptionals(r, t, map[reflect.Type]bool{})
	return r.Schema(t, true, "")
}

// aliasOptionals shows a field of type integration.Optional[T] as what it is in JSON: a T
// or null.
func aliasOptionals(r huma.Registry, t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	if value, ok := t.FieldByName("Value"); ok && strings.HasPrefix(t.Name(), "Optional[") {
		r.RegisterTypeAlias(t, reflect.PointerTo(value.Type))
	}
	for i := range t.NumField() {
		aliasOptionals(r, t.Field(i).Type, seen)
	}
}

// schemaName names the schema of a type: Site, and SitePage for a page of them.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if row, ok := strings.CutPrefix(name, "Page"); ok && row != "" && strings.Contains(t.Name(), "[") {
		return row + "Page"
	}
	return name
}

// title is a name with a capital at its begin.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// patch is a request body that is a JSON merge patch of a T: every field may be left out
// or, where it is not required, null.
type patch[T any] struct{ body[T] }

// Schema is that of T with nothing required.
func (patch[T]) Schema(r huma.Registry) *huma.Schema {
	name := schemaName(reflect.TypeFor[T](), "") + "Patch"
	if r.Map()[name] == nil {
		r.Map()[name] = patchSchema(r, schemaOf[T](r))
	}
	return &huma.Schema{Ref: schemaPrefix + name}
}

func patchSchema(r huma.Registry, whole *huma.Schema) *huma.Schema {
	if whole.Ref != "" {
		whole = r.SchemaFromRef(whole.Ref)
	}
	changed := *whole
	changed.Required = nil
	changed.Properties = maps.Clone(whole.Properties)
	for name, property := range changed.Properties {
		if property.Ref != "" {
			changed.Properties[name] = &huma.Schema{
				Description: property.Description,
				AnyOf:       []*huma.Schema{patchSchema(r, property), {Type: "null"}},
			}
			continue
		}
		nullable := *property
		if nullable.Type != "" && !slices.Contains(whole.Required, name) {
			nullable.Nullable = true
			if nullable.Enum != nil {
				nullable.Enum = append(slices.Clone(nullable.Enum), nil)
			}
		}
		changed.Properties[name] = &nullable
	}
	return &changed
}
