package bulk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/integration"
)

// Sizes says how much there is in the end.
type Sizes struct{ Accounts, Invoices, Calls int }

// Full is the size of a real provider.
var Full = Sizes{Accounts: 1_000_000, Invoices: 3_000_000, Calls: 10_000_000}

// few is how many accounts there are when what is asked for is measured first.
const few = 10_000

// rounds is how often the API and COPY take turns.
const rounds = 5

// The design's figures: at least so much of what bare COPY does.
const (
	AccountsTarget = 0.3
	CallsTarget    = 0.5
	// AskTarget is how much more an answer may cost among a hundred times the accounts.
	AskTarget = 1.5
)

// Pair is the processor time of a row by the API and by COPY, in each round, sorted.
type Pair struct{ API, Copy []time.Duration }

// Median is the middle of times.
func Median(times []time.Duration) time.Duration { return times[len(times)/2] }

// Result is all that is measured.
type Result struct {
	Accounts, Calls Pair
	// AskedFew and AskedMany are the processor time of an answer to what is asked for, by
	// name, among few and among all accounts.
	AskedFew, AskedMany map[string]time.Duration
}

// Measure runs everything; binary is the backoffice.
func Measure(ctx context.Context, binary string, sizes Sizes, progress Progress) (r Result, err error) {
	w, err := start(ctx, binary, progress)
	if err != nil {
		return r, err
	}
	defer func() {
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	if err := w.send(ctx, integration.Groups, newLines(0, 1, groupLine), 1); err != nil {
		return r, err
	}
	if err := w.fill(ctx, 0, few, sizes); err != nil {
		return r, err
	}
	if r.AskedFew, err = w.askAll(ctx, few); err != nil {
		return r, err
	}
	progress("among %d accounts: %v", few, r.AskedFew)
	if r.Accounts, err = w.accounts(ctx, sizes); err != nil {
		return r, err
	}
	if r.Calls, err = w.calls(ctx, sizes); err != nil {
		return r, err
	}
	if err := w.invoices(ctx, sizes.Invoices*few/sizes.Accounts, sizes.Invoices, sizes.Accounts); err != nil {
		return r, err
	}
	if err := w.analyze(ctx); err != nil {
		return r, err
	}
	r.AskedMany, err = w.askAll(ctx, sizes.Accounts)
	progress("among %d accounts: %v", sizes.Accounts, r.AskedMany)
	return r, err
}

// fill brings a share of everything in, by the API.
func (w *world) fill(ctx context.Context, from, to int, sizes Sizes) error {
	if err := w.send(ctx, integration.Accounts, newLines(from, to, accountLine), to-from); err != nil {
		return err
	}
	if err := w.invoices(ctx, 0, sizes.Invoices*to/sizes.Accounts, to); err != nil {
		return err
	}
	calls := sizes.Calls * to / sizes.Accounts
	err := w.send(ctx, integration.Calls, newLines(0, calls, func(b []byte, n int) []byte { return callLine(b, n, to) }), calls)
	if err != nil {
		return err
	}
	return w.analyze(ctx)
}

func (w *world) invoices(ctx context.Context, from, to, accounts int) error {
	began := time.Now()
	err := w.send(ctx, integration.Invoices, newLines(from, to, func(b []byte, n int) []byte { return invoiceLine(b, n, accounts) }), to-from)
	if err == nil {
		w.progress("%d invoices by the API: %.0f a second", to-from, float64(to-from)/time.Since(began).Seconds())
	}
	return err
}

// analyze does what autovacuum does in time.
func (w *world) analyze(ctx context.Context) error {
	if _, err := w.rows.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// send imports lines, all of which have to be new.
func (w *world) send(ctx context.Context, kind integration.Kind, of *lines, count int) error {
	refused := ""
	summary, err := w.api.ImportWith(ctx, integration.ImportOptions{Kind: kind}, of, func(r integration.Refusal) {
		refused = fmt.Sprintf("line %d, %s: %s", r.Line, r.Field, r.Message)
	})
	if err == nil && (summary.Created != int64(count) || refused != "") {
		err = fmt.Errorf("import %s: %+v of %d lines, refused %s", kind, summary, count, refused)
	}
	return err
}

// accounts brings in the rest of the accounts, half of them by the API and half by COPY.
func (w *world) accounts(ctx context.Context, sizes Sizes) (Pair, error) {
	return w.turns(few, sizes.Accounts, "accounts", func(from, to int) error {
		return w.send(ctx, integration.Accounts, newLines(from, to, accountLine), to-from)
	}, func(from, to int) error { return w.copyAccounts(ctx, from, to) })
}

func (w *world) calls(ctx context.Context, sizes Sizes) (Pair, error) {
	line := func(b []byte, n int) []byte { return callLine(b, n, sizes.Accounts) }
	return w.turns(sizes.Calls*few/sizes.Accounts, sizes.Calls, "calls", func(from, to int) error {
		return w.send(ctx, integration.Calls, newLines(from, to, line), to-from)
	}, func(from, to int) error { return w.copyCalls(ctx, from, to, sizes.Accounts) })
}

// turns lets the API and COPY take turns with the rows from one number up to another.
func (w *world) turns(from, to int, what string, api, bare func(from, to int) error) (Pair, error) {
	var p Pair
	share := (to - from) / (2 * rounds)
	for round := range rounds {
		at := from + 2*round*share
		began := time.Now()
		byAPI, err := w.spend(func() error { return api(at, at+share) }, "backoffice", "postgres")
		if err != nil {
			return p, err
		}
		between := time.Now()
		end := at + 2*share
		if round == rounds-1 {
			end = to // what division left over
		}
		byCopy, err := w.spend(func() error { return bare(at+share, end) }, "bench", "postgres")
		if err != nil {
			return p, err
		}
		p.API = append(p.API, byAPI/time.Duration(share))
		p.Copy = append(p.Copy, byCopy/time.Duration(end-at-share))
		w.progress("%s, round %d of %d: by the API %s of processor time each and %.0f a second, by COPY %s and %.0f", what, round+1, rounds,
			p.API[round], float64(share)/between.Sub(began).Seconds(), p.Copy[round], float64(end-at-share)/time.Since(between).Seconds())
	}
	slices.Sort(p.API)
	slices.Sort(p.Copy)
	return p, nil
}

// copyAccounts writes accounts as bare COPY does, and the entries of the change feed
// that have to come with them. The triggers of the table count as they always do, but once
// for all rows, in one transaction, where the API has one for every few thousand and
// writes an audit trail: the floor is as low as it can be.
func (w *world) copyAccounts(ctx context.Context, from, to int) error {
	now := time.Now()
	n := from
	_, err := w.rows.CopyFrom(ctx, pgx.Identifier{"account"},
		[]string{"id", "name", "status", "account_profile", "groups", "attributes", "version", "created_at", "updated_at"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if n == to {
				return nil, nil
			}
			profile, attributes := "residential", "{}"
			if n%5 == 0 {
				profile = "business"
			}
			if n%10 == 0 {
				attributes = `{"locale":"en-AU","tradingTermsDays":30}`
			}
			groups := []string{}
			if n%100 == 0 {
				groups = []string{group}
			}
			row := []any{accountID(n), fmt.Sprintf("Customer number %d", n), "Active", profile, groups, attributes, int64(1), now, now}
			n++
			return row, nil
		}))
	if err != nil {
		return fmt.Errorf("copy accounts: %w", err)
	}
	var last int64
	if err := w.rows.QueryRow(ctx, "UPDATE feed SET change = change + $1 RETURNING change - $1", to-from).Scan(&last); err != nil {
		return fmt.Errorf("take positions: %w", err)
	}
	n = from
	_, err = w.rows.CopyFrom(ctx, pgx.Identifier{"change"}, []string{"position", "kind", "id", "account_id", "operation", "version", "at"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if n == to {
				return nil, nil
			}
			id := accountID(n)
			n++
			return []any{last + int64(n-from), "account", id, id, "Upsert", int64(1), now}, nil
		}))
	if err != nil {
		return fmt.Errorf("copy changes: %w", err)
	}
	return nil
}

// copyCalls writes calls as bare COPY does, and the rows of the roll-up by day, of which
// there is one for each call.
func (w *world) copyCalls(ctx context.Context, from, to, accounts int) error {
	each := func(row func(call) []any) pgx.CopyFromSource {
		n := from
		return pgx.CopyFromFunc(func() ([]any, error) {
			if n == to {
				return nil, nil
			}
			n++
			return row(callOf(n-1, accounts)), nil
		})
	}
	_, err := w.rows.CopyFrom(ctx, pgx.Identifier{"call"},
		[]string{"id", "account_id", "started_at", "day", "direction", "outcome", "number", "other_number", "seconds"},
		each(func(c call) []any {
			return []any{c.id, c.account, c.started, c.started, c.direction, c.outcome, c.number, c.other, c.seconds}
		}))
	if err != nil {
		return fmt.Errorf("copy calls: %w", err)
	}
	_, err = w.rows.CopyFrom(ctx, pgx.Identifier{"call_day"},
		[]string{"account_id", "day", "number", "direction", "currency", "calls", "answered", "seconds", "charge"},
		each(func(c call) []any {
			return []any{c.account, c.started.AddDate(0, 0, longAgo), c.number, c.direction, "AUD", 1, 1, c.seconds, 0}
		}))
	if err != nil {
		return fmt.Errorf("copy the roll-up of calls: %w", err)
	}
	return nil
}

// longAgo moves the days of copied roll-ups to where the calls by the API have none: a
// call late in the evening is of another day in the account's zone.
const longAgo = -36_500
