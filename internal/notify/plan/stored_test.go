package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// written is what one put changed.
func written[R any](t *testing.T) func(rows []store.Written[R], err error) error {
	return func(rows []store.Written[R], err error) error {
		t.Helper()
		for _, r := range rows {
			if r.Outcome == store.Refused {
				t.Fatalf("refused: %s %s", r.Field, r.Message)
			}
		}
		return err
	}
}

// items are rows to be written as they are.
func items[R any](id string, rows ...R) []store.Item[R] {
	var list []store.Item[R]
	for _, row := range rows {
		list = append(list, store.Item[R]{ID: id, Decide: func(*R) (R, *store.Refusal) { return row, nil }})
	}
	return list
}

const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaA"

// everything writes to a store what makes every event that Foyer itself sees happen.
func everything(t *testing.T, s, portal *store.Store) {
	t.Helper()
	at := now
	write := func(origin store.Origin, work func(ctx context.Context, w *store.Writer) error) {
		t.Helper()
		at = at.Add(time.Second)
		origin.Now, origin.Actor = at, "test"
		if err := s.Write(t.Context(), origin, work); err != nil {
			t.Fatal(err)
		}
	}
	staff := store.Origin{}
	account := store.Account{Row: store.Row{ID: "10042"}, Name: "Miller Ltd", Status: settings.Prospect, StartsOn: date("2026-11-21")}
	for range 2 {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			return written[store.Account](t)(w.PutAccounts(ctx, items("10042", account)))
		})
		account.Status, account.StatusReason, account.Treated = settings.Active, "Paid", store.Treatment{Before: "residential", After: "business"}
		account.Attributes = settings.Attributes{Locale: "de"}
	}
	row := func(string) store.Row { return store.Row{AccountID: "10042"} }
	contact := store.Contact{
		Row: row(""), FirstName: "Dana", Email: "dana@miller.example", Phone: "+44 7700 900142", Roles: []string{"Primary"}, Owner: true, Access: store.AccessActive,
		User: &store.ContactUser{Username: "dana", Email: "dana@miller.example", EmailVerified: true, PasswordHash: hash},
	}
	for range 2 {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			return written[store.Contact](t)(w.PutContacts(ctx, items("dana", contact)))
		})
		contact.User = &store.ContactUser{Username: "dana.miller", Email: "dana@miller.example", EmailVerified: true}
	}
	write(staff, func(ctx context.Context, w *store.Writer) error {
		return written[store.Contact](t)(w.PutContacts(ctx, items("tim", store.Contact{Row: row(""), Email: "tim@miller.example", Access: store.AccessActive})))
	})
	write(store.Origin{Stranger: true, IP: "203.0.113.24", Browser: "Firefox"}, func(ctx context.Context, w *store.Writer) error {
		for _, purpose := range []store.LinkPurpose{store.LinkReset, store.LinkCreate, store.LinkInvite} {
			id := "tim"
			if purpose == store.LinkReset {
				id = "dana"
			}
			c, err := w.Credentials(ctx, id)
			if err != nil {
				return err
			}
			if _, err := w.SendLink(ctx, c, purpose, "Dana Miller", at.Add(time.Hour)); err != nil {
				return err
			}
		}
		return w.AskToConfirm(ctx, store.NewAddress{Contact: store.Contact{Row: store.Row{ID: "tim", AccountID: "10042"}, Access: store.AccessActive}, Address: "new@miller.example", ExpiresAt: at.Add(time.Hour)})
	})
	for _, browser := range []string{"first", "second"} {
		user := must[store.Contact](t)(s.Contact(t.Context(), "dana"))
		err := portal.StartSession(t.Context(), store.NewSession{
			SecretHash: store.TokenHash(browser), UserID: *user.UserID, ContactID: "dana", AccountID: "10042", Actor: "dana", IP: "192.0.2.1", Browser: "Firefox",
			Device: store.TokenHash("device " + browser), Now: at, ExpiresAt: at.Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	kim := contact
	kim.FirstName, kim.Email, kim.Owner, kim.Roles = "Kim", "kim@miller.example", false, nil
	kim.User = &store.ContactUser{Username: kim.Email, Email: kim.Email, EmailVerified: true, PasswordHash: hash}
	write(staff, func(ctx context.Context, w *store.Writer) error {
		return written[store.Contact](t)(w.PutContacts(ctx, items("kim", kim)))
	})
	for _, id := range []string{"kim", "tim"} {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			_, err := w.DeleteContact(ctx, id, 0)
			return err
		})
	}
	paid, reference := date("2026-11-21"), "100.84"
	v := store.Invoice{
		Row: row(""), Number: "INV-1", IssuedOn: date("2026-11-01"), DueOn: date("2026-11-15"), Currency: "EUR", Total: "120", Balance: "120", Status: store.InvoiceOpen, DueSource: "Invoice",
		TotalWithoutTax: &reference, PaymentReference: "RF18", PayURL: "https://pay.acme.example/1", Today: date("2026-11-21"),
	}
	write(staff, func(ctx context.Context, w *store.Writer) error {
		return written[store.Invoice](t)(w.PutInvoices(ctx, items("a/b c", v)))
	})
	write(staff, func(ctx context.Context, w *store.Writer) error {
		payment := store.Payment{Row: row(""), Status: "Received", Amount: "120", Currency: "EUR", PaidOn: paid, Invoices: []store.PaymentInvoice{{ID: "a/b c", Amount: "120"}}}
		if err := written[store.Payment](t)(w.PutPayments(ctx, items("p1", payment))); err != nil {
			return err
		}
		payment.Status, payment.Reason, payment.RetryOn, payment.Method = store.PaymentFailed, "The card has expired.", &paid, "Card"
		return written[store.Payment](t)(w.PutPayments(ctx, items("p2", payment)))
	})
	v.Balance, v.Status, v.PaidOn = "0", "Paid", &paid
	write(staff, func(ctx context.Context, w *store.Writer) error {
		return written[store.Invoice](t)(w.PutInvoices(ctx, items("a/b c", v)))
	})
	service := store.Service{Row: row(""), Name: "Fibre", Number: "1", Status: store.ServiceActive, StartsOn: paid, Currency: "EUR"}
	for range 2 {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			return written[store.Service](t)(w.PutServices(ctx, items("s1", service)))
		})
		service.Status, service.EndsOn, service.CancelReason = store.ServiceCancelled, &paid, "As asked."
	}
	request := store.Request{Row: row(""), Number: "R-1", Subject: "Move", Status: "New", OpenedBy: "Dana", OpenedAt: at, Author: "Dana"}
	for range 2 {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			return written[store.Request](t)(w.PutRequests(ctx, items("r1", request)))
		})
		request.Status, request.Comment, request.ScheduledOn, request.Staff = "Scheduled", "Between 9 and 11.", &paid, true
	}
	write(staff, func(ctx context.Context, w *store.Writer) error {
		order := store.Order{Row: row(""), Number: "O-1", Status: "Placed", PlacedAt: at, PlacedBy: "Dana", Total: "39.9", Currency: "EUR", Items: []store.OrderItem{{Description: "Fibre", Quantity: 1, Amount: "39.9"}}}
		return written[store.Order](t)(w.PutOrders(ctx, items("o1", order)))
	})
	ticket := store.Ticket{Row: row(""), Subject: "It drops", Status: store.TicketOpen, ContactID: "dana", Text: strings.Repeat("Every few minutes. ", 600)}
	for range 2 {
		write(staff, func(ctx context.Context, w *store.Writer) error {
			return written[store.Ticket](t)(w.PutTickets(ctx, items("t1", ticket)))
		})
		ticket.Status, ticket.Closing = store.TicketClosed, &store.Closing{Author: "Sam", ByStaff: true, Text: "Repaired."}
	}
	write(staff, func(ctx context.Context, w *store.Writer) error {
		return written[store.TicketMessage](t)(w.PutTicketMessages(ctx, "t1", items("m2", store.TicketMessage{Row: row(""), Author: "Sam", ByStaff: true, Text: "Again?"})))
	})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// stored are the events of a store, as the dispatcher reads them.
func stored(t *testing.T) []Event {
	t.Helper()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	tenant := storetest.New(t, server)
	everything(t, tenant.Backoffice, tenant.Portal)
	feed, err := tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var all []Event
	for _, e := range feed.Entries {
		made := Event{Position: e.Position, Source: e.Source, ID: e.ID, Type: e.Type, AccountID: e.AccountID, About: e.Subject, At: e.At}
		decoder := json.NewDecoder(bytes.NewReader(e.Data))
		decoder.UseNumber()
		if err := decoder.Decode(&made.Data); err != nil {
			t.Fatal(err)
		}
		if store.SendsLink(e.Type) {
			made.Link = &Link{ID: e.Subject, ContactID: "dana", Addresses: []string{"dana@miller.example"}, ExpiresAt: e.At.Add(time.Hour)}
		}
		all = append(all, made)
	}
	return all
}

// Of every event, as the store has it, there is a payload that the catalogue accepts, and
// the standard message is made of it, if there is one.
func TestEventsOfTheStore(t *testing.T) {
	events := stored(t)
	r := newDocuments().rules(t)
	owner := person("dana", "Primary", "Billing")
	owner.Owner = true
	a := miller("business", owner)
	seen := map[string]bool{unpaid: true}
	for _, e := range events {
		seen[e.Type] = true
		event, known := r.catalog.Lookup(e.Type)
		if !known {
			t.Errorf("there is no event %s", e.Type)
			continue
		}
		e.Opener = "dana"
		if e.About == "tim" {
			e.About = "dana"
		}
		checkPayload(t, r, event, e, a)
		all := r.Plan(e, a, e.At)
		if (len(all) > 0) != event.Message {
			t.Errorf("%s: %v", e.Type, shown(all))
		}
		for _, n := range all {
			content, err := r.Compose(n, a, links{})
			if err != nil || content.Subject == "" || content.Text == "" || content.HTML == "" || n.Suppressed != "" {
				t.Errorf("%s: %v, %+v", e.Type, err, content)
			}
		}
		body, err := r.CloudEvent(e, a)
		if err != nil || !json.Valid(body) {
			t.Errorf("%s: %v: %s", e.Type, err, body)
		}
	}
	for _, name := range r.catalog.Names() {
		if !seen[name] {
			t.Errorf("nothing in this test makes the event %s", name)
		}
	}
}

// checkPayload asks the catalogue whether a payload is one of its event.
func checkPayload(t *testing.T, r *Rules, event catalog.Event, e Event, a *Account) {
	t.Helper()
	n := Notification{Event: e, Channel: typeEmail, Address: "dana@miller.example", ContactID: "dana"}
	f := &firing{action: &action{event: event}}
	f.spec.Type = typeWebhook // of which no link is made
	c, err := r.composer(r.treatFor(&e, a), f, &n, links{})
	if err != nil {
		t.Errorf("%s: %v", e.Type, err)
		return
	}
	if problems := event.CheckPayload(c.data.Payload); len(problems) > 0 {
		t.Errorf("%s: %v", e.Type, problems)
	}
}

// A payload of unpaid invoices has every amount and address.
func TestPayloadOfUnpaidInvoices(t *testing.T) {
	r := reminders(3).rules(t)
	a := miller("business", person("dana", "Billing"))
	v := invoice("a/b c", "2026-11-18")
	v.TotalWithoutTax, v.PaymentReference, v.PayURL = "100.84", "RF18", "https://pay.acme.example/1"
	old := invoice("old", "2026-11-01")
	broken := invoice("2", "2026-11-18")
	broken.PayURL, broken.Number = "http://pay.acme.example/ä", strings.Repeat("x", 20_000)
	event, _ := r.catalog.Lookup(unpaid)
	for _, open := range [][]Invoice{{v}, {v, old}, {broken}} {
		for _, n := range (ask{account: a, open: open, at: "2026-11-21T10:00:00Z"}).due(t, r) {
			c, err := r.composer(r.treat(a), &firing{action: &action{event: event}}, &n, links{})
			if err != nil {
				t.Fatal(err)
			}
			if problems := event.CheckPayload(c.data.Payload); len(problems) > 0 {
				t.Error(problems)
			}
			if len(open) == 2 {
				want := map[string]any{
					"id": "a/b c", "number": "INV-a/b c", "status": "Open", "issuedOn": "2026-11-04", "dueOn": "2026-11-18", "currency": "EUR", "total": "120.00", "balance": "120.00",
					"totalWithoutTax": "100.84", "paymentReference": "RF18", "payURL": "https://pay.acme.example/1", "url": "https://my.acme.example/invoices/a%2Fb%20c",
					"daysOverdue": json.Number("3"), "disputed": false,
				}
				if diff := cmp.Diff(want, c.data.Payload["invoice"]); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				overdue := c.data.Payload["overdue"].(map[string]any)
				if list := overdue["invoices"].([]any); len(list) != 2 || list[0].(map[string]any)["id"] != "old" || overdue["balance"] != "240.00" {
					t.Errorf("%v", overdue)
				}
			}
		}
	}
}

// The days overdue are those of today, also where a weekend moved the reminder.
func TestDaysOverdue(t *testing.T) {
	d := reminders(3)
	d.edit("dunning", func(t *config.EventTemplate) {
		t.Schedule.Days, t.When = "BusinessDays", "invoice.daysOverdue == 5"
		t.Actions[0].Email.Text = d.body("{{.invoice.daysOverdue}} days")
	})
	r, a := d.rules(t), miller("business", person("dana", "Billing"))
	all := ask{account: a, open: []Invoice{invoice("1", "2026-11-18")}, at: "2026-11-23T09:00:00Z"}.due(t, r)
	if len(all) != 1 || all[0].Day != 3 {
		t.Fatal(shown(all))
	}
	if content, err := r.Compose(all[0], a, links{}); err != nil || content.Text != "5 days" {
		t.Errorf("%v, %+v", err, content)
	}
}

// The tenant's own events have their data as they are.
func TestOwnEvents(t *testing.T) {
	d := newDocuments()
	d.tenant.Events = []catalog.Own{{Name: "custom.meterReading", Category: catalog.Product, Fields: []catalog.OwnField{
		{Name: "reading", Type: catalog.Decimal}, {Name: "meter", Type: catalog.Text}, {Name: "page", Type: catalog.URL},
	}}}
	a := d.mail("one", []string{"Owner"})
	a.Email.Text = d.body("{{.data.meter}}: {{.data.reading}}, {{.data.page}}")
	d.template("own", "custom.meterReading", []string{"business"}, a)
	d.edit("own", func(t *config.EventTemplate) { t.When = "data.reading > 12.0" })
	e := happening("custom.meterReading", map[string]any{"data": map[string]any{"reading": "12.5", "meter": "M1", "page": "https://a.example/"}})
	owner := person("olga")
	owner.Owner = true
	if content := compose(t, d, e, miller("business", owner)); content.Text != "M1: 12.5, https://a.example/" || content.Unsubscribe == "" {
		t.Errorf("%+v", content)
	}
	e.Data["data"].(map[string]any)["reading"] = "11"
	if all := d.rules(t).Plan(e, miller("business", owner), now); len(all) > 0 {
		t.Error(shown(all))
	}
	if slices.Contains(newDocuments().rules(t).catalog.Names(), "custom.meterReading") {
		t.Error("other tenants have it")
	}
}

// Both sides call it the same.
func TestWordsOfTheStore(t *testing.T) {
	if previousEmail != store.PreviousEmail || sourceFoyer != store.SourceFoyer {
		t.Errorf("%q, %q, in the store %q, %q", previousEmail, sourceFoyer, store.PreviousEmail, store.SourceFoyer)
	}
}
