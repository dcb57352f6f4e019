package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// peopleAttempts makes contacts, notes, tickets and sites of accounts A and B, and runs
// every method on them for A.
func peopleAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	for account, prefix := range map[string]string{"A": "a-", "B": "b-"} {
		tn.putSites(t, site(prefix+"1", account, "Work"))
		tn.contacts(t, as(contact(prefix+"1", account), prefix+"user", prefix+"user@example.com"))
		tn.putTickets(t, ticket(prefix+"1", account, func(v *store.Ticket) { v.ContactID = prefix + "1" }))
		tn.putMessages(t, prefix+"1", reply(prefix+"m1", account, "Sam", true, now))
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutNotes(ctx, []store.Item[store.Note]{always(prefix+"1", noteOf(account))})
			return err
		})
	}
	b := tn.Backoffice
	ofA := func(change func(*store.Contact)) store.Contact {
		c := as(contact("", "A"), "a-user", "a-user@example.com")
		change(&c)
		return c
	}
	ticketOfA := store.Ticket{Row: store.Row{AccountID: "A"}, Subject: "x", Text: "y", Status: store.TicketOpen, OpenedBy: "Dana"}
	withContactOfB, withNumberOfB := ticketOfA, ticketOfA
	withContactOfB.ContactID, withNumberOfB.Number = "b-1", tn.column(t, "SELECT number FROM ticket WHERE id = 'b-1'")[0]
	people := onlyOfA(tn, b.Contact, b.Contacts, (*store.Writer).PutContacts, ofA(func(*store.Contact) {}),
		ofA(func(c *store.Contact) {
			c.User = &store.ContactUser{Username: "B-USER", Email: "b-user@example.com", PasswordHash: hash}
		}),
		ofA(func(c *store.Contact) { c.Sites = []string{"b-site"} }))
	ticketList := onlyOfA(tn, b.Ticket, b.Tickets, (*store.Writer).PutTickets, ticketOfA, withContactOfB, withNumberOfB)
	noteList := onlyOfA(tn, b.Note, b.Notes, (*store.Writer).PutNotes, noteOf("A"))
	siteList := onlyOfA(tn, b.Site, b.Sites, (*store.Writer).PutSites, store.Site{Row: store.Row{AccountID: "A"}, Name: "x"})
	return map[string]func(*testing.T){
		"Site": siteList, "Sites": siteList,
		"Write": func(t *testing.T) {
			err := b.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
				w.Audit("A", "x", map[string]string{"account_id": "B"})
				_, err := w.PutSites(ctx, []store.Item[store.Site]{site("b-1", "A", "Taken")})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		},
		"FindContacts": func(t *testing.T) {
			for _, filter := range []store.ContactFilter{{Email: "B-USER@example.com"}, {Username: "B-user"}, {Email: "a-user@example.com", Username: "b-user"}} {
				if found, _, err := b.FindContacts(t.Context(), filter, store.List{AccountID: "A", Limit: 9}); err != nil || len(found) > 0 {
					t.Errorf("A finds %v by %v: %v", found, filter, err)
				}
			}
		},
		"AccountContact": func(t *testing.T) {
			if c, err := tn.Portal.AccountContact(t.Context(), "A", "b-1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a contact of B: %+v, %v", c, err)
			}
		},
		"AccountContacts": func(t *testing.T) {
			list, _, err := tn.Portal.AccountContacts(t.Context(), "A", 0, 9)
			for _, c := range list {
				if c.AccountID != "A" || slices.Contains(c.SiteNames, "b-site") {
					t.Errorf("A sees %+v", c)
				}
			}
			if err != nil || len(list) == 0 {
				t.Errorf("%d contacts: %v", len(list), err)
			}
		},
		"UserAccounts": func(t *testing.T) {
			list, err := tn.Portal.UserAccounts(t.Context(), tn.userID(t, "a-user"))
			if err != nil || len(list) != 1 || list[0].Account.ID != "A" || list[0].ContactID != "a-1" {
				t.Errorf("A's user has %+v: %v", list, err)
			}
		},
		"Contact": people, "Contacts": people, "Ticket": ticketList, "Tickets": ticketList, "Note": noteList, "Notes": noteList,
		"TicketMessage": func(t *testing.T) {
			if m, err := b.TicketMessage(t.Context(), "a-1", "b-m1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a message of B under a ticket of A: %v, %v", m, err)
			}
			for ticketID, item := range map[string]store.Item[store.TicketMessage]{
				"a-1": reply("b-m1", "A", "Eve", false, now), "b-1": reply("a-m1", "A", "Eve", false, now), "b-2": reply("b-m1", "A", "Eve", false, now),
			} {
				for _, r := range tn.putMessages(t, ticketID, item) {
					if r.Outcome != store.Refused {
						t.Errorf("a message to %s: %v", ticketID, r)
					}
				}
			}
		},
		"TicketMessages": func(t *testing.T) {
			for ticketID, want := range map[string][]string{"a-1": {"a-1", "a-m1"}, "b-1": nil} {
				var got []string
				messages, _, err := b.TicketMessages(t.Context(), "A", ticketID, store.Place{}, 9)
				for _, m := range messages {
					got = append(got, m.ID)
				}
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", ticketID, err, diff)
				}
			}
		},
	}
}

func noteOf(account string) store.Note {
	return store.Note{Row: store.Row{AccountID: account}, Text: "x", Author: "Sam", At: now}
}
