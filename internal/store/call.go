package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The directions and outcomes of calls.
const (
	CallInbound  = "Inbound"
	CallOutbound = "Outbound"

	CallAnswered = "Answered"
	CallMissed   = "Missed"
	CallBusy     = "Busy"
	CallFailed   = "Failed"
)

// Call is one call of an account. It is one by its id and the moment it started, and is
// never changed.
type Call struct {
	ID          string    `db:"id"`
	AccountID   string    `db:"account_id"`
	StartedAt   time.Time `db:"started_at"`
	Direction   string    `db:"direction"`
	Outcome     string    `db:"outcome"`
	Number      string    `db:"number"` // the account's
	OtherNumber string    `db:"other_number"`
	Destination string    `db:"destination"` // as people say it: "Mobile", "Germany"
	Seconds     int32     `db:"seconds"`
	Charge      string    `db:"charge"` // a decimal; empty: none is known
	Currency    string    `db:"currency"`
}

// CallList says which calls of an account a page has: the newest first.
type CallList struct {
	AccountID string
	From, To  time.Time // From <= started at < To
	Number    string    // empty: all
	Direction string    // empty: both
	After     CallPlace // the last call of the page before
	Limit     int
}

// CallPlace is the place of a call in a list. The zero value is before the first.
type CallPlace struct {
	StartedAt time.Time
	ID        string
}

// The list follows the index call_newest from the place on, in the partitions of its
// time only.
const callsSQL = `
SELECT id, account_id, started_at, direction, outcome, number, other_number, destination, seconds,
       coalesce(trim_scale(charge)::text, '') AS charge, currency
FROM call
WHERE account_id = $1 AND started_at >= $2 AND started_at <= $3 AND (started_at, id) < ($3, $4)
  AND ($5 = '' OR number = $5) AND ($6 = '' OR direction = $6)
ORDER BY started_at DESC, id DESC LIMIT $7`

// Calls returns a page of the calls of an account, the newest first, and the place to go
// on from; nil: it is the last page.
func (s *Store) Calls(ctx context.Context, list CallList) ([]Call, *CallPlace, error) {
	if badText(list.AccountID) || badText(list.Number) || badText(list.Direction) || badText(list.After.ID) {
		return nil, nil, nil // no call can have such a text
	}
	before := CallPlace{StartedAt: list.To} // no id is less than the empty one
	if list.After.ID != "" {
		before = list.After
	}
	rows, err := s.db.Query(ctx, callsSQL, list.AccountID, list.From, before.StartedAt, before.ID, list.Number, list.Direction, list.Limit+1)
	if err != nil {
		return nil, nil, fail("list calls", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Call])
	if err != nil {
		return nil, nil, fail("list calls", err)
	}
	if len(found) <= list.Limit {
		return found, nil, nil
	}
	found = found[:list.Limit]
	last := found[list.Limit-1]
	return found, &CallPlace{StartedAt: last.StartedAt, ID: last.ID}, nil
}

// CallDay is the roll-up of the calls of one day: of a number of an account, in one
// direction and currency. The day is that of the account's time zone when the calls came
// in.
type CallDay struct {
	AccountID string    `db:"account_id"`
	Day       time.Time `db:"day"`
	Number    string    `db:"number"`
	Direction string    `db:"direction"`
	Currency  string    `db:"currency"`
	Calls     int64     `db:"calls"`
	Answered  int64     `db:"answered"`
	Seconds   int64     `db:"seconds"`
	Charge    string    `db:"charge"` // a decimal
}

// CallDayList says which days of an account a page has, in the order of days and numbers.
type CallDayList struct {
	AccountID string
	From, To  time.Time // both included
	Number    string    // empty: all
	After     CallDayPlace
	Limit     int
}

// CallDayPlace is the place of a roll-up in a list. The zero value is before the first.
type CallDayPlace struct {
	Day                         time.Time
	Number, Direction, Currency string
}

const callDaysSQL = `
SELECT account_id, day, number, direction, currency, calls, answered, seconds, trim_scale(charge)::text AS charge
FROM call_day
WHERE account_id = $1 AND day >= $2 AND day <= $3 AND (day, number, direction, currency) > ($2, $4, $5, $6)
  AND ($7 = '' OR number = $7)
ORDER BY day, number, direction, currency LIMIT $8`

// CallDays returns a page of the roll-up of an account's calls, and the place to go on
// from; nil: it is the last page.
func (s *Store) CallDays(ctx context.Context, list CallDayList) ([]CallDay, *CallDayPlace, error) {
	after := list.After
	if badText(list.AccountID) || badText(list.Number) || badText(after.Number) || badText(after.Direction) || badText(after.Currency) {
		return nil, nil, nil // no row can have such a text
	}
	if after.Day.IsZero() {
		after.Day = list.From
	}
	rows, err := s.db.Query(ctx, callDaysSQL, list.AccountID, after.Day, list.To, after.Number, after.Direction, after.Currency, list.Number, list.Limit+1)
	if err != nil {
		return nil, nil, fail("list days of calls", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[CallDay])
	if err != nil {
		return nil, nil, fail("list days of calls", err)
	}
	if len(found) <= list.Limit {
		return found, nil, nil
	}
	found = found[:list.Limit]
	last := found[list.Limit-1]
	return found, &CallDayPlace{Day: last.Day, Number: last.Number, Direction: last.Direction, Currency: last.Currency}, nil
}
