package store

import (
	"context"
	"time"
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
func (s *Store) Claim(ctx context.Context, r ClaimRequest) ([]Claimed, error) {
	rows, err := s.db.Query(ctx, claimSQL, r.Now, r.Lane, r.Channels, r.Limit, r.Now.Add(r.LeaseFor))
	if err != nil {
		return nil, fail("claim notifications", err)
	}
	list := make([]Claimed, 0, r.Limit)
	for rows.Next() {
		list = append(list, Claimed{})
		if err := rows.Scan(list[len(list)-1].targets()...); err != nil {
			return nil, fail("claim notifications", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fail("claim notifications", err)
	}
	return list, nil
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
// have to look first ($3), and where it was made too often ($4).
const rescueSQL = `
WITH held AS (
    SELECT id, began_at FROM notification_lease WHERE until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
), rescued AS (
    UPDATE notification n SET attempts = n.attempts + 1, turn_at = $1, updated_at = $1, reason = 'uncertain',
        state = CASE WHEN n.channel = ANY($3) OR n.attempts + 1 - n.spared >= $4 THEN 'Uncertain' ELSE 'Retry' END
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
	Now         time.Time
	Limit       int
	Ask         []string // channels where staff decide: to deliver twice is worse than not at all
	MaxAttempts int      // after so many staff decide as well
}

// Rescued counts what became of notifications whose worker has gone.
type Rescued struct {
	All       int
	Uncertain int // of them: wait for staff
}

// Rescue takes back notifications whose lease has ended.
func (s *Store) Rescue(ctx context.Context, r RescueRequest) (Rescued, error) {
	var n Rescued
	if err := s.db.QueryRow(ctx, rescueSQL, r.Now, r.Limit, notNil(r.Ask), r.MaxAttempts).Scan(&n.All, &n.Uncertain); err != nil {
		return Rescued{}, fail("rescue notifications", err)
	}
	return n, nil
}
