package kube

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// LegalStatus checks that the status of one of our objects is one that kubectl wait,
// Argo CD and Flux understand (kstatus):
//   - Ready is there as soon as anything was observed;
//   - Reconciling, Stalled, Conflicted and OrphanedProfiles are there only while True, and never the first
//     two together;
//   - no observedGeneration is ahead of what it observes: a condition's never of the
//     status's, the status's and liveGeneration never of the object's;
//   - every condition has a reason and a time of transition, and there is one of a type.
//
// It returns every violation, joined.
func LegalStatus(object client.Object) error {
	var conditions []metav1.Condition
	var observed, live int64
	switch o := object.(type) {
	case *v1alpha1.Tenant:
		conditions, observed, live = o.Status.Conditions, o.Status.ObservedGeneration, o.Status.LiveGeneration
	case *v1alpha1.AccountProfile:
		conditions, observed, live = o.Status.Conditions, o.Status.ObservedGeneration, o.Status.LiveGeneration
	case *v1alpha1.MyAccountProfile:
		conditions, observed, live = o.Status.Conditions, o.Status.ObservedGeneration, o.Status.LiveGeneration
	case *v1alpha1.EventTemplate:
		conditions, observed, live = o.Status.Conditions, o.Status.ObservedGeneration, o.Status.LiveGeneration
	default:
		return fmt.Errorf("%T has no status that this check knows", object)
	}
	return errors.Join(append(
		legalConditions(conditions, observed),
		legalGenerations(object.GetGeneration(), observed, live)...)...)
}

func legalGenerations(generation, observed, live int64) []error {
	var violations []error
	if observed > generation {
		violations = append(violations, fmt.Errorf("observedGeneration %d is ahead of generation %d", observed, generation))
	}
	if live > generation {
		violations = append(violations, fmt.Errorf("liveGeneration %d is ahead of generation %d", live, generation))
	}
	return violations
}

// abnormal are the conditions that are there only while True.
var abnormal = []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionConflicted, v1alpha1.ConditionOrphanedProfiles}

func legalConditions(conditions []metav1.Condition, observed int64) []error {
	var violations []error
	seen := map[string]bool{}
	for _, c := range conditions {
		if seen[c.Type] {
			violations = append(violations, fmt.Errorf("%s is there twice", c.Type))
		}
		seen[c.Type] = true
		if slices.Contains(abnormal, c.Type) && c.Status != metav1.ConditionTrue {
			violations = append(violations, fmt.Errorf("%s is %s: it must be absent while it is not True", c.Type, c.Status))
		}
		if c.ObservedGeneration > observed {
			violations = append(violations, fmt.Errorf("%s has observedGeneration %d, the status only %d",
				c.Type, c.ObservedGeneration, observed))
		}
		if c.Reason == "" || c.LastTransitionTime.IsZero() {
			violations = append(violations, fmt.Errorf("%s has no reason or no time of transition", c.Type))
		}
	}
	if observed > 0 && meta.FindStatusCondition(conditions, v1alpha1.ConditionReady) == nil {
		violations = append(violations, errors.New("the condition Ready is missing although the object was observed"))
	}
	if seen[v1alpha1.ConditionReconciling] && seen[v1alpha1.ConditionStalled] {
		violations = append(violations, errors.New("the conditions Reconciling and Stalled are both there"))
	}
	return violations
}
