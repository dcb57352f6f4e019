package config

import (
	"encoding/json"
	"slices"
)

// RoutingFormat is the version of the routing document's structure.
const RoutingFormat = 1

// RoutingFile is the key of the routing document in its ConfigMap, and its file name in
// the mounted directory. It is gzipped there; its digest is that of the plain JSON.
const RoutingFile = "routing.json.gz"

// Routing is the routing document of one tenant: its event templates. Lists are sorted.
type Routing struct {
	Format int `json:"format"`
	// Tenant is the name of the Tenant.
	Tenant string `json:"tenant"`
	// Templates are the entries of the EventTemplates, by name.
	Templates []Entry `json:"templates,omitempty"`
	// Withheld is what entries would do as well, if another one did not do it already.
	Withheld []Withheld `json:"withheld,omitempty"`
	// Bodies holds each text of the templates once, by its digest.
	Bodies map[BodyRef]string `json:"bodies,omitempty"`

	// Extra holds the fields of a newer writer, which this release carries on unread.
	Extra map[string]json.RawMessage `json:"-"`
}

// BodyRef names a text in Bodies by its content: "sha256:" and 64 hexadecimal digits.
type BodyRef string

// Withheld is an action that does not fire for the accounts of one profile, because an
// action of another template already does by the same channel, for the same event.
type Withheld struct {
	Template       string  `json:"template"`
	Action         string  `json:"action"`
	AccountProfile string  `json:"accountProfile"`
	Days           []int32 `json:"days,omitempty"` // of a dated event: only these; empty: never
	By             string  `json:"by"`             // the template that does
}

// EventTemplate is the content of an EventTemplate's entry.
type EventTemplate struct {
	Event           string   `json:"event"`
	AccountProfiles []string `json:"accountProfiles"`
	When            string   `json:"when,omitempty"`
	Schedule        Schedule `json:"schedule,omitzero"`
	Actions         []Action `json:"actions"` // in the order of the object
}

// Schedule is when the actions of a dated event fire, in the zone of the account.
type Schedule struct {
	At   string `json:"at,omitempty"`   // "15:04"; empty: 09:00
	Days string `json:"days,omitempty"` // AllDays or BusinessDays; empty: AllDays
}

// Action is one action. The field of its type is set, and no other.
type Action struct {
	Name            string  `json:"name"`
	Type            string  `json:"type"`            // Email, SMS, Webhook, Banner or Log
	State           string  `json:"state,omitempty"` // Disabled, or empty
	Days            []int32 `json:"days,omitempty"`  // sorted
	RepeatEveryDays int32   `json:"repeatEveryDays,omitempty"`
	MaxRepeats      int32   `json:"maxRepeats,omitempty"`
	Log             string  `json:"log,omitempty"` // CustomerNotes, or empty
	// Combine Account: one message for all invoices of an account that fall due at once.
	Combine string   `json:"combine,omitempty"`
	Email   *Email   `json:"email,omitempty"`
	SMS     *SMS     `json:"sms,omitempty"`
	Webhook *Webhook `json:"webhook,omitempty"`
	Banner  *Banner  `json:"banner,omitempty"`
	Note    *Note    `json:"note,omitempty"`
}

// Email is a mail.
type Email struct {
	From         string             `json:"from,omitempty"`
	To           []string           `json:"to"` // roles and addresses, sorted; so are CC and BCC
	CC           []string           `json:"cc,omitempty"`
	BCC          []string           `json:"bcc,omitempty"`
	Priority     string             `json:"priority,omitempty"` // Low or High; empty: Normal
	Attach       []string           `json:"attach,omitempty"`   // Invoice
	Subject      BodyRef            `json:"subject"`
	Text         BodyRef            `json:"text"`
	HTML         BodyRef            `json:"html,omitempty"`
	Translations []EmailTranslation `json:"translations,omitempty"` // sorted by locale
}

// EmailTranslation is a mail in another language.
type EmailTranslation struct {
	Locale  string  `json:"locale"`
	Subject BodyRef `json:"subject"`
	Text    BodyRef `json:"text"`
	HTML    BodyRef `json:"html,omitempty"`
}

// SMS is a text message.
type SMS struct {
	To []string `json:"to"` // roles and numbers, sorted
	// Fallback Email: who has no number that takes text messages gets the text by mail.
	Fallback     string            `json:"fallback,omitempty"`
	Text         BodyRef           `json:"text"`
	Translations []TextTranslation `json:"translations,omitempty"` // sorted by locale
}

// TextTranslation is a short text in another language.
type TextTranslation struct {
	Locale string  `json:"locale"`
	Text   BodyRef `json:"text"`
}

// Webhook is an HTTP request.
type Webhook struct {
	URL  string  `json:"url"`
	Body BodyRef `json:"body,omitempty"` // empty: the event itself
}

// Banner is a message in the portal.
type Banner struct {
	Text         BodyRef           `json:"text"`
	Translations []TextTranslation `json:"translations,omitempty"` // sorted by locale
}

// Note is a note on the customer.
type Note struct {
	Text BodyRef `json:"text"`
}

// LiveRouting is a loaded routing document.
type LiveRouting struct {
	Digest  string
	Routing Routing
	// Templates are the contents of the entries, by name.
	Templates map[string]EventTemplate
}

// ActionType is a type of actions, and the field that an action of it has set, and no other.
type ActionType struct {
	Name, Field string
	IsSet       func(Action) bool
}

var actionTypes = []ActionType{
	{"Email", "email", func(a Action) bool { return a.Email != nil }},
	{"SMS", "sms", func(a Action) bool { return a.SMS != nil }},
	{"Webhook", "webhook", func(a Action) bool { return a.Webhook != nil }},
	{"Banner", "banner", func(a Action) bool { return a.Banner != nil }},
	{"Log", "note", func(a Action) bool { return a.Note != nil }},
}

// ActionTypes lists the types that this release knows.
func ActionTypes() []ActionType { return slices.Clone(actionTypes) }
