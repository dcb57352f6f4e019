package config

import (
	"sort"

	"github.com/foyerhq/foyer/internal/settings"
)

// Account is what a document must know of an account to say what applies to it.
type Account struct {
	ID               string
	AccountProfile   string   // empty: the tenant's default
	MyAccountProfile string   // the pin; empty: none
	Groups           []string // customer groups, sorted
	Attributes       settings.Attributes
}

// ProfileSource says why an account has a profile.
type ProfileSource string

// Why an account has its account profile or MyAccount profile.
const (
	ByAccount        ProfileSource = "Account"        // assigned to the account by name
	ByCustomer       ProfileSource = "Customer"       // the profile names this customer
	ByCustomerGroup  ProfileSource = "CustomerGroup"  // the profile names a group of the account
	ByAccountProfile ProfileSource = "AccountProfile" // named by its account profile
	ByTenant         ProfileSource = "Tenant"         // the tenant's default
	ByBuiltIn        ProfileSource = "BuiltIn"        // no profile is declared
)

// Profile is a profile that applies to an account. Unknown is the name that the
// account has but no entry knows; the default applies then.
type Profile struct {
	Name        string
	DisplayName string
	Source      ProfileSource
	Unknown     string
}

// Effective is everything that applies to one account.
type Effective struct {
	AccountProfile   Profile
	MyAccountProfile Profile // Name is empty: the account has no portal
	Features         []settings.Feature
	Attributes       settings.Resolved
}

// HasPortal says whether people of the account can use the portal at all.
func (e Effective) HasPortal() bool {
	return e.MyAccountProfile.Name != "" && e.Attributes.PortalAccess.Value == settings.Enabled
}

// For resolves everything for an account: design section 5.
func (l *Live) For(a Account) Effective {
	profile, content := l.accountProfileOf(a)
	portal := l.myAccountProfileOf(a, content)
	return Effective{
		AccountProfile:   profile,
		MyAccountProfile: portal,
		Features:         l.myAccountProfiles[portal.Name].Features,
		Attributes:       l.resolve(a.ID, a.Attributes, profile, content),
	}
}

// Profiles resolves the profiles of an account alone. Of accounts without attributes of their
// own that have the same ones, everything else is the same too.
func (l *Live) Profiles(a Account) (account, portal Profile) {
	account, content := l.accountProfileOf(a)
	return account, l.myAccountProfileOf(a, content)
}

func (l *Live) resolve(id string, own settings.Attributes, p Profile, content AccountProfile) settings.Resolved {
	return settings.Resolve(
		settings.Layer{Source: settings.SourceAccount, Name: id, Attributes: own},
		settings.Layer{Source: settings.SourceAccountProfile, Name: p.Name, Attributes: content.Attributes},
		settings.Layer{Source: settings.SourceTenant, Name: l.Name, Attributes: l.Tenant.Attributes},
	)
}

// accountProfileOf: the account's own name, else the tenant's default, else the
// built-in one. An unknown name resolves to the default and says so.
func (l *Live) accountProfileOf(a Account) (Profile, AccountProfile) {
	unknown := ""
	if a.AccountProfile != "" {
		if p, ok := l.accountProfiles[a.AccountProfile]; ok && l.honours(p.state) {
			return Profile{Name: a.AccountProfile, DisplayName: p.DisplayName, Source: ByAccount}, p.AccountProfile
		}
		unknown = a.AccountProfile
	}
	profile, content := l.DefaultAccountProfile()
	profile.Unknown = unknown
	return profile, content
}

// honours: a retired profile still counts, unless the tenant wants its accounts on
// the default.
func (l *Live) honours(state EntryState) bool {
	return state != Retired || l.Tenant.OrphanedProfiles != UseDefault
}

// DefaultAccountProfile returns the profile of accounts that name none.
func (l *Live) DefaultAccountProfile() (Profile, AccountProfile) {
	name := l.Tenant.DefaultAccountProfile
	if p, ok := l.accountProfiles[name]; ok {
		return Profile{Name: name, DisplayName: p.DisplayName, Source: ByTenant}, p.AccountProfile
	}
	return Profile{Name: BuiltInProfile, DisplayName: "Default", Source: ByBuiltIn}, AccountProfile{}
}

// myAccountProfileOf: pinned on the account > names the customer > matches a group
// (Headline first, then name) > named by the account profile > the tenant's default.
func (l *Live) myAccountProfileOf(a Account, profile AccountProfile) Profile {
	unknown := ""
	if a.MyAccountProfile != "" {
		if p, ok := l.myAccountProfiles[a.MyAccountProfile]; ok && l.honours(p.state) {
			return Profile{Name: a.MyAccountProfile, DisplayName: p.DisplayName, Source: ByAccount}
		}
		unknown = a.MyAccountProfile
	}
	name, source := l.unpinned(a, profile)
	return Profile{Name: name, DisplayName: l.myAccountProfiles[name].DisplayName, Source: source, Unknown: unknown}
}

func (l *Live) unpinned(a Account, profile AccountProfile) (string, ProfileSource) {
	if name := l.byCustomer[a.ID]; name != "" {
		return name, ByCustomer
	}
	if name := l.ofGroups(a.Groups); name != "" {
		return name, ByCustomerGroup
	}
	if p, ok := l.myAccountProfiles[profile.MyAccountProfile]; ok && l.honours(p.state) {
		return profile.MyAccountProfile, ByAccountProfile
	}
	if _, ok := l.myAccountProfiles[l.Tenant.DefaultMyAccountProfile]; ok {
		return l.Tenant.DefaultMyAccountProfile, ByTenant
	}
	return "", ByBuiltIn
}

// ofGroups returns the first profile that is for one of the groups.
func (l *Live) ofGroups(groups []string) string {
	first := len(l.groupProfiles)
	for _, group := range groups {
		if place, found := l.byGroup[group]; found {
			first = min(first, place)
		}
	}
	if first == len(l.groupProfiles) {
		return ""
	}
	return l.groupProfiles[first]
}

// AssignableAccountProfiles lists the account profiles that an account may newly
// be given, sorted.
func (l *Live) AssignableAccountProfiles() []string {
	var names []string
	for name, p := range l.accountProfiles {
		if p.state != Retired {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// AssignableMyAccountProfiles lists the profiles that an account may newly be
// pinned to, sorted: neither retired nor Historical.
func (l *Live) AssignableMyAccountProfiles() []string {
	var names []string
	for name, p := range l.myAccountProfiles {
		if p.state != Retired && p.Availability != Historical {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
