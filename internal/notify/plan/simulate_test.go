package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// simulate follows one account through the year with the planner: in each minute in which
// something can have changed.
func (w *world) simulate(a *simAccount) []string {
	var lines []string
	dealt := Dealt{}
	live := epoch.Add(time.Duration(w.live) * time.Minute)
	for _, minute := range w.ticks(a) {
		at := epoch.Add(time.Duration(minute) * time.Minute)
		account, open := w.accountAt(a, minute)
		if len(open) == 0 {
			continue
		}
		var names []string
		rules := w.versionAt(minute).rules
		for _, n := range rules.Due(account, open, dealt, &live, at) {
			if n.Suppressed == "" { // what is asked again is asked in the same way
				n.Suppressed, _ = rules.Guard(n, account, at)
			}
			if len(n.Occurrences) > 0 { // else it is another person without an address
				names = nil
			}
			for _, o := range n.Occurrences {
				names = append(names, o.About+"@"+o.Occurrence)
				dealt.Add(o)
			}
			slices.Sort(names)
			channel := n.Channel
			if n.Action == "text" { // maybe by mail
				channel = "SMS"
			}
			if channel == "Webhook" {
				channel, n.Address = channel+n.Address, ""
			}
			if n.Address == "" {
				n.Address = n.ContactID
			}
			lines = append(lines, fmt.Sprintf("%s %d %s %s %s %s", a.id, minute, strings.Join(names, "+"), channel, n.Address, n.Suppressed))
		}
	}
	return lines
}

// ticks are the minutes in which something can have changed for an account.
func (w *world) ticks(a *simAccount) []int {
	var minutes []int
	add := func(minute int) {
		if minute >= w.live && minute < yearDays*1440 && !w.isOut(minute) {
			minutes = append(minutes, minute)
		}
	}
	zone := w.zones[a.zone]
	var open []Invoice
	for _, v := range a.invoices {
		add(v.created)
		for _, p := range v.payments {
			add(p.minute)
		}
		for _, due := range v.dues {
			add(due.from)
			open = append(open, Invoice{DueOn: epoch.AddDate(0, 0, due.day)})
			for day := due.day - 8; day < due.day+20; day++ { // other invoices fall overdue
				add(int(firstAt(epoch.AddDate(0, 0, day), 0, zone).Sub(epoch) / time.Minute))
			}
		}
	}
	for _, s := range a.states {
		add(s.from)
	}
	for _, out := range w.outages {
		add(out[1])
	}
	add(w.live)
	for i := range w.versions {
		version := &w.versions[i]
		add(version.from)
		until := yearDays * 1440
		if i+1 < len(w.versions) {
			until = w.versions[i+1].from
		}
		for profile := range version.actions {
			account := &Account{Account: config.Account{AccountProfile: profile, Attributes: settings.Attributes{TimeZone: zone.String()}}}
			t := version.rules.treat(account)
			from, to := epoch.Add(time.Duration(max(version.from, 0))*time.Minute), epoch.Add(time.Duration(until)*time.Minute)
			for _, at := range t.moments(version.rules.match(unpaid, profile), open, from, to) {
				minute := int(at.Sub(epoch) / time.Minute)
				if a.stateAt(minute).profile == profile {
					add(minute)
				}
			}
		}
	}
	slices.Sort(minutes)
	return slices.Compact(minutes)
}

// accountAt is an account and its open invoices as the store would have them.
func (w *world) accountAt(a *simAccount, minute int) (*Account, []Invoice) {
	var open []Invoice
	balances := map[string]int{}
	for _, v := range a.invoices {
		if balance := v.balance(minute); balance > 0 && minute >= v.created {
			balances[v.id] = balance
			open = append(open, Invoice{
				ID: v.id, Number: v.id, IssuedOn: epoch.AddDate(0, 0, v.issued), DueOn: epoch.AddDate(0, 0, v.dueAt(minute)), Currency: v.currency,
				Total: money(v.cents), Balance: money(balance), Open: true, CreatedAt: epoch.Add(time.Duration(v.created) * time.Minute),
			})
		}
	}
	if len(open) == 0 {
		return nil, nil
	}
	s := a.stateAt(minute)
	made := &Account{Account: config.Account{ID: a.id, AccountProfile: s.profile}, Name: a.id, Status: settings.Active}
	at := &made.Attributes
	at.TimeZone = w.zones[a.zone].String()
	set := func(is bool, apply func()) {
		if is {
			apply()
		}
	}
	set(s.remindersOff, func() { at.Reminders = settings.Disabled })
	set(s.disputed, func() { at.Disputed = settings.Disputed })
	set(s.mailOff, func() { at.EmailNotifications = settings.Disabled })
	set(s.smsAsks, func() { at.SMSNotifications = settings.SMSWithConsent })
	set(s.smsOff, func() { at.SMSNotifications = settings.SMSDisabled })
	set(s.smsGranted, func() { at.Consent.SMS = settings.ConsentGranted })
	set(s.verifiedOnly, func() { at.RequireVerifiedEmail = settings.Enabled })
	set(s.pausedUntil >= 0, func() { at.RemindersPausedUntil = epoch.AddDate(0, 0, s.pausedUntil).Format(time.DateOnly) })
	for _, c := range s.contacts {
		contact := Contact{ID: c.id, Email: strings.Join(c.mails, "; "), Phone: c.phone, Owner: c.owner, Verified: c.verified}
		set(c.billing, func() { contact.Roles = append(contact.Roles, "Billing") })
		set(c.primary, func() { contact.Roles = append(contact.Roles, "Primary") })
		set(c.optedOut, func() { contact.OptedOut = []string{"Invoice"} })
		made.Contacts = append(made.Contacts, contact)
	}
	made.Owed = owedOf(open, dateOf(epoch.Add(time.Duration(minute)*time.Minute), w.zones[a.zone]), func(v Invoice) int { return balances[v.ID] })
	return made, open
}

// owedOf is what an account owes on a day.
func owedOf(open []Invoice, today time.Time, balance func(Invoice) int) Owed {
	owed := Owed{}
	for _, currency := range []string{"EUR", "USD"} {
		in, all, late := OwedIn{}, 0, 0
		for _, v := range open {
			if v.Currency != currency {
				continue
			}
			in.OpenCount++
			all += balance(v)
			if v.DueOn.Before(today) {
				in.OverdueCount++
				late += balance(v)
				in.Overdue = append(in.Overdue, v)
			}
		}
		in.OpenBalance, in.OverdueBalance = money(all), money(late)
		slices.SortFunc(in.Overdue, func(a, b Invoice) int { return a.DueOn.Compare(b.DueOn) })
		owed[currency] = in
	}
	return owed
}

func money(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
