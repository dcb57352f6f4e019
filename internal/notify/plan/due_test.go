package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// reminders is a tenant that reminds business customers by mail on some days.
func reminders(days ...int32) *documents {
	d := newDocuments()
	d.template("dunning", unpaid, []string{"business"}, d.mail("mail", []string{"Billing"}, days...))
	return d
}

// ask is what is due for one account at a time.
type ask struct {
	account  *Account
	open     []Invoice
	happened []Occurrence
	since    *time.Time
	at       string
}

func (a ask) due(t *testing.T, r *Rules) []Notification {
	t.Helper()
	if a.account == nil {
		a.account = miller("business", person("dana", "Billing"))
	}
	at := instant(a.at)
	a.account.Owed = owing(dateOf(at, r.treat(a.account).zone), a.open...)
	return r.Due(a.account, a.open, dealtOf(a.happened), a.since, at)
}

func occurred(id, slot, channel string) Occurrence { return Occurrence{unpaid, id, slot, channel, ""} }

func dealtOf(happened []Occurrence) Dealt {
	dealt := Dealt{}
	for _, o := range happened {
		dealt.Add(o)
	}
	return dealt
}

func TestDue(t *testing.T) {
	since := instant("2026-11-21T09:00:00Z")
	both := func(first, second string) []Invoice { return []Invoice{invoice("1", first), invoice("2", second)} }
	one := []Invoice{invoice("1", "2026-11-18")}
	tests := []struct {
		name string
		edit func(*documents)
		ask  ask
		want []string
	}{
		{"a minute before", nil, ask{open: one, at: "2026-11-21T08:59:59Z"}, nil},
		{"at its time", nil, ask{open: one, at: "2026-11-21T09:00:00Z"}, []string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"within three days", nil, ask{open: one, at: "2026-11-24T09:00:00Z"}, []string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"after three days", nil, ask{open: one, at: "2026-11-24T09:00:01Z"}, nil},
		{"it has happened", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "3@2026-11-18", "Email")}}, nil},
		{"another day has happened", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "0@2026-11-18", "Email")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"a later day has happened", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "5@2026-11-18", "Email")}}, nil},
		{"a later day has happened, of another invoice", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("2", "5@2026-11-18", "Email")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"its due date was put off since", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "3@2026-11-17", "Email"), occurred("1", "7@2026-11-13", "Email")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"its due date was brought forward since", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "-4@2026-11-24", "Email")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"its due date was brought forward since, and as late a day has happened", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "0@2026-11-21", "Email")}}, nil},
		{"what is on record cannot be read", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "x@2026-11-18", "Email"), occurred("1", "3@", "Email"), occurred("1", "3", "Email")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"written when its day had come", nil, ask{open: writtenAt(one, "2026-11-21T09:00:01Z"), at: "2026-11-21T10:00:00Z"}, []string{"Email  dunning/mail 1 day 3 backdated"}},
		{"written as its day came", nil, ask{open: writtenAt(one, "2026-11-21T09:00:00Z"), at: "2026-11-21T10:00:00Z"}, []string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"written late, and before the tenant went live", nil, ask{open: writtenAt(one, "2026-11-21T09:00:01Z"), at: "2026-11-21T10:00:00Z", since: ptr(since.Add(time.Second))},
			[]string{"Email  dunning/mail 1 day 3 beforeGoLive"}},
		{"another channel has happened", nil, ask{open: one, at: "2026-11-21T09:00:00Z", happened: []Occurrence{occurred("1", "3@2026-11-18", "SMS")}},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"only the latest is made up for", func(d *documents) { *d = *reminders(3, 4, 5) }, ask{open: one, at: "2026-11-24T08:00:00Z"},
			[]string{"Email dana@miller.example dunning/mail 1 day 5"}},
		{"the latest has happened: no earlier one", func(d *documents) { *d = *reminders(3, 4, 5) },
			ask{open: one, at: "2026-11-24T08:00:00Z", happened: []Occurrence{occurred("1", "5@2026-11-18", "Email")}}, nil},
		{"repeats", func(d *documents) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].RepeatEveryDays, t.Actions[0].MaxRepeats = 7, 2 })
		}, ask{open: both("2026-11-04", "2026-10-28"), at: "2026-11-21T10:00:00Z"}, []string{"Email dana@miller.example dunning/mail 1 day 17"}},
		{"before it is due", func(d *documents) { *d = *reminders(-7) }, ask{open: both("2026-11-28", "2026-11-29"), at: "2026-11-21T10:00:00Z"},
			[]string{"Email dana@miller.example dunning/mail 1 day -7"}},
		{"on the day it is due", func(d *documents) { *d = *reminders(0) }, ask{open: []Invoice{invoice("1", "2026-11-21")}, at: "2026-11-21T10:00:00Z"},
			[]string{"Email dana@miller.example dunning/mail 1 day 0"}},
		{"the zone of the account", nil, ask{
			account: inZone(miller("business", person("dana", "Billing")), "Australia/Sydney"), open: one, at: "2026-11-20T22:00:00Z",
		}, []string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"the suite, for a profile without a template", nil, ask{
			account: miller("residential", person("dana", "Billing")), open: both("2026-11-14", "2026-11-07"), at: "2026-11-21T10:00:00Z",
		}, []string{"Email dana@miller.example /standard 2 day 14"}}, // about both
		{"a day that is withheld", func(d *documents) {
			*d = *reminders(3, 7)
			d.withheld = []config.Withheld{{Template: "dunning", Action: "mail", AccountProfile: "business", Days: []int32{3}, By: "x"}}
		}, ask{open: both("2026-11-18", "2026-11-14"), at: "2026-11-21T10:00:00Z"}, []string{"Email dana@miller.example dunning/mail 2 day 7"}},
		{"not open", nil, ask{open: []Invoice{{ID: "1", DueOn: date("2026-11-18"), Currency: "EUR"}}, at: "2026-11-21T10:00:00Z"}, nil},
		{"the condition is false: nothing is recorded", func(d *documents) {
			d.edit("dunning", func(t *config.EventTemplate) { t.When = "invoice.balance > 1000.0" })
		}, ask{open: one, at: "2026-11-21T10:00:00Z"}, nil},
		{"the condition knows what is overdue", func(d *documents) {
			d.edit("dunning", func(t *config.EventTemplate) {
				t.When = "invoice.daysOverdue == 3 && overdue.count == 2 && overdue.balance == 240.0 && open.count == 2 && overdue.invoices.exists(i, i.daysOverdue == 10)"
			})
		}, ask{open: both("2026-11-18", "2026-11-11"), at: "2026-11-21T10:00:00Z"}, []string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"it fell due before the tenant went live", nil, ask{open: one, at: "2026-11-21T10:00:00Z", since: ptr(since.Add(time.Second))},
			[]string{"Email  dunning/mail 1 day 3 beforeGoLive"}},
		{"it fell due as the tenant went live", nil, ask{open: one, at: "2026-11-21T10:00:00Z", since: &since},
			[]string{"Email dana@miller.example dunning/mail 1 day 3"}},
		{"channels are apart", func(d *documents) {
			d.edit("dunning", func(t *config.EventTemplate) {
				t.Actions = append(t.Actions, d.sms("text", []string{"+447700900142"}, 3, 5),
					config.Action{Name: "hook", Type: "Webhook", Days: []int32{3}, Webhook: &config.Webhook{URL: "https://a.example/"}},
					config.Action{Name: "hook2", Type: "Webhook", Days: []int32{3}, Webhook: &config.Webhook{URL: "https://b.example/"}},
					config.Action{Name: "note", Type: "Log", Days: []int32{4}, Note: &config.Note{Text: d.body("x")}})
			})
		}, ask{open: one, at: "2026-11-23T10:00:00Z", happened: []Occurrence{{unpaid, "1", "3@2026-11-18", "Webhook", "https://b.example/"}}}, []string{
			"Email dana@miller.example dunning/mail 1 day 3", "Log  dunning/note 1 day 4", "SMS +447700900142 dunning/text 1 day 5",
			"Webhook https://a.example/ dunning/hook 1 day 3",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := reminders(3)
			if test.edit != nil {
				test.edit(d)
			}
			got := shown(test.ask.due(t, d.rules(t)))
			if diff := cmp.Diff(append([]string{}, test.want...), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// writtenAt are invoices that were first written at a time.
func writtenAt(invoices []Invoice, at string) []Invoice {
	late := slices.Clone(invoices)
	for i := range late {
		late[i].CreatedAt = instant(at)
	}
	return late
}

func ptr[T any](value T) *T { return &value }

func inZone(a *Account, zone string) *Account {
	a.Attributes.TimeZone = zone
	return a
}

// What keeps an account from being reminded is recorded once, for everybody.
func TestRemindersThatAreOff(t *testing.T) {
	minimum := settings.Attributes{ReminderMinimumAmount: "120.01"}
	tests := []struct {
		name       string
		attributes settings.Attributes
		want       Reason
	}{
		{"off", settings.Attributes{Reminders: settings.Disabled}, Disabled},
		{"off and paused", settings.Attributes{Reminders: settings.Disabled, RemindersPausedUntil: "2026-12-31"}, Disabled},
		{"paused", settings.Attributes{RemindersPausedUntil: "2026-12-31"}, Paused},
		{"paused through today", settings.Attributes{RemindersPausedUntil: "2026-11-21"}, Paused},
		{"paused until yesterday", settings.Attributes{RemindersPausedUntil: "2026-11-20"}, ""},
		{"paused through today, where it is tomorrow", settings.Attributes{RemindersPausedUntil: "2026-11-21", TimeZone: "Pacific/Kiritimati"}, ""},
		{"paused and disputed", settings.Attributes{RemindersPausedUntil: "2026-11-21", Disputed: settings.Disputed}, Paused},
		{"disputed", settings.Attributes{Disputed: settings.Disputed, ReminderMinimumAmount: "1000"}, Disputed},
		{"too little", minimum, BelowMinimum},
		{"just enough", settings.Attributes{ReminderMinimumAmount: "120.00"}, ""},
		{"too little in another currency", settings.Attributes{ReminderMinimumAmount: "1000", Currency: "USD"}, ""},
		{"nothing", settings.Attributes{}, ""},
	}
	d := reminders(3)
	d.edit("dunning", func(t *config.EventTemplate) {
		t.Actions[0].Email.To = []string{"Billing", "Owner"}
		t.Actions = append(t.Actions, config.Action{Name: "hook", Type: "Webhook", Days: []int32{3}, Webhook: &config.Webhook{URL: "https://a.example/"}})
	})
	r := d.rules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			owner := person("olga")
			owner.Owner = true
			a := miller("business", person("dana", "Billing"), owner)
			a.Attributes = test.attributes
			all := ask{account: a, open: []Invoice{invoice("1", "2026-11-18")}, at: "2026-11-21T12:00:00Z"}.due(t, r)
			mails, recorded := 0, map[Occurrence]bool{}
			for _, n := range all {
				if n.Suppressed != test.want {
					t.Errorf("%v, want %q", shown([]Notification{n}), test.want)
				}
				if n.Channel == "Email" {
					mails++
				}
				for _, o := range n.Occurrences {
					recorded[o] = true
				}
			}
			want := map[Occurrence]bool{occurred("1", "3@2026-11-18", "Email"): true, {unpaid, "1", "3@2026-11-18", "Webhook", "https://a.example/"}: true}
			if test.want == "" {
				delete(want, occurred("1", "3@2026-11-18", "Email"))
				want[Occurrence{unpaid, "1", "3@2026-11-18", "Email", "dana@miller.example"}] = true
				want[Occurrence{unpaid, "1", "3@2026-11-18", "Email", "olga@miller.example"}] = true
			} else if mails != 1 {
				t.Errorf("%d mails: %v", mails, shown(all))
			}
			if diff := cmp.Diff(want, recorded); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// One message about all invoices of an account that fall due at once, in one currency.
func TestCombined(t *testing.T) {
	d := reminders(3, 7)
	d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Combine = "Account" })
	r := d.rules(t)
	dollars := invoice("4", "2026-11-18")
	dollars.Currency = "USD"
	open := []Invoice{invoice("2", "2026-11-18"), invoice("1", "2026-11-18"), invoice("3", "2026-11-14"), dollars, invoice("5", "2026-11-10")}
	since := instant("2026-11-21T09:00:00Z")
	all := ask{open: open, at: "2026-11-21T10:00:00Z", happened: []Occurrence{occurred("1", "3@2026-11-18", "Email")}, since: &since}.due(t, r)
	want := []string{
		"Email dana@miller.example dunning/mail 3 day 7", "Email dana@miller.example dunning/mail 4 day 3",
	}
	if diff := cmp.Diff(want, shown(all)); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	recorded := []Occurrence{{unpaid, "3", "7@2026-11-14", "Email", "dana@miller.example"}, {unpaid, "2", "3@2026-11-18", "Email", "dana@miller.example"}}
	if diff := cmp.Diff(recorded, all[0].Occurrences); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	// After down time some fell due before the tenant went live.
	since = instant("2026-11-20T12:00:00Z")
	all = ask{open: []Invoice{invoice("6", "2026-11-17"), invoice("7", "2026-11-18")}, at: "2026-11-21T10:00:00Z", since: &since}.due(t, r)
	want = []string{"Email  dunning/mail 6 day 3 beforeGoLive", "Email dana@miller.example dunning/mail 7 day 3"}
	if diff := cmp.Diff(want, shown(all)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	// The minimum is for all that is overdue.
	a := miller("business", person("dana", "Billing"))
	a.Attributes.ReminderMinimumAmount = "300"
	for _, test := range []struct {
		open []Invoice
		want Reason
	}{
		{[]Invoice{invoice("1", "2026-11-18"), invoice("2", "2026-11-01"), invoice("3", "2026-10-01")}, ""},
		{[]Invoice{invoice("1", "2026-11-18"), invoice("2", "2026-11-01"), invoice("3", "2027-10-01")}, BelowMinimum},
	} {
		all := ask{account: a, open: test.open, at: "2026-11-21T10:00:00Z"}.due(t, r)
		if len(all) != 1 || all[0].Suppressed != test.want {
			t.Errorf("%v, want %q", shown(all), test.want)
		}
	}
}

// Nobody is reminded again because a template has another name or is replaced, or because
// the account has another profile.
func TestRemindedOnce(t *testing.T) {
	open := []Invoice{invoice("1", "2026-11-18")}
	first := ask{open: open, at: "2026-11-21T09:00:00Z"}.due(t, reminders(3).rules(t))
	var happened []Occurrence
	for _, n := range first {
		happened = append(happened, n.Occurrences...)
	}
	if len(happened) != 1 {
		t.Fatal(shown(first))
	}
	renamed := newDocuments()
	renamed.template("another", unpaid, []string{"business"}, renamed.mail("other", []string{"Owner", "Billing"}, 3))
	for name, a := range map[string]ask{
		"another template": {open: open, at: "2026-11-21T09:01:00Z", happened: happened},
		"another profile":  {account: miller("residential", person("dana", "Billing")), open: open, at: "2026-11-21T09:01:00Z", happened: happened},
	} {
		if again := a.due(t, renamed.rules(t)); len(again) > 0 {
			t.Errorf("%s: %v", name, shown(again))
		}
	}
}

// Of days that a weekend moves to one moment only the last counts.
func TestWeekend(t *testing.T) {
	d := reminders(3, 4, 5)
	d.edit("dunning", func(t *config.EventTemplate) { t.Schedule = config.Schedule{Days: "BusinessDays"} })
	r := d.rules(t)
	open := []Invoice{invoice("1", "2026-11-18")} // the days are a Saturday, a Sunday and a Monday
	for at, want := range map[string][]string{
		"2026-11-21T10:00:00Z": {}, "2026-11-23T08:59:00Z": {}, "2026-11-23T09:00:00Z": {"Email dana@miller.example dunning/mail 1 day 5"},
	} {
		if diff := cmp.Diff(want, shown(ask{open: open, at: at}.due(t, r))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", at, diff)
		}
	}
}

func TestDays(t *testing.T) {
	d := reminders(-7, 3)
	d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].RepeatEveryDays, t.Actions[0].MaxRepeats = 10, 2 })
	off := d.mail("off", []string{"Billing"}, 99)
	off.State = "Disabled"
	d.template("more", unpaid, []string{"residential"}, d.sms("text", []string{"Billing"}, 3, 5), off)
	d.withheld = []config.Withheld{{Template: "more", Action: "text", AccountProfile: "residential", Days: []int32{5}, By: "x"}}
	want := []int32{-7, 3, 7, 13, 14, 23} // 7 and 14 are of the standard suite
	if diff := cmp.Diff(want, d.rules(t).Days()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
