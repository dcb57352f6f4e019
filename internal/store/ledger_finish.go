package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Only who holds the lease says what became of it. What was returned was not tried: no
// attempt is on record. The lease goes last, after the notification is written: who claims
// it at the same moment then never waits for the lease of one that it has locked.
const finishSQL = `
WITH said AS (
    SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
        AS x (id, lease, outcome, next_at, reason, class, code, detail, provider_id, redirected_to, subject, body, settings_digest, routing_digest, suite)
), held AS (
    SELECT s.*, l.began_at FROM said s JOIN notification_lease l ON l.id = s.id AND l.lease = s.lease ORDER BY l.id FOR UPDATE OF l
), done AS (
    UPDATE notification n SET
        state = CASE h.outcome WHEN 'Returned' THEN n.state ELSE h.outcome END,
        attempts = n.attempts + CASE h.outcome WHEN 'Returned' THEN 0 ELSE 1 END,
        turn_at = coalesce(h.next_at, n.turn_at), reason = h.reason, detail = h.detail,
        provider_id = h.provider_id, redirected_to = h.redirected_to, subject = h.subject, body = h.body,
        settings_digest = coalesce(nullif(h.settings_digest, ''), n.settings_digest),
        routing_digest = coalesce(nullif(h.routing_digest, ''), n.routing_digest), suite = coalesce(nullif(h.suite, ''), n.suite),
        sent_at = CASE h.outcome WHEN 'Sent' THEN $1::timestamptz END, updated_at = $1
    FROM held h WHERE n.id = h.id AND n.state IN ('Planned', 'Retry', 'Held')
    RETURNING n.id, n.attempts, h.began_at, h.outcome, h.class, h.code, h.detail
), tried AS (
    INSERT INTO notification_attempt (notification_id, number, began_at, ended_at, outcome, class, code, detail)
    SELECT id, attempts, began_at, $1, outcome, class, code, detail FROM done WHERE outcome <> 'Returned'
), ended AS (
    DELETE FROM notification_lease l USING held h WHERE l.id = h.id AND (SELECT count(*) FROM done) >= 0
)
SELECT id::text FROM done`

// Finish says what became of notifications, in one round trip. lost are those whose lease
// ended before, and those that were cancelled or deleted meanwhile.
func (s *Store) Finish(ctx context.Context, now time.Time, list []Finished) (lost []Lease, err error) {
	lost, err = finish(ctx, s.db, now, list)
	if err != nil {
		return nil, fail("finish notifications", err)
	}
	return lost, nil
}

// Finish is [Store.Finish] in the transaction of a write, as of a note: who finds the
// lease lost writes nothing.
func (w *Writer) Finish(ctx context.Context, list []Finished) (lost []Lease, err error) {
	lost, err = finish(ctx, w.tx, w.origin.Now, list)
	if err != nil {
		return nil, fail("finish notifications", err)
	}
	return lost, nil
}

func finish(ctx context.Context, db querier, now time.Time, list []Finished) (lost []Lease, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	all := make([]Lease, len(list))
	for i := range list {
		all[i] = list[i].Lease
	}
	rows, err := db.Query(ctx, finishSQL, finishArguments(now, list)...)
	if err != nil {
		return nil, err
	}
	done, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	return leasesBut(all, done), nil
}

// finishArguments are those of finishSQL: a list of each column.
func finishArguments(now time.Time, list []Finished) []any {
	count := len(list)
	leases, nextAt := make([]int64, count), make([]*time.Time, count)
	var texts [13][]string
	for c := range texts {
		texts[c] = make([]string, count)
	}
	for i := range list {
		f := &list[i]
		leases[i], nextAt[i] = f.Lease.Lease, nullableTime(f.NextAt)
		for c, text := range [...]string{f.ID, f.Outcome, f.Reason, f.Class, cleanText(f.Code), cleanText(f.Detail), cleanText(f.ProviderID), f.RedirectedTo, tidyText(f.Subject), tidyText(f.Body),
			f.SettingsDigest, f.RoutingDigest, f.Suite} {
			texts[c][i] = text
		}
	}
	return []any{now, texts[0], leases, texts[1], nextAt, texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], texts[8], texts[9],
		texts[10], texts[11], texts[12]}
}

// tidyText is a long text as the database can keep it.
func tidyText(s string) string {
	if badText(s) {
		return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	}
	return s
}
