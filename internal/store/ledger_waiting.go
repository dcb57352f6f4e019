package store

import (
	"context"
	"time"
)

// Waiting says what waits, for those who watch it. Counts end at 10,000: whether more wait
// makes no difference, and a count must cost nothing.
type Waiting struct {
	Due       int           // to be sent: their turn has come, or they are with a worker
	Oldest    *time.Time    // the first of their turns; nil: there is none
	Lanes     [2]*time.Time // the same of each lane: 0 about signing in, 1 all others
	Leased    int           // with a worker
	Held      int           // for the delivery mode
	Uncertain int           // for staff
}

// Those that are due are read by the index notification_queue, the others by those of
// their states.
const waitingCountsSQL = `
SELECT coalesce(sum(d.due), 0)::int, min(d.oldest), min(d.oldest) FILTER (WHERE l.lane = 0), min(d.oldest) FILTER (WHERE l.lane = 1),
    (SELECT count(*) FROM (SELECT FROM notification_lease LIMIT 10000) x),
    (SELECT count(*) FROM (SELECT FROM notification WHERE state = 'Held' LIMIT 10000) x),
    (SELECT count(*) FROM (SELECT FROM notification WHERE state = 'Uncertain' LIMIT 10000) x)
FROM unnest(ARRAY['Email', 'SMS', 'Webhook', 'Banner', 'Log']) c (channel)
CROSS JOIN unnest(ARRAY[0, 1]) l (lane)
CROSS JOIN LATERAL (
    SELECT count(*) AS due, min(x.turn_at) AS oldest FROM (
        SELECT n.turn_at FROM notification n
        WHERE n.channel = c.channel AND n.lane = l.lane AND n.state IN ('Planned', 'Retry') AND n.turn_at <= $1
        ORDER BY n.turn_at, n.id LIMIT 10000) x) d`

// Waiting counts what waits.
func (s *Store) Waiting(ctx context.Context, now time.Time) (Waiting, error) {
	var w Waiting
	if err := s.db.QueryRow(ctx, waitingCountsSQL, now).Scan(&w.Due, &w.Oldest, &w.Lanes[0], &w.Lanes[1], &w.Leased, &w.Held, &w.Uncertain); err != nil {
		return Waiting{}, fail("count what waits", err)
	}
	return w, nil
}
