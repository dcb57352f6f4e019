package status

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// programmed is a template of which the dispatcher runs the newest generation.
func programmed() Template {
	return Template{
		Profile: Profile{
			Generation: 2, LiveGeneration: 2, Document: Document{Known: true, Asked: true, Digest: "sha256:r1", Replicas: 1, Programmed: 1},
			Accepted: Yes("Accepted", "Yes."), ResolvedRefs: Yes("Resolved", "Yes."), Database: Yes(ReasonPrepared, "Yes."),
		},
		SMSSegments: ptr.To(int32(2)),
	}
}

func TestOfTemplate(t *testing.T) {
	live := OfTemplate(v1alpha1.EventTemplateStatus{}, programmed(), noon)
	for name, test := range map[string]struct {
		former   v1alpha1.EventTemplateStatus
		change   func(*Template)
		want     map[string]string
		modified *metav1.Time
		segments int32
	}{
		"the dispatcher runs it": {
			change: func(*Template) {},
			want: map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed", "Accepted": "True/Accepted",
				"Reconciling": "", "Stalled": "", "Conflicted": ""},
			modified: &noon, segments: 2,
		},
		"in the document": {
			change:   func(t *Template) { t.Document.Programmed = 0 },
			want:     map[string]string{"Ready": "False/Pending", "Programmed": "False/Pending", "Reconciling": "True/Pending", "Stalled": ""},
			modified: &noon, segments: 2,
		},
		"without a dispatcher": {
			change:   func(t *Template) { t.Document.Replicas, t.Document.Programmed, t.Document.Missing = 0, 0, "dispatcher" },
			want:     map[string]string{"Ready": "False/NoReadyReplica", "Programmed": "False/NoReadyReplica", "Reconciling": "True/NoReadyReplica"},
			modified: &noon, segments: 2,
		},
		"the dispatcher cannot load the document": {
			change:   func(t *Template) { t.Document.Programmed, t.Document.Failure = 0, "runes" },
			want:     map[string]string{"Ready": "False/LoadFailed", "Programmed": "False/LoadFailed"},
			modified: &noon, segments: 2,
		},
		"an edit of another template is on its way": {
			former:   live,
			change:   func(t *Template) { t.Document.Programmed, t.Document.Pending = 0, time.Hour },
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
			modified: &noon, segments: 2,
		},
		"in conflict": {
			former:   live,
			change:   func(t *Template) { t.Conflicted = Yes("ActionConflict", "Another one fires.") },
			want:     map[string]string{"Ready": "True/Ready", "Accepted": "True/Accepted", "Conflicted": "True/ActionConflict"},
			modified: &noon, segments: 2,
		},
		"an edit is about to be written": {
			former:   live,
			change:   func(t *Template) { t.Generation, t.SMSSegments = 3, nil },
			want:     map[string]string{"Ready": "False/Pending", "Programmed": "False/Pending", "Reconciling": "True/Pending"},
			modified: &noon, segments: 2,
		},
		"refused, and an older generation is live": {
			former:   live,
			change:   func(t *Template) { t.Generation, t.Accepted = 3, Stuck("Invalid", "No.") },
			want:     map[string]string{"Ready": "False/Invalid", "Programmed": "False/NotAccepted", "Stalled": "True/Invalid", "Reconciling": ""},
			modified: &noon, segments: 2,
		},
		"refused at once": {
			change: func(t *Template) { t.LiveGeneration, t.Accepted = 0, Stuck("Invalid", "No.") },
			want:   map[string]string{"Ready": "False/Invalid", "Programmed": "False/NotAccepted", "Stalled": "True/Invalid"},
		},
		"deleted from the document": {
			former: live,
			change: func(t *Template) { t.LiveGeneration, t.Accepted = 0, No("TenantMissing", "Gone.") },
			want:   map[string]string{"Ready": "False/TenantMissing", "Programmed": "False/NotAccepted", "Reconciling": "True/TenantMissing"},
		},
		"names what does not exist": {
			change: func(t *Template) { t.LiveGeneration, t.ResolvedRefs = 0, No("RefNotFound", "No.") },
			want:   map[string]string{"Ready": "False/RefNotFound", "Programmed": "False/NotAccepted", "Reconciling": "True/RefNotFound"},
		},
		"waits for the database": {
			change: func(t *Template) { t.LiveGeneration, t.Database = 0, No(ReasonPreparing, "Soon.") },
			want:   map[string]string{"Ready": "False/DatabaseNotReady", "Reconciling": "True/DatabaseNotReady"},
		},
		"the database is away, and nothing was edited": {
			former:   live,
			change:   func(t *Template) { t.Database = No(ReasonUnreachable, "Away.") },
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
			modified: &noon, segments: 2,
		},
		"the document is lost": {
			former:   live,
			change:   func(t *Template) { t.Document.Known, t.LiveGeneration, t.SMSSegments = false, 0, nil },
			want:     map[string]string{"Ready": "False/DatabaseUnreachable", "Programmed": "Unknown/DatabaseUnreachable"},
			modified: &noon, segments: 2,
		},
		"something is in the way, and nothing was edited": {
			former:   live,
			change:   func(t *Template) { t.Blocked = Stuck(ReasonForeignObject, "There.") },
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed", "Reconciling": "", "Stalled": ""},
			modified: &noon, segments: 2,
		},
		"something is in the way of an edit": {
			former:   live,
			change:   func(t *Template) { t.Generation, t.Blocked = 3, Stuck(ReasonForeignObject, "There.") },
			want:     map[string]string{"Ready": "False/ForeignObject", "Programmed": "False/ForeignObject", "Stalled": "True/ForeignObject"},
			modified: &noon, segments: 2,
		},
		"a newer release has written the document": {
			former: live,
			change: func(t *Template) {
				t.Document.Known, t.LiveGeneration, t.SMSSegments, t.Blocked = false, 0, nil, Stuck(ReasonForeignObject, "Newer.")
			},
			want:     map[string]string{"Ready": "False/ForeignObject", "Programmed": "Unknown/ForeignObject", "Stalled": "True/ForeignObject"},
			modified: &noon, segments: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts := programmed()
			test.change(&facts)
			next := OfTemplate(test.former, facts, noon)
			compare(t, next.Conditions, test.want)
			if diff := cmp.Diff(test.modified, next.LastModifiedTime); diff != "" {
				t.Errorf("lastModifiedTime (-want +got):\n%s", diff)
			}
			if next.SMSSegments != test.segments {
				t.Errorf("smsSegments is %d, want %d", next.SMSSegments, test.segments)
			}
			if diff := cmp.Diff(next, OfTemplate(next, facts, later)); diff != "" {
				t.Errorf("the same facts an hour later change the status:\n%s", diff)
			}
		})
	}
}

// TestConflictIsReadAtReady: whoever looks at Ready alone reads where to find who fires.
// The sentence itself is there once.
func TestConflictIsReadAtReady(t *testing.T) {
	facts := programmed()
	facts.Conflicted = Yes("ActionConflict", "Action \"a\" of EventTemplate \"other\" fires.")
	for _, replicas := range []int32{1, 0} { // that run it
		facts.Document.Programmed = replicas
		conditions := OfTemplate(v1alpha1.EventTemplateStatus{}, facts, noon).Conditions
		wanted := map[string][2]bool{ // the sentence, the hint
			v1alpha1.ConditionConflicted: {true, false}, v1alpha1.ConditionProgrammed: {false, false}, v1alpha1.ConditionReady: {false, true},
		}
		if replicas == 0 {
			wanted[v1alpha1.ConditionReconciling] = [2]bool{false, true}
		}
		for kind, want := range wanted {
			message := meta.FindStatusCondition(conditions, kind).Message
			if got := [2]bool{strings.Contains(message, facts.Conflicted.Message), strings.Contains(message, "see the condition Conflicted")}; got != want {
				t.Errorf("run by %d, %s says %q", replicas, kind, message)
			}
		}
	}
}

func TestEveryTemplateStatusIsLegal(t *testing.T) {
	findings := []Finding{Yes("A", "A."), No("B", "B."), Stuck("C", "C."), Unknown("D", "D.")}
	var former v1alpha1.EventTemplateStatus
	for _, accepted := range findings {
		for _, resolved := range findings[:2] {
			for _, database := range findings {
				for bits := range 32 {
					facts := Template{Profile: Profile{
						Generation: 2, LiveGeneration: int64(2 - bits&1), Document: Document{Known: bits&2 != 0},
						Accepted: accepted, ResolvedRefs: resolved, Database: database,
					}}
					if bits&16 != 0 {
						facts.Document = programmed().Document
					}
					if bits&4 != 0 {
						facts.Conflicted = Yes("E", "E.")
					}
					if bits&8 != 0 {
						facts.Blocked = Stuck("F", "F.")
					}
					former = OfTemplate(former, facts, noon)
					checkLegal(t, &v1alpha1.EventTemplate{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: former}, former.Conditions)
				}
			}
		}
	}
}

// TestRoutingDigest is kept while nobody knows what is live.
func TestRoutingDigest(t *testing.T) {
	facts := running()
	first := OfTenant(v1alpha1.TenantStatus{}, facts, noon)
	facts.Routing, facts.Document.Asked = Document{}, false
	kept := OfTenant(first, facts, noon)
	facts.Routing = Document{Known: true, Digest: "sha256:r2"}
	next := OfTenant(kept, facts, noon)
	got := []string{first.Config.RoutingDigest, kept.Config.RoutingDigest, next.Config.RoutingDigest}
	if diff := cmp.Diff([]string{"sha256:r1", "sha256:r1", "sha256:r2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if next.Config.SettingsDigest != "sha256:1" || *next.Config.ProgrammedReplicas != 4 {
		t.Errorf("config: %+v", next.Config)
	}
}
