package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// putCalls writes calls of accounts in the zone that they are named after: "UTC",
// "Australia/Sydney".
func (tn tenant) putCalls(t *testing.T, calls ...store.Call) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
		results, err = w.PutCalls(ctx, calls, termsByProfile)
		return err
	})
	return results
}

// termsByProfile: the profile of an account is named after its zone.
func termsByProfile(a store.CallAccount) store.CallTerms {
	name := a.AccountProfile
	if a.TimeZone != "" {
		name = a.TimeZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	currency := "EUR"
	if a.Currency != "" {
		currency = a.Currency
	}
	return store.CallTerms{Zone: zone, Currency: currency}
}

func at(text string) time.Time {
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return when
}

func call(id, account, started string, change ...func(*store.Call)) store.Call {
	c := store.Call{
		ID: id, AccountID: account, StartedAt: at(started), Direction: store.CallOutbound, Outcome: store.CallAnswered,
		Number: "+61299990000", OtherNumber: "+61388880000", Destination: "Melbourne", Seconds: 60, Charge: "0.25",
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// callAccounts makes accounts in zones, and the partitions of the time of the tests.
func (tn tenant) callAccounts(t *testing.T) {
	t.Helper()
	must[admin.Report](t)(tn.Admin.Upkeep(t.Context(), now, func() admin.Policy { return admin.Policy{} }))
	tn.accounts(t, "U", "S", "N")
	tn.exec(t, `UPDATE account SET account_profile = CASE id WHEN 'S' THEN 'Australia/Sydney' ELSE 'UTC' END`)
	tn.exec(t, `UPDATE account SET attributes = '{"timeZone": "America/New_York", "currency": "USD"}' WHERE id = 'N'`)
}

func (tn tenant) days(t *testing.T) []string {
	t.Helper()
	return tn.column(t, `SELECT concat_ws(' ', account_id, day, number, direction, currency, calls, answered, seconds, trim_scale(charge)) FROM call_day ORDER BY account_id, day, number, direction, currency`)
}

func TestPutCalls(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	calls := []store.Call{
		call("1", "U", "2026-11-21T10:00:00.123456Z"),
		call("2", "U", "2026-11-21T10:00:00Z", func(c *store.Call) {
			c.Outcome, c.Seconds, c.Charge, c.OtherNumber, c.Destination = store.CallMissed, 0, "", "", ""
		}),
		call("1", "U", "2026-11-21T11:00:00Z", func(c *store.Call) { c.Charge = "-1.0075" }), // the same id at another time is another call
		call("1", "U", "2026-11-21T10:00:00.123456Z"),
		call("1", "U", "2026-11-21T10:00:00.123456Z", func(c *store.Call) { c.Seconds = 61 }),
		call("3", "N", "2026-11-22T12:00:00Z", func(c *store.Call) { c.Direction = store.CallInbound }),
		call("4", "U", "2026-11-22T12:00:00.000001Z"),
		call("5", "X", "2026-11-21T10:00:00Z"),
		call("6", "U", "1969-01-01T10:00:00Z"),
		call("7", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Charge = "1e3" }),
		call("8", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Charge = "1000000000.0001" }),
		call("9", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Currency = "eur" }),
		call("a", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Direction = "Up" }),
		call("b", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Outcome = "Lost" }),
		call("c", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Seconds = -1 }),
		call("d", "U", "2026-11-21T10:00:00Z", func(c *store.Call) { c.Number = "a\x00b" }),
		call("", "U", "2026-11-21T10:00:00Z"),
	}
	want := []string{
		"Created", "Created", "Created", "Unchanged",
		`Refused seconds: call "1" that started at 2026-11-21T10:00:00.123456Z is there with another value, and calls never change`,
		"Created", "Refused startedAt: is more than a day in the future", `Refused accountId: there is no account "X"`,
		"Refused startedAt: is required and must not be before 1970",
		`Refused charge: "1e3" is not a charge, allowed is a number such as 0.25 with at most four decimals, up to 1000000000`,
		`Refused charge: "1000000000.0001" is not a charge, allowed is a number such as 0.25 with at most four decimals, up to 1000000000`,
		`Refused currency: "eur" is not a currency, allowed is an ISO 4217 code such as EUR`,
		`Refused direction: "Up" is not allowed, allowed is one of [Inbound Outbound]`,
		`Refused outcome: "Lost" is not allowed, allowed is one of [Answered Missed Busy Failed]`,
		"Refused seconds: -1 is not allowed, allowed are 0 to 31622400", "Refused number: is not valid text", "Refused id: is required",
	}
	wantResults(t, tn.putCalls(t, calls...), nil, want...)
	days := []string{
		"N 2026-11-22 +61299990000 Inbound USD 1 1 60 0.25",
		"U 2026-11-21 +61299990000 Outbound EUR 3 2 120 -0.7575",
	}
	if diff := cmp.Diff(days, tn.days(t)); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	stored := tn.column(t, `SELECT concat_ws(' ', id, started_at AT TIME ZONE 'UTC', direction, outcome, other_number, destination, seconds, trim_scale(charge), currency, tableoid::regclass) FROM call ORDER BY started_at, id`)
	if diff := cmp.Diff([]string{
		"2 2026-11-21 10:00:00 Outbound Missed   0 EUR call_2026_11",
		"1 2026-11-21 10:00:00.123456 Outbound Answered +61388880000 Melbourne 60 0.25 EUR call_2026_11",
		"1 2026-11-21 11:00:00 Outbound Answered +61388880000 Melbourne 60 -1.0075 EUR call_2026_11",
		"3 2026-11-22 12:00:00 Inbound Answered +61388880000 Melbourne 60 0.25 USD call_2026_11",
	}, stored); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}

	// Sent again, nothing is written; and another currency or zone of the account changes nothing that is there.
	tn.exec(t, `UPDATE account SET attributes = '{"timeZone": "Asia/Tokyo", "currency": "JPY"}'`)
	for i, text := range want {
		if text == "Created" {
			want[i] = "Unchanged"
		}
	}
	wantResults(t, tn.putCalls(t, calls...), nil, want...)
	if diff := cmp.Diff(days, tn.days(t)); diff != "" {
		t.Errorf("days after the second time (-want +got):\n%s", diff)
	}
	feeds := tn.column(t, `SELECT what FROM (SELECT kind FROM change UNION ALL SELECT type FROM event UNION ALL SELECT action FROM audit) all_of_them(what) WHERE what NOT LIKE 'account%'`)
	if len(feeds) > 0 {
		t.Errorf("calls are in the feeds: %v", feeds)
	}
}

// TestCallsNeverChange: each field of a call is looked at.
func TestCallsNeverChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	const when = "2026-11-21T10:00:00Z"
	wantResults(t, tn.putCalls(t, call("1", "U", when), call("2", "U", when, func(c *store.Call) { c.Charge = "" })), nil, "Created", "Created")
	for field, change := range map[string]func(*store.Call){
		"accountId":   func(c *store.Call) { c.AccountID = "S" },
		"direction":   func(c *store.Call) { c.Direction = store.CallInbound },
		"outcome":     func(c *store.Call) { c.Outcome = store.CallBusy },
		"number":      func(c *store.Call) { c.Number = "1" },
		"otherNumber": func(c *store.Call) { c.OtherNumber = "" },
		"destination": func(c *store.Call) { c.Destination = "Hobart" },
		"seconds":     func(c *store.Call) { c.Seconds++ },
		"charge":      func(c *store.Call) { c.Charge = "0.2501" },
		"currency":    func(c *store.Call) { c.Currency = "USD" },
	} {
		results := tn.putCalls(t, call("1", "U", when, change))
		if results[0].Outcome != store.Refused || results[0].Field != field {
			t.Errorf("another %s: %+v", field, results[0])
		}
	}
	for _, c := range []store.Call{call("1", "U", when, func(c *store.Call) { c.Charge = "" }), call("2", "U", when, func(c *store.Call) { c.Charge = "0" })} {
		if results := tn.putCalls(t, c); results[0].Field != "charge" {
			t.Errorf("with charge %q: %+v", c.Charge, results[0])
		}
	}
	wantResults(t, tn.putCalls(t, call("1", "U", when, func(c *store.Call) { c.Charge, c.Currency = "00.2500", "EUR" })), nil, "Unchanged")
}

// TestDaysOfCalls: a call belongs to the day of its account, over the ends of months and
// years, in leap years and when clocks are changed.
func TestDaysOfCalls(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	var calls []store.Call
	var want []string
	for i, c := range []struct{ account, started, day string }{
		{"U", "2026-10-31T23:59:59.999999Z", "2026-10-31"},
		{"U", "2026-11-01T00:00:00Z", "2026-11-01"},
		{"S", "2026-10-31T12:59:59Z", "2026-10-31"},
		{"S", "2026-10-31T13:00:00Z", "2026-11-01"}, // UTC+11
		{"S", "2026-10-03T13:59:59Z", "2026-10-03"}, // the last day at UTC+10
		{"S", "2026-10-04T12:59:59Z", "2026-10-04"}, // has 23 hours
		{"S", "2026-10-04T13:00:00Z", "2026-10-05"},
		{"N", "2026-01-01T04:59:59Z", "2025-12-31"},
		{"N", "2026-01-01T05:00:00Z", "2026-01-01"},
		{"U", "2024-02-29T12:00:00Z", "2024-02-29"},
		{"S", "2024-02-28T13:00:00Z", "2024-02-29"},
		{"S", "2024-02-29T13:00:00Z", "2024-03-01"},
		{"N", "1970-01-03T04:59:59Z", "1970-01-02"},
	} {
		calls = append(calls, call(fmt.Sprintf("%02d", i), c.account, c.started))
		want = append(want, c.day)
	}
	for i, r := range tn.putCalls(t, calls...) {
		if r.Outcome != store.Created {
			t.Errorf("call %d: %+v", i, r)
		}
	}
	if diff := cmp.Diff(want, tn.column(t, `SELECT day::text FROM call ORDER BY id`)); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	tn.recount(t)
}

// recount compares the roll-up with what counting the calls gives.
func (tn tenant) recount(t *testing.T) {
	t.Helper()
	want := tn.column(t, `
SELECT concat_ws(' ', account_id, day, number, direction, currency, count(*), count(*) FILTER (WHERE outcome = 'Answered'), sum(seconds), trim_scale(coalesce(sum(charge), 0)))
FROM call GROUP BY account_id, day, number, direction, currency ORDER BY account_id, day, number, direction, currency`)
	if diff := cmp.Diff(want, tn.days(t)); diff != "" {
		t.Errorf("the roll-up (-calls +days):\n%s", diff)
	}
}

// TestRollUpEqualsRecount is a property: whatever comes in, in whatever order, twice or
// from several importers at once, the roll-up is what counting the calls gives.
func TestRollUpEqualsRecount(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const importers, batches, size = 4, 12, 60
	var wait sync.WaitGroup
	for n := range importers {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // a test
			for range batches {
				calls := make([]store.Call, size)
				for i := range calls {
					calls[i] = randomCall(random)
				}
				err := tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
					_, err := w.PutCalls(ctx, calls, termsByProfile)
					return err
				})
				if err != nil && !store.Raced(err) {
					t.Errorf("importer %d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()
	if calls := tn.column(t, `SELECT count(*)::text FROM call`); calls[0] < "1" {
		t.Fatal("nothing was written")
	}
	tn.recount(t)
}

// randomCall is one of a few hundred, of which some differ from each other in a field.
func randomCall(random *rand.Rand) store.Call {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	return store.Call{
		ID: fmt.Sprint(random.IntN(60)), AccountID: pick("U", "S", "N", "X"), StartedAt: now.Add(-time.Duration(random.IntN(10)) * 7 * time.Hour),
		Direction: pick("Inbound", "Outbound"), Outcome: pick("Answered", "Missed"), Number: pick("1", "2"),
		Seconds: int32(random.IntN(100)), Charge: pick("", "0", "0.5", "-0.0001", "999999999"), Currency: pick("", "EUR"), //nolint:gosec // small
	}
}

// TestCallsAtOnce: importers that send the same new calls at the same time do not fail,
// and every call is there once.
func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	const importers = 3
	var wait sync.WaitGroup
	for range importers {
		wait.Go(func() {
			var calls []store.Call
			for i := range 200 {
				calls = append(calls, call(fmt.Sprint(i), "U", "2026-11-20T10:00:00Z"))
			}
			err := tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
				results, err := w.PutCalls(ctx, calls, termsByProfile)
				for _, r := range results {
					if r.Outcome == store.Refused {
						t.Errorf("refused: %+v", r)
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if diff := cmp.Diff([]string{"U 2026-11-20 +61299990000 Outbound EUR 200 200 12000 50"}, tn.days(t)); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

// TestListsOfCalls: pages follow each other over partitions and equal times, and filters
// filter.
func TestListsOfCalls(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	var calls []store.Call
	for i := range 40 {
		c := call(fmt.Sprintf("%02d", i), "U", "2026-11-20T10:00:00Z")
		c.StartedAt = c.StartedAt.AddDate(0, -(i/4)*2, 0) // four at the same time; some older than the partitions
		c.Number = fmt.Sprint(i % 2)
		if i%3 == 0 {
			c.Direction = store.CallInbound
		}
		calls = append(calls, c)
	}
	tn.putCalls(t, append(calls, call("99", "S", "2026-11-20T10:00:00Z"))...)
	all := store.CallList{AccountID: "U", To: now.AddDate(0, 0, 2)}
	for name, f := range map[string]struct {
		list store.CallList
		sql  string
	}{
		"all":       {all, "true"},
		"time":      {store.CallList{AccountID: "U", From: at("2025-05-20T10:00:00Z"), To: at("2026-09-20T10:00:00Z")}, "started_at >= '2025-05-20T10:00:00Z' AND started_at < '2026-09-20T10:00:00Z'"},
		"number":    {store.CallList{AccountID: "U", To: all.To, Number: "1"}, "number = '1'"},
		"direction": {store.CallList{AccountID: "U", To: all.To, Number: "1", Direction: "Inbound"}, "number = '1' AND direction = 'Inbound'"},
		"bad text":  {store.CallList{AccountID: "U", To: all.To, Number: "\x00"}, "false"},
	} {
		want := tn.column(t, `SELECT id FROM call WHERE account_id = 'U' AND `+f.sql+` ORDER BY started_at DESC, id DESC`)
		for _, limit := range []int{3, 4, 100} {
			if diff := cmp.Diff(strings.Join(want, " "), strings.Join(walkCalls(t, tn, f.list, limit), " ")); diff != "" {
				t.Errorf("%s by %d (-want +got):\n%s", name, limit, diff)
			}
		}
	}
}

// walkCalls reads all pages.
func walkCalls(t *testing.T, tn tenant, list store.CallList, limit int) (ids []string) {
	t.Helper()
	list.Limit = limit
	for {
		found, next, err := tn.Backoffice.Calls(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		if next == nil {
			return ids
		}
		if len(found) != limit {
			t.Fatalf("a page of %d calls, asked for %d", len(found), limit)
		}
		list.After = *next
	}
}

func TestListsOfCallDays(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	var calls []store.Call
	for i := range 60 {
		c := call(fmt.Sprint(i), "U", "2026-11-20T10:00:00Z")
		c.StartedAt = c.StartedAt.AddDate(0, 0, -i/6)
		c.Number = fmt.Sprint(i % 3)
		if i%2 == 0 {
			c.Direction = store.CallInbound
		}
		calls = append(calls, c)
	}
	tn.putCalls(t, calls...)
	for _, limit := range []int{1, 7, 100} {
		for number, want := range map[string]int{"": 42, "2": 14} {
			list := store.CallDayList{AccountID: "U", From: day(time.November, 12), To: day(time.November, 18), Number: number, Limit: limit}
			var got []string
			for {
				page, next, err := tn.Backoffice.CallDays(t.Context(), list)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range page {
					got = append(got, strings.Join([]string{d.AccountID, d.Day.Format(time.DateOnly), d.Number, d.Direction, d.Currency}, " "))
				}
				if next == nil {
					break
				}
				list.After = *next
			}
			expected := tn.column(t, `SELECT concat_ws(' ', account_id, day, number, direction, currency) FROM call_day
WHERE day BETWEEN '2026-11-12' AND '2026-11-18' AND ($1 = '' OR number = $1) ORDER BY day, number, direction, currency`, number)
			if diff := cmp.Diff(expected, got); diff != "" || len(got) != want {
				t.Errorf("number %q by %d: %d days (-want +got):\n%s", number, limit, len(got), diff)
			}
		}
	}
}

// TestCallPlans: a page of calls looks at the partitions of its time only and sorts
// nothing, and neither does what an import asks.
func TestCallPlans(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.callAccounts(t)
	for _, sql := range []string{
		`INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds)
		 SELECT n, CASE WHEN n % 3 = 0 THEN '77' ELSE (n % 5000)::text END, timestamptz '2026-06-01' + n * interval '5 minutes', '2026-06-01', 'Inbound', 'Missed', n % 500, 0 FROM generate_series(1, 45000) n`,
		`INSERT INTO call_day SELECT account_id, date '2026-06-01' + (row_number() OVER ())::int % 160, number, direction, 'EUR', 1, 1, 1, 1 FROM call ON CONFLICT DO NOTHING`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	for name, arguments := range map[string]string{
		"calls":      `'77', '2026-08-01Z', '2026-08-31Z', '', '', '', 100`,
		"call days":  `'77', '2026-08-01', '2026-08-31', '', '', '', '', 100`,
		"call known": `'{2026-08-05Z,2026-08-06Z}', '{1,2}', '2026-08-05Z', '2026-08-06Z'`,
	} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, store.CallQueries[name], arguments, mode, "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF")
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort Method") || !strings.Contains(plan, "Index") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
			for line := range strings.Lines(plan) {
				if strings.Contains(line, " on call_20") && !strings.Contains(line, "call_2026_08") && !strings.Contains(line, "never executed") {
					t.Errorf("%s with %s looks at other months:\n%s", name, mode, plan)
				}
			}
		}
	}
}
