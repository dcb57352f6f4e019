package scale

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/hack/bench/operator"
)

// MemoryTarget is what the operator may take for an object, as a multiple of what a
// cache takes that only holds the same objects.
const MemoryTarget = 2.0

// Memory is what one more declared object costs, in KiB: with the objects that the
// operator makes for it, their pods, and all that the operator remembers.
type Memory struct {
	Heap, Resident float64 // of the operator
	Cache          float64 // heap of a bare cache of the same objects
	CacheResident  float64
	Few, Many      int // tenants
}

// sample is the memory of both at one size.
type sample struct {
	tenants         int
	operator, cache operator.Report
}

// MemoryPerObject compares a tenth of the tenants with all of them, each time in new
// processes at rest, after collecting garbage.
func (s *Shared) MemoryPerObject(ctx context.Context) (Memory, error) {
	w, err := s.settled(ctx)
	if err != nil {
		return Memory{}, err
	}
	large, err := w.sample(ctx)
	if err != nil {
		return Memory{}, err
	}
	if err := w.startOperator(operator.Control, false); err != nil {
		return Memory{}, err
	}
	objects := float64((large.tenants - s.small.tenants) * objectsPerTenant)
	growth := func(before, after uint64) float64 { return (float64(after) - float64(before)) / 1024 / objects }
	return Memory{
		Heap:          growth(s.small.operator.Heap, large.operator.Heap),
		Resident:      growth(s.small.operator.Resident, large.operator.Resident),
		Cache:         growth(s.small.cache.Heap, large.cache.Heap),
		CacheResident: growth(s.small.cache.Resident, large.cache.Resident),
		Few:           s.small.tenants,
		Many:          large.tenants,
	}, nil
}

func (w *world) sample(ctx context.Context) (sample, error) {
	taken := sample{tenants: w.tenants}
	if _, err := w.restart(ctx); err != nil {
		return taken, err
	}
	var err error
	if taken.operator, err = w.operator.Ask(operator.Collect); err != nil {
		return taken, err
	}
	if err := w.startOperator(operator.Cache, false); err != nil {
		return taken, err
	}
	err = until(ctx, "the bare cache is filled", setUpLimit, 200*time.Millisecond, func() (bool, error) {
		report, err := w.operator.Ask(operator.Count)
		return report.Filled, err
	})
	if err != nil {
		return taken, err
	}
	taken.cache, err = w.operator.Ask(operator.Collect)
	w.progress("%d tenants: the operator has %.1f MiB of heap and %.1f MiB resident, a bare cache %.1f and %.1f", w.tenants,
		mebibytes(taken.operator.Heap), mebibytes(taken.operator.Resident), mebibytes(taken.cache.Heap), mebibytes(taken.cache.Resident))
	return taken, err
}

func mebibytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
