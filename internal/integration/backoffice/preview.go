package backoffice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/notify/plan"
)

// preview fills in the messages of an event for an account.
type preview struct {
	rules   *rulebook
	asked   integration.RenderQuery
	event   catalog.Event
	data    map[string]any // the sample
	now     time.Time
	invoice plan.Invoice // the oldest unpaid one of the account; without an id: there is none
}

func newPreview(rules *rulebook, asked integration.RenderQuery, now time.Time) (*preview, *integration.Problem) {
	known, _ := catalog.New(rules.live.Tenant.Events) // those that cannot be used are left out
	event, found := known.Lookup(asked.Event)
	if !found {
		return nil, invalid([]integration.FieldProblem{{Field: "event", Rule: "enum", Message: fmt.Sprintf(
			"%q is not an event type of this tenant, the nearest is %s; %s", asked.Event, catalog.Nearest(asked.Event, known.Names())[0], eventTypesAt)}})
	}
	p := &preview{rules: rules, asked: asked, event: event, now: now}
	decoder := json.NewDecoder(bytes.NewReader(event.Sample))
	decoder.UseNumber()
	if err := decoder.Decode(&p.data); err != nil {
		panic(err) // samples are our own, and tested
	}
	return p, nil
}

// of is what an account would get.
func (p *preview) of(a *plan.Account) integration.Rendered {
	rendered := integration.Rendered{AccountID: a.ID, Event: p.event.Name, Sample: true, Items: []integration.RenderedItem{}, Problems: p.rules.problems}
	var all []plan.Notification
	if p.event.Anchor != "" {
		all, rendered.Sample = p.dated(a)
	} else {
		all = p.rules.Plan(p.sample(a), a, p.now)
	}
	for _, n := range all {
		if p.asked.Action == "" || p.asked.Action == n.Action {
			rendered.Items = append(rendered.Items, p.fill(n, a))
		}
	}
	return rendered
}

// linkPurposes are those of the links that events need.
var linkPurposes = map[string]string{
	"portal.credentialCreate": "Create", "portal.passwordReset": "Reset", "contact.invited": "Invite", "contact.verifyEmail": "VerifyEmail",
}

// sample is the sample of an event, about the account's owner where it is about a person.
func (p *preview) sample(a *plan.Account) plan.Event {
	e := plan.Event{Source: "preview", ID: "preview", Type: p.event.Name, AccountID: a.ID, Data: map[string]any{}, At: p.now}
	for _, f := range p.event.Fields {
		e.Data[f.Name] = p.data[f.Name]
	}
	object, _, _ := strings.Cut(p.event.Name, ".")
	fields, _ := p.data[object].(map[string]any)
	e.About, _ = fields["id"].(string)
	for _, c := range a.Contacts {
		if !c.Owner {
			continue
		}
		e.ContactID, e.Opener = c.ID, c.ID
		if object == "portal" || object == "contact" {
			e.About = c.ID
		}
		if purpose := linkPurposes[p.event.Name]; purpose != "" {
			e.Link = &plan.Link{ID: "preview", Purpose: purpose, ContactID: c.ID, Addresses: addressesOf(c.Email), ExpiresAt: p.now.AddDate(0, 0, 7)}
		}
	}
	return e
}

// addressesOf are the mail addresses of a primary contact, which may have several.
func addressesOf(emails string) []string {
	var list []string
	for address := range strings.SplitSeq(emails, ";") {
		if address = strings.TrimSpace(address); address != "" {
			list = append(list, address)
		}
	}
	return list
}

// dated is what would be sent about the oldest unpaid invoice of the account, or about the
// sample, on each of its days: the first of each action.
func (p *preview) dated(a *plan.Account) (all []plan.Notification, isSample bool) {
	invoice := p.invoice
	if isSample = invoice.ID == ""; isSample {
		invoice = p.sampleInvoice()
	}
	from := invoice.DueOn.AddDate(0, 0, -400)
	to := invoice.DueOn.AddDate(0, 0, 400)
	seen := map[[3]string]bool{}
	for _, n := range p.rules.Upcoming(a, []plan.Invoice{invoice}, plan.Dealt{}, from, to) {
		key := [3]string{n.Template, n.Action, n.Channel + n.Address}
		if !seen[key] {
			seen[key] = true
			all = append(all, n)
		}
	}
	return all, isSample
}

// sampleInvoice is the invoice of the sample.
func (p *preview) sampleInvoice() plan.Invoice {
	fields, _ := p.data["invoice"].(map[string]any)
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	date := func(name string) time.Time {
		at, _ := time.Parse(time.DateOnly, text(name)) // samples are payloads: tested
		return at
	}
	return plan.Invoice{
		ID: text("id"), Number: text("number"), IssuedOn: date("issuedOn"), DueOn: date("dueOn"), Currency: text("currency"), Total: text("total"),
		TotalWithoutTax: text("totalWithoutTax"), Balance: text("balance"), PaymentReference: text("paymentReference"), PayURL: text("payURL"), Open: true,
	}
}

// placeholders are in the place of addresses that let somebody in.
type placeholders struct{ origin string }

// Secret implements plan.Links.
func (l placeholders) Secret(*plan.Link, int) string {
	return l.origin + "/SECRET-LINK-OF-THE-RECIPIENT"
}

// Unsubscribe implements plan.Links.
func (l placeholders) Unsubscribe(string, string) string {
	return l.origin + "/unsubscribe/OF-THE-RECIPIENT"
}

func (p *preview) fill(n plan.Notification, a *plan.Account) integration.RenderedItem {
	m := integration.RenderedItem{
		Source: string(n.Source), Template: n.Template, Action: n.Action, Channel: n.Channel, ContactID: n.ContactID, Address: n.Address, CC: n.CC, BCC: n.BCC,
		Locale: n.Locale, Suppressed: string(n.Suppressed),
	}
	content, err := p.rules.Compose(n, a, placeholders{"https://" + p.rules.live.Tenant.Hostname})
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	m.From, m.Subject, m.Text, m.HTML, m.Texts, m.Attach = content.From, content.Subject, content.Text, content.HTML, content.Texts, content.Attach
	m.Unsubscribe = content.Unsubscribe != ""
	if content.Body != nil {
		m.Text = string(content.Body)
	}
	return m
}
