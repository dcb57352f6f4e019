package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var (
	noon  = metav1.NewTime(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	later = metav1.NewTime(noon.Add(time.Hour))
)

// running is a tenant of which everything is as it should be.
func running() Tenant {
	return Tenant{
		Generation: 3, LiveGeneration: 3, LiveURL: "https://my.acme.example", Version: "v1",
		Accepted: Yes("Accepted", "Yes."), ResolvedRefs: Yes("Resolved", "Yes."), Database: Yes(ReasonPrepared, "Yes."),
		Portal: Yes(ReasonAvailable, "Yes."), Backoffice: Yes(ReasonAvailable, "Yes."), Dispatcher: Yes(ReasonAvailable, "Yes."),
		Document: Document{Known: true, Asked: true, Digest: "sha256:1", Replicas: 4, Programmed: 4}, Programmed: 4,
		Routing:  Document{Known: true, Asked: true, Digest: "sha256:r1", Replicas: 1, Programmed: 1},
		Delivery: v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryHold},
		Accounts: ptr.To(int64(7)),
	}
}

func TestOfTenant(t *testing.T) {
	ready := OfTenant(v1alpha1.TenantStatus{}, running(), noon)
	for name, test := range map[string]struct {
		former v1alpha1.TenantStatus
		change func(*Tenant)
		want   map[string]string // condition -> status/reason
	}{
		"everything runs": {
			change: func(*Tenant) {},
			want:   map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed", "Reconciling": "", "Stalled": ""},
		},
		"refused, and an older generation is live": {
			former: ready,
			change: func(t *Tenant) { t.Generation, t.Accepted = 4, Stuck("Invalid", "No.") },
			want:   map[string]string{"Ready": "False/Invalid", "Programmed": "False/NotAccepted", "Stalled": "True/Invalid"},
		},
		"first install waits for the database": {
			change: func(t *Tenant) {
				t.Database, t.LiveGeneration, t.Document = No(ReasonPreparing, "Soon."), 0, Document{}
			},
			want: map[string]string{"Ready": "False/Preparing", "Programmed": "False/DatabaseNotReady", "Reconciling": "True/Preparing"},
		},
		"the database is away": {
			former: ready,
			change: func(t *Tenant) { t.Database, t.Document.Asked = No(ReasonUnreachable, "Away."), false },
			want:   map[string]string{"Ready": "False/Unreachable", "Programmed": "Unknown/DatabaseUnreachable", "Reconciling": "True/Unreachable"},
		},
		"a deleted profile is still used": {
			former: ready,
			change: func(t *Tenant) {
				t.Orphaned = []v1alpha1.OrphanedProfile{{Kind: "AccountProfile", Name: "old", Accounts: ptr.To(int64(3))}}
			},
			want: map[string]string{"Ready": "True/Ready", "OrphanedProfiles": "True/OrphanedProfiles"},
		},
		"restarted, and the database was not asked yet": {
			former: ready,
			change: func(t *Tenant) {
				t.Document.Asked, t.Document.Starting = false, true
				t.Routing.Asked, t.Routing.Starting = false, true
			},
			want: map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
		},
		"an edit is on its way": {
			former: ready,
			change: func(t *Tenant) { t.Document.Programmed, t.Document.Pending = 1, time.Second },
			want:   map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
		},
		"a replica takes long": {
			former: ready,
			change: func(t *Tenant) { t.Document.Programmed, t.Document.Pending = 1, time.Minute },
			want:   map[string]string{"Ready": "False/Pending", "Programmed": "False/Pending", "Reconciling": "True/Pending"},
		},
		"its own edit is on its way": {
			former: ready,
			change: func(t *Tenant) { t.Generation, t.LiveGeneration, t.Document.Programmed = 4, 4, 1 },
			want:   map[string]string{"Ready": "False/Pending", "Programmed": "False/Pending"},
		},
		"a replica cannot load it": {
			former: ready,
			change: func(t *Tenant) { t.Document.Programmed, t.Document.Failure = 1, "runes" },
			want:   map[string]string{"Ready": "False/LoadFailed", "Programmed": "False/LoadFailed"},
		},
		"nobody runs it": {
			former: ready,
			change: func(t *Tenant) { t.Document.Replicas, t.Document.Programmed, t.Document.Missing = 0, 0, "portal" },
			want:   map[string]string{"Ready": "False/NoReadyReplica", "Programmed": "False/NoReadyReplica"},
		},
		"templates are on their way": {
			former: ready,
			change: func(t *Tenant) { t.Routing.Programmed, t.Routing.Pending = 0, time.Second },
			want:   map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
		},
		"a dispatcher takes long to load templates": {
			former: ready,
			change: func(t *Tenant) { t.Routing.Programmed, t.Routing.Pending = 0, time.Minute },
			want:   map[string]string{"Ready": "False/Pending", "Programmed": "False/Pending", "Reconciling": "True/Pending"},
		},
		"a dispatcher cannot load templates": {
			former: ready,
			change: func(t *Tenant) { t.Routing.Programmed, t.Routing.Failure = 0, "runes" },
			want:   map[string]string{"Ready": "False/LoadFailed", "Programmed": "False/LoadFailed"},
		},
		"there is no dispatcher": {
			former: ready,
			change: func(t *Tenant) {
				t.Dispatcher = No(ReasonNoReadyReplica, "None.")
				t.Routing.Replicas, t.Routing.Programmed, t.Routing.Missing = 0, 0, "dispatcher"
			},
			want: map[string]string{"Ready": "False/NoReadyReplica", "Programmed": "False/NoReadyReplica", "DispatcherAvailable": "False/NoReadyReplica"},
		},
		"nothing is known of the templates": { // which the Tenant notes elsewhere
			former: ready,
			change: func(t *Tenant) { t.Routing = Document{Asked: true} },
			want:   map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
		},
		"a Secret of a channel is missing": {
			former: ready,
			change: func(t *Tenant) { t.Secrets = No("RefNotFound", "None.") },
			want: map[string]string{"Ready": "False/RefNotFound", "ResolvedRefs": "False/RefNotFound", "Programmed": "True/Programmed",
				"Reconciling": "True/RefNotFound", "Stalled": ""},
		},
		"a Secret is missing of what is not live yet": {
			change: func(t *Tenant) { t.Generation, t.Secrets = 4, No("RefNotFound", "None.") },
			want:   map[string]string{"Ready": "False/Pending", "ResolvedRefs": "False/RefNotFound", "Programmed": "False/Pending"},
		},
		"a Secret is missing of what is refused": {
			change: func(t *Tenant) { t.ResolvedRefs, t.Secrets = No("Other", "No."), No("RefNotFound", "None.") },
			want:   map[string]string{"ResolvedRefs": "False/Other"},
		},
		"paused, and nothing waits": {
			former: ready,
			change: func(t *Tenant) { t.Generation, t.Paused = 4, true },
			want:   map[string]string{"Ready": "True/Paused", "Programmed": "True/Programmed"},
		},
		"paused since before dispatchers": {
			former: ready,
			change: func(t *Tenant) {
				t.Generation, t.Paused, t.Undispatched = 4, true, true
				t.Dispatcher = No(ReasonNotDeployed, "Not yet.")
				t.Routing = Document{Known: true, Asked: true, Digest: "r"}
			},
			want: map[string]string{"Ready": "True/Paused", "Programmed": "True/Programmed", "DispatcherAvailable": "False/NotDeployed"},
		},
		"paused, and something waits": {
			former: ready,
			change: func(t *Tenant) { t.Generation, t.Paused, t.Waiting = 4, true, true },
			want:   map[string]string{"Ready": "False/Paused", "Stalled": "True/Paused"},
		},
		"an object is in the way": {
			change: func(t *Tenant) { t.Foreign = Stuck(ReasonForeignObject, "There.") },
			want:   map[string]string{"Ready": "False/ForeignObject", "Stalled": "True/ForeignObject"},
		},
		"the document is lost": {
			former: ready,
			change: func(t *Tenant) { t.Document, t.LiveGeneration = Document{}, 0 },
			want:   map[string]string{"Programmed": "Unknown/DatabaseUnreachable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts := running()
			test.change(&facts)
			next := OfTenant(test.former, facts, noon)
			compare(t, next.Conditions, test.want)
			again := OfTenant(next, facts, later)
			if diff := cmp.Diff(next, again); diff != "" {
				t.Errorf("the same facts an hour later change the status:\n%s", diff)
			}
		})
	}
}

// TestKeptIsSaidOnce: which pods a tenant keeps stands behind what keeps it from being Ready, and
// not behind what is said of the rollout, which each pass takes from the last status again.
func TestKeptIsSaidOnce(t *testing.T) {
	const kept = "Its pods stay those of release v1."
	for name, test := range map[string]struct {
		change func(*Tenant)
		want   string
	}{
		"it is Ready":        {func(*Tenant) {}, "The portal, the backoffice and the dispatcher run what is declared."},
		"it is refused":      {func(t *Tenant) { t.Accepted = Stuck("Invalid", "No.") }, "No. " + kept},
		"its rollout failed": {func(t *Tenant) { t.Rollout = Stuck(ReasonRolloutFailed, "Too late.") }, "Too late."},
	} {
		found := running()
		found.Kept = kept
		test.change(&found)
		got := OfTenant(v1alpha1.TenantStatus{}, found, noon)
		if ready := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady); ready.Message != test.want {
			t.Errorf("%s: Ready says %q", name, ready.Message)
		}
	}
}

func TestOfTenantKeepsWhatIsUnknown(t *testing.T) {
	ready := OfTenant(v1alpha1.TenantStatus{}, running(), noon)
	facts := running()
	facts.Document, facts.Accounts, facts.LiveGeneration, facts.LiveURL, facts.Version = Document{}, nil, 0, "", ""
	facts.Delivery = v1alpha1.DeliveryStatus{}
	next := OfTenant(ready, facts, later)
	if next.LiveGeneration != 3 || next.PortalURL != ready.PortalURL || *next.Accounts != 7 || next.Version != "v1" ||
		next.Config.SettingsDigest != "sha256:1" || next.Delivery.Mode != v1alpha1.DeliveryHold {
		t.Errorf("something was forgotten: %+v", next)
	}
}

func TestOfAccountProfile(t *testing.T) {
	standard := []v1alpha1.EventStatus{{Event: "invoice.issued", Source: v1alpha1.MessagesStandard}}
	own := []v1alpha1.EventStatus{{Event: "invoice.issued", Source: v1alpha1.MessagesOfTemplate, Templates: []string{"issued"}}}
	former := v1alpha1.AccountProfileStatus{LiveGeneration: 2, Events: standard, Accounts: ptr.To(int64(7))}
	for name, test := range map[string]struct {
		live         int64
		events, want []v1alpha1.EventStatus
	}{
		"a template came":    {2, own, own},
		"nobody can tell":    {2, nil, standard},
		"it is not live any": {0, standard, nil},
	} {
		facts := Profile{
			Generation: 2, LiveGeneration: test.live, Accepted: Yes("Accepted", "Yes."), ResolvedRefs: Yes("Resolved", "Yes."),
			Database: Yes(ReasonPrepared, "Yes."), Document: Document{Known: true, Asked: true, Digest: "sha256:1", Replicas: 3, Programmed: 3},
		}
		next := OfAccountProfile(former, facts, test.events, noon)
		if diff := cmp.Diff(test.want, next.Events); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if next.ObservedGeneration != 2 || next.LiveGeneration != test.live || *next.Accounts != 7 || len(next.Conditions) < 4 {
			t.Errorf("%s: %+v", name, next)
		}
	}
}

func TestOfProfile(t *testing.T) {
	running := Profile{
		Generation: 2, LiveGeneration: 2,
		Accepted: Yes("Accepted", "Yes."), ResolvedRefs: Yes("Resolved", "Yes."), Database: Yes(ReasonPrepared, "Yes."),
		Document: Document{Known: true, Asked: true, Digest: "sha256:1", Replicas: 3, Programmed: 3},
	}
	ready := OfProfile(ProfileStatus{}, running, noon)
	for name, test := range map[string]struct {
		former   ProfileStatus
		change   func(*Profile)
		want     map[string]string
		modified *metav1.Time
	}{
		"live everywhere": {
			change:   func(*Profile) {},
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
			modified: &noon,
		},
		"an edit is on its way": {
			former:   ready,
			change:   func(p *Profile) { p.Generation, p.LiveGeneration, p.Document.Programmed = 3, 3, 1 },
			want:     map[string]string{"Ready": "False/Pending", "Reconciling": "True/Pending"},
			modified: &noon,
		},
		"an edit of another object is on its way": {
			former:   ready,
			change:   func(p *Profile) { p.Document.Programmed, p.Document.Pending = 1, time.Hour },
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
			modified: &noon,
		},
		"the database is away, and nothing was edited": {
			former:   ready,
			change:   func(p *Profile) { p.Document.Asked, p.Database = false, No(ReasonUnreachable, "Away.") },
			want:     map[string]string{"Ready": "True/Ready", "Programmed": "True/Programmed"},
			modified: &noon,
		},
		"the database is away during an edit": {
			former: ready,
			change: func(p *Profile) {
				p.Generation, p.Document.Asked, p.Database = 3, false, No(ReasonUnreachable, "Away.")
			},
			want:     map[string]string{"Ready": "False/DatabaseUnreachable", "Programmed": "Unknown/DatabaseUnreachable"},
			modified: &noon,
		},
		"refused": {
			former:   ready,
			change:   func(p *Profile) { p.Generation, p.Accepted = 3, Stuck("Invalid", "No.") },
			want:     map[string]string{"Ready": "False/Invalid", "Programmed": "False/NotAccepted", "Stalled": "True/Invalid"},
			modified: &noon,
		},
		"names what does not exist": {
			change: func(p *Profile) { p.LiveGeneration, p.ResolvedRefs = 0, No("RefNotFound", "No.") },
			want:   map[string]string{"Ready": "False/RefNotFound", "Programmed": "False/NotAccepted", "Reconciling": "True/RefNotFound"},
		},
		"a replica cannot load it": {
			former: ready,
			change: func(p *Profile) {
				p.Generation, p.LiveGeneration, p.Document.Programmed, p.Document.Failure = 3, 3, 1, "runes"
			},
			want:     map[string]string{"Ready": "False/LoadFailed"},
			modified: &noon,
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts := running
			test.change(&facts)
			next := OfProfile(test.former, facts, noon)
			compare(t, next.Conditions, test.want)
			if diff := cmp.Diff(test.modified, next.LastModifiedTime); diff != "" {
				t.Errorf("lastModifiedTime (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(next, OfProfile(next, facts, later)); diff != "" {
				t.Errorf("the same facts an hour later change the status:\n%s", diff)
			}
		})
	}
}

func TestLiveGenerationSetsTheTime(t *testing.T) {
	facts := Profile{
		Generation: 1, LiveGeneration: 1, Accepted: Yes("A", "A."), ResolvedRefs: Yes("A", "A."), Database: Yes("A", "A."),
		Document: Document{Known: true, Asked: true, Digest: "sha256:1", Replicas: 2, Programmed: 2},
	}
	first := OfProfile(ProfileStatus{}, facts, noon)
	facts.Generation, facts.LiveGeneration = 2, 2
	if second := OfProfile(first, facts, later); !second.LastModifiedTime.Equal(&later) {
		t.Errorf("lastModifiedTime is %v, the generation went live at %v", second.LastModifiedTime, later)
	}
}

func TestSentence(t *testing.T) {
	for message, want := range map[string]string{
		"the server is away":             "The server is away.",
		"It is.":                         "It is.",
		"été: no such profile":           "Été: no such profile.",
		"spec.portal.hostname: is taken": "spec.portal.hostname: is taken.",
		"":                               "",
	} {
		if got := Sentence(message); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", message, got, want)
		}
	}
}

// TestEveryStatusIsLegal goes through all combinations of facts, one status following
// on another.
func TestEveryStatusIsLegal(t *testing.T) {
	findings := []Finding{Yes("A", "A."), No("B", "B."), Stuck("C", "C."), Unknown("D", "D.")}
	documents := []Document{
		{}, {Known: true}, {Known: true, Digest: "d"}, {Known: true, Digest: "d", Asked: true, Missing: "portal"},
		{Known: true, Digest: "d", Asked: true, Replicas: 2, Programmed: 1}, {Known: true, Digest: "d", Asked: true, Replicas: 2, Programmed: 2},
		{Known: true, Digest: "d", Asked: true, Replicas: 2, Programmed: 1, Failure: "f"}, {Known: true, Digest: "d", Starting: true},
	}
	var tenant v1alpha1.TenantStatus
	var profile v1alpha1.AccountProfileStatus
	events := []v1alpha1.EventStatus{{Event: "invoice.issued", Source: v1alpha1.MessagesStandard}}
	for _, accepted := range findings {
		for _, database := range findings {
			for _, available := range findings {
				for _, document := range documents {
					for bits := range 8 {
						live := int64(2 - bits&1)
						facts := Tenant{
							Generation: 2, LiveGeneration: live, Accepted: accepted, ResolvedRefs: findings[0], Database: database,
							Portal: available, Backoffice: findings[0], Dispatcher: available, Document: document,
							Routing: documents[bits], Paused: bits&2 != 0, Waiting: bits&4 != 0,
						}
						if bits == 5 {
							facts.Secrets = findings[1]
						}
						tenant = OfTenant(tenant, facts, noon)
						checkLegal(t, &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: tenant}, tenant.Conditions)
						profile = OfAccountProfile(profile, Profile{
							Generation: 2, LiveGeneration: live, Accepted: accepted, ResolvedRefs: available, Database: database, Document: document,
						}, events, noon)
						checkLegal(t, &v1alpha1.AccountProfile{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: profile}, profile.Conditions)
					}
				}
			}
		}
	}
}

func checkLegal(t *testing.T, o client.Object, conditions []metav1.Condition) {
	t.Helper()
	if err := kube.LegalStatus(o); err != nil {
		t.Fatalf("%v: %+v", err, conditions)
	}
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	active := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling) != nil ||
		meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled) != nil
	if ready == active {
		t.Fatalf("ready=%t, and Reconciling or Stalled is there: %t: %+v", ready, active, conditions)
	}
}

func compare(t *testing.T, conditions []metav1.Condition, want map[string]string) {
	t.Helper()
	for kind, wanted := range want {
		got := ""
		if c := meta.FindStatusCondition(conditions, kind); c != nil {
			got = string(c.Status) + "/" + c.Reason
		}
		if got != wanted {
			t.Errorf("%s is %q, want %q", kind, got, wanted)
		}
	}
}
