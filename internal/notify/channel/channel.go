// Package channel is what the ways out have in common. Each of email, sms and webhook is a
// Sender: it hands one message over and says what became of it. A sender holds connections,
// reads its secrets from mounted files at each (re)connect, so that rotation needs no
// restart, and never logs or returns a secret or a text.
//
// What a sender cannot do is an [Error] with a class, by which the worker decides: try
// again, give up, wait until the channel is mended, or repeat what may have arrived.
package channel

import (
	"context"
	"fmt"
	"time"
)

// Message is one message, ready to go.
type Message struct {
	ID        string // of the notification: the stable part of Message-ID and idempotency key
	Attempt   int    // 1 for the first
	AccountID string
	From      string // empty: the tenant's own
	To        string
	CC, BCC   []string
	Subject   string
	Text      string
	HTML      string // empty: none
	Priority  string // Low, High or empty
	Locale    string
	// Unsubscribe is the address for one-click unsubscribing (RFC 8058); empty: nobody can
	// opt out of it.
	Unsubscribe string
	Attachments []Attachment
	// EventType and Body are of webhooks: URL is To.
	EventType string
	Body      []byte
	At        time.Time
}

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name, MediaType string
	Body            []byte
}

// Result is what the provider said of a message that it took.
type Result struct {
	ProviderID string // empty: it gave none
}

// Sender hands messages over by one channel. It is safe for concurrent use.
type Sender interface {
	// Send returns when the provider has answered, or ctx ends. An error is an *Error.
	Send(ctx context.Context, m Message) (Result, error)
	// Close gives up connections that are not in use.
	Close() error
}

// Class says what follows from an error.
type Class string

// The classes.
const (
	Temporary Class = "temporary" // try again later: 4xx of SMTP, 429 and 5xx of HTTP
	Permanent Class = "permanent" // it will never go: 5xx of SMTP, 4xx of HTTP, a bad address
	Broken    Class = "broken"    // the channel does not work for anybody: connection, TLS, sign-in, settings
	Uncertain Class = "uncertain" // it may have arrived: cut between the text and the answer
)

// Error is why a message was not handed over. Detail is for staff and holds neither secrets
// nor the text.
type Error struct {
	Class  Class
	Code   string        // of the protocol, as "550 5.1.1" or "429"
	Detail string        // in words, at most 500 characters
	After  time.Duration // the provider asks to wait so long; 0: it does not
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %s", e.Class, e.Code, e.Detail) }
