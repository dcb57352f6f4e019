package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
		{"an address of the template", func(d *documents, n *Notification, a *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Email.To = []string{n.Address} })
			n.ContactID, a.Contacts = "", nil
		}, ""},
		{"an address that the template names no more", func(_ *documents, n *Notification, a *Account) { n.ContactID, a.Contacts = "", nil }, Obsolete},
		{"an address of the template that is of a contact now, who opted out", func(d *documents, n *Notification, a *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Email.To = []string{n.Address, "Billing"} })
			n.ContactID, a.Contacts[0].OptedOut = "", []string{"Invoice"}
		}, OptedOut},
		{"another address", func(_ *documents, _ *Notification, a *Account) { a.Contacts[0].Email = "new@miller.example" }, ""},
		{"another address, which is not verified", func(_ *documents, _ *Notification, a *Account) {
			a.Contacts[0].Email, a.Attributes.RequireVerifiedEmail = "new@miller.example", settings.Enabled
		}, Unverified},
		{"no address any more", func(_ *documents, _ *Notification, a *Account) { a.Contacts[0].Email = "" }, Obsolete},
		{"one address more", func(_ *documents, _ *Notification, a *Account) {
			a.Contacts[0].Email = "new@miller.example; Dana@miller.example"
		}, ""},
		{"somebody else does the bills", func(_ *documents, _ *Notification, a *Account) {
			a.Contacts = []Contact{person("bea", "Billing"), person("dana", "Technical")}
		}, Obsolete},
		{"the mail is for staff now", func(d *documents, _ *Notification, _ *Account) {
			d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Email.To = []string{"collections@acme.example"} })
		}, Obsolete},
		{"it is for staff in the profile that the account has now", func(d *documents, _ *Notification, a *Account) {
			d.template("collections", unpaid, []string{"residential"}, d.mail("internal", []string{"collections@acme.example"}, 3))
			a.AccountProfile = "residential"
		}, Obsolete},
		{"put off", func(_ *documents, n *Notification, _ *Account) { n.Invoice.DueOn = date("2026-11-19") }, Obsolete},
		{"brought forward", func(_ *documents, n *Notification, _ *Account) { n.Invoice.DueOn = date("2026-11-17") }, ""},
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
		t.Actions[0].Email.Text, t.Actions[0].Email.Attach = d.body("{{.invoice.number}} of {{.overdue.count}}"), []string{"Invoice"}
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
	if err != nil || content.Text != "INV-2 of 2" || content.Invoice != "2" {
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

// What was planned for an action that is gone is filled with the texts of the one of its
// name, and of no action that is for others.
func TestFindByNameAndRecipient(t *testing.T) {
	d := newDocuments()
	billing := []string{"Billing"}
	d.template("new", "invoice.issued", []string{"business"}, d.mail("first", billing), d.mail("second", billing))
	a := miller("business", person("dana", "Billing"))
	planned := d.rules(t).Plan(issued(), a, now)[1]
	d = newDocuments()
	d.template("renamed", "invoice.issued", []string{"business"},
		d.mail("staff", []string{"staff@acme.example"}), d.mail("first", billing), d.mail("second", billing))
	content, err := d.rules(t).Compose(planned, a, links{})
	if err != nil || content.Subject != "Subject of second" {
		t.Errorf("%v, %q", err, content.Subject)
	}
	d.edit("renamed", func(t *config.EventTemplate) { t.Actions = t.Actions[:2] })
	if content, err = d.rules(t).Compose(planned, a, links{}); err != nil || content.Subject != "Subject of first" {
		t.Errorf("%v, %q", err, content.Subject)
	}
	d.edit("renamed", func(t *config.EventTemplate) { t.Actions = t.Actions[:1] })
	if _, err = d.rules(t).Compose(planned, a, links{}); err == nil {
		t.Error("a text for staff was used")
	}
}

// A text message that became a mail stays one: who has a number by now is not forgotten.
func TestGuardOfFallback(t *testing.T) {
	d := newDocuments()
	text := d.sms("text", []string{"Billing"})
	text.SMS.Fallback = "Email"
	d.template("new", "invoice.issued", []string{"business"}, text)
	r, a := d.rules(t), miller("business", person("dana", "Billing"))
	n := r.Plan(issued(), a, now)[0]
	a.Contacts[0].Phone = "+447700900142"
	if reason, _ := r.Guard(n, a, now); n.Channel != "Email" || reason != "" {
		t.Errorf("by %s: %q", n.Channel, reason)
	}
	a.Contacts[0].Email = "new@miller.example"
	if reason, _ := r.Guard(n, a, now); reason != "" {
		t.Errorf("to another address: %q", reason)
	}
	if to := r.Moved(n, a); to.Address != "new@miller.example" || to.Channel != "SMS" {
		t.Errorf("it goes to %+v", to)
	}
	sms := r.Plan(issued(), a, now)[0]
	a.Contacts[0].Phone = "+447700900143"
	if reason, _ := r.Guard(sms, a, now); sms.Channel != "SMS" || reason != "" {
		t.Errorf("%s, to another number: %q", sms.Channel, reason)
	}
	if to := r.Moved(sms, a); to.Address != "+447700900143" || to.Channel != "SMS" {
		t.Errorf("it goes to %+v", to)
	}
	a.Attributes.Consent.SMS = settings.ConsentWithheld
	if reason, _ := r.Guard(sms, a, now); reason != NoConsent {
		t.Errorf("to another number, without a consent: %q", reason)
	}
}

// A message goes to the address that its contact has now, and to nobody who is not its
// recipient any more.
func TestMoved(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Account)
		want   string
	}{
		"nothing":          {func(*Account) {}, ""},
		"corrected":        {func(a *Account) { a.Contacts[0].Email = "new@miller.example" }, "new@miller.example"},
		"another case":     {func(a *Account) { a.Contacts[0].Email = "Dana@Miller.example" }, ""},
		"one address more": {func(a *Account) { a.Contacts[0].Email = "a@miller.example; dana@miller.example" }, ""},
		"two others":       {func(a *Account) { a.Contacts[0].Email = "c@miller.example; b@miller.example" }, "b@miller.example"},
		"none any more":    {func(a *Account) { a.Contacts[0].Email = "" }, ""},
		"corrected, and somebody else does the bills": {func(a *Account) {
			a.Contacts = []Contact{person("bea", "Billing"), person("dana", "Technical")}
			a.Contacts[1].Email = "new@miller.example"
		}, ""},
		"no contact any more": {func(a *Account) { a.Contacts = nil }, ""},
	} {
		d := newDocuments()
		d.template("new", "invoice.issued", []string{"business"}, d.mail("mail", []string{"Billing"}))
		r, a := d.rules(t), miller("business", person("dana", "Billing"))
		n := r.Plan(issued(), a, now)[0]
		test.change(a)
		want := Occurrence{}
		if test.want != "" {
			want = n.Occurrences[0]
			want.Address = test.want
		}
		if diff := cmp.Diff(want, r.Moved(n, a)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		n.ContactID = ""
		if to := r.Moved(n, a); to.Address != "" {
			t.Errorf("%s, without a contact: %+v", name, to)
		}
	}
	r, a := reminders(3).rules(t), miller("business", person("dana", "Billing"))
	n := ask{account: a, open: []Invoice{invoice("1", "2026-11-18")}, at: "2026-11-21T09:00:00Z"}.due(t, r)[0]
	a.Contacts[0].Email, n.Invoice.DueOn = "new@miller.example", date("2026-11-17")
	if diff := cmp.Diff(Occurrence{unpaid, "1", "3@", "Email", "new@miller.example"}, r.Moved(n, a)); diff != "" {
		t.Errorf("of a day: -want +got:\n%s", diff)
	}
}

// Copies go to those who would have them now, and to nobody who was not planned to.
func TestCopiesAreAskedAgain(t *testing.T) {
	d := newDocuments()
	mail := d.mail("mail", []string{"Billing"})
	mail.Email.CC, mail.Email.BCC = []string{"Technical", "audit@acme.example"}, []string{"Secondary"}
	d.template("new", "invoice.issued", []string{"business"}, mail)
	r := d.rules(t)
	everybody := func() *Account {
		return miller("business", person("dana", "Billing"), person("tim", "Technical"), person("tom", "Technical"), person("sue", "Secondary"))
	}
	n := r.Plan(issued(), everybody(), now)[0]
	unsubscribe := "https://my.acme.example/unsubscribe/dana/Invoice"
	for name, test := range map[string]struct {
		change      func(*Account)
		cc, bcc     []string
		unsubscribe string
	}{
		"nothing":    {func(*Account) {}, []string{"audit@acme.example", "tim@miller.example", "tom@miller.example"}, []string{"sue@miller.example"}, ""},
		"tim is out": {func(a *Account) { a.Contacts[1].OptedOut = []string{"Invoice"} }, []string{"audit@acme.example", "tom@miller.example"}, []string{"sue@miller.example"}, ""},
		"others": {func(a *Account) { a.Contacts = []Contact{a.Contacts[0], person("new", "Technical", "Secondary")} },
			[]string{"audit@acme.example"}, nil, ""},
	} {
		a := everybody()
		test.change(a)
		content, err := r.Compose(n, a, links{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{test.cc, test.bcc}, [][]string{content.CC, content.BCC}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if content.Unsubscribe != test.unsubscribe {
			t.Errorf("%s: %q", name, content.Unsubscribe)
		}
	}
	d.edit("new", func(t *config.EventTemplate) { t.Actions[0].Email.CC, t.Actions[0].Email.BCC = nil, nil })
	content, err := d.rules(t).Compose(n, everybody(), links{})
	if err != nil || len(content.CC)+len(content.BCC) > 0 || content.Unsubscribe != unsubscribe {
		t.Errorf("%v, %+v", err, content)
	}
}

// The secret of a link goes to the addresses that it was made for, and nowhere else.
func TestGuardOfLinks(t *testing.T) {
	r, a := newDocuments().rules(t), miller("business", person("dana", "Primary"))
	n := r.Plan(reset(), a, now)[0]
	if reason, _ := r.Guard(n, a, now); n.Address != "y@miller.example" || reason != "" {
		t.Errorf("to %s: %q", n.Address, reason)
	}
	n.Address = "spy@evil.example"
	if reason, _ := r.Guard(n, a, now); reason != Obsolete {
		t.Errorf("to somebody else: %q", reason)
	}
	if to := r.Moved(n, a); to.Address != "" {
		t.Errorf("it goes to %+v", to)
	}
}

// Whoever changes an address must not keep from the person what was to be said there.
func TestGuardOfPersonalEvents(t *testing.T) {
	r, a := newDocuments().rules(t), miller("business", person("dana", "Primary"))
	e := happening("portal.newSignIn", nil)
	e.About = "dana"
	n := r.Plan(e, a, now)[0]
	a.Contacts[0].Email = "thief@evil.example"
	if reason, _ := r.Guard(n, a, now); reason != "" {
		t.Errorf("%q", reason)
	}
	if to := r.Moved(n, a); to.Address != "" {
		t.Errorf("it goes to %+v", to)
	}
}

// A condition on the day is asked again of the day that the message is planned for, as it
// may wait past midnight; of what is owed it is what is owed by now.
func TestGuardOfConditionOnTheDay(t *testing.T) {
	d := reminders(3)
	d.edit("dunning", func(t *config.EventTemplate) { t.When = "invoice.daysOverdue == 3 && invoice.balance > 100.0" })
	r, a, at := d.rules(t), miller("business", person("dana", "Billing")), "2026-11-21T09:00:00Z"
	n := ask{account: a, open: []Invoice{invoice("1", "2026-11-18")}, at: at}.due(t, r)[0]
	for _, waited := range []time.Duration{0, 24 * time.Hour, 48 * time.Hour} {
		if reason, _ := r.Guard(n, a, instant(at).Add(waited)); reason != "" {
			t.Errorf("after %s: %q", waited, reason)
		}
	}
	n.Invoice.Balance = "50"
	if reason, _ := r.Guard(n, a, instant(at).Add(24*time.Hour)); reason != Obsolete {
		t.Errorf("paid in part: %q", reason)
	}
}

// The condition of an event is asked again.
func TestGuardOfCondition(t *testing.T) {
	d := newDocuments()
	d.template("new", "invoice.issued", []string{"business"}, d.mail("mail", []string{"Billing"}))
	d.edit("new", func(t *config.EventTemplate) { t.When = `account.status == "Active"` })
	r, a := d.rules(t), miller("business", person("dana", "Billing"))
	n := r.Plan(issued(), a, now)[0]
	if reason, _ := r.Guard(n, a, now); reason != "" {
		t.Errorf("%q", reason)
	}
	a.Status = settings.Suspended
	if reason, _ := r.Guard(n, a, now); reason != Obsolete {
		t.Errorf("suspended: %q", reason)
	}
}

// What is owed is compared with the minimum in the same way when a message is planned and
// when it is sent, also of what is not overdue yet.
func TestGuardOfCombinedMinimum(t *testing.T) {
	d := reminders(-3, 3)
	d.edit("dunning", func(t *config.EventTemplate) { t.Actions[0].Combine = "Account" })
	r, at := d.rules(t), "2026-11-21T09:00:00Z"
	for _, dueOn := range []string{"2026-11-24", "2026-11-18"} {
		open := []Invoice{invoice("1", dueOn), invoice("2", dueOn)}
		a := miller("business", person("dana", "Billing"))
		a.Attributes.ReminderMinimumAmount = "150"
		n := ask{account: a, open: open, at: at}.due(t, r)[0]
		if reason, _ := r.Guard(n, a, instant(at).Add(time.Second)); n.Suppressed != "" || reason != "" {
			t.Errorf("due on %s: planned %q, guard %q", dueOn, n.Suppressed, reason)
		}
		a.Owed = owing(date("2026-11-21"), open[0])
		if reason, _ := r.Guard(n, a, instant(at).Add(time.Second)); reason != BelowMinimum {
			t.Errorf("due on %s, the other was paid: %q", dueOn, reason)
		}
	}
}
