package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// ticket is an item that writes a ticket: a new one as it is here, and changes of one
// that is there.
func ticket(id, account string, change func(*store.Ticket)) store.Item[store.Ticket] {
	return store.Item[store.Ticket]{ID: id, Decide: func(old *store.Ticket) (store.Ticket, *store.Refusal) {
		v := store.Ticket{Subject: "The line drops", Text: "Every few minutes.", Status: store.TicketOpen, OpenedBy: "Dana Miller"}
		if old != nil {
			v = *old
		}
		v.AccountID = account
		change(&v)
		return v, nil
	}}
}

func (tn tenant) putTickets(t *testing.T, items ...store.Item[store.Ticket]) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutTickets(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

// reply is an item that writes a message.
func reply(id, account, author string, byStaff bool, at time.Time) store.Item[store.TicketMessage] {
	return store.Item[store.TicketMessage]{ID: id, Decide: func(*store.TicketMessage) (store.TicketMessage, *store.Refusal) {
		return store.TicketMessage{Row: store.Row{AccountID: account}, Author: author, ByStaff: byStaff, Text: "Text of " + id, At: at}, nil
	}}
}

func (tn tenant) putMessages(t *testing.T, ticketID string, items ...store.Item[store.TicketMessage]) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutTicketMessages(ctx, ticketID, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func same(*store.Ticket) {}

func TestTickets(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	named := contact("dana", "A")
	named.FirstName = "Dana"
	tn.contacts(t, named, contact("nameless", "A"), contact("b", "B"))
	for _, step := range []struct {
		what  string
		items []store.Item[store.Ticket]
		want  []string
	}{
		{"new ones", []store.Item[store.Ticket]{
			ticket("t1", "A", same),
			ticket("t2", "A", func(v *store.Ticket) { v.Number = "T-2" }),
			ticket("t3", "A", func(v *store.Ticket) { v.Number = "T-2" }),
			ticket("t4", "C", same),
			ticket("t5", "A", func(v *store.Ticket) { v.ContactID = "b" }),
			ticket("t6", "A", func(v *store.Ticket) { v.OpenedBy, v.ContactID = "", "dana" }),
			ticket("t7", "A", func(v *store.Ticket) { v.OpenedBy, v.ContactID = "", "nameless" }),
			ticket("t8", "A", func(v *store.Ticket) { v.OpenedBy = "" }),
		}, []string{
			"Created", "Created", `Refused number: "T-2" is the number of ticket "t2"`, `Refused accountId: there is no account "C"`,
			`Refused contactId: account "A" has no contact "b"`, "Created",
			"Refused openedBy: is missing: it is the name of who opened the ticket, and is only left out for a contact with a name",
			"Refused openedBy: is missing: it is the name of who opened the ticket, and is only left out for a contact with a name",
		}},
		{"the same", []store.Item[store.Ticket]{ticket("t1", "A", same), ticket("t2", "A", same), ticket("t6", "A", same)}, []string{"Unchanged", "Unchanged", "Unchanged"}},
		{"changes", []store.Item[store.Ticket]{
			ticket("t1", "B", same),
			ticket("t2", "A", func(v *store.Ticket) { v.Text = "Every minute." }),
			ticket("t6", "A", func(v *store.Ticket) { v.Number = "T-2" }),
		}, []string{`Refused accountId: ticket "t1" belongs to account "A", and never moves`, "Updated", `Refused number: "T-2" is the number of ticket "t2"`}},
		{"closed and opened again", []store.Item[store.Ticket]{
			ticket("t1", "A", func(v *store.Ticket) { v.Status, v.Closing = store.TicketClosed, &store.Closing{Author: "Sam"} }),
		}, []string{"Updated"}},
		{"closed still", []store.Item[store.Ticket]{ticket("t1", "A", same)}, []string{"Unchanged"}},
	} {
		t.Run(step.what, func(t *testing.T) { wantResults(t, tn.putTickets(t, step.items...), nil, step.want...) })
	}
	rows := tn.column(t, `SELECT concat_ws('|', t.id, t.number, t.status, t.opened_by, t.opened_at AT TIME ZONE 'UTC', t.closing, t.version, m.author, m.text)
		FROM ticket t JOIN ticket_message m ON m.ticket_id = t.id AND m.id = t.id ORDER BY t.id`)
	if diff := cmp.Diff([]string{
		`t1|T-1|Closed|Dana Miller|2026-11-21 12:00:00|{"at": "2026-11-21T12:00:00Z", "author": "Sam", "byStaff": false}|2|Dana Miller|Every few minutes.`,
		"t2|T-2|Open|Dana Miller|2026-11-21 12:00:00|2|Dana Miller|Every minute.",
		"t6|T-3|Open|Dana|2026-11-21 12:00:00|1|Dana|Every few minutes.", // T-2 was taken
	}, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := must[store.Ticket](t)(tn.Backoffice.Ticket(t.Context(), "t1"))
	if got.Text != "Every few minutes." || got.Closing == nil || !got.Closing.At.Equal(now) {
		t.Errorf("got %+v", got)
	}
}

func TestTicketMessages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putTickets(t, ticket("t1", "A", same), ticket("t2", "A", same), ticket("b1", "B", same))
	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	state := func() string {
		return tn.column(t, "SELECT concat_ws(' ', status, 'v' || version, closing ->> 'author') FROM ticket WHERE id = 't1'")[0]
	}
	for _, step := range []struct {
		what   string
		ticket string
		item   store.Item[store.TicketMessage]
		want   string
		state  string
	}{
		{"staff answers", "t1", reply("m1", "A", "Sam", true, hour(1)), "Created", "Answered v2"},
		{"the same again", "t1", reply("m1", "A", "Sam", true, hour(1)), "Unchanged", "Answered v2"},
		{"an older message comes late", "t1", reply("m0", "A", "Dana", false, now.Add(30*time.Minute)), "Created", "Answered v3"},
		{"the customer answers", "t1", reply("m2", "A", "Dana", false, hour(2)), "Created", "Open v4"},
		{"a change of a message", "t1", reply("m1", "A", "Sam Lee", true, hour(1)), "Updated", "Open v5"},
		{"the first one", "t1", reply("t1", "A", "Dana Miller", false, now), "Refused : the first message is what the ticket was opened with: change it there", "Open v5"},
		{"of another ticket", "t2", reply("m1", "A", "Sam", true, hour(1)), `Refused id: "m1" is a message of ticket "t1", and never moves`, "Open v5"},
		{"of another account", "b1", reply("m5", "A", "Sam", true, hour(1)), `Refused : account "A" has no ticket "b1"`, "Open v5"},
		{"of another account's ticket", "b1", reply("m1", "B", "Sam", true, hour(1)), `Refused accountId: ticketMessage "m1" belongs to account "A", and never moves`, "Open v5"},
		{"of none", "t9", reply("m5", "A", "Sam", true, hour(1)), `Refused : account "A" has no ticket "t9"`, "Open v5"},
	} {
		t.Run(step.what, func(t *testing.T) {
			wantResults(t, tn.putMessages(t, step.ticket, step.item), nil, step.want)
			if got := state(); got != step.state {
				t.Errorf("the ticket is %s, want %s", got, step.state)
			}
		})
	}
	tn.putTickets(t, ticket("t1", "A", func(v *store.Ticket) {
		v.Status, v.Closing = store.TicketClosed, &store.Closing{Author: "Sam", At: hour(5)}
	}))
	tn.putMessages(t, "t1", reply("m6", "A", "Dana", false, hour(4)))
	if got := state(); got != "Closed v7 Sam" {
		t.Errorf("a message from before the closing: %s", got)
	}
	tn.putMessages(t, "t1", reply("m7", "A", "Dana", false, hour(6)))
	if got := state(); got != "Open v8" {
		t.Errorf("a message after the closing: %s", got)
	}
	wantResults(t, tn.putTickets(t, ticket("m1", "A", same)), nil, `Refused id: "m1" is a message of ticket "t1"`)

	var ids []string
	var after store.Place
	for {
		page, next, err := tn.Backoffice.TicketMessages(t.Context(), "A", "t1", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			ids = append(ids, m.ID)
		}
		if next == nil {
			break
		}
		after = *next
	}
	if diff := cmp.Diff([]string{"t1", "m0", "m1", "m2", "m6", "m7"}, ids); diff != "" {
		t.Errorf("the messages, oldest first (-want +got):\n%s", diff)
	}
}

func TestEventsOfTickets(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.putTickets(t, ticket("t1", "A", func(v *store.Ticket) { v.Department = "Support" }))
	tn.putMessages(t, "t1", reply("m1", "A", "Sam", true, now))
	tn.putTickets(t, ticket("t1", "A", func(v *store.Ticket) {
		v.Status, v.Closing = store.TicketClosed, &store.Closing{Author: "Sam", ByStaff: true, Text: "Repaired."}
	}))
	tn.putTickets(t, ticket("t1", "A", func(v *store.Ticket) { v.Subject = "Changed" }))
	tn.putTickets(t, ticket("t2", "A", func(v *store.Ticket) { v.Status, v.Closing = store.TicketClosed, &store.Closing{Author: "Sam"} }))
	const one = `{"id": "t1", "number": "T-1", "subject": "The line drops", "openedAt": "2026-11-21T12:00:00Z", "openedBy": "Dana Miller", "department": "Support"}`
	two := strings.NewReplacer("t1", "t2", "T-1", "T-2", `, "department": "Support"`, "").Replace(one)
	for eventType, want := range map[string][]string{
		"ticket.opened": {
			`{"ticket": ` + strings.Replace(one, `"number"`, `"text": "Every few minutes.", "number"`, 1) + `}`,
			`{"ticket": ` + strings.Replace(two, `"number"`, `"text": "Every few minutes.", "number"`, 1) + `}`,
		},
		"ticket.replied": {`{"reply": {"at": "2026-11-21T12:00:00Z", "text": "Text of m1", "author": "Sam", "byStaff": true}, "ticket": ` + one + `}`},
		"ticket.closed": {
			`{"ticket": ` + one + `, "closing": {"text": "Repaired.", "author": "Sam", "byStaff": true}}`,
			`{"ticket": ` + two + `, "closing": {"author": "Sam", "byStaff": false}}`,
		},
	} {
		if diff := cmp.Diff(want, tn.payloads(t, eventType)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", eventType, diff)
		}
	}
	if got := tn.column(t, "SELECT action FROM audit WHERE account_id = 'A' AND action LIKE 'ticket%' ORDER BY id"); !cmp.Equal(got,
		[]string{"ticket.created", "ticketMessage.created", "ticket.updated", "ticket.updated", "ticket.created"}) {
		t.Errorf("audit: %v", got)
	}
}

// TestTicketNumbersRace: no two tickets get one number.
func TestTicketNumbersRace(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	errs := atOnce(8, func(i int) error {
		return tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutTickets(ctx, []store.Item[store.Ticket]{ticket(fmt.Sprintf("t%d", i), "A", func(v *store.Ticket) {
				if i%2 == 0 {
					v.Number = fmt.Sprintf("P-%d", i)
				}
			})})
			return err
		})
	})
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if got := tn.column(t, "SELECT number FROM ticket GROUP BY number"); len(got) != 8 {
		t.Errorf("numbers: %v", got)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	put := func(account, text, author string) (results []store.Result) {
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			written, err := w.PutNotes(ctx, []store.Item[store.Note]{{ID: "n1", Decide: func(old *store.Note) (store.Note, *store.Refusal) {
				n := store.Note{}
				if old != nil {
					n = *old
				}
				n.AccountID, n.Text, n.Author = account, text, author
				return n, nil
			}}})
			results = resultsOf(written)
			return err
		})
		return results
	}
	wantResults(t, put("A", "Called.", ""), nil, "Created")
	wantResults(t, put("A", "Called.", "token test"), nil, "Unchanged")
	wantResults(t, put("B", "Called.", "Sam"), nil, `Refused accountId: note "n1" belongs to account "A", and never moves`)
	wantResults(t, put("A", "Called twice.", "Sam"), nil, "Updated")
	got := must[store.Note](t)(tn.Backoffice.Note(t.Context(), "n1"))
	want := store.Note{Row: store.Row{ID: "n1", AccountID: "A", Version: 2, CreatedAt: now, UpdatedAt: now}, Text: "Called twice.", Author: "Sam", At: now}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		result, err := w.DeleteNote(ctx, "n1", 2)
		wantResults(t, []store.Result{result}, nil, "Deleted")
		return err
	})
	if got := tn.column(t, "SELECT type FROM event"); len(got) > 0 {
		t.Errorf("notes have no events: %v", got)
	}
}
