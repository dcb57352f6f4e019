package plan

import (
	"cmp"
	"slices"
	"time"
)

// dueInvoice is an invoice of which a day is due for an action.
type dueInvoice struct {
	*Invoice
	firing  *firing
	channel *channelSlots
	day     int32
	moment  time.Time
}

func (d *dueInvoice) occurrence(address string) Occurrence {
	return Occurrence{unpaid, d.ID, dayName(d.day), d.firing.spec.Type, address}
}

// Due decides who is told of the open invoices of one account, now. happened is asked
// whether a day was dealt with already: with an empty Address by whomever it went to. What
// fell due before liveSince is recorded and not sent; nil: whatever fell due may be sent.
func (r *Rules) Due(a *Account, open []Invoice, happened func(Occurrence) bool, liveSince *time.Time, now time.Time) []Notification {
	t := r.treat(a)
	m := r.match(unpaid, t.profile)
	if len(m.slots) == 0 {
		return nil
	}
	groups := grouped(t.due(m, open, happened, now))
	var all []Notification
	for _, group := range groups {
		all = append(all, t.remind(group, liveSince, now)...)
	}
	return all
}

// due finds the invoices of which a day is due and was not dealt with, by channel.
func (t *treated) due(m *matched, open []Invoice, happened func(Occurrence) bool, now time.Time) []*dueInvoice {
	today := dateOf(now, t.zone)
	var found []*dueInvoice
	for i := range open {
		if !open[i].Open {
			continue
		}
		for c := range m.slots {
			channel := &m.slots[c]
			s, moment, is := channel.latest(open[i].DueOn, today, now, t.zone)
			if !is {
				continue
			}
			d := &dueInvoice{&open[i], s.firing, channel, s.day, moment}
			if !happened(d.occurrence(channel.url)) && t.meant(d, now) {
				found = append(found, d)
			}
		}
	}
	return found
}

// meant asks the condition of the template.
func (t *treated) meant(d *dueInvoice, now time.Time) bool {
	if d.firing.when == nil {
		return true
	}
	holds, err := d.firing.when.Holds(t.rules.unpaidPayload(t.unpaidEvent(d, now), t, d.Invoice, d.day))
	return err == nil && holds
}

func (t *treated) unpaidEvent(d *dueInvoice, now time.Time) *Event {
	return &Event{Type: unpaid, AccountID: t.account.ID, About: d.ID, At: now}
}

// grouped puts those together of which one message tells: all of an action that combines
// them, in one currency, which is that of the amounts of a message. The oldest is the first
// of its group.
func grouped(due []*dueInvoice) [][]*dueInvoice {
	type key struct {
		firing   *firing
		currency string
	}
	var groups [][]*dueInvoice
	places := map[key]int{}
	for _, d := range due {
		k := key{d.firing, d.Currency}
		place, known := places[k]
		if !d.firing.combines() || !known {
			places[k] = len(groups)
			groups = append(groups, []*dueInvoice{d})
			continue
		}
		groups[place] = append(groups[place], d)
	}
	for _, group := range groups {
		slices.SortStableFunc(group, func(a, b *dueInvoice) int { return cmp.Or(a.DueOn.Compare(b.DueOn), cmp.Compare(a.ID, b.ID)) })
	}
	return groups
}

// remind makes the notifications of one action for invoices of which one message tells.
func (t *treated) remind(group []*dueInvoice, liveSince *time.Time, now time.Time) []Notification {
	before := func(d *dueInvoice) bool { return liveSince != nil && d.moment.Before(*liveSince) }
	late := slices.DeleteFunc(slices.Clone(group), func(d *dueInvoice) bool { return !before(d) })
	live := slices.DeleteFunc(group, before)
	return append(t.told(late, BeforeGoLive, now), t.told(live, "", now)...)
}

// refusesReminder says why nobody is told of invoices.
func (t *treated) refusesReminder(f *firing, invoices []*Invoice, now time.Time) Reason {
	refused := t.remindersOff(now)
	if refused == "" && t.belowMinimum(f, invoices) {
		refused = BelowMinimum
	}
	return refused
}

// told makes the notifications that tell of invoices. otherwise is why nobody is told if
// there is no other reason.
func (t *treated) told(group []*dueInvoice, otherwise Reason, now time.Time) []Notification {
	if len(group) == 0 {
		return nil
	}
	invoices := make([]*Invoice, len(group))
	for i, one := range group {
		invoices[i] = one.Invoice
	}
	d := group[0]
	refused := cmp.Or(t.refusesReminder(d.firing, invoices, now), otherwise)
	n := t.notification(d.firing, t.unpaidEvent(d, now), d.moment)
	invoice := *d.Invoice
	n.Invoice, n.Day, n.Suppressed = &invoice, d.day, refused
	all := t.addressed(d.firing, n)
	for i := range all {
		all[i].Occurrences = make([]Occurrence, len(group))
		for j, one := range group {
			all[i].Occurrences[j] = one.occurrence(all[i].Address)
		}
	}
	return withoutRepeats(all)
}
