package status

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Tenant is what a pass has found of a Tenant.
type Tenant struct {
	Generation   int64
	Accepted     Finding
	ResolvedRefs Finding
	Database     Finding
	// Secrets is about those that the Tenant names and that are missing, or lack a key; a
	// zero Finding if none is. What is declared goes live all the same.
	Secrets Finding
	// Portal, Backoffice and Dispatcher say whether they have a ready replica.
	Portal, Backoffice, Dispatcher Finding
	// Exposed says whether the sites are reached from outside the cluster; a zero Finding if
	// the Tenant does not ask for that.
	Exposed Finding
	// Rollout is how far the pods are with this release, where that is to be told; a zero
	// Finding if it is not.
	Rollout Finding
	// Kept says that the pods do not get this release as long as the Tenant is not Ready; empty:
	// that is not so.
	Kept string
	// Contested is about objects that somebody else changes again and again; a zero Finding if
	// nobody does.
	Contested Finding
	// Foreign is about an object that is in the way; a zero Finding if there is none.
	Foreign Finding
	// Stopped: it keeps everything from going live, so nobody can say what is.
	Stopped bool
	// Paused, and Waiting: something declared is not live because of it.
	Paused, Waiting bool
	// Undispatched: it is paused since a release that had no dispatchers.
	Undispatched bool

	// LiveGeneration is the generation in the live document, LiveURL its portal's.
	LiveGeneration int64
	LiveURL        string
	// LiveAPIURL is the address of the integration API by the live document; empty: none.
	LiveAPIURL string
	// Delivery is what becomes of notifications, by the live document.
	Delivery v1alpha1.DeliveryStatus
	Document Document
	// Routing is the routing document, which dispatchers run beside the other one.
	Routing Document
	// Programmed are the ready replicas that run all that they read.
	Programmed int32

	Version  string // empty: the workloads were not looked at
	Accounts *int64 // nil: unknown, the last count stays
	Default  v1alpha1.DefaultAccountProfileStatus
	Prepared *v1alpha1.DatabaseStatus // nil: not known now, the last stays
	Orphaned []v1alpha1.OrphanedProfile
	Rejected int32
}

// OfTenant returns the status of a Tenant.
func OfTenant(old v1alpha1.TenantStatus, t Tenant, now metav1.Time) v1alpha1.TenantStatus {
	next := *old.DeepCopy()
	next.ObservedGeneration = t.Generation
	if t.Version != "" {
		next.Version = t.Version
	}
	if t.Accounts != nil {
		next.Accounts = t.Accounts
	}
	if t.Prepared != nil {
		next.Database = *t.Prepared
	}
	if t.Document.Known && t.Routing.Known || old.LiveGeneration == 0 {
		next.Rejected = ptr.To(t.Rejected)
	}
	if (t.Document.Known || old.LiveGeneration == 0) && t.Default.Name != "" {
		next.DefaultAccountProfile = t.Default
	}
	if t.Document.Known {
		next.LiveGeneration = t.LiveGeneration
		next.PortalURL = t.LiveURL
		next.APIURL = t.LiveAPIURL
		next.Delivery = t.Delivery
		next.OrphanedProfiles = t.Orphaned
		next.Config = t.config(old.Config)
	}
	next.Conditions = t.conditions(old, next.OrphanedProfiles, now)
	return next
}

// OfLeaving is the status of a Tenant that is being deleted, and its data first. Nothing
// else is known of it any more.
func OfLeaving(old v1alpha1.TenantStatus, generation int64, farewell Finding, now metav1.Time) v1alpha1.TenantStatus {
	next := *old.DeepCopy()
	next.ObservedGeneration = generation
	c := &conditions{former: old.Conditions, generation: generation, now: now}
	c.add(v1alpha1.ConditionDatabaseReady, farewell)
	c.finish(farewell, farewell)
	next.Conditions = c.list
	return next
}

func (t Tenant) config(old v1alpha1.ConfigStatus) v1alpha1.ConfigStatus {
	d := t.Document
	if d.Digest == "" {
		return v1alpha1.ConfigStatus{}
	}
	next := old
	if d.Asked || old.SettingsDigest != d.Digest {
		next.SettingsDigest = d.Digest
		next.Replicas = ptr.To(d.Replicas)
		next.ProgrammedReplicas = ptr.To(t.Programmed)
	}
	if t.Routing.Known {
		next.RoutingDigest = t.Routing.Digest
	}
	return next
}

func (t Tenant) conditions(old v1alpha1.TenantStatus, orphans []v1alpha1.OrphanedProfile, now metav1.Time) []metav1.Condition {
	programmed, resolved := t.programmed(old), t.ResolvedRefs
	if resolved.IsTrue() && t.Secrets.Reason != "" {
		resolved = t.Secrets
	}
	c := &conditions{former: old.Conditions, generation: t.Generation, now: now}
	c.add(v1alpha1.ConditionAccepted, t.Accepted)
	c.add(v1alpha1.ConditionResolvedRefs, resolved)
	c.add(v1alpha1.ConditionDatabaseReady, t.Database)
	c.add(v1alpha1.ConditionProgrammed, programmed)
	c.add(v1alpha1.ConditionPortalAvailable, t.Portal)
	c.add(v1alpha1.ConditionBackofficeAvailable, t.Backoffice)
	c.add(v1alpha1.ConditionDispatcherAvailable, t.Dispatcher)
	if t.Exposed.Reason != "" {
		c.add(v1alpha1.ConditionExposed, t.Exposed)
	}
	if len(orphans) > 0 {
		c.add(v1alpha1.ConditionOrphanedProfiles, orphaned(orphans))
	}

	ready := Yes(ReasonReady, "The portal, the backoffice and the dispatcher run what is declared.")
	if t.Rollout.IsTrue() {
		ready = t.Rollout
	}
	if t.Paused {
		ready = Yes(ReasonPaused, "The tenant runs and is paused: nothing is changed until spec.state is Active.")
	}
	findings := t.findings(programmed, resolved)
	if t.Undispatched {
		ready.Message += " It has no dispatcher until then, which came with a later release than it runs: nothing is sent."
		findings = slices.DeleteFunc(findings, func(f Finding) bool { return f == t.Dispatcher })
	}
	if t.Paused && t.Waiting { // before anything else: it explains the rest
		findings = append([]Finding{t.pausedFinding()}, findings...)
	}
	for i, f := range findings {
		if t.Kept != "" && !OfRollout(f.Reason) { // which says itself what becomes of the pods
			findings[i].Message += " " + t.Kept
		}
	}
	c.finish(ready, findings...)
	return c.list
}

// findings are those that must be True for the Tenant to be Ready. The first that is not
// explains most.
func (t Tenant) findings(programmed, resolved Finding) []Finding {
	list := []Finding{t.Accepted, t.ResolvedRefs, t.Database}
	if t.Rollout.Reason != "" && !t.Rollout.IsTrue() { // it is why there is no ready replica
		list = append(list, t.Rollout)
	}
	if t.Foreign.Reason != "" { // customers may have what is declared all the same
		list = append(list, t.Foreign)
	}
	list = append(list, programmed, t.Portal, t.Backoffice, t.Dispatcher, resolved)
	for _, f := range []Finding{t.Exposed, t.Contested} {
		if f.Reason != "" {
			list = append(list, f)
		}
	}
	return list
}

// maxNamed bounds the profiles that a sentence names.
const maxNamed = 10

// orphaned says which deleted profiles are kept. The counts are in the status alone,
// because they change by themselves.
func orphaned(profiles []v1alpha1.OrphanedProfile) Finding {
	var names []string
	for _, p := range profiles[:min(len(profiles), maxNamed)] {
		names = append(names, fmt.Sprintf("%s %q", p.Kind, p.Name))
	}
	if more := len(profiles) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return Yes(ReasonOrphanedProfiles, "Deleted, and kept for what still uses them by name: "+strings.Join(names, ", ")+
		". Assign another profile there, or create one of the same name; status.orphanedProfiles counts the accounts.")
}

func (t Tenant) pausedFinding() Finding {
	return Stuck(ReasonPaused, "The tenant is paused, and something declared is not live: set spec.state to Active.")
}

// programmed says whether this generation is what the replicas run.
func (t Tenant) programmed(old v1alpha1.TenantStatus) Finding {
	live := t.LiveGeneration == t.Generation || t.Paused && !t.Waiting
	switch {
	case t.Stopped:
		return t.Foreign
	case t.Document.Known && t.Document.Digest != "" && live:
		return t.spread(formerOfTenant(old, t.Generation))
	case t.Foreign.Reason != "":
		return t.Foreign
	case !t.Document.Known && old.LiveGeneration != 0:
		return lost()
	case t.Paused:
		return t.pausedFinding()
	case !t.Accepted.IsTrue() || !t.ResolvedRefs.IsTrue():
		return notLive(t.LiveGeneration)
	case !t.Database.IsTrue():
		return databaseFirst(t.Database)
	default:
		return pending()
	}
}

// spread says how far the live documents have come. Nothing is said of a routing document
// that cannot be written or read: the Tenant notes that elsewhere.
func (t Tenant) spread(former Finding) Finding {
	settings := t.Document.ofTenant(former)
	if !settings.IsTrue() || !t.Routing.Known || t.Routing.Digest == "" || t.Undispatched {
		return settings
	}
	return t.Routing.ofTenant(former)
}

// formerOfTenant is what was said of Programmed. It counts for a new generation of a
// paused tenant too, which changes nothing.
func formerOfTenant(old v1alpha1.TenantStatus, generation int64) Finding {
	if f := formerProgrammed(old.Conditions, generation, old.LiveGeneration); f.Status != "" {
		return f
	}
	f, _ := Former(old.Conditions, v1alpha1.ConditionProgrammed)
	if old.LiveGeneration < generation && f.Reason == ReasonProgrammed {
		return Finding{}
	}
	return f
}

func notLive(liveGeneration int64) Finding {
	if liveGeneration == 0 {
		return No(ReasonNotAccepted, "Nothing of it is live: this generation was not accepted, and none was before.")
	}
	return No(ReasonNotAccepted, "The last accepted generation stays live: this one was not accepted.")
}

// databaseFirst explains why something acceptable is not live.
func databaseFirst(database Finding) Finding {
	if database.Reason == ReasonUnreachable {
		return Unknown(ReasonDatabaseUnreachable, "It goes live when the database answers: a configuration is kept there before customers get it.")
	}
	return No(ReasonDatabaseNotReady, "It goes live when the tenant's database is ready.")
}
