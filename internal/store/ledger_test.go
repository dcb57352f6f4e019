package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestLedger: what is planned is claimed with all that it says, and what became of it is on
// record with each attempt.
func TestLedger(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	planned := mail("A", "e-1", "kim@example.com")
	planned.CC, planned.BCC = []string{"cc@example.com"}, []string{"bcc@example.com"}
	tn.plan(t, now, planned)
	if early := tn.claim(t, now.Add(-time.Second), 10); len(early) > 0 {
		t.Errorf("claimed before its turn: %v", early)
	}
	first := tn.claim(t, now, 10)
	if len(first) != 1 {
		t.Fatalf("claimed %d", len(first))
	}
	first[0].DueAt = first[0].DueAt.UTC()
	want := store.Claimed{Lease: first[0].Lease, Tries: 1, Mode: store.DeliveryLive, Addressed: planned.Addressed}
	if diff := cmp.Diff(want, first[0]); diff != "" || first[0].Attempt != 1 {
		t.Errorf("attempt %d (-want +got):\n%s", first[0].Attempt, diff)
	}
	if again := tn.claim(t, now, 10); len(again) > 0 {
		t.Errorf("claimed twice: %v", again)
	}
	if lost := tn.finish(t, now, first, store.Finished{Outcome: store.StateRetry, NextAt: now.Add(time.Hour), Reason: "failed", Class: "temporary", Code: "451", Detail: "later"}); lost > 0 {
		t.Error("lost the first lease")
	}
	if early := tn.claim(t, now.Add(59*time.Minute), 10); len(early) > 0 {
		t.Errorf("tried again too early: %v", early)
	}
	second := tn.claim(t, now.Add(time.Hour), 10)
	if len(second) != 1 || second[0].Attempt != 2 || second[0].Tries != 2 || second[0].Uncertain {
		t.Fatalf("got %+v", second)
	}
	sent := store.Finished{Outcome: store.StateSent, ProviderID: "p-1", RedirectedTo: "test@example.com", Subject: "Invoice", Body: "Hello\x00 \xff"}
	if lost := tn.finish(t, now.Add(time.Hour), second, sent); lost > 0 {
		t.Error("lost the second lease")
	}
	entry := must[store.LedgerDetail](t)(tn.Backoffice.LedgerEntry(t.Context(), second[0].ID))
	log := []store.Attempt{
		{Number: 1, BeganAt: now, EndedAt: now, Outcome: store.StateRetry, Class: "temporary", Code: "451", Detail: "later"},
		{Number: 2, BeganAt: now.Add(time.Hour), EndedAt: now.Add(time.Hour), Outcome: store.StateSent},
	}
	if diff := cmp.Diff(log, entry.Log); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	e := entry.LedgerEntry
	if entry.Body != "Hello " || e.Subject != "Invoice" || e.State != store.StateSent || e.Attempts != 2 || !e.SentAt.Equal(now.Add(time.Hour)) ||
		!e.PlannedAt.Equal(now) || e.ProviderID != "p-1" || e.RedirectedTo != "test@example.com" {
		t.Errorf("got %+v", entry)
	}
}

// TestLateFinishIsRefused: who is too late changes nothing, whatever became of the
// notification since.
func TestLateFinishIsRefused(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.plan(t, now, mails(3)...)
	late := tn.claim(t, now, 10)
	tn.exec(t, `UPDATE notification_lease SET until = until + interval '1 hour' WHERE id = $1`, late[0].ID)
	expired := now.Add(time.Minute + time.Second)
	rescued := must[store.Rescued](t)(tn.Dispatcher.Rescue(t.Context(), store.RescueRequest{Now: expired, Limit: 10}))
	if diff := cmp.Diff(store.Rescued{All: 2}, rescued); diff != "" {
		t.Error(diff)
	}
	other := tn.claim(t, expired, 10)
	if len(other) != 2 || !other[0].Uncertain || other[0].Attempt != 2 {
		t.Fatalf("got %+v", other)
	}
	if lost := tn.finish(t, expired, late, store.Finished{Outcome: store.StateDead}); lost != 2 {
		t.Errorf("%d late outcomes were refused", lost)
	}
	if lost := tn.finish(t, expired, other, store.Finished{Outcome: store.StateSent}); lost > 0 {
		t.Error("the new worker lost its lease")
	}
	if lost := tn.finish(t, expired, late, store.Finished{Outcome: store.StateDead}); lost != 3 {
		t.Errorf("%d outcomes were refused after the end", lost)
	}
	want := []string{"e-0000 Dead 1", "e-0001 Sent 2", "e-0002 Sent 2"}
	if diff := cmp.Diff(want, tn.states(t, "state, attempts")); diff != "" {
		t.Error(diff)
	}
	outcomes := tn.column(t, `SELECT number || ' ' || outcome FROM notification_attempt ORDER BY notification_id, number`)
	if diff := cmp.Diff([]string{"1 Dead", "1 Uncertain", "2 Sent", "1 Uncertain", "2 Sent"}, outcomes); diff != "" {
		t.Error(diff)
	}
	if left := tn.column(t, `SELECT count(*)::text FROM notification_lease`); left[0] != "0" {
		t.Errorf("%s leases are left", left[0])
	}
}

// TestRescue: what may have arrived is tried once more, and waits for staff then, at once
// where they are to be asked, and never where nothing is delivered twice.
func TestRescue(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	text := mail("A", "e-text", "+49 151 1")
	text.Channel, text.Occurrences = store.ChannelSMS, nil
	hook := mail("A", "e-url", "https://crm.example/hook")
	hook.Channel, hook.Occurrences = store.ChannelWebhook, nil
	tn.plan(t, now, text, mail("B", "e-mail", "b@example.com"), hook)
	at := now.Add(time.Second) // the turns of all have come
	for try := 1; try <= 3; try++ {
		must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: at, Lane: 1, Channels: []string{store.ChannelSMS, store.ChannelEmail, store.ChannelWebhook}, Limit: 10, LeaseFor: time.Minute}))
		at = at.Add(2 * time.Minute)
		must[store.Rescued](t)(tn.Dispatcher.Rescue(t.Context(), store.RescueRequest{Now: at, Limit: 10, Ask: []string{store.ChannelSMS}, Again: []string{store.ChannelWebhook}}))
		want := []string{"e-mail Retry uncertain 1", "e-text Uncertain uncertain 1", fmt.Sprint("e-url Retry uncertain ", try)}
		if try > 1 {
			want[0] = "e-mail Uncertain uncertain 2"
		}
		if diff := cmp.Diff(want, tn.states(t, "state, reason, attempts")); diff != "" {
			t.Errorf("after %d: %s", try, diff)
		}
	}
}

// TestReturned: what was not tried is as it was before, and has no attempt.
func TestReturned(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.plan(t, now, mails(2)...)
	for range 3 {
		if lost := tn.finish(t, now, tn.claim(t, now, 10), store.Finished{Outcome: store.Returned, Reason: "broken"}); lost > 0 {
			t.Error("lost")
		}
	}
	tn.finish(t, now, tn.claim(t, now, 1), store.Finished{Outcome: store.Returned, NextAt: now.Add(time.Minute)})
	want := []string{"e-0000 Planned 0 60", "e-0001 Planned 0 0"}
	if diff := cmp.Diff(want, tn.states(t, `state, attempts, extract(epoch FROM turn_at - due_at)::int`)); diff != "" {
		t.Error(diff)
	}
	if n := tn.column(t, `SELECT count(*)::text FROM notification_attempt`); n[0] != "0" {
		t.Errorf("%s attempts", n[0])
	}
}

// TestClaimGoesByTurns: lanes are apart, channels come in the order that is asked for, and
// notifications in that of their turns.
func TestClaimGoesByTurns(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	list := mails(4)
	list[0].DueAt = now.Add(-time.Minute)
	list[1].Channel, list[1].Occurrences = store.ChannelSMS, nil
	list[2].Security = true
	list[3].DueAt = now.Add(-2 * time.Minute)
	tn.plan(t, now, list...)
	for _, test := range []struct {
		lane     int
		channels []string
		limit    int
		want     []string
	}{
		{1, []string{store.ChannelSMS, store.ChannelEmail}, 2, []string{"e-0001", "e-0003"}},
		{1, []string{store.ChannelEmail, store.ChannelSMS}, 1, []string{"e-0003"}},
		{1, []string{store.ChannelEmail, store.ChannelSMS}, 10, []string{"e-0003", "e-0000", "e-0001"}},
		{0, []string{store.ChannelEmail, store.ChannelSMS}, 10, []string{"e-0002"}},
		{0, []string{store.ChannelWebhook}, 10, nil},
	} {
		claimed := must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: now, Lane: test.lane, Channels: test.channels, Limit: test.limit, LeaseFor: time.Minute}))
		var got []string
		for _, c := range claimed {
			got = append(got, c.Occurrence)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("lane %d, %v: %s", test.lane, test.channels, diff)
		}
		tn.finish(t, now, claimed, store.Finished{Outcome: store.Returned})
	}
}
