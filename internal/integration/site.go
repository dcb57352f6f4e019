package integration

import "time"

// Meta is what the server adds to what it keeps. In a request it is accepted and ignored,
// so that what was read can be written back.
type Meta struct {
	Version   int64     `json:"version,omitempty" readOnly:"true" doc:"Raised by each change; the entity tag is made of it. A row that is deleted and made again goes on above its last one."`
	CreatedAt time.Time `json:"createdAt,omitzero" readOnly:"true" doc:"When it came to Foyer."`
	UpdatedAt time.Time `json:"updatedAt,omitzero" readOnly:"true" doc:"When it was changed last."`
}

// Site is a place of an account.
type Site struct {
	ID        string `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID string `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Name      string `json:"name" maxLength:"200" doc:"The name that people know it by."`
	Address   string `json:"address,omitempty" maxLength:"500" lines:"true" doc:"The postal address."`
	Meta
}
