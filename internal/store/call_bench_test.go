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

// benchCall is call number n of a provider whose file is in the order of time: hardly two
// calls next to each other are of one account and day.
func benchCall(n, accounts int) store.Call {
	c := store.Call{
		ID: fmt.Sprintf("C%09d", n), AccountID: fmt.Sprintf("A%07d", n*31%accounts), StartedAt: now.AddDate(0, -3, 0).Add(time.Duration(n) * 900 * time.Millisecond),
		Direction: store.CallOutbound, Outcome: store.CallAnswered, Number: fmt.Sprintf("+6129%07d", n*31%accounts),
		OtherNumber: fmt.Sprintf("+6138%07d", n*7919%9_999_991), Seconds: int32(n % 3600), //nolint:gosec // small
	}
	if n%2 == 0 {
		c.Charge = fmt.Sprintf("0.%02d", n%100)
	}
	return c
}

func benchTerms(store.CallAccount) store.CallTerms {
	return store.CallTerms{Zone: time.UTC, Currency: "AUD"}
}

const benchAccounts, benchBatch = 100_000, 2000

func benchTenant(b *testing.B) *storetest.Tenant {
	tenant := storetest.New(b, server)
	pool := storetest.Pool(b, tenant.BackofficeURI)
	_, err := pool.Exec(b.Context(), `INSERT INTO account (id, name, status) SELECT 'A' || lpad(n::text, 7, '0'), 'Customer', 'Active' FROM generate_series(0, $1) n`, benchAccounts)
	if err != nil {
		b.Fatal(err)
	}
	return tenant
}

// BenchmarkPutCalls and BenchmarkCopyCalls write the same rows; the second with nothing
// but COPY, into the table of calls and into that of the roll-up.
func BenchmarkPutCalls(b *testing.B) {
	tenant := benchTenant(b)
	b.ResetTimer()
	for from := 0; from < b.N; from += benchBatch {
		calls := make([]store.Call, 0, benchBatch)
		for n := from; n < min(from+benchBatch, b.N); n++ {
			calls = append(calls, benchCall(n, benchAccounts))
		}
		err := tenant.Backoffice.Write(b.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
			results, err := w.PutCalls(ctx, calls, benchTerms)
			for i, r := range results {
				if r.Outcome != store.Created {
					return fmt.Errorf("call %d: %v", from+i, r)
				}
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopyCalls(b *testing.B) {
	tenant := benchTenant(b)
	pool := storetest.Pool(b, tenant.BackofficeURI)
	b.ResetTimer()
	next := func(row func(store.Call) []any) pgx.CopyFromSource {
		return pgx.CopyFromSlice(b.N, func(n int) ([]any, error) { return row(benchCall(n, benchAccounts)), nil })
	}
	_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"call"},
		[]string{"id", "account_id", "started_at", "day", "direction", "outcome", "number", "other_number", "seconds", "charge", "currency"},
		next(func(c store.Call) []any {
			var charge any
			if c.Charge != "" {
				charge = c.Charge
			}
			return []any{c.ID, c.AccountID, c.StartedAt, c.StartedAt, c.Direction, c.Outcome, c.Number, c.OtherNumber, c.Seconds, charge, "AUD"}
		}))
	if err != nil {
		b.Fatal(err)
	}
	_, err = pool.CopyFrom(b.Context(), pgx.Identifier{"call_day"},
		[]string{"account_id", "day", "number", "direction", "currency", "calls", "answered", "seconds", "charge"},
		next(func(c store.Call) []any {
			charge := c.Charge
			if charge == "" {
				charge = "0"
			}
			return []any{c.AccountID, c.StartedAt, c.Number, c.Direction, "AUD", 1, 1, c.Seconds, charge}
		}))
	if err != nil {
		b.Fatal(err)
	}
}
