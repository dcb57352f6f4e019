package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The statuses of a ticket.
const (
	TicketOpen     = "Open"     // it waits for the provider
	TicketAnswered = "Answered" // it waits for the customer
	TicketClosed   = "Closed"
)

// Ticket is a question of an account to the provider. Its first message has its id, and
// is kept with it.
type Ticket struct {
	Row
	Number     string    `db:"number" json:"number"` // empty in a new one: made
	Subject    string    `db:"subject" json:"subject"`
	Department string    `db:"department" json:"department"`
	Status     string    `db:"status" json:"status"`
	ContactID  string    `db:"contact_id" json:"contact_id"` // empty: no contact of the account opened it
	OpenedBy   string    `db:"opened_by" json:"opened_by"`   // empty in a new one: the name of the contact
	OpenedAt   time.Time `db:"opened_at" json:"opened_at"`   // zero in a new one: now
	Closing    *Closing  `db:"closing" json:"closing"`       // of a closed one
	Text       string    `db:"text" json:"-"`                // of the first message
}

// Closing says how a ticket was closed.
type Closing struct {
	Author  string    `json:"author"`
	ByStaff bool      `json:"byStaff"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"` // zero in a new one: now
}

var tickets = &kind[Ticket, *Ticket]{
	name:  "ticket",
	table: "ticket",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.number, t.subject, t.department, t.status,
coalesce(t.contact_id, '') AS contact_id, t.opened_by, t.opened_at, t.closing,
coalesce((SELECT m.text FROM ticket_message m WHERE m.id = t.id), '') AS text`,
	insert: []string{"number", "subject", "department", "status", "contact_id", "opened_by", "opened_at", "closing"},
	values: func(t *Ticket) []any {
		return []any{t.Number, t.Subject, t.Department, t.Status, nullable(t.ContactID), t.OpenedBy, t.OpenedAt, t.Closing}
	},
	update: `
UPDATE ticket t SET number = i.number, subject = i.subject, department = i.department, status = i.status,
    contact_id = nullif(i.contact_id, ''), opened_by = i.opened_by, opened_at = i.opened_at, closing = nullif(i.closing, 'null'),
    version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::ticket, $1) i WHERE t.id = i.id`,
	same:       sameTicket,
	references: func(t *Ticket) []reference { return []reference{{"contactId", "contact", t.ContactID}} },
	check:      checkTickets,
	announce:   announceTicket,
}

func sameTicket(before, after *Ticket) bool {
	b, a := *before, *after
	sameTimes := b.OpenedAt.Equal(a.OpenedAt) && (b.Closing == nil) == (a.Closing == nil)
	if sameTimes && b.Closing != nil {
		bc, ac := *b.Closing, *a.Closing
		sameTimes = bc.At.Equal(ac.At)
		bc.At, ac.At = time.Time{}, time.Time{}
		sameTimes = sameTimes && bc == ac
	}
	b.Row, a.Row, b.OpenedAt, a.OpenedAt, b.Closing, a.Closing = Row{}, Row{}, time.Time{}, time.Time{}, nil, nil
	return sameTimes && b == a
}

// Ticket returns a ticket by id, or ErrNotFound.
func (s *Store) Ticket(ctx context.Context, id string) (Ticket, error) {
	return one(ctx, s, tickets, id)
}

// Tickets returns a page of tickets.
func (s *Store) Tickets(ctx context.Context, list List) ([]Ticket, *Place, error) {
	return page(ctx, s, tickets, list)
}

// PutTickets creates and changes tickets, with their first messages.
func (w *Writer) PutTickets(ctx context.Context, items []Item[Ticket]) ([]Written[Ticket], error) {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	if err := w.hold(ctx, tickets.table, ids); err != nil {
		return nil, err
	}
	written, err := put(ctx, w, tickets, items)
	if err != nil {
		return nil, err
	}
	var first []Item[TicketMessage]
	for _, t := range written {
		if t.Outcome == Created || t.Outcome == Updated {
			first = append(first, t.Row.firstMessage())
		}
	}
	audited := w.origin.Unaudited
	w.origin.Unaudited = true // the ticket is in the audit trail
	_, err = put(ctx, w, ticketMessages, first)
	w.origin.Unaudited = audited
	return written, err
}

// firstMessage is the message that a ticket is opened with.
func (t Ticket) firstMessage() Item[TicketMessage] {
	return Item[TicketMessage]{ID: t.ID, Decide: func(*TicketMessage) (TicketMessage, *Refusal) {
		return TicketMessage{Row: Row{AccountID: t.AccountID}, TicketID: t.ID, Author: t.OpenedBy, Text: t.Text, At: t.OpenedAt}, nil
	}}
}

// checkTickets fills in what a new ticket leaves out, and refuses what is taken.
func checkTickets(ctx context.Context, p *putting[Ticket, *Ticket]) error {
	var ids, unnamed []string
	numbers := stringSet{}
	p.accepted(func(_ int, t *Ticket) {
		ids, numbers[t.Number] = append(ids, t.ID), true
		if t.OpenedBy == "" {
			unnamed = append(unnamed, t.ContactID)
		}
		t.OpenedAt = orNow(t.OpenedAt, p.Writer)
		if t.Closing != nil {
			closing := *t.Closing
			closing.At = orNow(closing.At, p.Writer)
			t.Closing = &closing
		}
	})
	if err := refuseTakenTickets(ctx, p, ids, slices.Collect(maps.Keys(numbers))); err != nil {
		return err
	}
	if err := nameOpeners(ctx, p, unnamed); err != nil {
		return err
	}
	var failed error
	p.accepted(func(_ int, t *Ticket) {
		if t.Number == "" && failed == nil {
			t.Number, failed = ticketNumber(ctx, p.Writer, numbers)
		}
	})
	return failed
}

func refuseTakenTickets(ctx context.Context, p *putting[Ticket, *Ticket], ids, numbers []string) error {
	holders, err := pairs(ctx, p.tx, `SELECT number, id FROM ticket WHERE number = ANY($1)`, storable(numbers))
	if err != nil {
		return err
	}
	messages, err := pairs(ctx, p.tx, `SELECT id, ticket_id FROM ticket_message WHERE id = ANY($1)`, storable(ids))
	p.accepted(func(i int, t *Ticket) {
		if holder := holders[t.Number]; t.Number != "" && holder != "" && holder != t.ID {
			p.refuse(i, refusal("number", "%q is the number of ticket %q", t.Number, holder))
			return
		}
		if t.Number != "" {
			holders[t.Number] = t.ID
		}
		if of := messages[t.ID]; of != "" && of != t.ID {
			p.refuse(i, refusal("id", "%q is a message of ticket %q", t.ID, of))
		}
	})
	return err
}

// nameOpeners gives tickets that name nobody the name of the contact that opened them.
func nameOpeners(ctx context.Context, p *putting[Ticket, *Ticket], contacts []string) error {
	if len(contacts) == 0 {
		return nil
	}
	names, err := pairs(ctx, p.tx, `
SELECT id, coalesce(nullif(trim(first_name || ' ' || last_name), ''), email) FROM contact WHERE id = ANY($1)`, storable(contacts))
	p.accepted(func(i int, t *Ticket) {
		if t.OpenedBy != "" {
			return
		}
		if t.OpenedBy = names[t.ContactID]; t.OpenedBy == "" {
			p.refuse(i, refusal("openedBy", "is missing: it is the name of who opened the ticket, and is only left out for a contact with a name"))
		}
	})
	return err
}

// ticketNumber makes the next number that no ticket has, nor will have after this write.
func ticketNumber(ctx context.Context, w *Writer, wanted stringSet) (string, error) {
	for {
		var number string
		var taken bool
		err := w.tx.QueryRow(ctx, `
WITH next AS MATERIALIZED (SELECT 'T-' || nextval('ticket_number') AS number)
SELECT n.number, EXISTS (SELECT FROM ticket t WHERE t.number = n.number) FROM next n`).Scan(&number, &taken)
		if err != nil {
			return "", fmt.Errorf("make a ticket number: %w", err)
		}
		if !taken && !wanted[number] {
			return number, nil
		}
	}
}

func announceTicket(_ context.Context, w *Writer, before, after *Ticket) error {
	if before == nil {
		opened := after.eventData()
		opened["text"] = after.Text
		if err := w.emit("ticket.opened", after.AccountID, after.ID, map[string]any{"ticket": opened}); err != nil {
			return err
		}
	}
	if after.Closing == nil || before != nil && before.Closing != nil {
		return nil
	}
	closing := map[string]any{"author": after.Closing.Author, "byStaff": after.Closing.ByStaff}
	setText(closing, "text", after.Closing.Text)
	return w.emit("ticket.closed", after.AccountID, after.ID, map[string]any{"ticket": after.eventData(), "closing": closing})
}

// eventData is the ticket as events have it.
func (t *Ticket) eventData() map[string]any {
	data := map[string]any{"id": t.ID, "number": t.Number, "subject": t.Subject, "openedBy": t.OpenedBy, "openedAt": t.OpenedAt}
	setText(data, "department", t.Department)
	return data
}
