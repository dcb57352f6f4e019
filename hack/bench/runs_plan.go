package main

import (
	"context"
	"fmt"

	"github.com/foyerhq/foyer/hack/bench/planning"
)

// planResult is what the benchmarks of plans share: both are measured in one go, with the
// first that is asked for.
var planResult struct {
	planning.Result
	err      error
	measured bool
}

func measurePlan(ctx context.Context, progress func(string, ...any)) (planning.Result, error) {
	r := &planResult
	if !r.measured {
		r.measured = true
		r.Result, r.err = planning.Measure(ctx, *planned, progress)
	}
	return r.Result, r.err
}

// runPlan reports processor time; the target is that of a million accounts, and of less it is
// less.
func runPlan(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measurePlan(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	const million = 1_000_000
	target := planning.Target.Seconds() * float64(*planned) / million
	if target <= 0 {
		return figure{}, fmt.Errorf("-planned %d: there is nothing to plan for", *planned)
	}
	return once(r.Processor.Seconds(), target, "s"), nil
}

// runPlanHeap reports by how much the API grew meanwhile, however many accounts there are.
func runPlanHeap(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := measurePlan(ctx, progress)
	return once(r.Heap, planning.HeapTarget, "MiB"), err
}
