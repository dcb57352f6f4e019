package controllers

import (
	"strings"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// timePrecision is that of times in the API.
const timePrecision = time.Second

// maxOrphans is the longest list of orphaned profiles that a status holds.
const maxOrphans = 64

// tenantFacts collects what the pass has found of the Tenant.
func (p *pass) tenantFacts() status.Tenant {
	accepted, resolved := findings(p.output.Tenant)
	facts := status.Tenant{
		Generation:     p.tenant.Generation,
		Accepted:       accepted,
		ResolvedRefs:   resolved,
		Database:       p.databaseFinding(),
		Portal:         p.available[provision.Portal],
		Backoffice:     p.available[provision.Backoffice],
		Foreign:        p.foreign,
		Paused:         p.paused(),
		Waiting:        p.waiting,
		LiveGeneration: entry([]config.Entry{p.document.parsed.Tenant}, p.tenant),
		Document:       p.replicas,
		Prepared:       p.database.prepared,
		Default: v1alpha1.DefaultAccountProfileStatus{
			Name: p.output.Default.Name, Source: p.output.Default.Source,
		},
		Orphaned: p.orphaned(),
		Rejected: p.rejected(),
		Version:  p.version,
	}
	if p.document.newer {
		facts.Foreign = "A newer release of Foyer has written the live configuration: this one changes nothing."
	}
	if p.memory.usage != nil {
		facts.Accounts = ptr.To(p.memory.usage.Accounts)
	}
	if live, err := config.Load(p.document.body); err == nil {
		facts.LiveURL = index.PortalURL(live.Tenant.Hostname)
	}
	metrics.Rejected.WithLabelValues(p.key.Namespace, p.key.Name).Set(float64(facts.Rejected))
	return facts
}

// databaseFinding is what the status says of the database. What was said stays while
// the pass has not found out.
func (p *pass) databaseFinding() status.Finding {
	if p.database.starting {
		if former, ok := status.Former(p.tenant.Status.Conditions, v1alpha1.ConditionDatabaseReady); ok {
			return former
		}
	}
	return p.database.finding
}

func (p *pass) orphaned() []v1alpha1.OrphanedProfile {
	var list []v1alpha1.OrphanedProfile
	for _, o := range p.output.Orphaned {
		if len(list) == maxOrphans {
			break
		}
		list = append(list, v1alpha1.OrphanedProfile{Kind: o.Kind, Name: o.Name, Accounts: o.Accounts})
	}
	return list
}

// rejected counts the profiles of which the newest generation was refused.
func (p *pass) rejected() int32 {
	var count int32
	for _, outcomes := range []map[string]compile.Outcome{p.output.AccountProfiles, p.output.MyAccountProfiles} {
		for _, outcome := range outcomes {
			if outcome.Refused() {
				count++
			}
		}
	}
	return count
}

// profileFacts collects what the pass has found of a profile.
func (p *pass) profileFacts(o client.Object, outcome compile.Outcome, live []config.Entry) status.Profile {
	accepted, resolved := findings(outcome)
	facts := status.Profile{
		Generation:     o.GetGeneration(),
		Accepted:       accepted,
		ResolvedRefs:   resolved,
		LiveGeneration: entry(live, o),
		Document:       p.replicas,
		Paused:         p.paused(),
		Accounts:       outcome.Accounts,
		TenantLive:     p.tenant != nil && (p.output.Document != nil || p.document.body != nil),
		Database:       p.database.finding,
	}
	return facts
}

// findings turns an outcome into conditions. What waits for another object is not
// stuck: it may be on its way.
func findings(o compile.Outcome) (accepted, resolved status.Finding) {
	accepted, resolved = finding(o.Accepted), finding(o.ResolvedRefs)
	accepted.Stalled = !o.Accepted.Status && !waitsForTenant(o.Accepted.Reason)
	if o.Accepted.Status && len(o.Warnings) > 0 {
		accepted.Message += " Note: " + strings.Join(o.Warnings, " ")
	}
	return accepted, resolved
}

func waitsForTenant(reason string) bool {
	return reason == compile.ReasonTenantMissing || reason == compile.ReasonTenantRefused
}

func finding(f compile.Finding) status.Finding {
	if f.Status {
		return status.Yes(f.Reason, f.Message)
	}
	return status.No(f.Reason, f.Message)
}
