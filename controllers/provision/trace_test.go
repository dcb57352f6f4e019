package provision

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Pods are told of traces only where they are wanted: an operator without them rolls nothing.
func TestTraceEnv(t *testing.T) {
	tenant := &v1alpha1.Tenant{}
	tenant.Namespace, tenant.Name = "customers", "acme"
	if list := traceEnv(Params{Tenant: tenant}); list != nil {
		t.Errorf("without traces: %v", list)
	}
	got := map[string]string{}
	var order []string
	for _, variable := range traceEnv(Params{Tenant: tenant, Traces: map[string]string{"OTEL_TRACES_SAMPLER": "always_on", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}}) {
		got[*variable.Name] = *variable.Value
		order = append(order, *variable.Name)
	}
	want := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_SAMPLER": "always_on",
		"OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=customers,foyer.tenant=acme",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_RESOURCE_ATTRIBUTES"}, order); diff != "" {
		t.Errorf("their order, which must not change by itself (-want +got):\n%s", diff)
	}
}
