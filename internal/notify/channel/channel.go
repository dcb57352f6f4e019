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
	"strings"
	"time"
	"unicode"
)

// Message is one message, ready to go.
type Message struct {
	// ID is of the notification, or of the event that a webhook of the tenant gets: the
	// stable part of Message-ID, idempotency key and webhook-id.
	ID        string
	Attempt   int // 1 for the first
	AccountID string
	From      string // empty: the tenant's own
	To        string // a mail address, a number as +41791234567, or a URL
	CC, BCC   []string
	Subject   string
	Text      string
	HTML      string // empty: none
	Priority  string // Low, High or empty
	Locale    string // BCP 47; empty: not said
	// Unsubscribe is the address for one-click unsubscribing (RFC 8058), with https; empty:
	// nobody can opt out of it.
	Unsubscribe string
	Attachments []Attachment // [MaxAttachments] together
	// MediaType and Body are of webhooks; MediaType empty: application/json.
	MediaType string
	Body      []byte
	At        time.Time // the date of a mail
}

// MaxAttachments is how many bytes go along with a mail. What is more takes a link.
const MaxAttachments = 10 << 20

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name, MediaType string
	Body            []byte
}

// Result is what the provider said of a message that it took.
type Result struct {
	ProviderID string // the provider's name of it, at most 200 characters; empty: it gave none
	// Refused are copies (CC, BCC) that the server does not take, each with its answer. The
	// message went to the others.
	Refused []string
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
	Code   string        // of the protocol, as "550 5.1.1" or "429"; else one of the codes below
	Detail string        // in words, at most 500 characters
	After  time.Duration // the provider asks to wait so long; 0: it does not
}

// The codes of what no protocol has a number for.
const (
	CodeSettings   = "settings"   // a secret is missing or cannot be read
	CodeBlocked    = "blocked"    // the address is one that Foyer does not call
	CodeConnection = "connection" // no connection, or it was cut
	CodeTLS        = "tls"
	CodeSignIn     = "sign-in"
	CodeTimeout    = "timeout"
	CodeMessage    = "message" // an address or something else of the message itself
	CodeAnswer     = "answer"  // the provider's answer makes no sense
)

// Fail is an error. What a provider said may go into code and detail as it came.
func Fail(class Class, code, detail string) *Error {
	return &Error{Class: class, Code: Clean(code, 20), Detail: Clean(detail, 500)}
}

// Clean is a text of somebody else as one line of at most so many characters, to be kept
// and shown.
func Clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if characters := []rune(text); len(characters) > most {
		text = string(characters[:most-1]) + "…"
	}
	return text
}

// Answered says whether the provider has answered: the code is of its protocol.
func (e *Error) Answered() bool { return e.Code != "" && e.Code[0] >= '0' && e.Code[0] <= '9' }

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %s", e.Class, e.Code, e.Detail) }
