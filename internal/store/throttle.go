package store

import (
	"context"
	"slices"
	"time"
)

// ThrottlePolicy says how failures of one key (a login, an address) slow the next
// attempt down. It delays and never locks out, so that nobody can lock out another.
type ThrottlePolicy struct {
	Free   int           // failures without any delay
	First  time.Duration // the delay after one more; each further failure doubles it
	Most   time.Duration // and it never grows beyond this
	Forget time.Duration // a key without failures for so long starts afresh
}

// DefaultThrottlePolicy is five free failures, then 1 s, 2 s, 4 s ... up to 15 minutes.
func DefaultThrottlePolicy() ThrottlePolicy {
	return ThrottlePolicy{Free: 5, First: time.Second, Most: 15 * time.Minute, Forget: 24 * time.Hour}
}

// Delay is how long a key waits after its n-th failure in a row.
func (p ThrottlePolicy) Delay(n int) time.Duration {
	if n <= p.Free {
		return 0
	}
	delay := p.First
	for range n - p.Free - 1 {
		if delay >= p.Most {
			break
		}
		delay *= 2
	}
	return min(delay, p.Most)
}

// delays lists Delay in seconds from the first failure to where it stops growing, so
// that the upsert can look the delay of a counted failure up.
func (p ThrottlePolicy) delays() []float64 {
	var list []float64
	for n := 1; ; n++ {
		delay := p.Delay(n)
		list = append(list, delay.Seconds())
		if n > p.Free && (delay >= p.Most || delay <= 0) {
			return list
		}
	}
}

// Blocked returns until when the longest waiting of the keys is delayed; zero: an
// attempt may be made now.
func (s *Store) Blocked(ctx context.Context, keys []string, now time.Time) (time.Time, error) {
	var until *time.Time
	err := s.db.QueryRow(ctx, `SELECT max(blocked_until) FROM throttle WHERE key = ANY($1) AND blocked_until > $2`,
		storable(keys), now).Scan(&until)
	if err != nil {
		return time.Time{}, fail("read throttle", err)
	}
	if until == nil {
		return time.Time{}, nil
	}
	return *until, nil
}

// Keys are written in order, so that two attempts never wait for each other in a
// circle.
const recordFailureSQL = `
INSERT INTO throttle AS t (key, failures, blocked_until, updated_at)
SELECT key, 1, $2::timestamptz + make_interval(secs => ($3::float8[])[1]), $2
FROM unnest($1::text[]) AS key ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN t.updated_at < $4 THEN 1 ELSE t.failures + 1 END,
    blocked_until = $2::timestamptz + make_interval(secs =>
        ($3::float8[])[CASE WHEN t.updated_at < $4 THEN 1 ELSE least(t.failures + 1, cardinality($3::float8[])) END]),
    updated_at = $2`

// attemptSQL counts an attempt unless its key is delayed. The row is locked while it
// decides, so of attempts at the same moment only those get through that are free.
const attemptSQL = recordFailureSQL + `
WHERE t.blocked_until <= $2`

// keptLongest is the longest Forget of the policies: a key of one policy must not go
// by the shorter memory of another.
const keptLongest = 24 * time.Hour

// A few forgotten keys go with each failure, so that the table stays small however
// many names strangers try.
const forgetThrottleSQL = `
DELETE FROM throttle WHERE key IN (
    SELECT key FROM throttle WHERE updated_at < $1 ORDER BY updated_at LIMIT 10 FOR UPDATE SKIP LOCKED)`

// RecordFailure counts a failed attempt for each key.
func (s *Store) RecordFailure(ctx context.Context, keys []string, now time.Time, policy ThrottlePolicy) error {
	keys = distinct(storable(keys))
	forgotten := now.Add(-policy.Forget)
	if _, err := s.db.Exec(ctx, recordFailureSQL, keys, now, policy.delays(), forgotten); err != nil {
		return fail("record failure", err)
	}
	if _, err := s.db.Exec(ctx, forgetThrottleSQL, now.Add(-max(policy.Forget, keptLongest))); err != nil {
		return fail("forget failures", err)
	}
	return nil
}

// Attempt counts an attempt of a key as failed before its outcome is known; a success
// clears it. It returns false, and counts nothing, while the key is delayed.
func (s *Store) Attempt(ctx context.Context, key string, now time.Time, policy ThrottlePolicy) (bool, error) {
	return countAttempt(ctx, s.db, key, now, policy)
}

// Attempt is that of the store in a transaction: it counts if that is committed.
func (w *Writer) Attempt(ctx context.Context, key string, policy ThrottlePolicy) (bool, error) {
	return countAttempt(ctx, w.tx, key, w.origin.Now, policy)
}

func countAttempt(ctx context.Context, db executor, key string, now time.Time, policy ThrottlePolicy) (bool, error) {
	tag, err := db.Exec(ctx, attemptSQL, storable([]string{key}), now, policy.delays(), now.Add(-policy.Forget))
	if err != nil {
		return false, fail("count attempt", err)
	}
	return tag.RowsAffected() > 0, nil
}

// The delay goes with the count, unless a later attempt was counted meanwhile: then it is
// that one's, as if this one had not been.
const takeBackSQL = `
UPDATE throttle SET failures = greatest(failures - 1, 0), blocked_until = CASE WHEN updated_at = $2 THEN $2
    ELSE updated_at + make_interval(secs => coalesce(($3::float8[])[least(failures - 1, cardinality($3::float8[]))], 0)) END
WHERE key = $1`

// TakeBack takes one attempt back that was counted at this time, because its outcome was
// never found out.
func (s *Store) TakeBack(ctx context.Context, key string, at time.Time, policy ThrottlePolicy) error {
	if _, err := s.db.Exec(ctx, takeBackSQL, key, at, policy.delays()); err != nil {
		return fail("take attempt back", err)
	}
	return nil
}

// ClearFailures forgets the failures of the keys, after a success.
func (s *Store) ClearFailures(ctx context.Context, keys []string) error {
	if _, err := s.db.Exec(ctx, `DELETE FROM throttle WHERE key = ANY($1)`, storable(keys)); err != nil {
		return fail("clear failures", err)
	}
	return nil
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
