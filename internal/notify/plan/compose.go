package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/message/template"
)

// Links makes the absolute addresses that only one recipient may have.
type Links interface {
	// Secret is the address of a link for the recipient at a place of its addresses.
	Secret(l *Link, place int) string
	// Unsubscribe is the address where a contact opts out of a category.
	Unsubscribe(contactID, category string) string
}

// Content is what is sent of a notification.
type Content struct {
	From, Subject string
	Text          string // of a mail, text message or note
	HTML          string
	Priority      string   // Low, High or empty
	Attach        []string // Invoice
	Invoice       string   // the id of the one whose document is attached, or of what a banner is about
	CC, BCC       []string // those of the planned copies that still go out
	Unsubscribe   string   // where the recipient opts out; empty: nobody can
	Body          []byte   // of a webhook
	// Texts are those of a banner, by language; "" is the template's own.
	Texts map[string]string
	// Note is what is written on the customer once it is sent; empty: nothing.
	Note string
	// Source is where the texts come from, which may be another than when it was planned.
	Source Source
}

// Compose fills in the texts of a notification, in the language of the account.
func (r *Rules) Compose(n Notification, a *Account, links Links) (Content, error) {
	t := r.treatFor(&n.Event, a)
	f, err := t.find(&n)
	if err != nil {
		return Content{}, err
	}
	all, err := f.texts()
	if err != nil {
		return Content{}, err
	}
	c, err := r.composer(t, f, &n, links)
	if err != nil {
		return Content{}, err
	}
	content, err := c.content(all, links)
	content.Source = f.source
	if err == nil && f.spec.Log == "CustomerNotes" {
		content.Note = noteOf(&n, content)
	}
	return content, err
}

// composer fills in the texts of one notification.
type composer struct {
	*treated
	firing  *firing
	n       *Notification
	data    template.Data
	invoice string // the id of the one that it is about
	link    string // that has to be in the texts; empty: none
}

func (r *Rules) composer(t *treated, f *firing, n *Notification, links Links) (*composer, error) {
	c := &composer{treated: t, firing: f, n: n, invoice: n.Event.About}
	c.data = template.Data{Locale: t.attrs.Locale.Value, Zone: t.zone, Currency: t.attrs.Currency.Value}
	if f.event.Name == unpaid {
		d, reason := t.stillOwed(f, n)
		if d == nil {
			return nil, fmt.Errorf("there is no invoice to tell of: %s", reason)
		}
		e := n.Event
		e.At = n.plannedAt()
		c.invoice = d.ID
		c.data.Payload = r.unpaidPayload(&e, t, d.Invoice, d.day)
	} else {
		c.data.Payload = r.payload(&f.event, &n.Event, t)
		if credential, has := c.data.Payload["credential"].(map[string]any); has && n.isBefore() {
			delete(credential, "username") // it may be the new address, and who reads this is maybe somebody else
		}
	}
	c.data.Payload["recipient"] = t.recipientObject(n)
	return c, c.addLink(links)
}

// addLink puts the secret link of an event into its payload, where the channel may have it.
func (c *composer) addLink(links Links) error {
	object, field, has := strings.Cut(c.firing.event.RequiredLink, ".")
	if !has {
		return nil
	}
	holder, _ := c.data.Payload[object].(map[string]any)
	if holder == nil {
		return fmt.Errorf("the event has no object %s", object)
	}
	if !c.firing.carriesLink() {
		holder[field] = c.rules.tenant["portalURL"] // no text of these channels can show it
		return nil
	}
	if c.n.Event.Link == nil {
		return errors.New("the event has no link, so nobody can be sent it")
	}
	c.link = links.Secret(c.n.Event.Link, c.n.LinkPlace)
	holder[field] = c.link
	return nil
}

// content makes what the channel sends.
func (c *composer) content(all []texts, links Links) (Content, error) {
	switch c.firing.spec.Type {
	case typeBanner:
		return c.banner(all)
	case typeWebhook:
		return c.webhook(all[0])
	case typeEmail:
		return c.mail(nearest(all, c.data.Locale), links)
	}
	content := Content{}
	if c.n.Channel == typeEmail { // who has no number is mailed
		content = Content{Subject: c.firing.event.Title, From: oneLine(c.rules.live.Tenant.Email.From), Unsubscribe: c.unsubscribe(links)}
	}
	var err error
	content.Text, err = c.fill(nearest(all, c.data.Locale).text)
	return content, err
}

func (c *composer) mail(t texts, links Links) (content Content, err error) {
	spec := c.firing.spec.Email
	content = Content{Priority: spec.Priority, Attach: spec.Attach, CC: c.stillCopied(c.n.CC, spec.CC), BCC: c.stillCopied(c.n.BCC, spec.BCC)}
	if len(content.CC)+len(content.BCC) == 0 { // else others read it, who must not opt out for the recipient
		content.Unsubscribe = c.unsubscribe(links)
	}
	if len(spec.Attach) > 0 {
		content.Invoice = c.invoice
	}
	content.From = oneLine(cmp.Or(spec.From, c.rules.live.Tenant.Email.From))
	c.data.Kept = &template.Kept{} // from here on the payload stays as it is
	if content.Subject, err = c.fill(t.subject); err != nil {
		return Content{}, fmt.Errorf("subject: %w", err)
	}
	content.Subject = oneLine(content.Subject)
	if content.Text, err = c.fill(t.text); err != nil {
		return Content{}, fmt.Errorf("text: %w", err)
	}
	if t.html != nil {
		if content.HTML, err = c.fill(t.html); err != nil {
			return Content{}, fmt.Errorf("html: %w", err)
		}
	}
	return content, nil
}

// stillCopied are those of the planned copies that would be planned now.
func (c *composer) stillCopied(planned, names []string) []string {
	if len(planned) == 0 {
		return nil
	}
	now := c.copies(c.firing, &c.n.Event, names, map[string]bool{})
	return slices.DeleteFunc(slices.Clone(planned), func(address string) bool {
		return !slices.ContainsFunc(now, func(other string) bool { return strings.EqualFold(address, other) })
	})
}

// unsubscribe is where the reader of a mail opts out, if they can. Its texts may say so.
func (c *composer) unsubscribe(links Links) string {
	if c.n.Security || c.firing.event.Critical || c.n.ContactID == "" {
		return ""
	}
	url := links.Unsubscribe(c.n.ContactID, c.n.Category)
	setText(c.data.Payload["recipient"].(map[string]any), "unsubscribeURL", url)
	return url
}

func (c *composer) banner(all []texts) (Content, error) {
	content := Content{Texts: make(map[string]string, len(all)), Invoice: c.invoice}
	own := c.data.Locale
	for _, t := range all {
		c.data.Locale = cmp.Or(t.locale, own)
		text, err := c.fill(t.text)
		if err != nil {
			return Content{}, err
		}
		content.Texts[t.locale] = text
	}
	return content, nil
}

func (c *composer) webhook(t texts) (Content, error) {
	delete(c.data.Payload, "recipient")
	if t.text == nil {
		e := c.n.Event
		e.At = c.n.plannedAt()
		body, err := cloudEvent(&e, c.data.Payload["event"].(map[string]any)["id"].(string), withoutLinks(c.firing.event.Fields, c.data.Payload))
		return Content{Body: body}, err
	}
	c.data.Payload["recipient"] = map[string]any{"hasPortal": false}
	body, err := c.fill(t.text)
	return Content{Body: []byte(body)}, err
}

// shortTexts are how long the texts of a payload may be, in characters, where a message
// would be too long with all of them.
var shortTexts = []int{1_000, 100, 30, 10}

// fill fills in a text. Where it comes to more than may be sent, or the link that has to be
// in it was cut off, the texts of the payload are shortened.
func (c *composer) fill(t *template.Template) (string, error) {
	text, err := t.Render(c.data)
	mustLink := c.link != "" && c.firing.spec.Type == typeSMS // alone these are cut
	for _, longest := range shortTexts {
		if err == nil && (!mustLink || strings.Contains(text, c.link)) {
			return text, nil
		}
		short := c.data
		short.Kept = nil // that is of the whole texts
		short.Payload = withTexts(c.firing.event.TemplateFields(), c.data.Payload, longest)
		text, err = t.Render(short)
	}
	if err == nil && mustLink && !strings.Contains(text, c.link) {
		room := max(template.MaxSMS-utf8.RuneCountInString(c.link)-len("... "), 0)
		text = string([]rune(text)[:min(room, utf8.RuneCountInString(text))]) + "... " + c.link
	}
	return text, err
}

// oneLine keeps a header from becoming several.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// noteOf is what staff read on a customer of whom an action keeps a note. What is about
// signing in is not repeated.
func noteOf(n *Notification, content Content) string {
	switch {
	case n.Channel == typeWebhook:
		return "Webhook " + n.Event.Type + " to " + n.Address
	case n.Channel == typeBanner:
		return "Banner: " + content.Texts[""]
	case n.Security:
		return n.Channel + " " + n.Event.Type + " to " + n.Address
	case n.Channel == typeSMS:
		return "SMS to " + n.Address + ": " + content.Text
	}
	return "Email to " + n.Address + ": " + content.Subject
}
