package compare

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

func number(n int32) *int32 { return &n }

// base has two account profiles and two portals; most accounts are business.
func base() side {
	return side{
		tenant: config.Tenant{DisplayName: "Acme", Hostname: "my.acme.example", DefaultMyAccountProfile: "basic", Attributes: settings.Attributes{TradingTermsDays: number(14)}},
		profiles: map[string]config.AccountProfile{
			"business":    {DisplayName: "Business", MyAccountProfile: "full"},
			"residential": {DisplayName: "Residential"},
		},
		portals: map[string]config.MyAccountProfile{
			"basic": {DisplayName: "Basic", Features: []settings.Feature{settings.ViewInvoices}},
			"full":  {DisplayName: "Full", Features: []settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.ManageContacts}},
		},
	}
}

var people = []Account{
	{ID: "1", Status: settings.Active, AccountProfile: "business"},
	{ID: "2", Status: settings.Active, AccountProfile: "business", Attributes: []byte(`{"tradingTermsDays": 30}`)},
	{ID: "3", Status: settings.Suspended, AccountProfile: "business"},
	{ID: "4", Status: settings.Active},
	{ID: "5", Status: settings.Closed, AccountProfile: "residential", MyAccountProfile: "full"},
	{ID: "6", Status: settings.Active, AccountProfile: "residential", Groups: []string{"gold"}},
}

// count hands over all accounts: the buckets, then each with an owner and another person who
// was granted to see and to pay invoices.
func count(t testing.TB, c *Comparison, accounts []Account) {
	t.Helper()
	countBuckets(c, accounts)
	look(t, c, accounts)
}

func countBuckets(c *Comparison, accounts []Account) {
	for _, a := range accounts {
		c.CountBucket(config.Bucket{AccountProfile: a.AccountProfile, MyAccountProfile: a.MyAccountProfile, Groups: a.Groups, Accounts: 1})
	}
}

// look hands over the accounts that have to be looked at, with their people.
func look(t testing.TB, c *Comparison, accounts []Account) {
	t.Helper()
	profiles, ids := c.Affected()
	for i := range accounts {
		a := &accounts[i]
		asked := false
		for _, name := range profiles {
			asked = asked || name == a.AccountProfile
		}
		for _, id := range ids {
			asked = asked || id == a.ID
		}
		if !asked {
			continue
		}
		treated, err := c.Account(a)
		if err != nil {
			t.Fatal(err)
		}
		c.Person(treated, &Contact{Person: Person{a.ID, a.ID + "-owner"}, Owner: true})
		c.Person(treated, &Contact{Person: Person{a.ID, a.ID + "-sub"}, Grants: []settings.Feature{settings.ViewInvoices, settings.PayInvoices}})
	}
}

// lines are a difference as a person would write it down.
func lines(d Difference) []string {
	var list []string
	for _, c := range d.Accounts.Changes {
		list = append(list, fmt.Sprintf("%d %s: %s (%s %s) -> %s (%s %s) %v", c.Accounts, c.Key, c.Before.Value, c.Before.Source, c.Before.SourceName, c.After.Value, c.After.Source, c.After.SourceName, c.Sample))
	}
	for _, f := range d.People.Features {
		list = append(list, fmt.Sprintf("%s %s: %d owners, %d others %v", f.Change, f.Feature, f.Owners, f.SubAccounts, f.Sample))
	}
	for _, r := range d.Retired {
		list = append(list, fmt.Sprintf("retired %s %s: %d", r.Kind, r.Name, r.Accounts))
	}
	return list
}

func TestWhatAccountsAndPeopleGet(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*side)
		want    []string
		changed int64
	}{
		"nothing":           {func(*side) {}, nil, 0},
		"another name only": {func(s *side) { p := s.profiles["business"]; p.DisplayName = "Firms"; s.profiles["business"] = p }, nil, 0},
		"the same value from another layer": {func(s *side) {
			p := s.profiles["business"]
			p.Attributes.TradingTermsDays = number(14)
			s.profiles["business"] = p
		}, nil, 0},
		"terms of a profile": {func(s *side) {
			p := s.profiles["business"]
			p.Attributes.TradingTermsDays = number(21)
			s.profiles["business"] = p
		}, []string{"2 tradingTermsDays: 14 (Tenant acme) -> 21 (AccountProfile business) [1]"}, 2},
		"an own attribute": {func(s *side) {
			p := s.profiles["residential"]
			p.Attributes.Custom = []settings.Custom{{Name: "tier", Value: "b"}}
			s.profiles["residential"] = p
		}, []string{"2 custom.tier:  (Unset ) -> b (AccountProfile residential) [5]"}, 2},
		"another portal": {func(s *side) {
			p := s.profiles["business"]
			p.MyAccountProfile = "basic"
			s.profiles["business"] = p
		}, []string{
			"3 myAccountProfile: full (AccountProfile ) -> basic (AccountProfile ) [1]",
			"2 feature.ManageContacts: Allowed (MyAccountProfile full) -> NotInProfile (MyAccountProfile basic) [1]",
			"1 feature.ManageContacts: NotInStatus (MyAccountProfile full) -> NotInProfile (MyAccountProfile basic) [3]",
			"3 feature.PayInvoices: Allowed (MyAccountProfile full) -> NotInProfile (MyAccountProfile basic) [1]",
			"Lost PayInvoices: 3 owners, 3 others [{1 1-owner}]", "Lost ManageContacts: 2 owners, 0 others [{1 1-owner}]",
		}, 3},
		"the portal is closed": {func(s *side) {
			p := s.profiles["residential"]
			p.Attributes.PortalAccess = settings.Disabled
			s.profiles["residential"] = p
		}, []string{
			"1 portal: Open (Account full) -> Closed (AccountProfile residential) [5]",
			"1 portal: Open (Tenant basic) -> Closed (AccountProfile residential) [6]",
			"2 portalAccess: Enabled (BuiltIn ) -> Disabled (AccountProfile residential) [5]",
			"Lost ViewInvoices: 2 owners, 2 others [{5 5-owner}]",
		}, 2},
		"for one customer": {func(s *side) { p := s.portals["full"]; p.Customer = "4"; s.portals["full"] = p }, []string{
			"1 myAccountProfile: basic (Tenant ) -> full (Customer ) [4]",
			"1 feature.ManageContacts: NotInProfile (MyAccountProfile basic) -> Allowed (MyAccountProfile full) [4]",
			"1 feature.PayInvoices: NotInProfile (MyAccountProfile basic) -> Allowed (MyAccountProfile full) [4]",
			"Gained PayInvoices: 1 owners, 1 others [{4 4-owner}]", "Gained ManageContacts: 1 owners, 0 others [{4 4-owner}]",
		}, 1},
		"for a group": {func(s *side) {
			s.portals["vip"] = config.MyAccountProfile{CustomerGroups: []string{"gold"}, Features: []settings.Feature{settings.ViewInvoices}}
		}, []string{"1 myAccountProfile: basic (Tenant ) -> vip (CustomerGroup ) [6]"}, 1},
		"a profile is deleted": {func(s *side) { s.retired = map[string]bool{"business": true, "full": true} }, []string{
			"retired AccountProfile business: 3", "retired MyAccountProfile full: 1",
		}, 0},
		"deleted, for the default": {func(s *side) {
			s.retired, s.tenant.OrphanedProfiles = map[string]bool{"residential": true}, config.UseDefault
		}, []string{
			"2 accountProfile: residential (Account ) -> default (BuiltIn ) [5]", "retired AccountProfile residential: 2",
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			other := base()
			test.change(&other)
			c := New(base().open(t), other.open(t), Options{Samples: 1})
			count(t, c, people)
			d := c.Difference()
			if diff := cmp.Diff(test.want, lines(d)); diff != "" || d.Accounts.Changed != test.changed || d.Accounts.Total != 6 {
				t.Errorf("%d of %d changed (-want +got)\n%s", d.Accounts.Changed, d.Accounts.Total, diff)
			}
			if d.Empty() != (test.want == nil) {
				t.Errorf("empty: %t", d.Empty())
			}
		})
	}
}

// Nobody can use a feature of a portal that is closed, so it is no change; where an account has
// it open by its own attribute, it is one.
func TestFeaturesOfAClosedPortal(t *testing.T) {
	closed := func(features ...settings.Feature) side {
		s := base()
		p := s.profiles["residential"]
		p.Attributes.PortalAccess = settings.Disabled
		s.profiles["residential"] = p
		s.portals["basic"] = config.MyAccountProfile{DisplayName: "Basic", Features: features}
		return s
	}
	c := New(closed(settings.ViewInvoices).open(t), closed(settings.ViewInvoices, settings.PayInvoices).open(t), Options{Samples: 5})
	count(t, c, append(slices.Clone(people), Account{ID: "7", Status: settings.Active, AccountProfile: "residential", Attributes: []byte(`{"portalAccess": "Enabled"}`)}))
	want := []string{
		"2 feature.PayInvoices: NotInProfile (MyAccountProfile basic) -> Allowed (MyAccountProfile basic) [4 7]",
		"Gained PayInvoices: 2 owners, 2 others [{4 4-owner} {4 4-sub} {7 7-owner} {7 7-sub}]",
	}
	d := c.Difference()
	if diff := cmp.Diff(want, lines(d)); diff != "" || d.Accounts.Changed != 2 {
		t.Errorf("%d changed (-want +got)\n%s", d.Accounts.Changed, diff)
	}
}

// Everything that is counted is told to who wants it all.
func TestEachIsTold(t *testing.T) {
	other := base()
	p := other.profiles["business"]
	p.MyAccountProfile = "basic"
	other.profiles["business"] = p
	var told []Line
	c := New(base().open(t), other.open(t), Options{Each: func(l Line) { told = append(told, l) }})
	count(t, c, people[:1])
	if len(told) != 3 || told[0].Kind != "Account" || len(told[0].Changes) != 3 || told[1].ContactID != "1-owner" || !cmp.Equal(told[1].Lost, []string{"PayInvoices", "ManageContacts"}) ||
		!cmp.Equal(told[2].Lost, []string{"PayInvoices"}) {
		t.Errorf("%+v", told)
	}
	if d := c.Difference(); len(d.Accounts.Changes[0].Sample) != 0 {
		t.Errorf("samples: %+v", d.Accounts.Changes)
	}
}

func reminder(days []int32, text string) config.EventTemplate {
	return config.EventTemplate{Event: "invoice.unpaid", AccountProfiles: []string{"business"}, Actions: []config.Action{
		{Name: "first", Type: "Email", Days: days, Email: &config.Email{To: []string{"Billing"}, Subject: config.BodyOf("s"), Text: config.BodyOf(text)}},
	}}
}

func TestWhereMessagesComeFrom(t *testing.T) {
	with := func(templates map[string]config.EventTemplate, withheld ...config.Withheld) side {
		s := base()
		s.templates, s.bodies, s.withheld = templates, []string{"s", "a", "b"}, withheld
		return s
	}
	orders := func(list []MessageOrder) (texts []string) {
		for _, o := range list {
			texts = append(texts, fmt.Sprint(o.Source, " ", o.Template, " ", o.Action, " ", o.Channel, " ", o.Days))
		}
		return texts
	}
	reminders := func(days []int32, text string) map[string]config.EventTemplate {
		return map[string]config.EventTemplate{"reminders": reminder(days, text)}
	}
	for name, test := range map[string]struct {
		before, after side
		was, is       []string
	}{
		"the same":          {with(reminders([]int32{3}, "a")), with(reminders([]int32{3}, "a")), nil, nil},
		"another day":       {with(reminders([]int32{3}, "a")), with(reminders([]int32{5}, "a")), []string{"EventTemplate reminders first Email [3]"}, []string{"EventTemplate reminders first Email [5]"}},
		"another text":      {with(reminders([]int32{3}, "a")), with(reminders([]int32{3}, "b")), []string{"EventTemplate reminders first Email [3]"}, []string{"EventTemplate reminders first Email [3]"}},
		"the template ends": {with(reminders([]int32{3}, "a")), with(nil), []string{"EventTemplate reminders first Email [3]"}, []string{"Standard  standard Email [3 7 14]"}},
		"one begins":        {with(nil), with(reminders([]int32{3}, "a")), []string{"Standard  standard Email [3 7 14]"}, []string{"EventTemplate reminders first Email [3]"}},
		"a day is withheld": {with(reminders([]int32{3, 9}, "a")), with(reminders([]int32{3, 9}, "a"), config.Withheld{Template: "reminders", Action: "first", AccountProfile: "business", Days: []int32{9}}),
			[]string{"EventTemplate reminders first Email [3 9]"}, []string{"EventTemplate reminders first Email [3]"}},
		"all of it is withheld": {with(reminders([]int32{3}, "a")), with(reminders([]int32{3}, "a"), config.Withheld{Template: "reminders", Action: "first", AccountProfile: "business"}),
			[]string{"EventTemplate reminders first Email [3]"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(test.before.open(t), test.after.open(t), Options{})
			count(t, c, people)
			d := c.Difference()
			if test.was == nil && test.is == nil {
				if len(d.Events) > 0 || c.MessagesChange("") {
					t.Errorf("%+v", d.Events)
				}
				return
			}
			if len(d.Events) != 1 || d.Events[0].Event != "invoice.unpaid" || d.Events[0].AccountProfile != "business" || d.Events[0].Accounts != 3 {
				t.Fatalf("%+v", d.Events)
			}
			if diff := cmp.Diff([][]string{test.was, test.is}, [][]string{orders(d.Events[0].Before), orders(d.Events[0].After)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !c.MessagesChange("invoice.unpaid") || !c.MessagesChange("") || c.MessagesChange("invoice.issued") {
				t.Error("which events change")
			}
			business, residential := &people[0], &people[5]
			for account, want := range map[*Account]bool{business: true, residential: false} {
				treated, err := c.Treat(account)
				if err != nil || c.MessagesMayChange(treated, "invoice.unpaid") != want {
					t.Errorf("account %s: %v", account.ID, err)
				}
			}
		})
	}
}

// What all messages tell of the tenant changes all of them.
func TestTextsOfTheTenant(t *testing.T) {
	other := base()
	other.tenant.DisplayName = "Acme & Co"
	c := New(base().open(t), other.open(t), Options{})
	count(t, c, people)
	treated, err := c.Treat(&people[0])
	if err != nil || !c.MessagesChange("") || !c.MessagesMayChange(treated, "invoice.unpaid") || !c.Difference().Empty() {
		t.Errorf("%v %+v", err, c.Difference())
	}
}

func TestDeliveryMode(t *testing.T) {
	other := base()
	other.tenant.Delivery.Mode = config.DeliveryLive
	d := New(base().open(t), other.open(t), Options{}).Difference()
	if d.Empty() || *d.Delivery != (DeliveryChange{"Hold", "Live"}) {
		t.Errorf("%+v", d)
	}
}

func TestUpcomingMessages(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, time.November, n, 9, 0, 0, 0, time.UTC) }
	message := func(n int, to, content string, change ...func(*Message)) Message {
		m := Message{At: day(n), Day: day(n).Format(time.DateOnly), EventType: "invoice.unpaid", Invoice: "i-1", ContactID: to, Channel: "Email", Address: to + "@example.com",
			MessageWay: MessageWay{Source: "EventTemplate", Template: "reminders", Action: "first", DaysOverdue: int32(n)}, Content: func() string { return content }}
		for _, c := range change {
			c(&m)
		}
		return m
	}
	not := func(reason string) func(*Message) { return func(m *Message) { m.Suppressed = reason } }
	for name, test := range map[string]struct {
		before, after []Message
		want          []string
	}{
		"the same":         {[]Message{message(3, "dana", "a")}, []Message{message(3, "dana", "a")}, nil},
		"another day":      {[]Message{message(3, "dana", "a")}, []Message{message(5, "dana", "a")}, []string{"Moves 3 5 1 2026-11-03 2026-11-05 "}},
		"another text":     {[]Message{message(3, "dana", "a")}, []Message{message(3, "dana", "b")}, []string{"Rewords 3 3 1 2026-11-03 2026-11-03 "}},
		"ends":             {[]Message{message(3, "dana", "a")}, nil, []string{"Disappears 3 0 1 2026-11-03  "}},
		"begins":           {nil, []Message{message(3, "dana", "a")}, []string{"Appears 0 3 1  2026-11-03 "}},
		"to somebody else": {[]Message{message(3, "dana", "a")}, []Message{message(3, "tim", "a")}, []string{"Appears 0 3 1  2026-11-03 ", "Disappears 3 0 1 2026-11-03  "}},
		"is suppressed":    {[]Message{message(3, "dana", "a")}, []Message{message(3, "dana", "a", not("disabled"))}, []string{"Disappears 3 0 1 2026-11-03  disabled"}},
		"was suppressed":   {[]Message{message(3, "dana", "a", not("optedOut"))}, []Message{message(3, "dana", "a")}, []string{"Appears 0 3 1  2026-11-03 optedOut"}},
		"never sent":       {[]Message{message(3, "dana", "a", not("optedOut"))}, []Message{message(5, "dana", "a", not("disabled"))}, nil},
		"only renamed":     {[]Message{message(3, "dana", "a")}, []Message{message(3, "dana", "a", func(m *Message) { m.Template = "new" })}, nil},
		"one of two": {[]Message{message(3, "dana", "a"), message(9, "dana", "a")}, []Message{message(9, "dana", "a"), message(12, "dana", "a")},
			[]string{"Moves 3 12 1 2026-11-03 2026-11-12 "}},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(base().open(t), base().open(t), Options{Samples: 1})
			c.Messages("1", test.before, test.after)
			var got []string
			for _, m := range c.Difference().Upcoming {
				way := func(w *MessageWay) int32 {
					if w == nil {
						return 0
					}
					return w.DaysOverdue
				}
				got = append(got, fmt.Sprint(m.Change, " ", way(m.Before), " ", way(m.After), " ", m.Messages, " ", m.Sample[0].Before, " ", m.Sample[0].After, " ", m.Reason))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWaitingMessages(t *testing.T) {
	c := New(base().open(t), base().open(t), Options{Samples: 1})
	m := WaitingMessage{"n-1", "1", "invoice.issued", "Email"}
	sent, gone := Outcome{State: Sent}, Outcome{Suppressed, "obsolete"}
	c.Waiting(m, sent, sent)
	c.Waiting(m, gone, Outcome{Suppressed, "paid"})
	c.Waiting(m, sent, gone)
	c.Waiting(WaitingMessage{"n-2", "1", "invoice.issued", "Email"}, sent, gone)
	c.Waiting(m, Outcome{Suppressed, "disabled"}, sent)
	want := []WaitingChange{
		{Sent, Suppressed, "obsolete", "invoice.issued", "Email", 2, []WaitingSample{{"n-1", "1"}}},
		{Suppressed, Sent, "disabled", "invoice.issued", "Email", 1, []WaitingSample{{"n-1", "1"}}},
	}
	if diff := cmp.Diff(want, c.Difference().Waiting); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
