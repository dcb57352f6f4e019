package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/foyerhq/foyer/hack/bench/crash"
	"github.com/foyerhq/foyer/hack/bench/eventtosmtp"
	"github.com/foyerhq/foyer/hack/bench/ledger"
	"github.com/foyerhq/foyer/hack/bench/sweep"
)

// ledgerResult is what the benchmarks of the ledger share: everything is measured in one
// go, with the first that is asked for.
var ledgerResult struct {
	rates    ledger.Rates
	err      error
	measured bool
}

func ledgerRates(ctx context.Context, progress func(string, ...any)) (ledger.Rates, error) {
	r := &ledgerResult
	if !r.measured {
		r.measured = true
		r.rates, r.err = ledger.Measure(ctx, *notifications, progress)
	}
	return r.rates, r.err
}

// faster compares medians of rates, of which the first has to be so many times the second.
func faster(rates, floor []float64, least float64, unit string) figure {
	slices.Sort(rates)
	slices.Sort(floor)
	return figure{value: rates[len(rates)/2], floor: floor[len(floor)/2], unit: unit, least: least, smallest: rates[0], largest: rates[len(rates)-1]}
}

const perProcessorSecond = "per-cpu-s"

func runLedger(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := ledgerRates(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return faster(r.Ledger, r.River, ledger.Target, perProcessorSecond), nil
}

func runLedgerHeld(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := ledgerRates(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return faster([]float64{r.Held}, r.Ledger, ledger.HeldTarget, perProcessorSecond), nil
}

func runLedgerAfter(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := ledgerRates(ctx, progress)
	if err != nil {
		return figure{}, err
	}
	return faster([]float64{r.After}, r.Ledger, ledger.AfterTarget, perProcessorSecond), nil
}

func runEventToSMTP(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := eventtosmtp.Measure(ctx, *notifications, progress)
	if err != nil {
		return figure{}, err
	}
	return faster(r.Foyer, r.Raw, eventtosmtp.Target, perProcessorSecond), nil
}

// runSweep reports the first sweep, which plans; its spread is down to one that finds
// everything dealt with.
func runSweep(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := sweep.Measure(ctx, *unpaid, *unpaid/100, progress)
	if err != nil {
		return figure{}, err
	}
	return figure{value: r.First.Seconds(), floor: sweep.Target.Seconds(), unit: "s", smallest: r.Again.Seconds(), largest: r.First.Seconds()}, nil
}

// runCrashLoss reports what was lost or came to no end.
func runCrashLoss(ctx context.Context, progress func(string, ...any)) (figure, error) {
	r, err := crash.Run(ctx, crash.Options{Programs: *programs, For: time.Duration(*crashSeconds) * time.Second, Progress: progress})
	if err != nil {
		return figure{}, err
	}
	progress("killed %v; %d events; %v; %d mails arrived, %d of them twice, %d may", r.Kills, r.Events, r.States, r.Arrived, r.Duplicates, r.MostTwice)
	for i, problem := range r.Problems {
		if i == 20 {
			progress("and %d more", len(r.Problems)-i)
			break
		}
		progress("%s", problem)
	}
	if r.Arrived == 0 || len(r.Kills) == 0 {
		return figure{}, fmt.Errorf("nothing happened: %+v", r)
	}
	return once(float64(len(r.Problems)), 0, "problems"), nil
}
