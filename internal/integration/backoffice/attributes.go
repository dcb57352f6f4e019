package backoffice

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/settings"
)

// documentAttributes describes every attribute in the OpenAPI document as the registry
// declares it.
func documentAttributes(r huma.Registry) {
	schemaOf[settings.Attributes](r)
	attributes := r.Schema(reflect.TypeFor[settings.Attributes](), false, "")
	lateFee := r.Schema(reflect.TypeFor[settings.LateFee](), false, "")
	one := 1 // null and left out inherit, an empty text is refused
	attributes.Description = "Settings of one layer. What is left out is inherited."
	lateFee.Description = "What an overdue invoice costs. Each field is inherited by itself."
	for _, a := range settings.AttributeRegistry() {
		in, name := attributes, a.Key
		if field, nested := strings.CutPrefix(a.Key, "lateFee."); nested {
			in, name = lateFee, field
		}
		property := in.Properties[name]
		property.Description = a.Description + " Allowed is " + a.Allowed + "."
		if property.Type == huma.TypeString {
			property.MinLength = &one
		}
	}
	custom := r.Schema(reflect.TypeFor[settings.Custom](), false, "")
	custom.Description = "An attribute of the provider's own. Its key is custom. and its name."
	custom.Properties["name"].Description = "Its name."
	custom.Properties["value"].Description = "Its value."
}
