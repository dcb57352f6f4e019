package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// month is a month of UTC, as the number of months since year 0. Calls are partitioned by
// it.
type month int

func monthOf(t time.Time) month {
	t = t.UTC()
	return month(t.Year()*12 + int(t.Month()) - 1)
}

func (m month) plus(months int) month   { return m + month(months) }
func (m month) before(other month) bool { return m < other }
func (m month) begin() time.Time {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC)
}
func (m month) end() time.Time            { return m.plus(1).begin() }
func (m month) String() string            { return m.begin().Format("2006-01") }
func (m month) partition() string         { return m.begin().Format("call_2006_01") }
func (m month) bounds() (from, to string) { return literal(m.begin()), literal(m.end()) }

func literal(t time.Time) string { return quote(t.Format("2006-01-02 15:04:05Z07:00")) }

// partitionMonths are the months that have a partition, in order.
func partitionMonths(partitions []string) []month {
	var months []month
	for _, p := range partitions {
		if t, err := time.Parse("call_2006_01", p); err == nil {
			months = append(months, monthOf(t))
		}
	}
	slices.Sort(months)
	return months
}

// missingPartitions are the months without a partition that should have one: from twelve
// months back, or as long as calls are kept, to three months ahead.
func (u *upkeep) missingPartitions() []month {
	now, have := monthOf(u.now), partitionMonths(u.found.Partitions)
	first := now.plus(-partitionsBack)
	if kept, limited := u.keptFrom(); limited {
		first = max(first, kept)
	}
	var missing []month
	for m := first; m <= now.plus(partitionsAhead); m++ {
		if !slices.Contains(have, m) {
			missing = append(missing, m)
		}
	}
	return missing
}

const inDefaultSQL = `
SELECT (SELECT count(*) FROM (SELECT FROM call_default WHERE started_at >= m.first AND started_at < m.last LIMIT $3) x)
FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY m(first, last, place) ORDER BY place`

// sortMissing tells months that the default partition has no calls of from those whose
// calls have to be moved. Of the latter one is done at a time; months with too many stay
// in the default partition, where they are found as well.
func (u *upkeep) sortMissing(ctx context.Context, tx pgx.Tx) error {
	missing := u.missingPartitions()
	if len(missing) == 0 {
		return nil
	}
	var begins, ends []time.Time
	for _, m := range missing {
		begins, ends = append(begins, m.begin()), append(ends, m.end())
	}
	rows, err := tx.Query(ctx, inDefaultSQL, begins, ends, maxMoved+1)
	if err != nil {
		return err
	}
	calls, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for i, m := range missing {
		switch {
		case calls[i] == 0:
			u.empty = append(u.empty, m)
		case calls[i] <= maxMoved:
			u.full = append(u.full, m)
		default:
			u.report.Crowded = append(u.report.Crowded, m.String())
		}
	}
	return nil
}

// makePartitions makes partitions for months that the default partition has no calls of.
func (u *upkeep) makePartitions(ctx context.Context, tx pgx.Tx) error {
	var made []string
	for _, m := range u.empty {
		isNew, err := makePartition(ctx, tx, m, nil)
		if err != nil {
			return err
		}
		if isNew {
			made = append(made, m.partition())
		}
	}
	u.report.Made = append(u.report.Made, made...)
	return nil
}

// movePartition makes the partition of a month that the default partition has calls of.
// Until they are moved nobody reads or writes calls: who had begun to would know of the
// partitions that there were, and miss those that are moved.
func (u *upkeep) movePartition(ctx context.Context, tx pgx.Tx, m month) error {
	if _, err := tx.Exec(ctx, "LOCK TABLE ONLY call, call_default IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	var moved int64
	isNew, err := makePartition(ctx, tx, m, func() error {
		tag, err := tx.Exec(ctx, `
WITH moved AS (DELETE FROM call_default WHERE started_at >= $1 AND started_at < $2 RETURNING *)
INSERT INTO `+m.partition()+` SELECT * FROM moved`, m.begin(), m.end())
		moved = tag.RowsAffected()
		return err
	})
	if err != nil || !isNew {
		return err
	}
	u.report.Made = append(u.report.Made, m.partition())
	u.report.Moved += moved
	return nil
}

// makePartition makes the partition of a month, unless it is there. It is filled before it
// becomes part of the table, which locks the default partition only, to see that nothing
// of the month is in it.
func makePartition(ctx context.Context, tx pgx.Tx, m month, fill func() error) (bool, error) {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", m.partition()).Scan(&exists); err != nil || exists {
		return false, err
	}
	if _, err := tx.Exec(ctx, "CREATE TABLE "+m.partition()+" (LIKE call INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"); err != nil {
		return false, err
	}
	if fill != nil {
		if err := fill(); err != nil {
			return false, err
		}
	}
	from, to := m.bounds()
	_, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE call ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)", m.partition(), from, to))
	return err == nil, err
}

// callsInSQL counts calls; of many it is about how many there are.
const callsInSQL = `
SELECT greatest((SELECT reltuples FROM pg_class WHERE oid = '%[1]s'::regclass), (SELECT count(*) FROM (SELECT FROM %[1]s LIMIT 100000) x))::bigint`

func (u *upkeep) dropPartition(ctx context.Context, tx pgx.Tx, m month) error {
	var calls int64
	if err := tx.QueryRow(ctx, fmt.Sprintf(callsInSQL, m.partition())).Scan(&calls); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DROP TABLE "+m.partition()); err != nil {
		return err
	}
	u.report.Dropped = append(u.report.Dropped, m.partition())
	u.report.Calls += calls
	return nil
}

// errUpkept: another manager keeps the same schema up at this moment.
var errUpkept = errors.New("another manager keeps up the schema")

// lockUpkeep lets one manager at a time change the partitions of a schema, for its
// transaction, without waiting for another one.
func lockUpkeep(ctx context.Context, tx pgx.Tx) error {
	var mine bool
	err := tx.QueryRow(ctx, "SELECT true FROM installation FOR UPDATE SKIP LOCKED").Scan(&mine)
	if errors.Is(err, pgx.ErrNoRows) {
		return errUpkept
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SET LOCAL lock_timeout TO '"+ddlTimeout+"'")
	return err
}

// firstPartitions makes the partitions of a schema that has no calls yet, so that the
// first ones come to where they belong.
func firstPartitions(ctx context.Context, tx pgx.Tx, now time.Time) error {
	u := &upkeep{now: now.UTC()}
	if err := u.look(ctx, tx); err != nil || len(partitionMonths(u.found.Partitions)) > 0 || u.found.OldestDefault != nil {
		return err
	}
	u.empty = u.missingPartitions()
	return u.makePartitions(ctx, tx)
}
