package template

import (
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

// Format is what a template makes. It decides how values are written and escaped, and
// what is allowed.
type Format string

// The formats.
const (
	Subject Format = "Subject" // one line
	Plain   Format = "Plain"   // a mail as plain text, a banner
	HTML    Format = "HTML"    // a mail as HTML
	SMS     Format = "SMS"     // a text message, at most MaxSMS characters
	JSON    Format = "JSON"    // the body of a webhook
	Note    Format = "Note"    // a note on the customer
)

// Bounds.
const (
	MaxSource   = 64 << 10
	MaxRendered = 256 << 10
	MaxSMS      = 700
)

// Template is a checked template. It is immutable and safe for concurrent use.
type Template struct{}

// Data is what a template is filled in with.
type Data struct {
	// Payload is the payload of the event, as JSON decoded into maps, by the rules of
	// package catalog.
	Payload map[string]any
	// Locale is how amounts and dates are written, a BCP 47 tag.
	Locale string
	// Zone is the time zone of the account; nil: UTC.
	Zone *time.Location
	// Currency is that of amounts without one of their own.
	Currency string
}

// Compile checks a template against the payload of an event, and fills in the sample of
// the event as proof. A template with problems is nil.
func Compile(source string, format Format, event catalog.Event) (*Template, []message.Problem) {
	return &Template{}, nil
}

// Render fills a template in. It fails only for a payload that is not one of the event,
// or where the result is longer than MaxRendered or, of an SMS, MaxSMS.
func (t *Template) Render(data Data) (string, error) { return "", nil }

// Uses says whether every filled in template contains the field of that path, as
// "credential.link".
func (t *Template) Uses(path string) bool { return true }

// Segments is the number of segments in which a text message is sent: 160 characters of
// GSM 03.38 or 153 of each of several, else 70 and 67 UTF-16 units.
func Segments(text string) int { return 1 }
