package provision_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

// onDemand are the kinds that a Tenant has only while it asks for them.
var onDemand = []string{provision.KindAutoscaler, provision.KindIngress, provision.KindRoute}

// What is rendered and what is to go are never the same object, and together they are all
// that a Tenant can have asked for.
func TestNotAskedFor(t *testing.T) {
	gateway := v1alpha1.ExposureSpec{Type: v1alpha1.ExposureGateway, Gateway: v1alpha1.GatewayExposure{ParentRefs: []v1alpha1.GatewayRef{{Name: "g"}}}}
	ingress := v1alpha1.ExposureSpec{Type: v1alpha1.ExposureIngress}
	none := v1alpha1.ExposureSpec{Type: v1alpha1.ExposureNone}
	scaling := v1alpha1.AutoscalingSpec{MinReplicas: 1, MaxReplicas: 3}
	all := []string{
		"HTTPRoute acme-api", "HTTPRoute acme-portal", "HorizontalPodAutoscaler acme-portal",
		"Ingress acme-api", "Ingress acme-portal",
	}
	tests := map[string]struct {
		portal, api v1alpha1.ExposureSpec
		scaling     v1alpha1.AutoscalingSpec
		want        []string // that is rendered
	}{
		"nothing":         {},
		"none":            {portal: none, api: none},
		"gateways":        {portal: gateway, api: gateway, want: []string{"HTTPRoute acme-api", "HTTPRoute acme-portal"}},
		"ingresses":       {portal: ingress, api: ingress, want: []string{"Ingress acme-api", "Ingress acme-portal"}},
		"one of each":     {portal: ingress, api: gateway, want: []string{"HTTPRoute acme-api", "Ingress acme-portal"}},
		"only the API":    {api: ingress, want: []string{"Ingress acme-api"}},
		"only autoscaled": {scaling: scaling, want: []string{"HorizontalPodAutoscaler acme-portal"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			p.Tenant.Spec.Portal.Exposure, p.Tenant.Spec.Backoffice.API.Exposure = test.portal, test.api
			p.Tenant.Spec.Backoffice.API.Hostname = "api.acme.example"
			p.Tenant.Spec.Portal.Autoscaling = test.scaling
			var rendered, both []string
			for _, object := range provision.Objects(p) {
				if slices.Contains(onDemand, *object.GetKind()) {
					rendered = append(rendered, *object.GetKind()+" "+*object.GetName())
				}
			}
			slices.Sort(rendered)
			if diff := cmp.Diff(test.want, rendered); diff != "" {
				t.Errorf("rendered (-want +got):\n%s", diff)
			}
			both = slices.Clone(rendered)
			for _, leftover := range provision.NotAskedFor(p.Tenant) {
				both = append(both, leftover.Kind+" "+leftover.Name)
			}
			slices.Sort(both)
			if diff := cmp.Diff(all, both); diff != "" {
				t.Errorf("rendered or to go (-want +got):\n%s", diff)
			}
		})
	}
}

// The number of the pods is the autoscaler's, and the logins of the database are enough for
// all of them.
func TestAutoscaledReplicas(t *testing.T) {
	fixed, follows := minimal(), scaled()
	fixed.Tenant.Spec.Portal.Replicas = ptr.To[int32](4)
	deployment := func(p provision.Params) provision.Object { return named(t, p, "Deployment", "acme-portal") }
	for name, test := range map[string]struct {
		params   provision.Params
		replicas int32
		least    int32
	}{
		"fixed":   {params: fixed, least: 0, replicas: 4},
		"follows": {params: follows, least: 2, replicas: 8},
	} {
		t.Run(name, func(t *testing.T) {
			if got := provision.Replicas(test.params.Tenant, provision.Portal); got != test.replicas {
				t.Errorf("%d replicas, want %d", got, test.replicas)
			}
			if got := provision.LeastReplicas(test.params.Tenant, deployment(test.params)); got != test.least {
				t.Errorf("at least %d, want %d", got, test.least)
			}
			if got := provision.LeastReplicas(test.params.Tenant, named(t, test.params, "Deployment", "acme-backoffice")); got != 0 {
				t.Errorf("the backoffice has at least %d", got)
			}
		})
	}
}
