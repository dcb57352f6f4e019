package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// month is a month of UTC, as the number of months since year 0. What grows by itself is
// partitioned by it.
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
func (m month) String() string { return m.begin().Format("2006-01") }

// monthly is a table with a partition for each month, and one for what has none.
type monthly struct {
	table string                 // its partitions are called after it, as call_2006_01 and call_default
	key   string                 // the column that the months are of
	cast  string                 // the type of that column
	bound func(time.Time) string // the least value of it in a month that begins then
	back  int                    // months before the current one with a partition of their own
}

// The tables. Notifications, and their attempts, are of the month in which they were
// planned: their ids are UUIDs of version 7, which begin with the time.
var (
	calls         = &monthly{"call", "started_at", "timestamptz", timeBound, partitionsBack}
	notifications = &monthly{"notification", "id", "uuid", uuidBound, 0}
	attempts      = &monthly{"notification_attempt", "notification_id", "uuid", uuidBound, 0}

	monthlies = []*monthly{calls, notifications, attempts}
)

func timeBound(t time.Time) string { return t.Format("2006-01-02 15:04:05Z07:00") }

func uuidBound(t time.Time) string {
	milliseconds := t.UnixMilli()
	return fmt.Sprintf("%08x-%04x-0000-0000-000000000000", milliseconds>>16, milliseconds&0xffff)
}

// slot is the place of a partition: a month of a table.
type slot struct {
	*monthly
	month month
}

func (s slot) partition() string { return s.table + s.month.begin().Format("_2006_01") }
func (s slot) from() string      { return s.bound(s.month.begin()) }
func (s slot) to() string        { return s.bound(s.month.plus(1).begin()) }

// months are those that have a partition, in order.
func (m *monthly) months(partitions []string) []month {
	var months []month
	for _, p := range partitions {
		if of, ok := strings.CutPrefix(p, m.table); ok {
			if t, err := time.Parse("_2006_01", of); err == nil {
				months = append(months, monthOf(t))
			}
		}
	}
	slices.Sort(months)
	return months
}

// missingPartitions are the months without a partition that should have one: from some
// months back, or as long as they are kept, to three months ahead.
func (u *upkeep) missingPartitions(of *monthly) []slot {
	now, have := monthOf(u.now), of.months(u.found.Partitions)
	first := now.plus(-of.back)
	if kept, limited := u.keptFrom(of); limited {
		first = max(first, kept)
	}
	var missing []slot
	for m := first; m <= now.plus(partitionsAhead); m++ {
		if !slices.Contains(have, m) {
			missing = append(missing, slot{of, m})
		}
	}
	return missing
}

const inDefaultSQL = `
SELECT (SELECT count(*) FROM (SELECT FROM %[1]s_default WHERE %[2]s >= m.first AND %[2]s < m.last LIMIT $3) x)
FROM unnest($1::text[]::%[3]s[], $2::text[]::%[3]s[]) WITH ORDINALITY m(first, last, place) ORDER BY place`

// sortMissing tells months that the default partition has no rows of from those whose
// rows have to be moved. Of the latter one is done at a time; months with too many stay
// in the default partition, where they are found as well.
func (u *upkeep) sortMissing(ctx context.Context, tx pgx.Tx, of *monthly) error {
	missing := u.missingPartitions(of)
	if len(missing) == 0 {
		return nil
	}
	var begins, ends []string
	for _, s := range missing {
		begins, ends = append(begins, s.from()), append(ends, s.to())
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(inDefaultSQL, of.table, of.key, of.cast), begins, ends, maxMoved+1)
	if err != nil {
		return err
	}
	counts, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for i, s := range missing {
		switch {
		case counts[i] == 0:
			u.empty = append(u.empty, s)
		case counts[i] <= maxMoved:
			u.full = append(u.full, s)
		default:
			u.report.Crowded = append(u.report.Crowded, s.partition())
		}
	}
	return nil
}

// makePartitions makes partitions for months that the default partition has no rows of.
func (u *upkeep) makePartitions(ctx context.Context, tx pgx.Tx) error {
	var made []string
	for _, s := range u.empty {
		isNew, err := makePartition(ctx, tx, s, nil)
		if err != nil {
			return err
		}
		if isNew {
			made = append(made, s.partition())
		}
	}
	u.report.Made = append(u.report.Made, made...)
	return nil
}

// movePartition makes the partition of a month that the default partition has rows of.
// Until they are moved nobody reads or writes the table: who had begun to would know of the
// partitions that there were, and miss those that are moved.
func (u *upkeep) movePartition(ctx context.Context, tx pgx.Tx, s slot) error {
	if _, err := tx.Exec(ctx, fmt.Sprintf("LOCK TABLE ONLY %[1]s, %[1]s_default IN ACCESS EXCLUSIVE MODE", s.table)); err != nil {
		return err
	}
	var moved int64
	isNew, err := makePartition(ctx, tx, s, func() error {
		tag, err := tx.Exec(ctx, fmt.Sprintf(`
WITH moved AS (DELETE FROM %[1]s_default WHERE %[2]s >= %[4]s AND %[2]s < %[5]s RETURNING *)
INSERT INTO %[3]s SELECT * FROM moved`, s.table, s.key, s.partition(), quote(s.from()), quote(s.to())))
		moved = tag.RowsAffected()
		return err
	})
	if err != nil || !isNew {
		return err
	}
	u.report.Made = append(u.report.Made, s.partition())
	u.report.Moved += moved
	return nil
}

// makePartition makes the partition of a month, unless it is there. It is filled before it
// becomes part of the table, which locks the default partition only, to see that nothing
// of the month is in it.
func makePartition(ctx context.Context, tx pgx.Tx, s slot, fill func() error) (bool, error) {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", s.partition()).Scan(&exists); err != nil || exists {
		return false, err
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", s.partition(), s.table)); err != nil {
		return false, err
	}
	if fill != nil {
		if err := fill(); err != nil {
			return false, err
		}
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)",
		s.table, s.partition(), quote(s.from()), quote(s.to())))
	return err == nil, err
}

// rowsInSQL counts rows; of many it is about how many there are.
const rowsInSQL = `
SELECT greatest((SELECT reltuples FROM pg_class WHERE oid = '%[1]s'::regclass), (SELECT count(*) FROM (SELECT FROM %[1]s LIMIT 100000) x))::bigint`

// dropPartition drops a month and counts its rows into the report.
func (u *upkeep) dropPartition(ctx context.Context, tx pgx.Tx, s slot, count *int64) error {
	var rows int64
	if err := tx.QueryRow(ctx, fmt.Sprintf(rowsInSQL, s.partition())).Scan(&rows); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DROP TABLE "+s.partition()); err != nil {
		return err
	}
	u.report.Dropped = append(u.report.Dropped, s.partition())
	*count += rows
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

// firstPartitions makes the partitions of tables that have no rows yet, so that the first
// ones come to where they belong.
func firstPartitions(ctx context.Context, tx pgx.Tx, now time.Time) error {
	u := &upkeep{now: now.UTC()}
	if err := u.look(ctx, tx); err != nil {
		return err
	}
	for _, of := range monthlies {
		if len(of.months(u.found.Partitions)) == 0 && !u.inDefault(of) {
			u.empty = append(u.empty, u.missingPartitions(of)...)
		}
	}
	return u.makePartitions(ctx, tx)
}
