package deliver

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// planBatch is how many events are planned in one transaction.
const planBatch = 200

// planOnce plans the next events of the feed.
func (d *Dispatcher) planOnce(ctx context.Context) time.Duration {
	now, r := d.Now(), d.inForce()
	var planned []store.NewNotification
	read, _, err := d.Store.PlanEvents(ctx, now, planBatch, func(ctx context.Context, p *store.Planning, events []store.Event) error {
		known, err := p.Read(ctx, wantedOf(events))
		if err != nil {
			return err
		}
		planned = planned[:0] // the transaction may be tried again
		for _, e := range events {
			planned = append(planned, d.planEvent(r, e, known, p.Delivery(), now)...)
		}
		return p.Add(ctx, planned)
	})
	if err != nil {
		return d.failed(ctx, "plan the newest events", err)
	}
	d.metrics.countPlanned(planned)
	if read == planBatch {
		return 0
	}
	return plannerPoll
}

// wantedOf is what the planning of events reads.
func wantedOf(events []store.Event) store.Wanted {
	var wanted store.Wanted
	for _, e := range events {
		if e.AccountID != "" {
			wanted.Accounts = append(wanted.Accounts, e.AccountID)
		}
		if store.SendsLink(e.Type) {
			wanted.Links = append(wanted.Links, e.Subject)
		}
		if strings.HasPrefix(e.Type, "ticket.") {
			wanted.Tickets = append(wanted.Tickets, e.Subject)
		}
	}
	return wanted
}

// planEvent plans one event. One that cannot be planned must not keep back those after it:
// it is logged, and notifies nobody.
func (d *Dispatcher) planEvent(r *rules, e store.Event, known store.Known, state store.DeliveryState, now time.Time) (list []store.NewNotification) {
	account := r.account(known.Accounts[e.AccountID], now) // nil: the event is about more than one
	if account == nil && e.AccountID != "" {
		return nil // the account was deleted
	}
	event, err := stored.Event(e, known)
	var planned []plan.Notification
	if err == nil {
		err = safely(func() error { planned = r.Plan(event, account, now); return nil })
	}
	if err != nil {
		d.Log.Error("an event could not be planned: it notifies nobody", "event", e.ID, "type", e.Type, "account", e.AccountID, "error", err)
		return nil
	}
	for _, n := range planned {
		row := r.row(n, e.AccountID)
		if row.Suppressed == "" && state.Mode == store.DeliveryLive && state.LiveSince != nil && n.DueAt.Before(*state.LiveSince) {
			row.Suppressed = string(plan.BeforeGoLive)
		}
		list = append(list, row)
	}
	return list
}

// row is a notification as the store keeps it.
func (r *rules) row(n plan.Notification, accountID string) store.NewNotification {
	row := store.NewNotification{
		Addressed: store.Addressed{
			AccountID: accountID, ContactID: n.ContactID,
			EventType: n.Event.Type, EventPosition: n.Event.Position, EventID: n.Event.ID, About: n.Event.About, Occurrence: n.Event.ID,
			Category: n.Category, Source: string(n.Source), Template: n.Template, Action: n.Action,
			Channel: n.Channel, Address: n.Address, CC: n.CC, BCC: n.BCC, Locale: n.Locale,
			SettingsDigest: r.live.Digest, RoutingDigest: r.routing.Digest, DueAt: n.DueAt,
		},
		Security: n.Security, Suppressed: string(n.Suppressed),
	}
	if n.Invoice != nil {
		row.About, row.Occurrence = n.Invoice.ID, strconv.Itoa(int(n.Day))
	}
	for _, o := range n.Occurrences {
		row.Occurrences = append(row.Occurrences, store.Occurrence(o))
	}
	return row
}

// safely turns a panic of what is pure into an error: one message must not stop the others.
func safely(work func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return work()
}

// followOnce applies the delivery mode of the settings.
func (d *Dispatcher) followOnce(ctx context.Context) time.Duration {
	mode := d.Settings().Delivery().Mode
	if mode == d.followed {
		return followPoll
	}
	state, changed, err := d.Store.SetDelivery(ctx, string(mode), d.Now())
	if err != nil {
		return d.failed(ctx, "apply the delivery mode", err)
	}
	if changed {
		d.Log.Info("the delivery mode changed", "mode", mode, "liveSince", state.LiveSince)
	}
	if state.Settled { // else something is with a worker that does not belong there any more
		d.followed = config.DeliveryMode(state.Mode)
	}
	return followPoll
}
