package config

import (
	"slices"

	"github.com/foyerhq/foyer/internal/catalog"
)

// DeliveryMode says what becomes of notifications.
type DeliveryMode string

// The delivery modes. Nobody is mailed by accident: without one it is Hold.
const (
	DeliveryHold     DeliveryMode = "Hold"     // they are planned and shown, not sent
	DeliveryRedirect DeliveryMode = "Redirect" // mails go to RedirectTo, webhooks of the tenant get their events, and that is all
	DeliveryLive     DeliveryMode = "Live"
)

// Delivery says what becomes of notifications.
type Delivery struct {
	Mode       DeliveryMode `json:"mode,omitempty"`
	RedirectTo string       `json:"redirectTo,omitempty"` // a mail address
	MaxPerHour int64        `json:"maxPerHour,omitempty"` // of mails and text messages together; 0: no bound
}

// Delivery says what becomes of notifications. What this release does not know is Hold too.
func (l *Live) Delivery() Delivery {
	d := l.Tenant.Delivery
	if d.Mode != DeliveryLive && (d.Mode != DeliveryRedirect || d.RedirectTo == "") {
		d.Mode = DeliveryHold
	}
	return d
}

// EmailChannel is how mails are sent. From is empty where the tenant sends none.
type EmailChannel struct {
	From    string `json:"from,omitempty"` // "billing@acme.example" or "Acme <billing@acme.example>"
	ReplyTo string `json:"replyTo,omitempty"`
	SMTP    SMTP   `json:"smtp,omitzero"`
	DKIM    DKIM   `json:"dkim,omitzero"`
}

// SMTP is the server that takes the mails.
type SMTP struct {
	Host     string       `json:"host"`
	Port     int32        `json:"port,omitempty"` // 0: 465 with TLS, else 587
	Security SMTPSecurity `json:"security,omitempty"`
	// Signed says that a username and a password are mounted, or a ca.crt alone (see
	// [SMTPSecretDir]).
	Signed bool `json:"signed,omitempty"`
}

// SMTPSecurity says how the connection to the server is protected.
type SMTPSecurity string

// The ways; empty means TLS.
const (
	SMTPTLS      SMTPSecurity = "TLS"      // from the first byte
	SMTPStartTLS SMTPSecurity = "StartTLS" // required, never given up
	SMTPNone     SMTPSecurity = "None"
)

// DKIM signs mails. Without a selector they are not signed.
type DKIM struct {
	Domain   string `json:"domain,omitempty"`
	Selector string `json:"selector,omitempty"`
}

// SMSType is the protocol of the provider of text messages.
type SMSType string

// The protocols.
const (
	SMSTwilio SMSType = "Twilio" // Twilio's, and of those that speak it
	SMSHTTP   SMSType = "HTTP"   // a JSON POST of Foyer's own form
)

// SMSChannel is how text messages are sent. Type is empty where the tenant sends none.
type SMSChannel struct {
	Type SMSType `json:"type,omitempty"`
	From string  `json:"from,omitempty"` // a number, or a name of at most 11 letters and digits
	URL  string  `json:"url,omitempty"`  // empty with Twilio: its own
}

// TenantWebhook gets every event of its types in order, whatever the templates say.
type TenantWebhook struct {
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Events []string `json:"events"` // types, or all of an object as "contact.*"; sorted
}

// Takes says whether the webhook gets events of a type.
func (w TenantWebhook) Takes(eventType string) bool { return matchesAny(w.Events, eventType) }

// MaySign says whether systems may send events of a type in with a signature in place of
// a token. That it can be sent in at all is for the caller to ask.
func (l *Live) MaySign(eventType string) bool {
	return len(l.Tenant.EventTypes) == 0 || matchesAny(l.Tenant.EventTypes, eventType)
}

func matchesAny(patterns []string, eventType string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return catalog.Matches(pattern, eventType) })
}

// The directories, below that of the channels, in which the dispatcher finds their secrets.
// Each file of a Secret has the name of its key.
const (
	SMTPSecretDir = "smtp" // username and password, ca.crt, or all of them
	DKIMSecretDir = "dkim" // key: a private key in PEM
	SMSSecretDir  = "sms"  // accountSID and authToken of Twilio; authorization of HTTP; perhaps statusURL
	// WebhookSecretDir and the name of a webhook; secret: as "whsec_" and base64
	WebhookSecretDir = "webhook-"
)

// StandardEvents says which messages of the standard suite the accounts of a profile get.
type StandardEvents struct {
	Mode     StandardEventsMode `json:"mode,omitempty"`
	Disabled []string           `json:"disabled,omitempty"` // event types, sorted
}

// StandardEventsMode switches the standard suite off.
type StandardEventsMode string

// The modes; empty means Inherit.
const (
	StandardEventsInherit StandardEventsMode = "Inherit"
	StandardEventsNone    StandardEventsMode = "None"
)

// HasStandard says whether the accounts of a profile get the message of the standard suite
// for an event, unless an EventTemplate replaces it.
func (l *Live) HasStandard(profile, eventType string) bool {
	s := l.accountProfiles[profile].StandardEvents
	return s.Mode != StandardEventsNone && !slices.Contains(s.Disabled, eventType)
}
