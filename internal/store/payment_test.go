package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// payment is one that arrived for an invoice.
func payment(id, account, invoice string) store.Payment {
	return store.Payment{
		Row: store.Row{ID: id, AccountID: account}, Status: store.PaymentReceived, Amount: "12.50", Currency: "EUR", PaidOn: day(time.November, 20),
		Method: "Card ending in 4242", Reference: "RF18", Invoices: []store.PaymentInvoice{{ID: invoice, Amount: "10.00"}},
	}
}

func (tn tenant) putPayments(t *testing.T, list ...store.Payment) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		items := make([]store.Item[store.Payment], len(list))
		for i, p := range list {
			items[i] = always(p.ID, p)
		}
		written, err := w.PutPayments(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func TestPayments(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putInvoices(t, invoice("i1", "A", day(time.November, 1)), invoice("i2", "B", day(time.November, 1)))
	bare := store.Payment{Row: store.Row{ID: "p2", AccountID: "A"}, Status: store.PaymentReceived, Amount: "1", Currency: "USD", PaidOn: day(time.November, 20)}
	wantResults(t, tn.putPayments(t, payment("p1", "A", "i1"), bare, payment("p3", "A", "i2"), payment("p4", "A", "i9"), payment("p5", "C", "i1")), nil,
		"Created", "Created", `Refused invoices[0].id: account "A" has no invoice "i2"`, `Refused invoices[0].id: account "A" has no invoice "i9"`,
		`Refused accountId: there is no account "C"`)
	again := payment("p1", "A", "i1")
	again.Amount, again.Invoices[0].Amount = "12.5", "10"
	wantResults(t, tn.putPayments(t, again, bare), nil, "Unchanged", "Unchanged")
	failed := again
	failed.Status, failed.Reason, failed.RetryOn = store.PaymentFailed, "The card has expired.", ptr(day(time.November, 24))
	wantResults(t, tn.putPayments(t, failed), nil, "Updated")

	want := failed
	want.Row = store.Row{ID: "p1", AccountID: "A", Version: 2, CreatedAt: now, UpdatedAt: now}
	got, err := tn.Backoffice.Payment(t.Context(), "p1")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, next, err := tn.Backoffice.Payments(t.Context(), store.List{AccountID: "A", Limit: 9}); err != nil || next != nil || len(list) != 2 || list[1].ID != "p2" {
		t.Errorf("%v %v %v", list, next, err)
	}
	// The balance of the invoice is the provider's own affair.
	if got := tn.column(t, "SELECT concat(balance, ' ', version) FROM invoice WHERE id = 'i1'"); got[0] != "100.0000 1" {
		t.Errorf("the invoice is %s", got[0])
	}
}

func TestEventsOfPayments(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.putInvoices(t, invoice("i1", "A", day(time.November, 1)))
	start := tn.events(t)
	p := payment("p1", "A", "i1")
	tn.putPayments(t, p)
	p.Reference = ""
	tn.putPayments(t, p)
	p.Status, p.Reason, p.RetryOn = store.PaymentFailed, "The card has expired.", ptr(day(time.November, 24))
	tn.putPayments(t, p)
	p.RetryOn = ptr(day(time.November, 25))
	tn.putPayments(t, p)
	p.Status, p.Reason, p.RetryOn, p.Method = store.PaymentReceived, "", nil, ""
	tn.putPayments(t, p)
	bare := store.Payment{Row: store.Row{ID: "p2", AccountID: "A"}, Status: store.PaymentFailed, Reason: "Refused.", Amount: "1", Currency: "USD", PaidOn: day(time.November, 20)}
	tn.putPayments(t, bare)
	const (
		for1   = `"invoices":[{"amount":"10.00","currency":"EUR","number":"N-i1"}]`
		paidOn = `"paidOn":"2026-11-20"`
		open   = `"open":{"balance":"100.00","count":1,"currency":"EUR"}`
	)
	wantTold(t, tn, start,
		`payment.received p1 {`+open+`,"payment":{"amount":"12.50","currency":"EUR","id":"p1",`+for1+`,"method":"Card ending in 4242",`+paidOn+`,"reference":"RF18"}}`,
		`payment.failed p1 {`+open+`,"payment":{"amount":"12.50","currency":"EUR","id":"p1",`+for1+`,"method":"Card ending in 4242",`+paidOn+`,"reason":"The card has expired.","retryOn":"2026-11-24"}}`,
		`payment.received p1 {`+open+`,"payment":{"amount":"12.50","currency":"EUR","id":"p1",`+for1+`,`+paidOn+`}}`,
		`payment.failed p2 {"open":{"balance":"0.00","count":0,"currency":"USD"},"payment":{"amount":"1.00","currency":"USD","id":"p2","invoices":[],`+paidOn+`,"reason":"Refused."}}`)
}

// TestPaymentsOfDeletedInvoices: whoever is first, no payment is left for an invoice that
// is gone.
func TestPaymentsOfDeletedInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	outcomes := map[string]int{}
	for range 20 {
		tn.putInvoices(t, invoice("i1", "A", day(time.November, 1)))
		var deleted store.Result
		var paid []store.Result
		var wait sync.WaitGroup
		wait.Go(func() {
			tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
				deleted, err = w.DeleteInvoice(ctx, "i1", 0)
				return err
			})
		})
		wait.Go(func() { paid = tn.putPayments(t, payment("p1", "A", "i1")) })
		wait.Wait()
		outcome := deleted.Outcome + " " + paid[0].Outcome
		outcomes[outcome]++
		if outcome != "Deleted Refused" && outcome != "Refused Created" {
			t.Fatalf("%s: %v %v", outcome, deleted, paid)
		}
		tn.exec(t, "DELETE FROM payment")
		tn.exec(t, "DELETE FROM invoice")
	}
	t.Log(outcomes)
}
