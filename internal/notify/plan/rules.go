package plan

import (
	"time"

	"github.com/foyerhq/foyer/internal/config"
)

// Rules are what the two documents of a tenant say of notifications, compiled once. They
// are immutable and safe for concurrent use.
type Rules struct {
	live    *config.Live
	routing *config.LiveRouting
}

// NewRules compiles the conditions and texts of the documents and of the standard suite.
// What this release cannot run, because a newer one wrote it, is left out and told.
func NewRules(live *config.Live, routing *config.LiveRouting) (*Rules, []error) {
	return &Rules{live: live, routing: routing}, nil
}

// Plan decides what an event that happened at a moment makes known to whom.
func (r *Rules) Plan(e Event, a *Account, now time.Time) []Notification { return nil }

// Days lists the day offsets on which any action of a dated event may fire, sorted,
// repetitions included.
func (r *Rules) Days() []int32 { return nil }

// Due decides who is told of the open invoices of one account, now. happened is asked
// whether something is recorded already; an Address of "" means: to anybody.
func (r *Rules) Due(a *Account, open []Invoice, happened func(Occurrence) bool, liveSince *time.Time, now time.Time) []Notification {
	return nil
}

// Guard is asked again before a notification is sent: why it is not sent any more, or until
// when it waits; neither: it goes.
func (r *Rules) Guard(n Notification, a *Account, now time.Time) (Reason, time.Time) {
	return "", time.Time{}
}

// Compose fills in the texts of a notification.
func (r *Rules) Compose(n Notification, a *Account, links Links) (Content, error) {
	return Content{}, nil
}

// Upcoming is what Due would give between two times if nothing changes.
func (r *Rules) Upcoming(a *Account, open []Invoice, happened func(Occurrence) bool, from, to time.Time) []Notification {
	return nil
}

// Links makes absolute addresses that let somebody in.
type Links interface {
	// Secret is the address of a link for the recipient at a place of its list.
	Secret(l *Link, place int) string
	// Unsubscribe is the address where a contact opts out of a category.
	Unsubscribe(contactID, category string) string
}

// Content is what is sent of a notification.
type Content struct {
	From, Subject, Text, HTML string
	Priority                  string            // Low, High or empty
	Attach                    []string          // Invoice
	Body                      []byte            // of a webhook
	Texts                     map[string]string // of a banner, by language; "" is the template's own
	Unsubscribe               string            // where the recipient opts out; empty: nobody can
}
