package backoffice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
)

// assignable says which profiles an account may newly be given under a settings
// document. What it has, it may keep, whatever became of the profile.
type assignable struct {
	live              *config.Live
	accountProfiles   []string // sorted
	myAccountProfiles []string
}

// assignable returns the profiles under a document; those of the latest are remembered.
func (a *api) assignable(live *config.Live) *assignable {
	if known := a.profiles.Load(); known != nil && known.live == live {
		return known
	}
	profiles := &assignable{live, live.AssignableAccountProfiles(), live.AssignableMyAccountProfiles()}
	a.profiles.Store(profiles)
	return profiles
}

func (p *assignable) checkAccountProfile(name string) string {
	if _, allowed := slices.BinarySearch(p.accountProfiles, name); allowed || name == "" {
		return ""
	}
	applied := p.live.For(config.Account{AccountProfile: name}).AccountProfile
	return notAssignable("AccountProfile", name, applied.Name == name && applied.Unknown == "", p.accountProfiles)
}

func (p *assignable) checkMyAccountProfile(name string) string {
	if _, allowed := slices.BinarySearch(p.myAccountProfiles, name); allowed || name == "" {
		return ""
	}
	applied := p.live.For(config.Account{MyAccountProfile: name}).MyAccountProfile
	return notAssignable("MyAccountProfile", name, applied.Unknown == "", p.myAccountProfiles)
}

// notAssignable tells a profile that exists but is Historical or deleted from a name
// that nothing has.
func notAssignable(kind, name string, exists bool, allowed []string) string {
	what := fmt.Sprintf("there is no %s %q", kind, name)
	if exists {
		what = fmt.Sprintf("%s %q is kept for the accounts that have it and cannot be newly assigned", kind, name)
	}
	if len(allowed) == 0 {
		return what + ", and the tenant has none to assign: leave the field out"
	}
	return what + ", allowed are " + listed(allowed)
}

// listed names a few dozen at most: a refusal is one line.
func listed(names []string) string {
	const most = 40
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
