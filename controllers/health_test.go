package controllers

import (
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/argocd"
)

var readHealthCheck = sync.OnceValues(argocd.Read)

// checkHealth fails the test if Argo CD would tell something else of an object than kstatus,
// by which Flux and kubectl wait go.
func (w *world) checkHealth(o client.Object) {
	w.t.Helper()
	check, err := readHealthCheck()
	if err != nil {
		w.t.Error(err)
		return
	}
	got, err := check.Health(o)
	if err != nil {
		w.t.Errorf("the health of %T %s: %v", o, o.GetName(), err)
		return
	}
	conditions, observed := statusOf(o)
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	want := argocd.Progressing
	switch {
	case observed != o.GetGeneration() || ready == nil:
	case ready.Reason == "Paused" || ready.Reason == "TenantPaused":
		want = argocd.Suspended
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		want = argocd.Degraded
	case ready.Status == metav1.ConditionTrue:
		want = argocd.Healthy
	}
	if got.Status != want {
		w.t.Errorf("%T %s is %s for Argo CD, want %s\n%s", o, o.GetName(), got.Status, want, describe(conditions))
	}
	if ready != nil && observed == o.GetGeneration() && !strings.HasPrefix(got.Message, ready.Message) {
		w.t.Errorf("%T %s: Argo CD shows %q, and Ready says %q", o, o.GetName(), got.Message, ready.Message)
	}
}
