package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// The roles that a template can name as recipients. Any other text is an address.
const (
	rolePrimary   = "Primary"
	roleSecondary = "Secondary"
	roleBilling   = "Billing"
	roleTechnical = "Technical"
	roleOwner     = "Owner"
	roleInitiator = "Initiator"
)

// fallback is who stands in for a role that nobody has.
var fallback = map[string]string{roleBilling: rolePrimary, rolePrimary: roleOwner}

// recipient is one address that a message goes to, or would go to.
type recipient struct {
	contact *Contact // nil: a template names the address, or the person is no contact any more
	channel string
	address string
	place   int // in Event.Link
	refused Reason
}

func (r recipient) contactID() string {
	if r.contact == nil {
		return ""
	}
	return r.contact.ID
}

// recipients finds whom an action is for, each address once, sorted. There is always one:
// without anybody it is one without an address.
func (t *treated) recipients(f *firing, e *Event) []recipient {
	var found []recipient
	switch {
	case f.event.RequiredLink != "":
		found = linkRecipients(f, e, t.account)
	case isPersonal(f.event.Name):
		found = t.personRecipients(f, e)
	default:
		for _, name := range f.to() {
			found = append(found, t.named(f, e, name)...)
		}
	}
	found = distinct(found)
	if len(found) == 0 {
		return []recipient{{channel: f.spec.Type, refused: NoAddress}}
	}
	return found
}

// to are the recipients that a template names.
func (f *firing) to() []string {
	if f.spec.SMS != nil {
		return f.spec.SMS.To
	}
	return f.spec.Email.To
}

// byMail is an action for text messages as it is for those who have no number.
func (f *firing) byMail() *firing {
	a := *f.action
	a.spec.Type, a.spec.Email, a.spec.SMS = typeEmail, &config.Email{To: f.spec.SMS.To}, nil
	return &firing{&a, f.days}
}

// withoutAuthor leaves those out who wrote a message to a ticket themselves.
func withoutAuthor(e *Event, recipients []recipient) []recipient {
	if e.Type != "ticket.replied" || e.ContactID == "" {
		return recipients
	}
	return slices.DeleteFunc(recipients, func(r recipient) bool { return r.contactID() == e.ContactID })
}

// linkRecipients are those whom the secret link was made for, whatever the template says:
// nobody else may have it. It was made for mail addresses, so a text message of it goes to
// nobody: whoever changes a number would have the sign-in.
func linkRecipients(f *firing, e *Event, a *Account) []recipient {
	if e.Link == nil || f.spec.SMS != nil && f.spec.SMS.Fallback != typeEmail {
		return nil
	}
	var found []recipient
	for place, address := range e.Link.Addresses {
		if settings.IsEmail(address) {
			found = append(found, recipient{contact: a.contact(e.Link.ContactID), channel: typeEmail, address: address, place: place})
		}
	}
	return found
}

// previousEmail is the text of an event of Foyer's own with further addresses.
const previousEmail = "previousEmail"

// isPersonal says whether an event is about the sign-in of one person, whom it tells and
// nobody else.
func isPersonal(event string) bool { return strings.HasPrefix(event, "portal.") }

// personRecipients are the addresses of the contact that the event is about, and those that
// they had before it, which the event says: who is behind the new one may be somebody else.
// Of a contact that was deleted they may be known by the username.
func (t *treated) personRecipients(f *firing, e *Event) []recipient {
	c := t.account.contact(e.About)
	var found []recipient
	if c != nil {
		found = t.ofContact(f, c)
	}
	if f.spec.SMS == nil || f.spec.SMS.Fallback == typeEmail {
		for _, address := range e.before() {
			// It is not the contact's any more: who deletes that takes no mail to it back.
			found = append(found, recipient{channel: typeEmail, address: address})
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, object := range []string{"access", "credential"} {
		data, _ := e.Data[object].(map[string]any)
		if username, _ := data["username"].(string); settings.IsEmail(username) && f.spec.SMS == nil {
			return []recipient{{channel: typeEmail, address: username}}
		}
	}
	return nil
}

// before are the addresses that a person had before an event.
func (e *Event) before() []string {
	previous, _ := e.Data[previousEmail].(string)
	if e.Source != sourceFoyer {
		return nil
	}
	return mailAddresses(previous)
}

// isBefore says whether a notification goes to an address that is the person's no more.
func (n *Notification) isBefore() bool {
	return n.ContactID == "" && isPersonal(n.Event.Type) && slices.ContainsFunc(n.Event.before(), n.isTo)
}

// named are the recipients by one of the names of a template: a role, or an address.
func (t *treated) named(f *firing, e *Event, name string) []recipient {
	contacts, isRole := t.inRole(e, name)
	if !isRole {
		return []recipient{{channel: f.spec.Type, address: name}}
	}
	var found []recipient
	for _, c := range contacts {
		found = append(found, t.ofContact(f, c)...)
	}
	return found
}

// inRole finds the contacts of a role, or of the one that stands in for it.
func (t *treated) inRole(e *Event, role string) (contacts []*Contact, isRole bool) {
	switch role {
	case roleInitiator:
		if c := t.account.contact(cmp.Or(e.Opener, e.ContactID)); c != nil {
			contacts = append(contacts, c)
		}
		return contacts, true
	case rolePrimary, roleSecondary, roleBilling, roleTechnical, roleOwner:
	default:
		return nil, false
	}
	for ; role != "" && len(contacts) == 0; role = fallback[role] {
		for i := range t.account.Contacts {
			c := &t.account.Contacts[i]
			if role == roleOwner && c.Owner || slices.Contains(c.Roles, role) {
				contacts = append(contacts, c)
			}
		}
	}
	return contacts, true
}

// contact finds a contact by its id.
func (a *Account) contact(id string) *Contact {
	if id == "" {
		return nil
	}
	i := slices.IndexFunc(a.Contacts, func(c Contact) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &a.Contacts[i]
}

// ofContact are the addresses of a person by the channel of an action, each with the reason
// why it is not used. A person without one is one recipient without an address.
func (t *treated) ofContact(f *firing, c *Contact) []recipient {
	channel := f.spec.Type
	if channel == typeSMS {
		refused := t.refuses(&f.event, c, typeSMS)
		if number, ok := t.mobile(c.Phone); ok || refused != "" {
			return []recipient{{contact: c, channel: typeSMS, address: number, refused: refused}}
		}
		if f.spec.SMS.Fallback != typeEmail {
			return []recipient{{contact: c, channel: typeSMS, refused: NoAddress}}
		}
		channel = typeEmail
	}
	refused := t.refuses(&f.event, c, channel)
	var found []recipient
	for _, address := range mailAddresses(c.Email) {
		found = append(found, recipient{contact: c, channel: channel, address: address, refused: refused})
	}
	if len(found) == 0 {
		return []recipient{{contact: c, channel: channel, refused: cmp.Or(addressless(refused), NoAddress)}}
	}
	return found
}

// addressless is a reason that is asked before whether there is an address.
func addressless(refused Reason) Reason {
	if refused == Unverified {
		return ""
	}
	return refused
}

// mailAddresses are those of a contact, of which a primary one may have several.
func mailAddresses(email string) []string {
	var found []string
	for address := range strings.SplitSeq(email, ";") {
		if address = strings.TrimSpace(address); settings.IsEmail(address) {
			found = append(found, address)
		}
	}
	return found
}

// distinct sorts recipients by their addresses and keeps one of each address: of several
// people one who wants the message, and what these say counts more than that a template
// names the address. People without an address come last.
func distinct(found []recipient) []recipient {
	slices.SortStableFunc(found, func(a, b recipient) int {
		return cmp.Or(
			strings.Compare(a.key(), b.key()),
			cmp.Compare(a.rank(), b.rank()),
			strings.Compare(a.contactID(), b.contactID()),
		)
	})
	return slices.CompactFunc(found, func(a, b recipient) bool { return a.key() == b.key() })
}

func (r recipient) rank() int {
	switch {
	case r.contact == nil:
		return 2
	case r.refused != "":
		return 1
	}
	return 0
}

// key is the same for what is one recipient.
func (r recipient) key() string {
	if r.address == "" {
		return "\U0010ffff" + r.contactID()
	}
	return strings.ToLower(r.address)
}

// copies are the addresses of CC or BCC: those that nothing keeps a mail from, without
// those that have it already.
func (t *treated) copies(f *firing, e *Event, names []string, have map[string]bool) []string {
	if f.spec.Email == nil || f.event.RequiredLink != "" || isPersonal(f.event.Name) {
		return nil
	}
	var found []recipient
	for _, name := range names {
		found = append(found, t.named(f, e, name)...)
	}
	var addresses []string
	for _, r := range distinct(found) {
		if r.address != "" && r.refused == "" && !have[r.key()] {
			have[r.key()] = true
			addresses = append(addresses, r.address)
		}
	}
	return addresses
}
