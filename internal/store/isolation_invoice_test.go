package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// billingAttempts makes payments, services, orders, service requests and documents of
// accounts A and B, and runs every method on them and on invoices for A.
func billingAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	tn.putSites(t, site("a-site", "A", "Home"), site("b-site", "B", "Home"))
	for account, prefix := range map[string]string{"A": "a-", "B": "b-"} {
		tn.exec(t, `UPDATE account SET address = 'of ' || id WHERE id = '`+account+`'`)
		v := invoice(prefix+"1", account, day(time.May, 1))
		v.Lines = []store.InvoiceLine{{Description: "x", Quantity: "1", Amount: "1"}}
		tn.putInvoices(t, v)
		tn.putDocument(t, prefix+"1", prefix)
		s := service(prefix+"1", account)
		s.SiteID = prefix + "site"
		tn.putServices(t, s)
		p := payment(prefix+"1", account, prefix+"1")
		tn.putPayments(t, p)
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			if _, err := w.PutOrders(ctx, []store.Item[store.Order]{always(prefix+"1", orderOf(account))}); err != nil {
				return err
			}
			_, err := w.PutRequests(ctx, []store.Item[store.Request]{always(prefix+"1", requestOf(account, prefix+"site"))})
			return err
		})
	}
	b := tn.Backoffice
	return map[string]func(*testing.T){
		"Invoice":      onlyOfA(tn, b.Invoice, b.ListInvoices, (*store.Writer).PutInvoices, fullInvoice("", "A")),
		"ListInvoices": onlyOfA(tn, b.Invoice, b.ListInvoices, (*store.Writer).PutInvoices, invoice("", "A", day(time.May, 1))),
		"Payment":      onlyOfA(tn, b.Payment, b.Payments, (*store.Writer).PutPayments, payment("", "A", "a-1"), payment("", "A", "b-1")),
		"Payments":     onlyOfA(tn, b.Payment, b.Payments, (*store.Writer).PutPayments, payment("", "A", "a-1")),
		"Service":      onlyOfA(tn, b.Service, b.Services, (*store.Writer).PutServices, service("", "A"), serviceAt("A", "b-site")),
		"Services":     onlyOfA(tn, b.Service, b.Services, (*store.Writer).PutServices, service("", "A")),
		"Order":        onlyOfA(tn, b.Order, b.Orders, (*store.Writer).PutOrders, orderOf("A")),
		"Orders":       onlyOfA(tn, b.Order, b.Orders, (*store.Writer).PutOrders, orderOf("A")),
		"Request":      onlyOfA(tn, b.Request, b.Requests, (*store.Writer).PutRequests, requestOf("A", ""), requestOf("A", "b-site")),
		"Requests":     onlyOfA(tn, b.Request, b.Requests, (*store.Writer).PutRequests, requestOf("A", "")),
		"OldestUnpaid": func(t *testing.T) {
			if oldest, err := b.OldestUnpaid(t.Context(), "A"); err != nil || oldest.AccountID != "A" {
				t.Errorf("%+v %v", oldest, err)
			}
			if oldest, err := b.OldestUnpaid(t.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("of nobody: %+v %v", oldest, err)
			}
		},
		"InvoiceOf": func(t *testing.T) {
			own, err := tn.Portal.InvoiceOf(t.Context(), "A", "a-1")
			if err != nil || own.AccountID != "A" || own.AccountAddress != "of A" || len(own.Lines) != 1 || own.DocumentName == "" {
				t.Errorf("%+v %v", own, err)
			}
			for _, account := range []string{"A", "%", "A\x00", ""} {
				if got, err := tn.Portal.InvoiceOf(t.Context(), account, "b-1"); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%q: %+v %v", account, got, err)
				}
			}
		},
		"DocumentOf": func(t *testing.T) {
			for _, withBody := range []bool{true, false} {
				if got, err := tn.Portal.DocumentOf(t.Context(), "A", "b-1", withBody); !errors.Is(err, store.ErrNotFound) || len(got.Body) > 0 {
					t.Errorf("%+v %v", got, err)
				}
			}
			if own, err := tn.Portal.DocumentOf(t.Context(), "A", "a-1", true); err != nil || string(own.Body) == "%PDF-b-" {
				t.Errorf("%q %v", own.Body, err)
			}
		},
		"PaymentsOf": func(t *testing.T) {
			for _, after := range []store.Newest{{}, {At: day(time.December, 31), ID: "b-1"}} {
				list, _, err := tn.Portal.PaymentsOf(t.Context(), "A", after, 100)
				if err != nil || len(list) != 1 || list[0].ID != "a-1" || len(list[0].For) != 1 || list[0].For[0].ID != "a-1" {
					t.Errorf("%+v %v", list, err)
				}
			}
			if list, _, err := tn.Portal.PaymentsOf(t.Context(), "%", store.Newest{}, 100); err != nil || len(list) > 0 {
				t.Errorf("%+v %v", list, err)
			}
		},
		"InvoiceDocument": func(t *testing.T) {
			tn.putDocument(t, "a-1", "another one")
			document, err := b.InvoiceDocument(t.Context(), "a-1", nil)
			if err != nil || string(document.Body) != "%PDF-another one" {
				t.Errorf("%q %v", document.Body, err)
			}
		},
	}
}

func orderOf(account string) store.Order {
	return store.Order{Row: store.Row{AccountID: account}, Number: "1", Status: store.OrderPlaced, PlacedAt: now, Total: "1", Currency: "EUR"}
}

func requestOf(account, site string) store.Request {
	return store.Request{Row: store.Row{AccountID: account}, Number: "1", Subject: "x", Status: store.RequestNew, SiteID: site, OpenedBy: "Dana", OpenedAt: now}
}

func serviceAt(account, site string) store.Service {
	s := service("", account)
	s.SiteID = site
	return s
}

// onlyOfA reads and lists rows of A, and writes a row of A under an id of B, and rows of A
// that refer to rows of B under an id of A.
func onlyOfA[R any](
	tn tenant, one func(context.Context, string) (R, error), list func(context.Context, store.List) ([]R, *store.Place, error),
	put func(*store.Writer, context.Context, []store.Item[R]) ([]store.Written[R], error), own R, referring ...R,
) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		want, err := one(t.Context(), "a-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range []store.Place{{}, {ID: "a-0"}} {
			rows, _, err := list(t.Context(), store.List{AccountID: "A", After: after, Limit: 1})
			if diff := cmp.Diff([]R{want}, rows); diff != "" || err != nil {
				t.Errorf("from %v: %v (-want +got):\n%s", after, err, diff)
			}
		}
		for _, l := range []store.List{
			{AccountID: "A", After: store.Place{ID: "b"}, Limit: 9},
			{AccountID: "%", Limit: 9},
			{AccountID: "A\x00", Limit: 9},
		} {
			if rows, _, err := list(t.Context(), l); len(rows) > 0 || err != nil {
				t.Errorf("%+v: %v %v", l, rows, err)
			}
		}
		items := []store.Item[R]{always("b-1", own)}
		for _, r := range referring {
			items = append(items, always("a-1", r))
		}
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			for _, item := range items {
				written, err := put(w, ctx, []store.Item[R]{item})
				if err != nil {
					return err
				}
				if written[0].Outcome != store.Refused {
					t.Errorf("%s: %v", item.ID, written[0].Result)
				}
			}
			return nil
		})
	}
}
