package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// A notification moves to an address that nobody tells of the same yet, while the worker
// has it.
func TestReaddress(t *testing.T) {
	tn := newTenant(t)
	tn.live(t)
	tn.plan(t, now, mail("a", "e", "one@example.com"), mail("a", "e", "two@example.com"))
	claimed := tn.claim(t, now.Add(time.Minute), 10)
	if len(claimed) != 2 {
		t.Fatalf("%d are claimed", len(claimed))
	}
	move := func(i int, address string) bool {
		t.Helper()
		to := store.Occurrence{EventType: "invoice.issued", About: "i-e", Occurrence: "e", Channel: store.ChannelEmail, Address: address}
		return must[bool](t)(tn.Dispatcher.Readdress(t.Context(), now.Add(time.Second), &claimed[i], to))
	}
	if other := claimed[1].Address; move(0, other) {
		t.Errorf("it moved to %s, which has one of its own", other)
	}
	if !move(0, "new@example.com") {
		t.Error("it did not move")
	}
	if move(1, "new@example.com") {
		t.Error("two moved to one address")
	}
	tn.finish(t, now.Add(2*time.Second), claimed[1:], store.Finished{Outcome: store.StateSuppressed, Reason: "obsolete"})
	if move(1, "late@example.com") {
		t.Error("it moved although the lease is over")
	}
	if diff := cmp.Diff([]string{"new@example.com", claimed[1].Address}, tn.column(t, "SELECT address FROM notification ORDER BY address <> 'new@example.com'")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"new@example.com", "one@example.com", "two@example.com"}, tn.column(t, "SELECT address FROM occurrence ORDER BY address")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A day of an invoice is known by its number, whatever the due date is by now.
func TestReaddressOfADay(t *testing.T) {
	tn := newTenant(t)
	tn.live(t)
	day := mail("a", "e", "old@example.com")
	day.EventType, day.EventPosition, day.Occurrence = "invoice.unpaid", 0, "3"
	record := func(occurrence, address string) store.Occurrence {
		return store.Occurrence{EventType: "invoice.unpaid", About: "i-e", Occurrence: occurrence, Channel: store.ChannelEmail, Address: address}
	}
	day.Occurrences = []store.Occurrence{record("3@2026-11-18", day.Address)}
	later := day
	later.Occurrence, later.Occurrences, later.DueAt = "30", []store.Occurrence{record("30@2026-11-18", day.Address)}, now.Add(time.Hour)
	tn.plan(t, now, day, later)
	claimed := tn.claim(t, now.Add(time.Minute), 10)
	if len(claimed) != 1 {
		t.Fatalf("%d are claimed", len(claimed))
	}
	if !must[bool](t)(tn.Dispatcher.Readdress(t.Context(), now, &claimed[0], record("3@", "new@example.com"))) {
		t.Error("it did not move")
	}
	want := []string{"30@2026-11-18 old@example.com", "3@2026-11-18 new@example.com", "3@2026-11-18 old@example.com"}
	if diff := cmp.Diff(want, tn.column(t, "SELECT occurrence || ' ' || address FROM occurrence ORDER BY occurrence COLLATE \"C\", address")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
