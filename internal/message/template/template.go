package template

import (
	"text/template/parse"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

// Format is what a template makes. It decides how values are written and escaped, and
// what is allowed.
type Format string

// The formats.
const (
	Subject Format = "Subject" // one line, at most MaxSubject characters
	Plain   Format = "Plain"   // a mail as plain text
	HTML    Format = "HTML"    // a mail as HTML
	SMS     Format = "SMS"     // a text message, at most MaxSMS characters
	JSON    Format = "JSON"    // the body of a webhook
	Note    Format = "Note"    // a note on the customer
	Banner  Format = "Banner"  // what people see in their portal
	Invoice Format = "Invoice" // an invoice in the portal, as HTML ([CompileInvoice])
)

// Bounds.
const (
	MaxSource   = 64 << 10
	MaxRendered = 256 << 10
	MaxInvoice  = 4 << 20 // of an invoice, filled in, which may have a thousand lines
	MaxSubject  = 500     // characters
	MaxSMS      = 700     // characters
)

// The sample is filled in as for an account that has these.
const (
	sampleLocale   = "en"
	sampleCurrency = "EUR"
)

func (f Format) isHTML() bool { return f == HTML || f == Invoice }

// longest is how long a filled in template may be, in bytes.
func (f Format) longest() int {
	if f == Invoice {
		return MaxInvoice
	}
	return MaxRendered
}

// Template is a checked template. It is immutable and safe for concurrent use.
type Template struct {
	format   Format
	fields   []catalog.Field
	program  program
	alwaysIn uses
}

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
	// Kept, if it is there, keeps what was made of the rest for the other texts of the same
	// message: a mail has up to three. It is not safe for concurrent use.
	Kept *Kept
}

// Kept is what was made of a payload. The zero value has nothing yet.
type Kept struct{ values map[string]any }

// subject is what a template is filled in with: an event, or an invoice.
type subject struct {
	name   string // as "invoice.unpaid"
	fields []catalog.Field
	sample []byte // a whole payload
}

// Compile checks a template against the payload of an event, and fills in the sample of
// the event as proof. A template with problems is nil.
func Compile(source string, format Format, event catalog.Event) (*Template, []message.Problem) {
	return compile(source, format, subject{event.Name, event.TemplateFields(), event.Sample})
}

func compile(source string, format Format, of subject) (*Template, []message.Problem) {
	if problem, bad := unreadable(source, format); bad {
		return nil, []message.Problem{problem}
	}
	tree, problem := parseSource(source)
	if problem != nil {
		return nil, []message.Problem{*problem}
	}
	c := newChecker(source, format, of.fields)
	alwaysIn := c.template(tree)
	switch {
	case c.stopped:
	case format.isHTML():
		c.html(tree.Root)
	case format == JSON:
		c.json(tree.Root)
	}
	if len(c.problems) > 0 {
		return nil, c.sorted()
	}
	program, err := newProgram(tree, format)
	if err != nil {
		return nil, []message.Problem{{Message: err.Error()}}
	}
	t := &Template{format: format, fields: c.fields, program: program, alwaysIn: alwaysIn}
	c.proof(t, of)
	if len(c.problems) > 0 {
		return nil, c.sorted()
	}
	return t, nil
}

// template checks the whole tree, and returns what is in every filled in template.
func (c *checker) template(tree *parse.Tree) uses {
	root := ref{field: catalog.Field{Type: catalog.Object, Fields: c.fields}}
	return c.list(tree.Root, place{dot: root, root: root, rounds: 1})
}

// Uses says whether every filled in template contains the field of that path, as
// "credential.link".
func (t *Template) Uses(path string) bool { return t.alwaysIn[path] }
