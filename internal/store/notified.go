package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// batcher is what answers several questions in one round trip: a pool or a transaction.
type batcher interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Facts reads what decides about notifications and what they tell: of many accounts in one
// round trip.
type Facts struct {
	db  batcher
	now time.Time
}

// Facts reads as of a time.
func (s *Store) Facts(now time.Time) Facts { return Facts{s.db, now} }

// Wanted says what is read: all of it together is one round trip.
type Wanted struct {
	Accounts []string // ids
	Links    []string // ids
	Events   []int64  // positions
	Invoices []string // ids
	Tickets  []string // ids
}

// Known is what was found of what was wanted, by id; events by position.
type Known struct {
	Accounts map[string]*NotifiedAccount
	Links    map[string]NotifiedLink
	Events   map[int64]Event
	Invoices map[string]NotifiedInvoice
	Openers  map[string]string // the contacts that opened tickets, by ticket
}

// NotifiedAccount is an account as those see it who write to its people.
type NotifiedAccount struct {
	AccountView
	Contacts []NotifiedContact // sorted by id
	owed     []owedIn
}

// NotifiedContact is a person of an account, as those see them who write to them.
type NotifiedContact struct {
	ID, FirstName, LastName string
	Email                   string
	Verified                bool // Email is that of the person's sign-in, and verified
	Phone                   string
	Roles                   []string
	Owner                   bool
	OptedOut                []string
	SignsIn                 bool // has a sign-in to the portal, and access
}

// NotifiedInvoice is an invoice as reminders need it.
type NotifiedInvoice struct {
	ID, AccountID, Number    string
	IssuedOn, DueOn          time.Time
	Currency, Total, Balance string
	TotalWithoutTax          string // empty: unknown
	PaymentReference, PayURL string
	Open                     bool      // not paid and not void
	CreatedAt                time.Time // when it was first written
}

// Owed is what is open of an account's invoices in one currency, and overdue at a date.
type Owed struct {
	Currency       string
	OpenCount      int
	OpenBalance    string
	OverdueCount   int
	OverdueBalance string
	Overdue        []NotifiedInvoice // the oldest 50, oldest first
}

// NotifiedLink is a link that people get in by, as those need it who send it.
type NotifiedLink struct {
	ID, Purpose, ContactID string
	Addresses              []string
	ExpiresAt              time.Time
	Over                   bool // it was voided or completed
}

type owedIn struct {
	Owed
	first   time.Time // the earliest date that it is today anywhere
	overdue [3]struct {
		count   int
		balance string
	}
}

// Owed says what the account has to pay, in every currency that it has open invoices in.
// today is the account's own date at the time of the facts.
func (a *NotifiedAccount) Owed(today time.Time) []Owed {
	list := make([]Owed, 0, len(a.owed))
	for _, o := range a.owed {
		list = append(list, o.at(today))
	}
	return list
}

func (o owedIn) at(today time.Time) Owed {
	const hoursPerDay = 24
	day := min(max(int(today.Sub(o.first).Hours()/hoursPerDay), 0), len(o.overdue)-1)
	owed := o.Owed
	owed.OverdueCount, owed.OverdueBalance = o.overdue[day].count, o.overdue[day].balance
	for i, invoice := range owed.Overdue {
		if !invoice.DueOn.Before(today) {
			owed.Overdue = owed.Overdue[:i:i]
			break
		}
	}
	return owed
}
