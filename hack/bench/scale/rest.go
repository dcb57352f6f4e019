package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/hack/bench/operator"
)

// RestTime is how long nothing may be written.
const RestTime = time.Minute

// pause is how long nothing is written before nothing more is expected.
const pause = 5 * time.Second

// IdleWrites returns how many writes the operator sends while nothing changes.
func (s *Shared) IdleWrites(ctx context.Context) (int, error) {
	w, err := s.settled(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.silent(ctx); err != nil {
		return 0, err
	}
	if _, err := w.operator.Ask(operator.Reset); err != nil {
		return 0, err
	}
	w.progress("watching for %s what %d tenants at rest are written", s.Rest, w.tenants)
	before, err := w.operator.Ask(operator.Count)
	if err != nil {
		return 0, err
	}
	if err := letPass(ctx, s.Rest); err != nil {
		return 0, err
	}
	after, err := w.operator.Ask(operator.Count)
	if err != nil {
		return 0, err
	}
	w.progress("meanwhile %.0f passes and %s of processor time", after.Passes-before.Passes, (after.Processor - before.Processor).Round(time.Millisecond))
	if after.Writes > 0 {
		w.progress("%s", after.Wrote())
	}
	return after.Writes, nil
}

// letPass lets time pass.
func letPass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// RestartTarget is the design's figure for the processor time of a restart.
const RestartTarget = 10 * time.Second

// Restart starts an operator anew and returns the processor time of its whole process
// until it has passed over every tenant, before its database was looked at and after.
// A write is an error.
func (s *Shared) Restart(ctx context.Context) (time.Duration, error) {
	w, err := s.settled(ctx)
	if err != nil {
		return 0, err
	}
	took, err := w.restart(ctx)
	if err != nil {
		return 0, err
	}
	if err := letPass(ctx, pause); err != nil {
		return 0, err
	}
	report, err := w.operator.Ask(operator.Count)
	if err != nil {
		return 0, err
	}
	if report.Writes > 0 {
		return 0, errors.New("a restarted operator has nothing to write, but there were " + report.Wrote())
	}
	return took, nil
}

func (w *world) restart(ctx context.Context) (time.Duration, error) {
	if err := w.startOperator(operator.Control, false); err != nil {
		return 0, err
	}
	start := time.Now()
	report, err := w.calm(ctx, 2*float64(w.tenants))
	if err != nil {
		return 0, err
	}
	w.progress("restarted over %d tenants: %s of processor time, %.0f passes, at rest after %s",
		w.tenants, report.Processor.Round(time.Millisecond), report.Passes, time.Since(start).Round(time.Second))
	return report.Processor, nil
}

// silent waits until the operator has written nothing for a while.
func (w *world) silent(ctx context.Context) error {
	last, since := -1, time.Now()
	return until(ctx, "the operator writes nothing more", setUpLimit, time.Second, func() (bool, error) {
		report, err := w.operator.Ask(operator.Count)
		if report.Writes != last {
			last, since = report.Writes, time.Now()
		}
		return time.Since(since) > pause, err
	})
}

// calm waits until the operator has made that many passes and does no more than it
// does at rest, where each tenant is passed over about once a minute. It returns how
// things were when the rest began.
func (w *world) calm(ctx context.Context, passes float64) (operator.Report, error) {
	var last operator.Report
	atRest := max(4, float64(w.tenants)/25) // in a second
	err := until(ctx, "the operator is at rest", setUpLimit, time.Second, func() (bool, error) {
		report, err := w.operator.Ask(operator.Count)
		if err != nil {
			return false, err
		}
		if last.Passes >= passes && report.Filled && report.Passes-last.Passes <= atRest {
			return true, nil
		}
		last = report
		return false, nil
	})
	if err != nil {
		return last, fmt.Errorf("after %.0f passes and %s: %w", last.Passes, last.Wrote(), err)
	}
	return last, nil
}
