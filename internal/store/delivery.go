package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// The modes of delivery.
const (
	DeliveryHold     = "Hold"     // notifications are planned and shown, and none goes out
	DeliveryRedirect = "Redirect" // mails go to one address
	DeliveryLive     = "Live"
)

// DeliveryState is where the planner is, and what becomes of notifications.
type DeliveryState struct {
	Position  int64      // of the last event that was planned
	Mode      string     // which workers go by, whatever their documents say
	LiveSince *time.Time // what fell due before is never sent; nil: it has never been Live
	SweptAt   *time.Time // when the last whole sweep ended; nil: never
	// Settled says that what waited when the mode changed is where it belongs.
	Settled bool
	// Adopted: another cluster sent from this data, or still does from where it was copied.
	// The mode stays Hold until a document asks for Hold.
	Adopted bool
}

// readDelivery reads the state with a locking clause, or "".
func readDelivery(ctx context.Context, db querier, locking string) (d DeliveryState, err error) {
	err = db.QueryRow(ctx, `SELECT position, mode, live_since, (SELECT swept_at FROM sweep), settled, adopted FROM delivery `+locking).
		Scan(&d.Position, &d.Mode, &d.LiveSince, &d.SweptAt, &d.Settled, &d.Adopted)
	return d, err
}

// Delivery returns the state of delivery.
func (s *Store) Delivery(ctx context.Context) (DeliveryState, error) {
	d, err := readDelivery(ctx, s.db, "")
	if err != nil {
		return DeliveryState{}, fail("read the state of delivery", err)
	}
	return d, nil
}

// settleBatch is how many notifications one transaction moves after a change of the mode.
const settleBatch = 5000

// SetDelivery changes the mode, and moves what waits to where it belongs under it: going
// Live suppresses what fell due before, and lets go what falls due later; to Hold takes what
// waits back. It may run in several replicas and any number of times: the first changes the
// mode, and as long as the state is not Settled, because something is with a worker, whoever
// calls again moves what came back. A state that is settled costs one read. An adopted
// tenant stays in Hold, and is one as any other once it was asked to.
func (s *Store) SetDelivery(ctx context.Context, mode string, now time.Time) (state DeliveryState, changed bool, err error) {
	const doing = "set the mode of delivery"
	now = now.Truncate(time.Microsecond)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if state, err = readDelivery(ctx, tx, ""); err != nil || !state.changesTo(mode) {
			return err
		}
		if state, err = readDelivery(ctx, tx, "FOR UPDATE"); err != nil || !state.changesTo(mode) {
			return err
		}
		changed = true
		state.Mode, state.Settled, state.Adopted = mode, false, false
		if mode == DeliveryLive {
			state.LiveSince = &now
		}
		_, err := tx.Exec(ctx, `UPDATE delivery SET mode = $1, live_since = $2, settled = false, adopted = false`, state.Mode, state.LiveSince)
		return err
	})
	if err != nil {
		return DeliveryState{}, false, fail(doing, err)
	}
	for moved := true; moved && !state.Settled; {
		if moved, err = s.settle(ctx, &state, now); err != nil {
			return state, changed, fail(doing, err)
		}
	}
	return state, changed, nil
}

// changesTo says whether a document with this mode changes the state.
func (d DeliveryState) changesTo(mode string) bool {
	if d.Adopted {
		return mode == DeliveryHold
	}
	return mode != d.Mode
}

// What waits and does not belong where it is ($2 is live_since), and what becomes of it. In
// Redirect what was held stays so: months of mails are not for whoever looks at a few.
var unsettled = map[string]struct{ which, becomes string }{
	DeliveryHold:     {`state IN ('Planned', 'Retry')`, `state = 'Held'`},
	DeliveryRedirect: {`false`, `state = state`},
	DeliveryLive: {`(state = 'Held' OR state IN ('Planned', 'Retry') AND due_at < $2)`, `
    state = CASE WHEN due_at < $2 THEN 'Suppressed' WHEN attempts > 0 THEN 'Retry' ELSE 'Planned' END,
    reason = CASE WHEN due_at < $2 THEN 'beforeGoLive' ELSE reason END`},
}

// settle moves one batch that is with no worker, and says whether there was one. What is
// with a worker is left to the next time.
func (s *Store) settle(ctx context.Context, state *DeliveryState, now time.Time) (moved bool, err error) {
	u := unsettled[state.Mode]
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		current, err := readDelivery(ctx, tx, "FOR UPDATE")
		if err != nil {
			return err
		}
		if state.Settled = current.Settled || current.Mode != state.Mode; state.Settled {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT id FROM notification WHERE `+u.which+` AND `+unleasedSQL+` AND `+anySinceSQL+` ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`, settleBatch, state.LiveSince)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
		if err != nil {
			return err
		}
		if moved = len(ids) > 0; moved {
			_, err = tx.Exec(ctx, `UPDATE notification SET updated_at = $1, `+u.becomes+` WHERE id = ANY($3) AND `+unleasedSQL+` AND `+anySinceSQL, now, state.LiveSince, ids)
			return err
		}
		return tx.QueryRow(ctx, `
UPDATE delivery SET settled = NOT EXISTS (SELECT FROM notification WHERE `+u.which+` AND `+anySinceSQL+` AND $1::int > 0) RETURNING settled`, settleBatch, state.LiveSince).Scan(&state.Settled)
	})
	return moved, err
}

// anySinceSQL is always true: it says what type live_since has, where nothing else does.
const anySinceSQL = `$2::timestamptz IS NOT DISTINCT FROM $2`

// unleasedSQL is a condition: the notification is with no worker. Of rows that were locked
// by a statement before, it stays so until the transaction ends.
const unleasedSQL = `(SELECT l.id FROM notification_lease l WHERE l.id = notification.id) IS NULL`
