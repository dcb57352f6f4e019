package backoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	notifies = []string{string(integration.NotifyNone), string(integration.NotifyAll)}
)

// modesOf are the modes of a kind. Calls that are sent again change nothing, so whole would
// give nothing for the days of accounts that it holds.
func modesOf(kind integration.Kind) []string {
	if kind == integration.Calls {
		return []string{string(integration.ModeLines)}
	}
	return []string{string(integration.ModeLines), string(integration.ModeWhole)}
}

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
	options := importOptions{kind, integration.Mode(read("mode", modesOf(kind))), integration.Notify(read("notify", notifies))}
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
func importParameters(kind integration.Kind) []*huma.Param {
	parameter := func(name, description string, allowed []string) *huma.Param {
		schema := &huma.Schema{Type: huma.TypeString, Default: allowed[0]}
		for _, value := range allowed {
			schema.Enum = append(schema.Enum, value)
		}
		return &huma.Param{Name: name, In: "query", Description: description, Schema: schema}
	}
	mode := "lines: each line is handled as if it came alone."
	if len(modesOf(kind)) > 1 {
		mode += " whole: one refusal, and nothing is applied. The lines are one transaction of at most 15 minutes, so they have to come without long pauses; " +
			"whoever changes the same rows meanwhile waits, or is answered with 503. A tenant has one at a time: 503."
	}
	return []*huma.Param{
		parameter("mode", mode, modesOf(kind)),
		parameter("notify", "none: nobody is told of the changes, they are in /changes only. all: they emit their events.", notifies),
	}
}

// origin is who writes the lines of a request.
func (s *run[T]) origin() store.Origin {
	token := tokenOf(s.r.Context())
	return store.Origin{Actor: "token " + token.Name, IP: token.ip, Now: s.api.now(), Quiet: s.options.notify != integration.NotifyAll, Unaudited: true, Patient: true}
}

// byLines applies every batch in a transaction of its own.
func (s *run[T]) byLines() *integration.Problem {
	s.apply = func(ctx context.Context, work func(context.Context, *store.Writer) error) error {
		return s.api.Store.Write(ctx, s.origin(), work)
	}
	wrong := s.all()
	if wrong != nil && (s.handled > 0 || len(s.batch) > 0) {
		wrong.ResumeFromLine = s.handled + 1
	}
	return wrong
}

// auditBatch adds what a batch changed to the audit trail, with it: nothing that happens
// to the rest of the import takes it away. A whole import has one entry at its end.
func (s *run[T]) auditBatch(w *store.Writer, results []store.Result) {
	sum := integration.Summary{}
	for _, r := range results {
		count(&sum, r.Outcome)
	}
	if s.options.mode == integration.ModeWhole || sum.Created+sum.Updated == 0 {
		return
	}
	sum.Refused += int64(len(s.batch)) - sum.Received
	sum.Received = int64(len(s.batch))
	detail := s.counts(sum)
	detail["fromLine"] = strconv.FormatInt(s.batch[0].number, 10)
	w.AuditBatch(s.action(), detail)
}

// counts is what the audit trail says of lines.
func (s *run[T]) counts(sum integration.Summary) map[string]string {
	return map[string]string{
		"mode": string(s.options.mode), "received": strconv.FormatInt(sum.Received, 10), "created": strconv.FormatInt(sum.Created, 10),
		"updated": strconv.FormatInt(sum.Updated, 10), "unchanged": strconv.FormatInt(sum.Unchanged, 10), "refused": strconv.FormatInt(sum.Refused, 10),
	}
}

// action is how the audit trail names the import.
func (s *run[T]) action() string { return string(s.options.kind) + ".imported" }

const (
	detailOverdue       = "an import with mode=whole takes longer than its 15 minutes, nothing was applied: send it with mode=lines, or in parts"
	detailTooLargeWhole = "the body is larger than an import may be (1 GiB), nothing was applied: send it with mode=lines, or in parts"
	detailWholeRuns     = "another import with mode=whole is running, a tenant has one at a time: try again later, or use mode=lines"
)

// overdue says whether a whole import has taken too long.
func (s *run[T]) overdue() bool { return !s.until.IsZero() && s.api.now().After(s.until) }

// onlyChecks says whether a batch of a whole import is taken back once it is known what
// becomes of its lines: one is refused, so nothing will be applied, and nobody has to wait
// for its rows.
func (s *run[T]) onlyChecks(results []store.Result) bool {
	if s.options.mode != integration.ModeWhole {
		return false
	}
	return s.result.Summary.Refused > 0 || len(results) < len(s.batch) ||
		slices.ContainsFunc(results, func(r store.Result) bool { return r.Outcome == store.Refused })
}

// whole applies all batches in one transaction, unless one line is refused.
func (s *run[T]) whole() *integration.Problem {
	var wrong *integration.Problem
	s.until = s.api.now().Add(maxWhole)
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
		if wrong = s.refusedWhole(); wrong != nil {
			return wrong
		}
		if wrong = s.api.stillIn(ctx); wrong != nil { // the last batch may be long ago
			return wrong
		}
		return w.Audit(ctx, s.action(), s.counts(s.result.Summary))
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

// refusedWhole says how many lines keep a whole import from being applied.
func (s *run[T]) refusedWhole() *integration.Problem {
	refused := s.result.Summary.Refused
	if refused == 0 {
		return nil
	}
	of, are := "lines", "are"
	if s.result.Summary.Received == 1 {
		of = "line"
	}
	if refused == 1 {
		are = "is"
	}
	return problem(http.StatusUnprocessableEntity, fmt.Sprintf("%d of %d %s %s refused, so nothing was applied: correct them and send all again",
		refused, s.result.Summary.Received, of, are))
}

// importFailure turns an error of a batch into a problem.
func (a *api) importFailure(ctx context.Context, err error) *integration.Problem {
	switch {
	case errors.Is(err, store.ErrWholeRuns):
		return takeTurns(wholeRetry, detailWholeRuns)
	case store.Raced(err):
		return comeBack(contendedRetry, detailContended)
	}
	return a.failure(ctx, err)
}
