package deliver

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/tracing"
)

// planBatch is how many events are planned in one transaction.
const planBatch = 200

// planOnce plans the next events of the feed. Where something of them cannot be kept, it is
// found out of which, and that one is told of by a notification that is dead: those after it
// must not wait for it.
func (d *Dispatcher) planOnce(ctx context.Context) time.Duration {
	limit := planBatch
	if d.singly > 0 {
		limit = 1
	}
	read, err := d.planNext(ctx, limit, d.planEvents)
	code, refused := store.Unstorable(err)
	switch {
	case refused && limit > 1:
		d.singly = planBatch
		return 0
	case refused:
		read, err = d.planNext(ctx, limit, func(_ context.Context, r *rules, _ *store.Planning, events []store.Event, now time.Time) ([]store.NewNotification, error) {
			list := []store.NewNotification{}
			for _, e := range events {
				list = append(list, d.notPlanned(r, e, refusedBy(code), now))
			}
			return list, nil
		})
	}
	if err != nil {
		return d.failed(ctx, "plan the newest events", err)
	}
	d.singly = max(d.singly-read, 0)
	if read == limit {
		return 0
	}
	return plannerPoll
}

// planWork plans events.
type planWork func(context.Context, *rules, *store.Planning, []store.Event, time.Time) ([]store.NewNotification, error)

// planNext is one transaction: the next events are planned, or none of them.
func (d *Dispatcher) planNext(ctx context.Context, limit int, work planWork) (read int, err error) {
	now, r := d.Now(), d.inForce()
	var planned []store.NewNotification
	read, _, err = d.Store.PlanEvents(ctx, now, limit, func(ctx context.Context, p *store.Planning, events []store.Event) (err error) {
		ctx, span := tracing.Begin(ctx, "plan")
		span.Number("foyer.events", int64(len(events)))
		defer func() { span.End(err) }()
		if planned, err = work(ctx, r, p, events, now); err != nil {
			return err
		}
		return p.Add(ctx, planned)
	})
	if err != nil {
		return 0, err
	}
	d.metrics.countPlanned(planned)
	return read, nil
}

func (d *Dispatcher) planEvents(ctx context.Context, r *rules, p *store.Planning, events []store.Event, now time.Time) ([]store.NewNotification, error) {
	known, err := p.Read(ctx, wantedOf(events))
	if err != nil {
		return nil, err
	}
	var planned []store.NewNotification
	for _, e := range events {
		_, span := tracing.Begin(ctx, "plan event")
		list := d.planEvent(r, e, known, p.Delivery(), now)
		span.Text("foyer.event.type", e.Type)
		span.Number("foyer.notifications", int64(len(list)))
		span.End(nil)
		planned = append(planned, list...)
	}
	return planned, nil
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

// planEvent plans one event. One that cannot be planned must not keep back those after it.
func (d *Dispatcher) planEvent(r *rules, e store.Event, known store.Known, state store.DeliveryState, now time.Time) (list []store.NewNotification) {
	var planned []plan.Notification
	err := safely(func() error {
		account := r.account(known.Accounts[e.AccountID], now) // nil: the event is about more than one
		if account == nil && e.AccountID != "" {
			return nil // the account was deleted
		}
		event, err := stored.Event(e, known)
		if err == nil {
			planned = r.Plan(event, account, now)
		}
		return err
	})
	if err != nil {
		return []store.NewNotification{d.notPlanned(r, e, err, now)}
	}
	for _, n := range planned {
		row := r.row(n, e.AccountID)
		if state.Mode == store.DeliveryLive && state.LiveSince != nil {
			sinceLive(&row, *state.LiveSince)
		}
		list = append(list, row)
	}
	return list
}

// sinceLive suppresses what fell due before delivery went Live. Whoever waits to get in is
// not kept out because the clocks of two processes differ.
func sinceLive(row *store.NewNotification, live time.Time) {
	early := live.Sub(row.DueAt)
	switch {
	case early <= 0 || row.Suppressed != "":
	case row.Security && early <= clockTolerance:
		row.DueAt = live
	default:
		row.Suppressed = string(plan.BeforeGoLive)
	}
}

// notPlanned says that an event notifies nobody because it could not be planned.
func (d *Dispatcher) notPlanned(r *rules, e store.Event, why error, now time.Time) store.NewNotification {
	d.Log.Error("an event could not be planned: it notifies nobody", "event", e.ID, "type", e.Type, "account", e.AccountID, "error", why)
	return r.unplanned(e, why, now)
}

// refusedBy is the error of what the database does not keep. Its own words may have the
// values of a customer.
func refusedBy(code string) error {
	return fmt.Errorf("the database does not keep what it makes known (SQLSTATE %s)", code)
}

// unplanned is the record of what could not be planned.
func (r *rules) unplanned(e store.Event, why error, now time.Time) store.NewNotification {
	return store.NewNotification{
		Addressed: store.Addressed{
			AccountID: e.AccountID, EventType: e.Type, EventPosition: e.Position, EventID: e.ID, About: e.Subject, Occurrence: e.ID,
			Category: string(catalog.General), Source: string(plan.Standard), Channel: store.ChannelLog,
			SettingsDigest: r.live.Digest, RoutingDigest: r.routing.Digest, DueAt: now,
		},
		Unplanned: true, Detail: "it could not be planned, so nobody was told: " + why.Error(),
	}
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
	if n.Source == plan.Standard {
		row.Suite = suite.Version
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
// The error says where it was, and not with which values: they may be a customer's.
func safely(work func() error) (err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		what := fmt.Sprintf("%T", cause)
		if known, ok := cause.(runtime.Error); ok {
			what = known.Error()
		}
		err = fmt.Errorf("panic: %s at %s", what, placeOfPanic())
	}()
	return work()
}

// placeOfPanic is where the function panicked whose panic the caller has recovered.
func placeOfPanic() string {
	const own, most = 3, 32 // this function, its caller and that of runtime that lists them
	pcs := make([]uintptr, most)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(own, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", path.Base(frame.Function), path.Base(frame.File), frame.Line)
		}
	}
}

// followOnce applies the delivery mode of the settings.
func (d *Dispatcher) followOnce(ctx context.Context) time.Duration {
	mode := d.Settings().Delivery().Mode
	if string(mode) == store.DeliveryLive && d.clockOff.Load() {
		return failurePause // what fell due before that time is never sent
	}
	if mode == d.followed {
		return followPoll
	}
	d.followed = ""
	state, changed, err := d.Store.SetDelivery(ctx, string(mode), d.Now())
	if state.Mode != "" { // it is set, whatever became of what waits; or stays Hold, if adopted
		d.inMode.Store(&mode)
	}
	if err != nil {
		return d.failed(ctx, "apply the delivery mode", err)
	}
	if changed {
		d.Log.Info("the delivery mode changed", "mode", mode, "liveSince", state.LiveSince)
	}
	if !state.Settled { // something is with a worker that does not belong there any more
		return followPoll
	}
	d.followed = mode
	if state.Adopted {
		d.Log.Warn("nothing is sent: the tenant's data was taken over from another cluster; set delivery.mode to Hold, look at what waits, and then go Live", "mode", mode)
	}
	return followPoll
}

// behind says whether the mode of the settings is another than the one that was set. Until it
// is, nothing is planned or claimed: each plan and each claim would keep the change waiting,
// and goes by a mode that is not wanted any more.
func (d *Dispatcher) behind() bool {
	set := d.inMode.Load()
	return set != nil && *set != d.Settings().Delivery().Mode
}

// inStep is a step that is left out while the mode is behind.
func (d *Dispatcher) inStep(step func(context.Context) time.Duration) func(context.Context) time.Duration {
	return func(ctx context.Context) time.Duration {
		if d.behind() {
			return followPoll
		}
		return step(ctx)
	}
}
