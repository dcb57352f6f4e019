package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Planning is one transaction of the planner of events, or of the sweep: what it reads
// decides, what it adds is there once or not at all. There is one of each at a time, whatever
// the number of replicas, and neither waits for the other.
type Planning struct {
	Facts
	tx    pgx.Tx
	now   time.Time
	state DeliveryState
}

// Delivery is the state of delivery, which does not change while the transaction runs.
func (p *Planning) Delivery() DeliveryState { return p.state }

// How the state of delivery is read by who plans: nobody changes the mode meanwhile. There is
// one planner of events, and the sweep keeps it from nothing.
const (
	asPlannerOfEvents = "FOR NO KEY UPDATE SKIP LOCKED"
	asSweep           = "FOR KEY SHARE"
)

// planning runs work in a transaction; ran is false if another planner of events is there.
func (s *Store) planning(ctx context.Context, now time.Time, as string, work func(context.Context, *Planning) error) (ran bool, err error) {
	now = now.Truncate(time.Microsecond) // as the database keeps it
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		state, err := readDelivery(ctx, tx, as)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the state of delivery: %w", err)
		}
		ran = true
		return work(ctx, &Planning{Facts: Facts{tx, now}, tx: tx, now: now, state: state})
	})
	return ran, err
}

// The events after a position up to the head: what is after that belongs to a transaction
// that is not committed, or never was.
const eventsToPlanSQL = `
SELECT position, id, source, type, coalesce(account_id, ''), subject, actor, contact_id, data, at FROM event
WHERE position > $1 AND position <= (SELECT event FROM feed) ORDER BY position LIMIT $2`

// PlanEvents gives the next events to work, in their order, and remembers that they were
// planned in the same transaction as what work adds: each is planned once. read is how many
// there were; ran is false if another replica plans right now.
func (s *Store) PlanEvents(ctx context.Context, now time.Time, limit int, work func(context.Context, *Planning, []Event) error) (read int, ran bool, err error) {
	ran, err = s.planning(ctx, now, asPlannerOfEvents, func(ctx context.Context, p *Planning) error {
		events, err := readEvents(ctx, p.tx, eventsToPlanSQL, p.state.Position, limit)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if read = len(events); read == 0 {
			return nil
		}
		if err := work(ctx, p, events); err != nil {
			return err
		}
		if _, err := p.tx.Exec(ctx, `UPDATE delivery SET position = $1`, events[read-1].Position); err != nil {
			return fmt.Errorf("remember what was planned: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, ran, fmt.Errorf("store: plan events: %w", err)
	}
	return read, ran, nil
}

func readEvents(ctx context.Context, db querier, sql string, args ...any) ([]Event, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanEvent)
}

func scanEvent(row pgx.CollectableRow) (Event, error) {
	var e Event
	err := row.Scan(&e.Position, &e.ID, &e.Source, &e.Type, &e.AccountID, &e.Subject, &e.Actor, &e.ContactID, &e.Data, &e.At)
	return e, err
}
