package backoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// resource is one collection of the API: rows R of the store, which the API shows and
// takes as T. Registered, it has
//
//	GET    /api/v1/{path}        a page, by account or by time of change
//	GET    /api/v1/{path}/{id}   one, with its entity tag
//	PUT    /api/v1/{path}/{id}   creates or replaces
//	PATCH  /api/v1/{path}/{id}   changes the fields that are there, null clears
//	DELETE /api/v1/{path}/{id}   deletes and leaves a tombstone; without remove: not offered
//
// The scope is {path}:read or {path}:write.
type resource[T, R any] struct {
	path        string // as "sites"
	one, many   string // names in operation ids and texts: "Site", "Sites"
	description string

	show    func(*R) T // the row as the API shows it
	version func(*R) int64
	key     func(*T) *string // where a T has its id
	// row is what a T asks for; the live settings are for defaults. old is nil for a new one.
	row func(live *config.Live, value T, old *R) (R, *store.Refusal)
	// rowOf is there in place of row where the defaults are settings of the account, which
	// account names.
	rowOf   func(of holder, value T, old *R) (R, *store.Refusal)
	account func(T) string
	// adapt, where it is there, changes the T that a merge patch is applied to: what goes
	// with a field that the patch has.
	adapt func(before *T, patch map[string]any)

	get    func(ctx context.Context, id string) (R, error)
	list   func(ctx context.Context, list store.List) ([]R, *store.Place, error) // nil: its list has filters of its own
	put    func(w *store.Writer, ctx context.Context, items []store.Item[R]) ([]store.Written[R], error)
	remove func(w *store.Writer, ctx context.Context, id string, ifVersion int64) (store.Result, error)
	// ofNoAccount is for rows that belong to no account: their list has no filter by it.
	ofNoAccount bool
	keptWhile   string // when a row is not deleted, as "services are at it"; empty: it always is
}

// register adds the operations of a collection.
func register[T, R any](a *api, r resource[T, R]) {
	path, tag := "/api/v1/"+r.path, a.tag(r.many, r.description)
	operation := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{tag}}
	}
	read, write := r.path+":read", r.path+":write"
	list := operation(http.MethodGet, path, "list"+r.many, "List "+r.path, r.listDescription())
	switch {
	case r.list == nil:
	case r.ofNoAccount:
		handle(a, read, list, func(ctx context.Context, in *PageInput) (*listOutput[T], error) {
			return r.page(ctx, &ListInput{PageInput: *in})
		})
	default:
		handle(a, read, list, func(ctx context.Context, in *ListInput) (*listOutput[T], error) { return r.page(ctx, in) })
	}
	handle(a, read, operation(http.MethodGet, path+"/{id}", "get"+r.one, "Read one of the "+r.path,
		"With the entity tag that is known already in If-None-Match the answer is 304 while nothing changed."),
		func(ctx context.Context, in *oneInput) (*oneOutput[T], error) { return r.read(ctx, in) })
	handle(a, write, operation(http.MethodPut, path+"/{id}", "put"+r.one, "Create or replace one of the "+r.path,
		"Fields that are left out are cleared. A write that changes nothing keeps the version."),
		func(ctx context.Context, in *putInput[T]) (*writeOutput[T], error) {
			return writeOne(ctx, a, r, in.WriteInput, in.Body.text, false)
		})
	handle(a, write, operation(http.MethodPatch, path+"/{id}", "patch"+r.one, "Change fields of one of the "+r.path,
		"A JSON merge patch (RFC 7396): fields that are left out stay, null clears. It has to exist."),
		func(ctx context.Context, in *patchInput[T]) (*writeOutput[T], error) {
			return writeOne(ctx, a, r, in.WriteInput, in.Body.text, true)
		})
	if r.remove != nil {
		o := operation(http.MethodDelete, path+"/{id}", "delete"+r.one, "Delete one of the "+r.path,
			"It is gone at once and leaves a tombstone in /api/v1/changes.")
		if r.keptWhile != "" {
			o.Description += " While " + r.keptWhile + " it is not deleted: 409."
			o.Errors = []int{http.StatusConflict}
		}
		handle(a, write, o, func(ctx context.Context, in *deleteInput) (*deleteOutput, error) { return deleteOne(ctx, a, r, *in) })
	}
}

func (r resource[T, R]) listDescription() string {
	return "A page of " + r.path + " in the order of their ids, or with updatedSince in the order of their last change."
}

// meta is what every answer says of a row.
func meta(r store.Row) integration.Meta {
	return integration.Meta{Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// ListInput is what the lists take of what belongs to accounts. Exported, because huma
// fills in no others.
type ListInput struct {
	AccountID string `query:"accountId" maxLength:"64" doc:"Only what belongs to this account."`
	PageInput
}

// PageInput is what every list takes. Exported as ListInput is.
type PageInput struct {
	UpdatedSince time.Time `query:"updatedSince" doc:"Only what was changed at or after this time, in the order of changes. A write appears here with the time at which it began, an import of mode whole up to 15 minutes later: ask from 20 minutes before the last time, or follow /changes, which misses nothing and has what is deleted."`
	Cursor       string    `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit        int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

type listOutput[T any] struct{ Body Page[T] }

// Page is a page of a list. Exported for the name of its schema.
type Page[T any] struct {
	Items []T    `json:"items" doc:"The rows of this page."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page. Missing: this is the last one."`
}

func (r resource[T, R]) page(ctx context.Context, in *ListInput) (*listOutput[T], error) {
	after, wrong := in.after(r.path)
	if wrong != nil {
		return nil, wrong
	}
	rows, next, err := r.list(ctx, store.List{AccountID: in.AccountID, UpdatedSince: in.UpdatedSince, After: after, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &listOutput[T]{}
	out.Body.Items = make([]T, len(rows))
	for i := range rows {
		out.Body.Items[i] = r.show(&rows[i])
	}
	if next != nil {
		out.Body.Next = in.cursor(r.path, *next)
	}
	return out, nil
}

type oneInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The key of the provider's system."`
	IfNoneMatch string `header:"If-None-Match" doc:"The entity tag that is known already: the answer is then 304."`
}

type oneOutput[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"The entity tag, for If-Match."`
	Body   T
}

func (r resource[T, R]) read(ctx context.Context, in *oneInput) (*oneOutput[T], error) {
	row, err := r.get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	tag := entityTag(r.version(&row))
	if matches(in.IfNoneMatch, tag) {
		return &oneOutput[T]{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &oneOutput[T]{Status: http.StatusOK, ETag: tag, Body: r.show(&row)}, nil
}

// ChangeInput is what every change of a row takes. Exported, because huma fills in no others.
type ChangeInput struct {
	Notify string `query:"notify" enum:"all,none" default:"all" doc:"none: the change emits no events, so nobody is told of it. It is in /changes all the same."`
	KeyInput
}

// KeyInput is what takes effect once. Exported as ChangeInput is.
type KeyInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"128" pattern:"^[ -~]*$" doc:"The same request with the same key takes effect once within a day, and is answered alike."`
}

// WriteInput is what every write of one row takes. Exported as ChangeInput is.
type WriteInput struct {
	ID          string `path:"id" minLength:"1" maxLength:"64" doc:"The key of the provider's system."`
	IfMatch     string `header:"If-Match" doc:"The entity tag that was read: if there is another one by now, nothing is written and the answer is 412."`
	IfNoneMatch string `header:"If-None-Match" doc:"* writes only if there is none yet."`
	ChangeInput
}

type putInput[T any] struct {
	WriteInput
	Body body[T]
}

type patchInput[T any] struct {
	WriteInput
	Body patch[T]
}

type deleteInput struct {
	ID      string `path:"id" minLength:"1" maxLength:"64" doc:"The key of the provider's system."`
	IfMatch string `header:"If-Match" doc:"The entity tag that was read: if there is another one by now, nothing is deleted and the answer is 412."`
	ChangeInput
}

type deleteOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
}

type writeOutput[T any] struct {
	Status   int
	ETag     string `header:"ETag" doc:"The entity tag, for If-Match."`
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
	Body     reply[T]
}

// writeOne creates, replaces or changes one row, in one transaction with its events and
// with the answer that an idempotency key brings back.
func writeOne[T, R any](ctx context.Context, a *api, r resource[T, R], in WriteInput, text []byte, merge bool) (*writeOutput[T], error) {
	version, wrong := in.version()
	if wrong != nil {
		return nil, wrong
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	row, err := r.rowFor(ctx, a, live, in.ID, text)
	if err != nil {
		return nil, err
	}
	item := store.Item[R]{ID: in.ID, IfVersion: version, IfNone: in.IfNoneMatch == "*"}
	var refused *integration.Problem
	item.Decide = func(old *R) (R, *store.Refusal) {
		var none R
		refused = nil
		if in.IfMatch == "*" && old == nil {
			refused = problem(http.StatusPreconditionFailed, r.one+" does not exist")
			return none, &store.Refusal{}
		}
		if merge && old == nil {
			refused = problem(http.StatusNotFound, "there is none with this id, create it with PUT")
			return none, &store.Refusal{}
		}
		value, problems := r.decode(in.ID, text, old, merge)
		if problems != nil {
			refused = invalid(problems)
			return none, &store.Refusal{}
		}
		return row(value, old)
	}
	answer, replayed, err := a.write(ctx, in.request(r.path, text, merge), func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		written, err := r.put(w, ctx, []store.Item[R]{item})
		switch {
		case err != nil:
			return store.Answer{}, err
		case refused != nil:
			return store.Answer{}, refused
		}
		return r.answer(written[0])
	})
	if err != nil {
		return nil, err
	}
	return &writeOutput[T]{Status: answer.Status, ETag: answer.Header["ETag"], Replayed: replayed, Body: reply[T]{answer.Body}}, nil
}

// decode reads the body of a PUT, or what a merge patch makes of the row.
func (r resource[T, R]) decode(id string, text []byte, old *R, merge bool) (T, []integration.FieldProblem) {
	var value T
	var problems []integration.FieldProblem
	if merge {
		value, problems = integration.DecodePatch[T](r.before(old, text), text)
	} else {
		value, problems = integration.Decode[T](text)
	}
	if wrong := badID(id); wrong != "" {
		problems = append(problems, integration.FieldProblem{Field: "id", Rule: "pattern", Message: wrong})
	}
	if problems != nil {
		return value, problems
	}
	key := r.key(&value)
	if *key != "" && *key != id {
		return value, []integration.FieldProblem{{Field: "id", Message: fmt.Sprintf("%q is not the id of the address, leave it out", *key)}}
	}
	*key = id
	return value, nil
}

// before is the document that a merge patch is applied to.
func (r resource[T, R]) before(old *R, patch []byte) []byte {
	shown := r.show(old)
	var fields map[string]any
	if r.adapt != nil && json.Unmarshal(patch, &fields) == nil {
		r.adapt(&shown, fields)
	}
	text, err := json.Marshal(shown)
	if err != nil {
		panic(err) // a T is made to be encoded
	}
	return text
}

func (r resource[T, R]) answer(written store.Written[R]) (store.Answer, error) {
	status := http.StatusOK
	switch written.Outcome {
	case store.Refused:
		return store.Answer{}, invalid([]integration.FieldProblem{{Field: written.Field, Message: written.Message}})
	case store.Conflict:
		return store.Answer{}, problem(http.StatusPreconditionFailed, r.one+" "+written.Message+": read it again and repeat the change")
	case store.Created:
		status = http.StatusCreated
	}
	body, err := json.Marshal(r.show(&written.Row))
	if err != nil {
		return store.Answer{}, err
	}
	return store.Answer{Status: status, Header: map[string]string{"ETag": entityTag(r.version(&written.Row))}, Body: body}, nil
}

func deleteOne[T, R any](ctx context.Context, a *api, r resource[T, R], in deleteInput) (*deleteOutput, error) {
	if badID(in.ID) != "" {
		return nil, store.ErrNotFound // nothing can have such an id
	}
	write := WriteInput{ChangeInput: in.ChangeInput, ID: in.ID, IfMatch: in.IfMatch}
	version, wrong := write.version()
	if wrong != nil {
		return nil, wrong
	}
	_, replayed, err := a.write(ctx, write.request("DELETE "+r.path, nil, false), func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		result, err := r.remove(w, ctx, in.ID, version)
		switch {
		case err != nil:
			return store.Answer{}, err
		case result.Outcome == store.Refused:
			return store.Answer{}, problem(http.StatusConflict, result.Message)
		case result.Outcome == store.Conflict:
			return store.Answer{}, problem(http.StatusPreconditionFailed, r.one+" "+result.Message+": read it again and repeat the change")
		}
		return store.Answer{Status: http.StatusNoContent}, nil
	})
	if err != nil {
		return nil, err
	}
	return &deleteOutput{Replayed: replayed}, nil
}

// badID says what is wrong with an id; it has the rules of a text.
func badID(id string) string {
	switch {
	case id == "." || id == "..":
		return "must not be . or .., which an address cannot carry"
	case !utf8.ValidString(id):
		return "is not valid UTF-8"
	case strings.ContainsFunc(id, unicode.IsControl):
		return "must not contain control characters"
	case strings.TrimSpace(id) != id:
		return "must not begin or end with a space"
	}
	return ""
}
