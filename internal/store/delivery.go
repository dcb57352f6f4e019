package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
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
}

// readDelivery reads the state with a locking clause, or "".
func readDelivery(ctx context.Context, db querier, locking string) (d DeliveryState, err error) {
	err = db.QueryRow(ctx, `SELECT position, mode, live_since, swept_at, settled FROM delivery `+locking).
		Scan(&d.Position, &d.Mode, &d.LiveSince, &d.SweptAt, &d.Settled)
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
// mode, and whoever comes later helps to settle it.
func (s *Store) SetDelivery(ctx context.Context, mode string, now time.Time) (state DeliveryState, changed bool, err error) {
	const doing = "set the mode of delivery"
	now = now.Truncate(time.Microsecond)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if state, err = readDelivery(ctx, tx, ""); err != nil || state.Mode == mode {
			return err
		}
		if state, err = readDelivery(ctx, tx, "FOR UPDATE"); err != nil || state.Mode == mode {
			return err
		}
		changed = true
		state.Mode, state.Settled = mode, false
		if mode == DeliveryLive {
			state.LiveSince = &now
		}
		_, err := tx.Exec(ctx, `UPDATE delivery SET mode = $1, live_since = $2, settled = false`, state.Mode, state.LiveSince)
		return err
	})
	if err != nil {
		return DeliveryState{}, false, fail(doing, err)
	}
	for !state.Settled {
		if state.Settled, err = s.settle(ctx, state, now); err != nil {
			return state, changed, fail(doing, err)
		}
	}
	return state, changed, nil
}

// What waits after a change of the mode, a batch at a time. In Redirect what was held stays
// so: months of mails are not for whoever looks at a few. The first parameter is the time,
// the second the size of a batch and the third live_since.
var settleSQL = map[string]string{
	DeliveryHold: `
UPDATE notification SET state = 'Held', updated_at = $1 WHERE id IN (
    SELECT id FROM notification WHERE state IN ('Planned', 'Retry') AND $3::timestamptz IS NOT DISTINCT FROM $3 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)`,
	DeliveryLive: `
UPDATE notification SET updated_at = $1,
    state = CASE WHEN due_at < $3 THEN 'Suppressed' WHEN attempts > 0 THEN 'Retry' ELSE 'Planned' END,
    reason = CASE WHEN due_at < $3 THEN 'beforeGoLive' ELSE reason END
WHERE id IN (
    SELECT id FROM notification WHERE state = 'Held' OR state IN ('Planned', 'Retry') AND due_at < $3 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)`,
}

// settle moves one batch, and says whether it was the last.
func (s *Store) settle(ctx context.Context, state DeliveryState, now time.Time) (settled bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		current, err := readDelivery(ctx, tx, "FOR SHARE")
		if err != nil {
			return err
		}
		if settled = current.Settled || current.Mode != state.Mode; settled {
			return nil
		}
		if sql := settleSQL[state.Mode]; sql != "" {
			tag, err := tx.Exec(ctx, sql, now, settleBatch, state.LiveSince)
			if err != nil || tag.RowsAffected() == settleBatch {
				return err
			}
		}
		settled = true
		return nil
	})
	if err != nil || !settled {
		return false, err
	}
	_, err = s.db.Exec(ctx, `UPDATE delivery SET settled = true WHERE mode = $1 AND NOT settled`, state.Mode)
	return err == nil, err
}

// SentSince counts the mails and text messages that were sent since a time.
func (s *Store) SentSince(ctx context.Context, since time.Time) (int, error) {
	var sent int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM notification WHERE sent_at > $1 AND state = 'Sent' AND channel IN ('Email', 'SMS')`, since).Scan(&sent)
	if err != nil {
		return 0, fail("count what was sent", err)
	}
	return sent, nil
}
