package identity

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// RolePrimary is the role whose addresses get the mails that reset the owner's sign-in.
const RolePrimary = "Primary"

// Roles lists what a contact can be for.
func Roles() []string { return []string{RolePrimary, "Secondary", "Billing", "Technical"} }

// Manager is a person who changes the contacts of their account.
type Manager struct {
	ContactID string
	Owner     bool
	Profile   []settings.Feature // what the account's profile has
	Features  []settings.Feature // what of it the person has
	Sites     []string           // that the person is limited to; empty: none
	Recent    bool               // whether they proved who they are in the last minutes
}

// NewManager is the person of a session.
func NewManager(s store.SessionView, e config.Effective, recent bool) Manager {
	m := Manager{ContactID: s.ContactID, Owner: s.Owner, Profile: e.Features, Features: e.Features, Sites: s.Sites, Recent: recent}
	if s.Owner {
		m.Sites = nil
		return m
	}
	m.Features = slices.DeleteFunc(slices.Clone(e.Features), func(f settings.Feature) bool { return !slices.Contains(s.Grants, f) })
	return m
}

// ContactRefusal says why a person may not do something to a contact; empty: they may.
type ContactRefusal string

// The refusals. What a person may do needs none of them.
const (
	OwnersContact  ContactRefusal = "OwnersContact"  // it is the owner's contact, and they are not the owner
	OwnerStays     ContactRefusal = "OwnerStays"     // the owner keeps everything until they hand over
	OwnGrants      ContactRefusal = "OwnGrants"      // nobody changes what they may do themselves
	OwnAccess      ContactRefusal = "OwnAccess"      // nobody removes or disables themselves
	NotOffered     ContactRefusal = "NotOffered"     // the account does not have the feature
	NotHeld        ContactRefusal = "NotHeld"        // nobody gives or takes what they lack, nor where they lack it
	HoldsMore      ContactRefusal = "HoldsMore"      // the contact may do more than the person
	EmailOfSignIn  ContactRefusal = "EmailOfSignIn"  // the contact signs in, so the address is not for others to change
	PrimaryOfOwner ContactRefusal = "PrimaryOfOwner" // a primary address is the owner's matter
	RoleNotHeld    ContactRefusal = "RoleNotHeld"    // with the role come messages about what the person may not see
	NotRecent      ContactRefusal = "NotRecent"      // they have to prove again who they are
)

// CheckChange says why a person may not make of a contact what it shall be. before is nil
// for a new one.
func (m Manager) CheckChange(before *store.Contact, after store.Contact) ContactRefusal {
	if before == nil {
		before = &store.Contact{Access: after.Access, Email: after.Email, PendingEmail: after.PendingEmail}
	}
	checks := []func(before, after *store.Contact) ContactRefusal{m.checkOwner, m.checkOwn, m.checkGrants, m.checkReach, m.checkPrimary, m.checkRoles}
	for _, check := range checks {
		if refused := check(before, &after); refused != "" {
			return refused
		}
	}
	return ""
}

// CheckDelete says why a person may not delete a contact.
func (m Manager) CheckDelete(c store.Contact) ContactRefusal {
	switch {
	case c.Owner && !m.Owner:
		return OwnersContact
	case c.Owner:
		return OwnerStays
	case c.ID == m.ContactID:
		return OwnAccess
	case !m.coversAll(&c):
		return HoldsMore
	case IsPrimary(&c) && !m.Owner:
		return PrimaryOfOwner
	case IsPrimary(&c) && !m.Recent:
		return NotRecent
	}
	return ""
}

// CheckInvite says why a person may not send a contact an invitation. Who has a sign-in
// gets none from anybody: it would be a way to another's password.
func (m Manager) CheckInvite(c store.Contact) ContactRefusal {
	switch {
	case c.Owner && !m.Owner:
		return OwnersContact
	case c.ID == m.ContactID:
		return OwnAccess
	case c.User != nil && c.User.HasPassword:
		return EmailOfSignIn
	case !m.coversAll(&c):
		return HoldsMore
	}
	return ""
}

// CheckOwnEmail says why a person may not change the address of their own contact.
func (m Manager) CheckOwnEmail(own store.Contact) ContactRefusal {
	switch {
	case IsPrimary(&own) && !m.Owner:
		return PrimaryOfOwner
	case !m.Recent:
		return NotRecent
	}
	return ""
}

// IsPrimary says whether a contact has the role Primary.
func IsPrimary(c *store.Contact) bool { return slices.Contains(c.Roles, RolePrimary) }

func (m Manager) checkOwner(before, after *store.Contact) ContactRefusal {
	switch {
	case before.Owner && !m.Owner:
		return OwnersContact
	case before.Owner != after.Owner, before.Owner && before.Access != after.Access:
		return OwnerStays
	}
	return ""
}

func (m Manager) checkOwn(before, after *store.Contact) ContactRefusal {
	switch {
	case before.ID != m.ContactID:
		return ""
	case !sameSet(before.Grants, after.Grants), !sameSet(before.Sites, after.Sites):
		return OwnGrants
	case before.Access != after.Access:
		return OwnAccess
	}
	return ""
}

// checkGrants: what is given is the profile's, and what is given or taken the person has,
// where they have it.
func (m Manager) checkGrants(before, after *store.Contact) ContactRefusal {
	for _, f := range after.Grants {
		if !slices.Contains(before.Grants, f) && !slices.Contains(m.Profile, f) {
			return NotOffered
		}
	}
	was, is := rightsOf(before), rightsOf(after)
	for r := range is {
		if !was[r] && !m.covers(r) {
			return NotHeld
		}
	}
	for r := range was {
		if !is[r] && !m.covers(r) {
			return NotHeld
		}
	}
	return ""
}

// checkReach: access and address lead to all that a contact may do.
func (m Manager) checkReach(before, after *store.Contact) ContactRefusal {
	another := !strings.EqualFold(before.Email, after.Email) || after.PendingEmail != "" && !strings.EqualFold(before.PendingEmail, after.PendingEmail)
	switch {
	case before.Access == after.Access && !another:
		return ""
	case !m.coversAll(before) && before.ID != m.ContactID:
		return HoldsMore
	case !another || before.User == nil:
		return ""
	case !m.Owner && before.ID != m.ContactID:
		return EmailOfSignIn
	case !m.Recent:
		return NotRecent
	}
	return ""
}

// checkPrimary: who reads the mails of a primary address can reset the owner's sign-in.
func (m Manager) checkPrimary(before, after *store.Contact) ContactRefusal {
	was, is := IsPrimary(before), IsPrimary(after)
	same := before.Access == after.Access && strings.EqualFold(before.Email, after.Email) && strings.EqualFold(before.PendingEmail, after.PendingEmail)
	switch {
	case !was && !is, was && is && same:
		return ""
	case !m.Owner:
		return PrimaryOfOwner
	case !m.Recent:
		return NotRecent
	}
	return ""
}

// roleNeeds is what somebody sees themselves who decides who gets the messages of a role.
var roleNeeds = map[string][]settings.Feature{
	"Billing": {settings.ViewInvoices}, "Technical": {settings.ViewServices}, "Secondary": {settings.ViewInvoices, settings.ViewServices},
}

// MayGiveRole says whether the person may give and take a role. Its messages are about the
// whole account.
func (m Manager) MayGiveRole(role string) bool {
	lacking := slices.ContainsFunc(roleNeeds[role], func(f settings.Feature) bool { return !m.HasFeature(f) })
	return m.Owner || role != RolePrimary && len(m.Sites) == 0 && !lacking
}

// checkRoles: messages have content, so nobody gives a role, or takes it, whose messages
// they could not read. Primary is checked on its own.
func (m Manager) checkRoles(before, after *store.Contact) ContactRefusal {
	for _, role := range Roles() {
		if slices.Contains(before.Roles, role) != slices.Contains(after.Roles, role) && !m.MayGiveRole(role) {
			return RoleNotHeld
		}
	}
	return ""
}
