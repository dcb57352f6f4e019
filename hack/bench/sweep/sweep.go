// Package sweep measures a look for unpaid invoices: of a million, of which one in a hundred
// has a day that is due, and what is due is planned. What counts is processor time, of this
// process and of PostgreSQL together.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/deliver"
)

// Target is the most processor time that a sweep takes.
const Target = 2 * time.Second

// Result is what sweeps took.
type Result struct {
	First time.Duration // which plans what is due
	Again time.Duration // a minute later, when all of it was dealt with
}

// The invoices of one account, as after as many months without a payment.
const invoicesEach = 10

// Measure sweeps over so many unpaid invoices, of which so many are due today by the
// standard suite; the others were long ago.
func Measure(ctx context.Context, unpaid, due int, progress func(string, ...any)) (r Result, err error) {
	t, err := tenant.Start(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	progress("writing %d invoices", unpaid)
	now := time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC) // a Wednesday afternoon in Sydney
	if err := write(ctx, t, unpaid, due, now); err != nil {
		return r, err
	}
	d, err := dispatcher(t)
	if err != nil {
		return r, err
	}
	if r.First, err = measure(ctx, d, now, "the sweep that plans", progress); err != nil {
		return r, err
	}
	planned, err := count(ctx, t)
	if err == nil && planned != due {
		err = fmt.Errorf("%d notifications were planned, not %d", planned, due)
	}
	if err != nil {
		return r, err
	}
	r.Again, err = measure(ctx, d, now.Add(time.Minute), "the next", progress)
	return r, err
}

// write makes the rows past the API, whose speed is measured elsewhere: each account has as
// many unpaid invoices, and of some a day is due now.
func write(ctx context.Context, t *tenant.Tenant, unpaid, due int, now time.Time) error {
	accounts := unpaid / invoicesEach
	conn, err := t.Superuser(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)                              //nolint:errcheck // it only wrote
	day := now.AddDate(0, 0, -3).Format(time.DateOnly) // the standard suite reminds after 3 days
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE delivery SET live_since = $1`, []any{now.AddDate(0, 0, -30)}},
		{`INSERT INTO account (id, name, status) SELECT 'a' || n, 'Customer ' || n, 'Active' FROM generate_series(1, $1::int) n`, []any{accounts}},
		{`INSERT INTO contact (id, account_id, first_name, last_name, email, owner, access, roles)
SELECT 'c' || n, 'a' || n, 'Dana', 'Smith', 'dana@a' || n || '.example', true, 'Active', '{Primary}' FROM generate_series(1, $1::int) n`, []any{accounts}},
		// The k-th of an account was due k months ago, but for the first of those that are due.
		{`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status)
SELECT 'i' || n || '-' || k, 'a' || n, n || '-' || k, d.due - 14, d.due, 'BuiltIn', 'AUD', 89, 89, 'Open'
FROM generate_series(1, $1::int) n, generate_series(1, $2::int) k,
     LATERAL (SELECT CASE WHEN k = 1 AND n <= $3 THEN $4::date ELSE $4::date - 40 - 30 * k - n % 28 END AS due) d`, []any{accounts, invoicesEach, due, day}},
		{`ANALYZE`, nil},
	} {
		if _, err := conn.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
	}
	return nil
}

func dispatcher(t *tenant.Tenant) (*deliver.Dispatcher, error) {
	document, packed, err := tenant.Documents(config.SMTP{Host: "mail.example"}, tenant.Mail())
	if err != nil {
		return nil, err
	}
	live, err := config.Load(document)
	if err != nil {
		return nil, err
	}
	routing, err := config.OpenRouting(packed)
	if err != nil {
		return nil, err
	}
	keys, err := tenant.Keys()
	if err != nil {
		return nil, err
	}
	return deliver.New(deliver.Options{
		Store: t.Dispatcher, Settings: func() *config.Live { return live }, Routing: func() *config.LiveRouting { return routing },
		Keys: func() *identity.Keys { return keys }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: prometheus.NewRegistry(), Now: time.Now, Lease: time.Minute,
	}), nil
}

func measure(ctx context.Context, d *deliver.Dispatcher, now time.Time, name string, progress func(string, ...any)) (time.Duration, error) {
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	whole, err := d.Sweep(ctx, now)
	if err == nil && !whole {
		err = errors.New("somebody else was planning")
	}
	if err != nil {
		return 0, err
	}
	spent, err := started.Read()
	progress("%s: %s", name, spent)
	return spent.Processor, err
}

func count(ctx context.Context, t *tenant.Tenant) (planned int, err error) {
	conn, err := t.Superuser(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM notification WHERE state = 'Planned'`).Scan(&planned); err != nil {
		return 0, fmt.Errorf("count notifications: %w", err)
	}
	return planned, nil
}
