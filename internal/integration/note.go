package integration

import "time"

// Note is what the provider's people write down about an account.
type Note struct {
	ID        string    `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system, or made by the server."`
	AccountID string    `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Text      string    `json:"text" maxLength:"10000" lines:"true" doc:"What is noted. Customers never see it."`
	Author    string    `json:"author,omitempty" maxLength:"200" doc:"The name of who wrote it. Left out it stays as it is; in a new note it is the token."`
	At        time.Time `json:"at,omitzero" doc:"When it was written. Left out it stays as it is; in a new note it is now."`
	Meta
}
