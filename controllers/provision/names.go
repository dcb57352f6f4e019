package provision

import "github.com/foyerhq/foyer/internal/config"

// Component is one of the workloads of a tenant.
type Component string

// The components of a tenant. The value is the name of the container, the end of the
// Deployment's name and the value of the component label.
const (
	Portal     Component = "portal"
	Backoffice Component = "backoffice"
	Dispatcher Component = "dispatcher"
)

// Components lists every component, in the order in which they are written.
func Components() []Component { return []Component{Backoffice, Dispatcher, Portal} }

// Labels of every object and pod of a tenant.
const (
	LabelTenant    = "foyer.dev/tenant" // the Tenant's name; the manager caches only what has it
	LabelName      = "app.kubernetes.io/name"
	LabelComponent = "app.kubernetes.io/component"
	LabelManagedBy = "app.kubernetes.io/managed-by"

	// Name is the value of LabelName and LabelManagedBy.
	Name = "foyer"
)

// Annotations.
const (
	// AnnotationDigest, on the ConfigMap of a document, names the document by its content.
	AnnotationDigest = "foyer.dev/digest"
	// AnnotationRefresh, on pods, makes the kubelet refresh their mounted files at once.
	AnnotationRefresh = "foyer.dev/refresh"
	// AnnotationMadeFor, on the Secret of the keys, says for which Tenant of which cluster it
	// was made: that Secret outlives both.
	AnnotationMadeFor = "foyer.dev/made-for"
	// AnnotationVersion, on Deployments, is the release of Foyer that rendered them.
	AnnotationVersion = "foyer.dev/version"
)

// Keys of the ConfigMaps and of the Secrets.
const (
	KeySettings = "settings.json"
	KeyRouting  = config.RoutingFile
	KeyURI      = "uri"
	KeyToken    = "token"
	KeyLink     = config.LinkKeyFile
	KeySeal     = config.SealKeyFile
	KeyClock    = "offset" // a duration, as 72h, that the dispatcher adds to the time
)

// Ports of the pods.
const (
	PortPortal int32 = 8080
	PortAPI    int32 = 8082
	PortAdmin  int32 = 9090
)

// PortService is that of the Services.
const PortService int32 = 80

// SettingsName is the name of the ConfigMap of the settings document.
func SettingsName(tenant string) string { return tenant + "-settings" }

// RoutingName is the name of the ConfigMap of the routing document.
func RoutingName(tenant string) string { return tenant + "-routing" }

// ClockName is the name of the ConfigMap by which development moves a dispatcher's time.
// Foyer does not write it.
func ClockName(tenant string) string { return tenant + "-clock" }

// WorkloadName is the name of a component's Deployment, ServiceAccount, PodDisruptionBudget
// and HorizontalPodAutoscaler.
func WorkloadName(tenant string, c Component) string { return tenant + "-" + string(c) }

// DatabaseSecretName is the name of the Secret by which a component reaches the database.
func DatabaseSecretName(tenant string, c Component) string { return tenant + "-db-" + string(c) }

// TokenSecretName is the name of the Secret of the first API token.
func TokenSecretName(tenant string) string { return tenant + "-cli" }

// KeysSecretName is the name of the Secret of the keys.
func KeysSecretName(tenant string) string { return tenant + "-keys" }

// ServiceName is the name of a component's Service, and of its Ingress or HTTPRoute.
func ServiceName(tenant string, c Component) string {
	if c == Backoffice {
		return tenant + "-api"
	}
	return tenant + "-portal"
}

// Labels are the labels of every object of a tenant; component may be empty for what
// belongs to all of them.
func Labels(tenant string, c Component) map[string]string {
	labels := map[string]string{
		LabelTenant:    tenant,
		LabelName:      Name,
		LabelManagedBy: Name,
	}
	if c != "" {
		labels[LabelComponent] = string(c)
	}
	return labels
}

// Selector are the labels that select the pods of a component. They can never change:
// the selector of a Deployment is immutable.
func Selector(tenant string, c Component) map[string]string {
	return map[string]string{LabelTenant: tenant, LabelComponent: string(c)}
}
