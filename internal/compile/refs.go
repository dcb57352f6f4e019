package compile

import (
	"maps"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// maxListed bounds the names that a message lists.
const maxListed = 10

// standing is what a profile that something names will be in the next document.
type standing string

const (
	standingLive     standing = "live"     // can be named
	standingRetired  standing = "retired"  // deleted, kept for those who name it already
	standingRefused  standing = "refused"  // the object exists, nothing of it was ever accepted
	standingNotThere standing = "notThere" // there is nothing of that name
)

// standingOf returns the standing, and the content that will be live.
func standingOf[C any](name string, objects map[string]*object[C], live map[string]*liveEntry[C]) (standing, C) {
	o, l := objects[name], live[name]
	var none C
	switch {
	case o != nil && !o.refused():
		return standingLive, o.content
	case o != nil && l == nil:
		return standingRefused, none
	case l == nil:
		return standingNotThere, none
	case o == nil || l.State == config.Retired:
		return standingRetired, l.content
	}
	return standingLive, l.content
}

// resolveAccountProfile finds the portal profile of an account profile.
func (p *pass) resolveAccountProfile(o *object[config.AccountProfile]) {
	name := o.content.MyAccountProfile
	held := o.live != nil && o.live.content.MyAccountProfile == name
	resolveMyAccountProfile(p, o, "spec.myAccountProfileRef", name, held)
}

// resolveTenant finds the two defaults of the tenant.
func (p *pass) resolveTenant() {
	o := p.tenant
	name := o.content.DefaultMyAccountProfile
	held := o.live != nil && o.live.content.DefaultMyAccountProfile == name
	resolveMyAccountProfile(p, o, "spec.defaultMyAccountProfileRef", name, held)

	name = o.content.DefaultAccountProfile
	held = o.live != nil && o.live.content.DefaultAccountProfile == name
	p.resolveDefaultAccountProfile(name, held)
}

// resolveMyAccountProfile: held says that the live entry of the object names the
// profile already. What was assigned stays assigned, only what is new is refused.
func resolveMyAccountProfile[C any](p *pass, o *object[C], field, name string, held bool) {
	if name == "" {
		return
	}
	switch state, content := standingOf(name, p.myAccountProfiles, p.live.myAccountProfiles); {
	case state == standingNotThere:
		o.refuse(&o.resolved, ReasonRefNotFound, problemAt(field, "there is no MyAccountProfile %q in this tenant, %s", name, p.assignable()))
	case state == standingRefused:
		o.refuse(&o.resolved, ReasonRefNotFound, problemAt(field, "MyAccountProfile %q exists, but it is refused and was never live: see its status", name))
	case state == standingRetired && held:
		o.warn("%s: MyAccountProfile %q was deleted; what it said stays in effect here until another one is named", field, name)
	case state == standingRetired:
		o.refuse(&o.resolved, ReasonRefRetired, problemAt(field, "MyAccountProfile %q was deleted and stays only for those who use it already, %s", name, p.assignable()))
	case content.Availability == config.Historical && !held:
		o.refuse(&o.resolved, ReasonRefHistorical, problemAt(field, "MyAccountProfile %q is Historical, so it stays where it is and cannot be newly assigned, %s", name, p.assignable()))
	}
}

// resolveDefaultAccountProfile: a default that never was live is no error, because
// a tenant may be declared before its profiles.
func (p *pass) resolveDefaultAccountProfile(name string, held bool) {
	const field = "spec.defaultAccountProfileRef"
	o := p.tenant
	if name == "" {
		return
	}
	switch state, _ := standingOf(name, p.accountProfiles, p.live.accountProfiles); {
	case state == standingNotThere:
		o.warn("%s: no AccountProfile %q was ever live, so the built-in default profile applies", field, name)
	case state == standingRefused:
		o.warn("%s: AccountProfile %q is refused and was never live, so the built-in default profile applies: see its status", field, name)
	case state == standingRetired && held:
		o.warn("%s: AccountProfile %q was deleted; what it said stays in effect until another one is named", field, name)
	case state == standingRetired:
		o.refuse(&o.resolved, ReasonRefRetired, problemAt(field, "AccountProfile %q was deleted and stays only for the accounts that use it already: name another one", name))
	}
}

// assignable lists the MyAccountProfiles that can be named, for a message.
func (p *pass) assignable() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.myAccountProfiles)) {
		state, content := standingOf(name, p.myAccountProfiles, p.live.myAccountProfiles)
		if state == standingLive && content.Availability != config.Historical {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "and none that can be assigned"
	}
	return "there are: " + listed(names)
}
