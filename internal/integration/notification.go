package integration

import (
	"cmp"
	"encoding/json"
	"time"
)

// Notification is one message of one action to one recipient.
type Notification struct {
	ID             string    `json:"id" doc:"Its id, a UUID. Mails have it in their Message-ID."`
	AccountID      string    `json:"accountId,omitempty" doc:"The account. Missing: its event is about more than one."`
	ContactID      string    `json:"contactId,omitempty" doc:"The contact that it goes to. Missing: it goes to no contact."`
	EventType      string    `json:"eventType" doc:"The event type, as invoice.unpaid."`
	EventID        string    `json:"eventId,omitempty" doc:"The id of the event. Missing for a dated one."`
	About          string    `json:"about,omitempty" doc:"The id of what the event is about, as of an invoice."`
	Occurrence     string    `json:"occurrence" doc:"What happens once: the id of the event, or the day of a dated one and the date that it counts from, as 3@2026-11-15."`
	Category       string    `json:"category" enum:"General,Invoice,Product,Support,Security" doc:"What people choose by what they are sent."`
	Source         string    `json:"source" enum:"EventTemplate,Standard" doc:"Where the action comes from: an EventTemplate, or the standard suite."`
	Template       string    `json:"template,omitempty" doc:"The EventTemplate."`
	Action         string    `json:"action" doc:"The action."`
	Channel        string    `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way it goes."`
	Address        string    `json:"address,omitempty" doc:"Where it goes: a mail address, a telephone number or a URL."`
	CC             []string  `json:"cc,omitempty" doc:"Who gets a copy."`
	BCC            []string  `json:"bcc,omitempty" doc:"Who gets a copy that nobody sees."`
	RedirectedTo   string    `json:"redirectedTo,omitempty" doc:"Where it went instead, in mode Redirect."`
	Locale         string    `json:"locale,omitempty" doc:"The language that it is in."`
	State          string    `json:"state" enum:"Planned,Held,Leased,Retry,Uncertain,Sent,Dead,Suppressed,Cancelled" doc:"Planned and Retry wait for their turn, Held for the delivery mode, Uncertain for staff; Leased is being sent. Sent, Dead, Suppressed and Cancelled are ends."`
	Reason         string    `json:"reason,omitempty" doc:"Why it was suppressed, is dead or waits, as optedOut: docs/integration-api.md lists the reasons."`
	Detail         string    `json:"detail,omitempty" doc:"What went wrong, in words."`
	PlannedAt      time.Time `json:"plannedAt" doc:"When it was planned."`
	DueAt          time.Time `json:"dueAt" doc:"When it happened, or when its day came."`
	NextAt         time.Time `json:"nextAt,omitzero" doc:"When its turn comes, if it waits for that."`
	Attempts       int       `json:"attempts" doc:"How often it was handed to its channel."`
	SentAt         time.Time `json:"sentAt,omitzero" doc:"When its channel took it."`
	Receipt        string    `json:"receipt,omitempty" enum:"Delivered,Failed" doc:"What the provider of text messages said later."`
	ProviderID     string    `json:"providerId,omitempty" doc:"The id that the provider of the channel gave it."`
	Subject        string    `json:"subject,omitempty" doc:"The subject that was sent."`
	SettingsDigest string    `json:"settingsDigest,omitempty" doc:"The settings document that it was planned by."`
	RoutingDigest  string    `json:"routingDigest,omitempty" doc:"The routing document that it was planned by."`
	Suite          string    `json:"suite,omitempty" doc:"The version of the standard suite, if it comes from that."`
	UpdatedAt      time.Time `json:"updatedAt" doc:"When its state changed last."`
}

// NotificationDetail is a notification with what was sent, and each attempt.
type NotificationDetail struct {
	Notification
	Body string                `json:"body,omitempty" doc:"The text that was sent. That of messages about signing in is not kept."`
	Log  []NotificationAttempt `json:"log" nullable:"false" doc:"Each attempt to hand it to its channel that has ended."`
}

// NotificationAttempt is one attempt to hand a notification to its channel.
type NotificationAttempt struct {
	Number  int       `json:"number" doc:"Counted from 1."`
	BeganAt time.Time `json:"beganAt" doc:"When it began."`
	EndedAt time.Time `json:"endedAt" doc:"When it ended."`
	Outcome string    `json:"outcome,omitempty" doc:"What became of it: Sent, Retry, Dead, Suppressed, Uncertain, or Returned without being tried."`
	Class   string    `json:"class,omitempty" doc:"What follows from its error: temporary, permanent, broken or uncertain."`
	Code    string    `json:"code,omitempty" doc:"The code of its error, as the channel has it."`
	Detail  string    `json:"detail,omitempty" doc:"Its error in words."`
}

// DeliveryState says what becomes of notifications.
type DeliveryState struct {
	Mode         string    `json:"mode" enum:"Hold,Redirect,Live" doc:"What becomes of notifications. Hold: they are kept. Redirect: mails go to redirectTo, without copies, and secret links in them are placeholders but in mails for that address itself; text messages, Webhook actions, banners and notes are Suppressed. Live: they go out."`
	RedirectTo   string    `json:"redirectTo,omitempty" doc:"Where mails go in mode Redirect."`
	LiveSince    time.Time `json:"liveSince,omitzero" doc:"When notifications went out first, or again. What fell due before is never sent. Missing: never yet."`
	MaxPerHour   int64     `json:"maxPerHour,omitempty" doc:"How many mails and text messages may go out within an hour, those about signing in excepted. Missing: as many as there are."`
	LimitReached bool      `json:"limitReached,omitempty" doc:"As many as maxPerHour allows went out within the last hour, or are under way: the others wait."`
	Adopted      bool      `json:"adopted,omitempty" doc:"The data was taken over from another cluster: delivery stays in Hold until spec.delivery.mode of the Tenant was Hold once more."`
}

// NotificationSummary says how delivery is going.
type NotificationSummary struct {
	DeliveryState
	AsOf           time.Time           `json:"asOf" doc:"When this was."`
	Since          time.Time           `json:"since" doc:"From when on notifications are counted, by when they were planned."`
	SweptAt        time.Time           `json:"sweptAt,omitzero" doc:"When the dispatcher has last looked at all unpaid invoices. Missing: not yet."`
	Counts         []NotificationCount `json:"counts" nullable:"false" doc:"How many notifications there are."`
	Due            int                 `json:"due" doc:"How many wait whose turn has come, 10,000 at most."`
	OldestDue      time.Time           `json:"oldestDue,omitzero" doc:"The first of their turns."`
	Held           int                 `json:"held" doc:"How many wait for the delivery mode, 10,000 at most."`
	Uncertain      int                 `json:"uncertain" doc:"How many wait for staff, 10,000 at most: they may have arrived."`
	BrokenChannels []string            `json:"brokenChannels" nullable:"false" enum:"Email,SMS,Webhook,Banner,Log" doc:"Channels that work for nobody at the moment, as the last attempts say."`
	Webhooks       []WebhookStatus     `json:"webhooks" nullable:"false" doc:"How the webhooks of the tenant are doing, by name. In Hold they wait."`
}

// WebhookStatus says how one of the tenant's webhooks is doing. It gets its events in order, so
// one that is refused keeps back those after it.
type WebhookStatus struct {
	Name     string    `json:"name" doc:"Its name in spec.webhooks of the Tenant."`
	Behind   int       `json:"behind" doc:"How many events there are after the last that it has taken, of all types, 10,000 at most."`
	BehindAt time.Time `json:"behindAt,omitzero" doc:"When the first of them happened."`
	Failures int       `json:"failures" doc:"How often it has failed since it took one."`
	NextAt   time.Time `json:"nextAt,omitzero" doc:"When it is tried again, if it has failed."`
	Detail   string    `json:"detail,omitempty" doc:"How it failed last, in words."`
}

// NotificationCount is how many notifications have a state, for a reason, by a channel.
type NotificationCount struct {
	State   string `json:"state" doc:"Their state."`
	Reason  string `json:"reason,omitempty" doc:"Why they are in it."`
	Channel string `json:"channel" doc:"Their channel."`
	Count   int64  `json:"count" doc:"How many there are."`
}

// Documents are those of a tenant, in place of the ones in force: kubectl foyer compiles
// them of objects that are not applied yet.
type Documents struct {
	Settings json.RawMessage `json:"settings,omitempty" doc:"A settings document. Left out: the one in force."`
	Routing  json.RawMessage `json:"routing,omitempty" doc:"A routing document, or a text: the document packed by gzip, in Base64. Left out: the one in force."`
}

// UpcomingQuery asks who would be sent what in the coming days.
type UpcomingQuery struct {
	Days      int    `json:"days,omitempty" minimum:"1" maximum:"31" doc:"How many days from now. Left out: 7."`
	AccountID string `json:"accountId,omitempty" maxLength:"64" doc:"Only this account."`
	Cursor    string `json:"cursor,omitempty" maxLength:"1024" doc:"Where to go on: next of the answer before."`
	Compare   bool   `json:"compare,omitempty" doc:"Tell also what would be sent by the documents in force, of the same accounts."`
	Documents
}

// Upcoming is who would be sent what in the coming days, if nobody pays and nothing changes.
type Upcoming struct {
	DeliveryState
	From           time.Time      `json:"from" doc:"From when."`
	To             time.Time      `json:"to" doc:"Until when."`
	Items          []UpcomingItem `json:"items" nullable:"false" doc:"What would be sent, sorted by time, account and channel. Every account is on one page."`
	InForce        []UpcomingItem `json:"inForce,omitempty" doc:"With compare: what would be sent by the documents in force."`
	Next           string         `json:"next,omitempty" doc:"The cursor of the next page. Missing: all accounts were looked at."`
	SettingsDigest string         `json:"settingsDigest" doc:"The settings document that this is by."`
	RoutingDigest  string         `json:"routingDigest,omitempty" doc:"The routing document that this is by. Missing: there is none."`
	Problems       []string       `json:"problems,omitempty" doc:"What of the documents this release cannot run, or that no dispatcher runs them."`
}

// UpcomingItem is one notification that would be sent.
type UpcomingItem struct {
	At             time.Time `json:"at" doc:"When."`
	Day            string    `json:"day" format:"date" doc:"The date of it at the account."`
	AccountID      string    `json:"accountId" doc:"The account."`
	AccountProfile string    `json:"accountProfile,omitempty" doc:"The AccountProfile that it is treated by."`
	ContactID      string    `json:"contactId,omitempty" doc:"The contact."`
	EventType      string    `json:"eventType" doc:"The event type."`
	Invoice        string    `json:"invoice,omitempty" doc:"The id of the invoice."`
	Number         string    `json:"number,omitempty" doc:"The number of the invoice."`
	DaysOverdue    int32     `json:"daysOverdue" doc:"The day of the action, counted from the due date."`
	Invoices       int       `json:"invoices" doc:"How many invoices it tells of."`
	Source         string    `json:"source" enum:"EventTemplate,Standard" doc:"Where the action comes from."`
	Template       string    `json:"template,omitempty" doc:"The EventTemplate."`
	Action         string    `json:"action" doc:"The action."`
	Channel        string    `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way it would go."`
	Address        string    `json:"address,omitempty" doc:"Where it would go."`
	Suppressed     string    `json:"suppressed,omitempty" doc:"Why it would not be sent, as optedOut. Missing: it would be."`
}

// Compare sorts items by time, account and channel.
func (i UpcomingItem) Compare(other UpcomingItem) int {
	return cmp.Or(i.At.Compare(other.At), cmp.Compare(i.AccountID, other.AccountID), cmp.Compare(i.Channel, other.Channel), cmp.Compare(i.Address, other.Address))
}

// RenderQuery asks what an account would get for an event.
type RenderQuery struct {
	AccountID string `json:"accountId" maxLength:"64" doc:"The account."`
	Event     string `json:"event" maxLength:"64" doc:"The event type, as invoice.issued."`
	Action    string `json:"action,omitempty" maxLength:"63" doc:"Only this action."`
	Documents
}

// Rendered is what an account would get for an event: the account's own people, settings and
// invoices, with the sample of the event for the rest.
type Rendered struct {
	AccountID string         `json:"accountId" doc:"The account."`
	Event     string         `json:"event" doc:"The event type."`
	Sample    bool           `json:"sample" doc:"The event is the sample of its type. Otherwise it is about the oldest unpaid invoice of the account."`
	Items     []RenderedItem `json:"items" nullable:"false" doc:"What would be sent. Secret links are placeholders."`
	Problems  []string       `json:"problems,omitempty" doc:"What of the documents this release cannot run, or that no dispatcher runs them."`
}

// RenderedItem is one notification that would be sent.
type RenderedItem struct {
	Source      string            `json:"source" enum:"EventTemplate,Standard" doc:"Where the action comes from."`
	Template    string            `json:"template,omitempty" doc:"The EventTemplate."`
	Action      string            `json:"action" doc:"The action."`
	Channel     string            `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way it would go."`
	ContactID   string            `json:"contactId,omitempty" doc:"The contact."`
	Address     string            `json:"address,omitempty" doc:"Where it would go."`
	CC          []string          `json:"cc,omitempty" doc:"Who gets a copy."`
	BCC         []string          `json:"bcc,omitempty" doc:"Who gets a copy that nobody sees."`
	Locale      string            `json:"locale,omitempty" doc:"The language that it is in."`
	Suppressed  string            `json:"suppressed,omitempty" doc:"Why it would not be sent. Missing: it would be."`
	From        string            `json:"from,omitempty" doc:"The sender."`
	Subject     string            `json:"subject,omitempty" doc:"The subject."`
	Text        string            `json:"text,omitempty" doc:"The plain text, or the body of a webhook."`
	HTML        string            `json:"html,omitempty" doc:"The HTML."`
	Texts       map[string]string `json:"texts,omitempty" doc:"Those of a banner, by language."`
	Attach      []string          `json:"attach,omitempty" doc:"What goes with it: Invoice."`
	Unsubscribe bool              `json:"unsubscribe,omitempty" doc:"Its reader can opt out by it."`
	Problem     string            `json:"problem,omitempty" doc:"Why its texts cannot be made."`
}

// Receipt is what a provider of text messages says of one that it took, in Foyer's own form.
type Receipt struct {
	ID     string `json:"id" maxLength:"200" doc:"The id that the provider gave the message."`
	Status string `json:"status" enum:"Delivered,Failed" doc:"What became of it."`
}

// ReceiptTaken is the answer to a receipt.
type ReceiptTaken struct {
	Known bool `json:"known" doc:"Whether there is a message with this id. There may not be: receipts of others come to the same address."`
}
