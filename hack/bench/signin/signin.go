package signin

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
)

// The design's figures.
const (
	// BesideTarget is the processor time of a sign-in besides the hash.
	BesideTarget = 3 * time.Millisecond
	// ThroughputTarget is how much of the throughput of bare hashes is left, at least.
	ThroughputTarget = 0.9
	// TimingTarget is how far the medians of an unknown user and of a wrong password are
	// apart, at most, as a part of them.
	TimingTarget = 0.05
)

const (
	rounds       = 5
	cheapSignIns = 400 // of a round
	signIns      = 80
	answers      = 150 // of each kind
)

// cheap hashes take no time to speak of, so that all that is left can be measured.
var cheap = identity.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

// Timing are the times of answers, sorted.
type Timing struct{ Unknown, Wrong []time.Duration }

// Apart is how far the medians are from each other.
func (t Timing) Apart() time.Duration { return (Median(t.Unknown) - Median(t.Wrong)).Abs() }

// Median is the middle of sorted figures.
func Median[T any](sorted []T) T { return sorted[len(sorted)/2] }

// Result is all that is measured, each list sorted.
type Result struct {
	Beside     []time.Duration // processor time, of each round
	SignIns    []float64       // per second, of each round
	Bare       []float64       // hashes per second, of each round
	Idle, Busy Timing
}

// Measure runs everything.
func Measure(ctx context.Context, progress Progress) (r Result, err error) {
	w, err := start(ctx)
	if err != nil {
		return r, err
	}
	defer func() {
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	quick, err := w.serve(ctx, cheap)
	if err != nil {
		return r, err
	}
	r.Beside, err = quick.beside(ctx, progress)
	quick.close()
	if err != nil {
		return r, err
	}
	s, err := w.serve(ctx, identity.DefaultParams)
	if err != nil {
		return r, err
	}
	defer s.close()
	if err := s.throughput(ctx, &r, progress); err != nil {
		return r, err
	}
	if r.Idle, err = s.timing(ctx); err != nil {
		return r, err
	}
	progress("idle, an unknown user is answered in %s and a wrong password in %s", Median(r.Idle.Unknown), Median(r.Idle.Wrong))
	stop := s.load()
	r.Busy, err = s.timing(ctx)
	if loaded := stop(); err == nil {
		err = loaded
	}
	if err == nil {
		progress("under load, an unknown user is answered in %s and a wrong password in %s", Median(r.Busy.Unknown), Median(r.Busy.Wrong))
	}
	return r, err
}

// beside measures the processor time of sign-ins with cheap hashes, less that of the
// hashes alone.
func (s *site) beside(ctx context.Context, progress Progress) ([]time.Duration, error) {
	var list []time.Duration
	for round := range rounds {
		whole, err := processorTime(func(n int) error { return s.enter(n) })
		if err != nil {
			return nil, err
		}
		hash, err := processorTime(func(int) error { return s.verify(ctx) })
		if err != nil {
			return nil, err
		}
		list = append(list, whole-hash)
		progress("round %d of %d: a sign-in takes %s of processor time, besides %s for a cheap hash", round+1, rounds, whole-hash, hash)
	}
	slices.Sort(list)
	return list, nil
}

func (s *site) verify(ctx context.Context) error {
	verdict, err := s.hasher.Verify(ctx, password, s.stored)
	if err == nil && !verdict.Match {
		err = fmt.Errorf("the password does not match")
	}
	return err
}

// processorTime is what this process uses for one of many pieces of work.
func processorTime(work func(n int) error) (time.Duration, error) {
	runtime.GC()
	before, err := used()
	if err != nil {
		return 0, err
	}
	for n := range cheapSignIns {
		if err := work(n); err != nil {
			return 0, err
		}
	}
	after, err := used()
	return (after - before) / cheapSignIns, err
}

func used() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("processor time of the process: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// throughput lets sign-ins and bare hashes take turns, with the same parameters and as
// many at once.
func (s *site) throughput(ctx context.Context, r *Result, progress Progress) error {
	for round := range rounds {
		bare, err := perSecond(func(int) error { return s.verify(ctx) })
		if err != nil {
			return err
		}
		whole, err := perSecond(s.enter)
		if err != nil {
			return err
		}
		r.Bare, r.SignIns = append(r.Bare, bare), append(r.SignIns, whole)
		progress("round %d of %d: %.1f sign-ins a second, %.1f bare hashes", round+1, rounds, whole, bare)
	}
	slices.Sort(r.Bare)
	slices.Sort(r.SignIns)
	return nil
}

// perSecond does work with twice as many at once as there are processors.
func perSecond(work func(n int) error) (float64, error) {
	var next atomic.Int64
	var running sync.WaitGroup
	failed := make(chan error, 1)
	began := time.Now()
	for range 2 * runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for n := int(next.Add(1)); n <= signIns; n = int(next.Add(1)) {
				if err := work(n); err != nil {
					select {
					case failed <- err:
					default: // one is enough
					}
					return
				}
			}
		})
	}
	running.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return 0, err
	default:
		return signIns / took.Seconds(), nil
	}
}

// timing asks in turns, in changing order, so that both kinds meet the same moments.
func (s *site) timing(ctx context.Context) (Timing, error) {
	var t Timing
	guess := func(login string) func(int) error {
		return func(n int) error { // in the other half of the people
			return s.signIn(fmt.Sprint(login, people/2+n%(people/2)), "not the password", "198.51.100.7:4000", http.StatusUnprocessableEntity)
		}
	}
	unknown, wrong := guess("nobody"), guess("person")
	timed := func(list *[]time.Duration, ask func(int) error, n int) error {
		began := time.Now()
		err := ask(n)
		*list = append(*list, time.Since(began))
		return err
	}
	for n := range answers {
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		first := func() error { return timed(&t.Unknown, unknown, n) }
		second := func() error { return timed(&t.Wrong, wrong, n) }
		if n%2 == 1 {
			first, second = second, first
		}
		if err := first(); err != nil {
			return t, err
		}
		if err := second(); err != nil {
			return t, err
		}
	}
	slices.Sort(t.Unknown)
	slices.Sort(t.Wrong)
	return t, nil
}

// load has people sign in all the time, one for each processor. No two of them are one
// person: the clock goes on too fast for that.
func (s *site) load() (stop func() error) {
	var running sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	done, failed := make(chan struct{}), make(chan error, workers)
	for worker := range workers {
		running.Go(func() {
			for n := worker; ; n += workers {
				select {
				case <-done:
					return
				default:
				}
				if err := s.enter(n % (people / 2 / workers * workers)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	return func() error {
		close(done)
		running.Wait()
		close(failed)
		return <-failed
	}
}
