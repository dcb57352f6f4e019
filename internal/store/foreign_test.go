package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestForeignEvents: an event is taken once by its source and id, whoever sends it at the
// same moment, and the initiator of the portal's own is kept.
func TestForeignEvents(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	event := func(source, id string) store.Event {
		return store.Event{Source: source, ID: id, Type: "custom.meter", AccountID: "A", Subject: "m-1", Data: []byte(`{"meter":{"id":"m-1"}}`), At: now}
	}
	emit := func(list ...store.Event) (before []store.OnRecord) {
		err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token meters", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			before, err = w.EmitForeign(ctx, list)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return before
	}
	fresh, repeated := store.OnRecord{}, store.OnRecord{Type: "custom.meter", AccountID: "A"}
	if diff := cmp.Diff([]store.OnRecord{fresh, fresh, repeated, fresh}, emit(event("x", "1"), event("y", "1"), event("x", "1"), event("x", "2"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]store.OnRecord{repeated, fresh}, emit(event("x", "2"), event("x", "3"))); diff != "" {
		t.Error(diff)
	}
	var mu sync.Mutex
	taken := 0
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if d := emit(event("x", "at once")); len(d) == 1 && d[0] == fresh {
				mu.Lock()
				defer mu.Unlock()
				taken++
			}
		})
	}
	group.Wait()
	if taken != 1 {
		t.Errorf("it was taken %d times", taken)
	}
	want := []string{"x 1 token meters A m-1", "y 1 token meters A m-1", "x 2 token meters A m-1", "x 3 token meters A m-1", "x at once token meters A m-1"}
	if diff := cmp.Diff(want, tn.column(t, `SELECT concat_ws(' ', source, id, actor, account_id, subject) FROM event WHERE type = 'custom.meter' ORDER BY position`)); diff != "" {
		t.Error(diff)
	}
}

// TestOptOut: by the link of a mail, once and for all; not of what always comes.
func TestOptOut(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	first := person("kim", "A")
	first.OptedOut = []string{"Product"}
	tn.contacts(t, first)
	optOut := func(contact, category string) (outcome string, err error) {
		err = tn.Portal.Write(t.Context(), store.Origin{Actor: "link", Stranger: true, ContactID: "kim", Now: now}, func(ctx context.Context, w *store.Writer) error {
			result, err := w.OptOut(ctx, contact, category)
			outcome = result.Outcome
			return err
		})
		return outcome, err
	}
	for i, test := range []struct{ contact, category, want string }{
		{"kim", "Invoice", store.Updated}, {"kim", "Invoice", store.Unchanged}, {"kim", "Security", store.Refused}, {"kim", "General", store.Updated},
	} {
		if got, err := optOut(test.contact, test.category); err != nil || got != test.want {
			t.Errorf("%d: %s %v", i, got, err)
		}
	}
	for _, nobody := range []string{"none", "", "\x00"} {
		if _, err := optOut(nobody, "Invoice"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", nobody, err)
		}
	}
	reader := must[store.Reader](t)(tn.Portal.Reader(t.Context(), "kim"))
	if diff := cmp.Diff([]string{"General", "Invoice", "Product"}, reader.OptedOut); diff != "" {
		t.Error(diff)
	}
	if got := tn.column(t, `SELECT type || ' ' || contact_id FROM event WHERE type = 'contact.updated' AND contact_id <> ''`); !cmp.Equal(got, []string{"contact.updated kim", "contact.updated kim"}) {
		t.Errorf("events: %v", got)
	}
}

// TestBanners: what a worker shows is shown once, and closed by each person alone.
func TestBanners(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	shown := mail("A", "e-1", "")
	shown.Channel = store.ChannelBanner
	tn.plan(t, now, shown)
	claimed := must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: now, Lane: 1, Channels: []string{store.ChannelBanner}, Limit: 1, LeaseFor: 1}))
	show := func(text string) (lost []store.Lease, err error) {
		err = tn.Dispatcher.Write(t.Context(), store.Origin{Actor: "dispatcher", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			lost, err = w.Finish(ctx, []store.Finished{{Lease: claimed[0].Lease, Outcome: store.StateSent}})
			if err != nil || len(lost) > 0 {
				return errors.Join(err, store.ErrRefused)
			}
			return w.AddBanners(ctx, []store.Banner{{ID: claimed[0].ID, AccountID: "A", Category: "General", Texts: map[string]string{"": text}, From: now, To: now.AddDate(0, 0, 1)}})
		})
		return lost, err
	}
	if lost, err := show("Hello\x00"); err != nil || len(lost) > 0 {
		t.Fatal(lost, err)
	}
	if lost, err := show("again"); !errors.Is(err, store.ErrRefused) || len(lost) != 1 {
		t.Errorf("shown again: %v %v", lost, err)
	}
	for _, account := range []string{"B", "A", "A"} {
		if err := tn.Portal.CloseBanner(t.Context(), account, "kim", claimed[0].ID); err != nil {
			t.Error(err)
		}
	}
	want := []string{`{"": "Hello"} {kim}`}
	if diff := cmp.Diff(want, tn.column(t, `SELECT texts::text || ' ' || closed_by::text FROM banner`)); diff != "" {
		t.Error(diff)
	}
}
