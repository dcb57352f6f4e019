package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// What was on record of the old address is on record of the new one, together with the row:
// who comes second finds it so. Of a day of an invoice ($9) the date is not asked: that may
// have changed since.
const readdressSQL = `
WITH held AS (
    SELECT id FROM notification_lease WHERE id = $1 AND lease = $2 FOR UPDATE
), recorded AS (
    INSERT INTO occurrence (account_id, event_type, about, occurrence, channel, address)
    SELECT o.account_id, o.event_type, o.about, o.occurrence, o.channel, $10 FROM held, occurrence o
    WHERE o.account_id = $3 AND o.event_type = $4 AND o.about = $5 AND o.channel = $7 AND o.address = $8
      AND CASE WHEN $9 THEN starts_with(o.occurrence, $6) ELSE o.occurrence = $6 END
    ON CONFLICT DO NOTHING RETURNING address
)
UPDATE notification n SET address = $11, updated_at = $12 FROM held h
WHERE n.id = h.id AND EXISTS (SELECT FROM recorded) RETURNING true`

// Readdress has a notification that is with this worker go to the address of an occurrence,
// which is its own otherwise: of a day of an invoice it is "3@", without the date. False:
// another notification tells that address of the same, or the lease was lost.
func (s *Store) Readdress(ctx context.Context, now time.Time, c *Claimed, to Occurrence) (done bool, err error) {
	key, old := keyOf(c.AccountID, to), bounded(c.Address, mostOfAddress)
	err = s.db.QueryRow(ctx, readdressSQL, c.ID, c.Lease.Lease, key.accountID, key.EventType, key.About, key.Occurrence.Occurrence, key.Channel,
		old, c.EventPosition == 0, key.Address, to.Address, now).Scan(&done)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fail("readdress a notification", err)
	}
	return done, nil
}
