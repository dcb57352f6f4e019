package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestGoingLive: what fell due before is suppressed, what falls due later goes out, in more
// than one batch; nothing goes out while it is held, whoever asks.
func TestGoingLive(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const held = 6000
	tn.exec(t, `INSERT INTO notification (id, event_type, occurrence, category, source, action, channel, state, due_at, turn_at, updated_at)
		SELECT gen_random_uuid(), 'x', 'old', 'General', 'Standard', 'x', 'Email', 'Held', $1, $1, $1 FROM generate_series(1, $2)`, now.Add(-time.Second), held)
	later := mail("A", "later", "x")
	later.DueAt = now.Add(time.Hour)
	old := mail("A", "planned", "x")
	old.DueAt = now.Add(-time.Minute)
	tn.plan(t, now, later, old)
	if claimed := tn.claim(t, now.Add(2*time.Hour), 10); len(claimed) > 0 {
		t.Errorf("claimed what is held: %v", claimed)
	}
	state, changed, err := tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, now)
	if err != nil || !changed || !state.Settled || !state.LiveSince.Equal(now) {
		t.Errorf("got %+v %v %v", state, changed, err)
	}
	_, changed, err = tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, now.Add(time.Hour))
	if again := must[store.DeliveryState](t)(tn.Dispatcher.Delivery(t.Context())); err != nil || changed || !again.LiveSince.Equal(now) {
		t.Errorf("it went live again: %+v %v", again, err)
	}
	want := []string{"later Planned 1", "old Suppressed beforeGoLive 6000", "planned Suppressed beforeGoLive 1"}
	got := tn.column(t, `SELECT concat_ws(' ', occurrence, state, nullif(reason, ''), count(*)) FROM notification GROUP BY occurrence, state, reason ORDER BY 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tn.plan(t, now.Add(time.Minute), old) // as of an event from before
	if claimed := tn.claim(t, now.Add(2*time.Hour), 10); len(claimed) != 1 || claimed[0].Occurrence != "later" {
		t.Errorf("claimed %v", claimed)
	}
}

// TestBackToHold: what waits is held again; what is with a worker when the mode changes is
// moved once it comes back.
func TestBackToHold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.plan(t, now, mails(4)...)
	claimed := tn.claim(t, now, 2)
	state, changed, err := tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryHold, now)
	if err != nil || !changed || state.Settled {
		t.Errorf("got %+v %v %v", state, changed, err)
	}
	if more := tn.claim(t, now, 10); len(more) > 0 {
		t.Errorf("claimed %v", more)
	}
	if diff := cmp.Diff([]string{"e-0000 Planned", "e-0001 Planned", "e-0002 Held", "e-0003 Held"}, tn.states(t, "state")); diff != "" {
		t.Error(diff)
	}
	tn.finish(t, now, claimed[:1], store.Finished{Outcome: store.StateSent})
	tn.finish(t, now, claimed[1:], store.Finished{Outcome: store.StateRetry, NextAt: now.Add(time.Minute)})
	state, changed, err = tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryHold, now)
	if err != nil || changed || !state.Settled {
		t.Errorf("got %+v %v %v", state, changed, err)
	}
	if diff := cmp.Diff([]string{"e-0000 Sent", "e-0001 Held", "e-0002 Held", "e-0003 Held"}, tn.states(t, "state")); diff != "" {
		t.Error(diff)
	}
	if _, _, err := tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryRedirect, now); err != nil {
		t.Fatal(err)
	}
	tn.plan(t, now, mail("A", "e-4", "x"))
	if got := tn.claim(t, now, 10); len(got) != 1 || got[0].Mode != store.DeliveryRedirect || got[0].Occurrence != "e-4" {
		t.Errorf("redirected: %v", got)
	}
	if _, _, err := tn.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, now); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"e-0000 Sent", "e-0001 Retry", "e-0002 Planned", "e-0003 Planned", "e-4 Planned"}, tn.states(t, "state")); diff != "" {
		t.Error(diff)
	}
}
