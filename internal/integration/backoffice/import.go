package backoffice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// A batch is one transaction, or one part of a whole one. It ends by lines or by bytes, so
// that long lines do not add up to much memory.
const (
	batchLines = 5000
	batchBytes = 2 << 20

	batchTimeout = time.Minute
	// wholeBatchTimeout is how long the lines of a batch may take to come in while a
	// transaction waits for them.
	wholeBatchTimeout = 90 * time.Second
	// maxWhole is how long a whole import may take: as long as it runs, the database keeps
	// what others delete and change, for all of its tenants.
	maxWhole = 15 * time.Minute
)

// line is one line of a batch.
type line[T any] struct {
	number int64
	id     string
	value  T
	text   []byte // as it came, where it is needed to change a row
	// incomplete is what a new row would lack.
	incomplete []integration.FieldProblem
	problems   []integration.FieldProblem // why it is refused
	tried      bool                       // it was given to the store
}

// run is one request to import.
type run[T any] struct {
	api     *api
	kind    lineKind[T]
	options importOptions
	w       http.ResponseWriter
	r       *http.Request
	lines   *lineReader
	batch   []line[T]
	seen    map[string]int64 // id -> line of the batch
	earlier *idHashes        // ids of the batches before
	until   time.Time        // when a whole import has to be done
	bytes   int
	handled int64 // number of the last line that was answered for
	result  integration.Result
	started bool // the head of the answer is out
	// apply writes a batch.
	apply func(context.Context, func(context.Context, *store.Writer) error) error
}

// importFunc imports the lines of a request.
type importFunc = func(http.ResponseWriter, *http.Request, importOptions, *lineReader) integration.Result

// tooManyImports says whose they are: those of the token itself, of which so many run, or all.
func tooManyImports(have int) *integration.Problem {
	if have >= maxImports-1 {
		return takeTurns(importRetry, fmt.Sprintf("%d imports of this token are running, try again later", have))
	}
	return takeTurns(importRetry, "too many imports are running, try again later")
}

// importer returns the handler of a kind of import.
func (a *api) importer(kind integration.Kind, handle importFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		options, wrong := readImportOptions(kind, r.URL.Query())
		if wrong != nil {
			writeProblem(w, r, wrong)
			return
		}
		leave, have := a.running.enter(tokenOf(r.Context()).ID)
		if leave == nil {
			writeProblem(w, r, tooManyImports(have))
			return
		}
		defer leave()
		lines, wrong := openBody(w, r, a.limit)
		if wrong != nil {
			writeProblem(w, r, wrong)
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex() // refusals go out while lines come in; HTTP/2 always does
		result := handle(w, r, options, lines)
		if result.Problem != nil {
			defer discard(w, r)
		}
		a.Log.InfoContext(r.Context(), "import", "id", process.RequestID(r.Context()), "token", actor(r.Context()), "kind", string(kind),
			"mode", string(options.mode), "notify", string(options.notify),
			"received", result.Summary.Received, "created", result.Summary.Created, "updated", result.Summary.Updated,
			"unchanged", result.Summary.Unchanged, "refused", result.Summary.Refused, "complete", result.Problem == nil)
	}
}

// streaming makes a handler of requests out of a kind of line.
func streaming[T any](a *api, kind lineKind[T]) importFunc {
	return func(w http.ResponseWriter, r *http.Request, options importOptions, lines *lineReader) integration.Result {
		s := &run[T]{api: a, kind: kind, options: options, w: w, r: r, lines: lines, seen: map[string]int64{}, earlier: newIDHashes()}
		if options.mode == integration.ModeWhole {
			s.finish(s.whole())
		} else {
			s.finish(s.byLines())
		}
		return s.result
	}
}

// all reads and writes every line; the problem says why it ended early.
func (s *run[T]) all() *integration.Problem {
	for {
		text, tooLong, err := s.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			if s.handled == 0 && len(s.batch) == 0 {
				return problem(http.StatusBadRequest, "the body is empty: send one JSON object per line")
			}
			return s.flush()
		case err != nil:
			return s.broken(err)
		case s.overdue():
			return problem(http.StatusRequestEntityTooLarge, detailOverdue)
		}
		if len(s.batch) >= batchLines || s.bytes+len(text) > batchBytes {
			if wrong := s.flush(); wrong != nil {
				return wrong
			}
		}
		s.add(text, tooLong)
	}
}

// add reads a line into the batch.
func (s *run[T]) add(text []byte, tooLong bool) {
	s.bytes += len(text)
	read := line[T]{number: s.lines.number}
	if tooLong {
		read.problems = []integration.FieldProblem{{Rule: "maxLength", Message: "is longer than 64 KiB"}}
	} else {
		s.kind.read(text, &read)
	}
	if read.problems == nil {
		read.problems = s.repeated(&read)
	}
	s.batch = append(s.batch, read)
}

// broken says why the body could not be read to its end.
func (s *run[T]) broken(err error) *integration.Problem {
	switch {
	case errors.Is(err, errBodyTooLarge) && s.options.mode == integration.ModeWhole:
		return problem(http.StatusRequestEntityTooLarge, detailTooLargeWhole)
	case errors.Is(err, errBodyTooLarge):
		if wrong := s.flush(); wrong != nil {
			return wrong
		}
		return problem(http.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem(http.StatusRequestTimeout, "the lines came too slowly")
	}
	return problem(http.StatusBadRequest, "the body broke off or is damaged: "+err.Error())
}

// flush writes the batch and answers for its lines.
func (s *run[T]) flush() *integration.Problem {
	if len(s.batch) == 0 {
		return nil
	}
	select {
	case <-s.api.Stopping:
		return problem(http.StatusServiceUnavailable, "the server is being stopped, another one takes over")
	default:
	}
	if wrong := s.api.stillIn(s.r.Context()); wrong != nil {
		return wrong
	}
	live, err := s.api.live()
	if err != nil {
		return s.api.problemOf(s.r.Context(), err)
	}
	good := make([]*line[T], 0, len(s.batch))
	for i := range s.batch {
		if l := &s.batch[i]; l.problems == nil {
			l.tried = true
			good = append(good, l)
		}
	}
	var results []store.Result
	if len(good) > 0 {
		ctx, cancel := context.WithTimeout(s.r.Context(), batchTimeout)
		defer cancel()
		err = s.apply(ctx, func(ctx context.Context, w *store.Writer) (err error) {
			if results, err = s.kind.put(ctx, w, live, good); err != nil {
				return err
			}
			if s.onlyChecks(results) {
				return store.ErrRefused
			}
			s.auditBatch(w, results)
			return nil
		})
	}
	if err != nil && !errors.Is(err, store.ErrRefused) {
		return s.api.importFailure(s.r.Context(), err)
	}
	s.answer(results)
	return nil
}

// answer counts the batch and streams its refusals in the order of the lines.
func (s *run[T]) answer(results []store.Result) {
	if s.options.mode != integration.ModeWhole {
		s.start() // something is applied
	}
	for i := range s.batch {
		l := &s.batch[i]
		outcome := store.Result{Outcome: store.Refused}
		if l.tried {
			outcome, results = results[0], results[1:]
		}
		count(&s.result.Summary, outcome.Outcome)
		if outcome.Outcome == store.Refused {
			s.start()
			encode(s.w, l.refusal(outcome))
		}
		s.handled = l.number
	}
	clear(s.batch) // lets go of the values
	s.batch, s.bytes = s.batch[:0], 0
	s.remember()
	if s.started {
		_ = http.NewResponseController(s.w).Flush()
	}
}

func count(sum *integration.Summary, outcome string) {
	sum.Received++
	switch outcome {
	case store.Created:
		sum.Created++
	case store.Updated:
		sum.Updated++
	case store.Unchanged:
		sum.Unchanged++
	default:
		sum.Refused++
	}
}

// refusal is what the client is told of a line.
func (l *line[T]) refusal(outcome store.Result) integration.Refusal {
	told := integration.Refusal{Line: l.number, ID: l.id, Field: outcome.Field, Message: outcome.Message}
	if len(l.problems) > 0 {
		first := l.problems[0]
		told.Field, told.Rule, told.Message, told.More = first.Field, first.Rule, first.Message, l.problems[1:]
	}
	return told
}

// start sends the head of the answer, once something is to be told: until then a
// failure has its own status. Each batch gets its own time to be sent.
func (s *run[T]) start() {
	_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(idleTimeout))
	if !s.started {
		s.started = true
		s.w.Header().Set("Content-Type", integration.MediaType)
		s.w.WriteHeader(http.StatusOK)
	}
}

// finish ends the answer: with a status of its own if nothing was answered yet, else
// with the last line.
func (s *run[T]) finish(wrong *integration.Problem) {
	if wrong != nil {
		s.result.Problem = wrong
		if !s.started {
			_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(idleTimeout))
			s.w.Header().Set("Connection", "close")
			writeProblem(s.w, s.r, wrong)
			return
		}
		wrong.RequestID = process.RequestID(s.r.Context())
	}
	s.start()
	encode(s.w, s.result)
}
