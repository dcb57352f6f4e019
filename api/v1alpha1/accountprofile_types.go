package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AccountProfile says how the accounts of a tenant are treated. Each account has
// exactly one; those that name none have the tenant's default.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=foyer,shortName=ap
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Accounts",type=integer,JSONPath=`.status.accounts`
// +kubebuilder:printcolumn:name="Live",type=integer,JSONPath=`.status.liveGeneration`,description="The generation that customers have."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || (self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63)",optionalOldSelf=true,message="metadata.name: allowed are at most 63 lower case letters, digits and '-', because accounts name their profile"
type AccountProfile struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team declares.
	// +required
	Spec AccountProfileSpec `json:"spec,omitzero"`

	// status is what is live. A new object begins with observedGeneration -1, so that
	// tools that read status (kstatus) do not take it for done before Foyer has seen it.
	// +optional
	// +default={"observedGeneration":-1}
	Status AccountProfileStatus `json:"status,omitempty,omitzero"`
}

// AccountProfileList is a list of account profiles.
//
// +kubebuilder:object:root=true
type AccountProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AccountProfile `json:"items"`
}

// AccountProfileSpec is the declaration of an account profile.
type AccountProfileSpec struct {
	// tenantRef names the tenant that the profile belongs to. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a profile stays with its tenant: make a new one instead"
	TenantRef ObjectRef `json:"tenantRef,omitzero"`

	// displayName is the name of the profile for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	DisplayName string `json:"displayName,omitempty"`

	// description says what the profile is for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Description string `json:"description,omitempty"`

	// attributes are the values for accounts of this profile that set none themselves.
	// +optional
	Attributes Attributes `json:"attributes,omitempty,omitzero"`

	// myAccountProfileRef names the portal profile of the accounts of this profile,
	// unless a more specific rule gives them another.
	// +optional
	MyAccountProfileRef ObjectRef `json:"myAccountProfileRef,omitempty,omitzero"`

	// standardEvents says which messages of the standard suite people of its accounts get.
	// All of them if not set, but for events that event templates name for the profile.
	// +optional
	StandardEvents StandardEventsSpec `json:"standardEvents,omitempty,omitzero"`
}

// StandardEventsMode switches the standard suite off.
// +kubebuilder:validation:Enum=Inherit;None
type StandardEventsMode string

// The modes of the standard suite.
const (
	StandardEventsInherit StandardEventsMode = "Inherit"
	StandardEventsNone    StandardEventsMode = "None"
)

// StandardEventsSpec says which messages of the standard suite apply.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode != 'None' || !has(self.disabled)",fieldPath=".disabled",message="mode None switches all of them off: remove disabled"
type StandardEventsSpec struct {
	// mode is Inherit (if not set), or None, which switches every standard message off.
	// +optional
	Mode StandardEventsMode `json:"mode,omitempty"`

	// disabled are the event types whose standard message is switched off.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^[a-z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*$')`,message="must be an event type: two words of letters and digits, each beginning with a lower case letter, and a dot between them, as invoice.issued"
	Disabled []string `json:"disabled,omitempty"`
}

// MessageSource says where the messages of an event come from.
// +kubebuilder:validation:Enum=EventTemplate;Standard;None
type MessageSource string

// The sources of messages.
const (
	MessagesOfTemplate MessageSource = "EventTemplate"
	MessagesStandard   MessageSource = "Standard"
	MessagesNone       MessageSource = "None"
)

// EventStatus says what people of the accounts of a profile are sent about an event.
type EventStatus struct {
	// event is the event type.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=64
	Event string `json:"event,omitempty"`

	// source is EventTemplate, where at least one names the event and the profile, Standard
	// for the message of the standard suite, or None.
	// +required
	Source MessageSource `json:"source,omitempty"`

	// templates are the event templates, at most 16 of them.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Templates []string `json:"templates,omitempty"`
}

// AccountProfileStatus is what is live of an account profile.
// +kubebuilder:validation:MinProperties=1
type AccountProfileStatus struct {
	// conditions are Accepted, ResolvedRefs, Programmed and Ready; Reconciling and
	// Stalled only while True.
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

	// liveGeneration is the generation that customers have.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LiveGeneration int64 `json:"liveGeneration,omitempty"`

	// lastModifiedTime is when the live generation was accepted.
	// +optional
	LastModifiedTime *metav1.Time `json:"lastModifiedTime,omitempty"`

	// accounts is the number of accounts with this profile, counted about once a minute.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Accounts *int64 `json:"accounts,omitempty"`

	// events say for each event that people want to be told of where its messages come from.
	// +optional
	// +listType=map
	// +listMapKey=event
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Events []EventStatus `json:"events,omitempty"`
}
