package process

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Most tenants' pods have nothing to do most of the time, and a node has many of them. A
// process at rest therefore keeps its heap close to what it needs, which costs a collection
// of some milliseconds now and then; one at work collects as seldom as Go does, or as its
// [Program] says, because there processor time counts.
const (
	restPercent = 20
	workPercent = 100 // Go's own

	restPoll  = 500 * time.Millisecond // so soon a process at work is seen
	restBytes = 1 << 20                // who allocates less in a poll is at rest: a dispatcher that finds nothing to do takes a fifth
	startTime = 2 * time.Second        // what starting allocates is collected by Go's own percentage
	restPolls = 10                     // so many in a row
)

// rest tells when a process comes to rest, and when it is back at work.
type rest struct {
	allocated uint64 // in all, at the last poll
	quiet     int    // polls without work; restPolls: it is at rest
}

// change is what a poll finds.
type change int

const (
	nothingNew change = iota
	cameToRest
	wentToWork
)

// poll is told how much the process has allocated since it was started.
func (r *rest) poll(allocated uint64) change {
	grown := allocated - r.allocated
	r.allocated = allocated
	was := r.quiet == restPolls
	switch {
	case grown >= restBytes:
		r.quiet = 0
		if was {
			return wentToWork
		}
	case !was:
		if r.quiet++; r.quiet == restPolls {
			return cameToRest
		}
	}
	return nothingNew
}

// keepSmall gives memory back to the node whenever the process comes to rest, and keeps its
// heap small until it is at work again. It leaves alone what the environment says by GOGC.
func keepSmall(ctx context.Context, atWork int) {
	if os.Getenv("GOGC") != "" {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(workPercent))
	select {
	case <-ctx.Done():
		return
	case <-time.After(startTime):
	}
	debug.SetGCPercent(atWork)
	tick := time.NewTicker(restPoll)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var r rest
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(sample)
		switch r.poll(sample[0].Value.Uint64()) {
		case cameToRest:
			debug.SetGCPercent(restPercent)
			debug.FreeOSMemory() // Go itself gives it back over minutes, and not all
		case wentToWork:
			debug.SetGCPercent(atWork)
		case nothingNew:
		}
	}
}
