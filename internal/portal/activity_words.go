package portal

import (
	"strings"

	"github.com/foyerhq/foyer/internal/store"
)

// things are the kinds of rows of an account, as customers say them. Notes are not shown.
var things = map[string]string{
	"account":       "Account",
	"campaign":      "Campaign",
	"contact":       "Contact",
	"invoice":       "Invoice",
	"number":        "Telephone number",
	"order":         "Order",
	"payment":       "Payment",
	"request":       "Service request",
	"service":       "Service",
	"site":          "Site",
	"ticket":        "Ticket",
	"ticketMessage": "Message of a ticket",
}

var doings = map[string]string{
	"created":         "added",
	"updated":         "changed",
	"deleted":         "deleted",
	"documentUpdated": "document added",
	"documentDeleted": "document deleted",
}

// actionWords says what happened in an entry of the activity page.
func actionWords(entry store.Activity) string {
	switch entry.Action {
	case store.ActionSignedIn:
		return "Signed in"
	case store.ActionSignedOut:
		return "Signed out"
	case actionSignInFailed:
		return "Tried to sign in as " + entry.Detail[detailUsername] + " with a wrong password"
	case "account.created":
		return "Account opened"
	case "ticket.created":
		return "Ticket opened"
	}
	kind, done, _ := strings.Cut(entry.Action, ".")
	if things[kind] == "" || doings[done] == "" {
		return "Something else was done" // by a newer release
	}
	return things[kind] + " " + doings[done]
}
