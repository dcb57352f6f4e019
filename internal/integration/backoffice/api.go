package backoffice

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// newHuma makes the router of the documented operations. Bodies are read by package
// integration and not by huma: the rules of a field are the same for a body and for a
// line of an import.
func newHuma(mux *http.ServeMux) huma.API {
	return humago.New(mux, huma.Config{
		OpenAPI:                      newDocument(),
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	})
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

// huma has one constructor of errors, and one set of words, for a whole process.
func init() {
	huma.DefaultArrayNullable = false
	validation.MsgExpectedMinLength = "is shorter than %d characters"
	validation.MsgExpectedMaxLength = "is longer than %d characters"
	validation.MsgExpectedMinimumNumber = "is less than %v"
	validation.MsgExpectedMaximumNumber = "is more than %v"
	validation.MsgExpectedOneOf = "is not allowed, allowed are %s"
	validation.MsgExpectedBePattern = "has other characters than %s"
	validation.MsgExpectedMaxItems = "has more than %d items"
	validation.MsgExpectedRFC3339DateTime = "is not a time such as 2026-11-22T10:00:00Z"
	validation.MsgExpectedRFC3339Date = "is not a date such as 2026-11-22"
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, causes ...error) huma.StatusError {
		p := problem(status, message)
		p.RequestID = process.RequestID(ctx.Context())
		for _, cause := range causes {
			if detail, ok := errors.AsType[*huma.ErrorDetail](cause); ok {
				p.Errors = append(p.Errors, parameterProblem(detail))
			}
		}
		if p.Errors != nil {
			p.Detail = detailInvalid
		}
		return p
	}
	huma.NewError = func(status int, message string, _ ...error) huma.StatusError { return problem(status, message) }
}

// parameterProblem says in the words of the API what is wrong with a parameter.
func parameterProblem(detail *huma.ErrorDetail) integration.FieldProblem {
	_, name, _ := strings.Cut(detail.Location, ".")
	p := integration.FieldProblem{Field: name, Message: detail.Message}
	switch {
	case detail.Message == "required query parameter is missing":
		p.Rule, p.Message = "required", "is missing"
	case detail.Message == "unknown query parameter":
		p.Rule, p.Message = "additionalProperties", "is not a known parameter of this operation"
	case detail.Message == "invalid integer":
		p.Rule, p.Message = "type", "must be a whole number"
	case detail.Message == "invalid boolean":
		p.Rule, p.Message = "type", "must be true or false"
	case strings.HasPrefix(detail.Message, "invalid date/time"):
		p.Rule, p.Message = "format", "is not a time such as 2026-11-22T10:00:00Z"
	}
	return p
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

// handle registers an operation that needs a scope; with "" every token of the tenant will
// do. What its handler returns as an error is answered as a problem.
func handle[I, O any](a *api, scope string, o huma.Operation, handler func(context.Context, *I) (*O, error)) {
	a.declare(scope, &o)
	o.SkipValidateBody = true
	limit := o.MaxBodyBytes
	o.MaxBodyBytes, o.BodyReadTimeout = -1, -1 // takesBody bounds both
	all := huma.Middlewares{a.needs(scope), a.answersAsAsked, a.takesBody(limit)}
	if !takesKey[I]() {
		all = huma.Middlewares{a.needs(scope), a.answersAsAsked, a.refusesKey, a.takesBody(limit)}
	}
	o.Middlewares = append(all, o.Middlewares...)
	huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if _, withHeaders := errors.AsType[huma.HeadersError](err); err == nil || withHeaders {
			return out, err
		}
		p := a.problemOf(ctx, err)
		return nil, huma.ErrorWithHeaders(p, headerOf(p))
	})
}

// handleRaw registers an operation that needs a scope and whose handler reads the body and
// writes the answer itself. It documents itself in o: RequestBody and Responses.
func (a *api) handleRaw(scope string, o huma.Operation, handler http.HandlerFunc) {
	a.declare(scope, &o)
	if o.Responses == nil {
		o.Responses = map[string]*huma.Response{}
	}
	a.huma.OpenAPI().AddOperation(&o)
	all := huma.Middlewares{a.needs(scope), a.answersAsAsked, a.refusesKey}
	a.huma.Adapter().Handle(&o, all.Handler(func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		handler(w, r)
	}))
}

// declare keeps what is known of an operation for the document and for tokens.
func (a *api) declare(scope string, o *huma.Operation) {
	o.Metadata = map[string]any{scopeKey: scope}
	o.Security = []map[string][]string{{securityScheme: {}}}
	if scope != "" {
		a.scopes[scope] = true
	}
}

// problemOf turns whatever went wrong into a problem. Details of what nobody expected
// are for the log only.
func (a *api) problemOf(ctx context.Context, err error) *integration.Problem {
	p, known := errors.AsType[*integration.Problem](err)
	switch {
	case known:
	case errors.Is(err, store.ErrNotFound):
		p = problem(http.StatusNotFound, "there is none with this id")
	case errors.Is(err, store.ErrTokenEnded):
		p = unauthenticated()
	case errors.Is(err, store.ErrForeignScopes):
		p = problem(http.StatusForbidden, "the token has scopes that the one that asks has not, so it cannot withdraw it")
	case errors.Is(err, store.ErrKeyReused):
		p = problem(http.StatusUnprocessableEntity, "the Idempotency-Key was used before for another request, take a new one")
	default:
		p = a.failure(ctx, err)
	}
	p.RequestID = process.RequestID(ctx)
	return p
}
