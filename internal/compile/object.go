package compile

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// object is one object on its way through the pass. C is the content of its entry.
type object[C any] struct {
	kind       string
	name       string
	uid        string
	generation int64
	created    time.Time

	content C             // what this generation would have in the document
	live    *liveEntry[C] // what customers have under this name; nil: nothing

	accepted verdict
	resolved verdict
	warnings []string
}

func newObject[C any](kind string, meta metav1.ObjectMeta, content C, live *liveEntry[C]) *object[C] {
	return &object[C]{
		kind: kind, name: meta.Name, uid: string(meta.UID), generation: meta.Generation, created: meta.CreationTimestamp.Time,
		content: content, live: live,
		accepted: verdict{Finding: Finding{true, ReasonAccepted, "this generation is accepted"}},
		resolved: verdict{Finding: Finding{true, ReasonResolvedRefs, "the references of this object are resolved"}},
	}
}

func (o *object[C]) refused() bool { return !o.accepted.Status || !o.resolved.Status }

// sameGeneration says that the entry under this name was made from this very
// generation.
func (o *object[C]) sameGeneration() bool {
	return o.live != nil && o.live.UID == o.uid && o.live.Generation == o.generation
}

// wasAccepted says that this very generation is live, perhaps by checks that asked
// for less. It is not refused any more.
func (o *object[C]) wasAccepted() bool {
	return o.sameGeneration() && o.live.State != config.Retired
}

func (o *object[C]) warn(format string, args ...any) {
	o.warnings = append(o.warnings, fmt.Sprintf(format, args...))
}

// refuse records why this generation cannot go live. Several reasons are told
// together, so that a person mends all of them at once.
func (o *object[C]) refuse(v *verdict, reason string, problem Problem) {
	if o.wasAccepted() {
		o.warn("%s", problem.Error())
		return
	}
	if v.Status {
		v.Finding = Finding{Reason: reason}
	}
	v.problems = append(v.problems, problem)
}

// check refuses the values that are not allowed. One that is live already only
// warns, or a stricter release would refuse every edit of what it was given.
func (o *object[C]) check(problems func(C) []settings.Problem) {
	var live []settings.Problem
	if o.live != nil {
		live = problems(o.live.content)
	}
	for _, problem := range problems(o.content) {
		if slices.Contains(live, problem) {
			o.warn("%s; it stays as it is live already", problem.Error())
			continue
		}
		o.refuse(&o.accepted, ReasonInvalid, Problem{Field: problem.Field, Message: problem.Message})
	}
}

// outcome reports the object. entry is what is live under its name after this pass.
func (o *object[C]) outcome(entry *config.Entry) Outcome {
	stays := whatStays(entry, o.uid)
	out := Outcome{
		Accepted: o.accepted.finding(stays), ResolvedRefs: o.resolved.finding(stays),
		Problems: slices.Concat(o.accepted.problems, o.resolved.problems), Warnings: o.warnings,
	}
	if entry != nil && entry.UID == o.uid {
		out.LiveGeneration = entry.Generation
		out.Live = entry.Generation == o.generation && entry.State != config.Retired
	}
	return out
}

// whatStays ends the message of a refusal.
func whatStays(entry *config.Entry, uid string) string {
	switch {
	case entry == nil:
		return "nothing of this object is live"
	case entry.UID != uid:
		return "what the deleted object of this name said stays live"
	}
	return fmt.Sprintf("generation %d stays live", entry.Generation)
}
