// Package ledger measures what a delivery costs besides the delivery: notifications are
// claimed, their facts read, the guard asked, their text made, and handed to a channel that
// does nothing; each attempt and each end is on record. The floor is River, a queue of jobs
// in PostgreSQL, whose jobs do nothing and know nothing: 2,000 workers, a cooldown of a
// millisecond. Both take turns on the same server, and what counts is processor time, of
// this process and of PostgreSQL together.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/deliver"
	"github.com/foyerhq/foyer/internal/store"
)

// Target is how many times as much the ledger does in the time that River takes. HeldTarget
// and AfterTarget are of what it does itself without another transaction.
const (
	Target      = 1.5
	HeldTarget  = 0.5
	AfterTarget = 0.8
)

const (
	// url is called by the actions: theirs is the shortest text, the event itself.
	url       = "https://crm.example/events"
	customers = 1000
	// atOnce is how many a lane has under way: nothing limits a channel that does nothing.
	atOnce = 64
	rounds = 3
)

// Rates are how many were done in a second of processor time, a figure for each round.
type Rates struct {
	Ledger, River []float64
	// Held and After are those of the ledger while another transaction keeps what is dead,
	// and when it has ended.
	Held, After float64
}

// Measure takes turns, with so many in each.
func Measure(ctx context.Context, count int, progress func(string, ...any)) (r Rates, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(deliver.GCPercent)) // as the dispatcher has it, for both
	t, err := tenant.Start(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := t.Customers(ctx, customers); err != nil {
		return r, err
	}
	river, err := newRiver(ctx, t)
	if err != nil {
		return r, err
	}
	defer river.close()
	l := &ledger{tenant: t, count: count, progress: progress}
	if err := l.documents(); err != nil {
		return r, err
	}
	for range rounds {
		rate, err := l.round(ctx, "ledger")
		if err != nil {
			return r, err
		}
		r.Ledger = append(r.Ledger, rate)
		if rate, err = river.round(ctx, count, progress); err != nil {
			return r, err
		}
		r.River = append(r.River, rate)
	}
	if r.Held, err = l.whileHeld(ctx); err != nil {
		return r, err
	}
	r.After, err = l.round(ctx, "ledger, after the other transaction")
	return r, err
}

// whileHeld is a round while a transaction is open that may still look at everything: no
// dead row can go.
func (l *ledger) whileHeld(ctx context.Context) (float64, error) {
	conn, err := l.tenant.Superuser(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only looked
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return 0, fmt.Errorf("hold a transaction open: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // the same
	if _, err := tx.Exec(ctx, "SELECT count(*) FROM delivery"); err != nil {
		return 0, fmt.Errorf("hold a transaction open: %w", err)
	}
	return l.round(ctx, "ledger, with another transaction open")
}

// ledger is a tenant whose notifications are delivered to nobody.
type ledger struct {
	tenant   *tenant.Tenant
	live     *config.Live
	routing  *config.LiveRouting
	count    int
	told     int // numbers of events so far
	progress func(string, ...any)
}

func (l *ledger) documents() error {
	live, routing, err := tenant.Documents(config.SMTP{}, tenant.Webhook(url))
	if err != nil {
		return err
	}
	if l.live, err = config.Load(live); err != nil {
		return err
	}
	l.routing, err = config.OpenRouting(routing)
	return err
}

// plan writes events and their notifications, as the planner does.
func (l *ledger) plan(ctx context.Context) error {
	const batch = 500
	for range l.count / batch {
		if err := l.tenant.Tell(ctx, l.told, l.told+batch, customers); err != nil {
			return err
		}
		l.told += batch
		now := time.Now()
		_, _, err := l.tenant.Dispatcher.PlanEvents(ctx, now, batch, func(ctx context.Context, p *store.Planning, events []store.Event) error {
			list := make([]store.NewNotification, len(events))
			for i, e := range events {
				list[i] = store.NewNotification{Addressed: store.Addressed{
					AccountID: e.AccountID, EventType: e.Type, EventPosition: e.Position, EventID: e.ID, Occurrence: e.ID,
					Category: "General", Source: "EventTemplate", Template: tenant.Template, Action: tenant.Action, Channel: store.ChannelWebhook,
					Address: url, Locale: "en-AU", SettingsDigest: l.live.Digest, RoutingDigest: l.routing.Digest, DueAt: now,
				}}
			}
			return p.Add(ctx, list)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nowhere is a channel that takes everything.
type nowhere struct{ taken atomic.Int64 }

func (n *nowhere) Send(context.Context, channel.Message) (channel.Result, error) {
	n.taken.Add(1)
	return channel.Result{}, nil
}

func (n *nowhere) Close() error { return nil }

// round plans, and measures the delivery of all of it.
func (l *ledger) round(ctx context.Context, name string) (rate float64, err error) {
	if err := l.plan(ctx); err != nil {
		return 0, err
	}
	keys, err := tenant.Keys()
	if err != nil {
		return 0, err
	}
	to := &nowhere{}
	way := map[string]deliver.Way{store.ChannelWebhook: {Sender: to, AtOnce: atOnce}}
	d := deliver.New(deliver.Options{
		Store: l.tenant.Dispatcher, Settings: func() *config.Live { return l.live }, Routing: func() *config.LiveRouting { return l.routing },
		Keys: func() *identity.Keys { return keys }, Ways: [2]map[string]deliver.Way{way, way}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(), Lease: time.Minute,
		Now: func() time.Time { return time.Now().Add(time.Hour) }, // the turn of all has come
	})
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	running, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	done := make(chan struct{})
	go func() { d.Run(running); close(done) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int(to.taken.Load()) < l.count && running.Err() == nil {
		<-tick.C
	}
	stop()
	<-done // every outcome is on record
	if taken := int(to.taken.Load()); taken != l.count {
		return 0, fmt.Errorf("%d notifications were delivered, not %d", taken, l.count)
	}
	return rateOf(started, l.count, name, l.progress)
}

// rateOf is how many were done in a second of processor time.
func rateOf(started clock.Clock, count int, name string, progress func(string, ...any)) (float64, error) {
	spent, err := started.Read()
	if err != nil {
		return 0, err
	}
	progress("%s: %d, %.1f us each; %s; %.0f a second", name, count, float64(spent.Processor.Microseconds())/float64(count), spent, float64(count)/spent.Time.Seconds())
	return float64(count) / spent.Processor.Seconds(), nil
}
