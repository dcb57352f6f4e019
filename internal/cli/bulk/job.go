package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// Job is an import that runs once.
type Job struct {
	Input   Input
	Options integration.ImportOptions
	Client  *integration.Client
	Server  string        // the name of the API
	Renew   func()        // the next request is to take another connection
	Wait    time.Duration // how long the server may be away

	// NewToken is asked after the token was refused, and says whether there is another now.
	NewToken func(context.Context) bool

	// Former is how far an earlier run got; nil: begin anew.
	Former *State
	// Save keeps how far this one got; nil: it is not kept.
	Save func(State) error
	// OnRefused is told every line that is refused, in order of the requests.
	OnRefused func(integration.Refusal) error
	// OnAway is told that the server is away, and when it is tried again.
	OnAway func(err error, again time.Duration)
	// OnBegin is told after which line of the file it begins.
	OnBegin func(line int64)

	Report Report

	state    State
	source   *source
	progress progress
}

// Longest and shortest time between two attempts to reach a server that is away.
const (
	shortestPause = 250 * time.Millisecond
	longestPause  = 10 * time.Second
)

// maxRequest is how long the server takes over one request at most.
const maxRequest = time.Hour

// Line is the last line of the file that was handled.
func (j *Job) Line() int64 { return j.state.Line }

// Run imports. In mode whole it is one request, else as many as it takes.
func (j *Job) Run(ctx context.Context) error {
	source, err := j.Input.open(ctx)
	if err != nil {
		return err
	}
	j.begin(source)
	defer func() { _ = j.source.close() }() // it was only read
	if err := j.goOn(); err != nil {
		return err
	}
	if j.Options.Mode == integration.ModeWhole {
		return j.runWhole(ctx)
	}
	return j.runLines(ctx)
}

// begin reads from a source that was just opened.
func (j *Job) begin(s *source) {
	j.source = s
	j.state = State{
		Version: stateVersion, Kind: j.Options.Kind, Mode: j.Options.Mode, Notify: j.Options.Notify, Format: s.format,
		Server: j.Server, Size: s.size, Beginning: s.beginning,
	}
	j.progress.source.Store(s)
}

// goOn skips what an earlier run has handled.
func (j *Job) goOn() error {
	if j.Former == nil {
		return nil
	}
	var err error
	if j.state.Digest, err = j.source.digestOf(j.Former.Read); err != nil {
		return err
	}
	if ways := j.Former.differs(j.state); ways != "" {
		return &AnotherImportError{Line: j.Former.Line, Ways: ways, Input: j.Input.Name()}
	}
	j.state.Line, j.Report = j.Former.Line, j.Former.Report
	if j.OnBegin != nil {
		j.OnBegin(j.state.Line)
	}
	if err := j.source.SkipTo(j.state.Line); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	j.progress.handled(j.Report.Summary, j.source.read.Load())
	j.progress.goesOn()
	return nil
}

// runLines sends the file request by request.
func (j *Job) runLines(ctx context.Context) error {
	c := &chunk{}
	for {
		ended := c.fill(j.source, j.state.Line)
		if err := ctx.Err(); err != nil {
			return err // the end of the input may be that of who was to write it
		}
		if err := j.sendAll(ctx, c); err != nil {
			return err
		}
		switch {
		case errors.Is(ended, io.EOF):
			return j.empty()
		case ended != nil:
			return ended
		}
	}
}

// empty is an error where there was nothing to import: what was to write it has failed.
func (j *Job) empty() error {
	if j.Report.Summary.Received == 0 {
		return fmt.Errorf("there is no line to import in %s", j.Input.Name())
	}
	return nil
}

// sendAll sends a chunk until all of it is handled.
func (j *Job) sendAll(ctx context.Context, c *chunk) error {
	away := &pause{limit: j.Wait}
	for c.records > 0 {
		handled, err := j.send(ctx, c)
		if handled > j.state.Line {
			away = &pause{limit: j.Wait}
		}
		if saving := j.keep(c, handled); saving != nil {
			return saving
		}
		if err == nil {
			break
		}
		c.lent = true
		if err := j.pause(ctx, away, err); err != nil {
			return err
		}
	}
	return j.keep(c, c.last)
}

// send sends a chunk once, and returns the last line of the file that was handled.
func (j *Job) send(ctx context.Context, c *chunk) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, maxRequest)
	defer cancel()
	var refused []integration.Refusal
	body := j.progress.send(c)
	summary, err := j.Client.ImportWith(ctx, j.Options, body, func(r integration.Refusal) {
		j.progress.refused.Add(1)
		refused = append(refused, r)
	})
	defer j.progress.settle()
	handled := c.last
	if err != nil {
		var problem *integration.Problem
		if !errors.As(err, &problem) && j.progress.sent.Load() > 0 && !c.again {
			c.again = true
			j.Report.Again += c.records
		}
		if problem == nil || problem.ResumeFromLine <= 1 {
			return j.state.Line, err // whatever was applied is sent again
		}
		handled = min(c.first+problem.ResumeFromLine-2, c.last)
	}
	return handled, errors.Join(j.answered(c, handled, summary, refused), err)
}

// answered counts what the server did with a chunk, up to a line of the file.
func (j *Job) answered(c *chunk, handled int64, summary integration.Summary, refused []integration.Refusal) error {
	j.Report.count(summary)
	lines := finder{text: c.text, line: c.first}
	for i := range refused {
		refused[i].Line += c.first - 1
		refused[i].Message = inFile(refused[i].Message, c.first-1)
		j.named(&refused[i], lines.find(refused[i].Line))
	}
	refused = slices.DeleteFunc(refused, func(r integration.Refusal) bool { return r.Line > handled })
	return j.refuse(refused)
}

// otherLine is what a message says of another line of the same request.
var otherLine = regexp.MustCompile(`is already in line ([0-9]+)$`)

// inFile gives a line that a message names the number that it has in the file.
func inFile(message string, before int64) string {
	at := otherLine.FindStringSubmatchIndex(message)
	if at == nil {
		return message
	}
	number, err := strconv.ParseInt(message[at[2]:at[3]], 10, 64)
	if err != nil {
		return message
	}
	return message[:at[2]] + strconv.FormatInt(number+before, 10)
}

// named puts the columns of the file in the place of fields.
func (j *Job) named(r *integration.Refusal, line []byte) {
	r.Field = j.source.Column(r.Field, line)
	for i := range r.More {
		r.More[i].Field = j.source.Column(r.More[i].Field, line)
	}
}

// refuse reports lines that were refused.
func (j *Job) refuse(refused []integration.Refusal) error {
	for _, r := range refused {
		j.Report.refuse(r)
		if j.OnRefused == nil {
			continue
		}
		if err := j.OnRefused(r); err != nil {
			return err
		}
	}
	return nil
}

// keep notes that the lines up to one of the file are handled, those that were not sent too.
func (j *Job) keep(c *chunk, handled int64) error {
	if handled <= j.state.Line {
		return nil
	}
	unsent := c.refusedUpTo(handled)
	j.Report.count(integration.Summary{Received: int64(len(unsent)), Refused: int64(len(unsent))})
	if err := j.refuse(unsent); err != nil {
		return err
	}
	c.dropTo(handled)
	j.state.Line, j.state.Report = handled, j.Report
	j.state.Read, j.state.Digest = j.source.read.Load(), digestText(j.source.digest.Sum(nil))
	j.progress.handled(j.Report.Summary, j.source.read.Load())
	if j.Save == nil {
		return nil
	}
	return j.Save(j.state)
}

func refusedToken(err error) bool {
	var problem *integration.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusUnauthorized
}

// pause is the time before the next attempt, which gets longer.
type pause struct {
	limit time.Duration
	since time.Time
	next  time.Duration
}

// pause waits for a server that is away; with a new token it goes on at once. The error is what cannot be waited for.
func (j *Job) pause(ctx context.Context, p *pause, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case refusedToken(err) && j.NewToken(ctx):
		return nil
	case !integration.Away(err):
		return err
	case p.since.IsZero():
		p.since, p.next = time.Now(), shortestPause
	}
	left := p.limit - time.Since(p.since)
	if left <= 0 {
		return fmt.Errorf("the server was away for %s: %w", p.limit, err)
	}
	again := min(p.next/2+rand.N(p.next/2), left)
	p.next = min(2*p.next, longestPause)
	if j.OnAway != nil {
		j.OnAway(err, again)
	}
	j.Renew()
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
