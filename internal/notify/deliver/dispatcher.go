package deliver

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// Options are what a dispatcher works with.
type Options struct {
	Store    *store.Store
	Settings func() *config.Live
	Routing  func() *config.LiveRouting
	Keys     func() *identity.Keys
	// Ways are by lane and channel: what is about signing in does not wait for the
	// connections of the rest.
	Ways    [2]map[string]Way
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time

	// Lease is how long a notification is with a process at most; what it has not finished
	// then is taken for lost.
	Lease time.Duration
}

// How often the loops look.
const (
	plannerPoll  = 250 * time.Millisecond
	lanePoll     = 200 * time.Millisecond
	sweepPoll    = time.Second
	followPoll   = 250 * time.Millisecond
	rescuePoll   = 5 * time.Second
	queuePoll    = 15 * time.Second
	webhookPoll  = 500 * time.Millisecond
	tallyEvery   = time.Minute
	failurePause = 2 * time.Second // after an error of the database
)

// grace is for what is under way when the process is asked to stop. Kubernetes kills it after
// 30 seconds.
const grace = 20 * time.Second

// GCPercent is how much a heap may grow before it is collected, in percent. That of a
// dispatcher is small, and what was made for a message is garbage at once: to look for it
// four times less often takes some megabytes, and the memory limit of the pod is kept.
const GCPercent = 400

// Dispatcher plans and hands over the notifications of a tenant.
type Dispatcher struct {
	Options
	metrics  metrics
	tally    tally
	rules    rulesCache
	breakers map[string]*breaker // by channel
	finisher *finisher
	heavy    chan struct{} // places for mails with an attachment, which take memory
	singly   int           // events that are planned one by one; only the planner uses it
	sweeping *sweep        // what is under way; this and the next two only the sweep uses
	swept    documents     // of the last whole one
	unmoved  unmoved
	followed config.DeliveryMode                 // with what waits where it belongs; only the follower uses it
	inMode   atomic.Pointer[config.DeliveryMode] // that the follower has set; nil: none runs
	hooks    sync.WaitGroup
	clock    func() time.Time // of this process
	clockOff atomic.Bool      // it is not the database's
}

// New makes a dispatcher, which does nothing until Run.
func New(o Options) *Dispatcher {
	d := &Dispatcher{Options: o, metrics: newMetrics(o.Metrics), heavy: make(chan struct{}, heavyAtOnce),
		unmoved: newUnmoved(), clock: time.Now,
		breakers: map[string]*breaker{store.ChannelEmail: {}, store.ChannelSMS: {}}}
	for name := range d.breakers {
		d.metrics.breaker.WithLabelValues(name).Set(0)
	}
	d.tally.log = o.Log
	d.finisher = newFinisher(d)
	return d
}

// Run works until ctx ends, and then ends in good order.
func (d *Dispatcher) Run(ctx context.Context) {
	// What is under way goes on after ctx has ended, for the grace at most.
	under, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()

	d.inMode.Store(new(config.DeliveryMode))
	first, enough := context.WithTimeout(ctx, firstLook)
	d.clockOnce(first)
	enough()
	var loops, lanes sync.WaitGroup
	for number := range d.Ways {
		lanes.Go(func() { d.newLane(number).run(ctx, under) })
	}
	loops.Go(func() { every(ctx, d.clockOnce) })
	loops.Go(func() { every(ctx, d.timely(d.inStep(d.planOnce))) })
	loops.Go(func() { every(ctx, d.timely(d.inStep(d.sweepOnce))) })
	loops.Go(func() { every(ctx, d.followOnce) })
	loops.Go(func() { every(ctx, d.timely(d.rescueOnce)) })
	loops.Go(func() { every(ctx, d.measureOnce) })
	loops.Go(func() {
		every(ctx, d.timely(func(ctx context.Context) time.Duration { return d.webhooksOnce(ctx, under) }))
	})
	loops.Go(func() { every(ctx, func(context.Context) time.Duration { d.tally.tell(); return tallyEvery }) })
	var finishing sync.WaitGroup
	finishing.Go(func() { d.finisher.run(under) })

	<-ctx.Done()
	stop := time.AfterFunc(grace, end)
	defer stop.Stop()
	lanes.Wait()
	loops.Wait()
	d.hooks.Wait()
	d.finisher.close()
	finishing.Wait()
	d.tally.tell()
	for _, ways := range d.Ways {
		for name, way := range ways {
			if err := way.Close(); err != nil {
				d.Log.Warn("a channel did not close", "channel", name, "error", err)
			}
		}
	}
	d.Log.Info("stopped in good order")
}

// every runs a step until ctx ends, at once and then as each says how long to wait.
func every(ctx context.Context, step func(context.Context) time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(step(ctx))
		}
	}
}

// failed logs an error of a loop, but for one that comes of stopping, and says how long to
// wait.
func (d *Dispatcher) failed(ctx context.Context, what string, err error) time.Duration {
	if ctx.Err() == nil {
		d.Log.Error("could not "+what+", trying again", "error", err)
	}
	return failurePause
}
