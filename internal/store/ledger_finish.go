package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Only who holds the lease says what became of it. What was returned was not tried: its
// attempt goes, and so does its number.
const finishSQL = `
WITH said AS (
    SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[],
                         $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
        AS x (id, lease, number, outcome, next_at, reason, class, code, detail, provider_id, redirected_to, subject, body)
), done AS (
    UPDATE notification n SET
        state = CASE s.outcome WHEN 'Returned' THEN CASE WHEN n.attempts > 1 THEN 'Retry' ELSE 'Planned' END ELSE s.outcome END,
        attempts = n.attempts - CASE s.outcome WHEN 'Returned' THEN 1 ELSE 0 END,
        turn_at = coalesce(s.next_at, n.turn_at), leased_until = NULL, reason = s.reason, detail = s.detail,
        provider_id = s.provider_id, redirected_to = s.redirected_to, subject = s.subject, body = s.body,
        sent_at = CASE s.outcome WHEN 'Sent' THEN $1::timestamptz END, updated_at = $1
    FROM said s WHERE n.id = s.id AND n.lease = s.lease AND n.state = 'Leased'
    RETURNING n.id, s.number, s.outcome, s.class, s.code, s.detail
), ended AS (
    UPDATE notification_attempt a SET ended_at = $1, outcome = d.outcome, class = d.class, code = d.code, detail = d.detail
    FROM done d WHERE a.notification_id = d.id AND a.number = d.number AND d.outcome <> 'Returned'
), returned AS (
    DELETE FROM notification_attempt a USING done d WHERE a.notification_id = d.id AND a.number = d.number AND d.outcome = 'Returned'
)
SELECT id::text FROM done`

// Finish says what became of notifications, in one round trip. lost are those whose lease
// ended before: another worker has them, or had them.
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
	leases, numbers, nextAt := make([]int64, count), make([]int16, count), make([]*time.Time, count)
	var texts [10][]string
	for c := range texts {
		texts[c] = make([]string, count)
	}
	for i := range list {
		f := &list[i]
		leases[i], numbers[i], nextAt[i] = f.Lease.Lease, int16(f.Attempt), nullableTime(f.NextAt) //nolint:gosec // a notification has few attempts
		for c, text := range [...]string{f.ID, f.Outcome, f.Reason, f.Class, cleanText(f.Code), cleanText(f.Detail), cleanText(f.ProviderID), f.RedirectedTo, tidyText(f.Subject), tidyText(f.Body)} {
			texts[c][i] = text
		}
	}
	return []any{now, texts[0], leases, numbers, texts[1], nextAt, texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], texts[8], texts[9]}
}

// tidyText is a long text as the database can keep it.
func tidyText(s string) string {
	if badText(s) {
		return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	}
	return s
}
