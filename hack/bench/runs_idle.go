package main

import (
	"context"

	"github.com/foyerhq/foyer/hack/bench/idle"
)

// idlePods are measured once for both benchmarks.
var idlePods []idle.Pod

func measureIdle(ctx context.Context, progress func(string, ...any)) (err error) {
	if idlePods == nil {
		idlePods, err = idle.Measure(ctx, progress)
	}
	return err
}

// runIdleTenant reports the memory of the three pods together; its spread is that of each.
func runIdleTenant(ctx context.Context, progress func(string, ...any)) (figure, error) {
	if err := measureIdle(ctx, progress); err != nil {
		return figure{}, err
	}
	f := figure{floor: idle.MemoryTarget >> 20, unit: "MiB"}
	for i, pod := range idlePods {
		f.add(i, float64(pod.Resident)/(1<<20))
		f.value += float64(pod.Resident) / (1 << 20)
	}
	return f, nil
}

// runIdleTenantReady reports the slowest; its spread is from the quickest to that.
func runIdleTenantReady(ctx context.Context, progress func(string, ...any)) (figure, error) {
	if err := measureIdle(ctx, progress); err != nil {
		return figure{}, err
	}
	f := figure{floor: float64(idle.ReadyTarget.Milliseconds()), unit: "ms"}
	for i, pod := range idlePods {
		f.add(i, float64(pod.Ready.Milliseconds()))
	}
	f.value = f.largest
	return f, nil
}

// add widens the spread of a figure by its i-th part.
func (f *figure) add(i int, part float64) {
	if i == 0 {
		f.smallest, f.largest = part, part
	}
	f.smallest, f.largest = min(f.smallest, part), max(f.largest, part)
}
