package integration

import "time"

// ContactCredentials is how far the sign-in of a contact is set up, and which mail may be
// sent about it.
type ContactCredentials struct {
	State    string    `json:"state" enum:"None,Named,Active" doc:"None: no username. Named: a username, and no password yet. Active: both."`
	Username string    `json:"username,omitempty" doc:"The name to sign in with."`
	Mail     string    `json:"mail" enum:"Create,Reset" doc:"The only mail that may be sent now: to create the sign-in, or to reset its password."`
	Link     *SentLink `json:"link,omitempty" doc:"The newest link that was sent. Missing: none was."`
}

// SentLink is a link that was sent. Its address is known to those who got it only.
type SentLink struct {
	Purpose   string    `json:"purpose" enum:"Create,Reset,Invite" doc:"What it is for: Invite is sent by people of the account, and creates the sign-in too."`
	Addresses int       `json:"addresses" minimum:"1" doc:"To how many mail addresses it was sent, each with a link of its own."`
	SentAt    time.Time `json:"sentAt" doc:"When it was sent."`
	ExpiresAt time.Time `json:"expiresAt" doc:"Until when it works."`
	State     string    `json:"state" enum:"Open,Spent,Used,Voided,Expired" doc:"Spent: its button was pressed, and nothing was chosen yet; it does not work again. Used: the person has chosen. Voided: a newer one was sent, or it is not wanted any more."`
}

// CreateMails says to whom the mail to create a sign-in is sent: exactly one of the fields.
type CreateMails struct {
	Contacts []string `json:"contacts,omitempty" minItems:"1" maxItems:"5000" maxLength:"64" uniqueItems:"true" doc:"The ids of contacts."`
	Accounts []string `json:"accounts,omitempty" minItems:"1" maxItems:"5000" maxLength:"64" uniqueItems:"true" doc:"The ids of accounts: their owners."`
}

// CreateMailsResult says what became of each.
type CreateMailsResult struct {
	Sent    int                `json:"sent" doc:"To how many it was sent."`
	Refused int                `json:"refused" doc:"To how many it was not."`
	Items   []CreateMailResult `json:"items" nullable:"false" doc:"One for each, in the order of the request."`
}

// CreateMailResult is what became of one.
type CreateMailResult struct {
	ID        string    `json:"id" doc:"The contact or the account, as in the request."`
	ContactID string    `json:"contactId,omitempty" doc:"The contact, if there is one."`
	Outcome   string    `json:"outcome" enum:"Sent,Refused" doc:"Whether the mail was sent."`
	Addresses int       `json:"addresses,omitempty" doc:"To how many mail addresses."`
	ExpiresAt time.Time `json:"expiresAt,omitzero" doc:"Until when the link in it works."`
	Message   string    `json:"message,omitempty" doc:"Why it was refused, and what to do."`
}
