package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// CallAccount is what decides about the calls of an account: what it sets itself, and
// its account profile; empty: not set.
type CallAccount struct {
	TimeZone       string
	Currency       string
	AccountProfile string
}

// CallTerms is what applies to the calls of an account: the zone in which its days begin,
// and the currency of calls that name none.
type CallTerms struct {
	Zone     *time.Location
	Currency string
}

// PutCalls stores calls and counts the new ones in the roll-up of their days. A call that
// is there is Unchanged if it is equal and Refused if it differs: calls never change.
//
// Calls are not in the change feed, emit no events and are not in the audit trail one by
// one. terms resolves the settings of an account. A few thousand calls at a time, in the
// order of time, are fastest.
func (w *Writer) PutCalls(ctx context.Context, calls []Call, terms func(CallAccount) CallTerms) ([]Result, error) {
	p := &callBatch{Writer: w, batch: newBatch(0), calls: calls, rows: make([]callRow, len(calls))}
	p.results = make([]Result, len(calls))
	for i := range calls {
		p.check(i)
	}
	if err := p.findAccounts(ctx, terms); err != nil {
		return nil, fmt.Errorf("look up the accounts of calls: %w", err)
	}
	if err := p.findKnown(ctx); err != nil {
		return nil, fmt.Errorf("look up calls: %w", err)
	}
	if err := p.copyNew(ctx); err != nil {
		return nil, fmt.Errorf("write calls: %w", err)
	}
	if err := p.rollUp(ctx); err != nil {
		return nil, fmt.Errorf("count calls by day: %w", err)
	}
	return p.results, nil
}

// callBatch is one run of PutCalls.
type callBatch struct {
	*Writer
	*batch
	calls []Call
	rows  []callRow // of each call
}

// callRow is what is stored of a call besides its own fields.
type callRow struct {
	startedAt int64  // in microseconds, as the database keeps it
	charge    int64  // in ten-thousandths
	day       int32  // since 1970-01-01, in the zone of the account
	currency  string // the call's or the account's
}

// callKey is what makes a call one.
type callKey struct {
	startedAt int64
	id        string
}

// The bounds of what a call says. No one pays more for a call, and sums of a day stay far
// from the bounds of their type.
const (
	maxCallText    = 200
	maxCallSeconds = 366 * 24 * 60 * 60
	maxCharge      = 1_000_000_000 * unitsPerOne
	callsAhead     = 24 * time.Hour // clocks are wrong and zones are mixed up, by a day at most
)

var firstCall = time.Date(1970, time.January, 2, 0, 0, 0, 0, time.UTC)

// check refuses what no call can be. What is refused here first is told.
func (p *callBatch) check(i int) {
	c, row := &p.calls[i], &p.rows[i]
	p.required(i, "id", c.ID, maxID)
	p.required(i, "accountId", c.AccountID, maxID)
	p.required(i, "number", c.Number, maxID)
	p.text(i, "otherNumber", c.OtherNumber, maxID)
	p.text(i, "destination", c.Destination, maxCallText)
	if c.Direction != CallInbound && c.Direction != CallOutbound {
		p.oneOf(i, "direction", c.Direction, CallInbound, CallOutbound)
	}
	if c.Outcome != CallAnswered {
		p.oneOf(i, "outcome", c.Outcome, CallAnswered, CallMissed, CallBusy, CallFailed)
	}
	switch {
	case c.StartedAt.Before(firstCall):
		p.refuse(i, "startedAt", "is required and must not be before 1970")
	case c.StartedAt.After(p.origin.Now.Add(callsAhead)):
		p.refuse(i, "startedAt", "is more than a day in the future")
	}
	if c.Seconds < 0 || c.Seconds > maxCallSeconds {
		p.refuse(i, "seconds", "%d is not allowed, allowed are 0 to %d", c.Seconds, maxCallSeconds)
	}
	if c.Currency != "" && !currencyPattern.MatchString(c.Currency) {
		p.refuse(i, "currency", "%q is not a currency, allowed is an ISO 4217 code such as EUR", c.Currency)
	}
	row.startedAt = c.StartedAt.UnixMicro()
	if c.Charge != "" {
		var ok bool
		if row.charge, ok = parseUnits(c.Charge); !ok || row.charge > maxCharge || row.charge < -maxCharge {
			p.refuse(i, "charge", "%q is not a charge, allowed is a number such as 0.25 with at most four decimals, up to 1000000000", c.Charge)
		}
	}
}

// pending calls f for every call that is neither refused nor known.
func (p *callBatch) pending(f func(i int)) {
	for i := range p.results {
		if p.results[i].Outcome == "" {
			f(i)
		}
	}
}

const callAccountsSQL = `
SELECT id, coalesce(attributes ->> 'timeZone', ''), coalesce(attributes ->> 'currency', ''), coalesce(account_profile, '')
FROM account WHERE id = ANY($1)`

// findAccounts looks every account up once, and takes from it the day of each call and
// the currency of those that name none.
func (p *callBatch) findAccounts(ctx context.Context, terms func(CallAccount) CallTerms) error {
	known := map[string]*CallTerms{}
	var ids []string
	p.pending(func(i int) {
		id := p.calls[i].AccountID
		if _, asked := known[id]; !asked {
			known[id] = nil
			ids = append(ids, id)
		}
	})
	rows, err := p.tx.Query(ctx, callAccountsSQL, ids)
	if err != nil {
		return err
	}
	var id string
	var a CallAccount
	same := map[CallAccount]*CallTerms{}
	_, err = pgx.ForEachRow(rows, []any{&id, &a.TimeZone, &a.Currency, &a.AccountProfile}, func() error {
		if same[a] == nil {
			resolved := terms(a)
			same[a] = &resolved
		}
		known[id] = same[a]
		return nil
	})
	if err != nil {
		return err
	}
	p.pending(func(i int) {
		c, row := &p.calls[i], &p.rows[i]
		t := known[c.AccountID]
		if t == nil {
			p.refuse(i, "accountId", "there is no account %q", c.AccountID)
			return
		}
		row.day = dayIn(c.StartedAt, t.Zone)
		row.currency = cmp.Or(c.Currency, t.Currency)
	})
	return nil
}

// dayIn is the day of a moment in a zone, in days since 1970-01-01.
func dayIn(t time.Time, zone *time.Location) int32 {
	const secondsPerDay = 24 * 60 * 60
	_, offset := t.In(zone).Zone()
	return int32((t.Unix() + int64(offset)) / secondsPerDay) //nolint:gosec // calls begin between 1970 and tomorrow
}

// Each call is looked up by its key: LIMIT keeps the planner from reading all calls of the
// time between the first and the last instead, which may be months. The bounds leave only
// the partitions that they are in.
const knownCallsSQL = `
SELECT c.id, c.account_id, c.started_at, c.direction, c.outcome, c.number, c.other_number, c.destination, c.seconds,
       coalesce(c.charge::text, '') AS charge, c.currency
FROM unnest($1::timestamptz[], $2::text[]) AS k(started_at, id)
CROSS JOIN LATERAL (
    SELECT * FROM call c WHERE c.started_at = k.started_at AND c.id = k.id AND c.started_at BETWEEN $3 AND $4 LIMIT 1
) c`

// findKnown answers for calls that are there already, and for those that come twice.
func (p *callBatch) findKnown(ctx context.Context) error {
	first := make(map[callKey]int, len(p.calls))
	var times []time.Time
	var ids []string
	p.pending(func(i int) {
		key := p.key(i)
		if _, twice := first[key]; !twice {
			first[key] = i
			times, ids = append(times, time.UnixMicro(key.startedAt)), append(ids, key.id)
		}
	})
	if len(ids) == 0 {
		return nil
	}
	rows, err := p.tx.Query(ctx, knownCallsSQL, times, ids, slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Call])
	if err != nil {
		return err
	}
	known := make(map[callKey]*Call, len(found))
	for i := range found {
		known[callKey{found[i].StartedAt.UnixMicro(), found[i].ID}] = &found[i]
	}
	p.pending(func(i int) {
		key := p.key(i)
		if there := known[key]; there != nil {
			p.compare(i, there)
		} else if first[key] != i {
			p.compare(i, &p.calls[first[key]])
		}
	})
	return nil
}

func (p *callBatch) key(i int) callKey { return callKey{p.rows[i].startedAt, p.calls[i].ID} }

// compare answers for a call that is there already: calls never change. A currency that
// was left out was the account's, whatever the account's is today.
func (p *callBatch) compare(i int, known *Call) {
	c := &p.calls[i]
	charge, _ := parseUnits(known.Charge)
	for _, field := range []struct {
		name    string
		differs bool
	}{
		{"accountId", c.AccountID != known.AccountID},
		{"direction", c.Direction != known.Direction},
		{"outcome", c.Outcome != known.Outcome},
		{"number", c.Number != known.Number},
		{"otherNumber", c.OtherNumber != known.OtherNumber},
		{"destination", c.Destination != known.Destination},
		{"seconds", c.Seconds != known.Seconds},
		{"charge", (c.Charge == "") != (known.Charge == "") || p.rows[i].charge != charge},
		{"currency", c.Currency != "" && c.Currency != known.Currency},
	} {
		if field.differs {
			p.refuse(i, field.name, "call %q that started at %s is there with another value, and calls never change",
				c.ID, c.StartedAt.UTC().Format(time.RFC3339Nano))
			return
		}
	}
	p.results[i].Outcome = Unchanged
}

// callDayKey is a row of the roll-up.
type callDayKey struct {
	account                     string
	day                         int32
	number, direction, currency string
}

func (k callDayKey) compare(other callDayKey) int {
	return cmp.Or(cmp.Compare(k.account, other.account), cmp.Compare(k.day, other.day), cmp.Compare(k.number, other.number),
		cmp.Compare(k.direction, other.direction), cmp.Compare(k.currency, other.currency))
}

// callSums are the sums of a row of the roll-up.
type callSums struct{ calls, answered, seconds, charge int64 }

const rollUpSQL = `
INSERT INTO call_day AS d (account_id, day, number, direction, currency, calls, answered, seconds, charge)
SELECT account_id, date '1970-01-01' + day, number, direction, currency, calls, answered, seconds, charge * 0.0001
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
     AS i(account_id, day, number, direction, currency, calls, answered, seconds, charge)
ON CONFLICT (account_id, day, number, direction, currency) DO UPDATE SET
    calls = d.calls + excluded.calls, answered = d.answered + excluded.answered,
    seconds = d.seconds + excluded.seconds, charge = d.charge + excluded.charge`

// rollUp counts the new calls in their days, in the order of the keys, so that two
// imports never wait for each other in a circle.
func (p *callBatch) rollUp(ctx context.Context) error {
	sums := p.sums()
	if len(sums) == 0 {
		return nil
	}
	keys := make([]callDayKey, 0, len(sums))
	for key := range sums {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, callDayKey.compare)
	n := len(keys)
	accounts, days, numbers := make([]string, n), make([]int32, n), make([]string, n)
	directions, currencies := make([]string, n), make([]string, n)
	calls, answered, seconds, charge := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, k := range keys {
		accounts[i], days[i], numbers[i], directions[i], currencies[i] = k.account, k.day, k.number, k.direction, k.currency
		s := sums[k]
		calls[i], answered[i], seconds[i], charge[i] = s.calls, s.answered, s.seconds, s.charge
	}
	_, err := p.tx.Exec(ctx, rollUpSQL, accounts, days, numbers, directions, currencies, calls, answered, seconds, charge)
	return err
}

// sums adds up the calls that were written.
func (p *callBatch) sums() map[callDayKey]*callSums {
	sums := map[callDayKey]*callSums{}
	for i := range p.calls {
		if p.results[i].Outcome != Created {
			continue
		}
		c, row := &p.calls[i], &p.rows[i]
		key := callDayKey{c.AccountID, row.day, c.Number, c.Direction, row.currency}
		s := sums[key]
		if s == nil {
			s = &callSums{}
			sums[key] = s
		}
		s.calls++
		s.seconds += int64(c.Seconds)
		s.charge += row.charge
		if c.Outcome == CallAnswered {
			s.answered++
		}
	}
	return sums
}
