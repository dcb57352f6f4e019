package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Template is what a pass has found of an EventTemplate.
type Template struct {
	// Profile is what a template has in common with a profile. Its Document is the routing
	// document, which dispatchers run.
	Profile
	// Conflicted is about another template for the same event, profile, channel and day; a
	// zero Finding if there is none.
	Conflicted Finding
	// SMSSegments are those of the live generation; nil: not known now, the last stay.
	SMSSegments *int32
}

// OfTemplate returns the status of an event template.
func OfTemplate(old v1alpha1.EventTemplateStatus, t Template, now metav1.Time) v1alpha1.EventTemplateStatus {
	next := *old.DeepCopy()
	next.ObservedGeneration = t.Generation
	if t.Document.Known {
		next.LiveGeneration = t.LiveGeneration
		next.LastModifiedTime = modified(old.LiveGeneration, t.LiveGeneration, old.LastModifiedTime, now)
	}
	if t.SMSSegments != nil {
		next.SMSSegments = *t.SMSSegments
	}
	if next.LiveGeneration == 0 {
		next.SMSSegments = 0
	}
	next.Conditions = t.conditions(old, now)
	return next
}

func (t Template) conditions(old v1alpha1.EventTemplateStatus, now metav1.Time) []metav1.Condition {
	programmed := t.programmed(old)
	c := &conditions{former: old.Conditions, generation: t.Generation, now: now}
	c.add(v1alpha1.ConditionAccepted, t.Accepted)
	c.add(v1alpha1.ConditionResolvedRefs, t.ResolvedRefs)
	c.add(v1alpha1.ConditionProgrammed, programmed)
	ready := Yes(ReasonReady, "Notifications are planned by this template.")
	if t.Conflicted.IsTrue() {
		c.add(v1alpha1.ConditionConflicted, t.Conflicted)
		// Whoever reads that all is well has to read that not all of it fires. What does
		// is a long sentence, which need not be there three times.
		const note = " Note: it is in conflict with another template, see the condition Conflicted."
		ready.Message += note
		programmed.Message += note
	}
	c.finish(ready, t.Accepted, t.ResolvedRefs, programmed)
	return c.list
}

// programmed says how far this generation has come, whatever keeps others from getting there.
func (t Template) programmed(old v1alpha1.EventTemplateStatus) Finding {
	switch {
	case !t.Document.Known && old.LiveGeneration != 0:
		return t.lost()
	case t.Document.Known && t.LiveGeneration == t.Generation:
		return t.Document.ofProfile(formerProgrammed(old.Conditions, t.Generation, old.LiveGeneration))
	default:
		return t.waits(No(ReasonPending, "It is about to be written into the routing document."))
	}
}
