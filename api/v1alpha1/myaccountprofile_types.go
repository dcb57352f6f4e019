package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MyAccountProfile says what an account's people see and may do in the portal.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=foyer,shortName=myap
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Availability",type=string,JSONPath=`.spec.availability`
// +kubebuilder:printcolumn:name="Accounts",type=integer,JSONPath=`.status.accounts`
// +kubebuilder:printcolumn:name="Live",type=integer,JSONPath=`.status.liveGeneration`,description="The generation that customers have."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || (self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63)",optionalOldSelf=true,message="metadata.name: allowed are at most 63 lower case letters, digits and '-', because accounts name their profile"
type MyAccountProfile struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team declares.
	// +required
	Spec MyAccountProfileSpec `json:"spec,omitzero"`

	// status is what is live. A new object begins with observedGeneration -1, so that
	// tools that read status (kstatus) do not take it for done before Foyer has seen it.
	// +optional
	// +default={"observedGeneration":-1}
	Status MyAccountProfileStatus `json:"status,omitempty,omitzero"`
}

// MyAccountProfileList is a list of MyAccount profiles.
//
// +kubebuilder:object:root=true
type MyAccountProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MyAccountProfile `json:"items"`
}

// Availability says how a MyAccount profile is offered.
// +kubebuilder:validation:Enum=Headline;Standard;Historical
type Availability string

// The availabilities of a MyAccount profile.
const (
	AvailabilityHeadline   Availability = "Headline"
	AvailabilityStandard   Availability = "Standard"
	AvailabilityHistorical Availability = "Historical"
)

// MyAccountFlag is a general feature of the portal.
// +kubebuilder:validation:Enum=ViewInvoices;DownloadInvoices;PayInvoices;ViewPayments;ViewServices;PlaceOrders;RequestService;EditProfile;ViewEmails;ViewActivity;ManageContacts
type MyAccountFlag string

// MyAccountProfileSpec is the declaration of a MyAccount profile.
// +kubebuilder:validation:XValidation:rule="!has(self.customer) || !has(self.customerGroups)",message="customer and customerGroups exclude each other: a profile is for one customer, or for groups, or is assigned by name"
// +kubebuilder:validation:XValidation:rule="!has(self.availability) || self.availability != 'Historical' || (!has(self.customer) && !has(self.customerGroups))",message="availability Historical keeps a profile for accounts that are pinned to it: remove customer and customerGroups"
type MyAccountProfileSpec struct {
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

	// availability says how the profile is offered: Headline goes first where several
	// match by group, Standard (if not set) follows, Historical stays with accounts
	// that are pinned to it and cannot be newly assigned.
	// +optional
	Availability Availability `json:"availability,omitempty"`

	// customer is the id of the one account that the profile is for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Customer string `json:"customer,omitempty"`

	// customerGroups are the names of the groups that the profile is for.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	CustomerGroups []string `json:"customerGroups,omitempty"`

	// myAccountFlags are the general features of the portal. None if not set: such a
	// portal shows the home page only.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	MyAccountFlags []MyAccountFlag `json:"myAccountFlags,omitempty"`
}

// MyAccountProfileStatus is what is live of a MyAccount profile.
// +kubebuilder:validation:MinProperties=1
type MyAccountProfileStatus struct {
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
}
