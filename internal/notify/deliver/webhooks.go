package deliver

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// The webhooks of the tenant get every event of their types, in order, until each is taken.
// While delivery is Hold they wait, and lose nothing; they are of the provider's own systems,
// so in Redirect they get what there is.
const (
	webhookLease = time.Minute      // longer than one event takes
	webhookTurn  = 20 * time.Second // then another replica may go on
	webhookPage  = 100              // events that are read at once

	minWebhookDelay = 5 * time.Second
	maxWebhookDelay = 15 * time.Minute
)

// webhooksOnce gives each webhook whose turn it is its next events.
func (d *Dispatcher) webhooksOnce(ctx, under context.Context) time.Duration {
	declared := d.Settings().Tenant.Webhooks
	names := make([]string, len(declared))
	for i, w := range declared {
		names[i] = w.Name
	}
	if err := d.Store.DeclareWebhooks(ctx, names, d.Now()); err != nil {
		return d.failed(ctx, "declare the webhooks of the tenant", err)
	}
	if len(names) == 0 {
		return webhookPoll
	}
	turns, err := d.Store.ClaimWebhooks(ctx, names, d.Now(), webhookLease)
	if err != nil {
		return d.failed(ctx, "look whose turn it is of the webhooks", err)
	}
	for _, turn := range turns {
		webhook := declared[slices.Index(names, turn.Name)]
		d.hooks.Go(func() { d.serve(ctx, under, webhook, turn) })
	}
	return webhookPoll
}

// serve hands a webhook its next events for one turn, which ends early when ctx does.
func (d *Dispatcher) serve(ctx, under context.Context, w config.TenantWebhook, turn store.WebhookLease) {
	began := time.Now()
	position := turn.Position
	for {
		next, more, err := d.servePage(ctx, under, w, &turn, position)
		if err != nil {
			d.refusedByWebhook(under, turn, err)
			return
		}
		position = next
		var until time.Time // somebody else may go on at once
		again := more && !d.holdsWebhooks(ctx) && time.Since(began) < webhookTurn
		if again {
			until = d.Now().Add(webhookLease)
		}
		if err := d.Store.AdvanceWebhook(under, turn, position, until); err != nil {
			d.failed(ctx, "remember what webhook "+turn.Name+" has taken", err)
			return
		}
		if !again {
			return
		}
	}
}

// servePage hands over the events of one page, and returns the position after those that
// were taken.
func (d *Dispatcher) servePage(ctx, under context.Context, w config.TenantWebhook, turn *store.WebhookLease, position int64) (next int64, more bool, err error) {
	page, err := d.Store.Events(under, store.FeedPage{After: position, Limit: webhookPage})
	if err != nil {
		return position, false, err
	}
	if page.Gone(position) {
		d.Log.Error("a webhook has missed events: they were not kept so long", "webhook", w.Name, "after", position, "kept", page.Purged)
	}
	wanted := slices.DeleteFunc(slices.Clone(page.Entries), func(e store.Event) bool { return !w.Takes(e.Type) })
	now := d.Now()
	known, err := d.Store.Facts(now).Read(under, wantedOf(wanted))
	if err != nil {
		return position, false, err
	}
	r := d.inForce()
	for _, e := range wanted {
		if d.holdsWebhooks(ctx) {
			return position, false, nil
		}
		body, err := r.cloudEvent(e, known, now)
		if err != nil {
			// No release will make more of it, and those after it must not wait.
			d.Log.Error("an event cannot be made for a webhook: it is left out", "webhook", w.Name, "event", e.ID, "type", e.Type, "error", err)
			position = e.Position
			continue
		}
		m := channel.Message{ID: webhookID(e), Attempt: turn.Failures + 1, AccountID: e.AccountID, To: w.URL, MediaType: integration.CloudEventMediaType, Body: body, At: now}
		if _, err := d.Ways[1][store.ChannelWebhook].Send(under, m); err != nil {
			return position, false, err
		}
		d.metrics.events.WithLabelValues(w.Name).Inc()
		if turn.Failures > 0 {
			d.Log.Info("a webhook takes events again", "webhook", w.Name, "failures", turn.Failures)
		}
		position, turn.Failures = e.Position, 0
		if err := d.Store.AdvanceWebhook(under, *turn, position, d.Now().Add(webhookLease)); err != nil {
			return position, false, err
		}
	}
	return page.Next, page.Next < page.Head, nil
}

// holdsWebhooks says whether no more events are handed over: the process stops, or the
// settings ask for Hold.
func (d *Dispatcher) holdsWebhooks(ctx context.Context) bool {
	return ctx.Err() != nil || d.Settings().Delivery().Mode == config.DeliveryHold
}

// webhookID is what a receiver tells repeats of an event by. Ids of Foyer's own events are
// random and fit a header; others may have any id, also one that another source has used.
func webhookID(e store.Event) string {
	if e.Source == store.SourceFoyer {
		return e.ID
	}
	return integration.WebhookID(e.Source, e.ID)
}

// cloudEvent is an event as systems get it.
func (r *rules) cloudEvent(e store.Event, known store.Known, now time.Time) (body []byte, err error) {
	event, err := stored.Event(e, known)
	if err != nil {
		return nil, err
	}
	err = safely(func() error {
		body, err = r.CloudEvent(event, r.account(known.Accounts[e.AccountID], now))
		return err
	})
	return body, err
}

// refusedByWebhook lets a webhook rest whose next event was not taken.
func (d *Dispatcher) refusedByWebhook(ctx context.Context, turn store.WebhookLease, err error) {
	failure := (*channel.Error)(nil)
	if !errors.As(err, &failure) {
		d.failed(ctx, "serve webhook "+turn.Name, err)
		return // the lease ends by itself
	}
	d.metrics.failed.WithLabelValues(store.ChannelWebhook, string(failure.Class)).Inc()
	d.tally.add(store.ChannelWebhook, string(failure.Class), failure.Code)
	if turn.Failures == 0 {
		d.Log.Warn("a webhook did not take an event: it is tried again until it does, and what comes after waits", "webhook", turn.Name, "code", failure.Code)
	}
	delay := webhookDelay(turn.Failures, failure.After)
	if err := d.Store.FailWebhook(ctx, turn, d.Now().Add(delay), failure.Code+": "+failure.Detail); err != nil {
		d.failed(ctx, "remember what webhook "+turn.Name+" refused", err)
	}
}

// measureWebhooks says how the webhooks are doing.
func (d *Dispatcher) measureWebhooks(ctx context.Context) error {
	states, err := d.Store.Webhooks(ctx)
	if err != nil {
		return err
	}
	d.metrics.behind.Reset() // of those that are not declared any more
	d.metrics.failures.Reset()
	for _, w := range states {
		d.metrics.behind.WithLabelValues(w.Name).Set(float64(w.Behind))
		d.metrics.failures.WithLabelValues(w.Name).Set(float64(w.Failures))
	}
	return nil
}

// webhookDelay is how long a webhook rests after so many failures before this one.
func webhookDelay(failures int, asked time.Duration) time.Duration {
	delay := maxWebhookDelay
	if failures < 8 { // 5 s, doubled so often, is more
		delay = min(minWebhookDelay<<failures, maxWebhookDelay)
	}
	return max(delay/2+rand.N(delay/2), min(asked, maxWebhookDelay))
}
