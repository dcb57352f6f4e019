package main

import (
	"context"
	"sync"
	"time"

	"github.com/foyerhq/foyer/hack/bench/signin"
)

// signInResult is what the benchmarks of sign-ins share: everything is measured in one
// go, with the first that is asked for.
var signInResult struct {
	sync.Once
	signin.Result
	err error
}

func measureSignIn(ctx context.Context, progress func(string, ...any)) (signin.Result, error) {
	signInResult.Do(func() { signInResult.Result, signInResult.err = signin.Measure(ctx, progress) })
	return signInResult.Result, signInResult.err
}

func runSignInProcessor(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureSignIn(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return figure{
		value: milliseconds(signin.Median(r.Beside)), floor: milliseconds(signin.BesideTarget), unit: "ms",
		smallest: milliseconds(r.Beside[0]), largest: milliseconds(r.Beside[len(r.Beside)-1]),
	}, nil
}

func runSignInThroughput(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureSignIn(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return figure{
		value: signin.Median(r.SignIns), floor: signin.Median(r.Bare), unit: "sign-ins/s", least: signin.ThroughputTarget,
		smallest: r.SignIns[0], largest: r.SignIns[len(r.SignIns)-1],
	}, nil
}

func runSignInIdle(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureSignIn(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return apart(r.Idle), nil
}

func runSignInBusy(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureSignIn(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return apart(r.Busy), nil
}

// apart compares how far the medians are apart with how far they may be; its spread is
// the two medians.
func apart(t signin.Timing) figure {
	unknown, wrong := milliseconds(signin.Median(t.Unknown)), milliseconds(signin.Median(t.Wrong))
	return figure{
		value: milliseconds(t.Apart()), floor: signin.TimingTarget * wrong, unit: "ms",
		smallest: min(unknown, wrong), largest: max(unknown, wrong),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
