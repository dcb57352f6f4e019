package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// The year of the simulation has a 29th of February.
const (
	yearDays     = 366
	epochWeekday = 6 // 1 January 2028 is a Saturday
)

var epoch = time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC)

// world is a tenant and all that happens to its accounts in a year. Minutes and days are
// those since the epoch; days are dates, of no zone.
type world struct {
	zones    []*time.Location
	versions []simVersion // of the documents
	live     int          // the minute in which the tenant went live
	outages  [][2]int     // minutes in which there are no sweeps: from, to before
	minimum  map[string]int
	accounts []simAccount
}

type simVersion struct {
	from    int
	actions map[string][]simAction // by account profile
	rules   *Rules
}

// simAction is an action of invoice.unpaid.
type simAction struct {
	template, name, channel, url string
	days                         []int
	every, repeats               int
	at                           int // minute of the day
	business, combine, fallback  bool
	when                         string
	holds                        func(cents, daysOverdue, overdueCount int) bool // the same
}

func (a *simAction) allDays() []int {
	all := slices.Clone(a.days)
	for i := range a.repeats {
		all = append(all, a.days[len(a.days)-1]+(i+1)*a.every)
	}
	return all
}

type simAccount struct {
	id       string
	zone     int
	states   []simState // by from
	invoices []*simInvoice
}

type simState struct {
	from                                                                       int
	profile                                                                    string
	remindersOff, disputed, mailOff, smsOff, smsAsks, smsGranted, verifiedOnly bool
	pausedUntil                                                                int // day; -1: never
	contacts                                                                   []simContact
}

type simContact struct {
	id                                          string
	mails                                       []string
	phone                                       string
	billing, primary, owner, optedOut, verified bool
}

type simInvoice struct {
	id       string
	issued   int
	created  int      // the minute in which it is written, at the earliest when it is issued
	dues     []simDue // by from
	cents    int
	currency string
	payments []simPayment
}

// simDue is the due date from a minute on.
type simDue struct{ from, day int }

func (v *simInvoice) dueAt(minute int) int {
	day := v.dues[0].day
	for _, due := range v.dues {
		if due.from <= minute {
			day = due.day
		}
	}
	return day
}

type simPayment struct{ minute, cents int }

func (v *simInvoice) balance(minute int) int {
	left := v.cents
	for _, p := range v.payments {
		if p.minute <= minute {
			left -= p.cents
		}
	}
	return left
}

func (w *world) versionAt(minute int) *simVersion {
	at := &w.versions[0]
	for i := range w.versions {
		if w.versions[i].from <= minute {
			at = &w.versions[i]
		}
	}
	return at
}

func (a *simAccount) stateAt(minute int) *simState {
	at := &a.states[0]
	for i := range a.states {
		if a.states[i].from <= minute {
			at = &a.states[i]
		}
	}
	return at
}

func (w *world) isOut(minute int) bool {
	return slices.ContainsFunc(w.outages, func(o [2]int) bool { return minute >= o[0] && minute < o[1] })
}

func minuteOf(text string) int { return int(instant(text).Sub(epoch) / time.Minute) }

func clockAt(hour, minute int) int { return hour*60 + minute }

// standardReminders are those of the standard suite.
func standardReminders() []simAction {
	return []simAction{{name: "standard", channel: "Email", days: []int{3, 7, 14}, at: clockAt(9, 0), combine: true}}
}

func newWorld(t *testing.T, accounts int) *world {
	w := &world{
		live: minuteOf("2028-01-20T11:00:00Z"),
		outages: [][2]int{
			{minuteOf("2028-03-25T20:00:00Z"), minuteOf("2028-03-26T04:30:00Z")}, {minuteOf("2028-06-02T07:10:00Z"), minuteOf("2028-06-06T15:00:00Z")},
			{minuteOf("2028-09-01T00:00:00Z"), minuteOf("2028-09-07T07:00:00Z")}, // a weekend, and three days after it
		},
		minimum: map[string]int{"residential": 2_000, "premium": 10_000},
	}
	for _, name := range []string{
		"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "America/Santiago", "Africa/Casablanca", "Pacific/Kiritimati", "Pacific/Pago_Pago",
		"Asia/Kolkata", "UTC", "America/New_York", "Pacific/Chatham",
	} {
		w.zones = append(w.zones, zoneOf(t, name))
	}
	w.declare(t)
	random := rand.New(rand.NewPCG(2028, 6))
	for i := range accounts {
		w.accounts = append(w.accounts, newSimAccount(random, i, len(w.zones)))
	}
	return w
}

// declare makes the versions of the documents.
func (w *world) declare(t *testing.T) {
	enough := func(cents, _, _ int) bool { return cents >= 1_000 }
	business := func(template string, first int) []simAction {
		const when = "invoice.balance >= 10.0"
		return []simAction{
			{template: template, name: "first", channel: "Email", days: []int{first}, at: clockAt(9, 0), business: true, when: when, holds: enough},
			{template: template, name: "text", channel: "SMS", days: []int{3}, at: clockAt(9, 0), business: true, when: when, holds: enough},
			{template: template, name: "next", channel: "Email", days: []int{14}, every: 14, repeats: 3, at: clockAt(9, 0), business: true, when: when, holds: enough},
			{template: template, name: "suspend", channel: "Webhook", url: "https://a.example/", days: []int{21}, at: clockAt(9, 0), business: true, when: when, holds: enough},
		}
	}
	residential := func() []simAction {
		return []simAction{
			{template: "home", name: "today", channel: "Email", days: []int{0}, at: clockAt(2, 30)},
			{template: "home", name: "banner", channel: "Banner", days: []int{7}, at: clockAt(2, 30)},
		}
	}
	premium := func(hour, minute int) []simAction {
		return []simAction{{
			template: "gold", name: "all", channel: "Email", days: []int{-7, 0, 1, 2, 5, 10}, at: clockAt(hour, minute), combine: true,
			when:  "overdue.count >= 2 || invoice.daysOverdue < 0",
			holds: func(_, daysOverdue, count int) bool { return count >= 2 || daysOverdue < 0 },
		}}
	}
	// Days of one channel at different times: what a weekend moves comes after later days.
	mixed := func(late, early []int) []simAction {
		return []simAction{
			{template: "late", name: "late", channel: "Email", days: late, at: clockAt(18, 0), business: true},
			{template: "early", name: "early", channel: "Email", days: early, at: clockAt(3, 0)},
		}
	}
	add := func(from string, actions map[string][]simAction) {
		if len(w.versions)%2 == 0 {
			actions["mixed"] = mixed([]int{1, 4, 8}, []int{2, 3, 5, 6, 9})
		} else {
			actions["mixed"] = mixed([]int{-1, 3, 7, 12}, []int{1, 2, 4, 8, 9}) // all days are edited
		}
		if actions["plain"] == nil {
			actions["plain"] = standardReminders()
		}
		w.versions = append(w.versions, simVersion{from: minuteOf(from), actions: actions, rules: rulesOf(t, actions)})
	}
	add("2027-01-01T00:00:00Z", map[string][]simAction{"business": business("firm", 3), "residential": residential(), "premium": premium(2, 15)})
	// A day is moved, a template renamed and one extended.
	extended := append(residential(), simAction{template: "home", name: "text", channel: "SMS", days: []int{5}, at: clockAt(2, 30), fallback: true})
	add("2028-04-11T08:20:00Z", map[string][]simAction{"business": business("company", 4), "residential": extended, "premium": premium(1, 45)})
	// One is deleted: the suite takes over.
	add("2028-07-31T23:59:00Z", map[string][]simAction{"business": business("company", 4), "residential": standardReminders(), "premium": premium(1, 45)})
	add("2028-08-02T12:00:00Z", map[string][]simAction{"business": business("company", 3), "residential": extended, "premium": premium(0, 0), "plain": {}})
}

// rulesOf makes the documents of the actions.
func rulesOf(t *testing.T, actions map[string][]simAction) *Rules {
	t.Helper()
	d := newDocuments()
	minimum := func(amount string) config.AccountProfile {
		return config.AccountProfile{Attributes: settings.Attributes{ReminderMinimumAmount: amount}}
	}
	d.profiles = map[string]config.AccountProfile{
		"business": {}, "residential": minimum("20"), "premium": minimum("100"), "plain": {}, "mixed": {},
		"silent": {StandardEvents: config.StandardEvents{Mode: config.StandardEventsNone}},
	}
	if len(actions["plain"]) == 0 {
		d.profiles["plain"] = config.AccountProfile{StandardEvents: config.StandardEvents{Disabled: []string{unpaid}}}
	}
	for profile, list := range actions {
		for _, a := range list {
			if a.template == "" {
				continue
			}
			tpl := d.templates[a.template]
			tpl.Event, tpl.AccountProfiles, tpl.When = unpaid, []string{profile}, a.when
			tpl.Schedule.At = fmt.Sprintf("%02d:%02d", a.at/60, a.at%60)
			if a.business {
				tpl.Schedule.Days = "BusinessDays"
			}
			tpl.Actions = append(tpl.Actions, a.action(d))
			d.templates[a.template] = tpl
		}
	}
	return d.rules(t)
}

func (a *simAction) action(d *documents) config.Action {
	var made config.Action
	var days []int32
	for _, day := range a.days {
		days = append(days, int32(day))
	}
	switch a.channel {
	case "Email":
		made = d.mail(a.name, []string{"Billing"}, days...)
	case "SMS":
		made = d.sms(a.name, []string{"Billing"}, days...)
		if a.fallback {
			made.SMS.Fallback = "Email"
		}
	case "Banner":
		made = config.Action{Name: a.name, Type: "Banner", Days: days, Banner: &config.Banner{Text: d.body("x")}}
	case "Webhook":
		made = config.Action{Name: a.name, Type: "Webhook", Days: days, Webhook: &config.Webhook{URL: a.url}}
	}
	made.RepeatEveryDays, made.MaxRepeats = int32(a.every), int32(a.repeats)
	if a.combine {
		made.Combine = "Account"
	}
	return made
}

// newSimAccount makes an account and its year.
func newSimAccount(random *rand.Rand, number, zones int) simAccount {
	chance := func(percent int) bool { return random.IntN(100) < percent }
	profiles := []string{"business", "residential", "premium", "mixed", "plain", "silent"}
	profile := func() string { return profiles[random.IntN(11)/2] }
	a := simAccount{id: fmt.Sprint("a", number), zone: random.IntN(zones)}
	state := simState{
		from: -1 << 30, profile: profile(), pausedUntil: -1, remindersOff: chance(3), mailOff: chance(3), smsOff: chance(5), smsAsks: chance(20), smsGranted: chance(50),
		verifiedOnly: chance(5),
	}
	for i := range 1 + random.IntN(3) {
		c := simContact{id: fmt.Sprint("c", i), owner: i == 0, primary: chance(40), billing: chance(40), optedOut: chance(5), verified: chance(80)}
		if chance(95) {
			c.mails = []string{fmt.Sprintf("c%d@a%d.example", i, number)}
		}
		if len(c.mails) > 0 && chance(10) {
			c.mails = append(c.mails, fmt.Sprintf("more%d@a%d.example", i, number))
			c.verified = false
		}
		if chance(60) {
			c.phone = fmt.Sprintf("+447400%06d", number*3+i)
		}
		state.contacts = append(state.contacts, c)
	}
	a.states = []simState{state}
	for range random.IntN(4) {
		state = a.states[len(a.states)-1]
		state.contacts = slices.Clone(state.contacts)
		state.from = max(a.states[len(a.states)-1].from, 0) + 1 + random.IntN(150*1440)
		switch random.IntN(6) {
		case 0:
			state.profile = profile()
		case 1:
			state.pausedUntil = state.from/1440 + random.IntN(20)
		case 2:
			state.disputed = !state.disputed
		case 3:
			state.contacts[0].optedOut = !state.contacts[0].optedOut
		case 4:
			state.remindersOff = !state.remindersOff
		case 5:
			state.contacts[0].billing, state.smsGranted = !state.contacts[0].billing, !state.smsGranted
		}
		a.states = append(a.states, state)
	}
	for i := range 1 + random.IntN(7) {
		a.invoices = append(a.invoices, newSimInvoice(random, fmt.Sprint(a.id, "-", i)))
	}
	return a
}

func newSimInvoice(random *rand.Rand, id string) *simInvoice {
	v := &simInvoice{id: id, issued: random.IntN(yearDays) - 30, cents: []int{500, 1_500, 9_990, 25_000}[random.IntN(4)], currency: "EUR"}
	if random.IntN(3) == 0 { // the last day of a month
		v.issued = int(epoch.AddDate(0, random.IntN(12), -1).Sub(epoch).Hours()) / 24
	}
	if random.IntN(20) == 0 {
		v.currency = "USD"
	}
	v.created = v.issued * 1440
	v.dues = []simDue{{v.created, v.issued + []int{14, 21, 30}[random.IntN(3)]}}
	switch first := v.dues[0].day; random.IntN(12) {
	case 0: // it comes from another system when it is due, or long after that
		v.created = first*1440 + random.IntN(20*1440)
	case 1: // put off, or brought forward
		v.dues = append(v.dues, simDue{v.created + 1 + random.IntN(50*1440), first - 5 + random.IntN(30)})
	case 2: // put off by days, again and again
		for i := range 3 {
			v.dues = append(v.dues, simDue{(first+3*i)*1440 + random.IntN(3*1440), first + 3*(i+1) + random.IntN(4)})
		}
	}
	switch left := v.cents; random.IntN(4) {
	case 0: // never
	case 1: // in two parts
		part := left / 100 * (10 + random.IntN(80))
		at := v.issued*1440 + random.IntN(60*1440)
		v.payments = []simPayment{{at, part}, {at + 1 + random.IntN(40*1440), left - part}}
	default:
		v.payments = []simPayment{{v.issued*1440 + random.IntN(50*1440), left}}
	}
	return v
}

// least is how much of each kind a year has to have at least, so that a simulation in which
// nothing happens does not agree with the model.
func (w *world) least(accounts int) map[string]int {
	least := map[string]int{}
	for kind, of10000 := range map[string]int{
		"Email": 10_000, "SMS": 1_000, "Webhook": 300, "Banner": 500, "Email disabled": 200, "Email optedOut": 200, "Email paused": 100, "Email disputed": 100,
		"Email belowMinimum": 500, "Email beforeGoLive": 50, "Email backdated": 300, "Email noAddress": 100, "Email unverified": 100, "SMS noConsent": 100, "SMS noAddress": 100, "SMS disabled": 50,
	} {
		least[kind] = of10000 * accounts / 10_000 / 2
	}
	return least
}
