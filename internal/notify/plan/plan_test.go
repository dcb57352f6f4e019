package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// happening is an event of the account miller.
func happening(eventType string, data map[string]any) Event {
	return Event{
		Position: 7, Source: "foyer", ID: "e-7", Type: eventType, AccountID: "10042", About: "about-7", Data: data, At: now.Add(-time.Minute),
	}
}

// issued is the event of a new invoice.
func issued() Event {
	e := happening("invoice.issued", map[string]any{
		"invoice": map[string]any{
			"id": "1001", "number": "INV-1001", "status": "Open", "issuedOn": "2026-11-21", "dueOn": "2026-12-12", "currency": "EUR", "total": "89.90", "balance": "89.90",
		},
		"open":    map[string]any{"count": count(1), "balance": "89.90", "currency": "EUR"},
		"overdue": map[string]any{"count": count(0), "balance": "0.00", "currency": "EUR", "invoices": []any{}},
	})
	e.About = "1001"
	return e
}

func TestWhichActions(t *testing.T) {
	billing := []string{"Billing"}
	mailed := []string{"Email dana@miller.example /standard"}
	tests := []struct {
		name string
		edit func(*documents)
		want []string
	}{
		{"the suite, of every profile", func(*documents) {}, mailed},
		{"an own template instead", func(d *documents) {
			d.template("new", "invoice.issued", []string{"business"}, d.mail("one", billing))
		}, []string{"Email dana@miller.example new/one"}},
		{"of another profile", func(d *documents) {
			d.template("new", "invoice.issued", []string{"residential"}, d.mail("one", billing))
		}, mailed},
		{"for another event", func(d *documents) {
			d.template("new", "invoice.paid", []string{"business"}, d.mail("one", billing))
		}, mailed},
		{"templates add up, in the order of their names", func(d *documents) {
			d.template("b", "invoice.issued", []string{"business"}, d.mail("one", billing))
			d.template("a", "invoice.issued", []string{"business", "residential"}, d.sms("two", []string{"+447700900142"}))
		}, []string{"SMS +447700900142 a/two", "Email dana@miller.example b/one"}},
		{"all actions are switched off: nothing", func(d *documents) {
			off := d.mail("one", billing)
			off.State = "Disabled"
			d.template("new", "invoice.issued", []string{"business"}, off)
		}, nil},
		{"the condition is false: nothing", func(d *documents) {
			d.template("new", "invoice.issued", []string{"business"}, d.mail("one", billing))
			d.edit("new", func(t *config.EventTemplate) { t.When = `invoice.total > 1000.0` })
		}, nil},
		{"the condition is true", func(d *documents) {
			d.template("new", "invoice.issued", []string{"business"}, d.mail("one", billing))
			d.edit("new", func(t *config.EventTemplate) {
				t.When = `invoice.total > 10.0 && account.profile == "business" && tenant.name == "Acme Telecom" && invoice.url.endsWith("/invoices/1001")`
			})
		}, []string{"Email dana@miller.example new/one"}},
		{"withheld", func(d *documents) {
			d.template("a", "invoice.issued", []string{"business"}, d.mail("one", billing))
			d.template("b", "invoice.issued", []string{"business"}, d.mail("two", billing))
			d.withheld = []config.Withheld{{Template: "a", Action: "one", AccountProfile: "business", By: "b"}}
		}, []string{"Email dana@miller.example b/two"}},
		{"withheld of another profile", func(d *documents) {
			d.template("a", "invoice.issued", []string{"business"}, d.mail("one", billing))
			d.withheld = []config.Withheld{{Template: "a", Action: "one", AccountProfile: "residential", By: "b"}}
		}, []string{"Email dana@miller.example a/one"}},
		{"the profile has no standard events", func(d *documents) {
			d.profiles["business"] = config.AccountProfile{StandardEvents: config.StandardEvents{Mode: config.StandardEventsNone}}
		}, nil},
		{"the profile has not this one", func(d *documents) {
			d.profiles["business"] = config.AccountProfile{StandardEvents: config.StandardEvents{Disabled: []string{"invoice.issued"}}}
		}, nil},
		{"the profile has not another one", func(d *documents) {
			d.profiles["business"] = config.AccountProfile{StandardEvents: config.StandardEvents{Disabled: []string{"invoice.paid"}}}
		}, mailed},
		{"standard events do not matter to an own template", func(d *documents) {
			d.profiles["business"] = config.AccountProfile{StandardEvents: config.StandardEvents{Mode: config.StandardEventsNone}}
			d.template("new", "invoice.issued", []string{"business"}, d.mail("one", billing))
		}, []string{"Email dana@miller.example new/one"}},
		{"every type of action", func(d *documents) {
			d.template("new", "invoice.issued", []string{"business"},
				d.mail("mail", billing), d.sms("text", []string{"+447700900142"}),
				config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://Hooks.acme.example/In"}},
				config.Action{Name: "banner", Type: "Banner", Banner: &config.Banner{Text: d.body("Hello")}},
				config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: d.body("Hello")}})
		}, []string{
			"Email dana@miller.example new/mail", "SMS +447700900142 new/text", "Webhook https://hooks.acme.example/In new/hook",
			"Banner  new/banner", "Log  new/note",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDocuments()
			test.edit(d)
			got := shown(d.rules(t).Plan(issued(), miller("business", person("dana", "Billing")), now))
			if diff := cmp.Diff(append([]string{}, test.want...), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What a newer release wrote is left out and told, and the rest works.
func TestWhatCannotBeRunIsLeftOut(t *testing.T) {
	d := newDocuments()
	bad := d.mail("bad", []string{"Billing"})
	bad.Email.Text = d.body("{{.invoice.colour}}")
	half := d.sms("half", []string{"+447700900142"})
	half.SMS.Translations = []config.TextTranslation{{Locale: "de", Text: d.body("{{sparkle .invoice.number}}")}}
	d.template("a", "invoice.issued", []string{"business"}, bad, half)
	d.template("b", "invoice.dreamt", []string{"business"}, d.mail("one", []string{"Billing"}))
	d.template("c", "invoice.paid", []string{"business"}, d.mail("one", []string{"Billing"}))
	d.edit("c", func(t *config.EventTemplate) { t.When = "invoice.colour == 3" })
	d.template("d", "account.created", []string{"business"}, d.mail("dated", []string{"Billing"}, 3))
	r, errs := NewRules(d.load(t))
	var told []string
	for _, err := range errs {
		told = append(told, strings.SplitN(err.Error(), " (", 2)[0])
	}
	want := []string{
		`EventTemplate "a": action "bad": text: line 1, column 3: there is no field .invoice.colour`,
		`EventTemplate "a": action "half": translation de, text: line 1, column 3: sparkle is no function`,
		`EventTemplate "b": there is no event "invoice.dreamt", it was left out`,
		`EventTemplate "c": when: line 1, column 8: there is no field invoice.colour`,
		`EventTemplate "d": action "dated": its days do not go with event account.created, it was left out`,
	}
	for i := range want {
		if i >= len(told) || !strings.HasPrefix(told[i], strings.SplitN(want[i], ": line", 2)[0]) {
			t.Fatalf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
	}
	got := shown(r.Plan(issued(), miller("business", person("dana", "Billing")), now))
	if diff := cmp.Diff([]string{"SMS +447700900142 a/half"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	paid := happening("invoice.paid", nil)
	if got := r.Plan(paid, miller("business", person("dana", "Billing")), now); len(got) > 0 {
		t.Errorf("a template that cannot be run leaves the standard message: %v", shown(got))
	}
}

func TestRecipients(t *testing.T) {
	secretary := Contact{ID: "sec", Roles: []string{"Secondary"}, Email: "Sec@miller.example"}
	people := []Contact{
		{ID: "bill", Roles: []string{"Billing"}, Email: "bill@miller.example"},
		{ID: "own", Owner: true, Email: "own@miller.example"},
		{ID: "prim", Roles: []string{"Primary"}, Email: "b@miller.example; A@miller.example ;;not an address"},
		secretary,
		{ID: "silent", Roles: []string{"Technical"}},
		{ID: "tech", Roles: []string{"Technical", "Secondary"}, Email: "sec@MILLER.example"},
	}
	without := func(ids ...string) []Contact {
		return slices.DeleteFunc(slices.Clone(people), func(c Contact) bool { return slices.Contains(ids, c.ID) })
	}
	tests := []struct {
		name        string
		to, cc, bcc []string
		contacts    []Contact
		want        []string
	}{
		{"a role", []string{"Billing"}, nil, nil, people, []string{"Email bill@miller.example new/one"}},
		{"Billing falls back to Primary", []string{"Billing"}, nil, nil, without("bill"), []string{"Email A@miller.example new/one", "Email b@miller.example new/one"}},
		{"and to the owner", []string{"Billing"}, nil, nil, without("bill", "prim"), []string{"Email own@miller.example new/one"}},
		{"Primary falls back to the owner", []string{"Primary"}, nil, nil, without("prim"), []string{"Email own@miller.example new/one"}},
		{"Secondary does not", []string{"Secondary"}, nil, nil, without("sec", "tech"), []string{"Email  new/one noAddress"}},
		{"Technical does not", []string{"Technical"}, nil, nil, without("silent", "tech"), []string{"Email  new/one noAddress"}},
		{"a person without an address", []string{"Technical"}, nil, nil, people, []string{"Email sec@MILLER.example new/one", "Email (silent) new/one noAddress"}},
		{"the owner", []string{"Owner"}, nil, nil, people, []string{"Email own@miller.example new/one"}},
		{"no owner", []string{"Owner"}, nil, nil, without("own"), []string{"Email  new/one noAddress"}},
		{"who did it", []string{"Initiator"}, nil, nil, people, []string{"Email Sec@miller.example new/one"}},
		{"who did it is gone", []string{"Initiator"}, nil, nil, without("sec"), []string{"Email  new/one noAddress"}},
		{"an address", []string{"x@acme.example"}, nil, nil, nil, []string{"Email x@acme.example new/one"}},
		{"each address once", []string{"Secondary", "Initiator", "Technical", "sec@miller.example"}, nil, nil, people,
			[]string{"Email Sec@miller.example new/one", "Email (silent) new/one noAddress"}},
		{"copies go with the first", []string{"Primary"}, []string{"Billing", "a@MILLER.example"}, []string{"Owner", "bill@miller.example", "archive@acme.example"}, people,
			[]string{"Email A@miller.example cc bill@miller.example bcc archive@acme.example,own@miller.example new/one", "Email b@miller.example new/one"}},
		{"copies of nothing", []string{"Owner"}, []string{"Billing"}, nil, without("own"), []string{"Email  new/one noAddress"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDocuments()
			action := d.mail("one", test.to)
			action.Email.CC, action.Email.BCC = test.cc, test.bcc
			d.template("new", "invoice.issued", []string{"business"}, action)
			e := issued()
			e.ContactID = "sec"
			got := shown(d.rules(t).Plan(e, miller("business", test.contacts...), now))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Each reason why a person is not mailed, in their order, and that none of them keeps what
// is about signing in from anybody.
func TestConsentToMails(t *testing.T) {
	off, verified := settings.Attributes{EmailNotifications: settings.Disabled}, settings.Attributes{RequireVerifiedEmail: settings.Enabled}
	tests := []struct {
		name       string
		attributes settings.Attributes
		change     func(*Contact)
		want       Reason
	}{
		{"nothing", settings.Attributes{}, func(*Contact) {}, ""},
		{"mails are off", off, func(*Contact) {}, Disabled},
		{"mails are off, and they do not want them", off, func(c *Contact) { c.OptedOut = []string{"Invoice"} }, Disabled},
		{"they do not want them", settings.Attributes{}, func(c *Contact) { c.OptedOut = []string{"General", "Invoice"} }, OptedOut},
		{"they do not want others", settings.Attributes{}, func(c *Contact) { c.OptedOut = []string{"General"} }, ""},
		{"they do not want them and have no address", settings.Attributes{}, func(c *Contact) { c.OptedOut, c.Email = []string{"Invoice"}, "" }, OptedOut},
		{"no address", settings.Attributes{}, func(c *Contact) { c.Email = "" }, NoAddress},
		{"no address, which is not verified", verified, func(c *Contact) { c.Email = "" }, NoAddress},
		{"not verified", verified, func(*Contact) {}, Unverified},
		{"verified", verified, func(c *Contact) { c.Verified = true }, ""},
		{"text messages are off", settings.Attributes{SMSNotifications: settings.SMSDisabled}, func(*Contact) {}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDocuments()
			r := d.rules(t)
			contact := person("dana", "Billing")
			test.change(&contact)
			a := miller("business", contact)
			a.Attributes = test.attributes
			all := r.Plan(issued(), a, now)
			if len(all) != 1 || all[0].Suppressed != test.want {
				t.Errorf("%v, want %q", shown(all), test.want)
			}
			e := happening("portal.newSignIn", nil)
			e.About = "dana"
			want := Reason("")
			if contact.Email == "" {
				want = NoAddress
			}
			if all := r.Plan(e, a, now); len(all) != 1 || all[0].Suppressed != want || !all[0].Security {
				t.Errorf("about signing in: %v, want %q", shown(all), want)
			}
		})
	}
}

func TestTextMessages(t *testing.T) {
	consent := func(mode settings.SMSPermission, answer settings.ConsentAnswer) settings.Attributes {
		return settings.Attributes{SMSNotifications: mode, Consent: settings.Consent{SMS: answer}}
	}
	tests := []struct {
		name       string
		phone      string
		attributes settings.Attributes
		fallback   string
		want       string
	}{
		{"as people write it", "07400 (123) 456", settings.Attributes{}, "", "SMS +447400123456"},
		{"with its country", "+49 (0)171 1234567", settings.Attributes{}, "", "SMS +491711234567"},
		{"by the region of the account", "0171 1234567", settings.Attributes{Locale: "de-DE"}, "", "SMS +491711234567"},
		{"a language without a region: the tenant's", "07700 900142", settings.Attributes{Locale: "fr"}, "", "SMS +447700900142"},
		{"a land line", "020 7946 0018", settings.Attributes{}, "", "SMS (dana) noAddress"},
		{"either", "(202) 555-0143", settings.Attributes{Locale: "en-US"}, "", "SMS +12025550143"},
		{"of a range that is not in use yet", "07700 900142", settings.Attributes{}, "", "SMS +447700900142"},
		{"free of charge", "0800 496 0018", settings.Attributes{}, "", "SMS (dana) noAddress"},
		{"none", "", settings.Attributes{}, "", "SMS (dana) noAddress"},
		{"no number", "call me", settings.Attributes{}, "", "SMS (dana) noAddress"},
		{"too short", "0770", settings.Attributes{}, "", "SMS (dana) noAddress"},
		{"none: a mail", "", settings.Attributes{}, "Email", "Email dana@miller.example"},
		{"a land line: a mail", "020 7946 0018", settings.Attributes{}, "Email", "Email dana@miller.example"},
		{"a mobile number: no mail", "07700 900142", settings.Attributes{}, "Email", "SMS +447700900142"},
		{"none: a mail, which is off", "", settings.Attributes{EmailNotifications: settings.Disabled}, "Email", "Email dana@miller.example disabled"},
		{"off: no mail instead", "", consent(settings.SMSDisabled, ""), "Email", "SMS (dana) disabled"},
		{"off", "07700 900142", consent(settings.SMSDisabled, settings.ConsentGranted), "", "SMS +447700900142 disabled"},
		{"not asked", "07700 900142", consent(settings.SMSWithConsent, ""), "", "SMS +447700900142 noConsent"},
		{"not asked, which is not needed", "07700 900142", consent(settings.SMSEnabled, ""), "", "SMS +447700900142"},
		{"granted", "07700 900142", consent(settings.SMSWithConsent, settings.ConsentGranted), "", "SMS +447700900142"},
		{"withheld", "07700 900142", consent(settings.SMSWithConsent, settings.ConsentWithheld), "", "SMS +447700900142 noConsent"},
		{"withheld, which was not asked for", "07700 900142", consent(settings.SMSEnabled, settings.ConsentWithheld), "", "SMS +447700900142 noConsent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDocuments()
			action := d.sms("text", []string{"Billing"})
			action.SMS.Fallback = test.fallback
			d.template("new", "invoice.issued", []string{"business"}, action)
			contact := person("dana", "Billing")
			contact.Phone = test.phone
			a := miller("business", contact)
			a.Attributes = test.attributes
			channel, rest, _ := strings.Cut(test.want, " ")
			address, reason, _ := strings.Cut(rest, " ")
			want := strings.TrimSpace(channel + " " + address + " new/text " + reason)
			got := d.rules(t).Plan(issued(), a, now)
			if diff := cmp.Diff([]string{want}, shown(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, o := range got[0].Occurrences {
				if o.Channel != "SMS" || o.Address != got[0].Address {
					t.Errorf("recorded as %+v", o)
				}
			}
		})
	}
}

// An event from the future, by the clock of who sent it, is due now.
func TestEventsFromTheFuture(t *testing.T) {
	e := issued()
	e.At = now.Add(time.Hour)
	if n := newDocuments().rules(t).Plan(e, miller("business", person("dana", "Billing")), now)[0]; !n.DueAt.Equal(now) {
		t.Errorf("due at %s", n.DueAt)
	}
}

// An event about more than one account has no people, but systems can be told of it.
func TestEventsWithoutAnAccount(t *testing.T) {
	d := newDocuments()
	hello := func(a config.Action) config.Action {
		a.Email.Text = d.body("Hello")
		return a
	}
	d.template("own", "settings.changed", []string{"business"},
		hello(d.mail("roles", []string{"Owner"})), config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://hooks.acme.example/"}},
		config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: d.body("Hello")}})
	d.template("staff", "settings.changed", []string{"business"}, hello(d.mail("staff", []string{"staff@acme.example", "Owner"})))
	d.edit("staff", func(t *config.EventTemplate) { t.When = `settings.kind == "AccountProfile"` })
	r := d.rules(t)
	changed := func(kind, name string) Event {
		e := happening("settings.changed", map[string]any{"settings": map[string]any{"kind": kind, "name": name, "changes": []any{}}})
		e.AccountID, e.About = "", name
		return e
	}
	want := []string{"Webhook https://hooks.acme.example/ own/hook", "Email staff@acme.example staff/staff"}
	all := r.Plan(changed("AccountProfile", "business"), nil, now)
	if diff := cmp.Diff(want, shown(all)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, n := range all {
		if reason, _ := r.Guard(n, nil, now); reason != "" {
			t.Errorf("guard: %q", reason)
		}
		if _, err := r.Compose(n, nil, links{}); err != nil {
			t.Error(err)
		}
	}
	for _, e := range []Event{changed("AccountProfile", "residential"), changed("Tenant", "acme"), changed("MyAccountProfile", "business")} {
		if all := r.Plan(e, nil, now); len(all) > 0 {
			t.Errorf("%v: %v", e.Data, shown(all))
		}
	}
}

// What is planned names what it is of, once.
func TestWhatIsRecorded(t *testing.T) {
	n := newDocuments().rules(t).Plan(issued(), miller("business", person("dana", "Billing")), now)[0]
	if diff := cmp.Diff([]Occurrence{{"invoice.issued", "1001", "foyer/e-7", "Email", "dana@miller.example"}}, n.Occurrences); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !n.DueAt.Equal(now.Add(-time.Minute)) || n.Locale != "en-GB" || n.Category != "Invoice" || n.Source != Standard || n.Security {
		t.Errorf("%+v", n)
	}
}
