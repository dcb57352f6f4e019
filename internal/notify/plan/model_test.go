package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

// The model says what a tenant's customers are told in a year of what they owe, as slowly
// and simply as possible. It shares the world with what it is compared with (world_test.go),
// and no code: time is counted in minutes, the clocks of a zone are a table of every minute,
// money is in cents, every day of every action is looked at each time.

// clocks is what the clocks of a zone show: the first minute at which they show a minute of
// their own or a later one, and the day that they show in each minute.
type clocks struct {
	first []int32 // by local minute
	day   []int32 // by minute
}

// margin is how many days before the year and after it the table has.
const margin = 150

func newClocks(zone *time.Location) *clocks {
	total := (yearDays + 2*margin) * 1440
	c := &clocks{first: make([]int32, total+1440), day: make([]int32, total)}
	shown := 0
	for minute := range total {
		local := epoch.Add(time.Duration(minute-margin*1440) * time.Minute).In(zone)
		_, offset := local.Zone()
		at := minute + offset/60
		c.day[minute] = int32(floorDiv(at, 1440) - margin)
		for ; shown <= at; shown++ {
			if shown < len(c.first) {
				c.first[shown] = int32(minute - margin*1440)
			}
		}
	}
	return c
}

func floorDiv(a, b int) int {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

func (c *clocks) dayAt(minute int) int { return int(c.day[minute+margin*1440]) }

// moment is when an action's day comes, in minutes.
func (c *clocks) moment(due, day int, a *simAction) int {
	fires := due + day
	if a.business {
		switch weekday := floorMod(fires+epochWeekday, 7); weekday {
		case 6:
			fires += 2
		case 0:
			fires++
		}
	}
	return int(c.first[(fires+margin)*1440+a.at])
}

func floorMod(a, b int) int { return a - floorDiv(a, b)*b }

// model follows one account.
type model struct {
	world   *world
	account *simAccount
	clocks  *clocks
	dealt   map[string]int // the latest day that was dealt with, by invoice and channel
	lines   []string
}

func (m *model) run() []string {
	alarms := map[int]bool{m.world.live: true}
	for _, v := range m.account.invoices {
		for _, version := range m.world.versions {
			for _, actions := range version.actions {
				for i := range actions {
					for _, day := range actions[i].allDays() {
						for _, due := range v.dues {
							alarms[m.clocks.moment(due.day, day, &actions[i])] = true
						}
					}
				}
			}
		}
		for _, p := range v.payments {
			alarms[p.minute] = true
		}
		for _, due := range v.dues {
			alarms[due.from] = true
		}
		alarms[v.created] = true
	}
	for _, version := range m.world.versions {
		alarms[version.from] = true
	}
	for _, s := range m.account.states {
		alarms[s.from] = true
	}
	for _, out := range m.world.outages {
		alarms[out[1]] = true
	}
	byDay := map[int][]int{}
	for minute := range alarms {
		byDay[floorDiv(minute, 1440)] = append(byDay[floorDiv(minute, 1440)], minute)
	}
	for day := range yearDays {
		minutes := append(byDay[day], day*1440, int(m.clocks.first[(day+margin)*1440])) // local midnight: other invoices fall overdue
		sort.Ints(minutes)
		for _, minute := range slices.Compact(minutes) {
			if minute >= m.world.live && !m.world.isOut(minute) {
				m.sweep(minute)
			}
		}
	}
	return m.lines
}

// found is a day of an invoice that is to be told now.
type found struct {
	invoice *simInvoice
	action  *simAction
	due     int
	day     int
	moment  int
}

func (m *model) sweep(minute int) {
	state := m.account.stateAt(minute)
	actions := m.world.versionAt(minute).actions[state.profile]
	byChannel := map[string][]*simAction{}
	var channels []string
	for i := range actions {
		key := actions[i].channel + actions[i].url
		if byChannel[key] == nil {
			channels = append(channels, key)
		}
		byChannel[key] = append(byChannel[key], &actions[i])
	}
	var all []found
	for _, v := range m.account.invoices {
		if v.balance(minute) <= 0 || minute < v.created {
			continue
		}
		for _, channel := range channels {
			due := v.dueAt(minute)
			best := found{moment: -1 << 30}
			for _, a := range byChannel[channel] {
				for _, day := range a.allDays() {
					at := m.clocks.moment(due, day, a)
					if at <= minute && (at > best.moment || at == best.moment && day > best.day) {
						best = found{v, a, due, day, at}
					}
				}
			}
			if best.invoice == nil || minute-best.moment > 72*60 || m.wasDealtWith(best) || !m.holds(best, minute) {
				continue
			}
			all = append(all, best)
		}
	}
	for len(all) > 0 {
		group := []found{all[0]}
		rest := all[:0:0]
		for _, f := range all[1:] {
			if f.action == all[0].action && f.action.combine && f.invoice.currency == all[0].invoice.currency {
				group = append(group, f)
			} else {
				rest = append(rest, f)
			}
		}
		all = rest
		m.tell(group, state, minute)
	}
}

func (f found) key() string { return fmt.Sprint(f.invoice.id, " ", f.action.channel, f.action.url) }

// wasDealtWith: this day or a later one was.
func (m *model) wasDealtWith(f found) bool {
	until, known := m.dealt[f.key()]
	return known && f.due+f.day <= until
}

// overdue is what of the account is late on the day of a minute, in a currency.
func (m *model) overdue(minute int, currency string) (count, cents int) {
	today := m.clocks.dayAt(minute)
	for _, v := range m.account.invoices {
		if v.currency == currency && v.dueAt(minute) < today && minute >= v.created && v.balance(minute) > 0 {
			count++
			cents += v.balance(minute)
		}
	}
	return count, cents
}

func (m *model) holds(f found, minute int) bool {
	if f.action.holds == nil {
		return true
	}
	count, _ := m.overdue(minute, f.invoice.currency)
	return f.action.holds(f.invoice.balance(minute), m.clocks.dayAt(minute)-f.due, count)
}

// tell writes down what becomes of invoices of which one message tells.
func (m *model) tell(group []found, state *simState, minute int) {
	var late, backdated, live []found
	for _, f := range group {
		switch {
		case f.moment < m.world.live:
			late = append(late, f)
		case f.moment < f.invoice.created:
			backdated = append(backdated, f)
		default:
			live = append(live, f)
		}
	}
	for i, part := range [][]found{late, backdated, live} {
		if len(part) == 0 {
			continue
		}
		reason := m.reason(part, state, minute)
		if reason == "" {
			reason = []string{"beforeGoLive", "backdated", ""}[i]
		}
		var names []string
		for _, f := range part {
			if until, known := m.dealt[f.key()]; !known || f.due+f.day > until {
				m.dealt[f.key()] = f.due + f.day
			}
			names = append(names, fmt.Sprint(f.invoice.id, "@", f.day, "@", epoch.AddDate(0, 0, f.due).Format(time.DateOnly)))
		}
		sort.Strings(names)
		prefix := fmt.Sprintf("%s %d %s %s%s", m.account.id, minute, strings.Join(names, "+"), part[0].action.channel, part[0].action.url)
		m.lines = append(m.lines, m.recipients(prefix, part[0].action, state, reason)...)
	}
}

func (m *model) reason(group []found, state *simState, minute int) string {
	cents := 0
	for _, f := range group {
		cents += f.invoice.balance(minute)
	}
	currency := group[0].invoice.currency
	if _, overdue := m.overdue(minute, currency); group[0].action.combine && overdue > cents {
		cents = overdue
	}
	switch {
	case state.remindersOff:
		return "disabled"
	case state.pausedUntil >= 0 && m.clocks.dayAt(minute) <= state.pausedUntil:
		return "paused"
	case state.disputed:
		return "disputed"
	case currency == "EUR" && cents < m.world.minimum[state.profile]:
		return "belowMinimum"
	}
	return ""
}

// recipients are a line for each of them.
func (m *model) recipients(prefix string, a *simAction, state *simState, reason string) []string {
	if a.channel == "Webhook" || a.channel == "Banner" {
		return []string{prefix + " " + reason}
	}
	if reason != "" {
		return []string{prefix + " " + reason}
	}
	people := state.contacts
	var chosen []simContact
	for _, has := range []func(simContact) bool{
		func(c simContact) bool { return c.billing }, func(c simContact) bool { return c.primary }, func(c simContact) bool { return c.owner },
	} {
		for _, c := range people {
			if has(c) {
				chosen = append(chosen, c)
			}
		}
		if len(chosen) > 0 {
			break
		}
	}
	lines := map[string]bool{}
	for _, c := range chosen {
		for _, line := range m.person(a, c, state) {
			lines[prefix+line] = true
		}
	}
	if len(lines) == 0 {
		lines[prefix+" noAddress"] = true
	}
	var all []string
	for line := range lines {
		all = append(all, line)
	}
	return all
}

// person is what becomes of a message to one contact.
func (m *model) person(a *simAction, c simContact, state *simState) []string {
	byMail := a.channel == "Email"
	if !byMail {
		to := " " + c.phone
		if c.phone == "" {
			to = " " + c.id
		}
		switch {
		case state.smsOff:
			return []string{to + " disabled"}
		case c.optedOut:
			return []string{to + " optedOut"}
		case state.smsAsks && !state.smsGranted:
			return []string{to + " noConsent"}
		case c.phone != "":
			return []string{to + " "}
		case !a.fallback:
			return []string{to + " noAddress"}
		}
	}
	reason := ""
	switch {
	case state.mailOff:
		reason = "disabled"
	case c.optedOut:
		reason = "optedOut"
	case len(c.mails) == 0:
		reason = "noAddress"
	case state.verifiedOnly && !c.verified:
		reason = "unverified"
	}
	if len(c.mails) == 0 {
		return []string{" " + c.id + " " + reason}
	}
	var lines []string
	for _, mail := range c.mails {
		lines = append(lines, " "+mail+" "+reason)
	}
	return lines
}

// TestYear follows 10,000 accounts through a leap year, with daylight-saving changes of
// many zones, month ends, payments, pauses, disputes, changed profiles and templates, due
// dates that are moved, invoices that are written late and down times, and compares all that
// is told with the model.
func TestYear(t *testing.T) {
	accounts := 10_000
	if testing.Short() {
		accounts = 500
	}
	w := newWorld(t, accounts)
	tables := make([]*clocks, len(w.zones))
	for i, zone := range w.zones {
		tables[i] = newClocks(zone)
	}
	totals := map[string]int{}
	differences := 0
	began := time.Now()
	var planning, modelling time.Duration
	for i := range w.accounts {
		a := &w.accounts[i]
		start := time.Now()
		got := w.simulate(a)
		planning += time.Since(start)
		start = time.Now()
		want := (&model{world: w, account: a, clocks: tables[a.zone], dealt: map[string]int{}}).run()
		modelling += time.Since(start)
		for k, lines := range [][]string{tidy(got), tidy(want)} {
			for _, line := range lines {
				totals[[]string{"planned ", "model "}[k]+kindOf(line)]++
			}
		}
		if diff := difference(tidy(want), tidy(got)); diff != "" {
			if differences++; differences <= 3 {
				t.Errorf("%s in %s (-model +planned):\n%s\n%+v", a.id, w.zones[a.zone], diff, *a)
			}
		}
	}
	if differences > 0 {
		t.Errorf("%d accounts differ", differences)
	}
	for kind, least := range w.least(accounts) {
		if got := totals["planned "+kind]; got < least || got != totals["model "+kind] {
			t.Errorf("%s: %d planned, %d by the model, at least %d expected: the year has too little in it", kind, got, totals["model "+kind], least)
		}
	}
	t.Logf("%d accounts in %s: planning %s, the model %s; %v", accounts, time.Since(began).Round(time.Millisecond), planning.Round(time.Millisecond), modelling.Round(time.Millisecond), totals)
}

// tidy sorts what is told and leaves spaces out that stand for nothing.
func tidy(lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = strings.Join(strings.Fields(line), " ")
	}
	sort.Strings(all)
	return all
}

// kindOf is the channel, and the reason if there is one.
func kindOf(line string) string {
	words := strings.Fields(line)
	channel, _, _ := strings.Cut(words[3], "https")
	if len(words) > 4 && !strings.ContainsAny(words[len(words)-1], "@+") {
		return channel + " " + words[len(words)-1]
	}
	return channel
}

func difference(want, got []string) string {
	var lines []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, "+ "+line)
		}
	}
	if len(lines) == 0 && len(want) != len(got) {
		return "the same line several times"
	}
	return strings.Join(lines, "\n")
}
