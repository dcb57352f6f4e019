package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Tenant is one service provider: it owns a portal, a backoffice, a dispatcher and a
// database schema.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=foyer,shortName=tn
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Delivery",type=string,JSONPath=`.status.delivery.mode`
// +kubebuilder:printcolumn:name="Accounts",type=integer,JSONPath=`.status.accounts`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.portalURL`
// +kubebuilder:printcolumn:name="Rejected",type=integer,JSONPath=`.status.rejected`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Version",type=string,priority=1,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || self.metadata.name.size() <= 40",optionalOldSelf=true,message="metadata.name: a Tenant's name may have at most 40 characters, because the names of its parts are made from it"
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",optionalOldSelf=true,message="metadata.name: allowed are lower case letters, digits and '-', beginning with a letter, because Services are named after it"
type Tenant struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team declares.
	// +required
	Spec TenantSpec `json:"spec,omitzero"`

	// status is what is live. A new object begins with observedGeneration -1, so that
	// tools that read status (kstatus) do not take it for done before Foyer has seen it.
	// +optional
	// +default={"observedGeneration":-1}
	Status TenantStatus `json:"status,omitempty,omitzero"`
}

// TenantList is a list of tenants.
//
// +kubebuilder:object:root=true
type TenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Tenant `json:"items"`
}

// TenantState says whether Foyer acts on a tenant.
// +kubebuilder:validation:Enum=Active;Paused
type TenantState string

// The states of a tenant.
const (
	TenantActive TenantState = "Active"
	TenantPaused TenantState = "Paused"
)

// OrphanedProfilesPolicy says what becomes of accounts whose profile was deleted.
// +kubebuilder:validation:Enum=Keep;UseDefault
type OrphanedProfilesPolicy string

// The policies for orphaned profiles.
const (
	OrphanedProfilesKeep       OrphanedProfilesPolicy = "Keep"
	OrphanedProfilesUseDefault OrphanedProfilesPolicy = "UseDefault"
)

// TenantSpec is the declaration of a tenant.
// +kubebuilder:validation:XValidation:rule="(has(self.database) && has(self.database.serverRef) ? self.database.serverRef.name : 'default') == (has(oldSelf.database) && has(oldSelf.database.serverRef) ? oldSelf.database.serverRef.name : 'default')",fieldPath=".database",message="a tenant stays on its database server (\"default\" if none is named): an edit cannot move its data"
type TenantSpec struct {
	// displayName is the provider's name as its customers know it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	DisplayName string `json:"displayName,omitempty"`

	// state pauses the tenant: while Paused nothing of it is changed. Active if not set.
	// +optional
	State TenantState `json:"state,omitempty"`

	// portal is the customers' site.
	// +required
	Portal PortalSpec `json:"portal,omitzero"`

	// backoffice serves the provider's systems by the integration API.
	// +optional
	Backoffice BackofficeSpec `json:"backoffice,omitempty,omitzero"`

	// dispatcher sends what people are told.
	// +optional
	Dispatcher DispatcherSpec `json:"dispatcher,omitempty,omitzero"`

	// database says where the tenant's data is kept. The server named "default" if not set.
	// +optional
	Database DatabaseSpec `json:"database,omitempty,omitzero"`

	// attributes are the provider's own values, for accounts and profiles that set none.
	// +optional
	Attributes Attributes `json:"attributes,omitempty,omitzero"`

	// defaultAccountProfileRef names the profile of accounts that have none. The
	// built-in default profile applies while no object of that name was ever live.
	// +optional
	DefaultAccountProfileRef ObjectRef `json:"defaultAccountProfileRef,omitempty,omitzero"`

	// defaultMyAccountProfileRef names the portal profile of accounts that no other
	// rule gives one. Without one those accounts have no portal.
	// +optional
	DefaultMyAccountProfileRef ObjectRef `json:"defaultMyAccountProfileRef,omitempty,omitzero"`

	// orphanedProfiles says how accounts are treated whose profile was deleted: as
	// before (Keep, if not set), or by the default profile (UseDefault).
	// +optional
	OrphanedProfiles OrphanedProfilesPolicy `json:"orphanedProfiles,omitempty"`

	// invoiceTemplates are the tenant's own templates for invoices, beside the built-in
	// standard and business. Attribute invoiceTemplate names the one that applies.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	InvoiceTemplates []InvoiceTemplate `json:"invoiceTemplates,omitempty"`

	// credentials says how people get and prove their sign-in, and bounds their sessions.
	// +optional
	Credentials CredentialsSpec `json:"credentials,omitempty,omitzero"`

	// retention says for how long data of customers is kept. All of it is kept for good if
	// not set.
	// +optional
	Retention RetentionSpec `json:"retention,omitempty,omitzero"`

	// events are the tenant's own event types, which event templates name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Events []EventDeclaration `json:"events,omitempty"`

	// delivery says what becomes of notifications. They are held if not set.
	// +optional
	Delivery DeliverySpec `json:"delivery,omitempty,omitzero"`

	// email says how mails are sent. None is sent if not set.
	// +optional
	Email EmailChannelSpec `json:"email,omitempty,omitzero"`

	// sms says how text messages are sent. None is sent if not set.
	// +optional
	SMS SMSChannelSpec `json:"sms,omitempty,omitzero"`

	// webhooks are addresses of the provider's own systems. Each gets every event of its
	// types in order, whatever the event templates say.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Webhooks []TenantWebhookSpec `json:"webhooks,omitempty"`
}

// PortalSpec declares the customers' site.
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || !has(self.autoscaling)",fieldPath=".replicas",message="replicas and autoscaling exclude each other: remove one of them"
type PortalSpec struct {
	// hostname is the host name of the portal, in lower case. It is unique in the
	// cluster: its holder keeps it, and another tenant that asks for it is refused.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$')`,message="must be a host name in lower case with at least one dot, as my.acme.example"
	Hostname string `json:"hostname,omitempty"`

	// replicas is the number of pods, 1 to 50. 2 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling has the number of pods follow the load, in place of replicas.
	// +optional
	Autoscaling AutoscalingSpec `json:"autoscaling,omitempty,omitzero"`

	// exposure says how the portal is reached from outside the cluster. By whatever the
	// platform team puts in front of its Service if not set.
	// +optional
	Exposure ExposureSpec `json:"exposure,omitempty,omitzero"`

	// branding is how the portal looks and whom it names.
	// +optional
	Branding BrandingSpec `json:"branding,omitempty,omitzero"`

	// resources bounds each pod.
	// +optional
	Resources Resources `json:"resources,omitempty,omitzero"`
}

// BrandingSpec declares how the portal looks and whom it names.
// +kubebuilder:validation:MinProperties=1
type BrandingSpec struct {
	// accentColor is the colour of buttons and links, as "#0a5fb4". Foyer adjusts
	// its lightness where contrast would fall below WCAG AA.
	// +optional
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:XValidation:rule=`self.matches('^#[0-9a-fA-F]{6}$')`,message="must be a colour of six hexadecimal digits, as #0a5fb4"
	AccentColor string `json:"accentColor,omitempty"`

	// supportEmail is the address that pages name for help.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^@\s<>"]+@[^@\s<>"]+$')`,message="must be an email address, as help@acme.example"
	SupportEmail string `json:"supportEmail,omitempty"`

	// supportPhone is the telephone number that pages name for help.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[+0-9][0-9 ()./-]+$')`,message="must be a telephone number: digits, spaces and ()./-, beginning with + or a digit"
	SupportPhone string `json:"supportPhone,omitempty"`

	// termsURL links the provider's terms in the footer. It begins with https://.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.startsWith('https://')",message="must be an address that begins with https://"
	TermsURL string `json:"termsURL,omitempty"`

	// privacyURL links the provider's privacy notice in the footer. It begins with https://.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.startsWith('https://')",message="must be an address that begins with https://"
	PrivacyURL string `json:"privacyURL,omitempty"`
}

// BackofficeSpec declares the pods that serve the integration API.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.eventTypes) || has(self.eventSigningSecretRef)",fieldPath=".eventTypes",message="eventTypes bounds what is sent in with a signature: name eventSigningSecretRef as well, or remove it"
type BackofficeSpec struct {
	// api says where the integration API is reached from outside the cluster. It is not if
	// not set.
	// +optional
	API SiteSpec `json:"api,omitempty,omitzero"`

	// replicas is the number of pods, 1 to 50. 1 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	Replicas *int32 `json:"replicas,omitempty"`

	// resources bounds each pod.
	// +optional
	Resources Resources `json:"resources,omitempty,omitzero"`

	// eventSigningSecretRef names the Secret with key secret, whsec_ and 24 to 64 bytes in
	// base64, one a line: systems sign with it the events that they send in without a token.
	// All need a token if not set.
	// +optional
	EventSigningSecretRef ObjectRef `json:"eventSigningSecretRef,omitempty,omitzero"`

	// eventTypes are the event types that systems may send in with a signature, each as
	// payment.received, or all of an object, as custom.*. All that can be sent in at all
	// if not set. What a token may send is said by its scopes.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	EventTypes []EventPattern `json:"eventTypes,omitempty"`
}

// DispatcherSpec declares the pods that send what people are told.
// +kubebuilder:validation:MinProperties=1
type DispatcherSpec struct {
	// replicas is the number of pods, 1 to 50. 1 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	Replicas *int32 `json:"replicas,omitempty"`

	// resources bounds each pod.
	// +optional
	Resources Resources `json:"resources,omitempty,omitzero"`
}

// DatabaseSpec says where a tenant's data is kept.
// +kubebuilder:validation:MinProperties=1
type DatabaseSpec struct {
	// serverRef names a PostgreSQL server that the platform team declared beside the
	// operator. The server named "default" if not set. A tenant stays on the server that it
	// was made on.
	// +optional
	ServerRef ObjectRef `json:"serverRef,omitempty,omitzero"`

	// deletionPolicy says what becomes of schema, roles and keys when the Tenant is
	// deleted: they stay (Retain, if not set), so that a Tenant that is made again has its
	// data back, or they are deleted for good (Delete).
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// rotateLoginsDays gives the components' database logins and the first API token new
	// secrets every so many days, 1 to 365, without a request failing. They are kept until
	// somebody asks for new ones if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	RotateLoginsDays int32 `json:"rotateLoginsDays,omitempty"`
}

// DeletionPolicy says what becomes of a deleted Tenant's data.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// The deletion policies.
const (
	DeletionRetain DeletionPolicy = "Retain"
	DeletionDelete DeletionPolicy = "Delete"
)

// InvoiceTemplate is a template of the tenant's own, by which the portal shows an invoice.
type InvoiceTemplate struct {
	// name is what attribute invoiceTemplate names it by.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as in business-2"
	// +kubebuilder:validation:XValidation:rule="self != 'standard' && self != 'business'",message="standard and business are built in: choose another name"
	Name string `json:"name,omitempty"`

	// html is the template, at most 64 KiB: HTML with the fields of the invoice, as
	// {{.invoice.number}}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	HTML string `json:"html,omitempty"`
}

// RetentionSpec bounds for how long data of customers is kept.
// +kubebuilder:validation:MinProperties=1
type RetentionSpec struct {
	// callMonths keeps calls and their sums by day for that many whole months besides the
	// current one, 1 to 120. What is older is deleted and does not come back. Calls are
	// kept for good if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=120
	CallMonths int32 `json:"callMonths,omitempty"`

	// notificationMonths keeps notifications, with the texts that were sent, for that many
	// whole months besides the current one, 1 to 120. They are kept for good if not set.
	// That something was told, so that it is not told again, is kept in any case.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=120
	NotificationMonths int32 `json:"notificationMonths,omitempty"`
}
