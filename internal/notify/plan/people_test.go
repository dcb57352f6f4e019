package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/settings"
)

// reset is the event of a link for a new password.
func reset() Event {
	e := happening("portal.passwordReset", map[string]any{
		"credential": map[string]any{"username": "dana", "expiresAt": "2026-11-21T12:10:00Z"},
		"origin":     map[string]any{"at": "2026-11-21T12:00:00Z", "by": "User"},
	})
	e.About = "link-1"
	e.Link = &Link{ID: "link-1", Purpose: "Reset", ContactID: "dana", Addresses: []string{"z@miller.example", "y@miller.example"}, ExpiresAt: now.Add(10 * time.Minute)}
	return e
}

func TestSecretLinksGoToTheirAddressesOnly(t *testing.T) {
	d := newDocuments()
	spread := d.mail("mail", []string{"Billing", "spy@acme.example"})
	spread.Email.CC, spread.Email.BCC = []string{"Owner"}, []string{"archive@acme.example"}
	spread.Email.Text = d.body("{{.credential.link}}")
	text := d.sms("text", []string{"Billing", "+447700900142"})
	text.SMS.Text = d.body("{{.credential.link}}")
	d.template("own", "portal.passwordReset", []string{"business"}, spread, text)
	dana := person("dana", "Billing")
	dana.Phone, dana.OptedOut = "07700 900142", []string{"General", "Invoice", "Product", "Support"}
	owner := person("olga")
	owner.Owner = true
	for _, profile := range []string{"business", "residential"} {
		a := miller(profile, dana, owner)
		a.Attributes = settings.Attributes{EmailNotifications: settings.Disabled, RequireVerifiedEmail: settings.Enabled, QuietHours: settings.QuietHours{Start: "00:00", End: "23:59"}}
		r := d.rules(t)
		all := r.Plan(reset(), a, now)
		want := []string{"Email y@miller.example /standard", "Email z@miller.example /standard"}
		if profile == "business" {
			want = []string{"Email y@miller.example own/mail", "Email z@miller.example own/mail", "SMS  own/text noAddress"}
		}
		if diff := cmp.Diff(want, shown(all)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		for i, place := range []int{1, 0} {
			if all[i].LinkPlace != place || !all[i].Security || all[i].ContactID != "dana" || all[i].Category != string(catalog.Security) {
				t.Errorf("%+v", all[i])
			}
			content, err := r.Compose(all[i], a, links{})
			if secret := (links{}).Secret(all[i].Event.Link, place); err != nil || !strings.Contains(content.Text, secret) || content.Unsubscribe != "" {
				t.Errorf("%v, %+v", err, content)
			}
			if reason, until := r.Guard(all[i], a, now); reason != "" || !until.IsZero() {
				t.Errorf("guard: %q, %s", reason, until)
			}
		}
	}
}

func TestLinksThatAreOver(t *testing.T) {
	r := newDocuments().rules(t)
	a := miller("business", person("dana"))
	for name, change := range map[string]func(*Event){
		"voided":  func(e *Event) { e.Link.Over = true },
		"expired": func(e *Event) { e.Link.ExpiresAt = now },
		"gone":    func(e *Event) { e.Link = nil },
	} {
		e := reset()
		planned := r.Plan(e, a, now)[0]
		change(&e)
		if all := r.Plan(e, a, now); len(all) != 1 || all[0].Suppressed != Over {
			t.Errorf("%s: %v", name, shown(all))
		}
		planned.Event = e
		if reason, _ := r.Guard(planned, a, now); reason != Over {
			t.Errorf("%s: guard %q", name, reason)
		}
	}
}

// What is about a person's sign-in goes to that person, whatever the template says.
func TestPersonalEvents(t *testing.T) {
	d := newDocuments()
	spread := d.mail("mail", []string{"Billing", "spy@acme.example"})
	spread.Email.CC = []string{"Owner"}
	d.template("own", "portal.newSignIn", []string{"business"}, spread)
	owner := person("olga", "Billing")
	owner.Owner = true
	text := d.sms("text", []string{"Owner"})
	text.SMS.Fallback = "Email"
	d.template("text", "portal.accessRevoked", []string{"residential"}, text)
	r, a := d.rules(t), miller("business", person("dana"), owner)
	before := func(addresses string) map[string]any { return map[string]any{"previousEmail": addresses} }
	for name, test := range map[string]struct {
		event, about string
		data         map[string]any
		want         []string
	}{
		"another address": {"portal.credentialsChanged", "dana", before("old@miller.example; dana@miller.example;older@miller.example"),
			[]string{"Email dana@miller.example /standard", "Email old@miller.example /standard", "Email older@miller.example /standard"}},
		"deleted, who had an address": {"portal.accessRevoked", "gone", before("gone@miller.example"), []string{"Email gone@miller.example /standard"}},
		"own template":                {"portal.newSignIn", "dana", nil, []string{"Email dana@miller.example own/mail"}},
		"standard":                    {"portal.credentialsChanged", "dana", nil, []string{"Email dana@miller.example /standard"}},
		"deleted, with an address":    {"portal.accessRevoked", "gone", map[string]any{"access": map[string]any{"username": "gone@miller.example"}}, []string{"Email gone@miller.example /standard"}},
		"deleted":                     {"portal.accessRevoked", "gone", map[string]any{"access": map[string]any{"username": "gone"}}, []string{"Email  /standard noAddress"}},
	} {
		e := happening(test.event, test.data)
		e.About, e.ContactID = test.about, "olga"
		all := r.Plan(e, a, now)
		if diff := cmp.Diff(test.want, shown(all)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		for _, n := range all {
			if reason, _ := r.Guard(n, a, now); n.Suppressed == "" && reason != "" {
				t.Errorf("%s: %s", name, reason)
			}
			if strings.HasPrefix(n.Address, "old") && n.ContactID != "" {
				t.Errorf("%s: who deletes %s takes it back", name, n.ContactID)
			}
		}
	}
	e := happening("portal.credentialsChanged", before("spy@evil.example"))
	e.About, e.Source = "dana", "/elsewhere"
	if all := r.Plan(e, a, now); len(all) != 1 || all[0].Address != "dana@miller.example" {
		t.Errorf("from elsewhere: %v", shown(all))
	}
	e = happening("portal.accessRevoked", before("old@miller.example"))
	e.About, a.AccountProfile, a.Contacts[0].Phone = "dana", "residential", "+447700900142"
	if diff := cmp.Diff([]string{"SMS +447700900142 text/text", "Email old@miller.example text/text"}, shown(r.Plan(e, a, now))); diff != "" {
		t.Errorf("by text message: -want +got:\n%s", diff)
	}
}

// The opener of a ticket is told what staff reply, and so is the owner; nobody else is.
func TestTickets(t *testing.T) {
	r := newDocuments().rules(t)
	owner := person("olga")
	owner.Owner = true
	a := miller("business", person("dana", "Primary", "Technical", "Billing"), person("tim", "Technical"), owner)
	const ofOlga, ofTim = "Email olga@miller.example /standard", "Email tim@miller.example /standard"
	for _, test := range []struct {
		event, opener, author string
		want                  []string
	}{
		{"ticket.opened", "tim", "tim", []string{ofOlga, ofTim}},
		{"ticket.replied", "tim", "", []string{ofOlga, ofTim}},
		{"ticket.replied", "tim", "tim", []string{ofOlga}},
		{"ticket.replied", "tim", "olga", []string{ofTim}},
		{"ticket.replied", "olga", "olga", []string{}},
		{"ticket.replied", "", "", []string{ofOlga}},
		{"ticket.closed", "tim", "tim", []string{ofOlga, ofTim}},
	} {
		e := happening(test.event, nil)
		e.Opener, e.ContactID = test.opener, test.author
		if diff := cmp.Diff(test.want, shown(r.Plan(e, a, now))); diff != "" {
			t.Errorf("%+v: -want +got:\n%s", test, diff)
		}
	}
}

// The address before is told that there is another, and not which: who reads it there may
// be somebody else.
func TestUsernameIsNotForTheAddressBefore(t *testing.T) {
	a := miller("business", person("dana"))
	a.Contacts[0].Email = "new@miller.example"
	for _, locale := range []string{"en-GB", "de-DE", "fr-FR"} {
		a.Attributes.Locale = locale
		for _, source := range []string{sourceFoyer, "/elsewhere"} {
			e := happening("portal.credentialsChanged", map[string]any{
				previousEmail: "old@miller.example",
				"credential":  map[string]any{"changed": "Email", "username": "new@miller.example"},
				"origin":      map[string]any{"by": "User", "at": "2026-11-21T09:00:00Z"},
			})
			e.About, e.ContactID, e.Source = "dana", "dana", source
			r := newDocuments().rules(t)
			told := map[string]bool{}
			for _, n := range r.Plan(e, a, now) {
				content, err := r.Compose(n, a, links{})
				if err != nil {
					t.Fatal(err)
				}
				told[n.Address] = strings.Contains(content.Subject+content.Text+content.HTML, "new@miller.example")
			}
			want := map[string]bool{"new@miller.example": true}
			if source == sourceFoyer {
				want["old@miller.example"] = false
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("%s, from %s: who is told the username: -want +got:\n%s", locale, source, diff)
			}
		}
	}
}
