package v1alpha1

// AutoscalingSpec has a component's pods follow their load.
// +kubebuilder:validation:XValidation:rule="self.minReplicas <= self.maxReplicas",fieldPath=".minReplicas",message="minReplicas must not be more than maxReplicas"
type AutoscalingSpec struct {
	// minReplicas is the least number of pods, 1 to 50.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the largest number of pods, 1 to 50. The tenant's database must have
	// connections for them.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MaxReplicas int32 `json:"maxReplicas,omitempty"`

	// targetCPUPercent is the use of CPU that is aimed at, in percent of what the pods
	// request, 10 to 100. 70 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=100
	TargetCPUPercent int32 `json:"targetCPUPercent,omitempty"`
}

// ExposureType says by what a site is reached from outside the cluster.
// +kubebuilder:validation:Enum=None;Gateway;Ingress
type ExposureType string

// The ways to reach a site.
const (
	// ExposureNone makes a Service only: whatever stands in front is the platform team's.
	ExposureNone    ExposureType = "None"
	ExposureGateway ExposureType = "Gateway"
	ExposureIngress ExposureType = "Ingress"
)

// ExposureSpec declares how a site is reached from outside the cluster.
// +kubebuilder:validation:XValidation:rule="(self.type == 'Gateway') == has(self.gateway)",fieldPath=".gateway",message="gateway belongs to type Gateway: set both or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.ingress) || self.type == 'Ingress'",fieldPath=".ingress",message="ingress belongs to type Ingress: remove it, or set the type"
type ExposureSpec struct {
	// type is Gateway for an HTTPRoute of the Gateway API, Ingress for an Ingress, or None
	// for neither: then something else leads to the Service.
	// +required
	Type ExposureType `json:"type,omitempty"`

	// gateway says at which Gateways the site is.
	// +optional
	Gateway GatewayExposure `json:"gateway,omitempty,omitzero"`

	// ingress says what serves the site. The cluster's default class, without a certificate
	// of the tenant's own, if not set.
	// +optional
	Ingress IngressExposure `json:"ingress,omitempty,omitzero"`
}

// GatewayExposure names the Gateways of a site.
type GatewayExposure struct {
	// parentRefs are the Gateways, or listeners of them. They must allow routes from the
	// tenant's namespace, and have a listener with TLS for the host name.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []GatewayRef `json:"parentRefs,omitempty"`
}

// GatewayRef names a Gateway, or one listener of it.
type GatewayRef struct {
	// name is the name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// namespace is that of the Gateway. The tenant's own if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the name of one listener. All that take the host name if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`
}

// IngressExposure says what serves a site.
// +kubebuilder:validation:MinProperties=1
type IngressExposure struct {
	// className is the IngressClass. The cluster's default if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`

	// tlsSecretRef names the Secret with the site's certificate, of type kubernetes.io/tls.
	// The controller's own certificate is used if not set.
	// +optional
	TLSSecretRef ObjectRef `json:"tlsSecretRef,omitempty,omitzero"`
}

// SiteSpec declares where a site other than the portal is.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.exposure) || self.exposure.type == 'None' || has(self.hostname)",fieldPath=".hostname",message="a site that is exposed needs a hostname"
type SiteSpec struct {
	// hostname is the host name, in lower case. It is unique in the cluster, as the portal's.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$')`,message="must be a host name in lower case with at least one dot, as api.acme.example"
	Hostname string `json:"hostname,omitempty"`

	// exposure says how it is reached from outside the cluster. It is not if not set.
	// +optional
	Exposure ExposureSpec `json:"exposure,omitempty,omitzero"`
}
