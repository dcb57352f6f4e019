package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// WebhookLease is the turn of one of the tenant's webhooks: the events after Position are
// the caller's to hand over, until the lease ends.
type WebhookLease struct {
	Name     string
	Position int64 // of the last event that the other side has taken
	Failures int   // since the last success
	Lease    int64
}

// WebhookState is how a webhook is doing.
type WebhookState struct {
	Name     string
	Position int64 // of the last event that the other side has taken
	// Behind counts the events after it, of all types and up to 10,000; Oldest is when the
	// first of them happened. nil: there is none.
	Behind   int
	Oldest   *time.Time
	Failures int       // since the last success
	NextAt   time.Time // when it is tried again, after a failure
	Detail   string    // of the last failure, in words
}

// forgetWebhookAfter is for how long the cursor of a webhook is kept that is not declared
// any more: a replica that starts may still have the document from before.
const forgetWebhookAfter = 10 * time.Minute

// DeclareWebhooks makes a cursor for each webhook that is new, at the newest event, and
// forgets those that nobody has declared for some minutes: one that is declared again after
// that starts anew. It is called again and again, and then costs one read.
func (s *Store) DeclareWebhooks(ctx context.Context, names []string, now time.Time) error {
	var missing, changed bool
	forget := now.Add(-forgetWebhookAfter)
	err := s.db.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM unnest($1::text[]) x (name) WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.name = x.name)),
       EXISTS (SELECT FROM webhook WHERE (name = ANY($1)) = (gone_since IS NOT NULL) OR gone_since < $2)`, notNil(names), forget).Scan(&missing, &changed)
	if err == nil && missing {
		_, err = s.db.Exec(ctx, `
INSERT INTO webhook (name, position, next_at) SELECT x.name, f.event, $2 FROM unnest($1::text[]) x (name), feed f ON CONFLICT DO NOTHING`, names, now)
	}
	if err == nil && changed {
		_, err = s.db.Exec(ctx, `DELETE FROM webhook WHERE name <> ALL($1) AND gone_since < $2`, notNil(names), forget)
	}
	if err == nil && changed {
		_, err = s.db.Exec(ctx, `
UPDATE webhook SET gone_since = CASE WHEN name = ANY($1) THEN NULL ELSE $2::timestamptz END WHERE (name = ANY($1)) = (gone_since IS NOT NULL)`, notNil(names), now)
	}
	if err != nil {
		return fail("declare webhooks", err)
	}
	return nil
}

// ClaimWebhooks takes those of the webhooks that have events to come and whose turn it is;
// none while delivery is Hold. The events are read with [Store.Events].
func (s *Store) ClaimWebhooks(ctx context.Context, names []string, now time.Time, leaseFor time.Duration) ([]WebhookLease, error) {
	rows, err := s.db.Query(ctx, `
UPDATE webhook w SET lease = nextval('lease_number'), leased_until = $2 FROM (
    SELECT name FROM webhook
    WHERE name = ANY($3) AND next_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) AND position < (SELECT event FROM feed)
      AND (SELECT mode FROM delivery) <> 'Hold'
    ORDER BY name FOR UPDATE SKIP LOCKED) turn
WHERE w.name = turn.name RETURNING w.name, w.position, w.failures, w.lease`, now, now.Add(leaseFor), notNil(names))
	if err != nil {
		return nil, fail("claim webhooks", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[WebhookLease])
	if err != nil {
		return nil, fail("claim webhooks", err)
	}
	return list, nil
}

// AdvanceWebhook says that the other side has taken everything up to a position. Until the
// lease is prolonged it is over: until the zero time lets others go on at once. ErrNotFound:
// the lease was lost.
func (s *Store) AdvanceWebhook(ctx context.Context, l WebhookLease, position int64, until time.Time) error {
	return s.updateWebhook(ctx, `
UPDATE webhook SET position = greatest(position, $3), failures = 0, detail = '', leased_until = $4 WHERE name = $1 AND lease = $2 AND leased_until IS NOT NULL`,
		l.Name, l.Lease, position, nullableTime(until))
}

// FailWebhook says that the other side did not take the next event, and when it is tried
// again. ErrNotFound: the lease was lost.
func (s *Store) FailWebhook(ctx context.Context, l WebhookLease, nextAt time.Time, detail string) error {
	return s.updateWebhook(ctx, `
UPDATE webhook SET failures = failures + 1, detail = $3, next_at = $4, leased_until = NULL WHERE name = $1 AND lease = $2 AND leased_until IS NOT NULL`,
		l.Name, l.Lease, cleanText(detail), nextAt)
}

func (s *Store) updateWebhook(ctx context.Context, sql string, args ...any) error {
	tag, err := s.db.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail("update webhook", err)
	}
	return nil
}

const webhooksSQL = `
SELECT w.name, w.position, b.behind, b.oldest, w.failures, w.next_at, w.detail FROM webhook w CROSS JOIN feed f
CROSS JOIN LATERAL (
    SELECT count(*) AS behind, min(x.at) AS oldest FROM (
        SELECT e.at FROM event e WHERE e.position > w.position AND e.position <= f.event ORDER BY e.position LIMIT 10000) x) b
WHERE w.gone_since IS NULL ORDER BY w.name`

// Webhooks returns how the webhooks are doing, by name.
func (s *Store) Webhooks(ctx context.Context) ([]WebhookState, error) {
	rows, err := s.db.Query(ctx, webhooksSQL)
	if err != nil {
		return nil, fail("list webhooks", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[WebhookState])
	if err != nil {
		return nil, fail("list webhooks", err)
	}
	return list, nil
}

// nullableTime is nil for the zero time.
func nullableTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
