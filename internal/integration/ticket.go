package integration

import "time"

// Ticket is a question of an account to the provider.
type Ticket struct {
	ID         string    `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system, or made by the server."`
	AccountID  string    `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Number     string    `json:"number,omitempty" maxLength:"64" doc:"The number that people know it by, as T-6120; no two tickets have the same. Left out it stays as it is; a new ticket gets the next one."`
	Subject    string    `json:"subject" maxLength:"200" doc:"What it is about."`
	Text       string    `json:"text" maxLength:"20000" lines:"true" doc:"What was written when it was opened. It is the first of its messages, with the id of the ticket."`
	Department string    `json:"department,omitempty" maxLength:"100" doc:"Who at the provider looks after it."`
	Status     string    `json:"status,omitempty" enum:"Open,Answered,Closed" doc:"Open waits for the provider, Answered for the customer. Left out it stays as it is; a new ticket is Open. Messages change it too."`
	ContactID  string    `json:"contactId,omitempty" maxLength:"64" doc:"The contact that opened it, or for whom it was opened. Cleared when the contact is deleted."`
	OpenedBy   string    `json:"openedBy,omitempty" maxLength:"200" doc:"The name of who opened it. Left out it stays as it is; in a new ticket it is the name of the contact."`
	OpenedAt   time.Time `json:"openedAt,omitzero" doc:"When it was opened. Left out it stays as it is; in a new ticket it is now."`
	Closing    *Closing  `json:"closing,omitempty" doc:"How it was closed. Only a ticket that is Closed has it."`
	Meta
}

// Closing says how a ticket was closed.
type Closing struct {
	Author  string    `json:"author,omitempty" maxLength:"200" doc:"The name of who closed it. Left out: the provider."`
	ByStaff bool      `json:"byStaff,omitempty" doc:"Whether that is the provider's staff."`
	Text    string    `json:"text,omitempty" maxLength:"20000" lines:"true" doc:"What was written with it."`
	At      time.Time `json:"at,omitzero" doc:"When it was closed. Left out: now."`
}

// TicketMessage is one message of a ticket.
type TicketMessage struct {
	ID       string    `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system, or made by the server."`
	TicketID string    `json:"ticketId,omitempty" readOnly:"true" doc:"The ticket that it belongs to."`
	Author   string    `json:"author" maxLength:"200" doc:"The name of who wrote it."`
	ByStaff  bool      `json:"byStaff,omitempty" doc:"Whether that is the provider's staff: its message makes the ticket Answered, that of a customer Open again."`
	Text     string    `json:"text" maxLength:"20000" lines:"true" doc:"What was written."`
	At       time.Time `json:"at,omitzero" doc:"When it was written. Left out it stays as it is; in a new message it is now."`
	Meta
}
