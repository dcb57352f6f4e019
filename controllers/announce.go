package controllers

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/status"
)

// action is what the operator was doing when it recorded an event.
const action = "Report"

// announceConflict records that a conflict with another object began or ended. One of an
// object of which nothing is live any more has not ended, it is of no meaning.
func (r *Reconciler) announceConflict(o runtime.Object, former, next []metav1.Condition, live bool) {
	before := meta.FindStatusCondition(former, v1alpha1.ConditionConflicted)
	switch after := meta.FindStatusCondition(next, v1alpha1.ConditionConflicted); {
	case before == nil && after != nil:
		r.recorder.Eventf(o, nil, corev1.EventTypeWarning, after.Reason, action, "%s", status.Note(after.Message))
	case before != nil && after == nil && live:
		r.recorder.Eventf(o, nil, corev1.EventTypeNormal, "ConflictEnded", action,
			"No other template claims the same event, account profile, channel and day any more.")
	}
}

// announceReady records that an object became Ready or ceased to be, or is not Ready for
// another reason.
func (r *Reconciler) announceReady(o runtime.Object, former, next []metav1.Condition) {
	before := meta.FindStatusCondition(former, v1alpha1.ConditionReady)
	after := meta.FindStatusCondition(next, v1alpha1.ConditionReady)
	if !isNews(before, after) {
		return
	}
	kind := corev1.EventTypeNormal
	if after.Status != metav1.ConditionTrue && meta.IsStatusConditionTrue(next, v1alpha1.ConditionStalled) {
		kind = corev1.EventTypeWarning
	}
	r.recorder.Eventf(o, nil, kind, after.Reason, action, "%s", status.Note(after.Message))
}

// isNews says whether people are to hear of a change. What is on its way is none: every
// edit for a moment, and an object that was never ready until its tenant's database and
// pods are there.
func isNews(before, after *metav1.Condition) bool {
	switch {
	case after == nil || after.Reason == status.ReasonPending:
		return false
	case after.Status == metav1.ConditionTrue && status.OfRollout(after.Reason):
		return false // it is about the operator's release: the metrics count, and who fails says so
	case before != nil && before.Status == metav1.ConditionTrue && after.Status == before.Status && status.OfRollout(before.Reason):
		return false
	case before != nil && before.Status == metav1.ConditionTrue:
		return after.Status != before.Status || after.Reason != before.Reason
	case before != nil && before.Status == after.Status && before.Reason == after.Reason:
		return false
	}
	return !slices.Contains([]string{
		status.ReasonPreparing, status.ReasonDatabaseNotReady, status.ReasonNoReadyReplica,
	}, after.Reason)
}
