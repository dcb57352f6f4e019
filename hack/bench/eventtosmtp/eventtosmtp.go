// Package eventtosmtp measures the whole way of a mail: an event is written, planned,
// claimed, its text made and handed to a mail server that takes it. The floor is go-mail,
// which hands mails of the same text to the same server over as many connections and does
// nothing else. Both take turns, and what counts is processor time, of this process and of
// PostgreSQL together; the mail server is a process of its own and not counted.
package eventtosmtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/email"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/notify/deliver"
	"github.com/foyerhq/foyer/internal/store"
)

// Target is how many mails Foyer sends at least in the time that go-mail sends one.
const Target = 0.35

const (
	rounds    = 3
	customers = 5000
	// eventsAtOnce is how many events a system of the provider writes in one request.
	eventsAtOnce = 100
)

// Rates are how many mails were sent in a second of processor time, a figure for each round.
type Rates struct{ Foyer, Raw []float64 }

// Measure takes turns, with so many mails in each.
func Measure(ctx context.Context, count int, progress func(string, ...any)) (r Rates, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(deliver.GCPercent)) // as the dispatcher has it, for both
	b := &bench{count: count, progress: progress}
	if b.sink, err = startSink(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.sink.close()) }()
	if b.tenant, err = tenant.Start(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.tenant.Close()) }()
	if err := b.tenant.Customers(ctx, customers); err != nil {
		return r, err
	}
	if err := b.documents(); err != nil {
		return r, err
	}
	for range rounds {
		rate, err := b.foyer(ctx)
		if err != nil {
			return r, err
		}
		r.Foyer = append(r.Foyer, rate)
		if rate, err = b.raw(ctx); err != nil {
			return r, err
		}
		r.Raw = append(r.Raw, rate)
	}
	return r, nil
}

type bench struct {
	tenant   *tenant.Tenant
	sink     *sink
	live     *config.Live
	routing  *config.LiveRouting
	count    int
	told     int // numbers of events so far
	progress func(string, ...any)
}

func (b *bench) documents() error {
	live, routing, err := tenant.Documents(b.sink.address, tenant.Mail())
	if err != nil {
		return err
	}
	if b.live, err = config.Load(live); err != nil {
		return err
	}
	b.routing, err = config.OpenRouting(routing)
	return err
}

// counting is a channel that counts what was taken.
type counting struct {
	channel.Sender
	taken *atomic.Int64
}

func (c counting) Send(ctx context.Context, m channel.Message) (channel.Result, error) {
	result, err := c.Sender.Send(ctx, m)
	if err == nil {
		c.taken.Add(1)
	}
	return result, err
}

// foyer writes events and waits for their mails.
func (b *bench) foyer(ctx context.Context) (rate float64, err error) {
	keys, err := tenant.Keys()
	if err != nil {
		return 0, err
	}
	var taken atomic.Int64
	ways := func() map[string]deliver.Way {
		sender := email.New(email.Options{Channel: func() config.EmailChannel { return b.live.Tenant.Email }, SecretsDir: "none",
			Guard: outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}), Now: time.Now})
		return map[string]deliver.Way{store.ChannelEmail: {Sender: counting{sender, &taken}, AtOnce: email.Connections}}
	}
	d := deliver.New(deliver.Options{
		Store: b.tenant.Dispatcher, Settings: func() *config.Live { return b.live }, Routing: func() *config.LiveRouting { return b.routing },
		Keys: func() *identity.Keys { return keys }, Ways: [2]map[string]deliver.Way{ways(), ways()}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(), Lease: time.Minute, Now: time.Now,
	})
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	running, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	done := make(chan struct{})
	go func() { d.Run(running); close(done) }()
	for range b.count / eventsAtOnce {
		if err := b.tenant.Tell(running, b.told, b.told+eventsAtOnce, customers); err != nil {
			return 0, err
		}
		b.told += eventsAtOnce
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int(taken.Load()) < b.count && running.Err() == nil {
		<-tick.C
	}
	stop()
	<-done // every outcome is on record
	if got := int(taken.Load()); got != b.count {
		return 0, fmt.Errorf("%d mails were taken, not %d", got, b.count)
	}
	return b.rateOf(started, "Foyer")
}

// raw sends as many mails by go-mail alone.
func (b *bench) raw(ctx context.Context) (float64, error) {
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	failures := make([]error, email.Connections)
	var workers sync.WaitGroup
	for i := range failures {
		workers.Go(func() { failures[i] = b.rawConnection(ctx, b.count/email.Connections) })
	}
	workers.Wait()
	if err := errors.Join(failures...); err != nil {
		return 0, err
	}
	return b.rateOf(started, "go-mail")
}

func (b *bench) rawConnection(ctx context.Context, count int) error {
	client, err := mail.NewClient(b.sink.address.Host, mail.WithPort(int(b.sink.address.Port)), mail.WithTLSPolicy(mail.NoTLS), mail.WithHELO("acme.example"))
	if err != nil {
		return fmt.Errorf("make a client of go-mail: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("connect by go-mail: %w", err)
	}
	for n := range count {
		number := strconv.Itoa(n)
		m := mail.NewMsg()
		if err := errors.Join(m.From("post@acme.example"), m.To(tenant.Address(tenant.AccountID(n)))); err != nil {
			return fmt.Errorf("make a mail: %w", err)
		}
		m.Subject(number)
		m.SetMessageIDWithValue(number + "@acme.example")
		m.SetDate()
		m.SetBodyString(mail.TypeTextPlain, "This is message "+number+".")
		if err := client.Send(m); err != nil {
			return fmt.Errorf("send by go-mail: %w", err)
		}
	}
	return client.Close()
}

// rateOf is how many mails were sent in a second of processor time, without the server's.
func (b *bench) rateOf(started clock.Clock, name string) (float64, error) {
	spent, err := started.Read()
	if err != nil {
		return 0, err
	}
	own := spent.Processor - spent.Programs[sinkArgument]
	b.progress("%s: %d mails, %.0f us each; %s; %.0f a second", name, b.count, float64(own.Microseconds())/float64(b.count), spent, float64(b.count)/spent.Time.Seconds())
	return float64(b.count) / own.Seconds(), nil
}
