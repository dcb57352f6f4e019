package kube

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

func condition(kind string, status metav1.ConditionStatus, observed int64) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, ObservedGeneration: observed, Reason: "Because", LastTransitionTime: metav1.Now()}
}

func TestLegalStatus(t *testing.T) {
	ready := condition(v1alpha1.ConditionReady, metav1.ConditionTrue, 2)
	tests := map[string]struct {
		status v1alpha1.TenantStatus
		want   string // part of the violation; empty: legal
	}{
		"nothing observed yet": {},
		"ready":                {status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{ready}}},
		"observed without Ready": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 1},
			want:   "Ready is missing",
		},
		"Stalled while False": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{
				ready, condition(v1alpha1.ConditionStalled, metav1.ConditionFalse, 2)}},
			want: "must be absent",
		},
		"Conflicted while False": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{
				ready, condition(v1alpha1.ConditionConflicted, metav1.ConditionFalse, 2)}},
			want: "must be absent",
		},
		"Reconciling and Stalled": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{
				ready, condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, 2),
				condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, 2)}},
			want: "both there",
		},
		"status ahead": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 3, Conditions: []metav1.Condition{ready}},
			want:   "ahead of generation",
		},
		"condition ahead": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 1, Conditions: []metav1.Condition{ready}},
			want:   "Ready has observedGeneration 2",
		},
		"the same type twice": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{ready, ready}},
			want:   "twice",
		},
		"no reason": {
			status: v1alpha1.TenantStatus{ObservedGeneration: 2, Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}},
			want: "no reason",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: test.status}
			err := LegalStatus(tenant)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("legal, but refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want a violation with %q", err, test.want)
			}
		})
	}
}

func TestFindAssetsNamesTheCommand(t *testing.T) {
	t.Setenv("FOYER_KUBE_ASSETS", t.TempDir())
	_, err := findAssets("unused")
	if err == nil || !strings.Contains(err.Error(), "make test-needs") {
		t.Errorf("got %v, want an error that names the command", err)
	}
}
