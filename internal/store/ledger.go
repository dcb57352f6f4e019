package store

import "time"

// The states of a notification. Sent, Dead, Suppressed and Cancelled are ends.
const (
	StatePlanned    = "Planned"   // waits for its turn
	StateHeld       = "Held"      // waits for the mode of delivery
	StateLeased     = "Leased"    // is with a worker
	StateRetry      = "Retry"     // waits to be tried again
	StateUncertain  = "Uncertain" // may have arrived: waits for staff
	StateSent       = "Sent"
	StateDead       = "Dead" // it could not be delivered
	StateSuppressed = "Suppressed"
	StateCancelled  = "Cancelled"
)

// Returned is what a worker says of a notification that it gives back without having tried
// to deliver it: the attempt does not count.
const Returned = "Returned"

// ReasonUncertain is the reason of what waits to be tried again although it may have arrived.
const ReasonUncertain = "uncertain"

// ReasonUnplanned is the reason of what is Dead because it could not be planned: there is
// nothing that could be tried again.
const ReasonUnplanned = "unplanned"

// The channels.
const (
	ChannelEmail   = "Email"
	ChannelSMS     = "SMS"
	ChannelWebhook = "Webhook"
	ChannelBanner  = "Banner"
	ChannelLog     = "Log"
)

// Occurrence is what happens once and for all. Without an address it says that it was dealt
// with and nobody was told.
type Occurrence struct {
	EventType, About, Occurrence, Channel, Address string
}

// Addressed is what is the same of a notification from its planning to its end.
type Addressed struct {
	AccountID      string
	ContactID      string
	EventType      string
	EventPosition  int64 // in the feed; 0: of a dated event
	EventID        string
	About          string // what the event is about, as the id of an invoice
	Occurrence     string // the event's, or the day of a dated event
	Category       string
	Source         string // EventTemplate or Standard
	Template       string
	Action         string
	Channel        string
	Address        string
	CC, BCC        []string
	Locale         string
	SettingsDigest string // of the documents that made it; once it is sent: its text
	RoutingDigest  string
	Suite          string // of a standard message that was sent: the version of its text
	DueAt          time.Time
}

// NewNotification is one message of one action to one recipient, to be kept.
type NewNotification struct {
	Addressed
	Security   bool   // it has a lane of its own
	Suppressed string // the reason; empty: it is to be sent
	Unplanned  bool   // it says only that something could not be planned
	Detail     string // for staff, in words
	// Occurrences are what is recorded with it. If all of them are on record already, it is
	// a duplicate.
	Occurrences []Occurrence
}

// ClaimRequest says what a worker takes.
type ClaimRequest struct {
	Now      time.Time
	Lane     int      // 0: about signing in, 1: all others
	Channels []string // the first goes first
	Limit    int
	LeaseFor time.Duration
	// MostPerHour is how many mails and text messages may go out within an hour, of all
	// lanes and replicas together; 0: as many as there are. Then Channels are of those alone.
	MostPerHour int
}

// Lease proves that a notification is with a worker.
type Lease struct {
	ID      string
	Lease   int64
	Attempt int // counted from 1; each has a row
}

// Claimed is a notification that is with this worker until its lease ends.
type Claimed struct {
	Lease
	Tries int // attempts since it was planned, or since staff tried it again
	// Uncertain says that an earlier attempt may have delivered it: its reason is so.
	Uncertain bool
	Mode      string // of delivery, when it was claimed
	Addressed
}

// Finished is what became of an attempt.
type Finished struct {
	Lease
	// Outcome is StateSent, StateRetry, StateDead, StateSuppressed or StateUncertain, or
	// Returned.
	Outcome      string
	NextAt       time.Time // of StateRetry and Returned: its next turn
	Reason       string    // why it was suppressed, is dead or waits
	Class, Code  string    // of the channel's error
	Detail       string    // for staff, in words
	ProviderID   string
	RedirectedTo string
	Subject      string // what was sent; never of a secret
	Body         string
	// What the text was made by, which may be newer than what it was planned by: the
	// digests of the documents and, of a standard message, the version of the suite.
	// Empty: nothing was made.
	SettingsDigest, RoutingDigest, Suite string
}
