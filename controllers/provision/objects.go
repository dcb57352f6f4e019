package provision

import (
	"k8s.io/apimachinery/pkg/runtime"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Object is a rendered object: an apply configuration that knows its own name.
type Object interface {
	runtime.ApplyConfiguration
	GetAPIVersion() *string
	GetKind() *string
	GetName() *string
	GetNamespace() *string
}

// Params is what the objects of a tenant are made from.
type Params struct {
	Tenant *v1alpha1.Tenant

	// Image and Version are those of the pods, TrustedProxies the networks (comma
	// separated CIDRs) of proxies whose word on a client's address is believed.
	Image          string
	Version        string
	TrustedProxies string

	// APIPerSecond and APIBurst bound the requests of each API token; 0: the backoffice's
	// default.
	APIPerSecond int
	APIBurst     int
	// AllowOutgoing are the networks (comma separated CIDRs) that are not public and that a
	// dispatcher may connect to all the same.
	AllowOutgoing string
	// Clock: a ConfigMap moves the dispatcher's time, for development.
	Clock bool
	// Traces are the variables of the environment that say where spans go; empty: nowhere.
	Traces map[string]string

	// Network is what NetworkPolicies are made from, besides the Tenant, where its pods find
	// the Database and what its templates call. There are none where Network is nil.
	Network     *Network
	Database    Database
	WebhookURLs []string

	// Document is what SettingsMap or RoutingMap renders, in the form in which it is
	// stored, and Digest that of the plain document.
	Document []byte
	Digest   string
}

// Objects renders the workloads of a tenant and what leads to them. Nobody connects to a
// dispatcher, so it has no Service.
func Objects(p Params) []Object {
	objects := NetworkPolicies(p) // first, so that no pod is ever without
	for _, c := range Components() {
		objects = append(objects, serviceAccount(p.Tenant, c))
		if _, serves := listeners[c]; serves {
			objects = append(objects, service(p.Tenant, c))
		}
		objects = append(objects, deployment(p, c), disruptionBudget(p.Tenant, c))
	}
	if Autoscaled(p.Tenant) {
		objects = append(objects, autoscaler(p.Tenant))
	}
	for _, site := range Sites(p.Tenant) {
		objects = append(objects, site.objects(p.Tenant)...)
	}
	return objects
}

// SettingsMap renders the ConfigMap of the settings document. It is plain JSON, so
// that "kubectl get configmap -o yaml" shows what is live.
func SettingsMap(p Params) Object {
	return corev1ac.ConfigMap(SettingsName(p.Tenant.Name), p.Tenant.Namespace).
		WithLabels(Labels(p.Tenant.Name, "")).
		WithAnnotations(map[string]string{AnnotationDigest: p.Digest}).
		WithOwnerReferences(owner(p.Tenant)).
		WithData(map[string]string{KeySettings: string(p.Document)})
}

// RoutingMap renders the ConfigMap of the routing document, which is packed: it holds the
// text of every template.
func RoutingMap(p Params) Object {
	return corev1ac.ConfigMap(RoutingName(p.Tenant.Name), p.Tenant.Namespace).
		WithLabels(Labels(p.Tenant.Name, "")).
		WithAnnotations(map[string]string{AnnotationDigest: p.Digest}).
		WithOwnerReferences(owner(p.Tenant)).
		WithBinaryData(map[string][]byte{KeyRouting: p.Document})
}

// DatabaseSecret renders the Secret by which a component reaches the database. The
// uri holds the login role's password, which is generated once and then kept.
func DatabaseSecret(t *v1alpha1.Tenant, c Component, uri string) Object {
	return secret(t, DatabaseSecretName(t.Name, c), c, KeyURI, uri)
}

// TokenSecret renders the Secret of the first token of the integration API. The token
// is generated once and then kept.
func TokenSecret(t *v1alpha1.Tenant, token string) Object {
	return secret(t, TokenSecretName(t.Name), "", KeyToken, token)
}

// KeysSecret renders the Secret of the keys, by file. It has no owner: what was sent with
// the keys, and sealed with them, is in the tenant's schema, which outlives the Tenant as
// well.
func KeysSecret(t *v1alpha1.Tenant, madeFor string, keys map[string][]byte) Object {
	return corev1ac.Secret(KeysSecretName(t.Name), t.Namespace).
		WithLabels(Labels(t.Name, "")).
		WithAnnotations(map[string]string{AnnotationMadeFor: madeFor}).
		WithType("Opaque").
		WithData(keys)
}

func secret(t *v1alpha1.Tenant, name string, c Component, key, value string) Object {
	return corev1ac.Secret(name, t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithOwnerReferences(owner(t)).
		WithType("Opaque").
		WithData(map[string][]byte{key: []byte(value)})
}

// serviceAccount gives a component an identity of its own. It has no rights, and its pods no
// token: by its name an admission policy or a mesh tells the components apart.
func serviceAccount(t *v1alpha1.Tenant, c Component) Object {
	return corev1ac.ServiceAccount(WorkloadName(t.Name, c), t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithOwnerReferences(owner(t)).
		WithAutomountServiceAccountToken(false)
}

func service(t *v1alpha1.Tenant, c Component) Object {
	port := listeners[c]
	return corev1ac.Service(ServiceName(t.Name, c), t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithOwnerReferences(owner(t)).
		WithSpec(corev1ac.ServiceSpec().
			WithType("ClusterIP").
			WithSelector(Selector(t.Name, c)).
			WithPorts(corev1ac.ServicePort().
				WithName(port.name).
				WithProtocol("TCP").
				WithPort(PortService).
				WithTargetPort(intstrName(port.name))))
}

// owner makes the Tenant the controller of an object: with the Tenant it is deleted.
func owner(t *v1alpha1.Tenant) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).
		WithKind("Tenant").
		WithName(t.Name).
		WithUID(t.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}
