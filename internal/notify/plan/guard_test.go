package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// What changes between planning and sending keeps a reminder from being sent.
func TestGuard(t *testing.T) {
	planned := instant("2026-11-21T09:00:00Z")
	tests := []struct {
		name   string
		change func(d *documents, n *Notification, a *Account)
		want   Reason
	}{
		{"nothing", func(*documents, *Notification, *Account) {}, ""},
		{"paid", func(_ *documents, n *Notification, _ *Account) { n.Invoice.Balance, n.Invoice.Open = "0", false }, Paid},
		{"paid, and not yet closed", func(_ *documents, n *Notification, _ *Account) { n.Invoice.Balance = "0.00" }, Paid},
		{"void", func(_ *documents, n *Notification, _ *Account) { n.Invoice.Open = false }, Paid},
		{"deleted", func(_ *documents, n *Notification, _ *Account) { n.Invoice = nil }, Paid},
		{"paid in part", func(_ *documents, n *Notification, _ *Account) { n.Invoice.Balance = "50" }, ""},
		{"paid in part, less than the condition asks for", func(d *documents, n *Notification, _ *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.When = "invoice.balance > 100.0" })
			n.Invoice.Balance = "50"
		}, Obsolete},
		{"paid in part, less than the minimum", func(_ *documents, n *Notification, a *Account) {
			n.Invoice.Balance, a.Attributes.ReminderMinimumAmount = "50", "50.01"
		}, BelowMinimum},
		{"paused", func(_ *documents, _ *Notification, a *Account) { a.Attributes.RemindersPausedUntil = "2026-11-21" }, Paused},
		{"disputed", func(_ *documents, _ *Notification, a *Account) { a.Attributes.Disputed = settings.Disputed }, Disputed},
		{"reminders are off", func(_ *documents, _ *Notification, a *Account) { a.Attributes.Reminders = settings.Disabled }, Disabled},
		{"mails are off", func(_ *documents, _ *Notification, a *Account) {
			a.Attributes.EmailNotifications, a.Attributes.Disputed = settings.Disabled, settings.Disputed
		}, Disabled},
		{"opted out", func(_ *documents, _ *Notification, a *Account) { a.Contacts[0].OptedOut = []string{"Invoice"} }, OptedOut},
		{"verified addresses only", func(_ *documents, _ *Notification, a *Account) { a.Attributes.RequireVerifiedEmail = settings.Enabled }, Unverified},
		{"no contact any more", func(_ *documents, _ *Notification, a *Account) { a.Contacts = nil }, NoAddress},
		{"an address of the template", func(_ *documents, n *Notification, a *Account) { n.ContactID, a.Contacts = "", nil }, ""},
		{"the action was switched off", func(d *documents, _ *Notification, _ *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].State = "Disabled" })
		}, Obsolete},
		{"its day was taken out", func(d *documents, _ *Notification, _ *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Days = []int32{4} })
		}, Obsolete},
		{"the template was renamed", func(d *documents, _ *Notification, _ *Account) {
			d.templates["dunned"] = d.templates["dunning"]
			delete(d.templates, "dunning")
		}, ""},
		{"the template was deleted: the suite has the day as well", func(d *documents, _ *Notification, _ *Account) { delete(d.templates, "dunning") }, ""},
		{"the template was deleted, and the suite is off", func(d *documents, _ *Notification, _ *Account) {
			delete(d.templates, "dunning")
			d.profiles["business"] = config.AccountProfile{StandardEvents: config.StandardEvents{Mode: config.StandardEventsNone}}
		}, Obsolete},
		{"another profile, with the day", func(_ *documents, _ *Notification, a *Account) { a.AccountProfile = "residential" }, ""},
		{"it is another channel now", func(d *documents, _ *Notification, _ *Account) {
			d.template("dunning", unpaid, []string{"business"}, d.sms("mail", []string{"Billing"}, 3))
		}, Obsolete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := reminders(3)
			a := miller("business", person("dana", "Billing"))
			n := ask{account: a, open: []Invoice{invoice("1", "2026-11-18")}, at: planned.Format(time.RFC3339)}.due(t, d.rules(t))[0]
			test.change(d, &n, a)
			reason, until := d.rules(t).Guard(n, a, planned.Add(time.Hour))
			if reason != test.want || !until.IsZero() {
				t.Errorf("%q, %s, want %q", reason, until, test.want)
			}
		})
	}
}

// Of invoices that one message tells of, the message goes while one of them is open, and
// is about that.
func TestGuardOfCombined(t *testing.T) {
	d := reminders(3)
	d.edit("dunning", func(t *config.EventTemplate) {
		t.Actions[0].Combine = "Account"
		t.Actions[0].Email.Text = d.body("{{.invoice.number}} of {{.overdue.count}}")
	})
	r := d.rules(t)
	a := miller("business", person("dana", "Billing"))
	first, second, old := invoice("1", "2026-11-18"), invoice("2", "2026-11-18"), invoice("0", "2026-11-17") // told of the day before
	all := ask{account: a, open: []Invoice{first, second, old}, at: "2026-11-21T09:00:10Z", happened: []Occurrence{occurred("0", "3@2026-11-17", "Email")}}.due(t, r)
	if diff := cmp.Diff([]string{"Email dana@miller.example dunning/mail 1 day 3"}, shown(all)); diff != "" {
		t.Fatal(diff)
	}
	n := all[0]
	n.Occurrences = nil // a worker does not have them
	at := instant("2026-11-21T10:00:00Z")
	n.Invoice.Open = false
	a.Owed = owing(date("2026-11-21"), second, old)
	if reason, _ := r.Guard(n, a, at); reason != "" {
		t.Errorf("the other is open: %q", reason)
	}
	content, err := r.Compose(n, a, links{})
	if err != nil || content.Text != "INV-2 of 2" {
		t.Errorf("%v, %+v", err, content)
	}
	a.Owed = owing(date("2026-11-21"), old)
	if reason, _ := r.Guard(n, a, at); reason != Paid {
		t.Errorf("only an old one is open, which the message was not about: %q", reason)
	}
	if _, err := r.Compose(n, a, links{}); err == nil {
		t.Error("it is composed")
	}
}

func TestGuardWaitsForTheEndOfQuietHours(t *testing.T) {
	d := newDocuments()
	text := d.sms("text", []string{"Billing", "+447700900199"})
	d.template("new", "invoice.issued", []string{"business"}, d.mail("mail", []string{"Billing"}), text,
		config.Action{Name: "banner", Type: "Banner", Banner: &config.Banner{Text: d.body("Hello")}},
		config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://a.example/"}})
	r := d.rules(t)
	dana := person("dana", "Billing")
	dana.Phone = "+447700900142"
	a := inZone(miller("business", dana), "Australia/Sydney")
	a.Attributes.QuietHours = settings.QuietHours{Start: "22:00", End: "07:00"}
	night, morning := instant("2026-11-21T22:30:00+11:00"), instant("2026-11-22T07:00:00+11:00")
	var waiting []string
	for _, n := range r.Plan(issued(), a, night) {
		reason, until := r.Guard(n, a, night)
		if reason != "" || !until.IsZero() && !until.Equal(morning) {
			t.Errorf("%v: %q, %s", shown([]Notification{n}), reason, until)
		}
		if !until.IsZero() {
			waiting = append(waiting, n.Channel+" "+n.Address)
		}
		if _, until := r.Guard(n, a, morning); !until.IsZero() {
			t.Errorf("%v: in the morning until %s", shown([]Notification{n}), until)
		}
	}
	slices.Sort(waiting)
	if diff := cmp.Diff([]string{"Email dana@miller.example", "SMS +447700900142"}, waiting); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
