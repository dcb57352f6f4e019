package deliver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// rules are both documents, and what they say of notifications.
type rules struct {
	*plan.Rules
	live    *config.Live
	routing *config.LiveRouting
}

// rulesCache makes the rules once per pair of documents: compiling texts takes a while.
type rulesCache struct {
	mu      sync.Mutex
	current *rules
}

func (c *rulesCache) of(live *config.Live, routing *config.LiveRouting, log *slog.Logger) *rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.current; now != nil && now.live.Digest == live.Digest && now.routing.Digest == routing.Digest {
		return now
	}
	made, problems := plan.NewRules(live, routing)
	for _, problem := range problems {
		log.Error("a part of the routing document cannot be run by this release", "routing", routing.Digest, "error", problem)
	}
	c.current = &rules{made, live, routing}
	log.Info("rules in force", "settings", live.Digest, "routing", routing.Digest)
	return c.current
}

// inForce are the rules of the newest documents.
func (d *Dispatcher) inForce() *rules { return d.rules.of(d.Settings(), d.Routing(), d.Log) }

// today is the date at the account, at midnight UTC.
func (r *rules) today(a config.Account, now time.Time) time.Time {
	year, month, day := now.In(config.Location(r.live.For(a).Attributes.TimeZone.Value)).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// account is what plan must know of an account; nil stays nil.
func (r *rules) account(a *store.NotifiedAccount, now time.Time) *plan.Account {
	if a == nil {
		return nil
	}
	made := &plan.Account{Account: a.Account, Name: a.Name, Status: a.Status, Contacts: make([]plan.Contact, len(a.Contacts)), Owed: plan.Owed{}}
	for i, c := range a.Contacts {
		made.Contacts[i] = plan.Contact(c)
	}
	for _, o := range a.Owed(r.today(a.Account, now)) {
		in := plan.OwedIn{OpenCount: o.OpenCount, OpenBalance: o.OpenBalance, OverdueCount: o.OverdueCount, OverdueBalance: o.OverdueBalance,
			Overdue: make([]plan.Invoice, len(o.Overdue))}
		for i, v := range o.Overdue {
			in.Overdue[i] = invoiceOf(v)
		}
		made.Owed[o.Currency] = in
	}
	return made
}

func invoiceOf(v store.NotifiedInvoice) plan.Invoice {
	return plan.Invoice{ID: v.ID, Number: v.Number, IssuedOn: v.IssuedOn, DueOn: v.DueOn, Currency: v.Currency, Total: v.Total, Balance: v.Balance,
		TotalWithoutTax: v.TotalWithoutTax, PaymentReference: v.PaymentReference, PayURL: v.PayURL, Open: v.Open}
}

// eventOf is an event of the feed as plan takes it.
func eventOf(e store.Event, known store.Known) (plan.Event, error) {
	made := plan.Event{Position: e.Position, Source: e.Source, ID: e.ID, Type: e.Type, AccountID: e.AccountID, About: e.Subject, ContactID: e.ContactID, At: e.At}
	decoder := json.NewDecoder(bytes.NewReader(e.Data))
	decoder.UseNumber() // amounts and ids must not pass through a float
	if err := decoder.Decode(&made.Data); err != nil {
		return plan.Event{}, fmt.Errorf("the data of event %s cannot be read: %w", e.ID, err)
	}
	if strings.HasPrefix(e.Type, "ticket.") {
		made.Opener = known.Openers[e.Subject]
	}
	if link, ok := known.Links[e.Subject]; ok {
		made.Link = linkOf(link)
	}
	return made, nil
}

func linkOf(l store.NotifiedLink) *plan.Link {
	return &plan.Link{ID: l.ID, Purpose: l.Purpose, ContactID: l.ContactID, Addresses: l.Addresses, ExpiresAt: l.ExpiresAt, Over: l.Over}
}
