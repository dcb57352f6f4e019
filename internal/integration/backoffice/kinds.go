package backoffice

import (
	"bytes"
	"context"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// importers are the imports by kind.
func (a *api) importers() map[integration.Kind]importFunc {
	return map[integration.Kind]importFunc{
		integration.Groups:   streaming(a, replacing(a, a.groups())),
		integration.Products: streaming(a, replacing(a, a.products())),
		integration.Accounts: streaming(a, merging(a.accounts())),
		integration.Contacts: streaming(a, replacing(a, a.contacts())),
		integration.Invoices: streaming(a, replacing(a, a.invoices())),
		integration.Payments: streaming(a, replacing(a, a.payments())),
		integration.Calls:    streaming(a, callLines()),
	}
}

// lineKind is how one kind of line is imported.
type lineKind[T any] struct {
	// read reads a line, and why it is refused, into l.
	read func(text []byte, l *line[T])
	// repeats: an id may come more than once in a batch.
	repeats bool
	// put applies lines under a settings document, with a result for each, in order. It
	// may be called again for the same lines.
	put func(ctx context.Context, w *store.Writer, live *config.Live, lines []*line[T]) ([]store.Result, error)
}

// replacing imports the rows of a collection. A line is the whole row, as in a PUT.
func replacing[T, R any](a *api, r resource[T, R]) lineKind[T] {
	return lineKind[T]{
		read: func(text []byte, l *line[T]) { decodeLine(text, l, r.key) },
		put: func(ctx context.Context, w *store.Writer, live *config.Live, lines []*line[T]) ([]store.Result, error) {
			row, err := rowsFor(ctx, a, w, r, live, lines)
			if err != nil {
				return nil, err
			}
			return putLines(ctx, w, r, lines, func(l *line[T], old *R) (R, *store.Refusal) { return row(l.value, old) })
		},
	}
}

// rowsFor is what makes the rows of lines, whose accounts it looks up all at once.
func rowsFor[T, R any](ctx context.Context, a *api, w *store.Writer, r resource[T, R], live *config.Live, lines []*line[T]) (func(T, *R) (R, *store.Refusal), error) {
	if r.rowOf == nil {
		return func(value T, old *R) (R, *store.Refusal) { return r.row(live, value, old) }, nil
	}
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = r.account(l.value)
	}
	accounts, err := w.AccountsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := a.now()
	holders := make(map[string]holder, len(accounts))
	for id, account := range accounts {
		holders[id] = holderOf(live, account, now)
	}
	return func(value T, old *R) (R, *store.Refusal) { return r.rowOf(holders[r.account(value)], value, old) }, nil
}

// merging imports the rows of a collection. A line is the whole row of a new one, and a
// merge patch of one that is there.
func merging[T, R any](r resource[T, R]) lineKind[T] {
	return lineKind[T]{
		read: func(text []byte, l *line[T]) {
			decodeLine(text, l, r.key)
			if onlyMissing(l.problems) && l.id != "" {
				l.incomplete, l.problems = l.problems, nil
			}
			if l.problems == nil {
				l.text = bytes.Clone(text)
			}
		},
		put: func(ctx context.Context, w *store.Writer, live *config.Live, lines []*line[T]) ([]store.Result, error) {
			return putLines(ctx, w, r, lines, func(l *line[T], old *R) (R, *store.Refusal) {
				value, problems := l.value, l.incomplete
				if old != nil {
					value, problems = r.decode(l.id, l.text, old, true)
				}
				if problems != nil {
					var none R
					l.problems = problems
					return none, &store.Refusal{}
				}
				return r.row(live, value, old)
			})
		},
	}
}

// decodeLine reads a line by the rules of its type. Its id may not be left out.
func decodeLine[T any](text []byte, l *line[T], key func(*T) *string) {
	l.value, l.problems = integration.Decode[T](text)
	l.id = *key(&l.value)
	switch wrong := badID(l.id); {
	case l.problems != nil:
	case l.id == "":
		l.problems = []integration.FieldProblem{{Field: "id", Rule: "required", Message: "is missing"}}
	case wrong != "":
		l.problems = []integration.FieldProblem{{Field: "id", Rule: "pattern", Message: wrong}}
	}
}

// onlyMissing says whether nothing is wrong but what is not there.
func onlyMissing(problems []integration.FieldProblem) bool {
	for _, p := range problems {
		if p.Rule != "required" {
			return false
		}
	}
	return true
}

func putLines[T, R any](ctx context.Context, w *store.Writer, r resource[T, R], lines []*line[T], decide func(*line[T], *R) (R, *store.Refusal)) ([]store.Result, error) {
	items := make([]store.Item[R], len(lines))
	for i, l := range lines {
		items[i] = store.Item[R]{ID: l.id, Decide: func(old *R) (R, *store.Refusal) {
			l.problems = nil // of an attempt that raced
			return decide(l, old)
		}}
	}
	written, err := r.put(w, ctx, items)
	if err != nil {
		return nil, err
	}
	results := make([]store.Result, len(written))
	for i := range written {
		results[i] = written[i].Result
	}
	return results, nil
}

// callLines imports calls. One is one by its id and its start: an id may come more often.
func callLines() lineKind[integration.Call] {
	return lineKind[integration.Call]{
		repeats: true,
		read: func(text []byte, l *line[integration.Call]) {
			decodeLine(text, l, func(c *integration.Call) *string { return &c.ID })
		},
		put: func(ctx context.Context, w *store.Writer, live *config.Live, lines []*line[integration.Call]) ([]store.Result, error) {
			calls := make([]store.Call, len(lines))
			for i, l := range lines {
				calls[i] = callRow(l.value)
			}
			return w.PutCalls(ctx, calls, callTerms(live))
		},
	}
}
