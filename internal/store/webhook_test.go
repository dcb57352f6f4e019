package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestWebhookCursors: each webhook gets the events after it was declared, once it has taken
// those before; leases keep two replicas from giving them twice.
func TestWebhookCursors(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	d := tn.Dispatcher
	tn.happen(t, 3)
	declare := func(names ...string) {
		t.Helper()
		if err := d.DeclareWebhooks(t.Context(), names, now); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(at time.Time) (names []string, leases []store.WebhookLease) {
		t.Helper()
		leases = must[[]store.WebhookLease](t)(d.ClaimWebhooks(t.Context(), []string{"crm", "erp"}, at, time.Minute))
		for _, l := range leases {
			names = append(names, fmt.Sprint(l.Name, " ", l.Position, " ", l.Failures))
		}
		slices.Sort(names)
		return names, leases
	}
	want := func(got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	declare("crm")
	got, _ := claim(now)
	want(got)
	tn.happen(t, 2)
	declare("crm", "erp")
	got, first := claim(now)
	want(got, "crm 3 0")
	got, _ = claim(now)
	want(got)
	got, second := claim(now.Add(time.Minute))
	want(got, "crm 3 0")
	if err := d.AdvanceWebhook(t.Context(), first[0], 5, time.Time{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who is too late: %v", err)
	}
	if err := d.AdvanceWebhook(t.Context(), second[0], 4, now.Add(2*time.Minute)); err != nil {
		t.Error(err)
	}
	if err := d.FailWebhook(t.Context(), second[0], now.Add(time.Hour), "500"); err != nil {
		t.Error(err)
	}
	if err := d.FailWebhook(t.Context(), second[0], now, "again"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	got, _ = claim(now.Add(59 * time.Minute))
	want(got)
	tn.happen(t, 1)
	got, both := claim(now.Add(time.Hour))
	want(got, "crm 4 1", "erp 5 0")
	states := must[[]store.WebhookState](t)(tn.Backoffice.Webhooks(t.Context()))
	if len(states) != 2 || states[0].Name != "crm" || states[0].Behind != 2 || !states[0].Oldest.Equal(now) || states[0].Detail != "500" || states[0].Failures != 1 {
		t.Errorf("got %+v", states)
	}
	for _, l := range both {
		if err := d.AdvanceWebhook(t.Context(), l, 6, time.Time{}); err != nil {
			t.Error(err)
		}
	}
	if states := must[[]store.WebhookState](t)(d.Webhooks(t.Context())); states[0].Behind != 0 || states[0].Oldest != nil {
		t.Errorf("all were taken: %+v", states[0])
	}
}

// TestWebhooksThatAreGone: who runs an older document forgets no cursor and takes no turn of
// a webhook that it does not know. One that nobody declares for a while starts anew.
func TestWebhooksThatAreGone(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	d := tn.Dispatcher
	declare := func(at time.Time, names ...string) {
		t.Helper()
		if err := d.DeclareWebhooks(t.Context(), names, at); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), tn.column(t, `SELECT concat_ws(' ', name, position, gone_since AT TIME ZONE 'UTC') FROM webhook ORDER BY name`)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	tn.happen(t, 3)
	declare(now, "crm", "erp")
	tn.happen(t, 2)
	declare(now, "erp") // an older document
	want("not declared by one", "crm 3 2026-11-21 12:00:00", "erp 3")
	if got := must[[]store.WebhookLease](t)(d.ClaimWebhooks(t.Context(), []string{"erp"}, now, time.Minute)); len(got) != 1 || got[0].Name != "erp" {
		t.Errorf("who knows erp took %+v", got)
	}
	if got := must[[]store.WebhookLease](t)(d.ClaimWebhooks(t.Context(), []string{"crm"}, now, time.Minute)); len(got) != 1 || got[0].Position != 3 {
		t.Errorf("who knows crm took %+v", got)
	}
	if got := must[[]store.WebhookState](t)(d.Webhooks(t.Context())); len(got) != 1 || got[0].Name != "erp" {
		t.Errorf("shown: %+v", got)
	}
	declare(now.Add(9*time.Minute), "crm", "erp")
	want("declared again", "crm 3", "erp 3")
	declare(now.Add(20*time.Minute), "erp")
	declare(now.Add(30*time.Minute), "erp")
	want("not for long", "crm 3 2026-11-21 12:20:00", "erp 3")
	declare(now.Add(31*time.Minute), "erp")
	want("for good", "erp 3")
	declare(now.Add(31*time.Minute), "erp", "crm")
	want("a new one", "crm 5", "erp 3")
}

// TestWebhooksWaitInHold: nothing is handed over, and nothing lost.
func TestWebhooksWaitInHold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.Dispatcher.DeclareWebhooks(t.Context(), []string{"crm"}, now); err != nil {
		t.Fatal(err)
	}
	tn.happen(t, 2)
	for _, step := range []struct {
		mode  string
		taken int
	}{{store.DeliveryHold, 0}, {store.DeliveryRedirect, 1}, {store.DeliveryHold, 0}, {store.DeliveryLive, 1}} {
		if _, _, err := tn.Dispatcher.SetDelivery(t.Context(), step.mode, now); err != nil {
			t.Fatal(err)
		}
		got := must[[]store.WebhookLease](t)(tn.Dispatcher.ClaimWebhooks(t.Context(), []string{"crm"}, now, time.Minute))
		if len(got) != step.taken {
			t.Errorf("in %s: %+v", step.mode, got)
		}
		for _, l := range got {
			if l.Position != 0 {
				t.Errorf("in %s it goes on after %d", step.mode, l.Position)
			}
			if err := tn.Dispatcher.AdvanceWebhook(t.Context(), l, 0, time.Time{}); err != nil {
				t.Error(err)
			}
		}
	}
}
