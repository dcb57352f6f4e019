package backoffice

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// A batch is one transaction. It ends by lines or by bytes, so that long lines do not
// add up to much memory.
const (
	batchLines = 500
	batchBytes = 1 << 20

	batchTimeout = time.Minute
)

// recordKind is how one kind of line is imported.
type recordKind[T any] struct {
	parse func(line []byte) (T, *integration.Refusal)
	// key names what only one line of a batch may be about.
	key func(T) string
	// write applies lines under a settings document, with a result for each, in order.
	write func(ctx context.Context, live *config.Live, lines []T) ([]store.Result, error)
}

// line is one line of a batch: a value, or why it was refused when read.
type line[T any] struct {
	number  int64
	key     string
	value   T
	refusal *integration.Refusal
}

// run is one request to import.
type run[T any] struct {
	api     *api
	kind    recordKind[T]
	w       http.ResponseWriter
	r       *http.Request
	lines   *lineReader
	batch   []line[T]
	seen    map[string]bool // keys in the batch
	bytes   int
	handled int64 // number of the last line that was answered for
	result  integration.Result
	started bool // the head of the answer is out
}

// importer returns the handler of a kind of import.
func (a *api) importer(kind integration.Kind, handle importFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case a.running <- struct{}{}:
			defer func() { <-a.running }()
		default:
			writeProblem(w, r, problem(http.StatusServiceUnavailable, "too many imports are running, try again later"))
			return
		}
		lines, wrong := openBody(w, r, a.limit)
		if wrong != nil {
			writeProblem(w, r, wrong)
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex() // refusals go out while lines come in; HTTP/2 always does
		result := handle(w, r, lines)
		if result.Problem != nil {
			defer discard(w, r)
		}
		a.Log.InfoContext(r.Context(), "import", "id", process.RequestID(r.Context()), "token", actor(r.Context()), "kind", string(kind),
			"received", result.Summary.Received, "created", result.Summary.Created, "updated", result.Summary.Updated,
			"unchanged", result.Summary.Unchanged, "refused", result.Summary.Refused, "whole", result.Problem == nil)
	}
}

// streaming makes a handler of lines out of a kind.
func streaming[T any](a *api, kind recordKind[T]) importFunc {
	return func(w http.ResponseWriter, r *http.Request, lines *lineReader) integration.Result {
		s := &run[T]{api: a, kind: kind, w: w, r: r, lines: lines, seen: map[string]bool{}}
		s.finish(s.all())
		return s.result
	}
}

// all imports every line; the problem says why it ended early.
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
		}
		read := s.read(text, tooLong)
		if s.mustFlush(read, len(text)) {
			if wrong := s.flush(); wrong != nil {
				return wrong
			}
		}
		s.add(read, len(text))
	}
}

func (s *run[T]) read(text []byte, tooLong bool) line[T] {
	read := line[T]{number: s.lines.number}
	if tooLong {
		read.refusal = &integration.Refusal{Message: "is longer than 64 KiB"}
		return read
	}
	if read.value, read.refusal = s.kind.parse(text); read.refusal == nil {
		read.key = s.kind.key(read.value)
	}
	return read
}

// mustFlush: the batch is full, or already has a line about the same.
func (s *run[T]) mustFlush(next line[T], size int) bool {
	if len(s.batch) >= batchLines || s.bytes+size > batchBytes {
		return true
	}
	return next.refusal == nil && s.seen[next.key]
}

func (s *run[T]) add(next line[T], size int) {
	s.batch = append(s.batch, next)
	s.bytes += size
	if next.refusal == nil {
		s.seen[next.key] = true
	}
}

// broken says why the body could not be read to its end.
func (s *run[T]) broken(err error) *integration.Problem {
	if errors.Is(err, errBodyTooLarge) {
		if wrong := s.flush(); wrong != nil {
			return wrong
		}
		return problem(http.StatusRequestEntityTooLarge, err.Error())
	}
	return problem(http.StatusBadRequest, "the body broke off or is damaged: "+err.Error())
}

// flush writes the batch in one transaction and answers for its lines.
func (s *run[T]) flush() *integration.Problem {
	if len(s.batch) == 0 {
		return nil
	}
	select {
	case <-s.api.Stopping:
		return problem(http.StatusServiceUnavailable, "the server is being stopped, another one takes over")
	default:
	}
	live := s.api.Settings()
	if live == nil {
		return problem(http.StatusServiceUnavailable, "the settings of the tenant are not loaded yet, try again later")
	}
	values := make([]T, 0, len(s.batch))
	for _, l := range s.batch {
		if l.refusal == nil {
			values = append(values, l.value)
		}
	}
	ctx, cancel := context.WithTimeout(s.r.Context(), batchTimeout)
	defer cancel()
	results, err := s.kind.write(ctx, live, values)
	if err != nil {
		return s.api.failure(s.r.Context(), err)
	}
	s.answer(results)
	return nil
}

// answer counts the batch and streams its refusals in the order of the lines.
func (s *run[T]) answer(results []store.Result) {
	s.start()
	for _, l := range s.batch {
		outcome := store.Result{Outcome: store.Refused}
		if l.refusal == nil {
			outcome, results = results[0], results[1:]
		}
		s.count(outcome.Outcome)
		if outcome.Outcome == store.Refused {
			s.refuse(l, outcome)
		}
		s.handled = l.number
	}
	clear(s.batch) // lets go of the values
	s.batch, s.bytes = s.batch[:0], 0
	clear(s.seen)
	_ = http.NewResponseController(s.w).Flush()
}

func (s *run[T]) count(outcome string) {
	sum := &s.result.Summary
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

func (s *run[T]) refuse(l line[T], outcome store.Result) {
	refusal := l.refusal
	if refusal == nil {
		refusal = &integration.Refusal{ID: l.key, Field: outcome.Field, Message: outcome.Message}
	}
	refusal.Line = l.number
	encode(s.w, refusal)
}

// start sends the head of the answer, once something was applied: until then a
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
		if s.handled > 0 || len(s.batch) > 0 {
			wrong.ResumeFromLine = s.handled + 1
		}
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
