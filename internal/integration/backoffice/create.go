package backoffice

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// registerCreate adds POST /api/v1/{path} to a collection whose rows need no id of the
// provider's system: the server makes one. Sent twice it makes two rows, with an
// idempotency key one.
func registerCreate[T, R any](a *api, r resource[T, R]) {
	operation := huma.Operation{
		OperationID: "create" + r.one, Method: http.MethodPost, Path: "/api/v1/" + r.path, DefaultStatus: http.StatusCreated,
		Summary: "Create one of the " + r.path, Tags: []string{a.tag(r.many, r.description)},
		Description: "The server makes the id. Sent twice it makes two, but for the same Idempotency-Key.",
	}
	handle(a, r.path+":write", operation, func(ctx context.Context, in *createInput[T]) (*createOutput[T], error) {
		return createOne(ctx, a, r, in.ChangeInput, in.Body.text)
	})
}

type createInput[T any] struct {
	ChangeInput
	Body body[T]
}

type createOutput[T any] struct {
	ETag     string `header:"ETag" doc:"The entity tag, for If-Match."`
	Location string `header:"Location" doc:"The address of what was created."`
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
	Body     reply[T]
}

// createOne creates a row with an id of the server.
func createOne[T, R any](ctx context.Context, a *api, r resource[T, R], in ChangeInput, text []byte) (*createOutput[T], error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(rand.Text())
	row, err := r.rowFor(ctx, a, live, id, text)
	if err != nil {
		return nil, err
	}
	value, problems := integration.Decode[T](text)
	if given := r.key(&value); *given != "" {
		problems = append(problems, integration.FieldProblem{Field: "id", Message: "is made by the server: leave it out, or PUT to the address with your own id"})
	}
	if problems != nil {
		return nil, invalid(problems)
	}
	*r.key(&value) = id
	item := store.Item[R]{ID: id, IfNone: true, Decide: func(old *R) (R, *store.Refusal) { return row(value, old) }}
	request := WriteInput{ChangeInput: in}.request("POST "+r.path, text, false)
	answer, replayed, err := a.write(ctx, request, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		written, err := r.put(w, ctx, []store.Item[R]{item})
		if err != nil {
			return store.Answer{}, err
		}
		answer, err := r.answer(written[0])
		if err == nil {
			answer.Header["Location"] = "/api/v1/" + r.path + "/" + id
		}
		return answer, err
	})
	if err != nil {
		return nil, err
	}
	return &createOutput[T]{ETag: answer.Header["ETag"], Location: answer.Header["Location"], Replayed: replayed, Body: reply[T]{answer.Body}}, nil
}
