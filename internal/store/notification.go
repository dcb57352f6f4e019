package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Notification is a message that was sent to a person, by mail or as a text message.
type Notification struct {
	ID       string    `db:"id"`
	Category string    `db:"category"`
	Channel  string    `db:"channel"`
	Address  string    `db:"address"`
	Subject  string    `db:"subject"`
	Body     string    `db:"body"` // in a list: none
	SentAt   time.Time `db:"sent_at"`
}

const notificationsSQL = `
SELECT n.id::text, category, channel, address, subject, '' AS body, sent_at FROM notification n
WHERE account_id = $1 AND contact_id = $2 AND state = 'Sent' AND channel NOT IN ('Webhook', 'Banner', 'Log') AND (sent_at, n.id) < ($3, $4)
ORDER BY sent_at DESC, n.id DESC LIMIT $5`

// The last of all ids, for a page that begins at none.
const lastID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

// Notifications returns a page of the messages that were sent to a contact, newest first,
// without their bodies, and where to go on; nil: it is the last page.
func (s *Store) Notifications(ctx context.Context, accountID, contactID string, after Newest, limit int) ([]Notification, *Newest, error) {
	if badText(accountID) || badText(contactID) {
		return nil, nil, nil // nobody can have such an id
	}
	from, id := after.from(), after.ID
	if id == "" {
		id = lastID
	}
	rows, err := s.db.Query(ctx, notificationsSQL, accountID, contactID, from, id, limit+1)
	if err != nil {
		return nil, nil, fail("read notifications", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Notification])
	if err != nil {
		return nil, nil, fail("read notifications", err)
	}
	if len(found) <= limit {
		return found, nil, nil
	}
	last := found[limit-1]
	return found[:limit], &Newest{At: last.SentAt, ID: last.ID}, nil
}

const notificationSQL = `
SELECT id::text, category, channel, address, subject, CASE WHEN category = 'Security' THEN '' ELSE body END AS body, sent_at
FROM notification WHERE id = $3 AND account_id = $1 AND contact_id = $2 AND state = 'Sent' AND channel NOT IN ('Webhook', 'Banner', 'Log')`

// Notification returns a message that was sent to a contact by its id, which is a UUID, or
// ErrNotFound.
func (s *Store) Notification(ctx context.Context, accountID, contactID, id string) (Notification, error) {
	rows, err := s.db.Query(ctx, notificationSQL, accountID, contactID, id)
	if err != nil {
		return Notification{}, fail("read notification", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Notification])
	if err != nil {
		return Notification{}, fail("read notification", err)
	}
	return found, nil
}
