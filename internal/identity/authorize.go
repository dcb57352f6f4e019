package identity

import (
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// NoPortal is the decision for an account that has no portal at all: no MyAccount
// profile applies to it, or its portal access is Disabled.
const NoPortal settings.Decision = "NoPortal"

// Authorize says whether the person of a session has a feature now, and if not, why.
// The account's portal is asked first, then its profile, the person's grants, and the
// account's status.
func Authorize(f settings.Feature, s store.SessionView, e config.Effective) settings.Decision {
	if !e.HasPortal() {
		return NoPortal
	}
	return settings.Permit(f, e.Features, settings.Person{Owner: s.Owner, Grants: s.Grants, Status: s.Account.Status})
}
