// The command bench measures what the design promises, one line for each figure:
//
//	BENCH name=<kebab-name> ratio=<r> value=<v> floor=<f> unit=<u> spread=<min..max>
//
// The ratio is value / floor, and the floor is the design's target: 1 or less is
// within it. It ends with status 1 when a figure is missed or could not be measured.
// What is going on is written to standard error.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/hack/bench/propagation"
	"github.com/foyerhq/foyer/hack/bench/resolve"
)

// figure is what a benchmark measured, all in the same unit.
type figure struct {
	value, floor float64
	smallest     float64
	largest      float64
	unit         string
}

// benchmark is one line of the design's table. run tells progress as it goes.
type benchmark struct {
	name string
	run  func(ctx context.Context, progress func(format string, args ...any)) (figure, error)
}

// benchmarks are in the order of the design's table.
var benchmarks = []benchmark{
	{"propagation", runPropagation},
	{"resolve", runResolve},
}

var changes = flag.Int("changes", 1000, "how `many` changes the benchmark propagation makes")

func main() {
	run := flag.String("run", ".", "a regular expression: only benchmarks whose `name` matches")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, *run, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func measure(ctx context.Context, run string, out, log io.Writer) error {
	pattern, err := regexp.Compile(run)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	var missed []string
	found := false
	for _, b := range benchmarks {
		if !pattern.MatchString(b.name) {
			continue
		}
		found = true
		f, err := b.run(ctx, func(format string, args ...any) {
			_, _ = fmt.Fprintf(log, b.name+": "+format+"\n", args...) // nothing depends on it
		})
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if _, err := fmt.Fprintln(out, f.line(b.name)); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if f.value > f.floor {
			missed = append(missed, b.name)
		}
	}
	switch {
	case !found:
		return fmt.Errorf("-run %s matches no benchmark, there are: %s", run, names())
	case len(missed) > 0:
		return fmt.Errorf("past their target: %v", missed)
	}
	return nil
}

func names() []string {
	var names []string
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	return names
}

func (f figure) line(name string) string {
	return fmt.Sprintf("BENCH name=%s ratio=%.3g value=%.4g floor=%g unit=%s spread=%.4g..%.4g",
		name, f.value/f.floor, f.value, f.floor, f.unit, f.smallest, f.largest)
}

// runPropagation reports the 99th percentile; its spread is the quickest to the slowest.
func runPropagation(ctx context.Context, progress func(string, ...any)) (figure, error) {
	result, err := propagation.Measure(ctx, *changes, progress)
	if err != nil {
		return figure{}, err
	}
	progress("%d changes, %d replicas, median %s, p99 %s", len(result.Times), result.Replicas, result.Quantile(0.5).Round(time.Millisecond), result.Quantile(0.99).Round(time.Millisecond))
	return figure{
		value: result.Quantile(0.99).Seconds(), floor: propagation.Floor.Seconds(), unit: "s",
		smallest: result.Times[0].Seconds(), largest: result.Times[len(result.Times)-1].Seconds(),
	}, nil
}

// runResolve reports the median of its rounds.
func runResolve(context.Context, func(string, ...any)) (figure, error) {
	times, err := resolve.Measure()
	if err != nil {
		return figure{}, err
	}
	microseconds := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	return figure{
		value: microseconds(times[len(times)/2]), floor: microseconds(resolve.Target), unit: "us",
		smallest: microseconds(times[0]), largest: microseconds(times[len(times)-1]),
	}, nil
}
