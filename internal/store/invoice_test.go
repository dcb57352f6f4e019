package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// invoice is one by the trading terms of everybody.
func invoice(id, account string, issued time.Time) store.Invoice {
	return store.Invoice{
		Row: store.Row{ID: id, AccountID: account}, Number: "N-" + id, IssuedOn: issued, DueOn: issued.AddDate(0, 0, 14), DueSource: "BuiltIn",
		Currency: "EUR", Total: "100.00", Balance: "100", Status: store.InvoiceOpen, Today: day(time.November, 21),
	}
}

// always writes a row of any kind, whatever was there.
func always[R any](id string, row R) store.Item[R] {
	return store.Item[R]{ID: id, Decide: func(*R) (R, *store.Refusal) { return row, nil }}
}

func (tn tenant) putInvoices(t *testing.T, list ...store.Invoice) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutInvoices(ctx, invoiceItems(list))
		results = resultsOf(written)
		return err
	})
	return results
}

func invoiceItems(list []store.Invoice) []store.Item[store.Invoice] {
	items := make([]store.Item[store.Invoice], len(list))
	for i, v := range list {
		items[i] = always(v.ID, v)
	}
	return items
}

func TestInvoicesPages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	var list []store.Invoice
	var want []string
	for i := range 25 { // newest first; every third shares its day with the one before
		v := invoice(fmt.Sprintf("i%02d", 25-i), "1001", day(time.October, 28-i+i%3%2))
		list = append(list, v, invoice(fmt.Sprintf("other%d", i), "1002", v.IssuedOn))
	}
	tn.putInvoices(t, list...)
	want = tn.column(t, "SELECT id FROM invoice WHERE account_id = '1001' ORDER BY issued_on DESC, id DESC")
	for _, limit := range []int{1, 4, 5, 24, 25, 26} {
		var got []string
		var after store.Newest
		for pages := 0; ; pages++ {
			page, err := tn.Portal.InvoicesOf(t.Context(), "1001", store.InvoiceFilter{Today: now, After: after, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Invoices {
				got = append(got, v.ID)
			}
			if page.OpenInvoices != 25 {
				t.Errorf("page %d: %d open invoices", pages, page.OpenInvoices)
			}
			if page.Next == nil {
				break
			}
			if len(page.Invoices) != limit {
				t.Fatalf("page %d of %d has %d invoices", pages, limit, len(page.Invoices))
			}
			after = *page.Next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
}

func TestInvoicesBalance(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	change := func(v store.Invoice, with func(*store.Invoice)) store.Invoice {
		with(&v)
		return v
	}
	wantResults(t, tn.putInvoices(t,
		change(invoice("a", "1001", day(time.November, 1)), func(v *store.Invoice) {
			v.DueOn, v.DueSource, v.Balance = day(time.November, 20), store.DueByInvoice, "10.1000"
		}),
		change(invoice("b", "1001", day(time.November, 2)), func(v *store.Invoice) {
			v.DueOn, v.DueSource, v.Balance = day(time.November, 21), store.DueByInvoice, "0.9"
		}),
		change(invoice("c", "1001", day(time.November, 3)), func(v *store.Invoice) { v.Currency, v.Balance = "USD", "5.0001" }),
		change(invoice("d", "1001", day(time.August, 3)), func(v *store.Invoice) { v.Status, v.Balance = store.InvoicePaid, "0" }),
		change(invoice("e", "1001", day(time.August, 4)), func(v *store.Invoice) { v.Status = store.InvoiceVoid }),
		change(invoice("f", "1001", day(time.August, 5)), func(v *store.Invoice) { v.Total, v.Balance = "-7.50", "-7.50" }),
	), nil, "Created", "Created", "Created", "Created", "Created", "Created")
	page, err := tn.Portal.InvoicesOf(t.Context(), "1001", store.InvoiceFilter{Today: now, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := store.InvoicePage{
		Invoices: []store.ListedInvoice{
			{ID: "c", Number: "N-c", IssuedOn: day(time.November, 3), DueOn: day(time.November, 17), DueSource: "BuiltIn", Currency: "USD", Total: "100", Balance: "5.0001", Status: "Open"},
			{ID: "b", Number: "N-b", IssuedOn: day(time.November, 2), DueOn: day(time.November, 21), DueSource: "Invoice", Currency: "EUR", Total: "100", Balance: "0.9", Status: "Open"},
		},
		Next:         &store.Newest{At: day(time.November, 2), ID: "b"},
		Balance:      []store.Money{{Currency: "EUR", Amount: "3.5"}, {Currency: "USD", Amount: "5.0001"}},
		Overdue:      []store.Money{{Currency: "EUR", Amount: "10.1"}, {Currency: "USD", Amount: "5.0001"}},
		OpenInvoices: 3, OverdueInvoices: 2, Oldest: day(time.August, 3),
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Whether an invoice is overdue depends on the account's own date.
	eastern := time.FixedZone("east", 13*3600)
	page, err = tn.Portal.InvoicesOf(t.Context(), "1001", store.InvoiceFilter{Today: now.In(eastern), Limit: 1})
	if err != nil || page.OverdueInvoices != 3 {
		t.Errorf("on the next day: got %d overdue, %v", page.OverdueInvoices, err)
	}
	page, err = tn.Portal.InvoicesOf(t.Context(), "1002", store.InvoiceFilter{Today: now, Limit: 1})
	if diff := cmp.Diff(store.InvoicePage{}, page, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Invoices" }, cmp.Ignore())); diff != "" || err != nil || len(page.Invoices) > 0 {
		t.Errorf("an account without invoices: %v %s", err, diff)
	}
}
