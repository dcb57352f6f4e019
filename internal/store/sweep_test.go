package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// begin begins a sweep at once.
func (tn tenant) begin(t *testing.T, at time.Time) (lease int64) {
	t.Helper()
	return must[int64](t)(tn.Dispatcher.BeginSweep(t.Context(), store.SweepTurn{Now: at, Every: time.Minute, Anew: true, LeaseFor: time.Minute}))
}

// unpaid are the invoices that a sweep finds, with its pages: "A: a-1 a-2 | B: b-1".
func (tn tenant) unpaid(t *testing.T, limit int, dates ...time.Time) (found string) {
	t.Helper()
	page := store.SweepPage{Lease: tn.begin(t, now), LeaseFor: time.Minute, Now: now, EventType: "invoice.unpaid", Dates: dates, Limit: limit}
	for {
		next, ran, err := tn.Dispatcher.Sweep(t.Context(), page, func(_ context.Context, _ *store.Planning, due []store.DueAccount) error {
			if len(due) == 0 || len(due) > limit {
				t.Errorf("a page of %d", len(due))
			}
			for _, a := range due {
				found += a.ID + ":"
				for _, v := range a.Invoices {
					found += " " + v.ID
					for _, o := range v.Happened {
						found += fmt.Sprintf("(%s %s %s)", o.Occurrence, o.Channel, o.Address)
					}
				}
				found += " | "
			}
			return nil
		})
		if err != nil || !ran {
			t.Fatal(ran, err)
		}
		if next == "" {
			return found
		}
		page.After = next
	}
}

// TestSweep: what is open of these due dates, by account, with what is on record of it; all
// of an account on one page.
func TestSweep(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B", "C", "D", "E")
	due := func(id, account string, on time.Time, balance string) store.Invoice {
		v := invoice(id, account, on.AddDate(0, 0, -14))
		v.Balance = balance
		if balance == "0" {
			v.Status = store.InvoicePaid
		}
		return v
	}
	first, second, never := day(time.November, 1), day(time.November, 8), day(time.November, 9)
	var list []store.Invoice
	for i := range 7 {
		list = append(list, due(fmt.Sprint("a-", i), "A", first, "10"))
	}
	list = append(list, due("b-1", "B", second, "10"), due("b-2", "B", never, "10"), due("b-3", "B", first, "-5"),
		due("c-1", "C", first, "0"), due("d-1", "D", never, "10"), due("e-1", "E", first, "1"), due("e-2", "E", second, "1"))
	tn.putInvoices(t, list...)
	tn.exec(t, `INSERT INTO occurrence VALUES ('E', 'invoice.unpaid', 'e-1', '3', 'Email', 'e m@example.com'), ('E', 'invoice.issued', 'e-1', '3', 'Email', ''), ('A', 'invoice.unpaid', 'e-1', '3', 'Email', '')`)
	const want = "A: a-0 a-1 a-2 a-3 a-4 a-5 a-6 | B: b-1 | E: e-1(3 Email e m@example.com) e-2 | "
	for _, limit := range []int{1, 2, 3, 100} {
		if got := tn.unpaid(t, limit, first, second); got != want {
			t.Errorf("by %d: %s", limit, got)
		}
	}
	if got := tn.unpaid(t, 10); got != "" {
		t.Errorf("without a date: %s", got)
	}
	if state := must[store.DeliveryState](t)(tn.Dispatcher.Delivery(t.Context())); state.SweptAt == nil || !state.SweptAt.Equal(now) {
		t.Errorf("got %+v", state)
	}
	page, next, err := tn.Backoffice.DueAccounts(t.Context(), "invoice.unpaid", []time.Time{second}, "", "", 1)
	if err != nil || next != "B" || len(page) != 1 || len(page[0].Invoices) != 1 {
		t.Errorf("to look at: %v %q %v", page, next, err)
	}
}

// TestOnePlannerAtATime: while one plans, others do not, and whoever looks is not kept. The
// planner of events and the sweep do not wait for each other, but a new mode waits for both.
func TestOnePlannerAtATime(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	d := tn.Dispatcher
	tn.happen(t, 2)
	fault := errors.New("some fault")
	nobody := func(context.Context, *store.Planning, []store.Event) error {
		t.Error("planned at the same time")
		return nil
	}
	changed := make(chan error, 1)
	page := store.SweepPage{Lease: tn.begin(t, now), LeaseFor: time.Minute, Now: now, EventType: "invoice.unpaid", Dates: []time.Time{day(time.November, 1)}, Limit: 10}
	tn.accounts(t, "A")
	v := invoice("a-1", "A", day(time.October, 18))
	v.DueOn = page.Dates[0]
	tn.putInvoices(t, v)
	sweep := func(_ context.Context, _ *store.Planning, due []store.DueAccount) error {
		if len(due) != 1 {
			t.Errorf("got %+v", due)
		}
		// In the sweep, which is in the planning of an event.
		if _, ran, err := d.PlanEvents(t.Context(), now, 1, nobody); ran || err != nil {
			t.Errorf("planned at the same time: %v", err)
		}
		if lease := tn.begin(t, now); lease != 0 {
			t.Error("there are two sweeps")
		}
		if state := must[store.DeliveryState](t)(d.Delivery(t.Context())); state.Mode != store.DeliveryHold {
			t.Errorf("got %+v", state)
		}
		go func() {
			_, _, err := d.SetDelivery(context.WithoutCancel(t.Context()), store.DeliveryLive, now)
			changed <- err
		}()
		return nil
	}
	_, ran, err := d.PlanEvents(t.Context(), now, 1, func(context.Context, *store.Planning, []store.Event) error {
		if next, ran, err := d.Sweep(t.Context(), page, sweep); !ran || err != nil || next != "" {
			t.Errorf("the sweep: %q %v %v", next, ran, err)
		}
		select {
		case err := <-changed:
			t.Errorf("the mode changed while events are planned: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		return fault
	})
	if !ran || !errors.Is(err, fault) {
		t.Errorf("got %v %v", ran, err)
	}
	if err := <-changed; err != nil {
		t.Error(err)
	}
	page.Lease = tn.begin(t, now)
	planned := 0
	if _, ran, err := d.Sweep(t.Context(), page, func(context.Context, *store.Planning, []store.DueAccount) error {
		for range 2 { // again and again while one page is looked at
			read, ran, err := d.PlanEvents(t.Context(), now, 1, func(context.Context, *store.Planning, []store.Event) error { return nil })
			if !ran || err != nil {
				t.Errorf("the sweep keeps back events: %v", err)
			}
			planned += read
		}
		return nil
	}); !ran || err != nil {
		t.Errorf("the sweep: %v %v", ran, err)
	}
	if planned != 2 {
		t.Errorf("%d events were planned meanwhile", planned)
	}
}

// TestSweepsAreOfOneReplica: one makes it, until it is whole, given back or nothing was heard
// of it for a while; then the next is due after a minute.
func TestSweepsAreOfOneReplica(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	d := tn.Dispatcher
	begin := func(at time.Time, anew bool) int64 {
		t.Helper()
		return must[int64](t)(d.BeginSweep(t.Context(), store.SweepTurn{Now: at, Every: time.Minute, Anew: anew, LeaseFor: 10 * time.Second}))
	}
	sweep := func(lease int64, at time.Time) bool {
		t.Helper()
		_, ran, err := d.Sweep(t.Context(), store.SweepPage{Lease: lease, LeaseFor: 10 * time.Second, Now: at, Limit: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ran
	}
	first := begin(now, false)
	if first == 0 || begin(now.Add(9*time.Second), true) != 0 {
		t.Errorf("the first is %d, and it has not all of it", first)
	}
	second := begin(now.Add(10*time.Second), false)
	if second == 0 || sweep(first, now.Add(11*time.Second)) {
		t.Error("of who was too late nothing is taken")
	}
	if err := d.EndSweep(t.Context(), first); err != nil || begin(now.Add(12*time.Second), true) != 0 {
		t.Errorf("who was too late gives nothing back: %v", err)
	}
	if err := d.EndSweep(t.Context(), second); err != nil {
		t.Error(err)
	}
	third := begin(now.Add(12*time.Second), false)
	if third == 0 || sweep(second, now.Add(12*time.Second)) || !sweep(third, now.Add(13*time.Second)) {
		t.Errorf("what was given back is another's: %d", third)
	}
	if begin(now.Add(72*time.Second), false) != 0 {
		t.Error("the next one is too early")
	}
	if fourth := begin(now.Add(72*time.Second), true); fourth == 0 || !sweep(fourth, now.Add(72*time.Second)) {
		t.Error("a new document waits for the next minute")
	}
	if fifth := begin(now.Add(132*time.Second), false); fifth == 0 {
		t.Error("after a minute there is none")
	}
	if begin(now, false) == 0 {
		t.Error("a clock that was set back stops it")
	}
}

// TestFacts: what messages tell of accounts, in one round trip; what is overdue goes by the
// account's own date.
func TestFacts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	verified, other := person("a-1", "A"), person("a-2", "A")
	verified.Roles, verified.OptedOut, verified.Phone = []string{"Billing"}, []string{"General"}, "1"
	other.Email, other.Owner = "other@example.com", true
	tn.contacts(t, verified, other, nobody("b-1", "B"))
	list := []store.Invoice{invoice("dollars", "A", day(time.October, 1)), invoice("credit", "A", day(time.October, 2))}
	list[0].Currency, list[0].Balance = "USD", "7.5"
	list[1].Balance, list[1].Total = "-20", "-20"
	for i, due := range []time.Time{day(time.November, 1), day(time.November, 20), day(time.November, 21), day(time.November, 22)} {
		v := invoice(fmt.Sprint("v-", i), "A", due.AddDate(0, 0, -14))
		v.Balance = fmt.Sprint(10 * (i + 1))
		list = append(list, v)
	}
	tn.putInvoices(t, list...)
	link := tn.sendLink(t, "b-1", store.LinkInvite)
	tn.happen(t, 1)
	head := int64(0)
	if err := tn.root.QueryRow(t.Context(), "SELECT event FROM feed").Scan(&head); err != nil {
		t.Fatal(err)
	}
	count := &counter{DB: storetest.Pool(t, tn.DispatcherURI)}
	wanted := store.Wanted{Accounts: []string{"B", "A", "A", "none", "\x00"}, Links: []string{link}, Events: []int64{head, head + 1}, Invoices: []string{"v-1", "none"}, Tickets: []string{"none"}}
	known := must[store.Known](t)(store.New(count).Facts(now.Add(-2*time.Hour)).Read(t.Context(), wanted))
	if count.trips != 1 || len(known.Accounts) != 2 || len(known.Events) != 1 || len(known.Invoices) != 1 || len(known.Openers) != 0 {
		t.Errorf("%d round trips for %+v", count.trips, known)
	}
	a := known.Accounts["A"]
	var contacts []string
	for _, c := range a.Contacts {
		contacts = append(contacts, fmt.Sprintf("%s %t %t %s %s", c.ID, c.Verified, c.Owner, c.Roles, c.OptedOut))
	}
	if diff := cmp.Diff([]string{"a-1 true false [Billing] [General]", "a-2 false true [] []"}, contacts); diff != "" {
		t.Error(diff)
	}
	if l := known.Links[link]; l.ContactID != "b-1" || l.Purpose != "Invite" || l.Over || len(l.Addresses) != 1 {
		t.Errorf("got %+v", l)
	}
	for today, want := range map[time.Time]string{
		day(time.November, 19): "5 80 EUR 1 10 v-0", // nowhere it is that day any more: the earliest that it is
		day(time.November, 20): "5 80 EUR 1 10 v-0",
		day(time.November, 21): "5 80 EUR 2 30 v-0 v-1",
		day(time.November, 22): "5 80 EUR 3 60 v-0 v-1 v-2",
	} {
		owed := a.Owed(today)
		if len(owed) != 2 || owed[1].Currency != "USD" || owed[1].OverdueCount != 1 || owed[1].OverdueBalance != "7.5" {
			t.Fatalf("got %+v", owed)
		}
		got := fmt.Sprintf("%d %s %s %d %s", owed[0].OpenCount, owed[0].OpenBalance, owed[0].Currency, owed[0].OverdueCount, owed[0].OverdueBalance)
		for _, v := range owed[0].Overdue {
			got += " " + v.ID
		}
		if got != want {
			t.Errorf("on %s: %s, want %s", today.Format(time.DateOnly), got, want)
		}
	}
	if again := a.Owed(day(time.November, 22)); len(again[0].Overdue) != 3 {
		t.Errorf("asked again: %+v", again)
	}
	if none := must[store.Known](t)(tn.Dispatcher.Facts(now).Read(t.Context(), store.Wanted{})); len(none.Accounts) > 0 {
		t.Errorf("got %+v", none)
	}
}

// TestRoutingInForce: what a dispatcher has acknowledged last is run, also where there is a
// newer document, or a pod that is gone had one.
func TestRoutingInForce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for i, digest := range []string{"a", "b", "c"} {
		tn.exec(t, `INSERT INTO document (digest, kind, body, created_at) VALUES ($1, 'routing', 'text of ' || $1, $2)`, digest, now.Add(time.Duration(i)*time.Minute))
	}
	acknowledge := func(component, pod, digest string, at time.Time) {
		t.Helper()
		if err := tn.Dispatcher.Acknowledge(t.Context(), store.Replica{Component: component, Pod: pod, Digest: "s", Routing: digest}); err != nil {
			t.Fatal(err)
		}
		tn.exec(t, `UPDATE replica SET updated_at = $2 WHERE pod = $1`, pod, at)
	}
	want := func(what, known, digest, text string, running bool) {
		t.Helper()
		d, body, runs, err := tn.Backoffice.RoutingInForce(t.Context(), known)
		if err != nil || d != digest || body != text || runs != running {
			t.Errorf("%s: %s %q %t %v", what, d, body, runs, err)
		}
	}
	want("nobody runs one", "", "c", "text of c", false)
	acknowledge("dispatcher", "gone", "b", now)
	want("one runs an older one", "b", "b", "", true)
	acknowledge("dispatcher", "newer", "a", now.Add(time.Minute))
	want("what was acknowledged last", "b", "a", "text of a", true)
	acknowledge("portal", "portal", "c", now.Add(time.Hour))
	want("others do not count", "a", "a", "", true)
}
