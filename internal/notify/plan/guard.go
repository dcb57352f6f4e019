package plan

import "time"

// Guard is asked again right before a notification is sent: why it is not sent any more, or
// until when it waits; neither: it goes.
func (r *Rules) Guard(n Notification, a *Account, now time.Time) (Reason, time.Time) {
	t := r.treatFor(&n.Event, a)
	f, err := r.find(&n, t.profile)
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
	if c := t.account.contact(n.ContactID); c != nil {
		if reason := t.refuses(&f.event, c, n.Channel); reason != "" {
			return reason
		}
	} else if n.ContactID != "" && !n.Security {
		return NoAddress // the person is no contact of the account any more
	}
	if f.event.Name != unpaid {
		return ""
	}
	d := t.stillOwed(f, n)
	if d == nil {
		return Paid
	}
	if reason := t.refusesReminder(f, []*Invoice{d.Invoice}, now); reason != "" {
		return reason
	}
	if !t.meant(d, now) {
		return Obsolete
	}
	return ""
}

// sameSweep is how far the moments of invoices can be before the sweep that told of them
// together: those of another one are a day away, of which the shortest has 23 hours.
const sameSweep = 23 * time.Hour

// stillOwed is the invoice that a reminder is about: its own, or, where one message is
// about all and that was paid, the oldest of the others; nil: nothing is owed any more.
func (t *treated) stillOwed(f *firing, n *Notification) *dueInvoice {
	if n.Invoice == nil {
		return nil
	}
	if n.Invoice.Open && decimal(n.Invoice.Balance).Sign() > 0 {
		return &dueInvoice{Invoice: n.Invoice, firing: f, day: n.Day}
	}
	if !f.combines() {
		return nil
	}
	planned := n.plannedAt()
	overdue := t.account.Owed[n.Invoice.Currency].Overdue
	for _, channel := range t.rules.match(unpaid, t.profile).slots {
		for i := range overdue {
			s, moment, due := channel.latest(overdue[i].DueOn, dateOf(planned, t.zone), planned, t.zone)
			if due && s.firing == f && planned.Sub(moment) < sameSweep {
				return &dueInvoice{Invoice: &overdue[i], firing: f, day: s.day}
			}
		}
	}
	return nil
}

// plannedAt is when a notification of a dated event was planned, as far as it is known.
func (n *Notification) plannedAt() time.Time {
	if n.Event.At.IsZero() {
		return n.DueAt
	}
	return n.Event.At
}
