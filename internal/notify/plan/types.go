package plan

import (
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// Event is something that happened, as the feed has it, or a day of a dated event.
type Event struct {
	Position  int64 // 0: of a dated event
	Source    string
	ID        string // of a dated event: empty
	Type      string
	AccountID string // empty: it is about more than one account
	About     string // the id of what it is about; for a secret link: the link's
	ContactID string // who did it; empty: no contact
	// Opener is the contact that opened the ticket that it is about; empty: no contact did,
	// or it is about something else.
	Opener string
	// Data is the payload, but for the objects that every event has: JSON decoded with
	// UseNumber. Of a dated event: nil.
	Data map[string]any
	At   time.Time // of a dated event: when it was planned
	// Link is whom a secret link was made for; nil: the event has none.
	Link *Link
}

// Link is whom a secret link was made for. Each address has a secret of its own, by its
// place in the list.
type Link struct {
	ID        string
	Purpose   string // Create, Reset, Invite or VerifyEmail
	ContactID string
	Addresses []string
	ExpiresAt time.Time
	Over      bool // it was voided or completed
}

// Account is the state of an account when something is planned for it.
type Account struct {
	config.Account
	// Effective is what applies to it under the settings of the rules, which are then not asked
	// again; nil: they are.
	Effective *config.Effective
	Name      string
	Status    settings.AccountStatus
	Contacts  []Contact // sorted by id
	Owed      Owed
}

// Contact is a person of an account.
type Contact struct {
	ID, FirstName, LastName string
	Email                   string // several addresses of a primary contact: with ";"
	Verified                bool   // Email is that of the person's sign-in, and verified
	Phone                   string // as people write it
	Roles                   []string
	Owner                   bool
	OptedOut                []string // categories
	SignsIn                 bool     // has a sign-in to the portal, and access
}

// Invoice is an invoice with a balance.
type Invoice struct {
	ID, Number       string
	IssuedOn, DueOn  time.Time // dates, midnight UTC
	Currency         string
	Total, Balance   string // decimals
	TotalWithoutTax  string // empty: unknown
	PaymentReference string
	PayURL           string
	Open             bool      // not paid and not void
	CreatedAt        time.Time // when it was first written
}

// Owed is what an account has to pay, in every currency that it has open invoices in.
type Owed map[string]OwedIn // by currency

// OwedIn is what is open and what of it is overdue, in one currency.
type OwedIn struct {
	OpenCount      int
	OpenBalance    string
	OverdueCount   int
	OverdueBalance string
	Overdue        []Invoice // the oldest 50, oldest first
}

// Source says where an action comes from.
type Source string

// The sources.
const (
	OwnTemplate Source = "EventTemplate"
	Standard    Source = "Standard" // the standard suite
)

// Reason says why a notification is not sent.
type Reason string

// The reasons of suppression, in the order in which they are asked.
const (
	Disabled     Reason = "disabled"     // the account's channel, or its reminders, are switched off
	OptedOut     Reason = "optedOut"     // the person does not want messages of the category
	NoConsent    Reason = "noConsent"    // text messages take a consent that is not there
	NoAddress    Reason = "noAddress"    // there is nobody, or no address by the channel
	Unverified   Reason = "unverified"   // the account sends to verified addresses only
	Duplicate    Reason = "duplicate"    // it has happened already
	Paid         Reason = "paid"         // nothing is owed any more
	Paused       Reason = "paused"       // reminders of the account are paused
	Disputed     Reason = "disputed"     // the account disputes what it owes
	BelowMinimum Reason = "belowMinimum" // less is owed than the account is reminded of
	BeforeGoLive Reason = "beforeGoLive" // it fell due before messages went out
	Backdated    Reason = "backdated"    // its day had come before the invoice was written
	Over         Reason = "over"         // the link does not work any more
	Obsolete     Reason = "obsolete"     // the action was removed or switched off since, is for others now, or its condition is false now
	NotLive      Reason = "notLive"      // while delivery is Redirect only mails go out
)

// Notification is one message of one action to one recipient.
type Notification struct {
	Event      Event
	Invoice    *Invoice // of a dated event; before it is sent as it is then, nil: it was deleted
	Day        int32    // of a dated event: days since the due date
	Source     Source
	Template   string // of OwnTemplate
	Action     string
	Channel    string // a type of actions; Email for a text message of SMS to who has no number
	Category   string
	ContactID  string
	Address    string // mail address, E.164 number or URL; of Banner and Log: empty
	LinkPlace  int    // of Address in Event.Link
	CC, BCC    []string
	Locale     string
	DueAt      time.Time // when it happened, or when its day came
	Security   bool      // its own lane; nobody can opt out, its text is not kept
	Suppressed Reason    // empty: it is to be sent
	// Occurrences are what is recorded as having happened, once and for all: one per
	// invoice of a combined reminder.
	Occurrences []Occurrence
}

// Occurrence is what happens once: see table occurrence. Channel is that of the action. A
// day of a dated event is named with its due date, see [Dealt].
type Occurrence struct {
	EventType, About, Occurrence, Channel, Address string
}
