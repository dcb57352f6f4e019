package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store/admin"
)

// left are the calls that are kept, and what the report says will be deleted.
func (k kept) left(t *testing.T, now string, months int) (first string, pending []admin.Pending) {
	t.Helper()
	report, err := k.Admin.Upkeep(t.Context(), moment(t, now), always(admin.Policy{CallMonths: months, Wait: 24 * time.Hour}))
	if err != nil {
		t.Fatal(err)
	}
	return query(t, k.root, `SELECT min(started_at)::date::text FROM call`)[0], report.Pending
}

// TestShorterRetentionWaits: for a day after it was seen first, and as long as it is wanted.
func TestShorterRetentionWaits(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.calls(t, "2024-01-15T00:00:00Z", "2024-05-15T00:00:00Z")
	for _, step := range []struct {
		now     string
		months  int
		first   string
		pending int
		from    string
	}{
		{"2024-05-20T00:00:00Z", 0, "2024-01-15", 0, ""},
		{"2024-05-20T01:00:00Z", 2, "2024-01-15", 2, "2024-05-21T01:00:00Z"},
		{"2024-05-21T00:59:59Z", 2, "2024-01-15", 2, "2024-05-21T01:00:00Z"},
		{"2024-05-21T01:00:00Z", 0, "2024-01-15", 0, ""}, // taken back
		{"2024-05-22T00:00:00Z", 2, "2024-01-15", 2, "2024-05-23T00:00:00Z"},
		{"2024-05-22T23:00:00Z", 3, "2024-01-15", 3, "2024-05-23T23:00:00Z"}, // another one begins anew
		{"2024-05-23T23:00:00Z", 3, "2024-02-01", 0, ""},
		{"2024-05-24T00:00:00Z", 1, "2024-02-01", 1, "2024-05-25T00:00:00Z"},
		{"2024-05-25T00:00:00Z", 1, "2024-04-01", 0, ""},
		{"2024-06-01T00:00:00Z", 1, "2024-05-01", 0, ""}, // what is in force does not wait
		{"2024-06-02T00:00:00Z", 9, "2024-05-01", 0, ""},
	} {
		first, pending := k.left(t, step.now, step.months)
		var want []admin.Pending
		if step.pending > 0 {
			want = []admin.Pending{{Data: admin.Calls, Months: step.pending, From: moment(t, step.from)}}
		}
		if diff := cmp.Diff(want, pending); diff != "" || first != step.first {
			t.Errorf("at %s, keeping %d months: the first call is of %s, want %s; pending (-want +got):\n%s", step.now, step.months, first, step.first, diff)
		}
	}
}

// TestRetentionIsAskedForAgain: what is changed while a run is under way counts.
func TestRetentionIsAskedForAgain(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.calls(t, "2024-01-15T00:00:00Z", "2024-05-15T00:00:00Z")
	asked := 0
	report, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-05-20T00:00:00Z"), func() admin.Policy {
		if asked++; asked > 3 { // after the begin and two partitions
			return admin.Policy{}
		}
		return admin.Policy{CallMonths: 1}
	})
	if err != nil || !report.More || len(report.Dropped) != 2 {
		t.Errorf("got %+v %v", report, err)
	}
}

// TestDeletedCallsAreCounted in partitions and out of them.
func TestDeletedCallsAreCounted(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.calls(t, "2023-04-29T00:00:00Z", "2023-05-03T00:00:00Z")
	report, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-05-20T00:00:00Z"), always(admin.Policy{CallMonths: 2}))
	if err != nil || report.Calls != 5 {
		t.Errorf("got %+v %v", report, err)
	}
}

// TestClockAhead: a manager whose clock is years ahead deletes nothing that is not old.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.exec(t, `INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds) VALUES ('C', 'A', now(), now()::date, 'Inbound', 'Missed', '1', 0)`)
	k.exec(t, `INSERT INTO change (position, kind, id, account_id, operation, version, at) VALUES (1, 'note', 'n', 'A', 'Upsert', 1, now())`)
	if _, err := k.Admin.Upkeep(t.Context(), time.Now().AddDate(2, 0, 0), always(admin.Policy{CallMonths: 1})); err != nil {
		t.Fatal(err)
	}
	if left := query(t, k.root, `SELECT id FROM call UNION SELECT id FROM change ORDER BY 1`); len(left) != 2 {
		t.Errorf("left are %v", left)
	}
}

// TestLinksAndCeremoniesGo some time after they have expired, and no sooner.
func TestLinksAndCeremoniesGo(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.exec(t, `INSERT INTO contact (id, account_id, access) VALUES ('C', 'A', 'Active')`)
	for _, expires := range []string{"2024-02-20 00:00:00Z", "2024-02-20 00:00:01Z", "2024-05-20 00:00:00Z"} {
		k.exec(t, `INSERT INTO credential_link (id, purpose, account_id, contact_id, addresses, created_at, expires_at)
VALUES (gen_random_uuid(), 'Create', 'A', 'C', '{a@x.example}', '2024-02-01', $1::text::timestamptz)`, expires)
	}
	for _, expires := range []string{"2024-05-19 22:59:59Z", "2024-05-19 23:00:01Z", "2024-05-20 00:10:00Z"} {
		k.exec(t, `INSERT INTO ceremony (secret_hash, kind, created_at, expires_at) VALUES ($1::text::bytea, 'SignIn', '2024-05-19', $1::text::timestamptz)`, expires)
	}
	wantReport(t, "a link and a ceremony", admin.Report{Deleted: 2}, k.upkeep(t, "2024-05-20T00:00:01Z", admin.Policy{}))
	wantReport(t, "again", admin.Report{}, k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}))
	left := query(t, k.root, `SELECT to_char(expires_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS') FROM credential_link UNION ALL
SELECT to_char(expires_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS') FROM ceremony ORDER BY 1`)
	if diff := cmp.Diff([]string{"02-20 00:00:01", "05-19 23:00:01", "05-20 00:00:00", "05-20 00:10:00"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	wantReport(t, "later", admin.Report{Deleted: 3}, k.upkeep(t, "2024-05-20T02:00:00Z", admin.Policy{}))
}
