package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenantStatus is what is live of a tenant.
// +kubebuilder:validation:MinProperties=1
type TenantStatus struct {
	// conditions are Accepted, ResolvedRefs, DatabaseReady, Programmed, PortalAvailable,
	// BackofficeAvailable, DispatcherAvailable and Ready; Exposed where an exposure is asked
	// for; OrphanedProfiles, Reconciling and Stalled only while True.
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

	// version is the release of Foyer that all pods of the tenant run.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// portalURL is the address of the portal.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	PortalURL string `json:"portalURL,omitempty"`

	// apiURL is the address of the integration API, where it has a host name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	APIURL string `json:"apiURL,omitempty"`

	// accounts is the number of accounts, counted about once a minute.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Accounts *int64 `json:"accounts,omitempty"`

	// defaultAccountProfile is the profile of accounts that have none.
	// +optional
	DefaultAccountProfile DefaultAccountProfileStatus `json:"defaultAccountProfile,omitempty,omitzero"`

	// delivery is what becomes of notifications now.
	// +optional
	Delivery DeliveryStatus `json:"delivery,omitempty,omitzero"`

	// config is the configuration that the replicas run.
	// +optional
	Config ConfigStatus `json:"config,omitempty,omitzero"`

	// database is where the tenant's data is.
	// +optional
	Database DatabaseStatus `json:"database,omitempty,omitzero"`

	// orphanedProfiles lists deleted profiles that accounts still use by name.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	OrphanedProfiles []OrphanedProfile `json:"orphanedProfiles,omitempty"`

	// rejected is the number of objects of this tenant of which the newest
	// generation is not accepted.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Rejected *int32 `json:"rejected,omitempty"`
}

// DefaultProfileSource says where the default account profile comes from.
// +kubebuilder:validation:Enum=AccountProfile;BuiltIn
type DefaultProfileSource string

// The sources of the default account profile.
const (
	DefaultFromAccountProfile DefaultProfileSource = "AccountProfile"
	DefaultBuiltIn            DefaultProfileSource = "BuiltIn"
)

// DefaultAccountProfileStatus names the default account profile.
type DefaultAccountProfileStatus struct {
	// name is the name of the profile.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// source is AccountProfile, or BuiltIn while no object of that name was ever live.
	// +required
	Source DefaultProfileSource `json:"source,omitempty"`
}

// ConfigStatus is the configuration that is live.
type ConfigStatus struct {
	// settingsDigest names the settings document by its content.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	SettingsDigest string `json:"settingsDigest,omitempty"`

	// routingDigest names the routing document, which has the event templates, by its content.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	RoutingDigest string `json:"routingDigest,omitempty"`

	// replicas is the number of ready pods that run a configuration.
	// +required
	// +kubebuilder:validation:Minimum=0
	Replicas *int32 `json:"replicas,omitempty"`

	// programmedReplicas is how many of them run settingsDigest and, where they read it,
	// routingDigest.
	// +required
	// +kubebuilder:validation:Minimum=0
	ProgrammedReplicas *int32 `json:"programmedReplicas,omitempty"`
}

// DatabaseStatus is where a tenant's data is.
type DatabaseStatus struct {
	// server is the name of the database server.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Server string `json:"server,omitempty"`

	// schema is the tenant's schema on it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Schema string `json:"schema,omitempty"`

	// schemaVersion is the newest migration that was applied.
	// +required
	// +kubebuilder:validation:Minimum=0
	SchemaVersion *int64 `json:"schemaVersion,omitempty"`

	// lastRotationTime is when the components' database logins or the first API token last
	// took the place of others. They are the first ones if not set.
	// +optional
	LastRotationTime *metav1.Time `json:"lastRotationTime,omitempty"`
}

// OrphanedProfile is a deleted profile that accounts still use by name.
type OrphanedProfile struct {
	// kind is AccountProfile or MyAccountProfile.
	// +required
	// +kubebuilder:validation:Enum=AccountProfile;MyAccountProfile
	Kind string `json:"kind,omitempty"`

	// name is the name of the deleted profile.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// accounts is the number of accounts that use it; not set while it is unknown.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Accounts *int64 `json:"accounts,omitempty"`
}
