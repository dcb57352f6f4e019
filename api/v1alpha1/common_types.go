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
// internal/settings.Attributes but for those of an account only; a test proves it.
// +kubebuilder:validation:MinProperties=1
type Attributes struct {
	// tradingTermsDays is the number of days from the issue of an invoice to its
	// due date, for an invoice that comes without one.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	TradingTermsDays *int32 `json:"tradingTermsDays,omitempty"`

	// invoiceTemplate names the template by which the portal shows an invoice: standard
	// (which applies where nothing is set), business, or one of the Tenant's own
	// invoiceTemplates.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as in business-2"
	InvoiceTemplate string `json:"invoiceTemplate,omitempty"`

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

	// maxSubAccounts is how many contacts of the account may have a sign-in, besides the
	// owner. There is no limit where nothing is set.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MaxSubAccounts *int32 `json:"maxSubAccounts,omitempty"`

	// emailNotifications says whether people of the account are mailed. What keeps a sign-in
	// safe is mailed anyway.
	// +optional
	EmailNotifications Access `json:"emailNotifications,omitempty"`

	// smsNotifications says whether people of the account are sent text messages: Enabled,
	// Disabled, or WithConsent, which is if the account's consent.sms is Granted.
	// +optional
	SMSNotifications SMSPermission `json:"smsNotifications,omitempty"`

	// reminders says whether the account is reminded of unpaid invoices.
	// +optional
	Reminders Access `json:"reminders,omitempty"`

	// reminderMinimumAmount is the balance from which on there is a reminder, a decimal in
	// the account's currency, as "10.00": that of the invoice, or of all overdue ones where
	// one message is about all.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=19
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9]{1,14}(\.[0-9]{1,4})?$')`,message="must be an amount with at most 14 digits before and 4 after the point, as 1500.00"
	ReminderMinimumAmount string `json:"reminderMinimumAmount,omitempty"`

	// quietHours are when messages wait, in the account's time zone. They inherit as one
	// value: with the same time as start and end there are none, whatever would be inherited.
	// There are none where nothing is set.
	// +optional
	QuietHours QuietHours `json:"quietHours,omitempty,omitzero"`

	// requireVerifiedEmail says whether mails go only to addresses that their people have
	// verified. What keeps a sign-in safe is mailed anyway.
	// +optional
	RequireVerifiedEmail Access `json:"requireVerifiedEmail,omitempty"`

	// creditLimit is how much the account may owe, a decimal in its currency, as "5000.00".
	// It is published to the provider's systems.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=19
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9]{1,14}(\.[0-9]{1,4})?$')`,message="must be an amount with at most 14 digits before and 4 after the point, as 1500.00"
	CreditLimit string `json:"creditLimit,omitempty"`

	// billingDay is the day of the month on which the account is billed. It is published
	// to the provider's systems.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=28
	BillingDay int32 `json:"billingDay,omitempty"`

	// invoiceDelivery says how invoices reach the people of the account. It is published
	// to the provider's systems.
	// +optional
	InvoiceDelivery InvoiceDelivery `json:"invoiceDelivery,omitempty"`

	// lateFee is what an overdue invoice costs. It is published to the provider's systems.
	// Each of its fields inherits by itself.
	// +optional
	LateFee LateFee `json:"lateFee,omitempty,omitzero"`

	// custom are the provider's own attributes, published to its systems. Each inherits by
	// itself, by its name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Custom []CustomAttribute `json:"custom,omitempty"`
}

// SMSPermission says whether people of an account are sent text messages.
// +kubebuilder:validation:Enum=Enabled;Disabled;WithConsent
type SMSPermission string

// The values of SMSPermission.
const (
	SMSEnabled     SMSPermission = "Enabled"
	SMSDisabled    SMSPermission = "Disabled"
	SMSWithConsent SMSPermission = "WithConsent"
)

// QuietHours are when messages wait. Where start is later than end they pass midnight.
type QuietHours struct {
	// start is the time of day at which they begin, as "22:00".
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')`,message="must be a time of day from 00:00 to 23:59, as 09:00"
	Start string `json:"start,omitempty"`

	// end is the time of day at which they are over, as "07:00".
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')`,message="must be a time of day from 00:00 to 23:59, as 09:00"
	End string `json:"end,omitempty"`
}

// InvoiceDelivery says how invoices reach the people of an account.
// +kubebuilder:validation:Enum=Email;Post;EmailAndPost;None
type InvoiceDelivery string

// The values of InvoiceDelivery.
const (
	InvoiceDeliveryEmail        InvoiceDelivery = "Email"
	InvoiceDeliveryPost         InvoiceDelivery = "Post"
	InvoiceDeliveryEmailAndPost InvoiceDelivery = "EmailAndPost"
	InvoiceDeliveryNone         InvoiceDelivery = "None"
)

// LateFeeType says what the amount of a late fee is.
// +kubebuilder:validation:Enum=None;Flat;Percent
type LateFeeType string

// The values of LateFeeType.
const (
	LateFeeNone    LateFeeType = "None"
	LateFeeFlat    LateFeeType = "Flat"
	LateFeePercent LateFeeType = "Percent"
)

// LateFee is what an overdue invoice costs.
// +kubebuilder:validation:MinProperties=1
type LateFee struct {
	// type says what the amount is: money (Flat), a percentage of the overdue balance
	// (Percent), or that there is no fee (None).
	// +optional
	Type LateFeeType `json:"type,omitempty"`

	// amount is a decimal: money in the account's currency, or a percentage, as "12.50".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=19
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9]{1,14}(\.[0-9]{1,4})?$')`,message="must be an amount with at most 14 digits before and 4 after the point, as 1500.00"
	Amount string `json:"amount,omitempty"`

	// daysAfterDue is the number of days from the due date of an invoice to its late fee.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	DaysAfterDue *int32 `json:"daysAfterDue,omitempty"`

	// minimumBalance is the overdue balance from which on there is a late fee, a decimal in
	// the account's currency, as "20.00".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=19
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9]{1,14}(\.[0-9]{1,4})?$')`,message="must be an amount with at most 14 digits before and 4 after the point, as 1500.00"
	MinimumBalance string `json:"minimumBalance,omitempty"`

	// label is the text of the late fee on an invoice.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\pZ\p{Cc}]([^\p{Cc}]*[^\pZ\p{Cc}])?$')`,message="must be one line of text without a space at its ends"
	Label string `json:"label,omitempty"`
}

// CustomAttribute is an attribute of the provider's own. Its key is "custom." and its name.
type CustomAttribute struct {
	// name tells the attribute from the others, as "segment".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as in business-2"
	Name string `json:"name,omitempty"`

	// value is what the attribute says.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\pZ\p{Cc}]([^\p{Cc}]*[^\pZ\p{Cc}])?$')`,message="must be one line of text without a space at its ends"
	Value string `json:"value,omitempty"`
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
	// ConditionDispatcherAvailable (Tenant): the dispatcher has a ready replica.
	ConditionDispatcherAvailable = "DispatcherAvailable"
	// ConditionExposed (Tenant) is present only where an exposure is asked for: what serves
	// the cluster's edge was given the sites, and has taken them as far as it tells.
	ConditionExposed = "Exposed"
)
