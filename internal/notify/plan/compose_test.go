package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/settings"
)

// compose plans an event and composes its only notification.
func compose(t *testing.T, d *documents, e Event, a *Account) Content {
	t.Helper()
	r := d.rules(t)
	all := r.Plan(e, a, now)
	if len(all) != 1 || all[0].Suppressed != "" {
		t.Fatal(shown(all))
	}
	content, err := r.Compose(all[0], a, links{})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestComposeMail(t *testing.T) {
	d := newDocuments()
	a := d.mail("one", []string{"Billing"})
	a.Log = "CustomerNotes"
	a.Email.From, a.Email.Priority, a.Email.Attach = "Dunning <dunning@acme.example>", "High", []string{"Invoice"}
	a.Email.Subject = d.body("{{.invoice.number}}: {{.invoice.balance}}")
	a.Email.Text = d.body(`Dear {{.recipient.firstName | default "Sir"}}, {{.invoice.number}} at {{.event.time}}: {{.invoice.url}}, {{if .recipient.unsubscribeURL}}{{.recipient.unsubscribeURL}}{{else}}no way out{{end}}`)
	a.Email.HTML = d.body(`<p>Dear {{.recipient.firstName | default "Sir"}} &amp; {{.account.name}}</p>`)
	a.Email.Translations = []config.EmailTranslation{{Locale: "de", Subject: d.body("Rechnung {{.invoice.number}}: {{.invoice.balance}}"), Text: d.body("Hallo")}}
	d.template("new", "invoice.issued", []string{"business"}, a)
	account := miller("business", person("dana", "Billing"))
	account.Name = "Miller <& Sons>"
	account.Attributes.TimeZone = "Europe/Berlin"
	want := Content{
		From: "Dunning <dunning@acme.example>", Subject: "INV-1001: €89.90", Priority: "High", Attach: []string{"Invoice"}, Invoice: "1001",
		Text:        "Dear Dana, INV-1001 at 21 Nov 2026, 12:59: https://my.acme.example/invoices/1001, https://my.acme.example/unsubscribe/dana/Invoice",
		HTML:        "<p>Dear Dana &amp; Miller &lt;&amp; Sons&gt;</p>",
		Unsubscribe: "https://my.acme.example/unsubscribe/dana/Invoice",
		Note:        "Email to dana@miller.example: INV-1001: €89.90",
		Source:      OwnTemplate,
	}
	if diff := cmp.Diff(want, compose(t, d, issued(), account)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	d.edit("new", func(t *config.EventTemplate) { t.Actions[0].Email.BCC = []string{"audit@acme.example"} })
	if got := compose(t, d, issued(), account); got.Unsubscribe != "" || !strings.HasSuffix(got.Text, ", no way out") {
		t.Errorf("with copies: %+v", got)
	}
	account.Attributes.Locale = "de-AT"
	got := compose(t, d, issued(), account)
	if got.Subject != "Rechnung INV-1001: €\u00a089,90" || got.Text != "Hallo" || got.HTML != "" {
		t.Errorf("in German: %+v", got)
	}
}

func TestComposeOthers(t *testing.T) {
	d := newDocuments()
	text := d.sms("text", []string{"Billing"})
	text.SMS.Fallback = "Email"
	banner := config.Action{Name: "banner", Type: "Banner", Log: "CustomerNotes", Banner: &config.Banner{
		Text:         d.body("{{.invoice.number}}: {{.invoice.balance}}"),
		Translations: []config.TextTranslation{{Locale: "de", Text: d.body("{{.invoice.number}} auf Deutsch: {{.invoice.balance}}")}},
	}}
	note := config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: d.body("{{.invoice.number}} was issued")}}
	hook := config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://a.example/", Body: d.body(`{"balance": "{{.invoice.balance}}", "name": "{{.account.name}}"}`)}}
	raw := config.Action{Name: "raw", Type: "Webhook", Webhook: &config.Webhook{URL: "https://b.example/"}}
	account := miller("business", person("dana", "Billing"))
	account.Name = "Miller \"Ltd\"\r\n"
	for _, test := range []struct {
		action config.Action
		want   Content
	}{
		{text, Content{
			From: "Acme <billing@acme.example>", Subject: "Invoice issued", Text: "SMS of text for Miller \"Ltd\"",
			Unsubscribe: "https://my.acme.example/unsubscribe/dana/Invoice",
		}},
		{banner, Content{
			Invoice: "1001", Texts: map[string]string{"": "INV-1001: €89.90", "de": "INV-1001 auf Deutsch: 89,90\u00a0€"}, Note: "Banner: INV-1001: €89.90",
		}},
		{note, Content{Text: "INV-1001 was issued"}},
		{hook, Content{Body: []byte(`{"balance": "89.90", "name": "Miller \"Ltd\"\n"}`)}},
		{raw, Content{Body: []byte(`{"data":{"account":{"id":"10042","name":"Miller \"Ltd\"\r\n","profile":"business","status":"Active"},` +
			`"event":{"id":"e-7","time":"2026-11-21T11:59:00Z","type":"invoice.issued"},` +
			`"invoice":{"balance":"89.90","currency":"EUR","dueOn":"2026-12-12","id":"1001","issuedOn":"2026-11-21","number":"INV-1001","status":"Open","total":"89.90","url":"https://my.acme.example/invoices/1001"},` +
			`"open":{"balance":"89.90","count":1,"currency":"EUR"},"overdue":{"balance":"0.00","count":0,"currency":"EUR","invoices":[]},` +
			`"tenant":{"name":"Acme Telecom","portalURL":"https://my.acme.example","supportEmail":"help@acme.example"}},` +
			`"datacontenttype":"application/json","id":"e-7","source":"foyer","specversion":"1.0","subject":"10042","time":"2026-11-21T11:59:00Z","type":"invoice.issued"}`)}},
	} {
		d.template("new", "invoice.issued", []string{"business"}, test.action)
		test.want.Source = OwnTemplate
		if diff := cmp.Diff(test.want, compose(t, d, issued(), account)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.action.Name, diff)
		}
	}
}

// The content says where its texts come from, whatever the notification was planned by.
func TestWhereTextsComeFrom(t *testing.T) {
	d, account := newDocuments(), miller("business", person("dana", "Billing"))
	standard := d.rules(t)
	d.template("new", "invoice.issued", []string{"business"}, d.mail("one", []string{"Billing"}))
	own := d.rules(t)
	for _, test := range []struct {
		by   *Rules
		want Source
	}{{standard, OwnTemplate}, {own, Standard}} {
		n := test.by.Plan(issued(), account, now)[0]
		in := map[Source]*Rules{OwnTemplate: own, Standard: standard}[test.want]
		if content, err := in.Compose(n, account, links{}); err != nil || content.Source != test.want || n.Source == test.want {
			t.Errorf("planned by %s, made by %q, want %s: %v", n.Source, content.Source, test.want, err)
		}
	}
}

// No channel but mails and text messages is given a secret link.
func TestLinksStayOutOfOtherChannels(t *testing.T) {
	d := newDocuments()
	d.template("own", "portal.passwordReset", []string{"business"},
		config.Action{Name: "raw", Type: "Webhook", Webhook: &config.Webhook{URL: "https://b.example/"}},
		config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://a.example/", Body: d.body(`{"username": "{{.credential.username}}"}`)}},
		config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: d.body("{{.credential.username}}")}})
	r := d.rules(t)
	a := miller("business", person("dana"))
	e := reset()
	for _, link := range []*Link{e.Link, nil} {
		e.Link = link
		all := r.Plan(e, a, now)
		if len(all) != 3 {
			t.Fatal(shown(all))
		}
		for _, n := range all {
			content, err := r.Compose(n, a, links{})
			if err != nil || n.Suppressed != "" {
				t.Errorf("%v: %v", shown([]Notification{n}), err)
			}
			if whole := string(content.Body) + content.Text; !strings.Contains(whole, "dana") || strings.Contains(whole, "secret") {
				t.Errorf("%s", whole)
			}
		}
	}
	body, err := r.CloudEvent(reset(), a)
	if err != nil || !json.Valid(body) || strings.Contains(string(body), "link\"") {
		t.Errorf("%v: %s", err, body)
	}
}

// A text message that would be too long still has the link that it is about.
func TestTheLinkSurvives(t *testing.T) {
	d := newDocuments()
	text := d.sms("text", []string{"Billing"})
	text.SMS.Fallback = "Email"
	for name, source := range map[string]string{
		"long values": "{{.account.name}} {{.tenant.name}} {{.credential.username}}: {{.credential.link}}",
		"long words":  strings.Repeat("Words and words. ", 38) + "{{.credential.link}}",
	} {
		text.SMS.Text = d.body(source)
		d.template("own", "portal.passwordReset", []string{"business"}, text)
		d.tenant.DisplayName = strings.Repeat("Acme ", 60)
		a := miller("business", person("dana"))
		a.Name = strings.Repeat("ä", 700)
		e := reset()
		e.Link.ID = strings.Repeat("x", 66)
		e.Link.Addresses = e.Link.Addresses[:1]
		content := compose(t, d, e, a)
		if length := len([]rune(content.Text)); !strings.Contains(content.Text, (links{}).Secret(e.Link, 0)) || length > template.MaxSMS || length < 80 {
			t.Errorf("%s: %d characters: %s", name, length, content.Text)
		}
	}
}

// What comes to more than may be sent is filled in with shorter texts.
func TestLongTexts(t *testing.T) {
	d := newDocuments()
	a := d.mail("one", []string{"Initiator"})
	a.Email.Text = d.body(strings.Repeat("{{.reply.text}}", 30))
	d.template("own", "ticket.replied", []string{"business"}, a)
	e := happening("ticket.replied", map[string]any{
		"ticket": map[string]any{"id": "t", "number": "T-1", "subject": "S", "openedBy": "Dana", "openedAt": "2026-11-21T08:00:00Z"},
		"reply":  map[string]any{"author": "Sam", "byStaff": true, "at": "2026-11-21T09:00:00Z", "text": strings.Repeat("word ", 4_000)},
	})
	e.Opener = "dana"
	content := compose(t, d, e, miller("business", person("dana")))
	if len(content.Text) > template.MaxRendered || !strings.Contains(content.Text, "word word") {
		t.Errorf("%d bytes", len(content.Text))
	}
}

// A text says what can be done in the portal to those who have it.
func TestHasPortal(t *testing.T) {
	d := newDocuments()
	d.profiles["shop"] = config.AccountProfile{MyAccountProfile: "full"}
	d.portals["full"] = config.MyAccountProfile{DisplayName: "Full"}
	a := d.mail("one", []string{"Billing"})
	a.Email.Text = d.body(`{{if .recipient.hasPortal}}portal{{else}}none{{end}}`)
	other := d.mail("two", []string{"staff@acme.example"})
	other.Email.Text = a.Email.Text
	banner := config.Action{Name: "three", Type: "Banner", Banner: &config.Banner{Text: a.Email.Text}}
	d.template("new", "invoice.issued", []string{"business", "shop"}, a, other, banner)
	r := d.rules(t)
	for name, test := range map[string]struct {
		change func(*Account)
		want   []string // to the person, staff, in a banner
	}{
		"signs in":            {func(*Account) {}, []string{"portal", "none", "portal"}},
		"has no sign-in":      {func(a *Account) { a.Contacts[0].SignsIn = false }, []string{"none", "none", "portal"}},
		"access is off":       {func(a *Account) { a.Attributes.PortalAccess = settings.Disabled }, []string{"none", "none", "none"}},
		"no MyAccountProfile": {func(a *Account) { a.AccountProfile = "business" }, []string{"none", "none", "none"}},
	} {
		dana := person("dana", "Billing")
		dana.SignsIn = true
		account := miller("shop", dana)
		test.change(account)
		var got []string
		for _, n := range r.Plan(issued(), account, now) {
			content, err := r.Compose(n, account, links{})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, content.Text+content.Texts[""])
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
