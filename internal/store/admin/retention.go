package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// term is for how many months one kind of data is kept: what is in force, and what was
// asked for and waits.
type term struct {
	force int
	next  *int
	seen  *time.Time
}

// The statements that keep a term: months, what waits, and since when.
const (
	retainCallsSQL         = `UPDATE installation SET call_months = $1, next_call_months = $2, next_seen_at = $3`
	retainNotificationsSQL = `UPDATE installation SET notification_months = $1, next_notification_months = $2, next_notification_seen_at = $3`
)

// retain finds for how many months data is kept in this run, and the steps that keep what
// is new of it.
func (u *upkeep) retain() {
	f := u.found
	u.callMonths = u.retainOf(Calls, retainCallsSQL, u.policy.CallMonths, term{f.CallMonths, f.NextCallMonths, f.NextSeenAt})
	u.notificationMonths = u.retainOf(Notifications, retainNotificationsSQL, u.policy.NotificationMonths,
		term{f.NotificationMonths, f.NextNotifications, f.NextNotifSeenAt})
}

// retainOf returns what is wanted, or what is in force while a shorter time waits.
func (u *upkeep) retainOf(data Data, sql string, wanted int, known term) (months int) {
	next, seen := known.next, known.seen
	if next == nil || *next != wanted {
		next, seen = &wanted, &u.now
	}
	shorter := wanted > 0 && (known.force == 0 || wanted < known.force)
	if from := seen.Add(u.policy.Wait); shorter && u.now.Before(from) {
		months = known.force
		u.report.Pending = append(u.report.Pending, Pending{Data: data, Months: wanted, From: from})
		if next == known.next {
			return months
		}
	} else {
		months, next, seen = wanted, nil, nil
		if wanted == known.force && known.next == nil {
			return months
		}
	}
	u.keep = append(u.keep, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, months, next, seen)
		return err
	})
	return months
}

// keptFrom is the first month of a table that is kept; false: all are.
func (u *upkeep) keptFrom(of *monthly) (month, bool) {
	months := u.notificationMonths
	if of == calls {
		months = u.callMonths
	}
	return monthOf(u.now).plus(-months), months > 0
}

// inDefault says whether the default partition of a table has rows.
func (u *upkeep) inDefault(of *monthly) bool {
	switch of {
	case calls:
		return u.found.OldestDefault != nil
	case notifications:
		return u.found.OldestNotification != nil
	default:
		return u.found.OldestAttempt != nil
	}
}

// whileWanted leaves a step out once another policy is wanted than at the begin.
func (u *upkeep) whileWanted(step func(context.Context, pgx.Tx) error) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		if u.wanted() != u.policy {
			u.report.More = true
			return nil
		}
		return step(ctx, tx)
	}
}

// counting adds what a step deletes to a count as well.
func (u *upkeep) counting(into *int64, step func(context.Context, pgx.Tx) error) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		before := u.report.Deleted
		err := step(ctx, tx)
		*into += u.report.Deleted - before
		return err
	}
}

const (
	deleteCallsSQL = `
DELETE FROM call_default WHERE (started_at, id) IN (
    SELECT started_at, id FROM call_default WHERE started_at < $1 ORDER BY started_at LIMIT $2)`
	deleteCallDaysSQL = `
DELETE FROM call_day WHERE ctid = ANY(ARRAY(SELECT ctid FROM call_day WHERE day < $1 ORDER BY day LIMIT $2))`
)

// callExpiries delete calls that retention has passed. Where they are not dropped, the
// days of an account begin at another time than the months of partitions, so one day more
// is kept: no call is without its day in the roll-up.
func (u *upkeep) callExpiries() []func(context.Context, pgx.Tx) error {
	kept, limited := u.keptFrom(calls)
	if !limited {
		return nil
	}
	var steps []func(context.Context, pgx.Tx) error
	for _, m := range calls.months(u.found.Partitions) {
		if m.before(kept) {
			steps = append(steps, u.whileWanted(func(ctx context.Context, tx pgx.Tx) error {
				return u.dropPartition(ctx, tx, slot{calls, m}, &u.report.Calls)
			}))
		}
	}
	if before(u.found.OldestDefault, kept.begin()) {
		steps = append(steps, u.whileWanted(u.counting(&u.report.Calls, u.deleting(deleteCallsSQL, kept.begin()))))
	}
	if days := kept.begin().AddDate(0, 0, -1); before(u.found.OldestDay, days) {
		steps = append(steps, u.whileWanted(u.deleting(deleteCallDaysSQL, days)))
	}
	return steps
}

// waitsKept is for how long something waits for the delivery mode or for staff. Going Live
// would not send it any more, and who has not looked after a month does not want to. What may
// have arrived is not Dead then: staff who have all of those tried again would send it twice.
const waitsKept = 30 * 24 * time.Hour

const (
	endHeldSQL = `
UPDATE notification n SET state = 'Suppressed', reason = 'beforeGoLive', updated_at = $2 FROM (
    SELECT id FROM notification WHERE state = 'Held' AND id < $1::text::uuid AND NOT EXISTS (SELECT FROM notification_lease l WHERE l.id = notification.id)
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED) old
WHERE n.id = old.id`
	endUncertainSQL = `
UPDATE notification n SET state = 'Cancelled', reason = 'uncertain', updated_at = $2 FROM (
    SELECT id FROM notification WHERE state = 'Uncertain' AND id < $1::text::uuid AND updated_at < $4
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED) old
WHERE n.id = old.id`
)

// endings end what has waited for too long.
func (u *upkeep) endings() []func(context.Context, pgx.Tx) error {
	limit := u.now.Add(-waitsKept)
	bound := notifications.bound(limit)
	ending := func(sql string, more ...any) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, sql, append([]any{bound, u.now, maxDeleted}, more...)...)
			u.report.More = u.report.More || tag.RowsAffected() >= maxDeleted
			return err
		}
	}
	var steps []func(context.Context, pgx.Tx) error
	if oldest := u.found.OldestHeld; oldest != nil && *oldest < bound { // as text they have the same order
		steps = append(steps, ending(endHeldSQL))
	}
	if oldest := u.found.OldestUncertain; oldest != nil && *oldest < bound {
		steps = append(steps, ending(endUncertainSQL, limit))
	}
	return steps
}

// What is still to be sent is kept however old it is, and what waits for the delivery mode or
// for staff until it ends.
const (
	openSQL = `
SELECT EXISTS (SELECT FROM notification WHERE id >= %[1]s AND id < %[2]s AND state IN ('Planned', 'Retry'))
    OR EXISTS (SELECT FROM notification WHERE id >= %[1]s AND id < %[2]s AND state IN ('Held', 'Uncertain'))`
	deleteNotificationsSQL = `
WITH old AS (
    SELECT id FROM notification_default WHERE id < $1::text::uuid AND state IN ('Sent', 'Dead', 'Suppressed', 'Cancelled') ORDER BY id LIMIT $2
), tried AS (DELETE FROM notification_attempt a USING old WHERE a.notification_id = old.id)
DELETE FROM notification_default n USING old WHERE n.id = old.id`
	deleteAttemptsSQL = `
DELETE FROM notification_attempt_default WHERE (notification_id, number) IN (
    SELECT notification_id, number FROM notification_attempt_default a
    WHERE notification_id < $1::text::uuid AND NOT EXISTS (SELECT FROM notification n WHERE n.id = a.notification_id)
    ORDER BY notification_id LIMIT $2)`
)

// notificationExpiries delete notifications that retention has passed, with their attempts:
// a month when all of it has ended, and one by one what has no partition.
func (u *upkeep) notificationExpiries() []func(context.Context, pgx.Tx) error {
	kept, limited := u.keptFrom(notifications)
	if !limited {
		return nil
	}
	var steps []func(context.Context, pgx.Tx) error
	old := append(notifications.months(u.found.Partitions), attempts.months(u.found.Partitions)...)
	slices.Sort(old)
	for _, m := range slices.Compact(old) {
		if m.before(kept) {
			steps = append(steps, u.whileWanted(func(ctx context.Context, tx pgx.Tx) error { return u.dropNotifications(ctx, tx, m) }))
		}
	}
	limit := notifications.bound(kept.begin())
	if oldest := u.found.OldestNotification; oldest != nil && *oldest < limit { // as text they have the same order
		steps = append(steps, u.whileWanted(u.counting(&u.report.Notifications, u.deleting(deleteNotificationsSQL, limit))))
	}
	if oldest := u.found.OldestAttempt; oldest != nil && *oldest < limit { // of a month that is dropped
		steps = append(steps, u.whileWanted(u.deleting(deleteAttemptsSQL, limit)))
	}
	return steps
}

// dropNotifications drops a month of which all has ended. It looks before it makes anybody
// wait, and again when nobody can begin anew what has ended.
func (u *upkeep) dropNotifications(ctx context.Context, tx pgx.Tx, m month) error {
	of := slot{notifications, m}
	open := func() (is bool, err error) {
		err = tx.QueryRow(ctx, fmt.Sprintf(openSQL, quote(of.from()), quote(of.to()))).Scan(&is)
		return is, err
	}
	if is, err := open(); err != nil || is {
		return err
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE ONLY notification, ONLY notification_attempt IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	if is, err := open(); err != nil || is {
		return err
	}
	if slices.Contains(u.found.Partitions, of.partition()) {
		if err := u.dropPartition(ctx, tx, of, &u.report.Notifications); err != nil {
			return err
		}
	}
	tried, untold := slot{attempts, m}, int64(0)
	if !slices.Contains(u.found.Partitions, tried.partition()) {
		return nil
	}
	return u.dropPartition(ctx, tx, tried, &untold)
}
