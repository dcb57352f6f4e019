package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// BenchmarkPutInvoices writes invoices of 10,000 accounts in the batches of an import:
// new ones, the same ones again, and all of them changed.
func BenchmarkPutInvoices(b *testing.B) {
	const batch, accounts = 2000, 10_000
	tenant := storetest.New(b, server)
	list := make([]store.Account, accounts)
	for n := range list {
		list[n] = store.Account{Row: store.Row{ID: fmt.Sprint("A", n)}, Name: "Customer", Status: "Active"}
	}
	storetest.Accounts(b, tenant.Backoffice, list...)
	put := func(b *testing.B, change func(*store.Invoice)) {
		for from := 0; from < b.N; from += batch {
			var items []store.Item[store.Invoice]
			for n := from; n < min(from+batch, b.N); n++ {
				v := invoice(fmt.Sprintf("I%08d", n*7919%100_000_007), fmt.Sprint("A", n%accounts), day(time.November, 1))
				change(&v)
				items = append(items, always(v.ID, v))
			}
			origin := store.Origin{Now: now, Quiet: true, Unaudited: true}
			err := tenant.Backoffice.Write(b.Context(), origin, func(ctx context.Context, w *store.Writer) error {
				_, err := w.PutInvoices(ctx, items)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("new", func(b *testing.B) { put(b, func(*store.Invoice) {}) })
	b.Run("same", func(b *testing.B) { put(b, func(*store.Invoice) {}) })
	b.Run("changed", func(b *testing.B) {
		put(b, func(v *store.Invoice) { v.Status, v.Balance = store.InvoicePaid, "0" })
	})
}

// BenchmarkCopyInvoices writes the new ones with nothing but COPY.
func BenchmarkCopyInvoices(b *testing.B) {
	tenant := storetest.New(b, server)
	pool := storetest.Pool(b, tenant.BackofficeURI)
	storetest.Accounts(b, tenant.Backoffice, store.Account{Row: store.Row{ID: "A"}, Name: "Customer", Status: "Active"})
	b.ResetTimer()
	columns := []string{"id", "account_id", "number", "issued_on", "due_on", "due_source", "currency", "total", "balance", "status"}
	_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"invoice"}, columns, pgx.CopyFromSlice(b.N, func(n int) ([]any, error) {
		id, on := fmt.Sprintf("I%08d", n*7919%100_000_007), day(time.November, 1)
		return []any{id, "A", "N-" + id, on, on, "Tenant", "EUR", "100.00", "100", store.InvoiceOpen}, nil
	}))
	if err != nil {
		b.Fatal(err)
	}
}
