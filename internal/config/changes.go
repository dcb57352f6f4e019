package config

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/settings"
)

// Changed is one object whose settings differ between two documents, as customers have
// them.
type Changed struct {
	Kind    string // Tenant, AccountProfile, MyAccountProfile
	Name    string
	Changes []settings.Change
}

// Compare lists the objects whose attributes, features or assignments differ between two
// settings documents: what the provider's systems may want to ask for again. Another
// display name, description or branding is no change of settings.
func Compare(before, after []byte) ([]Changed, error) {
	was, err := Load(before)
	if err != nil {
		return nil, err
	}
	is, err := Load(after)
	if err != nil {
		return nil, err
	}
	var list []Changed
	add := func(kind, name string, changes []settings.Change) {
		if len(changes) > 0 {
			slices.SortFunc(changes, func(a, b settings.Change) int { return strings.Compare(a.Key, b.Key) })
			list = append(list, Changed{kind, name, changes})
		}
	}
	add("Tenant", is.Name, compareTenants(was.Tenant, is.Tenant))
	for _, name := range names(was.accountProfiles, is.accountProfiles) {
		add("AccountProfile", name, compareAccountProfiles(was.treatment(name), is.treatment(name)))
	}
	for _, name := range names(was.myAccountProfiles, is.myAccountProfiles) {
		add("MyAccountProfile", name, compareMyAccountProfiles(was.portal(name), is.portal(name)))
	}
	return list, nil
}

func names[P any](was, is map[string]P) []string {
	var list []string
	for name := range was {
		list = append(list, name)
	}
	for name := range is {
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// treatment is what an account profile says to the accounts that name it; nothing if
// there is none or it does not count any more.
func (l *Live) treatment(name string) AccountProfile {
	p, known := l.accountProfiles[name]
	if !known || !l.honours(p.state) {
		return AccountProfile{}
	}
	return p.AccountProfile
}

// portal is what a MyAccount profile says to accounts. A retired one is left with those
// that have it by name.
func (l *Live) portal(name string) MyAccountProfile {
	p, known := l.myAccountProfiles[name]
	switch {
	case !known || !l.honours(p.state):
		return MyAccountProfile{}
	case p.state == Retired:
		p.Customer, p.CustomerGroups = "", nil
	}
	return p.MyAccountProfile
}

func compareTenants(was, is Tenant) []settings.Change {
	return slices.Concat(
		settings.Diff(was.Attributes, is.Attributes),
		change("defaultAccountProfile", was.DefaultAccountProfile, is.DefaultAccountProfile),
		change("defaultMyAccountProfile", was.DefaultMyAccountProfile, is.DefaultMyAccountProfile),
		change("orphanedProfiles", string(was.OrphanedProfiles), string(is.OrphanedProfiles)),
	)
}

func compareAccountProfiles(was, is AccountProfile) []settings.Change {
	return append(settings.Diff(was.Attributes, is.Attributes), change("myAccountProfile", was.MyAccountProfile, is.MyAccountProfile)...)
}

func compareMyAccountProfiles(was, is MyAccountProfile) []settings.Change {
	changes := slices.Concat(
		change("customer", was.Customer, is.Customer),
		change("customerGroups", strings.Join(was.CustomerGroups, ", "), strings.Join(is.CustomerGroups, ", ")),
	)
	for _, info := range settings.FeatureRegistry() {
		changes = append(changes, change(string(info.Feature), enabled(was, info.Feature), enabled(is, info.Feature))...)
	}
	return changes
}

func enabled(p MyAccountProfile, f settings.Feature) string {
	if slices.Contains(p.Features, f) {
		return string(settings.Enabled)
	}
	return ""
}

// change is one of a key, or none.
func change(key, was, is string) []settings.Change {
	if was == is {
		return nil
	}
	return []settings.Change{{Key: key, Old: was, New: is, HadOld: was != "", HasNew: is != ""}}
}
