package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// planned is the id of a notification that was planned at a moment.
func planned(at time.Time) string {
	id := uuid.New()
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = 0x70 | id[6]&0x0f
	return id.String()
}

// notification writes one with two attempts.
func (k kept) notification(t *testing.T, at, state string) {
	t.Helper()
	when := moment(t, at)
	id := planned(when)
	k.exec(t, `INSERT INTO notification (id, event_type, occurrence, category, source, action, channel, address, state, due_at, turn_at, updated_at)
VALUES ($1::text::uuid, 'invoice.unpaid', $2, 'Invoice', 'Standard', 'reminder', 'Email', 'a@x.example', $3, $4, $4, $4)`, id, at, state, when)
	k.exec(t, `INSERT INTO notification_attempt (notification_id, number, began_at, ended_at, outcome) SELECT $1::text::uuid, n, $2, $2, 'Sent' FROM generate_series(1, 2) n`, id, when)
}

// newNotified is newKept without any partition of notifications.
func newNotified(t *testing.T, server *postgres.Server) kept {
	t.Helper()
	k := newKept(t, server)
	for _, table := range []string{"notification", "notification_attempt"} {
		for _, partition := range k.partitionsOf(t, table) {
			k.exec(t, "DROP TABLE "+partition)
		}
	}
	return k
}

func (k kept) partitionsOf(t *testing.T, table string) []string {
	t.Helper()
	return query(t, k.root, `SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass AND inhrelid <> ($1 || '_default')::regclass ORDER BY 1`, table)
}

// notified are the months of both tables' partitions.
func notified(from, to string) (list []string) {
	for _, table := range []string{"notification_", "notification_attempt_"} {
		for _, m := range months(from, to) {
			list = append(list, table+strings.TrimPrefix(m, "call_"))
		}
	}
	return list
}

func ofNotifications(partitions []string) []string {
	return slices.DeleteFunc(slices.Clone(partitions), func(p string) bool { return !strings.HasPrefix(p, "notification_") })
}

// whereabouts say in which partition each notification is, and how many attempts of it there are.
func (k kept) whereabouts(t *testing.T) []string {
	t.Helper()
	return query(t, k.root, `SELECT concat_ws(' ', occurrence, state, n.tableoid::regclass,
(SELECT concat_ws(' ', min(a.tableoid::regclass::text), count(*)) FROM notification_attempt a WHERE a.notification_id = n.id)) FROM notification n ORDER BY occurrence`)
}

// TestPartitionsOfNotifications are by the month of their ids, to the millisecond, made
// ahead, with all indexes of the table.
func TestPartitionsOfNotifications(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newNotified(t, server)
		report := k.upkeep(t, "2024-02-29T23:59:59Z", admin.Policy{})
		if diff := cmp.Diff(notified("2024-02", "2024-05"), ofNotifications(report.Made)); diff != "" {
			t.Errorf("made (-want +got):\n%s", diff)
		}
		for _, at := range []string{"2024-01-31T23:59:59.999Z", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999Z", "2024-03-01T00:00:00Z", "2024-06-01T00:00:00Z"} {
			k.notification(t, at, "Sent")
		}
		want := []string{
			"2024-01-31T23:59:59.999Z Sent notification_default notification_attempt_default 2",
			"2024-02-01T00:00:00Z Sent notification_2024_02 notification_attempt_2024_02 2",
			"2024-02-29T23:59:59.999Z Sent notification_2024_02 notification_attempt_2024_02 2",
			"2024-03-01T00:00:00Z Sent notification_2024_03 notification_attempt_2024_03 2",
			"2024-06-01T00:00:00Z Sent notification_default notification_attempt_default 2",
		}
		if diff := cmp.Diff(want, k.whereabouts(t)); diff != "" {
			t.Errorf("notifications are in (-want +got):\n%s", diff)
		}
		odd := query(t, k.root, `SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent IN ('notification'::regclass, 'notification_attempt'::regclass) AND
(SELECT count(*) FROM pg_index x JOIN pg_inherits p ON p.inhrelid = x.indexrelid WHERE x.indrelid = i.inhrelid) <> (SELECT count(*) FROM pg_index WHERE indrelid = i.inhparent)`)
		if len(odd) > 0 {
			t.Errorf("partitions with other indexes: %v", odd)
		}
		// The month that comes takes what was in the default partition, as after a clock that was ahead.
		report = k.upkeep(t, "2024-03-01T00:00:00Z", admin.Policy{})
		if diff := cmp.Diff(notified("2024-06", "2024-06"), ofNotifications(report.Made)); diff != "" || report.Moved != 3 {
			t.Errorf("moved %d, made (-want +got):\n%s", report.Moved, diff)
		}
		want[4] = "2024-06-01T00:00:00Z Sent notification_2024_06 notification_attempt_2024_06 2"
		if diff := cmp.Diff(want, k.whereabouts(t)); diff != "" {
			t.Errorf("then they are in (-want +got):\n%s", diff)
		}
		if report := k.upkeep(t, "2024-03-31T23:59:59Z", admin.Policy{}); len(report.Made)+len(report.Dropped) > 0 || report.Moved+report.Deleted > 0 {
			t.Errorf("nothing is due, and it did %+v", report)
		}
	})
}

// TestRetentionOfNotifications: whole months go when all of them has ended; what is still to
// be sent is kept, and with it its month.
func TestRetentionOfNotifications(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newNotified(t, server)
		k.upkeep(t, "2024-01-15T00:00:00Z", admin.Policy{}) // 2023 is in the default partition
		k.upkeep(t, "2024-04-15T00:00:00Z", admin.Policy{})
		for at, state := range map[string]string{
			"2023-05-01T00:00:00Z": "Sent", "2023-05-02T00:00:00Z": "Retry", "2023-06-01T00:00:00Z": "Dead",
			"2024-01-31T23:59:59.999Z": "Sent", "2024-02-01T00:00:00Z": "Suppressed", "2024-03-01T00:00:00Z": "Cancelled", "2024-04-01T00:00:00Z": "Sent",
		} {
			k.notification(t, at, state)
		}
		all := k.whereabouts(t)
		want := func(now string, months int, expected []string) admin.Report {
			t.Helper()
			report := k.upkeep(t, now, admin.Policy{NotificationMonths: months})
			if diff := cmp.Diff(expected, k.whereabouts(t)); diff != "" {
				t.Errorf("at %s, keeping %d months (-want +got):\n%s", now, months, diff)
			}
			return report
		}
		want("2024-04-15T00:00:00Z", 0, all)
		want("2024-04-15T00:00:00Z", 12, all)
		open := all[1]
		report := want("2024-04-30T23:59:59Z", 3, append([]string{open}, all[3:]...))
		if report.Notifications != 2 || len(report.Dropped) != 0 {
			t.Errorf("got %+v", report)
		}
		report = want("2024-05-01T00:00:00Z", 3, append([]string{open}, all[4:]...))
		if diff := cmp.Diff([]string{"notification_2024_01", "notification_attempt_2024_01"}, report.Dropped); diff != "" || report.Notifications != 1 {
			t.Errorf("%d notifications, dropped (-want +got):\n%s", report.Notifications, diff)
		}
		for _, state := range []string{"Planned", "Retry"} {
			k.exec(t, `UPDATE notification SET state = $1 WHERE occurrence = '2024-02-01T00:00:00Z'`, state)
			if report := k.upkeep(t, "2024-06-15T00:00:00Z", admin.Policy{NotificationMonths: 3}); len(report.Dropped) > 0 {
				t.Errorf("a month with one that is %s was dropped: %v", state, report.Dropped)
			}
		}
		k.exec(t, `UPDATE notification SET state = 'Dead' WHERE state = 'Retry'`)
		want("2024-07-01T00:00:00Z", 2, []string{})
		if left := query(t, k.root, `SELECT count(*)::text FROM notification_attempt`); left[0] != "0" {
			t.Errorf("%s attempts of notifications that are gone", left[0])
		}
		if rest := k.partitionsOf(t, "notification_attempt"); rest[0] != "notification_attempt_2024_05" {
			t.Errorf("partitions of attempts are %v", rest)
		}
	})
}

// TestWaitingEnds: what is held, or waits for staff, does so for 30 days.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	k := newNotified(t, newest)
	k.upkeep(t, "2024-04-15T00:00:00Z", admin.Policy{})
	for at, state := range map[string]string{
		"2024-04-16T00:00:00Z": "Held", "2024-04-16T01:00:00Z": "Uncertain", "2024-04-16T02:00:00Z": "Planned", "2024-04-16T03:00:00Z": "Held",
		"2024-04-16T04:00:00Z": "Uncertain", "2024-04-20T00:00:00Z": "Held", "2024-04-20T01:00:00Z": "Uncertain",
	} {
		k.notification(t, at, state)
	}
	k.exec(t, `INSERT INTO notification_lease SELECT id, 1, '2030-01-01', '2024-04-16' FROM notification WHERE occurrence = '2024-04-16T03:00:00Z'`)
	k.exec(t, `UPDATE notification SET updated_at = '2024-05-10' WHERE occurrence = '2024-04-16T04:00:00Z'`) // staff had it tried again
	states := func(now string, want ...string) {
		t.Helper()
		if report := k.upkeep(t, now, admin.Policy{}); report.Deleted > 0 {
			t.Errorf("at %s: %+v", now, report)
		}
		got := query(t, k.root, `SELECT concat_ws(' ', substr(occurrence, 9, 5), state, nullif(reason, '')) FROM notification ORDER BY occurrence`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", now, diff)
		}
	}
	states("2024-05-15T23:00:00Z", "16T00 Held", "16T01 Uncertain", "16T02 Planned", "16T03 Held", "16T04 Uncertain", "20T00 Held", "20T01 Uncertain")
	states("2024-05-17T00:00:00Z", "16T00 Suppressed beforeGoLive", "16T01 Cancelled uncertain", "16T02 Planned", "16T03 Held", "16T04 Uncertain", "20T00 Held", "20T01 Uncertain")
	report := k.upkeep(t, "2024-06-15T00:00:00Z", admin.Policy{NotificationMonths: 1})
	if len(ofNotifications(report.Dropped)) > 0 {
		t.Errorf("a month with one that waits was dropped: %+v", report)
	}
	k.exec(t, `DELETE FROM notification_lease`)
	k.exec(t, `UPDATE notification SET state = 'Sent' WHERE state = 'Planned'`)
	report = k.upkeep(t, "2024-06-15T00:00:00Z", admin.Policy{NotificationMonths: 1})
	if diff := cmp.Diff(notified("2024-04", "2024-04"), ofNotifications(report.Dropped)); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// TestRetentionsAreApart: a shorter one of notifications waits, and touches no calls.
func TestRetentionsAreApart(t *testing.T) {
	t.Parallel()
	k := newNotified(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.calls(t, "2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z")
	k.notification(t, "2024-05-01T00:00:00Z", "Sent")
	policy := admin.Policy{NotificationMonths: 1, CallMonths: 2, Wait: 24 * time.Hour}
	for _, step := range []struct {
		now     string
		pending []admin.Pending
		left    string
	}{
		{"2024-08-01T00:00:00Z", []admin.Pending{
			{Data: admin.Calls, Months: 2, From: moment(t, "2024-08-02T00:00:00Z")},
			{Data: admin.Notifications, Months: 1, From: moment(t, "2024-08-02T00:00:00Z")},
		}, "2 1"},
		{"2024-08-02T00:00:00Z", nil, "0 0"},
	} {
		report, err := k.Admin.Upkeep(t.Context(), moment(t, step.now), always(policy))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.pending, report.Pending); diff != "" {
			t.Errorf("at %s pending are (-want +got):\n%s", step.now, diff)
		}
		if left := query(t, k.root, `SELECT concat_ws(' ', (SELECT count(*) FROM call), (SELECT count(*) FROM notification))`); left[0] != step.left {
			t.Errorf("at %s left are %s calls and notifications, want %s", step.now, left[0], step.left)
		}
	}
	if report := k.upkeep(t, "2024-08-02T00:00:00Z", policy); len(report.Dropped) > 0 {
		t.Errorf("again: %+v", report)
	}
}

// TestCrowdedMonthOfNotifications: attempts that stayed in the default partition go with
// the notifications of their month.
func TestCrowdedMonthOfNotifications(t *testing.T) {
	t.Parallel()
	k := newNotified(t, newest)
	k.exec(t, `INSERT INTO notification_attempt (notification_id, number, began_at, ended_at, outcome)
SELECT overlay($2 placing lpad(to_hex(n), 12, '0') from 25)::uuid, 1, '2024-05-02', '2024-05-02', 'Sent' FROM generate_series(0, $1) n`, admin.MaxMoved, planned(moment(t, "2024-05-02T00:00:00Z")))
	report := k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	if diff := cmp.Diff([]string{"notification_attempt_2024_05"}, report.Crowded); diff != "" {
		t.Errorf("crowded (-want +got):\n%s", diff)
	}
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{NotificationMonths: 1})
	deleted := int64(0)
	for range 3 {
		report, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-07-20T00:00:00Z"), always(admin.Policy{NotificationMonths: 1}))
		if err != nil || !report.More {
			t.Fatalf("got %+v, %v", report, err)
		}
		deleted += report.Deleted
	}
	if left := query(t, k.root, `SELECT count(*)::text FROM notification_attempt`); left[0] != fmt.Sprint(admin.MaxMoved+1-deleted) || deleted != 3*admin.MaxDeleted {
		t.Errorf("%d are deleted in three steps, %s are left", deleted, left[0])
	}
}

// TestBannersGo a day after they were to be shown.
func TestBannersGo(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	for _, end := range []string{"2024-05-18T23:59:59Z", "2024-05-19T00:00:01Z"} {
		k.exec(t, `INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to) VALUES (gen_random_uuid(), 'A', 'General', '{}', '2024-05-01', $1::text::timestamptz)`, end)
	}
	if report := k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}); report.Deleted != 1 {
		t.Errorf("got %+v", report)
	}
}
