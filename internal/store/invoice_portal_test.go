package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// seedFilters makes invoices of two years, one of each kind.
func seedFilters(t *testing.T, tn tenant) {
	t.Helper()
	tn.accounts(t, "1001")
	of := func(id string, issued time.Time, status, balance string) store.Invoice {
		v := invoice(id, "1001", issued)
		v.Number, v.Status, v.Balance = "INV-"+id, status, balance
		return v
	}
	credit := of("credit", day(time.October, 3), store.InvoiceOpen, "-5")
	credit.Total = "-5"
	wantResults(t, tn.putInvoices(t,
		of("late", day(time.October, 1), store.InvoiceOpen, "10"),
		of("today", day(time.November, 7), store.InvoiceOpen, "10"), // due on the 21st
		of("settled", day(time.October, 2), store.InvoiceOpen, "0"),
		credit,
		of("paid", day(time.September, 1), store.InvoicePaid, "0"),
		of("void_", day(time.August, 1), store.InvoiceVoid, "100"),
		of("newyear", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), store.InvoicePaid, "0"),
		of("oldyear", time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), store.InvoicePaid, "0"),
	), nil, "Created", "Created", "Created", "Created", "Created", "Created", "Created", "Created")
}

func TestInvoiceFilters(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	seedFilters(t, tn)
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, test := range []struct {
		name   string
		filter store.InvoiceFilter
		want   []string
	}{
		{"all", store.InvoiceFilter{}, []string{"today", "credit", "settled", "late", "paid", "void_", "newyear", "oldyear"}},
		{"open", store.InvoiceFilter{State: store.OpenInvoices}, []string{"today", "credit", "settled", "late"}},
		{"overdue", store.InvoiceFilter{State: store.OverdueInvoices}, []string{"late"}},
		{"paid", store.InvoiceFilter{State: store.PaidInvoices}, []string{"paid", "newyear", "oldyear"}},
		{"a year", store.InvoiceFilter{From: year(2025), Until: year(2026)}, []string{"oldyear"}},
		{"another year", store.InvoiceFilter{From: year(2026), Until: year(2027), State: store.PaidInvoices}, []string{"paid", "newyear"}},
		{"a number", store.InvoiceFilter{Number: "NV-la"}, []string{"late"}},
		{"a wild card is none", store.InvoiceFilter{Number: "%"}, nil},
		{"nor is the other", store.InvoiceFilter{Number: "_"}, []string{"void_"}},
		{"what no number has", store.InvoiceFilter{Number: "\x00"}, nil},
		{"later", store.InvoiceFilter{After: store.Newest{At: day(time.October, 2), ID: "settled"}}, []string{"late", "paid", "void_", "newyear", "oldyear"}},
		{"later of a year", store.InvoiceFilter{From: year(2026), Until: year(2027), After: store.Newest{At: day(time.September, 1), ID: "paid"}}, []string{"void_", "newyear"}},
	} {
		test.filter.Today = now
		for _, limit := range []int{100, 1} {
			test.filter.Limit = limit
			var got []string
			filter := test.filter
			for {
				page, err := tn.Portal.InvoicesOf(t.Context(), "1001", filter)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range page.Invoices {
					got = append(got, v.ID)
				}
				if page.Next == nil {
					break
				}
				filter.After = *page.Next
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s, by %d (-want +got):\n%s", test.name, limit, diff)
			}
		}
	}
}

func TestInvoiceOf(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.exec(t, `UPDATE account SET address = E'1 High St\nTown', tax_id = 'GB1' WHERE id = '1001'`)
	v := invoice("i", "1001", day(time.October, 1))
	net := "84.03361"
	v.TotalWithoutTax, v.Balance = &net, "33.3333"
	v.Lines = []store.InvoiceLine{{Description: "one", Quantity: "1.5", Amount: "60"}, {Description: "two", Quantity: "1", Amount: "40"}}
	v.PaymentReference, v.PayURL = "RF18", "https://pay.example/i"
	wantResults(t, tn.putInvoices(t, v), nil, "Created")
	got, err := tn.Portal.InvoiceOf(t.Context(), "1001", "i")
	if err != nil {
		t.Fatal(err)
	}
	if got.Tax == nil || *got.Tax != "15.9664" || got.Paid != "66.6667" || got.AccountAddress != "1 High St\nTown" || got.AccountTaxID != "GB1" ||
		got.PaymentReference != "RF18" || got.PayURL != "https://pay.example/i" || got.DocumentName != "" || !got.PartlyPaid() || got.CreditNote() {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(v.Lines, got.Lines); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{"", "x", "i\x00", "%"} {
		if _, err := tn.Portal.InvoiceOf(t.Context(), "1001", id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestDocumentOf(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.putInvoices(t, invoice("i", "1001", day(time.October, 1)), invoice("none", "1001", day(time.October, 1)))
	tn.putDocument(t, "i", "body")
	whole, err := tn.Portal.DocumentOf(t.Context(), "1001", "i", true)
	if err != nil || string(whole.Body) != "%PDF-body" || whole.Name != "N-i.pdf" || whole.MediaType != "application/pdf" || whole.Size != 9 {
		t.Errorf("%+v %v", whole, err)
	}
	head, err := tn.Portal.DocumentOf(t.Context(), "1001", "i", false)
	if err != nil || len(head.Body) > 0 || head.Size != 9 {
		t.Errorf("its head: %+v %v", head, err)
	}
	for _, id := range []string{"none", "", "x", "i\x00"} {
		if _, err := tn.Portal.DocumentOf(t.Context(), "1001", id, true); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestPaymentsOf(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.putInvoices(t, invoice("i1", "1001", day(time.October, 1)), invoice("i2", "1001", day(time.October, 2)))
	var list []store.Payment
	for i, id := range []string{"e", "d", "c", "b", "a"} { // newest first, two on a day
		p := payment(id, "1001", "i1")
		p.PaidOn = day(time.November, 20-i/2)
		if id == "c" {
			p.Invoices = []store.PaymentInvoice{{ID: "i2", Amount: "1"}, {ID: "i1", Amount: "2.50"}}
		}
		list = append(list, p)
	}
	tn.putPayments(t, list...)
	for _, limit := range []int{1, 2, 5, 6} {
		var got []string
		var after store.Newest
		for {
			page, next, err := tn.Portal.PaymentsOf(t.Context(), "1001", after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page {
				got = append(got, p.ID)
				if p.ID == "c" {
					want := []store.PaidInvoice{{ID: "i2", Number: "N-i2", Amount: "1"}, {ID: "i1", Number: "N-i1", Amount: "2.5"}}
					if diff := cmp.Diff(want, p.For); diff != "" {
						t.Error(diff)
					}
				}
			}
			if next == nil {
				break
			}
			after = *next
		}
		if diff := cmp.Diff([]string{"e", "d", "c", "b", "a"}, got); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
}
