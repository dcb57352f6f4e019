package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// TicketMessage is one message of a ticket. It goes to the ticket's account.
type TicketMessage struct {
	Row
	TicketID string    `db:"ticket_id" json:"ticket_id"`
	Author   string    `db:"author" json:"author"`
	ByStaff  bool      `db:"by_staff" json:"by_staff"`
	Text     string    `db:"text" json:"text"`
	At       time.Time `db:"at" json:"at"` // zero in a new one: now
}

var ticketMessages = &kind[TicketMessage, *TicketMessage]{
	name:   "ticketMessage",
	table:  "ticket_message",
	sel:    `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.ticket_id, t.author, t.by_staff, t.text, t.at`,
	insert: []string{"ticket_id", "author", "by_staff", "text", "at"},
	values: func(m *TicketMessage) []any { return []any{m.TicketID, m.Author, m.ByStaff, m.Text, m.At} },
	update: `
UPDATE ticket_message t SET author = i.author, by_staff = i.by_staff, text = i.text, at = i.at, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::ticket_message, $1) i WHERE t.id = i.id`,
	same: func(before, after *TicketMessage) bool {
		b, a := *before, *after
		b.Row, a.Row, b.At, a.At = Row{}, Row{}, time.Time{}, time.Time{}
		return b == a && before.At.Equal(after.At)
	},
}

// TicketMessage returns a message of a ticket, or ErrNotFound.
func (s *Store) TicketMessage(ctx context.Context, ticketID, id string) (TicketMessage, error) {
	m, err := one(ctx, s, ticketMessages, id)
	if err == nil && m.TicketID != ticketID {
		return TicketMessage{}, fail("read "+ticketMessages.name, ErrNotFound)
	}
	return m, err
}

const ticketMessagesSQL = `
SELECT t.id, t.account_id, t.version, t.created_at, t.updated_at, t.ticket_id, t.author, t.by_staff, t.text, t.at
FROM ticket_message t
WHERE t.account_id = $1 AND t.ticket_id = $2 AND (t.at, t.id) > ($3, $4)
ORDER BY t.at, t.id LIMIT $5`

// TicketMessages returns a page of the messages of a ticket, oldest first. The place of
// one is its time and its id.
func (s *Store) TicketMessages(ctx context.Context, accountID, ticketID string, after Place, limit int) ([]TicketMessage, *Place, error) {
	if badText(accountID) || badText(ticketID) || badText(after.ID) {
		return nil, nil, nil
	}
	rows, err := s.db.Query(ctx, ticketMessagesSQL, accountID, ticketID, after.UpdatedAt, after.ID, limit+1)
	if err != nil {
		return nil, nil, fail("list ticket messages", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[TicketMessage])
	if err != nil {
		return nil, nil, fail("list ticket messages", err)
	}
	if len(found) <= limit {
		return found, nil, nil
	}
	last := found[limit-1]
	return found[:limit], &Place{ID: last.ID, UpdatedAt: last.At}, nil
}

// PutTicketMessages creates and changes messages of one ticket. The newest message
// decides the status: of the provider's staff Answered, of a customer Open again, unless
// it is older than the closing. The ticket is another with each message.
func (w *Writer) PutTicketMessages(ctx context.Context, ticketID string, items []Item[TicketMessage]) ([]Written[TicketMessage], error) {
	own := make([]Item[TicketMessage], len(items))
	for i, item := range items {
		own[i] = item
		own[i].Decide = func(old *TicketMessage) (TicketMessage, *Refusal) {
			m, refused := item.Decide(old)
			m.TicketID = ticketID
			return m, refused
		}
	}
	thread := &thread{id: ticketID}
	if err := thread.hold(ctx, w); err != nil {
		return nil, err
	}
	k := *ticketMessages
	k.check, k.announce = thread.check, thread.announce
	written, err := put(ctx, w, &k, own)
	if err != nil || !thread.changed {
		return written, err
	}
	return written, thread.touch(ctx, w)
}

// thread is the ticket that messages are written to.
type thread struct {
	id      string
	ticket  *Ticket
	newest  time.Time // of its messages
	changed bool
}

// check refuses messages that are not of the ticket, and the first one.
func (t *thread) check(_ context.Context, p *putting[TicketMessage, *TicketMessage]) error {
	p.accepted(func(i int, m *TicketMessage) {
		before := p.before[m.ID]
		m.At = orNow(m.At, p.Writer)
		switch {
		case t.ticket == nil || t.ticket.AccountID != m.AccountID:
			p.refuse(i, refusal("", "account %q has no ticket %q", m.AccountID, t.id))
		case before != nil && before.TicketID != t.id:
			p.refuse(i, refusal("id", "%q is a message of ticket %q, and never moves", m.ID, before.TicketID))
		case m.ID == t.id:
			p.refuse(i, refusal("", "the first message is what the ticket was opened with: change it there"))
		default:
			t.changed = true
		}
	})
	return nil
}

// hold reads and locks the ticket, as whoever writes the ticket does before its messages.
func (t *thread) hold(ctx context.Context, w *Writer) error {
	rows, err := w.tx.Query(ctx, `SELECT `+tickets.sel+` FROM ticket t WHERE t.id = $1 FOR NO KEY UPDATE OF t`, t.id)
	if err != nil {
		return fmt.Errorf("read ticket: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Ticket])
	if err != nil || len(found) == 0 {
		return err
	}
	t.ticket = found[0]
	err = w.tx.QueryRow(ctx, `SELECT coalesce(max(at), $3) FROM ticket_message WHERE account_id = $1 AND ticket_id = $2`,
		t.ticket.AccountID, t.id, t.ticket.OpenedAt).Scan(&t.newest)
	if err != nil {
		return fmt.Errorf("read the newest message: %w", err)
	}
	return nil
}

// announce tells of a new message, and keeps in mind what it makes of the ticket.
func (t *thread) announce(_ context.Context, w *Writer, before, after *TicketMessage) error {
	if before != nil {
		return nil
	}
	late := t.ticket.Closing != nil && !after.At.After(t.ticket.Closing.At)
	if !after.At.Before(t.newest) && !late {
		t.newest = after.At
		t.ticket.Status, t.ticket.Closing = TicketOpen, nil
		if after.ByStaff {
			t.ticket.Status = TicketAnswered
		}
	}
	reply := map[string]any{"author": after.Author, "byStaff": after.ByStaff, "at": after.At, "text": after.Text}
	return w.emit("ticket.replied", t.ticket.AccountID, t.id, map[string]any{"ticket": t.ticket.eventData(), "reply": reply})
}

func (t *thread) touch(ctx context.Context, w *Writer) error {
	return touch(ctx, w, tickets.name, `
UPDATE ticket SET status = $2, closing = $3, version = version + 1, updated_at = $1 WHERE id = $4 RETURNING id, account_id, version`,
		t.ticket.Status, t.ticket.Closing, t.id)
}
