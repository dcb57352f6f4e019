package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/status"
)

// announce records an event when something that people watch for has changed: an
// object became Ready or ceased to be, or is not Ready for another reason.
func (r *Reconciler) announce(o runtime.Object, former, next []metav1.Condition) {
	before := meta.FindStatusCondition(former, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(next, v1alpha1.ConditionReady)
	if after == nil || before != nil && before.Status == after.Status && before.Reason == after.Reason {
		return
	}
	if after.Reason == status.ReasonPending {
		return // on its way, as every edit is for a moment
	}
	kind := corev1.EventTypeNormal
	if after.Status != metav1.ConditionTrue && meta.IsStatusConditionTrue(next, v1alpha1.ConditionStalled) {
		kind = corev1.EventTypeWarning
	}
	r.recorder.Eventf(o, nil, kind, after.Reason, "Report", "%s", after.Message)
}
