package integration

import "time"

// Token is an API token, without its secret.
type Token struct {
	ID         string    `json:"id" doc:"The id of the token, made by the server."`
	Name       string    `json:"name" doc:"The name that the audit trail shows."`
	Scopes     []string  `json:"scopes" doc:"What it may do."`
	CreatedBy  string    `json:"createdBy" doc:"Who made it: manager for the operator, else the token that asked for it."`
	CreatedAt  time.Time `json:"createdAt" doc:"When it was made."`
	ExpiresAt  time.Time `json:"expiresAt,omitzero" doc:"When it ends by itself. Missing: never."`
	LastUsedAt time.Time `json:"lastUsedAt,omitzero" doc:"When it was used last, to the minute. Missing: not yet."`
}

// NewToken asks for an API token.
type NewToken struct {
	Name      string    `json:"name" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" patternDescription:"letters, digits, dots, dashes and underscores, as billing-system" doc:"The name that the audit trail shows. No two tokens have the same."`
	Scopes    []string  `json:"scopes" minItems:"1" maxItems:"100" uniqueItems:"true" doc:"What it may do, as accounts:read. The token that asks must have each of them."`
	ExpiresAt time.Time `json:"expiresAt,omitzero" doc:"When it ends by itself. Left out: when the token that asks ends."`
}

// CreatedToken is a new API token with its secret, which is never shown again.
type CreatedToken struct {
	Token
	Secret string `json:"secret" doc:"What requests send as Authorization: Bearer. It is shown this once: keep it."`
}

// Change is one entry of the change feed: that something was written or deleted.
type Change struct {
	Kind      string    `json:"kind" doc:"What was changed: account, ticketMessage."`
	ID        string    `json:"id" doc:"Its id."`
	AccountID string    `json:"accountId,omitempty" doc:"The account that it belongs to. Missing for groups and products."`
	Operation string    `json:"operation" enum:"Upsert,Delete" doc:"Upsert: it was created or changed, read it if you need it. Delete: it is gone."`
	Version   int64     `json:"version" doc:"Its version after the change."`
	At        time.Time `json:"at" doc:"When it was changed."`
}

// Changes is a page of the change feed.
type Changes struct {
	Items []Change `json:"items" doc:"In the order in which they took effect."`
	Next  string   `json:"next" doc:"Where to go on: after of the next request. It is always there, also when there is nothing new."`
	More  bool     `json:"more" doc:"Whether there is more to read at once. If not, ask again later."`
}

// Event is something that happened to an account.
type Event struct {
	ID        string         `json:"id" doc:"The id of the event."`
	Source    string         `json:"source" doc:"Where it came from: foyer for what Foyer saw happen."`
	Type      string         `json:"type" doc:"The event type, as invoice.issued."`
	Time      time.Time      `json:"time" doc:"When it happened."`
	AccountID string         `json:"accountId,omitempty" doc:"The account. Missing: it is of more than one."`
	Subject   string         `json:"subject,omitempty" doc:"The id of what it is about."`
	Actor     string         `json:"actor,omitempty" doc:"Who did it."`
	Data      map[string]any `json:"data" doc:"The payload of the event type, without the objects that every event has."`
}

// Events is a page of events.
type Events struct {
	Items []Event `json:"items" doc:"In the order in which they took effect."`
	Next  string  `json:"next" doc:"Where to go on: after of the next request. It is always there, also when there is nothing new."`
	More  bool    `json:"more" doc:"Whether there is more to read at once. If not, ask again later."`
}
