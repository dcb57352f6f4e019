package plan

import (
	"slices"
	"strings"
	"time"
)

// Guard is asked again right before a notification is sent: why it is not sent any more, or
// until when it waits; neither: it goes.
func (r *Rules) Guard(n Notification, a *Account, now time.Time) (Reason, time.Time) {
	t := r.treatFor(&n.Event, a)
	f, err := t.find(&n)
	if err != nil {
		return Obsolete, time.Time{}
	}
	if reason := t.refusesNow(f, &n, now); reason != "" {
		return reason, time.Time{}
	}
	return "", t.quietUntil(&n, now)
}

// refusesNow says why what was planned is not sent: people, accounts and invoices change.
func (t *treated) refusesNow(f *firing, n *Notification, now time.Time) Reason {
	if f.carriesLink() && !n.Event.Link.works(now) {
		return Over
	}
	if reason := t.refusesRecipient(f, n); reason != "" {
		return reason
	}
	if f.event.Name == unpaid {
		return t.refusesUnpaid(f, n, now)
	}
	if f.when != nil {
		if holds, err := f.when.Holds(t.rules.payload(&f.event, &n.Event, t)); err != nil || !holds {
			return Obsolete
		}
	}
	return ""
}

// refusesRecipient says why the recipient of a notification is not told any more.
func (t *treated) refusesRecipient(f *firing, n *Notification) Reason {
	if c := t.account.contact(n.ContactID); c != nil {
		if reason := t.refuses(&f.event, c, n.Channel); reason != "" {
			return reason
		}
	} else if n.ContactID != "" && !n.Security {
		return NoAddress // the person is no contact of the account any more
	}
	r, told := t.told(f, n)
	switch {
	case !told:
		return Obsolete // the action is for others
	case n.ContactID == "":
		return r.refused // a template names the address, and now it is a contact's as well
	}
	return ""
}

// Moved says where a notification goes whose contact has another address than when it was
// planned, by what would be recorded of that one: a day of an invoice is without its date. No
// address: it goes where it was to.
func (r *Rules) Moved(n Notification, a *Account) (to Occurrence) {
	if n.Security || n.ContactID == "" || n.Channel != typeEmail && n.Channel != typeSMS {
		return to
	}
	t := r.treatFor(&n.Event, a)
	c := t.account.contact(n.ContactID)
	if c == nil || n.Channel == typeEmail && slices.ContainsFunc(mailAddresses(c.Email), n.isTo) {
		return to // so it is with nearly all
	}
	f, err := t.find(&n)
	if err != nil {
		return to
	}
	now, told := t.told(f, &n)
	if !told || now.address == "" || n.isTo(now.address) {
		return to
	}
	to = Occurrence{n.Event.Type, n.Event.About, n.Event.occurrence(), f.spec.Type, now.address}
	if f.event.Anchor != "" {
		to.Occurrence = slotPrefix(n.Day)
	}
	return to
}

func (n *Notification) isTo(address string) bool { return strings.EqualFold(n.Address, address) }

// told finds the recipient of a notification among those whom an action is for now: who has
// its address, or else its contact at another one. Who was told of their own sign-in is told
// of it at the address that they had then: whoever changes it must not keep that from them.
func (t *treated) told(f *firing, n *Notification) (recipient, bool) {
	switch {
	case n.Channel != typeEmail && n.Channel != typeSMS:
		return recipient{}, true
	case f.event.RequiredLink != "":
		return recipient{}, n.Event.Link != nil && slices.Contains(n.Event.Link.Addresses, n.Address)
	case isPersonal(f.event.Name):
		return recipient{}, true
	case n.Channel == typeEmail && f.spec.SMS != nil:
		f = f.byMail()
	}
	all := t.recipients(f, &n.Event)
	i := slices.IndexFunc(all, func(r recipient) bool { return r.channel == n.Channel && n.isTo(r.address) })
	if i < 0 && n.ContactID != "" && !n.Security {
		i = slices.IndexFunc(all, func(r recipient) bool {
			return r.channel == n.Channel && r.contactID() == n.ContactID && r.address != ""
		})
	}
	if i < 0 {
		return recipient{}, false
	}
	return all[i], true
}

// refusesUnpaid says why nobody is told of an invoice any more.
func (t *treated) refusesUnpaid(f *firing, n *Notification, now time.Time) Reason {
	d, reason := t.stillOwed(f, n)
	if d == nil {
		return reason
	}
	owed := decimal(d.Balance)
	if f.combines() && f.days[0] <= 0 {
		// The others that it tells of need not be overdue. Of them it is known what they come to
		// at most.
		owed = decimal(t.account.Owed[d.Currency].OpenBalance)
	}
	if reason := t.refusesReminder(f, d.Currency, owed, now); reason != "" {
		return reason
	}
	if !t.meant(d, n.plannedAt()) { // of the facts of now, and the day that it tells of
		return Obsolete
	}
	return ""
}

// sameSweep is how far the moments of invoices can be before the sweep that told of them
// together: those of another one are a day away, of which the shortest has 23 hours.
const sameSweep = 23 * time.Hour

// stillOwed is the invoice that a reminder is about: its own, or, where one message is
// about all and that was paid, the oldest of the others; nil: none, and why.
func (t *treated) stillOwed(f *firing, n *Notification) (*dueInvoice, Reason) {
	if n.Invoice == nil {
		return nil, Paid
	}
	planned, reason := n.plannedAt(), Paid
	if n.Invoice.Open && decimal(n.Invoice.Balance).Sign() > 0 {
		if !n.Invoice.DueOn.AddDate(0, 0, int(n.Day)).After(dateOf(planned, t.zone)) {
			return &dueInvoice{Invoice: n.Invoice, firing: f, day: n.Day}, ""
		}
		reason = Obsolete // its due date was put off: the day comes again
	}
	if !f.combines() {
		return nil, reason
	}
	overdue := t.account.Owed[n.Invoice.Currency].Overdue
	for _, channel := range t.rules.match(unpaid, t.profile).slots {
		for i := range overdue {
			s, moment, due := channel.latest(overdue[i].DueOn, dateOf(planned, t.zone), planned, t.zone)
			if due && s.firing == f && planned.Sub(moment) < sameSweep {
				return &dueInvoice{Invoice: &overdue[i], firing: f, day: s.day}, ""
			}
		}
	}
	return nil, reason
}

// plannedAt is when a notification of a dated event was planned, as far as it is known.
func (n *Notification) plannedAt() time.Time {
	if n.Event.At.IsZero() {
		return n.DueAt
	}
	return n.Event.At
}
