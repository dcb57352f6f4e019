package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/integration"
)

// errUnreadable ends a request in mode whole: nothing will be applied.
var errUnreadable = errors.New("a row cannot be read")

// runWhole sends the file in one request. A file is sent again while the server is away;
// what can be read once only is gone after the first attempt.
func (j *Job) runWhole(ctx context.Context) error {
	away := &pause{limit: j.Wait}
	for {
		err := j.sendWhole(ctx)
		if err == nil {
			return nil
		}
		if j.source.once || len(j.Report.First) > 0 {
			return err
		}
		if err := j.pause(ctx, away, err); err != nil {
			return err
		}
		again, err := j.Input.open(ctx)
		if err != nil {
			return err
		}
		_ = j.source.close() // it was only read
		j.begin(again)
	}
}

func (j *Job) sendWhole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxRequest)
	defer cancel()
	body := &wholeBody{source: j.source, progress: &j.progress, next: 1}
	var failed error // of whoever is told of refusals
	summary, err := j.Client.ImportWith(ctx, j.Options, body, func(r integration.Refusal) {
		j.progress.refused.Add(1)
		j.named(&r, nil)
		failed = errors.Join(failed, j.refuse([]integration.Refusal{r}))
	})
	switch {
	case err != nil && body.broken.Load():
		return j.unreadable(body)
	case failed != nil:
		return failed
	case err != nil && !refusedWhole(err):
		return err
	}
	j.Report.count(summary)
	j.progress.handled(j.Report.Summary, j.source.read.Load())
	if err != nil && summary.Refused == 0 {
		return err
	}
	return j.empty()
}

// refusedWhole says whether nothing was applied because lines are refused, and not because
// the import came to no end.
func refusedWhole(err error) bool {
	var problem *integration.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity
}

// unreadable reads on to the end, so that every row that cannot be read is told.
func (j *Job) unreadable(body *wholeBody) error {
	err := error(nil)
	for err == nil {
		body.text = body.text[:0]
		if err = body.read(); errors.Is(err, errUnreadable) {
			err = nil
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	if err := j.refuse(body.refused); err != nil {
		return err
	}
	j.Report.count(integration.Summary{Received: body.records, Refused: body.unread})
	j.progress.handled(j.Report.Summary, j.source.read.Load())
	return nil
}

// wholeBody is the body of the one request.
type wholeBody struct {
	source   *source
	progress *progress
	text     []byte
	at       int   // of what was not taken yet
	next     int64 // number of the line of the file that comes next
	records  int64
	broken   atomic.Bool // a row cannot be read, so that nothing reads the body any more
	unread   int64
	refused  []integration.Refusal // the first that cannot be read
}

func (b *wholeBody) Read(p []byte) (int, error) {
	for b.at == len(b.text) {
		b.text, b.at = b.text[:0], 0
		if err := b.read(); err != nil {
			b.broken.Store(errors.Is(err, errUnreadable))
			return 0, err
		}
	}
	n := copy(p, b.text[b.at:])
	b.at += n
	b.progress.handled(integration.Summary{Received: b.records}, b.source.read.Load())
	return n, nil
}

// read adds the next line of the file to the text.
func (b *wholeBody) read() error {
	line, err := b.source.Next()
	if err != nil {
		return err
	}
	b.records++
	if line.Refusal != nil {
		b.unread++
		if len(b.refused) < maxChunkRefusals {
			b.refused = append(b.refused, *line.Refusal)
		}
		return fmt.Errorf("line %d: %w", line.First, errUnreadable)
	}
	b.text = appendAt(b.text, &b.next, line)
	return nil
}
