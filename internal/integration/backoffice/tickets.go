package backoffice

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const ticketsDescription = "Tickets are questions of an account to the provider. A ticket is created together with its first message. " +
	"The newest message decides its status: of the provider's staff Answered, of a customer Open again, unless it was written before the ticket was closed. " +
	"Tickets and their messages are never deleted."

func (a *api) tickets() resource[integration.Ticket, store.Ticket] {
	return resource[integration.Ticket, store.Ticket]{
		path: "tickets", one: "Ticket", many: "Tickets", description: ticketsDescription,
		show:    showTicket,
		version: func(t *store.Ticket) int64 { return t.Version },
		key:     func(t *integration.Ticket) *string { return &t.ID },
		row:     ticketRow,
		get:     a.Store.Ticket, list: a.Store.Tickets, put: (*store.Writer).PutTickets,
	}
}

func showTicket(t *store.Ticket) integration.Ticket {
	shown := integration.Ticket{
		ID: t.ID, AccountID: t.AccountID, Number: t.Number, Subject: t.Subject, Text: t.Text, Department: t.Department, Status: t.Status,
		ContactID: t.ContactID, OpenedBy: t.OpenedBy, OpenedAt: t.OpenedAt.UTC(), Meta: meta(t.Row),
	}
	if c := t.Closing; c != nil {
		shown.Closing = &integration.Closing{Author: c.Author, ByStaff: c.ByStaff, Text: c.Text, At: c.At.UTC()}
	}
	return shown
}

// ticketRow keeps what a request leaves out. What closes a ticket without saying how is
// the provider.
func ticketRow(live *config.Live, t integration.Ticket, old *store.Ticket) (store.Ticket, *store.Refusal) {
	row := store.Ticket{
		Row: store.Row{AccountID: t.AccountID}, Number: t.Number, Subject: t.Subject, Text: t.Text, Department: t.Department, Status: t.Status,
		ContactID: t.ContactID, OpenedBy: t.OpenedBy, OpenedAt: kept(t.OpenedAt),
	}
	before := store.Ticket{Status: store.TicketOpen}
	if old != nil {
		before = *old
	}
	row.Number, row.Status = cmp.Or(row.Number, before.Number), cmp.Or(row.Status, before.Status)
	row.OpenedBy, row.OpenedAt = cmp.Or(row.OpenedBy, before.OpenedBy), orBefore(row.OpenedAt, before.OpenedAt)
	switch {
	case row.Status != store.TicketClosed:
		return row, nil
	case t.Closing != nil:
		row.Closing = &store.Closing{Author: t.Closing.Author, ByStaff: t.Closing.ByStaff, Text: t.Closing.Text, At: kept(t.Closing.At)}
	case before.Closing != nil:
		row.Closing = before.Closing
	default:
		row.Closing = &store.Closing{}
	}
	if row.Closing.Author == "" {
		row.Closing.Author, row.Closing.ByStaff = live.Tenant.DisplayName, true
	}
	if before.Closing != nil {
		row.Closing.At = orBefore(row.Closing.At, before.Closing.At)
	}
	return row, nil
}

// ticketMessages is the collection of the messages of one ticket.
func (a *api) ticketMessages(ticket store.Ticket) resource[integration.TicketMessage, store.TicketMessage] {
	return resource[integration.TicketMessage, store.TicketMessage]{
		path: "tickets/" + ticket.ID + "/messages", one: "TicketMessage", many: "TicketMessages",
		show: func(m *store.TicketMessage) integration.TicketMessage {
			return integration.TicketMessage{ID: m.ID, TicketID: m.TicketID, Author: m.Author, ByStaff: m.ByStaff, Text: m.Text, At: m.At.UTC(), Meta: meta(m.Row)}
		},
		version: func(m *store.TicketMessage) int64 { return m.Version },
		key:     func(m *integration.TicketMessage) *string { return &m.ID },
		row: func(_ *config.Live, m integration.TicketMessage, old *store.TicketMessage) (store.TicketMessage, *store.Refusal) {
			row := store.TicketMessage{Row: store.Row{AccountID: ticket.AccountID}, TicketID: ticket.ID, Author: m.Author, ByStaff: m.ByStaff, Text: m.Text, At: kept(m.At)}
			if old != nil {
				row.At = orBefore(row.At, old.At)
			}
			return row, nil
		},
		get: func(ctx context.Context, id string) (store.TicketMessage, error) {
			return a.Store.TicketMessage(ctx, ticket.ID, id)
		},
		put: func(w *store.Writer, ctx context.Context, items []store.Item[store.TicketMessage]) ([]store.Written[store.TicketMessage], error) {
			return w.PutTicketMessages(ctx, ticket.ID, items)
		},
	}
}

// TicketInput names a ticket. Exported, because huma fills in no others.
type TicketInput struct {
	Ticket string `path:"ticket" minLength:"1" maxLength:"64" doc:"The id of the ticket."`
}

type messagesInput struct {
	TicketInput
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

type messageInput struct {
	TicketInput
	ID          string `path:"id" maxLength:"64" doc:"The id of the message."`
	IfNoneMatch string `header:"If-None-Match" doc:"The entity tag that is known already: the answer is then 304."`
}

type newMessageInput struct {
	TicketInput
	ChangeInput
	Body body[integration.TicketMessage]
}

type putMessageInput struct {
	TicketInput
	WriteInput
	Body body[integration.TicketMessage]
}

// registerTickets adds tickets and, below each, its messages.
func (a *api) registerTickets() {
	register(a, a.tickets())
	registerCreate(a, a.tickets())
	operation := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/tickets/{ticket}/messages" + path, Summary: summary, Description: description,
			Tags: []string{a.tag("Tickets", ticketsDescription)},
		}
	}
	const read, write = "tickets:read", "tickets:write"
	handle(a, read, operation(http.MethodGet, "", "listTicketMessages", "List the messages of a ticket", "A page of messages, oldest first."), a.listMessages)
	handle(a, read, operation(http.MethodGet, "/{id}", "getTicketMessage", "Read one of the messages of a ticket",
		"With the entity tag that is known already in If-None-Match the answer is 304 while nothing changed."), a.readMessage)
	create := operation(http.MethodPost, "", "createTicketMessage", "Write a message to a ticket", "The server makes the id. Sent twice it makes two, but for the same Idempotency-Key.")
	create.DefaultStatus = http.StatusCreated
	handle(a, write, create, a.createMessage)
	handle(a, write, operation(http.MethodPut, "/{id}", "putTicketMessage", "Create or replace one of the messages of a ticket",
		"A write that changes nothing keeps the version. The first message is what the ticket was opened with, and is changed there."), a.putMessage)
}

func (a *api) listMessages(ctx context.Context, in *messagesInput) (*listOutput[integration.TicketMessage], error) {
	ticket, err := a.Store.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	r := a.ticketMessages(ticket)
	var after cursor
	if in.Cursor != "" {
		if err := decodeCursor(in.Cursor, &after); err != nil || after.ID == "" || after.List != r.path {
			return nil, badCursor("cursor", "is not a cursor of the messages of this ticket")
		}
	}
	messages, next, err := a.Store.TicketMessages(ctx, ticket.AccountID, ticket.ID, store.Place{ID: after.ID, UpdatedAt: after.UpdatedAt}, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listOutput[integration.TicketMessage]{}
	out.Body.Items = make([]integration.TicketMessage, len(messages))
	for i := range messages {
		out.Body.Items[i] = r.show(&messages[i])
	}
	if next != nil {
		out.Body.Next = encodeCursor(cursor{List: r.path, ID: next.ID, UpdatedAt: next.UpdatedAt})
	}
	return out, nil
}

func (a *api) readMessage(ctx context.Context, in *messageInput) (*oneOutput[integration.TicketMessage], error) {
	return a.ticketMessages(store.Ticket{Row: store.Row{ID: in.Ticket}}).read(ctx, &oneInput{ID: in.ID, IfNoneMatch: in.IfNoneMatch})
}

func (a *api) createMessage(ctx context.Context, in *newMessageInput) (*createOutput[integration.TicketMessage], error) {
	ticket, err := a.Store.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	return createOne(ctx, a, a.ticketMessages(ticket), in.ChangeInput, in.Body.text)
}

func (a *api) putMessage(ctx context.Context, in *putMessageInput) (*writeOutput[integration.TicketMessage], error) {
	ticket, err := a.Store.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	return writeOne(ctx, a, a.ticketMessages(ticket), in.WriteInput, in.Body.text, false)
}
