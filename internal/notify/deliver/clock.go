package deliver

import (
	"context"
	"time"
)

const (
	// clockTolerance is how far the clock of this process may be from the database's. Leases
	// end by the clocks of all replicas: one that is far ahead would send once more what
	// another is sending, and remind people too early.
	clockTolerance = 5 * time.Second
	clockPoll      = 15 * time.Second
	// firstLook bounds how long the process waits for the database before it begins.
	firstLook = 5 * time.Second
)

// clockOnce compares the clock of this process with the database's. What a clock file adds for
// development is no part of it.
func (d *Dispatcher) clockOnce(ctx context.Context) time.Duration {
	asked, began := d.clock(), time.Now()
	theirs, err := d.Store.ServerTime(ctx)
	if err != nil {
		return d.failed(ctx, "compare the clock with the database's", err)
	}
	took := time.Since(began)
	ahead := asked.Add(took / 2).Sub(theirs) // give or take what the question took
	d.metrics.skew.Set(ahead.Seconds())
	off := ahead.Abs()-took/2 > clockTolerance
	pause := clockPoll
	if off {
		pause = failurePause
	}
	if off == d.clockOff.Swap(off) {
		return pause
	}
	if off {
		d.Log.Error("the clock of this process is not that of the database: it plans and sends nothing until it is; look at the time synchronization of the nodes", "ahead", ahead.String())
	} else {
		d.Log.Info("the clock of this process is that of the database again", "ahead", ahead.String())
	}
	return pause
}

// timely is a step that is left out while the clock of this process is wrong.
func (d *Dispatcher) timely(step func(context.Context) time.Duration) func(context.Context) time.Duration {
	return func(ctx context.Context) time.Duration {
		if d.clockOff.Load() {
			return failurePause
		}
		return step(ctx)
	}
}
