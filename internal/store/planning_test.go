package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// TestEventsArePlannedOnce: several planners at once, some of which fail, plan each event
// once and in order.
func TestEventsArePlannedOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const count = 120
	for range 4 {
		tn.happen(t, count/4)
	}
	var mu sync.Mutex
	var positions []int64
	fails := 0
	var group sync.WaitGroup
	deadline := time.Now().Add(time.Minute)
	for planner := range 6 {
		group.Go(func() {
			for time.Now().Before(deadline) {
				var mine []int64
				read, ran, err := tn.Dispatcher.PlanEvents(t.Context(), now, 7, func(ctx context.Context, p *store.Planning, events []store.Event) error {
					var list []store.NewNotification
					for _, e := range events {
						mine = append(mine, e.Position)
						list = append(list, mail("A", e.ID, fmt.Sprintf("%d@example.com", planner)))
					}
					if err := p.Add(ctx, list); err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					if fails++; fails%5 == 0 {
						return errors.New("some fault")
					}
					return nil
				})
				if err != nil {
					continue // nothing of it stays
				}
				if ran && read == 0 {
					return
				}
				mu.Lock()
				positions = append(positions, mine...)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(positions)
	if len(slices.Compact(positions)) != count {
		t.Errorf("planned %v", positions)
	}
	want := tn.column(t, `SELECT id FROM event ORDER BY position`)
	if diff := cmp.Diff(want, tn.column(t, `SELECT event_id FROM notification ORDER BY (SELECT position FROM event e WHERE e.id = event_id)`)); diff != "" {
		t.Error(diff)
	}
}

// TestOccurrencesHappenOnce: what is on record is not sent again, under whatever name it
// comes; of a dated event nothing is kept then.
func TestOccurrencesHappenOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	renamed := mail("A", "e-1", "kim@example.com")
	renamed.Template, renamed.Action = "renamed", "other"
	tn.plan(t, now, mail("A", "e-1", "kim@example.com"), renamed, mail("A", "e-1", "dana@example.com"))
	tn.plan(t, now, mail("A", "e-1", "dana@example.com"))
	day := func(invoices ...string) store.NewNotification {
		n := mail("A", "3", "kim@example.com")
		n.EventType, n.EventPosition, n.EventID, n.About, n.Occurrences = "invoice.unpaid", 0, "", invoices[0], nil
		for _, id := range invoices {
			n.Occurrences = append(n.Occurrences, store.Occurrence{EventType: "invoice.unpaid", About: id, Occurrence: "3", Channel: store.ChannelEmail, Address: "kim@example.com"})
		}
		return n
	}
	skipped := day("i-9")
	skipped.Suppressed = "beforeGoLive"
	tn.plan(t, now, day("i-1", "i-2"), day("i-2"), skipped)
	tn.plan(t, now, day("i-1"), day("i-2", "i-3"), skipped)
	want := []string{
		"3 i-1 kim@example.com Planned", "3 i-2 kim@example.com Planned", "3 i-9 kim@example.com Suppressed beforeGoLive",
		"e-1 i-e-1 dana@example.com Planned", "e-1 i-e-1 dana@example.com Suppressed duplicate",
		"e-1 i-e-1 kim@example.com Planned", "e-1 i-e-1 kim@example.com Suppressed duplicate",
	}
	got := tn.column(t, `SELECT concat_ws(' ', occurrence, about, address, state, nullif(reason, '')) FROM notification ORDER BY 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	records := tn.column(t, `SELECT concat_ws(' ', event_type, about, occurrence, channel, address) FROM occurrence WHERE account_id = 'A' ORDER BY 1`)
	wantRecords := []string{
		"invoice.issued i-e-1 e-1 Email dana@example.com", "invoice.issued i-e-1 e-1 Email kim@example.com",
		"invoice.unpaid i-1 3 Email kim@example.com", "invoice.unpaid i-2 3 Email kim@example.com",
		"invoice.unpaid i-3 3 Email kim@example.com", "invoice.unpaid i-9 3 Email kim@example.com",
	}
	if diff := cmp.Diff(wantRecords, records); diff != "" {
		t.Error(diff)
	}
}

// TestAccountsTakeTurns: an account with many messages does not keep others waiting, and
// its own are not delayed without end.
func TestAccountsTakeTurns(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	var many []store.NewNotification
	for i := range 50 {
		many = append(many, mail("Big", fmt.Sprintf("big-%02d", i), "big@example.com"))
	}
	tn.plan(t, now, many[:30]...)
	tn.plan(t, now, many[30:]...)
	tn.plan(t, now, mail("Small", "small", "small@example.com"), mail("Big", "big-last", "big@example.com"))
	claimed := tn.claim(t, now, 100)
	if len(claimed) != 2 || claimed[0].AccountID == claimed[1].AccountID {
		t.Errorf("claimed at once: %v", claimed)
	}
	want := []string{"0.000000", "2.900000", "3.000000", "4.900000", "5.000000"}
	got := tn.column(t, `SELECT extract(epoch FROM turn_at - due_at)::text FROM notification WHERE occurrence IN ('big-00', 'big-29', 'big-30', 'big-49', 'big-last') ORDER BY occurrence`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tn.exec(t, `INSERT INTO notification (id, account_id, event_type, occurrence, category, source, action, channel, state, due_at, turn_at, updated_at)
		SELECT gen_random_uuid(), 'Huge', 'x', 'x', 'General', 'Standard', 'x', 'Email', 'Planned', now(), now(), now() FROM generate_series(1, 7000)`)
	tn.plan(t, now, mail("Huge", "huge", "huge@example.com"))
	if got := tn.column(t, `SELECT (turn_at - due_at)::text FROM notification WHERE occurrence = 'huge'`); got[0] != "00:10:00" {
		t.Errorf("its turn is %s later", got[0])
	}
}

// TestIDsAreInTheOrderOfTime: by the clock that was given.
func TestIDsAreInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	var want []string
	for round := range 3 {
		var list []store.NewNotification
		for i := range 70 {
			id := fmt.Sprintf("e-%d-%03d", round, i)
			list, want = append(list, mail("A", id, "x")), append(want, id)
		}
		tn.plan(t, now.Add(time.Duration(round)*time.Hour), list...)
	}
	if diff := cmp.Diff(want, tn.column(t, `SELECT occurrence FROM notification ORDER BY id`)); diff != "" {
		t.Error(diff)
	}
	if odd := tn.column(t, `SELECT id::text FROM notification WHERE substr(id::text, 15, 1) <> '7' OR substr(id::text, 20, 1) NOT IN ('8', '9', 'a', 'b') OR state <> 'Held'`); len(odd) > 0 {
		t.Errorf("these are no UUIDs of version 7, or not held: %v", odd)
	}
	entries, _, err := tn.Backoffice.Ledger(t.Context(), store.LedgerList{From: now.Add(time.Hour), To: now.Add(2 * time.Hour), Limit: 100})
	if err != nil || len(entries) != 70 || !entries[0].PlannedAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%d were planned in an hour: %v", len(entries), err)
	}
}

// TestLongKeys: what comes from outside may be long. It happens once all the same, and is told
// from others of which the begin is the same.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	long := make([]byte, 4800)
	for i := range long {
		long[i] = byte('!' + rand.N(90)) // what is repeated takes no room
	}
	of := func(about, occurrence, address string) store.NewNotification {
		n := mail("A", "e-1", "kim@example.com")
		n.Occurrences = []store.Occurrence{{EventType: "invoice.paid", About: about, Occurrence: occurrence, Channel: store.ChannelWebhook, Address: address}}
		return n
	}
	text := string(long)
	list := []store.NewNotification{of(text, text, text), of(text+"1", text, text), of(text, text+"1", text), of(text, text, text+"1")}
	tn.plan(t, now, list...)
	tn.plan(t, now, list...)
	if got := tn.column(t, `SELECT state || ' ' || count(*) FROM notification GROUP BY state ORDER BY 1`); !slices.Equal(got, []string{"Planned 4", "Suppressed 4"}) {
		t.Errorf("got %q", got)
	}
	short := of("i-1", "foyer/1", "https://example.com")
	tn.plan(t, now, short)
	if got := tn.column(t, `SELECT about || ' ' || occurrence || ' ' || address FROM occurrence WHERE length(about) < 64`); !slices.Equal(got, []string{"i-1 foyer/1 https://example.com"}) {
		t.Errorf("what fits is %q", got)
	}
}

// TestUnplanned: what could not be planned is on record, of a dated event once, and staff
// cannot have it tried again.
func TestUnplanned(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	event := mail("A", "e-1", "")
	event.Unplanned, event.Detail, event.Occurrences = true, "why", nil
	dated := event
	dated.EventPosition = 0
	dated.Occurrences = []store.Occurrence{{EventType: "invoice.unpaid", Occurrence: "unplanned 2026-11-21", Channel: store.ChannelLog}}
	tn.plan(t, now, event, dated)
	tn.plan(t, now, dated)
	want := []string{"Dead unplanned why 1", "Dead unplanned why 0"}
	if diff := cmp.Diff(want, tn.column(t, `SELECT concat_ws(' ', state, reason, detail, event_position) FROM notification ORDER BY id`)); diff != "" {
		t.Error(diff)
	}
	err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
		again, err := w.Redrive(ctx, tn.column(t, `SELECT id::text FROM notification`))
		if len(again) > 0 {
			t.Errorf("tried again: %v", again)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestUnstorable: what the database will never keep is told from what goes wrong now.
func TestUnstorable(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for sql, want := range map[string]bool{
		`UPDATE delivery SET mode = 'None'`: true, // a rule
		`UPDATE delivery SET mode = NULL`:   true, // a rule
		`SELECT 'x'::uuid`:                  true, // a value
		`INSERT INTO occurrence SELECT '', '', string_agg(md5(i::text), ''), '', '', '' FROM generate_series(1, 200) i`: true, // too long
		`SELECT none FROM delivery`: false, // an older schema
		`SET ROLE postgres`:         false,
	} {
		_, err := storetest.Pool(t, tn.DispatcherURI).Exec(t.Context(), sql)
		code, is := store.Unstorable(err)
		if err == nil || is != want || is && code == "" {
			t.Errorf("%s: %v, %q %t", sql, err, code, is)
		}
	}
	if _, is := store.Unstorable(nil); is {
		t.Error("nothing went wrong")
	}
}
