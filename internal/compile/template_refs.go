package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// tenantContent is what the Tenant says as far as it can be in effect; nil: nothing.
func (p *pass) tenantContent() *config.Tenant {
	switch {
	case p.tenant != nil && (!p.tenant.refused() || p.live.tenant == nil):
		return &p.tenant.content
	case p.live.tenant != nil:
		return &p.live.tenant.content
	}
	return nil
}

// builtInProfile is the name under which the built-in default profile can be named: the
// one that the Tenant gives its default, else "default". It stands for that name while
// nothing of an AccountProfile of that name was ever live.
func (p *pass) builtInProfile() string {
	if t := p.tenantContent(); t != nil {
		return cmp.Or(t.DefaultAccountProfile, config.BuiltInProfile)
	}
	return config.BuiltInProfile
}

// resolveProfiles finds the account profiles of a template. A template is no user of a
// profile: one that it was accepted with may go, and the template stays.
func (p *pass) resolveProfiles(o *object[config.EventTemplate], names []string) {
	for i, name := range names {
		field := fmt.Sprintf("spec.accountProfileRefs[%d]", i)
		held := o.live != nil && slices.Contains(o.live.content.AccountProfiles, name)
		state, _ := standingOf(name, p.accountProfiles, p.live.accountProfiles)
		switch {
		case state == standingLive:
		case state == standingRetired && held:
			o.warn("%s: AccountProfile %q was deleted; the template fires for the accounts that still use it, and for no others", field, name)
		case state == standingRetired:
			o.refuse(&o.resolved, ReasonRefRetired, problemAt(field, "AccountProfile %q was deleted and stays only for the accounts that use it already, %s", name, p.profiles()))
		case name == p.builtInProfile():
		case held:
			o.warn("%s: there is no AccountProfile %q any more, so the template fires for nobody by it: take it out", field, name)
		case state == standingRefused:
			o.refuse(&o.resolved, ReasonRefNotFound, problemAt(field, "AccountProfile %q exists, but it is refused and was never live: see its status", name))
		default:
			o.refuse(&o.resolved, ReasonRefNotFound, problemAt(field, "there is no AccountProfile %q in this tenant, %s", name, p.profiles()))
		}
	}
}

// profiles lists the account profiles that a template can name, for a message.
func (p *pass) profiles() string {
	names := []string{}
	builtIn := p.builtInProfile()
	if state, _ := standingOf(builtIn, p.accountProfiles, p.live.accountProfiles); state == standingNotThere || state == standingRefused {
		names = append(names, builtIn+" (built in)")
	}
	for _, name := range sortedNames(p.accountProfiles) {
		if state, _ := standingOf(name, p.accountProfiles, p.live.accountProfiles); state == standingLive {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "and none that can be named"
	}
	return "there are: " + listed(names)
}
