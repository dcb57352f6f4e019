package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// WaitingNotification is a notification that waits to be sent, or is with a worker.
type WaitingNotification struct {
	ID    string
	State string // StatePlanned, StateRetry or StateHeld
	Addressed
}

const waitingColumns = `n.id, n.state, n.account_id, n.contact_id, n.event_type, n.event_position, n.event_id, n.about, n.occurrence, n.category,
n.source, n.template, n.action, n.channel, n.address, n.cc, n.bcc, n.locale, n.settings_digest, n.routing_digest, n.suite, n.due_at`

// What is in the queue is read account by account by the index notification_waiting, and what
// is held in its order by notification_state. What is about no account tells systems, not
// customers.
const (
	queuedSQL = `
SELECT ` + waitingColumns + ` FROM notification n
WHERE n.state IN ('Planned', 'Retry') AND n.account_id IN (
    SELECT DISTINCT q.account_id FROM (
        SELECT w.account_id FROM notification w WHERE w.state IN ('Planned', 'Retry') AND w.account_id > $1 ORDER BY w.account_id LIMIT $2) q)
ORDER BY n.account_id, n.id`

	heldSQL = `
SELECT ` + waitingColumns + ` FROM notification n
WHERE n.state = 'Held' AND n.id > $1::uuid AND n.account_id <> '' ORDER BY n.id LIMIT $2`
)

// Queued returns what is in the queue of the next accounts after one, sorted by them: all of
// each account, and of as many accounts as have limit of them. Nothing: there are no more.
func (s *Store) Queued(ctx context.Context, after string, limit int) ([]WaitingNotification, error) {
	if badText(after) {
		return nil, nil // no account has such an id
	}
	return collected(ctx, s, "read what is in the queue", scanWaiting, queuedSQL, after, limit)
}

// HeldAfter returns what is held for the delivery mode, after an id; empty: from the first.
// With less than limit it is the last page.
func (s *Store) HeldAfter(ctx context.Context, after string, limit int) ([]WaitingNotification, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	return collected(ctx, s, "read what is held", scanWaiting, heldSQL, after, limit)
}

func scanWaiting(row pgx.CollectableRow) (WaitingNotification, error) {
	var n WaitingNotification
	var id pgtype.UUID
	err := row.Scan(append([]any{&id, &n.State}, n.Addressed.targets()...)...)
	n.ID = id.String()
	return n, err
}

// DueAccountIDs returns a page of the ids of accounts that have unpaid invoices with one of
// these due dates, after one, sorted. With less than limit it is the last page.
func (s *Store) DueAccountIDs(ctx context.Context, dates []time.Time, after string, limit int) ([]string, error) {
	if badText(after) {
		return nil, nil // no account has such an id
	}
	ids, err := dueIDs(ctx, s.db, dates, after, limit)
	if err != nil {
		return nil, fail("look for unpaid invoices", err)
	}
	return ids, nil
}

// DueAccountsAmong is [Store.DueAccounts] for accounts by their ids.
func (s *Store) DueAccountsAmong(ctx context.Context, eventType string, dates []time.Time, ids []string) ([]DueAccount, error) {
	list, err := dueAccounts(ctx, s.db, storable(ids), dates, eventType)
	if err != nil {
		return nil, fail("read unpaid invoices", err)
	}
	return list, nil
}
