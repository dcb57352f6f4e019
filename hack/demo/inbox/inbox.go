// Package inbox is where the messages of the demo end up: a mail server, a provider of text
// messages and a receiver of webhooks, which keep the last messages in memory, and a page
// on which they can be read. Nothing leaves it.
//
//	box := inbox.New(inbox.Options{Passwords: map[string]string{"acme": "..."}, ...})
//	server, err := box.ServeMail(address, certificate)   // SMTP, StartTLS, with a password
//	box.Intake()                                         // text messages and webhooks
//	box.Site()                                           // the page, and its JSON
//
// Each tenant has a name and a password for all of it, so the inbox knows whose a message
// is. A [Client] reads the JSON.
package inbox

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/integration/signature"
)

// The kinds of messages.
const (
	Mail = "Mail"
	Text = "Text"
	Hook = "Webhook"
)

// Message is one that came.
type Message struct {
	ID      int       `json:"id"` // counts up
	Kind    string    `json:"kind"`
	Tenant  string    `json:"tenant"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      []string  `json:"to"` // of a mail: whom the server was told to give it to
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	HTML    string    `json:"html,omitempty"`
	// Attachments are their names.
	Attachments []string `json:"attachments,omitempty"`
	Source      string   `json:"-"` // as it came

	key string // that it came with; empty: none
}

// Options are what an inbox works with.
type Options struct {
	// Passwords are those that the tenants' channels sign in with, by tenant.
	Passwords map[string]string
	// Hooks are the secrets that the tenants' webhooks are signed with, by tenant.
	Hooks map[string]signature.Keys
	Most  int // messages that are kept
	Now   func() time.Time
}

// Inbox keeps messages.
type Inbox struct {
	Options
	mutex sync.Mutex
	last  int
	list  []Message // the oldest first
}

// New makes an empty inbox.
func New(o Options) *Inbox { return &Inbox{Options: o} }

// add keeps a message. One of a tenant that comes twice with the same key is kept once, as
// every provider with idempotency keys has it.
func (b *Inbox) add(m Message) (id int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	same := func(other Message) bool { return m.key != "" && m.key == other.key && m.Tenant == other.Tenant }
	if at := slices.IndexFunc(b.list, same); at >= 0 {
		return b.list[at].ID
	}
	b.last++
	m.ID, m.At = b.last, b.Now()
	if b.list = append(b.list, m); len(b.list) > b.Most {
		b.list = slices.Delete(b.list, 0, len(b.list)-b.Most)
	}
	return m.ID
}

// Filter chooses messages.
type Filter struct {
	Tenant string
	To     string // a part of a recipient
	After  int    // an id
}

func (f Filter) takes(m Message) bool {
	to := func(address string) bool { return strings.Contains(strings.ToLower(address), strings.ToLower(f.To)) }
	return m.ID > f.After && (f.Tenant == "" || f.Tenant == m.Tenant) && (f.To == "" || slices.ContainsFunc(m.To, to))
}

// List returns the messages of a filter, the oldest first.
func (b *Inbox) List(f Filter) []Message {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	list := []Message{}
	for _, m := range b.list {
		if f.takes(m) {
			list = append(list, m)
		}
	}
	return list
}

// Get returns a message.
func (b *Inbox) Get(id int) (Message, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	at := slices.IndexFunc(b.list, func(m Message) bool { return m.ID == id })
	if at < 0 {
		return Message{}, false
	}
	return b.list[at], true
}
