package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// live lets everything go out that falls due from an hour before now on.
func (tn tenant) live(t *testing.T) {
	t.Helper()
	if _, _, err := tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// mail is a notification of an event to one address of an account.
func mail(account, event, address string) store.NewNotification {
	return store.NewNotification{
		Addressed: store.Addressed{
			AccountID: account, ContactID: "c-" + account, EventType: "invoice.issued", EventPosition: 1, EventID: event, About: "i-" + event, Occurrence: event,
			Category: "Invoice", Source: "EventTemplate", Template: "invoices", Action: "mail", Channel: store.ChannelEmail, Address: address, Locale: "en",
			SettingsDigest: "s1", RoutingDigest: "r1", Suite: "1", DueAt: now,
		},
		Occurrences: []store.Occurrence{{EventType: "invoice.issued", About: "i-" + event, Occurrence: event, Channel: store.ChannelEmail, Address: address}},
	}
}

// mails are notifications of so many events, each of an account of its own.
func mails(count int) []store.NewNotification {
	list := make([]store.NewNotification, count)
	for i := range list {
		list[i] = mail(fmt.Sprintf("a-%04d", i), fmt.Sprintf("e-%04d", i), "kim@example.com")
	}
	return list
}

// happen adds events to the feed.
func (tn tenant) happen(t *testing.T, count int) {
	t.Helper()
	err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: now}, func(ctx context.Context, w *store.Writer) error {
		head := tn.column(t, "SELECT event::text FROM feed")[0]
		list := make([]store.Event, count)
		for i := range list {
			list[i] = store.Event{Source: "test", ID: fmt.Sprintf("%s-%d", head, i), Type: "custom.test", Data: []byte(`{}`)}
		}
		_, err := w.EmitForeign(ctx, list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// plan keeps notifications as of a time.
func (tn tenant) plan(t *testing.T, at time.Time, list ...store.NewNotification) {
	t.Helper()
	tn.happen(t, 1)
	read, ran, err := tn.Dispatcher.PlanEvents(t.Context(), at, 1, func(ctx context.Context, p *store.Planning, _ []store.Event) error {
		return p.Add(ctx, list)
	})
	if err != nil || !ran || read != 1 {
		t.Fatalf("planned %d events: %v %v", read, ran, err)
	}
}

// claim takes mails of the ordinary lane as of a time, for a minute.
func (tn tenant) claim(t *testing.T, at time.Time, limit int) []store.Claimed {
	t.Helper()
	return must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{
		Now: at, Lane: 1, Channels: []string{store.ChannelEmail}, Limit: limit, LeaseFor: time.Minute,
	}))
}

// finish says the same of all that was claimed, and returns how many were lost.
func (tn tenant) finish(t *testing.T, at time.Time, claimed []store.Claimed, what store.Finished) int {
	t.Helper()
	list := make([]store.Finished, len(claimed))
	for i, c := range claimed {
		list[i] = what
		list[i].Lease = c.Lease
	}
	return len(must[[]store.Lease](t)(tn.Dispatcher.Finish(t.Context(), at, list)))
}

// states are the notifications by event, with what a test asks of each.
func (tn tenant) states(t *testing.T, columns string) []string {
	t.Helper()
	return tn.column(t, `SELECT concat_ws(' ', occurrence, `+columns+`) FROM notification ORDER BY occurrence, id`)
}
