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
	described := func(t reflect.Type, description string) *huma.Schema {
		schema := r.Schema(t, false, "")
		schema.Description = description
		return schema
	}
	attributes := described(reflect.TypeFor[settings.Attributes](), "Settings of one layer. What is left out is inherited.")
	nested := map[string]*huma.Schema{
		"lateFee": described(reflect.TypeFor[settings.LateFee](), "What an overdue invoice costs. Each field is inherited by itself."),
		"consent": described(reflect.TypeFor[settings.Consent](), "What the customer agreed to. Of an account only."),
	}
	one := 1 // null and left out inherit, an empty text is refused
	for _, a := range settings.AttributeRegistry() {
		in, name := attributes, a.Key
		if object, field, inside := strings.Cut(a.Key, "."); inside {
			in, name = nested[object], field
		}
		property := in.Properties[name]
		property.Description = a.Description + " Allowed is " + a.Allowed + "."
		if property.Type == huma.TypeString {
			property.MinLength = &one
		}
	}
	quiet := described(reflect.TypeFor[settings.QuietHours](), "When messages wait, in the account's time zone. It is inherited as a whole.")
	quiet.Properties["start"].Description = "The time of day at which they begin, as 22:00."
	quiet.Properties["end"].Description = "The time of day at which they are over, as 07:00."
	custom := described(reflect.TypeFor[settings.Custom](), "An attribute of the provider's own. Its key is custom. and its name.")
	custom.Properties["name"].Description = "Its name."
	custom.Properties["value"].Description = "Its value."
}
