package controllers

import (
	"fmt"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var (
	byGateway = v1alpha1.ExposureSpec{Type: v1alpha1.ExposureGateway, Gateway: v1alpha1.GatewayExposure{
		ParentRefs: []v1alpha1.GatewayRef{{Name: "public", Namespace: "infra", SectionName: "https"}, {Name: "intern"}},
	}}
	byIngress = v1alpha1.ExposureSpec{Type: v1alpha1.ExposureIngress}
)

// exists waits until an object of the tenants' namespace is there, or is not.
func (w *world) exists(o client.Object, name string, want bool) {
	w.t.Helper()
	o.SetNamespace(w.tenants)
	o.SetName(name)
	kube.Eventually(w.t, fmt.Sprintf("%T %s is there: %t", o, name, want), func() error {
		err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(o), o)
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			err = nil
			if want {
				err = errorf("it is not")
			}
		} else if err == nil && !want {
			err = errorf("it is")
		}
		return err
	})
}

// answer does what the controller of Gateways would: it says what it makes of a route.
func (w *world) answer(name string, parents ...gatewayv1.RouteParentStatus) {
	w.t.Helper()
	kube.Eventually(w.t, "the route is answered", func() error {
		route := &gatewayv1.HTTPRoute{}
		if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: w.tenants, Name: name}, route); err != nil {
			return err
		}
		route.Status.Parents = nil
		for i, parent := range parents {
			parent.ParentRef = route.Spec.ParentRefs[i]
			parent.ControllerName = "example.org/gateways"
			for j := range parent.Conditions {
				parent.Conditions[j].ObservedGeneration += route.Generation
				parent.Conditions[j].LastTransitionTime = metav1.Now()
			}
			route.Status.Parents = append(route.Status.Parents, parent)
		}
		return w.client.Status().Update(w.t.Context(), route)
	})
}

func says(kind gatewayv1.RouteConditionType, value metav1.ConditionStatus, reason, text string) metav1.Condition {
	return metav1.Condition{Type: string(kind), Status: value, Reason: reason, Message: text}
}

func taken() gatewayv1.RouteParentStatus {
	return gatewayv1.RouteParentStatus{Conditions: []metav1.Condition{
		says(gatewayv1.RouteConditionAccepted, metav1.ConditionTrue, "Accepted", ""),
		says(gatewayv1.RouteConditionResolvedRefs, metav1.ConditionTrue, "ResolvedRefs", ""),
	}}
}

// TestGatewayAPIComesLater is about a cluster without the Gateway API: nothing fails, the
// Tenant that asks for it says so, and when it comes no operator has to be restarted. It runs
// alone, because the cluster is that of all tests.
func TestGatewayAPIComesLater(t *testing.T) { //nolint:paralleltest // see above
	cluster.RemoveGatewayAPI(t)
	w, tenant := readyWorld(t)
	if c := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionExposed); c != nil {
		t.Errorf("a tenant that asks for no exposure says %+v", c)
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = byIngress })
	w.expect(tenant, "Exposed=True/Exposed", "Ready=True")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = byGateway })
	w.expect(tenant, "Exposed=False/GatewayAPIMissing", "Ready=False/GatewayAPIMissing", "Programmed=True", "Reconciling=True")
	if m := message(tenant, "Exposed"); !strings.Contains(m, "gateway.networking.k8s.io/v1") || !strings.Contains(m, "spec.portal.exposure") {
		t.Errorf("it says %q", m)
	}
	w.exists(&networkingv1.Ingress{}, "acme-portal", true) // the old way stays while there is no new one

	cluster.InstallGatewayAPI(t)
	w.expect(tenant, "Exposed=False/Pending")
	w.exists(&networkingv1.Ingress{}, "acme-portal", true)
	w.answer("acme-portal", taken(), taken())
	w.expect(tenant, "Exposed=True/Exposed", "Ready=True")
	w.exists(&networkingv1.Ingress{}, "acme-portal", false)
}

// TestLeftoversGoWhateverIsInTheWay: a site that is taken off the net is, also while another
// object of the tenant cannot be written. The old way stays only for a new one that cannot be.
func TestLeftoversGoWhateverIsInTheWay(t *testing.T) {
	t.Parallel()
	cluster.InstallGatewayAPI(t)
	w := newWorld(t)
	w.create(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-backoffice"}})
	foreign := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}}
	w.create(foreign)
	tenant := w.scaledTenant()
	tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api.acme.example.org", Exposure: byIngress}
	w.create(tenant)
	w.exists(&networkingv1.Ingress{}, "acme-portal", true)
	w.exists(&networkingv1.Ingress{}, "acme-api", true)
	w.exists(&autoscalingv2.HorizontalPodAutoscaler{}, "acme-portal", true)
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Exposure = v1alpha1.ExposureSpec{Type: v1alpha1.ExposureNone}
		t.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{}
		t.Spec.Backoffice.API.Exposure = byGateway
	})
	w.exists(&networkingv1.Ingress{}, "acme-portal", false)
	w.exists(&autoscalingv2.HorizontalPodAutoscaler{}, "acme-portal", false)
	w.exists(&networkingv1.Ingress{}, "acme-api", true)
	w.delete(foreign)
	w.expect(tenant, "Exposed=False/Pending")
	w.answer("acme-api", taken(), taken())
	w.exists(&networkingv1.Ingress{}, "acme-api", false)
}

// TestOldWayToAnotherHostGoesAtOnce: who changes the host name together with the way to it has
// given up the former name, which another Tenant may take. The old way does not lead there any
// longer, whatever the new one waits for.
func TestOldWayToAnotherHostGoesAtOnce(t *testing.T) {
	t.Parallel()
	cluster.InstallGatewayAPI(t)
	w, tenant := readyWorld(t)
	w.create(&networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}, Spec: networkingv1.IngressSpec{
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "theirs", Port: networkingv1.ServiceBackendPort{Number: 80}}},
	}})
	host := tenant.Spec.Portal.Hostname
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Exposure = byIngress
		t.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api." + host, Exposure: byGateway}
	})
	w.exists(&networkingv1.Ingress{}, "acme-portal", true)
	w.exists(&gatewayv1.HTTPRoute{}, "acme-api", true)

	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Hostname, t.Spec.Portal.Exposure = "new."+host, byGateway
		t.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api.new." + host, Exposure: byIngress} // which is in the way
	})
	w.exists(&gatewayv1.HTTPRoute{}, "acme-portal", true) // and no Gateway answers
	w.exists(&networkingv1.Ingress{}, "acme-portal", false)
	w.exists(&gatewayv1.HTTPRoute{}, "acme-api", false)
	w.expect(tenant, "Ready=False/ForeignObject")
}

// TestExposedByGateway follows what the Gateways say of the route as it is now.
func TestExposedByGateway(t *testing.T) {
	t.Parallel()
	cluster.InstallGatewayAPI(t)
	w := newWorld(t)
	tenant := w.tenant("acme")
	tenant.Spec.Portal.Exposure = byGateway
	w.create(tenant)
	w.expect(tenant, "Exposed=False/Pending", "Ready=False/Pending", "Reconciling=True")
	if m := message(tenant, "Exposed"); !strings.Contains(m, "Gateway infra/public, listener https") {
		t.Errorf("the message does not name who is waited for: %q", m)
	}
	w.answer("acme-portal", taken())
	kube.Eventually(t, "the second Gateway is waited for", func() error {
		w.expect(tenant, "Exposed=False/Pending")
		return want(strings.Contains(message(tenant, "Exposed"), "Gateway "+w.tenants+"/intern"), true)
	})
	refuses := gatewayv1.RouteParentStatus{Conditions: []metav1.Condition{
		says(gatewayv1.RouteConditionAccepted, metav1.ConditionFalse, "NotAllowedByListeners", "no routes from this namespace"),
	}}
	w.answer("acme-portal", taken(), refuses)
	w.expect(tenant, "Exposed=False/RouteRefused", "Ready=False/RouteRefused")
	for _, part := range []string{"Gateway " + w.tenants + "/intern", "NotAllowedByListeners", "no routes from this namespace"} {
		if m := message(tenant, "Exposed"); !strings.Contains(m, part) {
			t.Errorf("the message lacks %q: %q", part, m)
		}
	}
	lost := taken()
	lost.Conditions[1] = says(gatewayv1.RouteConditionResolvedRefs, metav1.ConditionFalse, "BackendNotFound", "there is no such Service")
	w.answer("acme-portal", lost, taken())
	kube.Eventually(t, "the Service is missed", func() error {
		w.expect(tenant, "Exposed=False/RouteRefused")
		return want(strings.Contains(message(tenant, "Exposed"), "BackendNotFound"), true)
	})
	w.answer("acme-portal", taken(), taken())
	w.expect(tenant, "Exposed=True/Exposed", "Ready=True")

	// An answer to the route as it was is none.
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Hostname = "new." + t.Spec.Portal.Hostname })
	w.expect(tenant, "Exposed=False/Pending", "Programmed=True")
	w.answer("acme-portal", taken(), taken())
	w.expect(tenant, "Exposed=True/Exposed", "Ready=True")
}

// TestExposureChanges goes from one way to the site to another, and to none.
func TestExposureChanges(t *testing.T) {
	t.Parallel()
	cluster.InstallGatewayAPI(t)
	w, tenant := readyWorld(t)
	stranger := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}, Spec: networkingv1.IngressSpec{
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "theirs", Port: networkingv1.ServiceBackendPort{Number: 80}}},
	}}
	w.create(stranger)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = byIngress })
	w.expect(tenant, "Exposed=True/Exposed", "Ready=True")
	ingress := &networkingv1.Ingress{}
	w.exists(ingress, "acme-portal", true)
	ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.7"}}
	if err := w.client.Status().Update(t.Context(), ingress); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "the address is told", func() error {
		w.expect(tenant, "Exposed=True/Exposed")
		return want(strings.Contains(message(tenant, "Exposed"), "at 192.0.2.7."), true)
	})

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = byGateway })
	w.expect(tenant, "Exposed=False/Pending")
	w.exists(&gatewayv1.HTTPRoute{}, "acme-portal", true)
	w.answer("acme-portal", taken())
	kube.Eventually(t, "the second Gateway is waited for", func() error {
		w.expect(tenant, "Exposed=False/Pending")
		return want(strings.Contains(message(tenant, "Exposed"), "Gateway "+w.tenants+"/intern"), true)
	})
	w.exists(&networkingv1.Ingress{}, "acme-portal", true) // the way until then
	w.answer("acme-portal", taken(), taken())
	w.expect(tenant, "Exposed=True/Exposed")
	w.exists(&networkingv1.Ingress{}, "acme-portal", false)

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = v1alpha1.ExposureSpec{Type: v1alpha1.ExposureNone} })
	w.expect(tenant, "Exposed=Absent", "Ready=True")
	w.exists(&gatewayv1.HTTPRoute{}, "acme-portal", false)
	w.exists(&networkingv1.Ingress{}, "acme-api", true) // which is not the tenant's

	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api." + t.Spec.Portal.Hostname, Exposure: byIngress}
	})
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True", "Exposed=False/NotDeployed")
	if m := message(tenant, "Ready"); !strings.Contains(m, "Ingress acme-api") {
		t.Errorf("the object in the way is not named: %q", m)
	}
}

// TestLeftoversAreFoundAfterARestart: what was asked for while no operator ran.
func TestLeftoversAreFoundAfterARestart(t *testing.T) {
	t.Parallel()
	cluster.InstallGatewayAPI(t)
	w, tenant := readyWorld(t)
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Exposure = byGateway
		t.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 4}
	})
	w.exists(&gatewayv1.HTTPRoute{}, "acme-portal", true)
	w.exists(&autoscalingv2.HorizontalPodAutoscaler{}, "acme-portal", true)
	w.expect(tenant, "Programmed=True")
	w.stop()
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Exposure, t.Spec.Portal.Autoscaling = v1alpha1.ExposureSpec{}, v1alpha1.AutoscalingSpec{}
	})
	w.startOperator(cluster.Config, nil)
	w.exists(&gatewayv1.HTTPRoute{}, "acme-portal", false)
	w.exists(&autoscalingv2.HorizontalPodAutoscaler{}, "acme-portal", false)
	w.expect(tenant, "Exposed=Absent", "Ready=True")
}

// TestPartsOfWorkloadsAreHealed: what somebody deletes or changes is put back.
func TestPartsOfWorkloadsAreHealed(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Exposure = byIngress
		t.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 4}
	})
	w.expect(tenant, "Exposed=True", "Ready=True")
	account, budget := &corev1.ServiceAccount{}, &policyv1.PodDisruptionBudget{}
	ingress, autoscaler := &networkingv1.Ingress{}, &autoscalingv2.HorizontalPodAutoscaler{}
	for _, o := range []client.Object{account, budget, ingress, autoscaler} {
		w.exists(o, "acme-portal", true)
		uid := o.GetUID()
		w.delete(o)
		kube.Eventually(t, fmt.Sprintf("%T is back", o), func() error {
			if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
				return err
			}
			return want(o.GetUID() != uid, true)
		})
	}
	edit(w, ingress, func(i *networkingv1.Ingress) { i.Spec.Rules[0].Host = "evil.example" })
	edit(w, autoscaler, func(a *autoscalingv2.HorizontalPodAutoscaler) { a.Spec.MaxReplicas = 40 })
	kube.Eventually(t, "both are as declared", func() error {
		w.get(ingress)
		w.get(autoscaler)
		return want(ingress.Spec.Rules[0].Host == tenant.Spec.Portal.Hostname && autoscaler.Spec.MaxReplicas == 4, true)
	})
}
