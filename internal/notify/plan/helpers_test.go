package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// now is the time of most tests: a Saturday.
var now = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

// documents are those of a tenant.
type documents struct {
	tenant    config.Tenant
	profiles  map[string]config.AccountProfile
	portals   map[string]config.MyAccountProfile
	templates map[string]config.EventTemplate
	withheld  []config.Withheld
	bodies    map[config.BodyRef]string
}

func newDocuments() *documents {
	return &documents{
		tenant: config.Tenant{
			Namespace: "acme", DisplayName: "Acme Telecom", Hostname: "my.acme.example",
			Branding:   config.Branding{SupportEmail: "help@acme.example"},
			Attributes: settings.Attributes{Locale: "en-GB"},
			Session:    config.Session{IdleSeconds: 1, MaxSeconds: 1},
			Email:      config.EmailChannel{From: "Acme <billing@acme.example>"},
		},
		profiles:  map[string]config.AccountProfile{"business": {DisplayName: "Business"}, "residential": {DisplayName: "Residential"}},
		portals:   map[string]config.MyAccountProfile{},
		templates: map[string]config.EventTemplate{},
		bodies:    map[config.BodyRef]string{},
	}
}

// body is a text of the routing document.
func (d *documents) body(text string) config.BodyRef {
	ref := config.BodyOf(text)
	d.bodies[ref] = text
	return ref
}

// mail is an action that sends a mail with the words of its name.
func (d *documents) mail(name string, to []string, days ...int32) config.Action {
	return config.Action{Name: name, Type: "Email", Days: days, Email: &config.Email{
		To: to, Subject: d.body("Subject of " + name), Text: d.body("Text of " + name + " for {{.account.name}}"),
	}}
}

func (d *documents) sms(name string, to []string, days ...int32) config.Action {
	return config.Action{Name: name, Type: "SMS", Days: days, SMS: &config.SMS{To: to, Text: d.body("SMS of " + name + " for {{.account.name}}")}}
}

func (d *documents) template(name, event string, profiles []string, actions ...config.Action) {
	d.templates[name] = config.EventTemplate{Event: event, AccountProfiles: profiles, Actions: actions}
}

// edit changes a template.
func (d *documents) edit(name string, change func(*config.EventTemplate)) {
	t := d.templates[name]
	change(&t)
	d.templates[name] = t
}

func entry(t testing.TB, name string, content any) config.Entry {
	t.Helper()
	raw, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return config.Entry{Name: name, UID: "uid-" + name, Generation: 1, Content: raw}
}

// load reads the documents as a replica does.
func (d *documents) load(t testing.TB) (*config.Live, *config.LiveRouting) {
	t.Helper()
	doc := config.Settings{Format: config.Format, Tenant: entry(t, "acme", d.tenant)}
	for _, name := range slices.Sorted(maps.Keys(d.profiles)) {
		doc.AccountProfiles = append(doc.AccountProfiles, entry(t, name, d.profiles[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(d.portals)) {
		doc.MyAccountProfiles = append(doc.MyAccountProfiles, entry(t, name, d.portals[name]))
	}
	routing := config.Routing{Format: config.RoutingFormat, Tenant: "acme", Withheld: d.withheld, Bodies: d.bodies}
	for _, name := range slices.Sorted(maps.Keys(d.templates)) {
		routing.Templates = append(routing.Templates, entry(t, name, d.templates[name]))
	}
	encoded, err := config.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.Load(encoded)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err = config.EncodeRouting(routing)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := config.OpenRouting(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return live, opened
}

func (d *documents) rules(t testing.TB) *Rules {
	t.Helper()
	r, errs := NewRules(d.load(t))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return r
}

// person is a contact whose address is the id.
func person(id string, roles ...string) Contact {
	return Contact{ID: id, FirstName: strings.ToUpper(id[:1]) + id[1:], Email: id + "@miller.example", Roles: roles}
}

// miller is an account with people.
func miller(profile string, contacts ...Contact) *Account {
	return &Account{Account: config.Account{ID: "10042", AccountProfile: profile}, Name: "Miller Ltd", Status: settings.Active, Contacts: contacts}
}

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// invoice is an open one.
func invoice(id, dueOn string) Invoice {
	return Invoice{
		ID: id, Number: "INV-" + id, IssuedOn: date(dueOn).AddDate(0, 0, -14), DueOn: date(dueOn), Currency: "EUR", Total: "120", Balance: "120", Open: true,
	}
}

// owing is what an account owes with these invoices, on a day.
func owing(today time.Time, invoices ...Invoice) Owed {
	owed := Owed{}
	for _, v := range invoices {
		in := owed[v.Currency]
		in.OpenCount++
		in.OpenBalance = sum(in.OpenBalance, v.Balance)
		owed[v.Currency] = in
	}
	return owedAt(owed, invoices, time.Time{}, today)
}

func sum(a, b string) string { return decimal(a).Add(decimal(a), decimal(b)).FloatString(2) }

// shown are notifications in short: "channel address [cc ...] template/action day [reason]".
func shown(all []Notification) []string {
	lines := []string{}
	for _, n := range all {
		line := fmt.Sprintf("%s %s", n.Channel, n.Address)
		if n.Address == "" && n.ContactID != "" {
			line += "(" + n.ContactID + ")"
		}
		if len(n.CC) > 0 {
			line += " cc " + strings.Join(n.CC, ",")
		}
		if len(n.BCC) > 0 {
			line += " bcc " + strings.Join(n.BCC, ",")
		}
		line += " " + n.Template + "/" + n.Action
		if n.Invoice != nil {
			line += fmt.Sprintf(" %s day %d", n.Invoice.ID, n.Day)
		}
		if n.Suppressed != "" {
			line += " " + string(n.Suppressed)
		}
		lines = append(lines, line)
	}
	return lines
}

// links makes addresses that tests know.
type links struct{}

func (links) Secret(l *Link, place int) string {
	return fmt.Sprintf("https://my.acme.example/secret/%s/%d", l.ID, place)
}

func (links) Unsubscribe(contactID, category string) string {
	return "https://my.acme.example/unsubscribe/" + contactID + "/" + category
}
