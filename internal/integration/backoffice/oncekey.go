package backoffice

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
)

const headerKey = "Idempotency-Key"

// takesKey says whether an operation with this input knows an Idempotency-Key.
func takesKey[I any]() bool {
	return slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[I]()), func(f reflect.StructField) bool {
		return f.Tag.Get("header") == headerKey
	})
}

// refusesKey refuses an Idempotency-Key where it would have no effect, so that nobody
// relies on it. Reading needs none, and many clients send one with every request.
func (a *api) refusesKey(ctx huma.Context, next func(huma.Context)) {
	if ctx.Method() != http.MethodGet && ctx.Header(headerKey) != "" {
		a.answer(ctx, invalid([]integration.FieldProblem{{Field: headerKey, Rule: "additionalProperties", Message: "has no effect here, leave it out"}}))
		return
	}
	next(ctx)
}
