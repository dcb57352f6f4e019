package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Each channel gives its next notifications by the index notification_queue, one channel
// after the other until there are enough. In Hold nothing is taken, and after going Live
// nothing that fell due before. Who takes the same ones at the same moment skips those that
// are locked here; who looked before that finds the lease, whose key is that of the row.
const claimSQL = `
WITH number AS (SELECT nextval('lease_number') AS lease),
turn AS (
    SELECT t.*, d.mode FROM delivery d, unnest($3::text[]) c (channel)
    CROSS JOIN LATERAL (
        SELECT n.* FROM notification n
        WHERE n.channel = c.channel AND n.lane = $2 AND n.state IN ('Planned', 'Retry') AND n.turn_at <= $1
          AND (d.mode <> 'Live' OR n.due_at >= d.live_since)
          AND (SELECT l.id FROM notification_lease l WHERE l.id = n.id) IS NULL
        ORDER BY n.turn_at, n.id LIMIT $4 FOR UPDATE SKIP LOCKED) t
    WHERE d.mode <> 'Hold'
    LIMIT $4
), leased AS (
    INSERT INTO notification_lease (id, lease, until, began_at) SELECT turn.id, number.lease, $5, $1 FROM turn, number
    ON CONFLICT DO NOTHING RETURNING id, lease
)
SELECT t.id::text, l.lease, t.attempts + 1, t.attempts + 1 - t.spared, t.mode, t.reason = 'uncertain',
       account_id, contact_id, event_type, event_position, event_id, about, occurrence, category,
       source, template, action, channel, address, cc, bcc, locale, settings_digest, routing_digest, suite, due_at
FROM turn t JOIN leased l ON l.id = t.id ORDER BY array_position($3::text[], t.channel), t.turn_at, t.id`

// Claim takes notifications whose turn has come, in one round trip. They are the caller's
// until the lease ends; then [Store.Rescue] gives them to others.
func (s *Store) Claim(ctx context.Context, r ClaimRequest) (list []Claimed, err error) {
	if r.MostPerHour > 0 {
		err = s.inTx(ctx, func(tx pgx.Tx) error {
			list, err = claimBelow(ctx, tx, r)
			return err
		})
	} else {
		list, err = claim(ctx, s.db, r)
	}
	if err != nil {
		return nil, fail("claim notifications", err)
	}
	return list, nil
}

// claimBelow takes no more than may still go out within the hour: who holds the row knows
// what all others took.
func claimBelow(ctx context.Context, tx pgx.Tx, r ClaimRequest) ([]Claimed, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM hourly_limit FOR UPDATE`); err != nil {
		return nil, fmt.Errorf("wait for other claims: %w", err)
	}
	out, err := outWithinHour(ctx, tx, r.Now)
	if err != nil {
		return nil, fmt.Errorf("count what went out: %w", err)
	}
	if r.Limit = min(r.Limit, r.MostPerHour-out); r.Limit <= 0 {
		return nil, nil
	}
	return claim(ctx, tx, r)
}

func claim(ctx context.Context, db querier, r ClaimRequest) ([]Claimed, error) {
	rows, err := db.Query(ctx, claimSQL, r.Now, r.Lane, r.Channels, r.Limit, r.Now.Add(r.LeaseFor))
	if err != nil {
		return nil, err
	}
	list := make([]Claimed, 0, r.Limit)
	for rows.Next() {
		list = append(list, Claimed{})
		if err := rows.Scan(list[len(list)-1].targets()...); err != nil {
			return nil, err
		}
	}
	return list, rows.Err()
}

// What is with a worker, and what may have arrived, counts like what was sent.
const outWithinHourSQL = `
SELECT (SELECT count(*) FROM notification WHERE sent_at > $1 AND channel IN ('Email', 'SMS'))
     + (SELECT count(*) FROM notification WHERE state = 'Uncertain' AND updated_at > $1 AND channel IN ('Email', 'SMS'))
     + (SELECT count(*) FROM notification_lease l JOIN notification n ON n.id = l.id WHERE n.channel IN ('Email', 'SMS'))`

// OutWithinHour counts the mails and text messages of the hour before a time that
// [ClaimRequest].MostPerHour is of.
func (s *Store) OutWithinHour(ctx context.Context, now time.Time) (int, error) {
	out, err := outWithinHour(ctx, s.db, now)
	if err != nil {
		return 0, fail("count what went out", err)
	}
	return out, nil
}

func outWithinHour(ctx context.Context, db querier, now time.Time) (out int, err error) {
	err = db.QueryRow(ctx, outWithinHourSQL, now.Add(-time.Hour)).Scan(&out)
	return out, err
}

func (c *Claimed) targets() []any {
	return append([]any{&c.ID, &c.Lease.Lease, &c.Attempt, &c.Tries, &c.Mode, &c.Uncertain}, c.Addressed.targets()...)
}

func (a *Addressed) targets() []any {
	return []any{&a.AccountID, &a.ContactID, &a.EventType, &a.EventPosition, &a.EventID, &a.About, &a.Occurrence, &a.Category,
		&a.Source, &a.Template, &a.Action, &a.Channel, &a.Address, &a.CC, &a.BCC, &a.Locale, &a.SettingsDigest, &a.RoutingDigest, &a.Suite, &a.DueAt}
}

// leasesBut are the leases without those of some notifications.
func leasesBut(leases []Lease, ids []string) (rest []Lease) {
	have := make(map[string]bool, len(ids))
	for _, id := range ids {
		have[id] = true
	}
	for _, l := range leases {
		if !have[l.ID] {
			rest = append(rest, l)
		}
	}
	return rest
}

// An attempt whose lease ended may have delivered. It is made once more, but where staff
// have to look first ($3), and where that was the one more; as often as what failed where
// the other side knows one that comes twice ($4).
const rescueSQL = `
WITH held AS (
    SELECT id, began_at FROM notification_lease WHERE until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
), rescued AS (
    UPDATE notification n SET attempts = n.attempts + 1, turn_at = $1, updated_at = $1, reason = 'uncertain',
        state = CASE WHEN n.channel = ANY($3) OR n.reason = 'uncertain' AND n.channel <> ALL($4) THEN 'Uncertain' ELSE 'Retry' END
    FROM held e WHERE n.id = e.id AND n.state IN ('Planned', 'Retry', 'Held')
    RETURNING n.id, n.attempts, n.state, e.began_at
), tried AS (
    INSERT INTO notification_attempt (notification_id, number, began_at, ended_at, outcome, class, detail)
    SELECT id, attempts, began_at, $1, 'Uncertain', 'uncertain', 'the process that made this attempt did not say how it ended' FROM rescued
), ended AS (
    DELETE FROM notification_lease l USING held h WHERE l.id = h.id AND (SELECT count(*) FROM rescued) >= 0
)
SELECT count(*), count(*) FILTER (WHERE state = 'Uncertain') FROM rescued`

// RescueRequest says what becomes of notifications whose worker has gone.
type RescueRequest struct {
	Now   time.Time
	Limit int
	Ask   []string // channels where staff decide: to deliver twice is worse than not at all
	Again []string // channels where nothing is delivered twice, however often it is sent
}

// Rescued counts what became of notifications whose worker has gone.
type Rescued struct {
	All       int
	Uncertain int // of them: wait for staff
}

// Rescue takes back notifications whose lease has ended.
func (s *Store) Rescue(ctx context.Context, r RescueRequest) (Rescued, error) {
	var n Rescued
	if err := s.db.QueryRow(ctx, rescueSQL, r.Now, r.Limit, notNil(r.Ask), notNil(r.Again)).Scan(&n.All, &n.Uncertain); err != nil {
		return Rescued{}, fail("rescue notifications", err)
	}
	return n, nil
}
