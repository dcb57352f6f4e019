package provision

import (
	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1ac "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Kinds of objects that a Tenant has only while it asks for them.
const (
	KindAutoscaler = "HorizontalPodAutoscaler"
	KindIngress    = "Ingress"
	KindRoute      = "HTTPRoute"

	KindNetworkPolicy = "NetworkPolicy" // unless the platform team wants none
)

// Site is what can be reached from outside the cluster.
type Site struct {
	Component Component
	Field     string // of the Tenant that declares it, as spec.portal
	Hostname  string
	Exposure  v1alpha1.ExposureSpec
}

// Kind is that of the object that leads to the site; empty: there is none.
func (s Site) Kind() string {
	switch s.Exposure.Type {
	case v1alpha1.ExposureGateway:
		return KindRoute
	case v1alpha1.ExposureIngress:
		return KindIngress
	}
	return ""
}

// Sites are the sites of a tenant, exposed or not.
func Sites(t *v1alpha1.Tenant) []Site {
	portal, api := t.Spec.Portal, t.Spec.Backoffice.API
	return []Site{
		{Component: Portal, Field: "spec.portal", Hostname: portal.Hostname, Exposure: portal.Exposure},
		{Component: Backoffice, Field: "spec.backoffice.api", Hostname: api.Hostname, Exposure: api.Exposure},
	}
}

func (s Site) objects(t *v1alpha1.Tenant) []Object {
	switch s.Kind() {
	case KindRoute:
		return []Object{route(t, s)}
	case KindIngress:
		return []Object{ingress(t, s)}
	}
	return nil
}

// Dispensable is an object that a Tenant may have from an earlier declaration, and that the
// present one does not ask for.
type Dispensable struct {
	Kind, Name string
	// Successor is the kind of the object of the same name that is asked for instead; empty:
	// none is.
	Successor string
	Hostname  string // of the site that the successor leads to
}

// NotAskedFor lists what a Tenant does not ask for, or not any more.
func NotAskedFor(t *v1alpha1.Tenant) []Dispensable {
	var list []Dispensable
	if !Autoscaled(t) {
		list = append(list, Dispensable{Kind: KindAutoscaler, Name: WorkloadName(t.Name, Portal)})
	}
	for _, site := range Sites(t) {
		for _, kind := range []string{KindIngress, KindRoute} {
			if kind != site.Kind() {
				list = append(list, Dispensable{Kind: kind, Name: ServiceName(t.Name, site.Component), Successor: site.Kind(), Hostname: site.Hostname})
			}
		}
	}
	return list
}

// WaysToSites lists all that may lead to the sites of a Tenant.
func WaysToSites(t *v1alpha1.Tenant) []Dispensable {
	var list []Dispensable
	for _, site := range Sites(t) {
		for _, kind := range []string{KindIngress, KindRoute} {
			list = append(list, Dispensable{Kind: kind, Name: ServiceName(t.Name, site.Component)})
		}
	}
	return list
}

// route renders the HTTPRoute of a site. What goes with every request (timeouts, the size of
// a body) is the Gateway's, as is the certificate.
func route(t *v1alpha1.Tenant, s Site) Object {
	spec := gatewayv1ac.HTTPRouteSpec().
		WithHostnames(gatewayv1.Hostname(s.Hostname)).
		WithRules(gatewayv1ac.HTTPRouteRule().
			WithMatches(gatewayv1ac.HTTPRouteMatch().
				WithPath(gatewayv1ac.HTTPPathMatch().
					WithType(gatewayv1.PathMatchPathPrefix).
					WithValue("/"))).
			WithBackendRefs(gatewayv1ac.HTTPBackendRef().
				WithName(gatewayv1.ObjectName(ServiceName(t.Name, s.Component))).
				WithPort(PortService)))
	for _, parent := range s.Exposure.Gateway.ParentRefs {
		ref := gatewayv1ac.ParentReference().WithName(gatewayv1.ObjectName(parent.Name))
		if parent.Namespace != "" {
			ref.WithNamespace(gatewayv1.Namespace(parent.Namespace))
		}
		if parent.SectionName != "" {
			ref.WithSectionName(gatewayv1.SectionName(parent.SectionName))
		}
		spec.WithParentRefs(ref)
	}
	return gatewayv1ac.HTTPRoute(ServiceName(t.Name, s.Component), t.Namespace).
		WithLabels(Labels(t.Name, s.Component)).
		WithOwnerReferences(owner(t)).
		WithSpec(spec)
}

// ingress renders the Ingress of a site. Without a Secret, the controller's own certificate is
// for its host name.
func ingress(t *v1alpha1.Tenant, s Site) Object {
	tls := networkingv1ac.IngressTLS().WithHosts(s.Hostname)
	if secret := s.Exposure.Ingress.TLSSecretRef.Name; secret != "" {
		tls.WithSecretName(secret)
	}
	spec := networkingv1ac.IngressSpec().
		WithTLS(tls).
		WithRules(networkingv1ac.IngressRule().
			WithHost(s.Hostname).
			WithHTTP(networkingv1ac.HTTPIngressRuleValue().
				WithPaths(networkingv1ac.HTTPIngressPath().
					WithPath("/").
					WithPathType(networkingv1.PathTypePrefix).
					WithBackend(networkingv1ac.IngressBackend().
						WithService(networkingv1ac.IngressServiceBackend().
							WithName(ServiceName(t.Name, s.Component)).
							WithPort(networkingv1ac.ServiceBackendPort().WithNumber(PortService)))))))
	if class := s.Exposure.Ingress.ClassName; class != "" {
		spec.WithIngressClassName(class)
	}
	return networkingv1ac.Ingress(ServiceName(t.Name, s.Component), t.Namespace).
		WithLabels(Labels(t.Name, s.Component)).
		WithOwnerReferences(owner(t)).
		WithSpec(spec)
}
