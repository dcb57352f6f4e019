package backoffice

import (
	"maps"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

func schemaOf[T any](r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }

// patch is a request body that is a JSON merge patch of a T: every field may be left out
// or, where it is not required, null.
type patch[T any] struct{ body[T] }

// Schema is that of T with nothing required.
func (patch[T]) Schema(r huma.Registry) *huma.Schema {
	name := huma.DefaultSchemaNamer(reflect.TypeFor[T](), "") + "Patch"
	if r.Map()[name] == nil {
		r.Map()[name] = patchSchema(r, schemaOf[T](r))
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
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
			changed.Properties[name] = &huma.Schema{AnyOf: []*huma.Schema{patchSchema(r, property), {Type: "null"}}}
			continue
		}
		nullable := *property
		nullable.Nullable = true
		changed.Properties[name] = &nullable
	}
	return &changed
}
