package provision

import (
	"fmt"
	"maps"
	"slices"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// traceEnv tells a pod where its spans go, if they go anywhere, and whose they are.
func traceEnv(p Params) []*corev1ac.EnvVarApplyConfiguration {
	if len(p.Traces) == 0 {
		return nil
	}
	var list []*corev1ac.EnvVarApplyConfiguration
	for _, name := range slices.Sorted(maps.Keys(p.Traces)) {
		list = append(list, corev1ac.EnvVar().WithName(name).WithValue(p.Traces[name]))
	}
	return append(list, corev1ac.EnvVar().WithName("OTEL_RESOURCE_ATTRIBUTES").
		WithValue(fmt.Sprintf("k8s.namespace.name=%s,foyer.tenant=%s", p.Tenant.Namespace, p.Tenant.Name)))
}
