package identity

import (
	"slices"

	"github.com/foyerhq/foyer/internal/store"
)

// AccessAction is what can be done about a contact's access to the portal.
type AccessAction string

// The actions of access.
const (
	Invite  AccessAction = "Invite" // again, too: what was sent before stops working
	Enable  AccessAction = "Enable"
	Disable AccessAction = "Disable" // ends its sessions
	Remove  AccessAction = "Delete"
)

// accessActions is the whole state machine of access, by the words of
// [store.PortalAccess].
var accessActions = map[string][]AccessAction{
	store.AccessNotInvited: {Invite, Disable, Remove},
	store.AccessInvited:    {Invite, Disable, Remove},
	store.AccessExpired:    {Invite, Disable, Remove},
	store.AccessActive:     {Disable, Remove},
	store.AccessDisabled:   {Enable, Remove},
	store.AccessRevoked:    nil,
}

// PermitAccess says whether a state of access allows an action.
func PermitAccess(access string, action AccessAction) bool {
	return slices.Contains(accessActions[access], action)
}
