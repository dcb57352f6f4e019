package stored

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

var errNoEvent = errors.New("its event is not kept any more")

// Want adds what a notification tells of to what is read.
func Want(w *store.Wanted, a *store.Addressed) {
	if a.AccountID != "" {
		w.Accounts = append(w.Accounts, a.AccountID)
	}
	if a.EventPosition == 0 {
		w.Invoices = append(w.Invoices, a.About)
	} else {
		w.Events = append(w.Events, a.EventPosition)
	}
	if store.SendsLink(a.EventType) {
		w.Links = append(w.Links, a.About)
	}
	if strings.HasPrefix(a.EventType, "ticket.") { // the opener is asked for again
		w.Tickets = append(w.Tickets, a.About)
	}
}

// Notification is one of the ledger as plan made it.
func Notification(id string, a *store.Addressed, known store.Known) (plan.Notification, error) {
	n := plan.Notification{
		Source: plan.Source(a.Source), Template: a.Template, Action: a.Action, Channel: a.Channel, Category: a.Category,
		ContactID: a.ContactID, Address: a.Address, CC: a.CC, BCC: a.BCC, Locale: a.Locale, DueAt: a.DueAt, Security: a.Category == string(catalog.Security),
	}
	if a.EventPosition == 0 {
		n.Event = plan.Event{Type: a.EventType, AccountID: a.AccountID, About: a.About, At: PlannedAt(id)}
		if v, ok := known.Invoices[a.About]; ok {
			invoice := Invoice(v)
			n.Invoice = &invoice
		}
		text, _, _ := strings.Cut(a.Occurrence, "@") // the due date may be in it
		day, err := strconv.ParseInt(text, 10, 32)
		n.Day = int32(day)
		return n, err
	}
	e, ok := known.Events[a.EventPosition]
	if !ok {
		return n, errNoEvent
	}
	var err error
	if n.Event, err = Event(e, known); err != nil {
		return n, err
	}
	if link := n.Event.Link; link != nil {
		n.LinkPlace = slices.Index(link.Addresses, a.Address) // -1: no secret is made for it
	}
	return n, nil
}

// PlannedAt is the time in the id of a notification, a UUID of version 7; the zero time if
// there is none.
func PlannedAt(id string) time.Time {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(parsed.Time().UnixTime()).UTC()
}
