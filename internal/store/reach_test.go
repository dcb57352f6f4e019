package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// seedSites gives account A two sites with a service and a request each, one of each at no
// site, and more.
func (tn tenant) seedSites(t *testing.T) {
	t.Helper()
	tn.accounts(t, "A", "B")
	tn.putSites(t, site("home", "A", "Home"), site("barn", "A", "Barn"), site("b-site", "B", "Home"))
	for i, at := range []string{"home", "barn", ""} {
		s := service("s"+at, "A")
		s.SiteID, s.Name = at, []string{"Zero", "Fibre", "Alarm"}[i]
		if at == "" {
			s.Status, s.EndsOn = store.ServiceCancelled, ptr(day(time.December, 1))
		}
		tn.putServices(t, s)
		r := requestOf("A", at)
		r.OpenedAt = now.Add(time.Duration(i) * time.Minute)
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutRequests(ctx, []store.Item[store.Request]{always("r"+at, r)})
			return err
		})
	}
	other := service("b", "B")
	other.SiteID = "b-site"
	tn.putServices(t, other)
}

// TestReach: who is limited to sites sees what is there, in lists and by id, and not what is
// at no site.
func TestReach(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.seedSites(t)
	for name, test := range map[string]struct {
		reach                     store.Reach
		services, requests, sites string
		counts                    map[string]int
	}{
		"everything": {store.Reach{AccountID: "A"}, "Fibre at Barn, Zero at Home, Alarm at ", "r at , rbarn at Barn, rhome at Home", "barn, home", map[string]int{"Pending": 2, "Cancelled": 1}},
		"one site":   {store.Reach{AccountID: "A", Sites: []string{"barn"}}, "Fibre at Barn", "rbarn at Barn", "barn", map[string]int{"Pending": 1}},
		"both sites": {store.Reach{AccountID: "A", Sites: []string{"home", "barn"}}, "Fibre at Barn, Zero at Home", "rbarn at Barn, rhome at Home", "barn, home", map[string]int{"Pending": 2}},
		"of another": {store.Reach{AccountID: "A", Sites: []string{"b-site"}}, "", "", "", map[string]int{}},
		"elsewhere":  {store.Reach{AccountID: "B"}, "Fibre 500 at Home", "", "b-site", map[string]int{"Pending": 1}},
		"nobody":     {store.Reach{AccountID: "%"}, "", "", "", map[string]int{}},
	} {
		page, err := tn.Portal.ServicesOf(t.Context(), test.reach, "", store.NameCursor{}, 9)
		var got []string
		for _, s := range page.Services {
			got = append(got, s.Name+" at "+s.Site)
		}
		if diff := cmp.Diff(test.services, strings.Join(got, ", ")); diff != "" || err != nil {
			t.Errorf("%s: services %v\n%s", name, err, diff)
		}
		if diff := cmp.Diff(test.counts, page.Counts); diff != "" {
			t.Errorf("%s: counts\n%s", name, diff)
		}
		list, _, err := tn.Portal.RequestsOf(t.Context(), test.reach, store.Newest{}, 9)
		got = nil
		for _, r := range list {
			got = append(got, r.ID+" at "+r.Site)
		}
		if diff := cmp.Diff(test.requests, strings.Join(got, ", ")); diff != "" || err != nil {
			t.Errorf("%s: requests %v\n%s", name, err, diff)
		}
		for _, id := range []string{"rhome", "rbarn", "r", "none", "x\x00"} {
			one, err := tn.Portal.RequestOf(t.Context(), test.reach, id)
			if seen := strings.Contains(", "+test.requests, ", "+id+" at"); seen != (err == nil && one.ID == id) || err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: request %s: %v", name, id, err)
			}
		}
		sites, err := tn.Portal.SitesOf(t.Context(), test.reach)
		got = nil
		for _, s := range sites {
			got = append(got, s.ID)
		}
		if diff := cmp.Diff(test.sites, strings.Join(got, ", ")); diff != "" || err != nil {
			t.Errorf("%s: sites %v\n%s", name, err, diff)
		}
	}
}

// Pages of services have each once, by name, cancelled ones last.
func TestPagesOfServices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	var want []string
	for n := range 9 {
		s := service(fmt.Sprint("s", n), "A")
		s.Name = "Line " + fmt.Sprint(n%3)
		if n >= 6 {
			s.Status, s.EndsOn = store.ServiceCancelled, ptr(day(time.December, 1))
		}
		tn.putServices(t, s)
	}
	for _, id := range []int{0, 3, 1, 4, 2, 5, 6, 7, 8} {
		want = append(want, fmt.Sprint("s", id))
	}
	pages := func(status string) (seen []string) {
		for after := (&store.NameCursor{}); after != nil; {
			page, err := tn.Portal.ServicesOf(t.Context(), store.Reach{AccountID: "A"}, status, *after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Services {
				seen = append(seen, s.ID)
			}
			after = page.Next
		}
		return seen
	}
	if diff := cmp.Diff(want, pages("")); diff != "" {
		t.Errorf("all:\n%s", diff)
	}
	if diff := cmp.Diff(want[6:], pages(store.ServiceCancelled)); diff != "" {
		t.Errorf("cancelled:\n%s", diff)
	}
	if got := pages(store.ServiceSuspended); len(got) > 0 {
		t.Errorf("suspended: %v", got)
	}
}

// TestRequestOfThePortal: a request of a person with a number of its own, and its event.
func TestRequestOfThePortal(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.seedSites(t)
	start := tn.events(t)
	put := func(id, at string) (outcome string) {
		err := tn.Portal.Write(t.Context(), store.Origin{Actor: "Dana", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			r := requestOf("A", at)
			if r.Number, err = w.RequestNumber(ctx); err != nil {
				return err
			}
			written, err := w.PutRequests(ctx, []store.Item[store.Request]{{ID: id, IfNone: true, Decide: func(*store.Request) (store.Request, *store.Refusal) { return r, nil }}})
			if err == nil {
				outcome = written[0].Outcome
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	if diff := cmp.Diff([]string{"Created", "Conflict", "Refused"}, []string{put("new", "barn"), put("new", "home"), put("newer", "b-site")}); diff != "" {
		t.Errorf("outcomes:\n%s", diff)
	}
	wantTold(t, tn, start, `request.created new {"request":{"id":"new","number":"R-1","openedAt":"2026-11-21T12:00:00Z","openedBy":"Dana","site":"Barn","status":"New","subject":"x"}}`)
}

// TestChangeProfile: people change their details and the language, and nothing else of the
// account, whatever they try; attributes of a newer release stay.
func TestChangeProfile(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	wantResults(t, tn.putAccounts(t, account("A", func(a *store.Account) {
		a.Attributes = settings.Attributes{TradingTermsDays: ptr(int32(7)), Locale: "de", Currency: "EUR"}
	})), nil, "Created")
	tn.exec(t, `UPDATE account SET attributes = attributes || '{"ofLater": {"x": 1}}'`)
	change := func(version int64, change func(*store.Account)) (outcome string) {
		err := tn.Portal.Write(t.Context(), store.Origin{Actor: "Dana", UserID: "7b0d3f3e-9f5a-4a0b-8d57-0c9f3f0f5a11", Now: now}, func(ctx context.Context, w *store.Writer) error {
			written, err := w.ChangeProfile(ctx, "A", version, change)
			outcome = written.Outcome
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	start := tn.events(t)
	everything := func(a *store.Account) {
		a.Address, a.Phone, a.TaxID = "Harbour Road 12\nSydney", "+61 2 5550 0100", "AU 1"
		a.Attributes.Locale, a.Attributes.TimeZone = "", "Australia/Sydney"
		a.Attributes.TradingTermsDays, a.Name, a.Status, a.Groups, a.AccountProfile = ptr(int32(365)), "Mine", settings.Closed, []string{"gold"}, "cheap"
	}
	if got := change(1, everything); got != store.Updated {
		t.Errorf("a change: %s", got)
	}
	if got := change(1, everything); got != store.Conflict {
		t.Errorf("an old version: %s", got)
	}
	if got := change(2, everything); got != store.Unchanged {
		t.Errorf("the same again: %s", got)
	}
	row := tn.column(t, "SELECT concat_ws('|', name, status, address, phone, tax_id, groups, coalesce(account_profile, ''), attributes, version) FROM account")
	want := []string{`Customer A|Active|Harbour Road 12` + "\n" + `Sydney|+61 2 5550 0100|AU 1|{}||` +
		`{"ofLater": {"x": 1}, "currency": "EUR", "timeZone": "Australia/Sydney", "tradingTermsDays": 7}|2`}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Errorf("the row:\n%s", diff)
	}
	wantTold(t, tn, start, `settings.changed A {"settings":{"changes":[{"key":"locale","oldValue":"de"},{"key":"timeZone","newValue":"Australia/Sydney"}],"kind":"Account","name":"A"}}`)
	if got := tn.column(t, "SELECT action FROM audit WHERE account_id = 'A' AND user_id IS NOT NULL"); len(got) != 1 || got[0] != "account.updated" {
		t.Errorf("audit: %v", got)
	}
	var refused string
	err := tn.Portal.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
		written, err := w.ChangeProfile(ctx, "none", 0, everything)
		refused = written.Outcome
		return err
	})
	if err != nil || refused != store.Refused {
		t.Errorf("an account that is not there: %s %v", refused, err)
	}
}

// notified adds messages to contacts as the dispatcher does, numbered from 1 for each.
func (tn tenant) notified(t *testing.T, account, contact, category string, count int) {
	t.Helper()
	tn.exec(t, `INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, subject, body,
			state, due_at, turn_at, sent_at, updated_at)
		SELECT gen_random_uuid(), $1, $2, 'invoice.issued', 'e', $3, 'Standard', 'mail', 'Email', $2 || '@example.com', 'Message ' || n, 'Body ' || n,
			'Sent', $5, $5, $5::timestamptz - (n / 2) * interval '1 minute', $5 FROM generate_series(1, $4::int) n`, account, contact, category, count, now)
}

// TestNotifications: a contact's own messages, newest first; nobody else's, and no text of
// security mail even if a row has it.
func TestNotifications(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.notified(t, "A", "dana", "Invoice", 5)
	tn.notified(t, "A", "sam", "Security", 1)
	tn.notified(t, "B", "dana", "General", 2)
	var subjects []string
	for after := (&store.Newest{}); after != nil; {
		list, next, err := tn.Portal.Notifications(t.Context(), "A", "dana", *after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			subjects = append(subjects, n.Subject)
			if n.Body != "" {
				t.Errorf("a list has bodies: %+v", n)
			}
			one, err := tn.Portal.Notification(t.Context(), "A", "dana", n.ID)
			if err != nil || one.Body != strings.Replace(n.Subject, "Message", "Body", 1) || one.Category != "Invoice" {
				t.Errorf("%+v %v", one, err)
			}
			for _, other := range [][2]string{{"A", "sam"}, {"B", "dana"}, {"", ""}} {
				if one, err := tn.Portal.Notification(t.Context(), other[0], other[1], n.ID); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%v reads %+v: %v", other, one, err)
				}
			}
		}
		after = next
	}
	if len(subjects) != 5 || subjects[0] != "Message 1" || len(strings.Join(subjects[1:3], "")) != 18 || subjects[4] != "Message 5" && subjects[4] != "Message 4" {
		t.Errorf("subjects %v", subjects)
	}
	list, _, err := tn.Portal.Notifications(t.Context(), "A", "sam", store.Newest{}, 9)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	if one, err := tn.Portal.Notification(t.Context(), "A", "sam", list[0].ID); err != nil || one.Body != "" {
		t.Errorf("security mail: %+v %v", one, err)
	}
}
