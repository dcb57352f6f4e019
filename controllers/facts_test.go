package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
)

// TestNotesWhileNothingIsCounted: after a restart, until the database answers, a note about
// a count stays as it was told, and every other note is told as it is now.
func TestNotesWhileNothingIsCounted(t *testing.T) {
	t.Parallel()
	p := &pass{memory: newMemory()}
	outcome := compile.Outcome{
		Accepted: compile.Finding{Status: true, Reason: "Accepted", Message: "this is accepted"}, ResolvedRefs: compile.Finding{Status: true},
	}
	said := func(message string) []metav1.Condition {
		return []metav1.Condition{{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, ObservedGeneration: 1, Message: message}}
	}
	const counted = ` Note: spec.customerGroups: no account is in the group "b" yet.`
	profile := &v1alpha1.MyAccountProfile{Spec: v1alpha1.MyAccountProfileSpec{CustomerGroups: []string{"b", "a"}}}
	profile.Generation = 1
	for name, test := range map[string]struct {
		former   string
		warnings []string
		want     string
	}{
		"as before":           {"This is accepted." + counted, nil, "This is accepted." + counted},
		"nothing was counted": {"This is accepted.", nil, "This is accepted."},
		"another note begins": {"This is accepted." + counted, []string{"it is large"}, "This is accepted. Note: It is large." + counted},
		"another note ends":   {"This is accepted. Note: It is large." + counted, nil, "This is accepted." + counted},
	} {
		outcome.Warnings = test.warnings
		facts := p.profileFacts(profile, said(test.former), outcome, kindMyAccountProfile)
		if diff := cmp.Diff(test.want, facts.Accepted.Message); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	template := &v1alpha1.EventTemplate{}
	template.Name, template.Generation = "reminder", 1
	outcome.Warnings = []string{"AccountProfile was deleted"}
	p.output.EventTemplates = map[string]compile.Outcome{"reminder": outcome}
	facts := p.templateFacts(template, said("This is accepted."))
	if want := "This is accepted. Note: AccountProfile was deleted."; facts.Accepted.Message != want {
		t.Errorf("the template says %q, want %q", facts.Accepted.Message, want)
	}
}
