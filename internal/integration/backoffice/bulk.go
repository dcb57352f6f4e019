package backoffice

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// importOptions is what a request says of its import besides the lines.
type importOptions struct {
	kind   integration.Kind
	mode   integration.Mode
	notify integration.Notify
}

var (
	modes    = []string{string(integration.ModeLines), string(integration.ModeWhole)}
	notifies = []string{string(integration.NotifyNone), string(integration.NotifyAll)}
)

// readImportOptions reads the parameters of an import. The first of each is what it is
// without one.
func readImportOptions(kind integration.Kind, query url.Values) (importOptions, *integration.Problem) {
	var wrong []integration.FieldProblem
	read := func(name string, allowed []string) string {
		value := query.Get(name)
		switch {
		case !query.Has(name):
			return allowed[0]
		case len(query[name]) > 1:
			wrong = append(wrong, integration.FieldProblem{Field: name, Rule: "uniqueItems", Message: "is there twice"})
		case !slices.Contains(allowed, value):
			wrong = append(wrong, integration.FieldProblem{Field: name, Rule: "enum", Message: fmt.Sprintf("%q is not allowed, allowed are %s", value, listed(allowed))})
		}
		return value
	}
	options := importOptions{kind, integration.Mode(read("mode", modes)), integration.Notify(read("notify", notifies))}
	for name := range query {
		if name != "mode" && name != "notify" {
			wrong = append(wrong, integration.FieldProblem{Field: name, Rule: "additionalProperties", Message: "is not a known parameter of this operation"})
		}
	}
	if wrong != nil {
		return options, invalid(wrong)
	}
	return options, nil
}

// importParameters documents what readImportOptions reads.
func importParameters() []*huma.Param {
	parameter := func(name, description string, allowed []string) *huma.Param {
		schema := &huma.Schema{Type: huma.TypeString, Default: allowed[0]}
		for _, value := range allowed {
			schema.Enum = append(schema.Enum, value)
		}
		return &huma.Param{Name: name, In: "query", Description: description, Schema: schema}
	}
	return []*huma.Param{
		parameter("mode", "lines: each line is handled as if it came alone. whole: one refusal, and nothing is applied; the lines are one transaction, "+
			"so they have to come without long pauses, and whoever changes the same rows meanwhile waits.", modes),
		parameter("notify", "none: nobody is told of the changes, they are in /changes only. all: they emit their events.", notifies),
	}
}

// origin is who writes the lines of a request.
func (s *run[T]) origin() store.Origin {
	token := tokenOf(s.r.Context())
	return store.Origin{Actor: "token " + token.Name, IP: token.ip, Now: s.api.now(), Quiet: s.options.notify != integration.NotifyAll, Unaudited: true}
}

// byLines applies every batch in a transaction of its own. The audit trail has one entry
// for all.
func (s *run[T]) byLines() *integration.Problem {
	s.apply = func(ctx context.Context, work func(context.Context, *store.Writer) error) error {
		return s.api.Store.Write(ctx, s.origin(), work)
	}
	wrong := s.all()
	if wrong != nil && (s.handled > 0 || len(s.batch) > 0) {
		wrong.ResumeFromLine = s.handled + 1
	}
	if s.handled == 0 {
		return wrong
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.r.Context()), 10*time.Second) // also of a client that has gone
	defer cancel()
	origin := s.origin()
	entry := store.AuditEntry{Actor: origin.Actor, Action: s.action(), Detail: s.counts(), IP: origin.IP, At: origin.Now}
	if err := s.api.Store.Audit(ctx, entry); err != nil {
		s.api.Log.ErrorContext(ctx, "the audit trail has no entry of an import", "kind", string(s.options.kind), "error", err)
	}
	return wrong
}

// action is how the audit trail names the import.
func (s *run[T]) action() string { return string(s.options.kind) + ".imported" }

// whole applies all batches in one transaction, unless one line is refused.
func (s *run[T]) whole() *integration.Problem {
	var wrong *integration.Problem
	err := s.api.Store.WriteWhole(s.r.Context(), s.origin(), func(ctx context.Context, w *store.Whole) error {
		s.apply = func(ctx context.Context, work func(context.Context, *store.Writer) error) error {
			s.lines.hurry(time.Time{})
			err := w.Batch(ctx, work)
			s.lines.hurry(time.Now().Add(wholeBatchTimeout))
			return err
		}
		s.lines.hurry(time.Now().Add(wholeBatchTimeout))
		if wrong = s.all(); wrong != nil {
			return wrong
		}
		if refused := s.result.Summary.Refused; refused > 0 {
			of, are := "lines", "are"
			if s.result.Summary.Received == 1 {
				of = "line"
			}
			if refused == 1 {
				are = "is"
			}
			wrong = problem(http.StatusUnprocessableEntity, fmt.Sprintf("%d of %d %s %s refused, so nothing was applied: correct them and send all again",
				refused, s.result.Summary.Received, of, are))
			return wrong
		}
		if wrong = s.api.stillIn(ctx); wrong != nil { // the last batch may be long ago
			return wrong
		}
		return w.Audit(ctx, s.action(), s.counts())
	})
	if err == nil {
		return nil
	}
	if wrong == nil {
		wrong = s.api.importFailure(s.r.Context(), err)
	}
	sum := &s.result.Summary
	sum.Created, sum.Updated, sum.Unchanged = 0, 0, 0
	return wrong
}

// importFailure turns an error of a batch into a problem.
func (a *api) importFailure(ctx context.Context, err error) *integration.Problem {
	if store.Raced(err) {
		return problem(http.StatusServiceUnavailable, "others keep changing the same rows, try again later")
	}
	return a.failure(ctx, err)
}
