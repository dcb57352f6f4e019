package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Each channel gives its next notifications by the index notification_queue, one channel
// after the other until there are enough. In Hold nothing is taken, and after going Live
// nothing that fell due before. The attempts are on record before anybody is asked to
// deliver anything.
const claimSQL = `
WITH turn AS (
    SELECT t.id, d.mode FROM delivery d, unnest($3::text[]) c (channel)
    CROSS JOIN LATERAL (
        SELECT n.id FROM notification n
        WHERE n.channel = c.channel AND n.lane = $2 AND n.state IN ('Planned', 'Retry') AND n.turn_at <= $1
          AND (d.mode <> 'Live' OR n.due_at >= d.live_since)
        ORDER BY n.turn_at, n.id LIMIT $4 FOR UPDATE SKIP LOCKED) t
    WHERE d.mode <> 'Hold'
    LIMIT $4
), claimed AS (
    UPDATE notification n SET state = 'Leased', lease = nextval('notification_lease'), leased_until = $5, attempts = n.attempts + 1, updated_at = $1
    FROM turn WHERE n.id = turn.id
    RETURNING n.*, turn.mode
), attempt AS (
    INSERT INTO notification_attempt (notification_id, number, began_at) SELECT id, attempts, $1 FROM claimed
)
SELECT id::text, lease, attempts, attempts - spared, reason = 'uncertain', mode, account_id, contact_id, event_type, event_position, event_id, about, occurrence, category,
       source, template, action, channel, address, cc, bcc, locale, settings_digest, routing_digest, suite, due_at
FROM claimed ORDER BY turn_at, id`

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
	return append([]any{&c.ID, &c.Lease.Lease, &c.Attempt, &c.Tries, &c.Uncertain, &c.Mode}, c.Addressed.targets()...)
}

func (a *Addressed) targets() []any {
	return []any{&a.AccountID, &a.ContactID, &a.EventType, &a.EventPosition, &a.EventID, &a.About, &a.Occurrence, &a.Category,
		&a.Source, &a.Template, &a.Action, &a.Channel, &a.Address, &a.CC, &a.BCC, &a.Locale, &a.SettingsDigest, &a.RoutingDigest, &a.Suite, &a.DueAt}
}

// Extend makes leases last until a later time, and returns those that are not the caller's
// any more.
func (s *Store) Extend(ctx context.Context, leases []Lease, until time.Time) (lost []Lease, err error) {
	ids, numbers := make([]string, len(leases)), make([]int64, len(leases))
	for i, l := range leases {
		ids[i], numbers[i] = l.ID, l.Lease
	}
	rows, err := s.db.Query(ctx, `
UPDATE notification n SET leased_until = $3 FROM unnest($1::uuid[], $2::bigint[]) l (id, lease)
WHERE n.id = l.id AND n.lease = l.lease AND n.state = 'Leased' RETURNING n.id::text`, ids, numbers, until)
	if err != nil {
		return nil, fail("extend leases", err)
	}
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fail("extend leases", err)
	}
	return leasesBut(leases, kept), nil
}

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
WITH ended AS (
    SELECT n.id FROM notification n WHERE n.state = 'Leased' AND n.leased_until < $1 ORDER BY n.leased_until LIMIT $2 FOR UPDATE SKIP LOCKED
), rescued AS (
    UPDATE notification n SET leased_until = NULL, lease = nextval('notification_lease'), turn_at = $1, updated_at = $1, reason = 'uncertain',
        state = CASE WHEN n.channel = ANY($3) OR n.attempts - n.spared >= $4 THEN 'Uncertain' ELSE 'Retry' END
    FROM ended WHERE n.id = ended.id
    RETURNING n.id, n.attempts, n.state
), attempt AS (
    UPDATE notification_attempt a SET ended_at = $1, outcome = 'Uncertain', class = 'uncertain', detail = 'the process that made this attempt did not say how it ended'
    FROM rescued r WHERE a.notification_id = r.id AND a.number = r.attempts
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
