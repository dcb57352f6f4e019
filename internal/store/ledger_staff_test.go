package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func (tn tenant) byStaff(t *testing.T, work func(context.Context, *store.Writer) ([]string, error)) []string {
	t.Helper()
	var ids []string
	err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "staff", Now: now.Add(time.Hour)}, func(ctx context.Context, w *store.Writer) (err error) {
		ids, err = work(ctx, w)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tn.column(t, `SELECT occurrence FROM notification WHERE id = ANY($1::uuid[]) ORDER BY 1`, ids)
}

// inEveryState plans notifications and brings one to each state, named by it.
func (tn tenant) inEveryState(t *testing.T) (ids []string) {
	t.Helper()
	for i, state := range []string{"Planned", "Held", "Retry", "Uncertain", "Sent", "Dead", "Suppressed", "Cancelled"} {
		tn.plan(t, now.Add(time.Duration(i)*time.Millisecond), mail("A", state, "x"))
		tn.exec(t, `UPDATE notification SET state = $1, attempts = 3 WHERE occurrence = $1`, state)
	}
	tn.exec(t, `UPDATE notification SET turn_at = turn_at + interval '1 year'`)
	tn.plan(t, now.Add(time.Second), mail("B", "Leased", "x"))
	if len(tn.claim(t, now.Add(time.Minute), 10)) != 1 {
		t.Fatal("there is more to claim")
	}
	return tn.column(t, `SELECT id::text FROM notification ORDER BY id`)
}

// TestRedriveAndCancel: staff try again what is dead or uncertain, and stop what waits; what
// is with a worker, or has ended, is left alone.
func TestRedriveAndCancel(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	ids := tn.inEveryState(t)
	redriven := tn.byStaff(t, func(ctx context.Context, w *store.Writer) ([]string, error) { return w.Redrive(ctx, ids) })
	if diff := cmp.Diff([]string{"Dead", "Uncertain"}, redriven); diff != "" {
		t.Error(diff)
	}
	if early := tn.claim(t, now.Add(time.Hour-time.Second), 10); len(early) > 0 {
		t.Errorf("claimed %v", early)
	}
	claimed := tn.claim(t, now.Add(time.Hour), 10)
	if len(claimed) != 2 || claimed[0].Attempt != 4 || claimed[0].Tries != 1 || !claimed[0].DueAt.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v", claimed)
	}
	tn.finish(t, now.Add(time.Hour), claimed, store.Finished{Outcome: store.StateDead})
	cancelled := tn.byStaff(t, func(ctx context.Context, w *store.Writer) ([]string, error) { return w.Cancel(ctx, ids) })
	if diff := cmp.Diff([]string{"Dead", "Held", "Planned", "Retry", "Uncertain"}, cancelled); diff != "" {
		t.Error(diff)
	}
	want := []string{"notification.cancelled 5", "notification.redriven 2"}
	if diff := cmp.Diff(want, tn.column(t, `SELECT action || ' ' || count(*) FROM audit WHERE account_id = 'A' GROUP BY action ORDER BY 1`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"4 Dead", "4 Dead"}, tn.column(t, `SELECT number || ' ' || outcome FROM notification_attempt`)); diff != "" {
		t.Error(diff)
	}
}

// TestRedriveInHold: going Live would suppress it, so it stays as it is.
func TestRedriveInHold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.plan(t, now, mails(1)...)
	tn.exec(t, `UPDATE notification SET state = 'Dead'`)
	ids := tn.column(t, `SELECT id::text FROM notification`)
	err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "staff", Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.Redrive(ctx, ids)
		return err
	})
	if !errors.Is(err, store.ErrHeld) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"e-0000 Dead"}, tn.states(t, "state")); diff != "" {
		t.Error(diff)
	}
}

// TestLedgerPages: every filter, by pages, newest first.
func TestLedgerPages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.inEveryState(t)
	other := mail("A", "other", "x")
	other.EventType, other.Channel, other.Suppressed = "payment.failed", store.ChannelSMS, "optedOut"
	tn.plan(t, now.Add(time.Hour), other)
	all := []string{"other", "Leased", "Cancelled", "Suppressed", "Dead", "Sent", "Uncertain", "Retry", "Held", "Planned"}
	for _, test := range []struct {
		list store.LedgerList
		want []string
	}{
		{store.LedgerList{}, all},
		{store.LedgerList{AccountID: "A"}, slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "Leased" })},
		{store.LedgerList{ContactID: "c-B"}, []string{"Leased"}},
		{store.LedgerList{EventType: "payment.failed"}, []string{"other"}},
		{store.LedgerList{Channel: store.ChannelSMS}, []string{"other"}},
		{store.LedgerList{Reason: "optedOut"}, []string{"other"}},
		{store.LedgerList{State: store.StateLeased}, []string{"Leased"}},
		{store.LedgerList{State: store.StatePlanned}, []string{"Planned"}},
		{store.LedgerList{State: store.StateRetry}, []string{"Retry"}},
		{store.LedgerList{State: store.StateSuppressed, AccountID: "A"}, []string{"other", "Suppressed"}},
		{store.LedgerList{From: now.Add(time.Hour)}, []string{"other"}},
		{store.LedgerList{To: now.Add(time.Hour)}, all[1:]},
		{store.LedgerList{AccountID: "A\x00"}, nil},
		{store.LedgerList{AccountID: "%"}, nil},
	} {
		for _, limit := range []int{1, 4, 100} {
			list := test.list
			list.Limit = limit
			var got []string
			for {
				entries, next, err := tn.Backoffice.Ledger(t.Context(), list)
				if err != nil || len(entries) > limit {
					t.Fatalf("%d entries: %v", len(entries), err)
				}
				for _, e := range entries {
					got = append(got, e.Occurrence)
					if e.State != e.Occurrence && e.Occurrence != "other" {
						t.Errorf("%s is %s", e.Occurrence, e.State)
					}
				}
				if next == "" {
					break
				}
				list.After = next
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%+v: %s", list, diff)
			}
		}
	}
	var counts []string
	for _, c := range must[[]store.LedgerCount](t)(tn.Backoffice.LedgerCounts(t.Context(), now.Add(time.Minute))) {
		counts = append(counts, strings.TrimSpace(fmt.Sprint(c.State, " ", c.Reason, " ", c.Channel, " ", c.Count)))
	}
	if diff := cmp.Diff([]string{"Suppressed optedOut SMS 1"}, counts); diff != "" {
		t.Error(diff)
	}
	if counts := must[[]store.LedgerCount](t)(tn.Backoffice.LedgerCounts(t.Context(), now)); len(counts) != 9 {
		t.Errorf("got %v", counts)
	}
}

// TestReceipts: by the id that the provider of text messages gave, and no other.
func TestReceipts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	list := mails(3)
	list[0].Channel, list[1].Channel = store.ChannelSMS, store.ChannelSMS
	tn.plan(t, now, list...)
	claimed := must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{
		Now: now, Lane: 1, Channels: []string{store.ChannelSMS, store.ChannelEmail}, Limit: 10, LeaseFor: time.Minute,
	}))
	for i, id := range []string{"p-1", "", "queue-1"} {
		tn.finish(t, now, claimed[i:i+1], store.Finished{Outcome: store.StateSent, ProviderID: id})
	}
	for id, want := range map[string]bool{"p-1": true, "queue-1": false, "p-2": false, "": false, "\x00": false} {
		if known, err := tn.Backoffice.Receipt(t.Context(), id, "Delivered", now); err != nil || known != want {
			t.Errorf("%q is known: %v %v", id, known, err)
		}
	}
	if diff := cmp.Diff([]string{"e-0000 Delivered", "e-0001 ", "e-0002 "}, tn.states(t, "receipt")); diff != "" {
		t.Error(diff)
	}
}

// TestDeletedContact: what was sent to a person goes with them, and what waits is cancelled
// and forgets where it was to go.
func TestDeletedContact(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.accounts(t, "A")
	tn.contacts(t, person("c-A", "A"), person("c-other", "A"))
	ids := tn.inEveryState(t)
	tn.exec(t, `INSERT INTO notification_attempt (notification_id, number, began_at, ended_at, outcome) SELECT id, 1, now(), now(), 'Sent' FROM notification`)
	kept := mail("A", "kept", "x")
	kept.ContactID = "c-other"
	tn.plan(t, now, kept)
	by := tn.userID(t, "c-other")
	for name, s := range map[string]*store.Store{"c-A": tn.Portal, "c-other": tn.Backoffice} {
		err := s.Write(t.Context(), store.Origin{Actor: "x", Now: now, UserID: by}, func(ctx context.Context, w *store.Writer) error {
			_, err := w.DeleteContact(ctx, name, 0)
			return err
		})
		if err != nil {
			t.Fatal(name, err)
		}
	}
	want := []string{"Cancelled Cancelled", "Held Cancelled contactDeleted", "Leased Planned", "Planned Cancelled contactDeleted",
		"Retry Cancelled contactDeleted", "Uncertain Cancelled contactDeleted", "kept Cancelled contactDeleted"}
	got := tn.column(t, `SELECT concat_ws(' ', occurrence, state, nullif(reason, '')) FROM notification ORDER BY occurrence COLLATE "C"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if left := tn.column(t, `SELECT occurrence FROM notification WHERE address <> '' AND reason = 'contactDeleted'`); len(left) > 0 {
		t.Errorf("%v know the address", left)
	}
	if left := tn.column(t, `SELECT n.occurrence FROM notification_attempt a LEFT JOIN notification n ON n.id = notification_id`); !cmp.Equal(left, []string{"Leased"}) {
		t.Errorf("attempts are left of %v, of %d", left, len(ids))
	}
}
