package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

func TestUpcoming(t *testing.T) {
	d := reminders(-2, 3, 7)
	d.edit("dunning", func(t *config.EventTemplate) {
		t.When = "overdue.count >= 1 || invoice.daysOverdue < 0"
		t.Actions = append(t.Actions, config.Action{Name: "hook", Type: "Webhook", Days: []int32{3}, Webhook: &config.Webhook{URL: "https://a.example/"}})
	})
	r := d.rules(t)
	a := inZone(miller("business", person("dana", "Billing")), "Europe/Berlin")
	a.Attributes.RemindersPausedUntil = "2026-11-25"
	a.Attributes.QuietHours = settings.QuietHours{Start: "08:00", End: "12:00"}
	open := []Invoice{invoice("1", "2026-11-18"), invoice("2", "2026-11-23"), invoice("3", "2026-11-30")}
	from := instant("2026-11-22T12:00:00Z")
	a.Owed = owing(dateOf(from, zoneOf(t, "Europe/Berlin")), open...)
	happened := dealtOf([]Occurrence{occurred("1", "3@2026-11-18", "Email")})
	var got []string
	zone := zoneOf(t, "Europe/Berlin")
	all := r.Upcoming(a, open, happened, from, from.AddDate(0, 0, 8))
	for i, line := range shown(all) {
		got = append(got, all[i].DueAt.In(zone).Format("2006-01-02 15:04 ")+line)
	}
	want := []string{
		"2026-11-21 09:00 Webhook https://a.example/ dunning/hook 1 day 3 paused", // due by now
		"2026-11-21 09:00 Email  dunning/mail 2 day -2 paused",
		"2026-11-25 09:00 Email  dunning/mail 1 day 7 paused",
		"2026-11-26 12:00 Email dana@miller.example dunning/mail 2 day 3",
		"2026-11-26 09:00 Webhook https://a.example/ dunning/hook 2 day 3",
		"2026-11-28 12:00 Email dana@miller.example dunning/mail 3 day -2",
		"2026-11-30 12:00 Email dana@miller.example dunning/mail 2 day 7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if a.Owed["EUR"].OverdueCount != 1 {
		t.Error("the account was changed")
	}
}

// What was said to come is what comes, minute by minute, if nothing changes.
func TestUpcomingComes(t *testing.T) {
	d := reminders(-1, 0, 1, 2, 4)
	d.edit("dunning", func(t *config.EventTemplate) {
		t.Schedule = config.Schedule{At: "02:30", Days: "BusinessDays"}
		t.When = "overdue.balance < 300.0"
		t.Actions = append(t.Actions, d.sms("text", []string{"+447700900142"}, 0, 3))
		t.Actions[0].Combine = "Account"
	})
	r := d.rules(t)
	a := inZone(miller("business", person("dana", "Billing")), "Australia/Lord_Howe")
	zone := r.treat(a).zone
	open := []Invoice{invoice("1", "2026-10-01"), invoice("2", "2026-10-03"), invoice("3", "2026-10-05")}
	from := instant("2026-09-29T00:00:00Z")
	a.Owed = owing(dateOf(from, zone), open...)
	want := shown(r.Upcoming(a, open, nil, from, from.AddDate(0, 0, 14)))
	var got []string
	dealt := Dealt{}
	for at := from; !at.After(from.AddDate(0, 0, 14)); at = at.Add(time.Minute) {
		a.Owed = owing(dateOf(at, zone), open...)
		all := r.Due(a, open, dealt, nil, at)
		for _, n := range all {
			for _, o := range n.Occurrences {
				dealt.Add(o)
			}
		}
		got = append(got, shown(all)...)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 8 {
		t.Errorf("-upcoming +came:\n%s\n%v", diff, got)
	}
}
