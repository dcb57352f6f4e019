package apply_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
)

// The API server admits the pods where only restricted ones are admitted.
func TestPodsAreRestricted(t *testing.T) {
	f := newFixture(t)
	var namespace corev1.Namespace
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Name: f.tenant.Namespace}, &namespace); err != nil {
		t.Fatal(err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	f.update(&namespace)

	f.ensure()
	for _, component := range provision.Components() {
		key := client.ObjectKey{Namespace: f.tenant.Namespace, Name: provision.WorkloadName("acme", component)}
		pods := cluster.MakeReadyPods(t, key, 2)
		if len(pods) != 2 {
			t.Errorf("%s has %d pods, want 2", component, len(pods))
		}
		for _, pod := range pods {
			if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
				t.Errorf("pod %s has a service-account token", pod.Name)
			}
		}
	}
}
