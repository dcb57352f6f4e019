package controllers

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/status"
)

func TestWhatIsOnItsWayIsNoNews(t *testing.T) {
	t.Parallel()
	is := func(value metav1.ConditionStatus, reason string) *metav1.Condition {
		return &metav1.Condition{Status: value, Reason: reason}
	}
	ready := is(metav1.ConditionTrue, status.ReasonReady)
	for name, test := range map[string]struct {
		before, after *metav1.Condition
		want          bool
	}{
		"nothing is said":                {nil, nil, false},
		"a new tenant is prepared":       {nil, is(metav1.ConditionFalse, status.ReasonPreparing), false},
		"a new profile waits":            {nil, is(metav1.ConditionFalse, status.ReasonDatabaseNotReady), false},
		"the pods of a new tenant start": {is(metav1.ConditionFalse, status.ReasonPreparing), is(metav1.ConditionFalse, status.ReasonNoReadyReplica), false},
		"a new template waits":           {nil, is(metav1.ConditionFalse, status.ReasonPending), false},
		"it is ready":                    {is(metav1.ConditionFalse, status.ReasonNoReadyReplica), ready, true},
		"it stays ready":                 {ready, ready, false},
		"an edit":                        {ready, is(metav1.ConditionFalse, status.ReasonPending), false},
		"its pods are gone":              {ready, is(metav1.ConditionFalse, status.ReasonNoReadyReplica), true},
		"it is paused":                   {ready, is(metav1.ConditionTrue, status.ReasonPaused), true},
		"a new object is refused":        {nil, is(metav1.ConditionFalse, "Invalid"), true},
		"for another reason": {is(metav1.ConditionFalse, "Invalid"),
			is(metav1.ConditionFalse, status.ReasonUnreachable), true},
	} {
		if got := isNews(test.before, test.after); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// TestConflictEnds only if the template goes on: one that is not live any more, as without
// its Tenant, has no conflict that anybody could be glad to be rid of.
func TestConflictEnds(t *testing.T) {
	t.Parallel()
	calm := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: status.ReasonPending}}
	conflicted := append(slices.Clone(calm), metav1.Condition{
		Type: v1alpha1.ConditionConflicted, Status: metav1.ConditionTrue, Reason: "ActionConflict", Message: "Another one fires.",
	})
	for name, test := range map[string]struct {
		former, next []metav1.Condition
		live         bool
		want         string
	}{
		"it begins":           {calm, conflicted, true, "Warning ActionConflict Another one fires."},
		"it goes on":          {conflicted, conflicted, true, ""},
		"it ends":             {conflicted, calm, true, "Normal ConflictEnded No other template claims the same event, account profile, channel and day any more."},
		"nothing is live now": {conflicted, calm, false, ""},
	} {
		recorder := events.NewFakeRecorder(1)
		(&Reconciler{recorder: recorder}).announceConflict(&v1alpha1.EventTemplate{}, test.former, test.next, test.live)
		close(recorder.Events)
		if got := <-recorder.Events; got != test.want {
			t.Errorf("%s: recorded is %q, want %q", name, got, test.want)
		}
	}
}
