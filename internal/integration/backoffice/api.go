package backoffice

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// Paths of what anybody may read: they hold nothing of the tenant.
const (
	pathOpenAPI = "/api/v1/openapi.json"
	pathDocs    = "/api/v1/docs"
)

// newHuma makes the router of the documented operations. Bodies are read by package
// integration and not by huma: the rules of a field are the same for a body and for a
// line of an import.
func newHuma(mux *http.ServeMux, version string) huma.API {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Foyer integration API", Version: version},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "An API token of the tenant."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
	return humago.New(mux, config)
}

var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	},
	Unmarshal: func(text []byte, v any) error {
		keeper, ok := v.(interface{ keep([]byte) })
		if !ok {
			return errors.New("the body cannot be read")
		}
		keeper.keep(text)
		return nil
	},
}

// huma has one constructor of errors for a whole process.
func init() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, causes ...error) huma.StatusError {
		p := problem(status, message)
		p.RequestID = process.RequestID(ctx.Context())
		for _, cause := range causes {
			var detail *huma.ErrorDetail
			if errors.As(cause, &detail) {
				p.Errors = append(p.Errors, integration.FieldProblem{Field: detail.Location, Message: detail.Message})
			}
		}
		return p
	}
	huma.NewError = func(status int, message string, _ ...error) huma.StatusError { return problem(status, message) }
}

// body is a request body as it came, in the OpenAPI document a T.
type body[T any] struct{ text []byte }

func (b *body[T]) keep(text []byte) { b.text = append([]byte(nil), text...) }

// Schema is for the OpenAPI document.
func (body[T]) Schema(r huma.Registry) *huma.Schema { return schemaOf[T](r) }

// reply is an answer that is JSON already, in the OpenAPI document a T.
type reply[T any] struct{ text json.RawMessage }

// MarshalJSON returns the JSON that it is.
func (d reply[T]) MarshalJSON() ([]byte, error) { return d.text, nil }

// Schema is for the OpenAPI document.
func (reply[T]) Schema(r huma.Registry) *huma.Schema { return schemaOf[T](r) }

// handle registers an operation that needs a scope. What its handler returns as an error
// is answered as a problem.
func handle[I, O any](a *api, scope string, o huma.Operation, handler func(context.Context, *I) (*O, error)) {
	o.Metadata = map[string]any{scopeKey: scope}
	o.Security = []map[string][]string{{"token": {}}}
	o.SkipValidateBody = true
	o.Middlewares = append(o.Middlewares, a.needs(scope))
	a.operations = append(a.operations, o.OperationID)
	huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if _, withHeaders := errors.AsType[huma.HeadersError](err); err == nil || withHeaders {
			return out, err
		}
		return nil, a.problemOf(ctx, err)
	})
}

// problemOf turns whatever went wrong into a problem. Details of what nobody expected
// are for the log only.
func (a *api) problemOf(ctx context.Context, err error) *integration.Problem {
	p, known := errors.AsType[*integration.Problem](err)
	switch {
	case known:
	case errors.Is(err, store.ErrNotFound):
		p = problem(http.StatusNotFound, "there is none with this id")
	case errors.Is(err, store.ErrKeyReused):
		p = problem(http.StatusUnprocessableEntity, "the Idempotency-Key was used before for another request, take a new one")
	default:
		p = a.failure(ctx, err)
	}
	p.RequestID = process.RequestID(ctx)
	return p
}
