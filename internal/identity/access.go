package identity

import (
	"slices"

	"github.com/foyerhq/foyer/internal/store"
)

// AccessAction is what can be done about a contact's access to the portal. That a contact
// is deleted ends it in any state.
type AccessAction string

// The actions of access.
const (
	Invite  AccessAction = "Invite"  // again, too: what was sent before stops working
	Enable  AccessAction = "Enable"  // who has no sign-in yet is invited with it
	Disable AccessAction = "Disable" // ends its sessions
)

// accessActions is the whole state machine of access, by the words of
// [store.PortalAccess].
var accessActions = map[string][]AccessAction{
	store.AccessNotInvited: {Invite, Enable, Disable},
	store.AccessInvited:    {Invite, Disable},
	store.AccessExpired:    {Invite, Disable},
	store.AccessActive:     {Disable},
	store.AccessDisabled:   {Enable},
}

// PermitAccess says whether a state of access allows an action.
func PermitAccess(access string, action AccessAction) bool {
	return slices.Contains(accessActions[access], action)
}
