package config

import (
	"maps"
	"slices"
)

// NamedCustomers lists the accounts that MyAccountProfiles are for by id, sorted.
func (l *Live) NamedCustomers() []string { return slices.Sorted(maps.Keys(l.byCustomer)) }

// RetiredAccountProfiles lists the account profiles that were deleted and are kept for those
// who use them by name, sorted.
func (l *Live) RetiredAccountProfiles() []string {
	var names []string
	for name, p := range l.accountProfiles {
		if p.state == Retired {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// RetiredMyAccountProfiles lists the MyAccount profiles that were deleted and are kept for
// those who use them by name, sorted.
func (l *Live) RetiredMyAccountProfiles() []string {
	var names []string
	for name, p := range l.myAccountProfiles {
		if p.state == Retired {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
