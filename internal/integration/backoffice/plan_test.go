package backoffice

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// encodedWith are the settings of the site with a change.
func encodedWith(t *testing.T, change func(*config.Settings)) json.RawMessage {
	t.Helper()
	document := settingsWith(21, "")
	change(&document)
	encoded, err := config.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// content replaces the content of an entry.
func content(list []config.Entry, name, text string) {
	for i := range list {
		if list[i].Name == name {
			list[i].Content = json.RawMessage(text)
		}
	}
}

// planned asks for all pages, and adds them up.
func (s *site) planned(t *testing.T, q integration.PlanQuery) (all compare.Difference, lines []compare.Line, pages int) {
	t.Helper()
	for {
		page, err := s.Plan(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all.Add(page.Difference, 5)
		lines = append(lines, page.Lines...)
		pages++
		if page.Next == "" {
			all.Sort()
			return all, lines, pages
		}
		q.Cursor = page.Next
	}
}

// signIn gives a contact a sign-in.
func (s *site) signIn(t *testing.T, contacts ...string) {
	t.Helper()
	for _, id := range contacts {
		s.exec(t, `WITH u AS (INSERT INTO app_user (id, username) VALUES (gen_random_uuid(), $1) RETURNING id) UPDATE contact SET user_id = (SELECT id FROM u) WHERE id = $1`, id)
	}
}

func (s *site) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.owner(t).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func newCustomers(t *testing.T) *site {
	t.Helper()
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"A","accountProfile":"business"}`, `{"id":"B","name":"B","accountProfile":"business","attributes":{"tradingTermsDays":30}}`,
		`{"id":"C","name":"C","accountProfile":"residential"}`, `{"id":"D","name":"D"}`)
	s.exec(t, `UPDATE account SET account_profile = 'gone' WHERE id = 'D'`) // as from before it was deleted
	s.must(t, "contacts",
		`{"id":"a1","accountId":"A","firstName":"Ann","email":"ann@example.com","access":"Active","owner":true}`,
		`{"id":"a2","accountId":"A","firstName":"Al","email":"al@example.com","access":"Active","grants":["ViewInvoices"]}`,
		`{"id":"a3","accountId":"A","firstName":"No","email":"no@example.com","access":"Active","grants":["ViewInvoices"]}`,
		`{"id":"b1","accountId":"B","firstName":"Bo","email":"bo@example.com","access":"Disabled","owner":true}`,
		`{"id":"c1","accountId":"C","firstName":"Cy","email":"cy@example.com","access":"Active","owner":true}`)
	s.signIn(t, "a1", "a2", "b1", "c1")
	return s
}

func TestPlanAccountsAndPeople(t *testing.T) {
	s := newCustomers(t)
	other := encodedWith(t, func(d *config.Settings) {
		content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"tradingTermsDays":28},"myAccountProfile":"basic"}`)
		d.AccountProfiles[2].State = config.Retired // residential
	})
	got, lines, pages := s.planned(t, integration.PlanQuery{Documents: integration.Documents{Settings: other}, Lines: true, Samples: 1})
	decided := func(value, source, name string) compare.Decided {
		return compare.Decided{Value: value, Source: source, SourceName: name}
	}
	feature := func(name string) compare.AccountChange {
		return compare.AccountChange{Key: "feature." + name, Before: decided("Allowed", "MyAccountProfile", "full"), After: decided("NotInProfile", "MyAccountProfile", "basic"), Accounts: 2, Sample: []string{"A"}}
	}
	want := compare.Difference{
		Accounts: compare.ChangedAccounts{Total: 4, Changed: 2, Changes: []compare.AccountChange{
			{Key: "myAccountProfile", Before: decided("full", "AccountProfile", ""), After: decided("basic", "AccountProfile", ""), Accounts: 2, Sample: []string{"A"}},
			feature("ViewActivity"), feature("ViewInvoices"),
			{Key: "tradingTermsDays", Before: decided("21", "AccountProfile", "business"), After: decided("28", "AccountProfile", "business"), Accounts: 1, Sample: []string{"A"}},
		}},
		People: compare.ChangedPeople{Losing: 2, Features: []compare.FeatureChange{
			{Feature: "ViewInvoices", Change: compare.Lost, Owners: 1, SubAccounts: 1, Sample: []compare.Person{{AccountID: "A", ContactID: "a1"}}},
			{Feature: "ViewActivity", Change: compare.Lost, Owners: 1, Sample: []compare.Person{{AccountID: "A", ContactID: "a1"}}},
		}},
		Events: []compare.EventChange{}, Retired: []compare.RetiredProfile{{Kind: "AccountProfile", Name: "residential", Accounts: 1}},
		Upcoming: []compare.MessageChange{}, Waiting: []compare.WaitingChange{},
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 1 || len(lines) != 4 {
		t.Errorf("%d pages, %d lines (-want +got)\n%s", pages, len(lines), diff)
	}
	same, _, _ := s.planned(t, integration.PlanQuery{Days: 7, Documents: integration.Documents{Settings: encodedWith(t, func(*config.Settings) {})}})
	if !same.Empty() || same.Accounts.Total != 4 {
		t.Errorf("the same documents: %+v", same)
	}
	s.api.planPages = planPages{accounts: 1, messages: 1, lines: 1}
	parts, again, pages := s.planned(t, integration.PlanQuery{Documents: integration.Documents{Settings: other}, Lines: true, Samples: 1})
	parts.Accounts.Changes[0].Sample, parts.Accounts.Changes[1].Sample, parts.Accounts.Changes[2].Sample = []string{"A"}, []string{"A"}, []string{"A"}
	slices.SortFunc(lines, byAccount)
	slices.SortFunc(again, byAccount)
	if diff := cmp.Diff(want, parts); diff != "" || pages < 3 || !cmp.Equal(lines, again) {
		t.Errorf("in %d pages: %v (-want +got)\n%s", pages, again, diff)
	}
}

func byAccount(a, b compare.Line) int {
	return strings.Compare(a.AccountID+a.Kind+a.ContactID, b.AccountID+b.Kind+b.ContactID)
}

// A cursor is of one plan: when the documents change on either side, the pages do not add up.
func TestPlanCursor(t *testing.T) {
	s := newCustomers(t)
	s.api.planPages = planPages{accounts: 1, messages: 1, lines: 1}
	query := func(days int, cursor string) string {
		body, err := json.Marshal(integration.PlanQuery{Cursor: cursor, Days: days, Documents: integration.Documents{Settings: encodedWith(t, func(d *config.Settings) {
			content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"tradingTermsDays":28}}`)
		})}})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	var page integration.Plan
	s.ask(t, "plan", query(7, ""), &page)
	if page.Next == "" {
		t.Fatalf("%+v", page)
	}
	s.ask(t, "plan", query(7, page.Next), &page)
	s.walk(t, []step{
		{"POST", "plan", query(8, page.Next), nil, 422, "", "belongs to another plan"},
		{"POST", "plan", query(7, "x"), nil, 422, "", "is not a cursor of this API"},
		{"POST", "plan", query(7, encodeCursor(planCursor{Stage: planHeld, ID: "x", From: time.Now()})), nil, 422, "", "is not a cursor of this API"},
		{"POST", "plan", query(7, encodeCursor(planCursor{ID: "\x00", From: time.Now()})), nil, 422, "", "is not a cursor of this API"},
		{"POST", "plan", `{"days":32}`, nil, 422, "", `"field":"days","rule":"maximum"`},
		{"POST", "plan", `{"samples":101}`, nil, 422, "", `"field":"samples","rule":"maximum"`},
		{"POST", "plan", `{"settings":{"format":1}}`, nil, 422, "", `"field":"settings"`},
	})
	var place planCursor
	if err := decodeCursor(page.Next, &place); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]time.Time{
		"to a year that JSON cannot have": time.Date(9999, time.December, 27, 0, 0, 0, 0, time.UTC), "from the first year": {},
		"next week": time.Now().AddDate(0, 0, 7), "the day before yesterday": time.Now().AddDate(0, 0, -2),
	} {
		t.Run(name, func(t *testing.T) {
			other := place
			other.From = from
			s.walk(t, []step{{"POST", "plan", query(7, encodeCursor(other)), nil, 422, "", "is of another day: begin anew"}})
		})
	}
	place.From = place.From.Add(-20 * time.Hour)
	s.ask(t, "plan", query(7, encodeCursor(place)), &page)
	s.settings.Store(document(t, 22))
	s.walk(t, []step{{"POST", "plan", query(7, page.Next), nil, 422, "", "belongs to another plan"}})
	scopes := `"notifications:read"`
	for _, scope := range []string{"accounts:read", "invoices:read", "contacts:read"} { // it names people and what they may do
		made := s.newToken(t, fmt.Sprintf(`{"name":"without-%s","scopes":[%s]}`, strings.TrimSuffix(scope, ":read"), scopes))
		response, text := s.call(t, "POST", "/api/v1/plan", bearing(made.Secret), reader(query(7, "")))
		if response.StatusCode != 403 || !strings.Contains(text, "the token has no scope "+scope) {
			t.Errorf("without %s: %s %s", scope, response.Status, text)
		}
		scopes += fmt.Sprintf(",%q", scope)
	}
	made := s.newToken(t, `{"name":"planner","scopes":[`+scopes+`]}`)
	if response, text := s.call(t, "POST", "/api/v1/plan", bearing(made.Secret), reader(query(7, ""))); response.StatusCode != 200 {
		t.Errorf("with all scopes: %s %s", response.Status, text)
	}
}

func TestPlanMessages(t *testing.T) {
	s := newDebtor(t)
	s.saveRouting(t, routing(t, "[2, 9]"))
	today := time.Now().UTC()
	way := func(day int32) *compare.MessageWay {
		return &compare.MessageWay{Source: "EventTemplate", Template: "dunning", Action: "first", DaysOverdue: day}
	}
	date := func(days int) string { return today.AddDate(0, 0, days).Format(time.DateOnly) }
	got, _, _ := s.planned(t, integration.PlanQuery{Days: 7, Documents: integration.Documents{Routing: routing(t, "[4, 9]")}})
	want := []compare.MessageChange{{Change: compare.Moves, EventType: "invoice.unpaid", Channel: "Email", Before: way(2), After: way(4), Messages: 1, Accounts: 1,
		Sample: []compare.MessageSample{{AccountID: "D", ContactID: "d1", Invoice: "i1", Before: date(2), After: date(4)}}}}
	if diff := cmp.Diff(want, got.Upcoming); diff != "" || len(got.Events) != 1 || !slices.Equal(got.Events[0].After[0].Days, []int32{4, 9}) || got.Accounts.Changed != 0 {
		t.Errorf("%+v (-want +got)\n%s", got, diff)
	}
	renamed := encodedWith(t, func(d *config.Settings) {
		d.Tenant.Content = json.RawMessage(strings.Replace(string(d.Tenant.Content), `"hostname":"my.acme.example"`, `"hostname":"new.acme.example"`, 1))
	})
	if got, _, _ = s.planned(t, integration.PlanQuery{Days: 7, Documents: integration.Documents{Settings: renamed}}); len(got.Upcoming) != 0 {
		t.Errorf("a name that the text does not have: %+v", got.Upcoming) // the text has no link
	}
	german := encodedWith(t, func(d *config.Settings) {
		content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"tradingTermsDays":21,"locale":"de"},"myAccountProfile":"full"}`)
	})
	got, _, _ = s.planned(t, integration.PlanQuery{Days: 7, Documents: integration.Documents{Settings: german}})
	if len(got.Upcoming) != 1 || got.Upcoming[0].Change != compare.Rewords || got.Accounts.Changed != 1 {
		t.Errorf("amounts in German: %+v", got)
	}
	off := encodedWith(t, func(d *config.Settings) {
		content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"tradingTermsDays":21,"reminders":"Disabled"},"myAccountProfile":"full"}`)
	})
	got, _, _ = s.planned(t, integration.PlanQuery{Days: 7, Documents: integration.Documents{Settings: off}})
	if len(got.Upcoming) != 1 || got.Upcoming[0].Change != compare.Disappears || got.Upcoming[0].Reason != "disabled" {
		t.Errorf("without reminders: %+v", got.Upcoming)
	}
	if got, _, _ = s.planned(t, integration.PlanQuery{Documents: integration.Documents{Settings: off}}); len(got.Upcoming) != 0 || got.Accounts.Changed != 1 {
		t.Errorf("without days: %+v", got)
	}
}

// What waits is dropped, held or let go as the documents say.
func TestPlanWaiting(t *testing.T) {
	s := newDebtor(t)
	s.saveRouting(t, routing(t, "[2, 9]"))
	plan := func(count int, state string, change func(*config.Settings), routing []byte) []string {
		t.Helper()
		s.exec(t, `DELETE FROM notification`)
		for range count {
			s.exec(t, `INSERT INTO notification (id, account_id, contact_id, event_type, about, occurrence, category, source, template, action, channel, address, state, due_at, turn_at, updated_at)
VALUES ($1::uuid, 'D', 'd1', 'invoice.unpaid', 'i1', '2@2026-01-01', 'Invoice', 'EventTemplate', 'dunning', 'first', 'Email', 'dee@example.com', $2, now() - interval '1 hour', now(), now())`,
				uuid.Must(uuid.NewV7()).String(), state)
		}
		got, _, _ := s.planned(t, integration.PlanQuery{Days: 1, Documents: integration.Documents{Settings: encodedWith(t, change), Routing: routing}})
		var list []string
		for _, w := range got.Waiting {
			list = append(list, fmt.Sprintf("%d %s -> %s %s", w.Messages, w.Before, w.After, w.Reason))
		}
		return list
	}
	mode := func(to string) func(*config.Settings) {
		return func(d *config.Settings) {
			d.Tenant.Content = json.RawMessage(strings.Replace(string(d.Tenant.Content), `"session"`, `"delivery":`+to+`,"session"`, 1))
		}
	}
	nothing := func(*config.Settings) {}
	s.api.planPages.messages = 2
	s.exec(t, `UPDATE invoice SET due_on = due_on - 3`)
	for _, test := range []struct {
		name, state string
		count       int
		change      func(*config.Settings)
		routing     string
		want        []string
	}{
		{"nothing", store.StateHeld, 3, nothing, "[2, 9]", nil},
		{"its day ends", store.StateHeld, 3, nothing, "[9]", []string{"3 Held -> Suppressed obsolete"}},
		{"going Live", store.StateHeld, 3, mode(`{"mode":"Live"}`), "[2, 9]", []string{"3 Held -> Suppressed beforeGoLive"}},
		{"to Redirect", store.StateHeld, 3, mode(`{"mode":"Redirect","redirectTo":"a@example.com"}`), "[2, 9]", nil},
	} {
		if diff := cmp.Diff(test.want, plan(test.count, test.state, test.change, routing(t, test.routing))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
	s.exec(t, `UPDATE delivery SET mode = 'Live', live_since = now() - interval '1 day'`)
	live := documentOf(t, mode(`{"mode":"Live"}`))
	s.settings.Store(live)
	if diff := cmp.Diff([]string{"5 Sent -> Held "}, plan(5, store.StatePlanned, nothing, routing(t, "[2, 9]"))); diff != "" {
		t.Errorf("from Live to Hold (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"5 Sent -> Suppressed obsolete"}, plan(5, store.StateRetry, mode(`{"mode":"Live"}`), routing(t, "[9]"))); diff != "" {
		t.Errorf("its day ends while it is Live (-want +got)\n%s", diff)
	}
}

// TestPlanIsTrue: what is told before is what explain and upcoming say after, for every account.
func TestPlanIsTrue(t *testing.T) {
	s := newDebtor(t)
	s.unlimited()
	s.saveRouting(t, routing(t, "[2, 9]"))
	random := rand.New(rand.NewPCG(1, 2))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	var accounts []string
	for i := range 60 {
		id := fmt.Sprintf("r%02d", i)
		accounts = append(accounts, id)
		s.must(t, "accounts", fmt.Sprintf(`{"id":%q,"name":"R","status":%q%s%s}`, id, one("Active", "Suspended", "Prospect", "Closed"),
			one("", `,"accountProfile":"business"`, `,"accountProfile":"residential"`), one("", "", `,"attributes":{"tradingTermsDays":5}`, `,"attributes":{"locale":"fr"}`)))
		s.must(t, "contacts", fmt.Sprintf(`{"id":%q,"accountId":%q,"firstName":"Ro","email":"%s@example.com","access":"Active","owner":true}`, id+"-o", id, id))
		s.must(t, "invoices", fmt.Sprintf(`{"id":%q,"accountId":%q,"number":%q,"issuedOn":"2026-01-01","dueOn":%q,"total":"10.00","currency":"AUD","status":"Open"}`,
			id, id, id, time.Now().UTC().AddDate(0, 0, random.IntN(9)-4).Format(time.DateOnly)))
	}
	settings := encodedWith(t, func(d *config.Settings) {
		content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"tradingTermsDays":28,"locale":"de"},"myAccountProfile":"basic"}`)
		content(d.MyAccountProfiles, "basic", `{"displayName":"Basic","features":["ViewPayments"]}`)
	})
	after := routing(t, "[3, 9]")
	before := s.seenBy(t, accounts)
	difference, lines, _ := s.planned(t, integration.PlanQuery{Days: 14, Lines: true, Documents: integration.Documents{Settings: settings, Routing: after}})
	live, err := config.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	s.settings.Store(live)
	s.saveRouting(t, after)
	s.exec(t, `UPDATE document SET created_at = created_at - interval '1 day' WHERE kind = 'routing' AND digest <> $1`, config.Digest(after))
	now := s.seenBy(t, accounts)
	told := map[string][]string{}
	for _, l := range lines {
		for _, c := range l.Changes {
			told[l.AccountID] = append(told[l.AccountID], c.Key+" "+c.Before.Value+" -> "+c.After.Value)
		}
	}
	changed, moved := 0, map[string]bool{}
	for _, l := range lines {
		moved[l.AccountID] = moved[l.AccountID] || l.Kind == "Upcoming" && l.Change != compare.Rewords
	}
	for _, id := range accounts {
		var want []string
		for _, key := range slices.Sorted(maps.Keys(before[id].values)) {
			if b, n := before[id].values[key], now[id].values[key]; b != n {
				want = append(want, key+" "+b+" -> "+n)
			}
		}
		slices.Sort(told[id])
		if diff := cmp.Diff(want, told[id]); diff != "" {
			t.Errorf("account %s: (-explain +plan)\n%s", id, diff)
		}
		if len(want) > 0 {
			changed++
		}
		if differs := !cmp.Equal(before[id].days, now[id].days); differs != moved[id] {
			t.Errorf("account %s: upcoming %v, then %v, and the plan says %t", id, before[id].days, now[id].days, moved[id])
		}
	}
	if changed == 0 || len(moved) == 0 || difference.Accounts.Changed < int64(changed) {
		t.Errorf("%d accounts changed, %d moved, the plan counts %d", changed, len(moved), difference.Accounts.Changed)
	}
	if same, _, _ := s.planned(t, integration.PlanQuery{Days: 14, Documents: integration.Documents{Settings: settings, Routing: after}}); !same.Empty() {
		t.Errorf("applied, and still changes %+v", same)
	}
}

// seenAccount is what explain and upcoming say of an account.
type seenAccount struct {
	values map[string]string
	days   []string
}

func (s *site) seenBy(t *testing.T, accounts []string) map[string]seenAccount {
	t.Helper()
	all := map[string]seenAccount{}
	for _, id := range accounts {
		e, err := s.AccountSettings(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		seen := seenAccount{values: map[string]string{"accountProfile": e.AccountProfile.Name, "portal": "Closed"}}
		if e.HasPortal {
			seen.values["portal"] = "Open"
		}
		if e.MyAccountProfile != nil {
			seen.values["myAccountProfile"] = e.MyAccountProfile.Name
		}
		for _, a := range e.Attributes {
			seen.values[a.Key] = a.Value
		}
		for _, f := range e.Features {
			seen.values["feature."+f.Feature] = f.Decision
		}
		upcoming, err := s.Upcoming(t.Context(), integration.UpcomingQuery{Days: 14, AccountID: id})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range upcoming.Items {
			if i.Suppressed == "" {
				seen.days = append(seen.days, i.Day+" "+i.Channel+" "+i.Address)
			}
		}
		all[id] = seen
	}
	return all
}

// A tenant may have as many buckets as accounts: they are counted for the first page, and by a
// replica that did not answer that one.
func TestPlanCountsBucketsOnce(t *testing.T) {
	s := newCustomers(t)
	s.api.planPages = planPages{accounts: 1, messages: 1, lines: 1}
	query := integration.PlanQuery{Lines: true, Documents: integration.Documents{Settings: encodedWith(t, func(d *config.Settings) {
		content(d.AccountProfiles, "business", `{"displayName":"Business","attributes":{"creditLimit":"7.00","tradingTermsDays":28},"myAccountProfile":"full"}`)
	})}}
	next := func() integration.Plan {
		t.Helper()
		page, err := s.Plan(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		query.Cursor = page.Next
		return page
	}
	if page := next(); page.Accounts.Changed != 1 || len(page.Next) == 0 {
		t.Fatalf("%+v", page)
	}
	first := query.Cursor
	s.exec(t, `ALTER TABLE account_bucket RENAME TO away`) // who counts them fails
	if page := next(); page.Accounts.Changed != 1 || page.Accounts.Total != 4 || len(page.Events)+len(page.Retired) != 0 {
		t.Errorf("the second page: %+v", page)
	}
	s.exec(t, `ALTER TABLE away RENAME TO account_bucket`)
	s.api.buckets, query.Cursor = planBuckets{}, first
	if page := next(); page.Accounts.Changed != 1 || page.Accounts.Total != 4 {
		t.Errorf("the second page of another replica: %+v", page)
	}
	for range 2 * maxBuckets {
		query.Cursor = ""
		next()
	}
	if kept := len(s.api.buckets.list); kept != maxBuckets {
		t.Errorf("%d plans are kept", kept)
	}
}

// Who finds no place is to ask again: nothing has failed, so it is no error of the server. A
// token that asks for much keeps no other one out.
func TestPlanWaitsItsTurn(t *testing.T) {
	s := newSite(t, server)
	greedy, other := s.newToken(t, `{"name":"greedy","scopes":["notifications:read"]}`), s.newToken(t, `{"name":"other","scopes":["notifications:read"]}`)
	leave, _ := s.api.outlooks.enter(greedy.ID)
	for _, path := range []string{"plan", "upcoming"} {
		response, text := s.call(t, "POST", "/api/v1/"+path, bearing(greedy.Secret), reader(`{}`))
		if response.StatusCode != 429 || response.Header.Get("Retry-After") != "1" || !strings.Contains(text, detailOutlook) {
			t.Errorf("%s: %s %v %s", path, response.Status, response.Header, text)
		}
		if response, text := s.call(t, "POST", "/api/v1/"+path, bearing(other.Secret), reader(`{}`)); response.StatusCode != 200 {
			t.Errorf("%s of another token: %s %s", path, response.Status, text)
		}
	}
	go leave()
	if response, text := s.call(t, "POST", "/api/v1/plan", bearing(greedy.Secret), reader(`{}`)); response.StatusCode != 200 {
		t.Errorf("with a place again: %s %s", response.Status, text)
	}
}
