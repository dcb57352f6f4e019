package settings

import "slices"

// Feature is something that a person may see or do in the portal.
type Feature string

// The features, each with its page.
const (
	ViewInvoices Feature = "ViewInvoices"
	ViewActivity Feature = "ViewActivity"
)

// AccountStatus is the status of an account.
type AccountStatus string

// The four statuses of an account.
const (
	Prospect  AccountStatus = "Prospect"
	Active    AccountStatus = "Active"
	Suspended AccountStatus = "Suspended"
	Closed    AccountStatus = "Closed"
)

// AccountStatuses lists every status, in the order of an account's life.
func AccountStatuses() []AccountStatus {
	return []AccountStatus{Prospect, Active, Suspended, Closed}
}

// FeatureInfo declares one feature.
type FeatureInfo struct {
	Feature     Feature
	Field       string          // the field of MyAccountProfile that grants it
	Title       string          // name in the navigation
	Description string          // one sentence for docs, the home page and forms
	Path        string          // its page in the portal
	Statuses    []AccountStatus // the account statuses in which it is open
}

var featureRegistry = []FeatureInfo{
	{ViewInvoices, "myAccountFlags", "Invoices", "See the invoices of the account and what is due.", "/invoices",
		[]AccountStatus{Active, Suspended, Closed}},
	{ViewActivity, "myAccountFlags", "Activity", "See who signed in and what was changed in the account.", "/activity",
		[]AccountStatus{Active}},
}

// FeatureRegistry lists every feature in the order of the portal's navigation.
// The caller must not change it.
func FeatureRegistry() []FeatureInfo { return featureRegistry }

// LookupFeature returns the declaration of a feature, and false for an unknown one.
func LookupFeature(f Feature) (FeatureInfo, bool) {
	for _, info := range featureRegistry {
		if info.Feature == f {
			return info, true
		}
	}
	return FeatureInfo{}, false
}

// Decision says whether a person has a feature, and if not, why.
type Decision string

// The decisions, each with what the person is told.
const (
	Allowed      Decision = "Allowed"
	NotInProfile Decision = "NotInProfile" // the portal of this account does not have it: not shown
	NotGranted   Decision = "NotGranted"   // the account has it, the person was not granted it: shown locked
	NotInStatus  Decision = "NotInStatus"  // closed by the account's status: shown locked
)

// Person is what decides over features beside the profile.
type Person struct {
	Owner  bool // the owner holds every feature that the profile allows
	Grants []Feature
	Status AccountStatus // of the account
}

// Permit decides over one feature. profile lists the features of the account's
// MyAccount profile. The profile is asked first, so that a person never learns of
// a feature that the account does not have.
func Permit(f Feature, profile []Feature, p Person) Decision {
	info, known := LookupFeature(f)
	switch {
	case !known || !slices.Contains(profile, f):
		return NotInProfile
	case !p.Owner && !slices.Contains(p.Grants, f):
		return NotGranted
	case !slices.Contains(info.Statuses, p.Status):
		return NotInStatus
	}
	return Allowed
}
