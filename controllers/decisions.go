package controllers

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// A decision is told once, by one line of the log whose keys are the same everywhere;
// docs/logs.md lists them. What is found again by each pass is no decision.
const (
	decidedAccepted   = "accepted"
	decidedRejected   = "rejected"
	decidedLive       = "live"
	decidedRestored   = "restored"
	decidedProgrammed = "programmed"
	decidedRollout    = "rollout" // the tenant's pods may be replaced by those of the operator's release
	decidedHalted     = "halted"  // they may not, because another tenant failed
	decidedHealed     = "healed"  // what somebody else had changed
	decidedRotated    = "rotated" // the database logins
	decidedDeleted    = "deleted" // the data, with its Tenant
	decidedLeft       = "left"    // the data on its server, without its Tenant
)

// decide writes the line of a decision about a tenant, with the keys of what it is about.
func decide(tenant types.NamespacedName, what string, keysAndValues ...any) {
	log.Log.WithName("decision").Info(what, append([]any{"namespace", tenant.Namespace, "tenant", tenant.Name}, keysAndValues...)...)
}

// decideObject writes down what a changed status says of an object: that its generation was
// accepted or rejected, and that every replica runs it.
func (p *pass) decideObject(kind string, o client.Object, former, next []metav1.Condition) {
	about := []any{"kind", kind, "name", o.GetName(), "generation", o.GetGeneration()}
	if now := turned(former, next, v1alpha1.ConditionAccepted); now != nil {
		switch now.Status {
		case metav1.ConditionTrue:
			decide(p.key, decidedAccepted, about...)
		case metav1.ConditionFalse:
			decide(p.key, decidedRejected, append(about, "reason", now.Reason)...)
		}
	}
	if now := turned(former, next, v1alpha1.ConditionProgrammed); now != nil && now.Status == metav1.ConditionTrue {
		decide(p.key, decidedProgrammed, about...)
	}
}

// turned is a condition that says something else than before, or the same of another
// generation; nil: it is as it was.
func turned(former, next []metav1.Condition, kind string) *metav1.Condition {
	before, now := meta.FindStatusCondition(former, kind), meta.FindStatusCondition(next, kind)
	if now == nil || before != nil && before.Status == now.Status && before.Reason == now.Reason && before.ObservedGeneration == now.ObservedGeneration {
		return nil
	}
	return now
}
