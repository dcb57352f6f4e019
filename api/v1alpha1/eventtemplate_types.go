package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// EventTemplate says for one event and some account profiles when, on what condition,
// and by which actions people are told.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=foyer,shortName=et
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.event`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Event",type=string,JSONPath=`.spec.event`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Live",type=integer,JSONPath=`.status.liveGeneration`,description="The generation that is in the routing document."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="SMS",type=integer,priority=1,JSONPath=`.status.smsSegments`,description="The most segments that one of its text messages needs with the sample of its event."
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || (self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63)",optionalOldSelf=true,message="metadata.name: allowed are at most 63 lower case letters, digits and '-', as in every name that Foyer's objects refer to"
type EventTemplate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team declares.
	// +required
	Spec EventTemplateSpec `json:"spec,omitzero"`

	// status is what is live. A new object begins with observedGeneration -1, so that
	// tools that read status (kstatus) do not take it for done before Foyer has seen it.
	// +optional
	// +default={"observedGeneration":-1}
	Status EventTemplateStatus `json:"status,omitempty,omitzero"`
}

// EventTemplateList is a list of event templates.
//
// +kubebuilder:object:root=true
type EventTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []EventTemplate `json:"items"`
}

// EventTemplateSpec is the declaration of an event template.
type EventTemplateSpec struct {
	// tenantRef names the tenant that the template belongs to. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a template stays with its tenant: make a new one instead"
	TenantRef ObjectRef `json:"tenantRef,omitzero"`

	// event is the type of event, as invoice.unpaid, or one that the Tenant declares, as
	// custom.meterReading. `kubectl foyer events` lists them with their fields.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*$')`,message="must be an event type: two words of letters and digits, each beginning with a lower case letter, and a dot between them, as invoice.unpaid or custom.meterReading"
	Event string `json:"event,omitempty"`

	// accountProfileRefs name the account profiles for whose accounts the template fires.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	AccountProfileRefs []ObjectRef `json:"accountProfileRefs,omitempty"`

	// when is a condition in CEL over the fields of the event, as invoice.balance >= 10.0.
	// The template fires for every event of its type if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	When string `json:"when,omitempty"`

	// schedule says at what time of a day and on which days the actions of a dated event
	// fire. Only for dated events, as invoice.unpaid.
	// +optional
	Schedule ScheduleSpec `json:"schedule,omitempty,omitzero"`

	// actions are what is done when the event happens, each by its name. Those of several
	// templates for one event add up.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Actions []ActionSpec `json:"actions,omitempty"`
}

// ScheduleDays says on which days a dated action may fire.
// +kubebuilder:validation:Enum=AllDays;BusinessDays
type ScheduleDays string

// The days of a schedule.
const (
	ScheduleAllDays      ScheduleDays = "AllDays"
	ScheduleBusinessDays ScheduleDays = "BusinessDays"
)

// ScheduleSpec is when the actions of a dated event fire, in the time zone of the account.
// +kubebuilder:validation:MinProperties=1
type ScheduleSpec struct {
	// at is the time of day, as "09:00", which is also what counts if not set.
	// +optional
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')`,message="must be a time of day from 00:00 to 23:59, as 09:00"
	At string `json:"at,omitempty"`

	// days are the days on which actions fire: AllDays (if not set), or BusinessDays,
	// which moves what falls on a Saturday or Sunday to the next Monday.
	// +optional
	Days ScheduleDays `json:"days,omitempty"`
}

// ActionState says whether an action fires.
// +kubebuilder:validation:Enum=Enabled;Disabled
type ActionState string

// The states of an action.
const (
	ActionEnabled  ActionState = "Enabled"
	ActionDisabled ActionState = "Disabled"
)

// ActionType is the channel of an action.
// +kubebuilder:validation:Enum=Email;SMS;Webhook;Banner;Log
type ActionType string

// The types of actions.
const (
	ActionEmail   ActionType = "Email"
	ActionSMS     ActionType = "SMS"
	ActionWebhook ActionType = "Webhook"
	ActionBanner  ActionType = "Banner"
	ActionLog     ActionType = "Log"
)

// LogTarget says where it is written down that an action fired.
// +kubebuilder:validation:Enum=CustomerNotes
type LogTarget string

// LogCustomerNotes puts a note on the customer.
const LogCustomerNotes LogTarget = "CustomerNotes"

// Combine is what one message is about.
// +kubebuilder:validation:Enum=Invoice;Account
type Combine string

// The values of Combine.
const (
	CombineInvoice Combine = "Invoice"
	CombineAccount Combine = "Account"
)

// ActionSpec is one action of an event template.
// +kubebuilder:validation:XValidation:rule="self.type == 'Email' ? has(self.email) : !has(self.email)",fieldPath=".email",message="email goes with type Email, which requires it, and with no other type"
// +kubebuilder:validation:XValidation:rule="self.type == 'SMS' ? has(self.sms) : !has(self.sms)",fieldPath=".sms",message="sms goes with type SMS, which requires it, and with no other type"
// +kubebuilder:validation:XValidation:rule="self.type == 'Webhook' ? has(self.webhook) : !has(self.webhook)",fieldPath=".webhook",message="webhook goes with type Webhook, which requires it, and with no other type"
// +kubebuilder:validation:XValidation:rule="self.type == 'Banner' ? has(self.banner) : !has(self.banner)",fieldPath=".banner",message="banner goes with type Banner, which requires it, and with no other type"
// +kubebuilder:validation:XValidation:rule="self.type == 'Log' ? has(self.note) : !has(self.note)",fieldPath=".note",message="note goes with type Log, which requires it, and with no other type"
// +kubebuilder:validation:XValidation:rule="self.type != 'Log' || !has(self.log)",fieldPath=".log",message="an action of type Log puts a note on the customer already: remove log"
// +kubebuilder:validation:XValidation:rule="has(self.repeatEveryDays) == has(self.maxRepeats)",fieldPath=".repeatEveryDays",message="repeatEveryDays and maxRepeats go together: set both, or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.repeatEveryDays) || has(self.days)",fieldPath=".repeatEveryDays",message="repeats count from the last of days: set days as well, or remove repeatEveryDays and maxRepeats"
// +kubebuilder:validation:XValidation:rule="!has(self.combine) || self.type in ['Email', 'SMS']",fieldPath=".combine",message="combine is for actions of type Email and SMS"
type ActionSpec struct {
	// name tells the actions of a template apart. What was done is recorded under it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as first-reminder"
	Name string `json:"name,omitempty"`

	// state switches the action off without deleting it. Enabled if not set.
	// +optional
	State ActionState `json:"state,omitempty"`

	// days are the days on which an action of a dated event fires, counted from its date:
	// 3 is three days after, -7 a week before. Required for dated events, and only there.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:Minimum=-365
	// +kubebuilder:validation:items:Maximum=365
	Days []int32 `json:"days,omitempty"`

	// repeatEveryDays repeats the action after the last of days, every so many days.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	RepeatEveryDays int32 `json:"repeatEveryDays,omitempty"`

	// maxRepeats is how many times it is repeated at most.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxRepeats int32 `json:"maxRepeats,omitempty"`

	// combine is what one message of a dated event is about: one Invoice (if not set), or
	// Account, for all invoices of the account for which the action falls due at once.
	// +optional
	Combine Combine `json:"combine,omitempty"`

	// type is the channel: what goes by it is in the field of its name.
	// +required
	// +unionDiscriminator
	Type ActionType `json:"type,omitempty"`

	// log CustomerNotes puts a note on the customer when the action fires.
	// +optional
	Log LogTarget `json:"log,omitempty"`

	// email is the mail that is sent.
	// +optional
	// +unionMember
	Email EmailSpec `json:"email,omitempty,omitzero"`

	// sms is the text message that is sent.
	// +optional
	// +unionMember
	SMS SMSSpec `json:"sms,omitempty,omitzero"`

	// webhook is the HTTP request that is made.
	// +optional
	// +unionMember
	Webhook WebhookSpec `json:"webhook,omitempty,omitzero"`

	// banner is what the account's people see in their portal.
	// +optional
	// +unionMember
	Banner BannerSpec `json:"banner,omitempty,omitzero"`

	// note is what is written on the customer.
	// +optional
	// +unionMember=Log
	Note NoteSpec `json:"note,omitempty,omitzero"`
}

// EventTemplateStatus is what is live of an event template.
// +kubebuilder:validation:MinProperties=1
type EventTemplateStatus struct {
	// conditions are Accepted, ResolvedRefs, Programmed and Ready; Conflicted, Reconciling
	// and Stalled only while True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the newest generation that Foyer has looked at, -1 for none.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// liveGeneration is the generation that is in the routing document.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LiveGeneration int64 `json:"liveGeneration,omitempty"`

	// lastModifiedTime is when the live generation was accepted.
	// +optional
	LastModifiedTime *metav1.Time `json:"lastModifiedTime,omitempty"`

	// smsSegments is the most segments that one of the text messages needs, each with the
	// sample of the event filled in. Providers charge by the segment.
	// +optional
	// +kubebuilder:validation:Minimum=1
	SMSSegments int32 `json:"smsSegments,omitempty"`
}
