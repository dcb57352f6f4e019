package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Policy is what a tenant decides about the upkeep of its data.
type Policy struct {
	// CallMonths is for how many whole months calls are kept, besides the current one; 0:
	// for good. NotificationMonths is the same for notifications.
	CallMonths         int
	NotificationMonths int
	// Wait is how long after it was seen first a shorter time takes effect.
	Wait time.Duration
}

// Data is a kind of data that retention is about.
type Data string

// The kinds.
const (
	Calls         Data = "calls"
	Notifications Data = "notifications"
)

// Pending is a shorter retention that was asked for and waits.
type Pending struct {
	Data   Data
	Months int
	From   time.Time
}

// Report is what an upkeep did.
type Report struct {
	Made          []string // partitions
	Dropped       []string
	Moved         int64     // rows that were in a default partition and got one of their own
	Crowded       []string  // partitions that were not made: the default one has too many rows of the month to be moved
	Calls         int64     // calls that were deleted, in partitions and out of them; of many about how many
	Notifications int64     // the same of notifications
	Deleted       int64     // rows that retention has passed, but those of partitions
	Pending       []Pending // what will be deleted later
	More          bool      // something is left: it is to be called again soon
}

// The upkeep of one call is bounded, so that it holds up nobody for long.
const (
	partitionsBack  = 12 // months of calls with a partition of their own; older ones are in the default partition
	partitionsAhead = 3
	maxMoved        = 200_000 // rows of a month that are moved out of the default partition, in a few seconds
	maxDeleted      = 10_000  // rows of a table

	changesKept     = 30 * 24 * time.Hour
	eventsKept      = 400 * 24 * time.Hour
	idempotencyKept = 24 * time.Hour
	tokensKept      = 30 * 24 * time.Hour // after they have expired
	linksKept       = 90 * 24 * time.Hour // after they have expired: a person who comes late reads why
	ceremoniesKept  = time.Hour           // after they have expired
	bannersKept     = 24 * time.Hour      // after they were to be shown

	// ddlTimeout bounds the wait for a lock that customers wait behind.
	ddlTimeout = "1s"
)

// Upkeep keeps a schema in shape as time goes by: it makes the partitions of calls and
// notifications ahead, drops what retention has passed, and deletes what is kept for a
// while only. Until something is due it takes one look and writes nothing.
//
// It may run any number of times and in two managers at once. What could not be done
// because others held a lock is done the next time; the rest is done all the same, and the
// error says what was not. The policy is asked for before each step that deletes by it.
func (t *Tenant) Upkeep(ctx context.Context, now time.Time, policy func() Policy) (Report, error) {
	u := &upkeep{Tenant: t, now: now.UTC(), wanted: policy, policy: policy()}
	err := t.read(ctx, "look what upkeep there is", func(ctx context.Context, tx pgx.Tx) error {
		if err := u.look(ctx, tx); err != nil {
			return err
		}
		u.retain()
		for _, of := range monthlies {
			if err := u.sortMissing(ctx, tx, of); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	var problems []error
	for _, step := range u.steps() {
		err := t.server.asOwner(ctx, t.schema, readWrite, func(ctx context.Context, tx pgx.Tx) error {
			if err := lockUpkeep(ctx, tx); err != nil {
				return err
			}
			return step(ctx, tx)
		})
		if errors.Is(err, errUpkept) {
			break
		}
		if err != nil {
			problems = append(problems, t.server.explain("keep up the schema", postponed(err)))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return u.report, errors.Join(problems...)
}

// upkeep is one run of Upkeep.
type upkeep struct {
	*Tenant
	now    time.Time
	wanted func() Policy
	policy Policy // as it was wanted at the begin

	// Months that are kept in this run, besides the current one; 0: all.
	callMonths, notificationMonths int

	keep   []func(context.Context, pgx.Tx) error // what is new of the policy
	found  outdated
	empty  []slot // without a partition, and without rows in the default partition
	full   []slot // without a partition, with rows in the default partition
	report Report
}

// outdated is what there is that upkeep may have to do with. Times are nil where there is
// nothing.
type outdated struct {
	Partitions         []string
	OldestDefault      *time.Time // call in the default partition
	OldestNotification *string    // in the default partition, by its id
	OldestAttempt      *string    // in the default partition, by the id of its notification
	OldestHeld         *string    // by its id
	OldestUncertain    *string    // by its id
	OldestDay          *time.Time // of the roll-up of calls
	OldestChange       *time.Time
	OldestEvent        *time.Time
	OldestIdempKey     *time.Time
	OldestExpiry       *time.Time // of a token
	OldestLink         *time.Time // by its expiry
	OldestCeremony     *time.Time // by its expiry
	OldestBanner       *time.Time // by its end
	Now                time.Time  // of the database

	CallMonths         int  // in force
	NextCallMonths     *int // asked for, waits
	NextSeenAt         *time.Time
	NotificationMonths int
	NextNotifications  *int
	NextNotifSeenAt    *time.Time
}

const outdatedSQL = `
SELECT coalesce((SELECT array_agg(c.relname::text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent IN ('call'::regclass, 'notification'::regclass, 'notification_attempt'::regclass)), '{}'),
       (SELECT min(started_at) FROM call_default), (SELECT id::text FROM notification_default ORDER BY id LIMIT 1),
       (SELECT notification_id::text FROM notification_attempt_default ORDER BY notification_id LIMIT 1),
       (SELECT id::text FROM notification WHERE state = 'Held' ORDER BY id LIMIT 1),
       (SELECT id::text FROM notification WHERE state = 'Uncertain' ORDER BY id LIMIT 1), (SELECT min(day) FROM call_day),
       (SELECT at FROM change ORDER BY position LIMIT 1), (SELECT at FROM event ORDER BY position LIMIT 1),
       (SELECT min(created_at) FROM idempotency), (SELECT min(expires_at) FROM api_token),
       (SELECT min(expires_at) FROM credential_link), (SELECT min(expires_at) FROM ceremony), (SELECT min(shown_to) FROM banner), now(),
       coalesce(i.call_months, 0), i.next_call_months, i.next_seen_at,
       coalesce(i.notification_months, 0), i.next_notification_months, i.next_notification_seen_at
FROM (SELECT) one LEFT JOIN installation i ON true`

// look sees everything in one round trip, by the ends of indexes. Time is the earlier of
// the manager's and the database's: a clock that is ahead must delete nothing.
func (u *upkeep) look(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, outdatedSQL)
	if err != nil {
		return err
	}
	u.found, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[outdated])
	if err == nil && u.found.Now.Before(u.now) {
		u.now = u.found.Now.UTC()
	}
	return err
}

// steps are the transactions that are due.
func (u *upkeep) steps() []func(context.Context, pgx.Tx) error {
	var steps []func(context.Context, pgx.Tx) error
	if len(u.empty) > 0 {
		steps = append(steps, u.makePartitions)
	}
	if len(u.full) > 0 {
		u.report.More = len(u.full) > 1
		steps = append(steps, func(ctx context.Context, tx pgx.Tx) error { return u.movePartition(ctx, tx, u.full[0]) })
	}
	steps = append(steps, u.keep...)
	steps = append(steps, u.callExpiries()...)
	steps = append(steps, u.endings()...)
	steps = append(steps, u.notificationExpiries()...)
	if before(u.found.OldestChange, u.now.Add(-changesKept)) {
		steps = append(steps, u.purging("change", u.now.Add(-changesKept)))
	}
	if before(u.found.OldestEvent, u.now.Add(-eventsKept)) {
		steps = append(steps, u.purging("event", u.now.Add(-eventsKept)))
	}
	for _, short := range []struct {
		oldest *time.Time
		sql    string
		kept   time.Duration
	}{
		{u.found.OldestIdempKey, deleteIdempotencySQL, idempotencyKept},
		{u.found.OldestExpiry, deleteTokensSQL, tokensKept},
		{u.found.OldestLink, deleteLinksSQL, linksKept},
		{u.found.OldestCeremony, deleteCeremoniesSQL, ceremoniesKept},
		{u.found.OldestBanner, deleteBannersSQL, bannersKept},
	} {
		if limit := u.now.Add(-short.kept); before(short.oldest, limit) {
			steps = append(steps, u.deleting(short.sql, limit))
		}
	}
	return steps
}

func before(t *time.Time, limit time.Time) bool { return t != nil && t.Before(limit) }

// What is deleted goes by the end of an index, a bounded number of rows at a time. Of a
// feed only the beginning may go, and up to where is kept: whoever has not read that far
// has to be told.
const (
	purgeSQL = `
WITH oldest AS (SELECT position, at FROM %[1]s ORDER BY position LIMIT $2),
deleted AS (
    DELETE FROM %[1]s
    WHERE position < coalesce((SELECT min(position) FROM oldest WHERE at >= $1), (SELECT max(position) + 1 FROM oldest))
    RETURNING position)
UPDATE feed SET %[1]s_purged = greatest(%[1]s_purged, (SELECT max(position) FROM deleted)) RETURNING (SELECT count(*) FROM deleted)`
	deleteIdempotencySQL = `
DELETE FROM idempotency WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2))`
	deleteLinksSQL = `
DELETE FROM credential_link WHERE ctid = ANY(ARRAY(SELECT ctid FROM credential_link WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))`
	deleteCeremoniesSQL = `
DELETE FROM ceremony WHERE ctid = ANY(ARRAY(SELECT ctid FROM ceremony WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))`
	deleteBannersSQL = `
DELETE FROM banner WHERE ctid = ANY(ARRAY(SELECT ctid FROM banner WHERE shown_to < $1 ORDER BY shown_to LIMIT $2))`
	deleteTokensSQL = `
WITH gone AS (
    DELETE FROM api_token WHERE ctid = ANY(ARRAY(SELECT ctid FROM api_token WHERE expires_at < $1 LIMIT $2)) RETURNING name
)
INSERT INTO audit (actor, action, detail, at) SELECT 'manager', 'token.deleted', jsonb_build_object('name', name, 'reason', 'Expired'), now() FROM gone`
)

func (u *upkeep) deleting(sql string, limit any) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, limit, maxDeleted)
		if err != nil {
			return err
		}
		u.deleted(tag.RowsAffected())
		return nil
	}
}

// purging deletes the beginning of a feed. The row that every writer waits for comes last.
func (u *upkeep) purging(feed string, limit time.Time) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		var rows int64
		if err := tx.QueryRow(ctx, fmt.Sprintf(purgeSQL, feed), limit, maxDeleted).Scan(&rows); err != nil {
			return err
		}
		u.deleted(rows)
		return nil
	}
}

func (u *upkeep) deleted(rows int64) {
	u.report.Deleted += rows
	u.report.More = u.report.More || rows >= maxDeleted
}

// postponed says in plain words that others held a lock.
func postponed(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && slices.Contains([]string{"55P03", "40P01"}, pgErr.Code) {
		return fmt.Errorf("others hold a lock on what is to be changed, it is tried again: %s", pgErr.Message)
	}
	return err
}
