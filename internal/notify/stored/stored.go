// Package stored turns what the store knows into what package plan works with. Whoever
// sends and whoever shows what would be sent read both in the same way.
package stored

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// today is the date in a time zone, at midnight UTC.
func today(zone string, now time.Time) time.Time {
	year, month, day := now.In(config.Location(zone)).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Account is what plan must know of an account, under the settings of its rules; nil stays
// nil.
func Account(live *config.Live, a *store.NotifiedAccount, now time.Time) *plan.Account {
	if a == nil {
		return nil
	}
	effective := live.For(a.Account)
	made := &plan.Account{Account: a.Account, Effective: &effective, Name: a.Name, Status: a.Status, Contacts: make([]plan.Contact, len(a.Contacts)), Owed: plan.Owed{}}
	for i, c := range a.Contacts {
		made.Contacts[i] = plan.Contact(c)
	}
	for _, o := range a.Owed(today(effective.Attributes.TimeZone.Value, now)) {
		in := plan.OwedIn{OpenCount: o.OpenCount, OpenBalance: o.OpenBalance, OverdueCount: o.OverdueCount, OverdueBalance: o.OverdueBalance,
			Overdue: make([]plan.Invoice, len(o.Overdue))}
		for i, v := range o.Overdue {
			in.Overdue[i] = Invoice(v)
		}
		made.Owed[o.Currency] = in
	}
	return made
}

// Invoice is an invoice as plan takes it.
func Invoice(v store.NotifiedInvoice) plan.Invoice {
	return plan.Invoice{ID: v.ID, Number: v.Number, IssuedOn: v.IssuedOn, DueOn: v.DueOn, Currency: v.Currency, Total: v.Total, Balance: v.Balance,
		TotalWithoutTax: v.TotalWithoutTax, PaymentReference: v.PaymentReference, PayURL: v.PayURL, Open: v.Open, CreatedAt: v.CreatedAt}
}

// Event is an event of the feed as plan takes it, with what is known of what it refers to.
func Event(e store.Event, known store.Known) (plan.Event, error) {
	made := plan.Event{Position: e.Position, Source: e.Source, ID: e.ID, Type: e.Type, AccountID: e.AccountID, About: e.Subject, ContactID: e.ContactID, At: e.At}
	decoder := json.NewDecoder(bytes.NewReader(e.Data))
	decoder.UseNumber() // amounts and ids must not pass through a float
	if err := decoder.Decode(&made.Data); err != nil {
		return plan.Event{}, fmt.Errorf("the data of event %s cannot be read: %w", e.ID, err)
	}
	if strings.HasPrefix(e.Type, "ticket.") {
		made.Opener = known.Openers[e.Subject]
	}
	if link, ok := known.Links[e.Subject]; ok {
		made.Link = &plan.Link{ID: link.ID, Purpose: link.Purpose, ContactID: link.ContactID, Addresses: link.Addresses, ExpiresAt: link.ExpiresAt, Over: link.Over}
	}
	return made, nil
}

// Open are the invoices of an account that are looked at, as plan takes them, and what is
// on record of them.
func Open(a store.DueAccount) (invoices []plan.Invoice, dealt plan.Dealt) {
	invoices, dealt = make([]plan.Invoice, len(a.Invoices)), plan.Dealt{}
	for i, v := range a.Invoices {
		invoices[i] = Invoice(v.NotifiedInvoice)
		for _, o := range v.Happened {
			dealt.Add(plan.Occurrence(o))
		}
	}
	return invoices, dealt
}

// DueDates are the due dates of the invoices of which a day may be due between two times,
// as [plan.Rules.Days] says it: it is another date elsewhere, weekends move days, and what
// was missed is made up for.
func DueDates(days []int32, from, to time.Time) []time.Time {
	const early, late = 1, 8
	year, month, day := from.UTC().Date()
	first := time.Date(year, month, day-late, 0, 0, 0, 0, time.UTC)
	last := to.UTC().AddDate(0, 0, early)
	var dates []time.Time
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		for _, offset := range days {
			dates = append(dates, at.AddDate(0, 0, -int(offset)))
		}
	}
	slices.SortFunc(dates, time.Time.Compare)
	return slices.CompactFunc(dates, time.Time.Equal)
}
