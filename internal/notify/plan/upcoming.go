package plan

import (
	"maps"
	"math/big"
	"slices"
	"time"
)

// Upcoming is what Due would give between two times if nothing changes: nobody pays, and
// the documents stay as they are. What waits for the end of quiet hours is due then.
func (r *Rules) Upcoming(a *Account, open []Invoice, dealt Dealt, from, to time.Time) []Notification {
	t := r.treat(a)
	m := r.match(unpaid, t.profile)
	then, known := *a, dealt
	dealt = make(Dealt, len(known))
	maps.Copy(dealt, known)
	var all []Notification
	for _, moment := range t.moments(m, open, from, to) {
		then.Owed = owedAt(a.Owed, open, dateOf(from, t.zone), dateOf(moment, t.zone))
		due := r.Due(&then, open, dealt, nil, moment)
		for i := range due {
			for _, o := range due[i].Occurrences {
				dealt.Add(o)
			}
			if until := t.quietUntil(&due[i], moment); due[i].Suppressed == "" && !until.IsZero() {
				due[i].DueAt = until
			}
		}
		all = append(all, due...)
	}
	return all
}

// moments are those between two times at which days of invoices come, and the first of the
// times, sorted.
func (t *treated) moments(m *matched, open []Invoice, from, to time.Time) []time.Time {
	all := []time.Time{from}
	last := dateOf(to, t.zone)
	first := dateOf(from, t.zone).AddDate(0, 0, -mostLate)
	for i := range open {
		earliest, latest := daysBetween(open[i].DueOn, first), daysBetween(open[i].DueOn, last)
		for _, channel := range m.slots {
			for _, s := range channel.slots {
				if s.day < earliest || s.day > latest {
					continue
				}
				if at := s.firing.schedule.moment(open[i].DueOn, s.day, t.zone); at.After(from) && !at.After(to) {
					all = append(all, at)
				}
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// mostOverdue is how many invoices [OwedIn] lists.
const mostOverdue = 50

// owedAt is what an account owes on a day, if nobody pays: as of an earlier day, and what
// falls overdue from then on.
func owedAt(owed Owed, open []Invoice, earlier, day time.Time) Owed {
	then := make(Owed, len(owed))
	for currency, in := range owed {
		in.Overdue = slices.Clone(in.Overdue)
		then[currency] = in
	}
	for i := range open {
		v := &open[i]
		if !v.Open || v.DueOn.Before(earlier) || !v.DueOn.Before(day) {
			continue
		}
		in := then[v.Currency]
		in.OverdueCount++
		in.OverdueBalance = new(big.Rat).Add(decimal(in.OverdueBalance), decimal(v.Balance)).FloatString(decimals)
		in.Overdue = append(in.Overdue, *v)
		then[v.Currency] = in
	}
	for currency, in := range then {
		slices.SortStableFunc(in.Overdue, func(a, b Invoice) int { return a.DueOn.Compare(b.DueOn) })
		in.Overdue = in.Overdue[:min(len(in.Overdue), mostOverdue)]
		then[currency] = in
	}
	return then
}

// decimals are those of amounts.
const decimals = 4
