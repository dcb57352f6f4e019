package plan

import (
	"cmp"
	"iter"
	"math/big"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/config"
)

// dueInvoice is an invoice of which a day is due for an action.
type dueInvoice struct {
	*Invoice
	firing *firing
	day    int32
	moment time.Time
}

func (d *dueInvoice) occurrence(address string) Occurrence {
	return Occurrence{unpaid, d.ID, slotName(d.day, d.DueOn), d.firing.spec.Type, address}
}

// Asks says whether a day of an invoice is due that was not dealt with: it is not of most
// accounts, and this needs nothing else of them.
func (r *Rules) Asks(a config.Account, open []Invoice, dealt Dealt, now time.Time) bool {
	t := r.treat(&Account{Account: a})
	for range t.fresh(open, dealt, now) {
		return true
	}
	return false
}

// Due decides who is told of the open invoices of one account, now. What fell due before
// liveSince is recorded and not sent; nil: whatever fell due may be sent.
func (r *Rules) Due(a *Account, open []Invoice, dealt Dealt, liveSince *time.Time, now time.Time) []Notification {
	t := r.treat(a)
	var due []*dueInvoice
	for d := range t.fresh(open, dealt, now) {
		if t.meant(d, now) {
			due = append(due, d)
		}
	}
	groups := grouped(due)
	var all []Notification
	for _, group := range groups {
		all = append(all, t.remind(group, liveSince, now)...)
	}
	return all
}

// fresh finds the invoices of which a day is due and was not dealt with, by channel.
func (t *treated) fresh(open []Invoice, dealt Dealt, now time.Time) iter.Seq[*dueInvoice] {
	slots, today := t.rules.match(unpaid, t.profile).slots, dateOf(now, t.zone)
	return func(yield func(*dueInvoice) bool) {
		for i := range open {
			if !open[i].Open {
				continue
			}
			for c := range slots {
				channel := &slots[c]
				s, moment, is := channel.latest(open[i].DueOn, today, now, t.zone)
				if !is {
					continue
				}
				by := dealtBy{open[i].ID, s.firing.spec.Type, channel.url}
				if dealt.with(by, open[i].DueOn.AddDate(0, 0, int(s.day))) {
					continue
				}
				if !yield(&dueInvoice{&open[i], s.firing, s.day, moment}) {
					return
				}
			}
		}
	}
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
	var all []Notification
	for _, otherwise := range []Reason{BeforeGoLive, Backdated, ""} {
		part := slices.DeleteFunc(slices.Clone(group), func(d *dueInvoice) bool { return d.tooEarly(liveSince) != otherwise })
		all = append(all, t.tell(part, otherwise, now)...)
	}
	return all
}

// tooEarly says why nobody is told of a day that had come before anybody could be told.
func (d *dueInvoice) tooEarly(liveSince *time.Time) Reason {
	switch {
	case liveSince != nil && d.moment.Before(*liveSince):
		return BeforeGoLive
	case d.moment.Before(d.CreatedAt):
		return Backdated
	}
	return ""
}

// refusesReminder says why nobody is told of what is owed.
func (t *treated) refusesReminder(f *firing, currency string, owed *big.Rat, now time.Time) Reason {
	refused := t.remindersOff(now)
	if refused == "" && t.belowMinimum(f, currency, owed) {
		refused = BelowMinimum
	}
	return refused
}

// tell makes the notifications that tell of invoices. otherwise is why nobody is told if
// there is no other reason.
func (t *treated) tell(group []*dueInvoice, otherwise Reason, now time.Time) []Notification {
	if len(group) == 0 {
		return nil
	}
	owed := new(big.Rat)
	for _, one := range group {
		owed.Add(owed, decimal(one.Balance))
	}
	d := group[0]
	refused := cmp.Or(t.refusesReminder(d.firing, d.Currency, owed, now), otherwise)
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
