package settings

import "slices"

// Feature is something that a person may see or do in the portal.
type Feature string

// The features, each with its page.
const (
	ViewInvoices     Feature = "ViewInvoices"
	DownloadInvoices Feature = "DownloadInvoices"
	PayInvoices      Feature = "PayInvoices"
	ViewPayments     Feature = "ViewPayments"
	ViewServices     Feature = "ViewServices"
	PlaceOrders      Feature = "PlaceOrders"
	RequestService   Feature = "RequestService"
	EditProfile      Feature = "EditProfile"
	ManageContacts   Feature = "ManageContacts"
	ViewEmails       Feature = "ViewEmails"
	ViewActivity     Feature = "ViewActivity"
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

// Place is where the portal leads to the page of a feature.
type Place string

// The places of features.
const (
	InNavigation Place = "Navigation"
	AtCog        Place = "Cog"  // at the top right, beside the person's name
	OnPage       Place = "Page" // it has no page of its own, but is something on another's
)

// FeatureInfo declares one feature.
type FeatureInfo struct {
	Feature     Feature
	Field       string // the field of MyAccountProfile that grants it
	Place       Place
	Title       string          // name in the navigation and in forms
	Description string          // one sentence for docs, the home page and forms
	Path        string          // the page in the portal where it is
	Statuses    []AccountStatus // the account statuses in which it is open
}

var (
	whileActive      = []AccountStatus{Active}
	untilClosed      = []AccountStatus{Active, Suspended}
	untilAndAfter    = []AccountStatus{Active, Suspended, Closed}
	fromTheBeginning = []AccountStatus{Prospect, Active}
)

var featureRegistry = []FeatureInfo{
	{ViewInvoices, "myAccountFlags", InNavigation, "Invoices", "See the invoices of the account and what is due.", "/invoices", untilAndAfter},
	{DownloadInvoices, "myAccountFlags", OnPage, "Download invoices", "Download invoices as PDF.", "/invoices", untilAndAfter},
	{PayInvoices, "myAccountFlags", OnPage, "Pay invoices", "Go from an open invoice to where it is paid.", "/invoices", untilClosed},
	{ViewPayments, "myAccountFlags", InNavigation, "Payments", "See the payments of the account and what they were for.", "/payments", untilAndAfter},
	{ViewServices, "myAccountFlags", InNavigation, "Services", "See the services of the account and what they cost.", "/services", whileActive},
	{PlaceOrders, "myAccountFlags", InNavigation, "Orders", "Order products, and follow the orders of the account.", "/orders", fromTheBeginning},
	{RequestService, "myAccountFlags", InNavigation, "Service requests", "Ask for work at a site, and follow what was asked for.", "/requests", whileActive},
	{EditProfile, "myAccountFlags", InNavigation, "Profile", "Keep the address and other details of the account up to date.", "/profile", fromTheBeginning},
	{ViewEmails, "myAccountFlags", InNavigation, "Messages", "Read the messages that were sent to you.", "/messages", whileActive},
	{ViewActivity, "myAccountFlags", InNavigation, "Activity", "See who signed in and what was changed in the account.", "/activity", whileActive},
	{ManageContacts, "myAccountFlags", AtCog, "Portal settings", "Decide who else may use the portal, and for what.", "/portal-settings", whileActive},
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
