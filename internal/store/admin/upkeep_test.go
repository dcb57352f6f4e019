package admin_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// kept is a tenant whose schema is kept up by a clock of its own.
type kept struct {
	*storetest.Tenant
	root *pgx.Conn // as superuser, in the tenant's schema
}

// newKept makes a tenant without any partition.
func newKept(t *testing.T, server *postgres.Server) kept {
	t.Helper()
	tenant := storetest.New(t, server)
	root := connect(t, superuser(t, server, tenant.PortalURI))
	k := kept{tenant, root}
	k.exec(t, "SET search_path TO "+tenant.Schema)
	k.exec(t, "SET timezone TO 'Pacific/Auckland'") // must not matter
	k.exec(t, `INSERT INTO account (id, name, status) VALUES ('A', 'Ada', 'Active')`)
	for _, partition := range k.partitions(t) {
		k.exec(t, "DROP TABLE "+partition)
	}
	return k
}

func (k kept) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := k.root.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// partitions are those of calls, the default one apart.
func (k kept) partitions(t *testing.T) []string {
	t.Helper()
	return query(t, k.root, `SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'call'::regclass AND inhrelid <> 'call_default'::regclass ORDER BY 1`)
}

// calls writes one call a day of an account.
func (k kept) calls(t *testing.T, from, to string) {
	t.Helper()
	k.exec(t, `INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds)
SELECT 'C', 'A', d, (d AT TIME ZONE 'UTC')::date, 'Inbound', 'Missed', '1', 0 FROM generate_series($1::text::timestamptz, $2::text::timestamptz, '24 hours') d`, from, to)
	k.exec(t, `INSERT INTO call_day SELECT account_id, day, number, direction, currency, count(*), 0, 0, 0 FROM call GROUP BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING`)
}

// upkeep runs until nothing more is to do.
func (k kept) upkeep(t *testing.T, now string, policy admin.Policy) admin.Report {
	t.Helper()
	var all admin.Report
	for range 20 {
		report, err := k.Admin.Upkeep(t.Context(), moment(t, now), always(policy))
		if err != nil {
			t.Fatal(err)
		}
		all.Made, all.Dropped = append(all.Made, report.Made...), append(all.Dropped, report.Dropped...)
		all.Moved, all.Deleted, all.Crowded = all.Moved+report.Moved, all.Deleted+report.Deleted, report.Crowded
		all.Notifications += report.Notifications
		if !report.More {
			return all
		}
	}
	t.Fatal("there is always more to do")
	return all
}

// always wants the same.
func always(policy admin.Policy) func() admin.Policy { return func() admin.Policy { return policy } }

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func months(from, to string) (list []string) {
	first, _ := time.Parse("2006-01", from)
	for at := first; at.Format("2006-01") <= to; at = at.AddDate(0, 1, 0) {
		list = append(list, at.Format("call_2006_01"))
	}
	return list
}

// wantReport leaves out the partitions that are made for notifications: tests of another
// time find none.
func wantReport(t *testing.T, what string, want, got admin.Report) {
	t.Helper()
	got.Made = ofCalls(got.Made)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ofCalls(partitions []string) []string {
	return slices.DeleteFunc(slices.Clone(partitions), func(p string) bool { return !strings.HasPrefix(p, "call_") })
}

// TestPartitionsAreMadeAhead: from twelve months back to three months ahead, whatever the
// time zone, over years and leap days; then nothing is to do until the next month.
func TestPartitionsAreMadeAhead(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newKept(t, server)
		wantReport(t, "at first", admin.Report{Made: months("2023-02", "2024-05")}, k.upkeep(t, "2024-02-29T23:59:59Z", admin.Policy{}))
		wantReport(t, "again", admin.Report{}, k.upkeep(t, "2024-03-01T00:59:59+01:00", admin.Policy{}))
		wantReport(t, "the next month", admin.Report{Made: months("2024-06", "2024-06")}, k.upkeep(t, "2024-03-01T00:00:00Z", admin.Policy{}))
		for _, started := range []string{"2024-02-29 23:59:59.999999Z", "2024-03-01 00:00:00Z", "2024-03-31 23:59:59.999999Z", "2023-01-31 23:59:59Z", "2024-07-01 00:00:00Z"} {
			k.exec(t, `INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds) VALUES ('C', 'A', $1::text::timestamptz, '2024-01-01', 'Inbound', 'Missed', '1', 0)`, started)
		}
		where := query(t, k.root, `SELECT tableoid::regclass::text FROM call ORDER BY started_at`)
		if diff := cmp.Diff([]string{"call_default", "call_2024_02", "call_2024_03", "call_2024_03", "call_default"}, where); diff != "" {
			t.Errorf("calls are in (-want +got):\n%s", diff)
		}
		// Every partition has the keys and the index of the table.
		odd := query(t, k.root, `SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = 'call'::regclass AND
(SELECT count(*) FROM pg_index x JOIN pg_inherits p ON p.inhrelid = x.indexrelid WHERE x.indrelid = i.inhrelid) <> 2`)
		if len(odd) > 0 {
			t.Errorf("partitions with other indexes: %v", odd)
		}
	})
}

// TestNewTenantHasPartitions: a tenant is prepared with its partitions, and its first
// upkeep has nothing to do.
func TestNewTenantHasPartitions(t *testing.T) {
	tenant := storetest.New(t, newest)
	report, err := tenant.Admin.Upkeep(t.Context(), time.Now(), always(admin.Policy{}))
	if err != nil {
		t.Fatal(err)
	}
	wantReport(t, "the first upkeep", admin.Report{}, report)
	now := time.Now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	k := kept{tenant, connect(t, superuser(t, newest, tenant.PortalURI))}
	k.exec(t, "SET search_path TO "+tenant.Schema)
	if diff := cmp.Diff(months(first.AddDate(0, -12, 0).Format("2006-01"), first.AddDate(0, 3, 0).Format("2006-01")), k.partitions(t)); diff != "" {
		t.Errorf("partitions (-want +got):\n%s", diff)
	}
}

// TestRetention follows a tenant over years: what retention has passed goes, in whole
// months, and nothing else; without one everything stays.
func TestRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newKept(t, server)
		k.upkeep(t, "2023-01-10T00:00:00Z", admin.Policy{})
		k.calls(t, "2021-06-01 12:00Z", "2023-01-10 12:00Z") // 2021 is in the default partition
		left := func() []string {
			t.Helper()
			return query(t, k.root, `SELECT concat_ws(' ', min(started_at) AT TIME ZONE 'UTC', count(*), (SELECT min(day) FROM call_day), (SELECT sum(calls) FROM call_day)) FROM call`)
		}
		want := func(now string, policy admin.Policy, expected string) {
			t.Helper()
			k.upkeep(t, now, policy)
			if got := left(); got[0] != expected {
				t.Errorf("at %s, keeping %d months: left are %s, want %s", now, policy.CallMonths, got[0], expected)
			}
		}
		want("2023-01-10T00:00:00Z", admin.Policy{}, "2021-06-01 12:00:00 589 2021-06-01 589")
		want("2023-01-10T00:00:00Z", admin.Policy{CallMonths: 18}, "2021-07-01 12:00:00 559 2021-06-30 560")
		want("2023-01-31T23:59:59Z", admin.Policy{CallMonths: 18}, "2021-07-01 12:00:00 559 2021-06-30 560")
		want("2023-02-01T00:00:00Z", admin.Policy{CallMonths: 18}, "2021-08-01 12:00:00 528 2021-07-31 529")
		want("2023-02-01T00:00:00Z", admin.Policy{CallMonths: 120}, "2021-08-01 12:00:00 528 2021-07-31 529")
		want("2023-09-15T00:00:00Z", admin.Policy{CallMonths: 12}, "2022-09-01 12:00:00 132 2022-08-31 133")
		if diff := cmp.Diff(months("2022-09", "2023-12"), k.partitions(t)); diff != "" {
			t.Errorf("partitions (-want +got):\n%s", diff)
		}
		want("2024-02-29T12:00:00Z", admin.Policy{CallMonths: 13}, "2023-01-01 12:00:00 10 2022-12-31 11")
		want("2024-03-01T00:00:00Z", admin.Policy{CallMonths: 1}, "0")
		if diff := cmp.Diff(months("2024-02", "2024-06"), k.partitions(t)); diff != "" {
			t.Errorf("partitions of a short retention (-want +got):\n%s", diff)
		}
		wantReport(t, "in the end", admin.Report{}, k.upkeep(t, "2024-03-01T00:00:00Z", admin.Policy{CallMonths: 1}))
	})
}

// TestLateUpkeepMovesCalls: calls of months that had no partition are moved when it is
// made, each of them is there all the time, and new ones come in meanwhile.
func TestLateUpkeepMovesCalls(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newKept(t, server)
		k.calls(t, "2024-01-01 00:00Z", "2024-05-20 00:00Z")
		before := query(t, k.root, `SELECT to_jsonb(c)::text FROM call c ORDER BY started_at`)

		ctx, stop := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := k.write(t.Context(), fmt.Sprint("w", n), moment(t, "2024-05-20T00:00:00Z")); err != nil {
					t.Errorf("a writer met %v", err)
					return
				}
			}
		})
		wait.Go(func() {
			reader := connect(t, superuser(t, server, k.PortalURI))
			for ctx.Err() == nil {
				if got := query(t, reader, "SELECT count(*)::text FROM "+k.Schema+".call WHERE id = 'C'"); got[0] != fmt.Sprint(len(before)) {
					t.Errorf("a reader saw %s of %d calls", got[0], len(before))
					return
				}
			}
		})
		all := admin.Report{}
		deadline := time.Now().Add(time.Minute)
		for len(all.Made) < 16 && time.Now().Before(deadline) { // others hold locks now and then
			report, _ := k.Admin.Upkeep(t.Context(), moment(t, "2024-05-20T00:00:00Z"), always(admin.Policy{}))
			all.Made, all.Moved = append(all.Made, ofCalls(report.Made)...), all.Moved+report.Moved
		}
		stop()
		wait.Wait()
		if len(all.Made) != 16 || all.Moved < int64(len(before)) {
			t.Errorf("moved %d of %d calls, made %v", all.Moved, len(before), all.Made)
		}
		if rest := query(t, k.root, `SELECT to_jsonb(c)::text FROM call_default c`); len(rest) > 0 {
			t.Errorf("%d calls are in the default partition", len(rest))
		}
		if diff := cmp.Diff(before, query(t, k.root, `SELECT to_jsonb(c)::text FROM call c WHERE id = 'C' ORDER BY started_at`)); diff != "" {
			t.Errorf("calls (-before +after):\n%s", diff)
		}
		wantReport(t, "in the end", admin.Report{}, k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}))
	})
}

// write stores a call as the backoffice does.
func (k kept) write(ctx context.Context, id string, at time.Time) error {
	return k.Backoffice.Write(ctx, store.Origin{Now: at}, func(ctx context.Context, w *store.Writer) error {
		results, err := w.PutCalls(ctx, []store.Call{{
			ID: id, AccountID: "A", StartedAt: at, Direction: store.CallInbound, Outcome: store.CallMissed, Number: "1",
		}}, func(store.CallAccount) store.CallTerms { return store.CallTerms{Zone: time.UTC, Currency: "EUR"} })
		if err == nil && results[0].Outcome != store.Created {
			err = fmt.Errorf("the call is %+v", results[0])
		}
		return err
	})
}

// TestCrowdedMonthsStay: a month with too many calls in the default partition stays there,
// and all others get their partitions.
func TestCrowdedMonthsStay(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.exec(t, `INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds)
SELECT n, 'A', '2024-05-02Z', '2024-05-02', 'Inbound', 'Missed', '1', 0 FROM generate_series(0, $1) n`, admin.MaxMoved)
	k.calls(t, "2024-04-30 00:00Z", "2024-04-30 00:00Z")
	want := admin.Report{Made: append(append(months("2023-05", "2024-03"), months("2024-06", "2024-08")...), "call_2024_04"), Moved: 1, Crowded: []string{"call_2024_05"}}
	wantReport(t, "crowded", want, k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}))
	wantReport(t, "again", admin.Report{Crowded: want.Crowded}, k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}))
	// Retention deletes it in bounded steps.
	report, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-08-20T00:00:00Z"), always(admin.Policy{CallMonths: 2}))
	if err != nil || !report.More || report.Deleted < admin.MaxDeleted || report.Deleted > 2*admin.MaxDeleted {
		t.Errorf("got %+v, %v", report, err)
	}
}

// TestPurges: what is kept for a while only goes when that is over, from the beginning.
func TestPurges(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.exec(t, `INSERT INTO change SELECT n, 'site', n, 'A', 'Upsert', 1, timestamptz '2024-05-20Z' - n % 3 * interval '1 second' - (25000 - n) * interval '5 minutes' FROM generate_series(1, 25000) n`)
	k.exec(t, `UPDATE change SET at = '2020-01-01' WHERE position = 20000`) // by a clock that was wrong: it is not at the beginning
	k.exec(t, `INSERT INTO event SELECT n, n, 'foyer', 'x', 'A', '', '', '{}', timestamptz '2024-05-20Z' - (1000 - n) * interval '24 hours' FROM generate_series(1, 1000) n`)
	k.exec(t, `INSERT INTO idempotency SELECT 'cli', n, '', NULL, timestamptz '2024-05-20Z' - n * interval '1 minute' FROM generate_series(1, 15000) n`)
	first, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-05-20T00:00:00Z"), always(admin.Policy{}))
	if err != nil || !first.More || first.Deleted != 2*admin.MaxDeleted+599 {
		t.Errorf("the first upkeep: %+v, %v", first, err)
	}
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	left := query(t, k.root, `SELECT concat_ws(' ', min(position), count(*), (SELECT count(*) FROM idempotency), (SELECT min(created_at) AT TIME ZONE 'UTC' FROM idempotency),
(SELECT concat_ws(' ', count(*), min(position)) FROM event), (SELECT concat_ws(' ', change_purged, event_purged) FROM feed)) FROM change`)
	// 30 days are 8640 times five minutes.
	if diff := cmp.Diff([]string{"16361 8640 1440 2024-05-19 00:00:00 401 600 16360 599"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestUpkeepsAtOnce: two managers do not fail each other.
func TestUpkeepsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		k := newKept(t, server)
		k.calls(t, "2021-06-01 12:00Z", "2024-05-10 12:00Z")
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range 8 {
					if _, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-05-20T00:00:00Z"), always(admin.Policy{CallMonths: 24})); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{CallMonths: 24})
		if diff := cmp.Diff(months("2023-05", "2024-08"), k.partitions(t)); diff != "" {
			t.Errorf("partitions (-want +got):\n%s", diff)
		}
		left := query(t, k.root, `SELECT concat_ws(' ', min(started_at) AT TIME ZONE 'UTC', count(*)) FROM call`)
		if diff := cmp.Diff([]string{"2022-05-01 12:00:00 741"}, left); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// TestUpkeepWaitsShortly: while somebody holds a table, upkeep gives up soon, does the
// rest, and does it the next time.
func TestUpkeepWaitsShortly(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{})
	k.exec(t, `INSERT INTO idempotency VALUES ('cli', 'old', '', NULL, '2024-01-01')`)
	holder := connect(t, superuser(t, newest, k.PortalURI))
	if _, err := holder.Exec(t.Context(), "BEGIN; SELECT FROM "+k.Schema+".call"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	report, err := k.Admin.Upkeep(t.Context(), moment(t, "2024-06-01T00:00:00Z"), always(admin.Policy{}))
	if err == nil || !strings.Contains(err.Error(), "others hold a lock") || time.Since(began) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	wantReport(t, "while the table is held", admin.Report{Deleted: 1}, report)
	if _, err := holder.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	wantReport(t, "afterwards", admin.Report{Made: months("2024-09", "2024-09")}, k.upkeep(t, "2024-06-01T00:00:00Z", admin.Policy{}))
}

// Tokens go a month after they have expired, and the audit trail says so.
func TestUpkeepDeletesExpiredTokens(t *testing.T) {
	t.Parallel()
	k := newKept(t, newest)
	k.exec(t, `INSERT INTO api_token (name, secret_hash, expires_at) VALUES ('for good', 'a', NULL), ('old', 'b', '2024-04-01Z'), ('lately', 'c', '2024-05-01Z')`)
	if report := k.upkeep(t, "2024-05-20T00:00:00Z", admin.Policy{}); report.Deleted != 1 {
		t.Errorf("got %+v", report)
	}
	left := query(t, k.root, `SELECT name FROM api_token ORDER BY name`)
	if diff := cmp.Diff([]string{"for good", "lately"}, left); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	told := query(t, k.root, `SELECT actor || ' ' || action || ' ' || detail::text FROM audit`)
	if diff := cmp.Diff([]string{`manager token.deleted {"name": "old", "reason": "Expired"}`}, told); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}
