package controllers

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// timePrecision is that of times in the API.
const timePrecision = time.Second

// maxOrphans is the longest list of orphaned profiles that a status holds.
const maxOrphans = 64

// tenantFacts collects what the pass has found of the Tenant.
func (p *pass) tenantFacts(former v1alpha1.TenantStatus) status.Tenant {
	known := p.known(&p.settings) && p.known(&p.routing)
	accepted, resolved := p.findings(p.output.Tenant, p.tenant.Generation, former.Conditions, known)
	facts := status.Tenant{
		Generation:     p.tenant.Generation,
		Accepted:       p.noteRouting(accepted),
		ResolvedRefs:   resolved,
		Database:       p.databaseFinding(former.Conditions),
		Portal:         p.available[provision.Portal],
		Backoffice:     p.available[provision.Backoffice],
		Dispatcher:     p.available[provision.Dispatcher],
		Exposed:        p.exposure.found,
		Secrets:        p.secrets,
		Foreign:        p.foreign,
		Rollout:        p.rollout,
		Kept:           p.turn.kept,
		Contested:      p.contested,
		Paused:         p.paused(),
		Waiting:        p.output.Waiting,
		LiveGeneration: entry(p.settings.entries[kindTenant], p.tenant),
		Document:       p.replicas,
		Routing:        p.dispatchers,
		Programmed:     p.replicas.Replicas - int32(len(p.behind())), //nolint:gosec // a tenant has at most 150 pods
		Prepared:       p.database.prepared,
		Default: v1alpha1.DefaultAccountProfileStatus{
			Name: p.output.Default.Name, Source: p.output.Default.Source,
		},
		Orphaned: p.orphaned(former.OrphanedProfiles),
		Rejected: p.rejected(),
		Version:  p.version,

		Undispatched: p.undispatched(),
	}
	if stopped := p.stopped(); stopped.Reason != "" {
		facts.Foreign, facts.Stopped = stopped, true
	}
	if p.memory.usage != nil {
		facts.Accounts = ptr.To(p.memory.usage.Accounts)
	}
	if live := p.liveTenant(); live.Hostname != "" {
		facts.LiveURL = index.URL(live.Hostname)
		if live.APIHostname != "" {
			facts.LiveAPIURL = index.URL(live.APIHostname)
		}
		facts.Delivery = p.deliveryOf(live)
	}
	return facts
}

// deliveryOf says what becomes of a tenant's notifications, with the default. While the
// database cannot say whether they are held, that is what it last said.
func (p *pass) deliveryOf(live config.Tenant) v1alpha1.DeliveryStatus {
	if last := p.tenant.Status.Delivery; !p.database.ready && last.Mode == v1alpha1.DeliveryHold {
		return last
	}
	said := v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryMode(cmp.Or(live.Delivery.Mode, config.DeliveryHold)), MaxPerHour: live.Delivery.MaxPerHour}
	if p.database.adopted {
		said.Mode = v1alpha1.DeliveryHold
	}
	if said.Mode == v1alpha1.DeliveryRedirect {
		said.RedirectTo = v1alpha1.EmailAddress(live.Delivery.RedirectTo)
	}
	return said
}

// undispatched says whether a tenant has no dispatcher because it is paused since a release
// that had none: that is how it was left, and nothing that is broken.
func (p *pass) undispatched() bool {
	return p.paused() && ptr.Deref(p.tenant.Status.Database.SchemaVersion, store.RequiredSchemaVersion) < store.RequiredSchemaVersion &&
		p.available[provision.Dispatcher].Reason == status.ReasonNotDeployed
}

var newerFinding = status.Stuck(status.ReasonForeignObject,
	"A newer release of Foyer has written the live configuration, so this one changes nothing: upgrade the operator.")

// blocked is why a document cannot be written; a zero Finding if it can.
func (p *pass) blocked(d *document) status.Finding {
	return cmp.Or(p.stopped(), d.blocked, p.settings.blocked) // what goes live second waits for the first
}

// databaseFinding is what the status says of the database. What was said stays while
// the pass has not found out.
func (p *pass) databaseFinding(former []metav1.Condition) status.Finding {
	if p.database.starting {
		said, ok := status.Former(former, v1alpha1.ConditionDatabaseReady)
		if ok && !(p.database.tenant != nil && ofServer(said.Reason)) {
			return said
		}
	}
	return p.database.finding
}

// ofServer says whether a reason is about the server or what it gives a tenant, which is over
// when it answers and the tenant is not looked at.
func ofServer(reason string) bool {
	return slices.Contains([]string{status.ReasonUnreachable, status.ReasonServerNotFound, status.ReasonInvalidServer, status.ReasonTooManyConnections}, reason)
}

// orphaned lists the deleted profiles that are kept. While nothing was counted yet,
// the former counts stay.
func (p *pass) orphaned(former []v1alpha1.OrphanedProfile) []v1alpha1.OrphanedProfile {
	counted := map[string]*int64{}
	for _, o := range former {
		counted[o.Kind+"/"+o.Name] = o.Accounts
	}
	var list []v1alpha1.OrphanedProfile
	for _, o := range p.output.Orphaned {
		if len(list) == maxOrphans {
			break
		}
		if p.memory.usage == nil {
			o.Accounts = counted[o.Kind+"/"+o.Name]
		}
		list = append(list, v1alpha1.OrphanedProfile{Kind: o.Kind, Name: o.Name, Accounts: o.Accounts})
	}
	return list
}

// rejected counts the profiles and templates of which the newest generation was refused.
func (p *pass) rejected() int32 {
	var count int32
	for _, outcomes := range []map[string]compile.Outcome{p.output.AccountProfiles, p.output.MyAccountProfiles, p.output.EventTemplates} {
		for _, outcome := range outcomes {
			if outcome.Refused() {
				count++
			}
		}
	}
	return count
}

// profileFacts collects what the pass has found of a profile.
func (p *pass) profileFacts(o client.Object, former []metav1.Condition, outcome compile.Outcome, kind string) status.Profile {
	accepted, resolved := p.findings(outcome, o.GetGeneration(), former, p.known(&p.settings))
	if mine, ok := o.(*v1alpha1.MyAccountProfile); ok && p.memory.usage == nil {
		accepted = keepCounted(accepted, mine, former)
	}
	return status.Profile{
		Generation:     o.GetGeneration(),
		Accepted:       accepted,
		ResolvedRefs:   resolved,
		LiveGeneration: entry(p.settings.entries[kind], o),
		Document:       p.replicas,
		Accounts:       outcome.Accounts,
		Database:       p.database.finding,
		Blocked:        p.blocked(&p.settings),
	}
}

// profileEvents tells where the messages come from that people of a profile's accounts get;
// nil: nobody can tell, as while what was compiled could not be written.
func (p *pass) profileEvents(o *v1alpha1.AccountProfile) []v1alpha1.EventStatus {
	live := p.known(&p.settings) && p.output.Digest == p.settings.digest &&
		p.known(&p.routing) && p.output.RoutingDigest == p.routing.digest
	if !live {
		return nil
	}
	return p.output.AccountProfiles[o.Name].Events
}

// templateFacts collects what the pass has found of an event template.
func (p *pass) templateFacts(o *v1alpha1.EventTemplate, former []metav1.Condition) status.Template {
	outcome := p.output.EventTemplates[o.Name]
	known := p.known(&p.settings) && p.known(&p.routing)
	facts := status.Template{Profile: status.Profile{
		Generation:     o.Generation,
		LiveGeneration: entry(p.routing.entries[kindEventTemplate], o),
		Document:       p.dispatchers,
		Database:       p.database.finding,
		Blocked:        p.blocked(&p.routing),
	}}
	facts.Document.Known = p.tenant == nil || p.known(&p.routing) && p.routing.inPlace()
	facts.Accepted, facts.ResolvedRefs = p.findings(outcome, o.Generation, former, known)
	if p.tenant != nil && !known { // nobody can tell whether it goes on
		facts.Conflicted, _ = status.Former(former, v1alpha1.ConditionConflicted)
	} else if outcome.Conflicted.Status {
		facts.Conflicted = finding(outcome.Conflicted)
	}
	if known && outcome.LiveGeneration == facts.LiveGeneration {
		facts.SMSSegments = &outcome.SMSSegments
	}
	return facts
}

// findings turns an outcome into conditions. What waits for another object is not
// stuck: it may be on its way.
func (p *pass) findings(o compile.Outcome, generation int64, former []metav1.Condition, known bool) (accepted, resolved status.Finding) {
	if p.keepsSaid(generation, former, known) {
		accepted, _ = status.Former(former, v1alpha1.ConditionAccepted)
		resolved, _ = status.Former(former, v1alpha1.ConditionResolvedRefs)
		return accepted, resolved
	}
	if p.broken.Reason != "" {
		unjudged := status.Unknown(p.broken.Reason, p.broken.Message)
		unjudged.Stalled = true
		return unjudged, unjudged
	}
	accepted, resolved = finding(o.Accepted), finding(o.ResolvedRefs)
	accepted.Stalled = !o.Accepted.Status && !waitsForTenant(o.Accepted.Reason)
	if !o.Accepted.Status {
		return accepted, resolved
	}
	for _, warning := range o.Warnings {
		accepted.Message += noted(warning)
	}
	return accepted, resolved
}

// keepCounted keeps those notes that are about counts, while nothing was counted yet.
func keepCounted(accepted status.Finding, o *v1alpha1.MyAccountProfile, former []metav1.Condition) status.Finding {
	said := meta.FindStatusCondition(former, v1alpha1.ConditionAccepted)
	if !accepted.IsTrue() || said == nil || said.ObservedGeneration != o.Generation {
		return accepted
	}
	for _, note := range compile.CountNotes(o) {
		note = noted(note)
		if strings.Contains(said.Message, note) && !strings.Contains(accepted.Message, note) {
			accepted.Message += note
		}
	}
	return accepted
}

func noted(warning string) string { return " Note: " + status.Sentence(warning) }

// keepsSaid says whether what was said of a generation stays, because what is live is
// lost: without it the pass cannot tell what an object has already from what it newly
// asks for.
func (p *pass) keepsSaid(generation int64, former []metav1.Condition, known bool) bool {
	if p.tenant == nil || known || !p.everLive() {
		return false
	}
	for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs} {
		if said := meta.FindStatusCondition(former, kind); said == nil || said.ObservedGeneration != generation {
			return false
		}
	}
	return true
}

func waitsForTenant(reason string) bool {
	return slices.Contains([]string{compile.ReasonTenantMissing, compile.ReasonTenantRefused, compile.ReasonTenantPaused}, reason)
}

func finding(f compile.Finding) status.Finding {
	message := status.Sentence(f.Message)
	if f.Status {
		return status.Yes(f.Reason, message)
	}
	return status.No(f.Reason, message)
}
