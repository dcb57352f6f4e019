package portal

import (
	"strings"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// actions are the words for what happened, by the action of the audit trail. What is not
// here is made of things and doings.
var actions = map[string]string{
	store.ActionSignedIn:        web.Text("Signed in"),
	store.ActionSignedOut:       web.Text("Signed out"),
	store.ActionSignInCreated:   web.Text("Created a sign-in"),
	store.ActionPasswordReset:   web.Text("Reset the password"),
	store.ActionPasswordChanged: web.Text("Changed the password"),
	store.ActionUsernameChanged: web.Text("Changed the username"),
	store.ActionUsernameDeleted: web.Text("Deleted a username"),
	store.ActionInvitedAccepted: web.Text("Accepted an invitation"),
	store.ActionSessionEnded:    web.Text("Ended one of their sessions"),
	store.ActionSessionsEnded:   web.Text("Signed out everywhere else"),
	store.ActionConfirmed:       web.Text("Confirmed who they are"),
	store.ActionOwnerChanged:    web.Text("Handed the account over to another owner"),
	store.ActionEmailAsked:      web.Text("Asked for another email address"),
	store.ActionEmailConfirmed:  web.Text("Confirmed an email address"),
	store.ActionSwitchedAccount: web.Text("Came over from another account"),
	actionFactorFailed:          web.Text("Failed the second step of a sign-in"),
	actionAppAdded:              web.Text("Set up an authenticator app"),
	actionAppRemoved:            web.Text("Removed the authenticator app"),
	actionCodesMade:             web.Text("Made new recovery codes"),
	actionCodeUsed:              web.Text("Used a recovery code"),
	actionPasskeyAdded:          web.Text("Added a passkey"),
	actionPasskeyRenamed:        web.Text("Renamed a passkey"),
	actionPasskeyRemoved:        web.Text("Removed a passkey"),
	actionPasskeyMaybeTwo:       web.Text("Tried a passkey that may have been copied"),
	"account.created":           web.Text("Account opened"),
	"ticket.created":            web.Text("Ticket opened"),
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

// somebody is who acts without being signed in, as with a link. It is written down so, and
// translated where it is shown.
const somebody = "Somebody"

// actionWords says what happened in an entry of the activity page.
func (v *visit) actionWords(entry store.Activity) string {
	if words, known := actions[entry.Action]; known {
		return v.T(words)
	}
	if entry.Action == actionSignInFailed {
		return v.T("Tried to sign in as %s with a wrong password", entry.Detail[detailUsername])
	}
	if entry.Action == store.ActionMailSent {
		return v.T(mailWords[store.LinkPurpose(entry.Detail[store.DetailPurpose])])
	}
	kind, done, _ := strings.Cut(entry.Action, ".")
	if things[kind] == "" || doings[done] == "" {
		return v.T("Something else was done") // by a newer release
	}
	return v.T(doings[done], v.T(things[kind]))
}

// mailWords say which link was sent.
var mailWords = map[store.LinkPurpose]string{
	store.LinkCreate: web.Text("Sent a link to create a sign-in"),
	store.LinkInvite: web.Text("Sent an invitation"),
	store.LinkReset:  web.Text("Sent a link to reset a password"),
}
