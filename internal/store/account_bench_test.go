package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// benchAccount is account number n of a provider whose keys are in no order; every tenth
// has settings of its own.
func benchAccount(n int) (id string, a store.Account) {
	a = store.Account{Name: fmt.Sprintf("Customer number %d", n), Status: settings.Active, AccountProfile: "residential", Groups: []string{}, StartsOn: now}
	if n%5 == 0 {
		a.AccountProfile = "business"
	}
	if n%10 == 0 {
		a.Attributes = settings.Attributes{Locale: "en-AU", TradingTermsDays: ptr(int32(30))}
	}
	return fmt.Sprintf("A%07d", n*7919%10_000_019), a
}

// BenchmarkPutAccounts and BenchmarkCopyAccounts write the same rows; the second with
// nothing but COPY, into the table of accounts and into the change feed.
func BenchmarkPutAccounts(b *testing.B) {
	tenant := storetest.New(b, server)
	b.ResetTimer()
	const batch = 500
	for from := 0; from < b.N; from += batch {
		var items []store.Item[store.Account]
		for n := from; n < min(from+batch, b.N); n++ {
			id, a := benchAccount(n)
			items = append(items, store.Item[store.Account]{ID: id, Decide: func(*store.Account) (store.Account, *store.Refusal) { return a, nil }})
		}
		origin := store.Origin{Now: now, Quiet: true, Unaudited: true}
		err := tenant.Backoffice.Write(b.Context(), origin, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutAccounts(ctx, items)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopyAccounts(b *testing.B) {
	tenant := storetest.New(b, server)
	pool := storetest.Pool(b, tenant.BackofficeURI)
	b.ResetTimer()
	copyTo := func(table string, columns []string, row func(n int) []any) {
		_, err := pool.CopyFrom(b.Context(), pgx.Identifier{table}, columns, pgx.CopyFromSlice(b.N, func(n int) ([]any, error) { return row(n), nil }))
		if err != nil {
			b.Fatal(err)
		}
	}
	copyTo("account", []string{"id", "name", "status", "account_profile", "groups", "attributes", "starts_on", "version", "created_at", "updated_at"}, func(n int) []any {
		id, a := benchAccount(n)
		attributes := "{}"
		if n%10 == 0 {
			attributes = `{"locale":"en-AU","tradingTermsDays":30}`
		}
		return []any{id, a.Name, string(a.Status), a.AccountProfile, a.Groups, attributes, now, int64(1), now, now}
	})
	copyTo("change", []string{"position", "kind", "id", "account_id", "operation", "version", "at"}, func(n int) []any {
		id, _ := benchAccount(n)
		return []any{int64(n + 1), "account", id, id, "Upsert", int64(1), now}
	})
}
