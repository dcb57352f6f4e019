package v1alpha1

// ObjectRef names an object in the same namespace.
type ObjectRef struct {
	// name is the name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as in business-2"
	Name string `json:"name,omitempty"`
}

// Access says whether something is open.
// +kubebuilder:validation:Enum=Enabled;Disabled
type Access string

// The values of Access.
const (
	AccessEnabled  Access = "Enabled"
	AccessDisabled Access = "Disabled"
)

// Attributes are settings of accounts. An attribute that is not set is inherited:
// account, then account profile, then tenant, then built-in. The type mirrors
// internal/settings.Attributes; a test proves them equal.
// +kubebuilder:validation:MinProperties=1
type Attributes struct {
	// tradingTermsDays is the number of days from the issue of an invoice to its
	// due date, for an invoice that comes without one.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	TradingTermsDays *int32 `json:"tradingTermsDays,omitempty"`

	// currency is the ISO 4217 code of an invoice that comes without one, as "EUR".
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Z]{3}$')`,message="must be an ISO 4217 code in capitals, as EUR"
	Currency string `json:"currency,omitempty"`

	// locale is the BCP 47 tag that decides how money and dates are written, as "en-AU".
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$')`,message="must be a BCP 47 language tag, as en-AU"
	Locale string `json:"locale,omitempty"`

	// timeZone is the IANA name of the zone in which an account's days begin, as "Australia/Sydney".
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')`,message="must be an IANA time zone, as Australia/Sydney"
	TimeZone string `json:"timeZone,omitempty"`

	// portalAccess says whether people of the account can sign in to the portal.
	// +optional
	PortalAccess Access `json:"portalAccess,omitempty"`
}

// Resources bounds what each replica may use.
// +kubebuilder:validation:MinProperties=1
type Resources struct {
	// cpuRequest is the processor time that each replica is scheduled with, as "100m".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([1-9][0-9]*m|[0-9]+(\.[0-9]+)?)$')`,message="must be an amount of processor time, as 100m or 0.5"
	CPURequest string `json:"cpuRequest,omitempty"`

	// memoryRequest is the memory that each replica is scheduled with, as "64Mi".
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[1-9][0-9]*(Ki|Mi|Gi)$')`,message="must be an amount of memory, as 64Mi or 1Gi"
	MemoryRequest string `json:"memoryRequest,omitempty"`

	// memoryLimit is the memory that a replica may not exceed, as "256Mi".
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[1-9][0-9]*(Ki|Mi|Gi)$')`,message="must be an amount of memory, as 64Mi or 1Gi"
	MemoryLimit string `json:"memoryLimit,omitempty"`
}

// The condition types of every kind.
const (
	// ConditionAccepted: this generation is acceptable. While it is False, the last
	// accepted generation stays live.
	ConditionAccepted = "Accepted"
	// ConditionResolvedRefs: every object that this one names exists.
	ConditionResolvedRefs = "ResolvedRefs"
	// ConditionProgrammed: every ready replica, at least one of each consumer, runs
	// this generation. Unknown while the database cannot be asked.
	ConditionProgrammed = "Programmed"
	// ConditionReady summarises the others.
	ConditionReady = "Ready"
	// ConditionReconciling is present, and True, only while work is under way.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present, and True, only while a person must act.
	ConditionStalled = "Stalled"

	// ConditionConflicted (EventTemplate) is present, and True, only while another template
	// fires by the same channel for the same event, profile and day: the one that is live
	// already does so alone, and both say it.
	ConditionConflicted = "Conflicted"

	// ConditionOrphanedProfiles (Tenant) is present, and True, only while profiles are kept
	// whose objects were deleted: status.orphanedProfiles lists them.
	ConditionOrphanedProfiles = "OrphanedProfiles"
	// ConditionDatabaseReady (Tenant): schema, roles and migrations are in place.
	ConditionDatabaseReady = "DatabaseReady"
	// ConditionPortalAvailable (Tenant): the portal has a ready replica.
	ConditionPortalAvailable = "PortalAvailable"
	// ConditionBackofficeAvailable (Tenant): the backoffice has a ready replica.
	ConditionBackofficeAvailable = "BackofficeAvailable"
)
