package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/foyerhq/foyer/hack/bench/bulk"
	"github.com/foyerhq/foyer/hack/bench/compiling"
	"github.com/foyerhq/foyer/hack/bench/page"
	"github.com/foyerhq/foyer/hack/bench/propagation"
	"github.com/foyerhq/foyer/hack/bench/resolve"
	"github.com/foyerhq/foyer/hack/bench/scale"
)

// runPropagation reports the 99th percentile; its spread is the quickest to the slowest.
func runPropagation(ctx context.Context, progress func(string, ...any)) (figure, error) {
	result, err := propagation.Measure(ctx, *changes, progress)
	return propagated(result, err, progress)
}

// runPropagationCrowd is runPropagation among many tenants.
func runPropagationCrowd(ctx context.Context, progress func(string, ...any)) (figure, error) {
	result, err := propagation.MeasureInCrowd(ctx, *changes, *crowd, progress)
	return propagated(result, err, progress)
}

func propagated(result propagation.Result, err error, progress func(string, ...any)) (figure, error) {
	if err != nil {
		return figure{}, err
	}
	progress("%d changes, %d replicas, median %s, p99 %s", len(result.Times), result.Replicas, result.Quantile(0.5).Round(time.Millisecond), result.Quantile(0.99).Round(time.Millisecond))
	return figure{
		value: result.Quantile(0.99).Seconds(), floor: propagation.Floor.Seconds(), unit: "s",
		smallest: result.Times[0].Seconds(), largest: result.Times[len(result.Times)-1].Seconds(),
	}, nil
}

// runCompile compares medians.
func runCompile(_ context.Context, progress func(string, ...any)) (figure, error) {
	r, err := compiling.Measure()
	if err != nil {
		return figure{}, err
	}
	microseconds := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	progress("a template takes %s among 500 and %s among 1,000, and %s in a pass that changes nothing",
		r.Few[len(r.Few)/2], r.Many[len(r.Many)/2], r.Again)
	return figure{
		value: microseconds(r.Many[len(r.Many)/2]), floor: microseconds(r.Few[len(r.Few)/2]), unit: "us", limit: compiling.Target,
		smallest: microseconds(r.Many[0]), largest: microseconds(r.Many[len(r.Many)-1]),
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

// shared is the set-up of the benchmarks of the operator.
var shared scale.Shared

// operatorBenchmarks are the benchmarks over many tenants, as the flags say.
func operatorBenchmarks() *scale.Shared {
	shared.Tenants, shared.Profiles = *tenants, *profiles
	shared.Rest, shared.Edits = scale.RestTime, scale.Edits
	shared.Progress = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "operator: "+format+"\n", args...)
	}
	return &shared
}

func once(value, floor float64, unit string) figure {
	return figure{value: value, floor: floor, smallest: value, largest: value, unit: unit}
}

func runIdleWrites(ctx context.Context, _ func(string, ...any)) (figure, error) {
	writes, err := operatorBenchmarks().IdleWrites(ctx)
	return once(float64(writes), 0, "writes"), err
}

func runRestart(ctx context.Context, _ func(string, ...any)) (figure, error) {
	took, err := operatorBenchmarks().Restart(ctx)
	return once(took.Seconds(), scale.RestartTarget.Seconds(), "s"), err
}

// runMemory reports the heap; what is resident depends on when garbage was collected.
func runMemory(ctx context.Context, progress func(string, ...any)) (figure, error) {
	m, err := operatorBenchmarks().MemoryPerObject(ctx)
	if err != nil {
		return figure{}, err
	}
	progress("between %d and %d tenants an object takes %.2f KiB of heap and %.2f KiB resident, in a bare cache %.2f and %.2f",
		m.Few, m.Many, m.Heap, m.Resident, m.Cache, m.CacheResident)
	f := once(m.Heap, m.Cache, "KiB")
	f.limit = scale.MemoryTarget
	return f, nil
}

// runUnrelatedSecrets reports what one more Secret of others costs.
func runUnrelatedSecrets(ctx context.Context, _ func(string, ...any)) (figure, error) {
	u, err := operatorBenchmarks().UnrelatedSecrets(ctx)
	return once(max(0, u.PerSecret), scale.SecretTarget, "KiB"), err
}

func runResident(ctx context.Context, _ func(string, ...any)) (figure, error) {
	u, err := operatorBenchmarks().UnrelatedSecrets(ctx)
	return once(u.Resident, scale.ResidentTarget, "MiB"), err
}

// runEditUnderLoad reports the 95th percentile; its spread is the quickest to the slowest.
func runEditUnderLoad(ctx context.Context, _ func(string, ...any)) (figure, error) {
	times, err := operatorBenchmarks().EditUnderLoad(ctx)
	if err != nil {
		return figure{}, err
	}
	return figure{
		value: times[(len(times)*95+99)/100-1].Seconds(), floor: scale.EditTarget.Seconds(), unit: "s",
		smallest: times[0].Seconds(), largest: times[len(times)-1].Seconds(),
	}, nil
}

func runColdStart(ctx context.Context, _ func(string, ...any)) (figure, error) {
	took, floor, err := operatorBenchmarks().ColdStart(ctx)
	f := once(took.Seconds(), floor.Seconds(), "s")
	f.limit = scale.ColdStartTarget
	return f, err
}

// bulkResult is what the benchmarks of the integration API share: everything is measured
// in one go, with the first that is asked for.
var bulkResult struct {
	sync.Once
	bulk.Result
	err error
}

func measureBulk(ctx context.Context, progress func(string, ...any)) (bulk.Result, error) {
	bulkResult.Do(func() {
		sizes := bulk.Sizes{Accounts: *accounts, Invoices: 3 * *accounts, Calls: 10 * *accounts}
		bulkResult.Result, bulkResult.err = bulk.Measure(ctx, *binary, sizes, progress)
	})
	return bulkResult.Result, bulkResult.err
}

func runBulkAccounts(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureBulk(ctx, progress)
	return perSecond(r.Accounts, bulk.AccountsTarget), err
}

func runBulkCalls(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measureBulk(ctx, progress)
	return perSecond(r.Calls, bulk.CallsTarget), err
}

// perSecond compares how many rows a second of processor time brings in.
func perSecond(p bulk.Pair, least float64) figure {
	if len(p.API) == 0 || len(p.Copy) == 0 {
		return figure{}
	}
	rows := func(each time.Duration) float64 { return float64(time.Second) / float64(each) }
	return figure{
		value: rows(bulk.Median(p.API)), floor: rows(bulk.Median(p.Copy)), unit: "rows/s", least: least,
		smallest: rows(p.API[len(p.API)-1]), largest: rows(p.API[0]),
	}
}

// runPage compares how many pages a second of processor time makes.
func runPage(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := page.Measure(ctx, *portal, progress)
	if err != nil {
		return figure{}, err
	}
	pages := func(each time.Duration) float64 { return float64(time.Second) / float64(each) }
	return figure{
		value: pages(page.Median(r.Portal)), floor: pages(page.Median(r.Floor)), unit: "pages/s", least: page.Target,
		smallest: pages(r.Portal[len(r.Portal)-1]), largest: pages(r.Portal[0]),
	}, nil
}

func asking(question string) func(context.Context, func(string, ...any)) (figure, error) {
	return func(ctx context.Context, progress func(string, ...any)) (figure, error) {
		r, err := measureBulk(ctx, progress)
		microseconds := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
		f := once(microseconds(r.AskedMany[question]), microseconds(r.AskedFew[question]), "us")
		f.limit = bulk.AskTarget
		return f, err
	}
}
