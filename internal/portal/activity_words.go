package portal

import (
	"strings"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// actions are the words for what happened, by the action of the audit trail. What is not
// here is made of things and doings.
var actions = map[string]string{
	store.ActionSignedIn:  web.Text("Signed in"),
	store.ActionSignedOut: web.Text("Signed out"),
	"account.created":     web.Text("Account opened"),
	"ticket.created":      web.Text("Ticket opened"),
}

// things are the kinds of rows of an account, as customers say them. Notes are not shown.
var things = map[string]string{
	"account":       web.Text("Account"),
	"campaign":      web.Text("Campaign"),
	"contact":       web.Text("Contact"),
	"invoice":       web.Text("Invoice"),
	"number":        web.Text("Telephone number"),
	"order":         web.Text("Order"),
	"payment":       web.Text("Payment"),
	"request":       web.Text("Service request"),
	"service":       web.Text("Service"),
	"site":          web.Text("Site"),
	"ticket":        web.Text("Ticket"),
	"ticketMessage": web.Text("Message of a ticket"),
}

// doings are what was done to a thing.
var doings = map[string]string{
	"created":         web.Text("%s added"),
	"updated":         web.Text("%s changed"),
	"deleted":         web.Text("%s deleted"),
	"documentUpdated": web.Text("%s document added"),
	"documentDeleted": web.Text("%s document deleted"),
}

// actionWords says what happened in an entry of the activity page.
func (v *visit) actionWords(entry store.Activity) string {
	if words, known := actions[entry.Action]; known {
		return v.T(words)
	}
	if entry.Action == actionSignInFailed {
		return v.T("Tried to sign in as %s with a wrong password", entry.Detail[detailUsername])
	}
	kind, done, _ := strings.Cut(entry.Action, ".")
	if things[kind] == "" || doings[done] == "" {
		return v.T("Something else was done") // by a newer release
	}
	return v.T(doings[done], v.T(things[kind]))
}
