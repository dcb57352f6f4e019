package compile

import (
	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// Input is everything that decides over the document of one tenant.
type Input struct {
	// Tenant is nil while only objects that name it exist.
	Tenant *v1alpha1.Tenant
	// AccountProfiles and MyAccountProfiles are the objects whose tenantRef names the
	// tenant, in any order.
	AccountProfiles   []v1alpha1.AccountProfile
	MyAccountProfiles []v1alpha1.MyAccountProfile
	EventTemplates    []v1alpha1.EventTemplate
	// Live is the document that replicas run now; nil: none was ever written.
	Live []byte
	// LiveRouting is the routing document that is live now, plain JSON; nil: none was ever
	// written.
	LiveRouting []byte
	// Usage is nil while the database cannot be asked: nothing is dropped then. It must
	// have been read with the ids in [Output.Customers], and after Acknowledged was
	// found true.
	Usage *config.Usage
	// HostnameHolder is the "namespace/name" of another tenant that holds the hostname
	// which this one asks for; empty: nobody else does.
	HostnameHolder string
	// APIHostnameHolder is the same for the hostname of the integration API.
	APIHostnameHolder string
	// AllowOutgoing are the private networks that dispatchers reach, as the operator's flag
	// has them; empty: none, or it is not known.
	AllowOutgoing string
	// Acknowledged says that every replica runs Live. A retired entry may be dropped
	// only then, because a replica that does not know it to be retired still assigns it.
	Acknowledged bool
	// RoutingBlocked says that the routing document cannot be written now, so that it stays
	// as it is: an edit of the Tenant that it would have to follow is refused then.
	RoutingBlocked bool
	// Checked remembers what was found of the texts and conditions of event templates, so
	// that a pass checks only those that changed. It only saves work: with nil the output is
	// the same. The caller keeps one for all tenants (a new one is new(Checks)) and hands it
	// to every pass.
	Checked *Checks
}

// Output is what is to be live, and what to report of each object.
type Output struct {
	// Document is the document to be live, equal to Input.Live when nothing changed;
	// nil: write nothing and leave what is live, workloads included, as it is.
	Document []byte
	// Digest names Document, or what stays live where there is none; empty: nothing is
	// live.
	Digest string
	// Routing is the routing document to be live, as plain JSON, equal to Input.LiveRouting
	// when nothing changed; nil: write nothing and leave what is live as it is. A tenant
	// that never had a template has a document without templates.
	Routing []byte
	// RoutingDigest names Routing, or what stays live where there is none; empty: nothing
	// is live.
	RoutingDigest string

	Tenant            Outcome // the zero value without a Tenant
	AccountProfiles   map[string]Outcome
	MyAccountProfiles map[string]Outcome
	EventTemplates    map[string]Outcome
	// WebhookURLs are those that the templates of the routing document call, sorted, each
	// once.
	WebhookURLs []string

	// Orphaned lists every retired entry: deleted profiles that are kept because
	// something uses them by name, or for the moment until all replicas know that they
	// are gone. Sorted by kind and name.
	Orphaned []Orphan
	// Default is the profile of accounts that name none; the zero value while nothing
	// is live.
	Default Default
	// Customers lists the account ids that MyAccountProfiles name, of the objects and of
	// the live document, sorted: Usage is read with them.
	Customers []string
	// Counts counts accounts by the document that is to be live; nil while it is
	// unknown.
	Counts *config.Counts
	// Waiting says of a paused tenant that something of it, in either document, would go
	// live if it were not paused.
	Waiting bool
}

// Outcome is what to report of one object.
type Outcome struct {
	// Accepted says whether this generation is acceptable by itself.
	Accepted Finding
	// ResolvedRefs says whether every object that it names can be named.
	ResolvedRefs Finding
	// Problems lists all for which the generation is refused: the two findings above tell
	// as many of them as people read in a message. Where it waits for the tenant, the one
	// problem has no field.
	Problems []Problem
	// LiveGeneration is the generation of this very object that customers have; 0: none.
	LiveGeneration int64
	// Live says that this generation is in the document.
	Live bool
	// Warnings are sentences about what was accepted but may not be meant.
	Warnings []string
	// Accounts is the number of accounts to which the object applies; nil while it is
	// unknown or nothing of the object is live.
	Accounts *int64
	// Events tell of an AccountProfile that is live where the messages come from that people
	// of its accounts get, sorted by event.
	Events []v1alpha1.EventStatus
	// Conflicted says of an EventTemplate whether it shares an event, profile, channel and
	// day with another one; the zero value: it does not.
	Conflicted Finding
	// SMSSegments is the most segments that one text message of an EventTemplate's live
	// generation needs with the sample of its event; 0: it has none.
	SMSSegments int32
}

// Refused says that the newest generation is not live by its own fault or that of
// what it names.
func (o Outcome) Refused() bool { return !o.Accepted.Status || !o.ResolvedRefs.Status }

// Finding is the content of a condition.
type Finding struct {
	Status  bool
	Reason  string // one of the reasons below
	Message string // a sentence for people
}

// Orphan is a retired entry.
type Orphan struct {
	Kind     string // AccountProfile or MyAccountProfile
	Name     string
	Accounts *int64 // that use or name it; nil while it is unknown
}

// Default is the account profile of accounts that name none.
type Default struct {
	Name   string
	Source v1alpha1.DefaultProfileSource
}

// The kinds as messages, orphans and documents name them.
const (
	kindTenant           = "Tenant"
	kindAccountProfile   = "AccountProfile"
	kindMyAccountProfile = "MyAccountProfile"
	kindEventTemplate    = "EventTemplate"
)

// The reasons of findings.
const (
	// ReasonAccepted: the generation is acceptable.
	ReasonAccepted = "Accepted"
	// ReasonResolvedRefs: everything that the object names can be named.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonInvalid: a value is not allowed.
	ReasonInvalid = "Invalid"
	// ReasonConflicted: another object holds what this one asks for.
	ReasonConflicted = "Conflicted"
	// ReasonRefNotFound: an object that this one names does not exist, or nothing of it
	// was ever accepted.
	ReasonRefNotFound = "RefNotFound"
	// ReasonRefRetired: an object that this one newly names was deleted, and stays only
	// for the accounts that still use it.
	ReasonRefRetired = "RefRetired"
	// ReasonRefHistorical: a MyAccountProfile that this object newly names is Historical.
	ReasonRefHistorical = "RefHistorical"
	// ReasonTenantMissing: the Tenant that the object names does not exist.
	ReasonTenantMissing = "TenantMissing"
	// ReasonTenantRefused: the Tenant's own generation is refused, so nothing of it changes.
	ReasonTenantRefused = "TenantRefused"
	// ReasonTenantPaused: the Tenant is paused, so nothing of it changes.
	ReasonTenantPaused = "TenantPaused"
	// ReasonTooLarge: the document would not fit into its ConfigMap.
	ReasonTooLarge = "TooLarge"
	// ReasonActionConflict (condition Conflicted): an action of this template and one of
	// another fire by the same channel, for the same event, profile and day; one of them does.
	ReasonActionConflict = "ActionConflict"
)

// Reasons lists every reason, for documentation and for the tests of what reports
// them.
func Reasons() []string {
	return []string{
		ReasonAccepted, ReasonResolvedRefs, ReasonInvalid, ReasonConflicted, ReasonRefNotFound, ReasonRefRetired,
		ReasonRefHistorical, ReasonTenantMissing, ReasonTenantRefused, ReasonTenantPaused, ReasonTooLarge,
		ReasonActionConflict,
	}
}
