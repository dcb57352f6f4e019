package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
)

// exposed has a route to two listeners of one Gateway, and an Ingress.
func (f *fixture) exposed() map[string]apply.Result {
	f.tenant.Spec.Portal.Exposure = v1alpha1.ExposureSpec{
		Type: v1alpha1.ExposureGateway,
		Gateway: v1alpha1.GatewayExposure{ParentRefs: []v1alpha1.GatewayRef{
			{Name: "public", Namespace: "infra", SectionName: "one"}, {Name: "public", Namespace: "infra", SectionName: "two"},
		}},
	}
	f.tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api.acme.example", Exposure: v1alpha1.ExposureSpec{Type: v1alpha1.ExposureIngress}}
	want := every(apply.Unchanged)
	want["HTTPRoute acme-portal"], want["Ingress acme-api"] = apply.Unchanged, apply.Unchanged
	return want
}

// TestDefaultsOfTheServerAreNoDrift: what the API server adds is left alone, and each change
// by hand of what is rendered is seen.
func TestDefaultsOfTheServerAreNoDrift(t *testing.T) {
	cluster.InstallGatewayAPI(t)
	drifts := map[string]func(*gatewayv1.HTTPRoute, *networkingv1.Ingress){
		"parent":    func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) { r.Spec.ParentRefs[1].Name = "other" },
		"no parent": func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) { r.Spec.ParentRefs = r.Spec.ParentRefs[:1] },
		"another parent": func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) {
			r.Spec.ParentRefs = append(r.Spec.ParentRefs, gatewayv1.ParentReference{Name: "theirs"})
		},
		"host of the route": func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) { r.Spec.Hostnames[0] = "evil.example" },
		"backend":           func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) { r.Spec.Rules[0].BackendRefs[0].Name = "other" },
		"another backend": func(r *gatewayv1.HTTPRoute, _ *networkingv1.Ingress) {
			r.Spec.Rules[0].BackendRefs = append(r.Spec.Rules[0].BackendRefs, *r.Spec.Rules[0].BackendRefs[0].DeepCopy())
			r.Spec.Rules[0].BackendRefs[1].Name = "theirs"
		},
		"host of the Ingress": func(_ *gatewayv1.HTTPRoute, i *networkingv1.Ingress) { i.Spec.Rules[0].Host = "evil.example" },
		"another host": func(_ *gatewayv1.HTTPRoute, i *networkingv1.Ingress) {
			i.Spec.Rules = append(i.Spec.Rules, networkingv1.IngressRule{Host: "evil.example"})
		},
	}
	for name, drift := range drifts {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			unchanged := f.exposed()
			f.ensure()
			if diff := cmp.Diff(unchanged, f.ensure()); diff != "" {
				t.Fatalf("nothing has changed (-want +got):\n%s", diff)
			}
			route, ingress := &gatewayv1.HTTPRoute{}, &networkingv1.Ingress{}
			f.get("acme-portal", route)
			f.get("acme-api", ingress)
			wantRoute, wantIngress := route.Spec.DeepCopy(), ingress.Spec.DeepCopy()
			drift(route, ingress)
			f.update(route)
			f.update(ingress)
			f.ensure()
			f.get("acme-portal", route)
			f.get("acme-api", ingress)
			if diff := cmp.Diff(*wantRoute, route.Spec) + cmp.Diff(*wantIngress, ingress.Spec); diff != "" {
				t.Errorf("drift was not healed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(unchanged, f.ensure()); diff != "" {
				t.Errorf("drift is healed more than once (-want +got):\n%s", diff)
			}
		})
	}
}
