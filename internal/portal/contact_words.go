package portal

import (
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// accessStates are the words for the access of a contact.
var accessStates = map[string]state{
	store.AccessNotInvited: {web.Text("Not invited"), ""},
	store.AccessInvited:    {web.Text("Invited"), "accent"},
	store.AccessExpired:    {web.Text("Invitation expired"), "warn"},
	store.AccessActive:     {web.Text("Active#contact"), "good"},
	store.AccessDisabled:   {web.Text("Switched off"), "bad"},
}

// roleTitles and roleHints are the words for what a contact is for.
var (
	roleTitles = map[string]string{
		identity.RolePrimary: web.Text("Primary contact"), "Secondary": web.Text("Secondary contact"),
		"Billing": web.Text("Billing contact"), "Technical": web.Text("Technical contact"),
	}
	roleHints = map[string]string{
		identity.RolePrimary: web.Text("Gets what concerns the account as a whole, and the links that reset the owner's password. Only the owner decides who this is."),
		"Secondary":          web.Text("Stands in for the primary contact."),
		"Billing":            web.Text("Gets invoices, payments and reminders."),
		"Technical":          web.Text("Gets what concerns services."),
	}
)

func (v *visit) roleWords(roles []string) string {
	var titles []string
	for _, role := range identity.Roles() {
		for _, held := range roles {
			if held == role {
				titles = append(titles, v.T(roleTitles[role]))
			}
		}
	}
	return v.listWords(titles)
}

// presetTitles and presetHints are the words for ready-made sets of grants.
var (
	presetTitles = map[settings.Feature]string{
		"Billing": web.Text("Billing department"), "Technical": web.Text("Technician or web developer"),
		"SiteContact": web.Text("Site contact"), "ReadOnly": web.Text("Look, but not change"),
	}
	presetHints = map[settings.Feature]string{
		"Billing":     web.Text("Sees and pays invoices, and places orders. Nothing technical."),
		"Technical":   web.Text("Sees services. No invoices, no account details."),
		"SiteContact": web.Text("Asks for work at the sites that you choose. Nothing else."),
		"ReadOnly":    web.Text("Sees everything that you have access to, and changes nothing."),
	}
)

// categoryTitles are the words for the categories of messages.
var categoryTitles = map[string]string{
	"General": web.Text("About the account"), "Invoice": web.Text("Invoices and payments"),
	"Product": web.Text("Services and orders"), "Support": web.Text("Service requests"),
	securityMessages: web.Text("Security"),
}

func (v *visit) categoryWords(categories []string) string {
	var titles []string
	for _, c := range store.OptOutCategories {
		for _, one := range categories {
			if one == c {
				titles = append(titles, v.T(categoryTitles[c]))
			}
		}
	}
	return v.listWords(titles)
}

// refusals are the sentences of what a person may not do to a contact.
var refusals = map[identity.ContactRefusal]string{
	identity.OwnersContact:  web.Text("This is the owner of the account. Only the owner changes that."),
	identity.OwnerStays:     web.Text("The owner keeps access to everything. To change who the owner is, hand the account over."),
	identity.OwnGrants:      web.Text("What you may do yourself is decided by somebody else. Nothing was changed."),
	identity.OwnAccess:      web.Text("You cannot switch yourself off or delete yourself. Somebody else can."),
	identity.NotOffered:     web.Text("Something that was ticked is not part of your portal. Nothing was changed. Please look at the list again."),
	identity.NotHeld:        web.Text("You can only give or take away what you may do yourself, and only where you may do it. Nothing was changed."),
	identity.HoldsMore:      web.Text("This contact may do more than you, so only the owner can do that."),
	identity.EmailOfSignIn:  web.Text("This contact signs in already. Only they themselves and the owner change the address, and nobody sends them an invitation."),
	identity.PrimaryOfOwner: web.Text("Links that reset the owner's password go to the primary contact. So only the owner decides who that is and which address it has."),
	identity.RoleNotHeld:    web.Text("With a role come messages about things that you may not see yourself, so somebody who sees them decides who has it. Nothing was changed."),
	identity.NotRecent:      web.Text("Please sign in again to do that."),
}

func (v *visit) refusalWords(e refusedContact) string {
	if e.reason != "" {
		return v.T(refusals[e.reason])
	}
	return e.text
}

func joinName(first, last string) string { return strings.TrimSpace(first + " " + last) }
