package controllers

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// settledWorld has a bit of everything that a status can hold for long: a refused
// profile, a note about a count, an orphan, a paused tenant; templates of each kind; an
// autoscaler, and both ways to a site.
func settledWorld(t *testing.T) *world {
	t.Helper()
	cluster.InstallGatewayAPI(t)
	w := newWorld(t)
	tenant, paused := w.tenant("acme"), w.tenant("paused")
	tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 5}
	tenant.Spec.Portal.Exposure = byIngress
	tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api." + tenant.Spec.Portal.Hostname, Exposure: byGateway}
	profile, orphan, refused := w.accountProfile("acme", "business"), w.accountProfile("acme", "orphan"), w.accountProfile("acme", "refused")
	refused.Spec.MyAccountProfileRef.Name = "nowhere"
	noted := w.myAccountProfile("acme", "noted")
	noted.Spec.CustomerGroups = []string{"nobody-is-in-it"}
	stray := w.accountProfile("missing", "stray")
	w.create(tenant, paused, profile, orphan, refused, noted, stray)
	w.settledTemplates()
	w.answer("acme-api", taken(), taken())
	for _, ready := range []*v1alpha1.AccountProfile{profile, orphan} {
		w.expect(ready, "Ready=True")
	}
	w.expect(noted, "Ready=True")
	w.expect(refused, "Ready=False")
	w.expect(stray, "Ready=False")
	w.expect(paused, "Ready=True")
	w.accounts("acme", account("1", ptr.To("orphan")), account("2", nil))
	w.delete(orphan)
	edit(w, paused, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
	w.expect(paused, "Ready=True/Paused")
	kube.Eventually(t, "the orphan is counted", func() error {
		w.expect(tenant, "Ready=True")
		if o := tenant.Status.OrphanedProfiles; len(o) != 1 || o[0].Accounts == nil || *o[0].Accounts != 1 || *tenant.Status.Accounts != 2 ||
			*tenant.Status.Config.ProgrammedReplicas != 4 {
			return errorf("status: %+v", tenant.Status)
		}
		return nil
	})
	return w
}

// settledTemplates are one that is live, one that is refused and has an older generation
// live, two in conflict, one of an event that the Tenant does not declare, and one of a
// tenant that is missing.
func (w *world) settledTemplates() {
	w.t.Helper()
	clean, broken := w.eventTemplate("acme", "clean", "business"), w.eventTemplate("acme", "broken", "business")
	winner, loser := w.eventTemplate("acme", "winner", "business"), w.eventTemplate("acme", "loser", "business")
	unknown, stray := w.eventTemplate("acme", "unknown", "business"), w.eventTemplate("missing", "stray-template", "business")
	clean.Spec.Actions[0].Days, broken.Spec.Actions[0].Days = []int32{10}, []int32{20}
	unknown.Spec.Event, unknown.Spec.Actions[0].Days = "custom.unknown", nil
	w.create(clean, broken, winner, unknown, stray)
	w.expect(clean, templateRuns...)
	w.expect(broken, templateRuns...)
	edit(w, broken, func(e *v1alpha1.EventTemplate) { e.Spec.When = "invoice.balance >" })
	w.expect(winner, templateRuns...)
	w.create(loser)
	w.expect(winner, "Conflicted=True")
	w.expect(loser, "Conflicted=True")
	w.expect(broken, "Accepted=False/Invalid")
	w.expect(unknown, "ResolvedRefs=False/RefNotFound")
	w.expect(stray, "Accepted=False/TenantMissing")
}

// restTime is how long nothing may be written: several rounds of everything that
// runs by itself in these tests.
const restTime = 6 * time.Second

// TestNothingChangesNothingIsWritten is about an operator at work and about one that is
// restarted over existing tenants.
func TestNothingChangesNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := settledWorld(t)
	w.stop()
	tenant := w.tenant("acme")
	w.get(tenant)
	before := tenant.Status
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	wait(t, restTime)
	if list := writes.List(); len(list) != 0 {
		w.get(tenant)
		t.Errorf("a restarted operator wrote:\n%q\n%s", list, cmp.Diff(before, tenant.Status))
	}
	if t.Failed() {
		return
	}
	// The recorder would have seen it.
	profile := w.accountProfile("acme", "business")
	w.get(profile)
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(profile, "Ready=True")
	if len(writes.List()) == 0 {
		t.Error("an edit went live without a write: the recorder sees nothing")
	}
	wait(t, time.Second)
	writes.Reset()
	wait(t, restTime)
	if list := writes.List(); len(list) != 0 {
		t.Errorf("an operator at rest wrote:\n%q", list)
	}
}

// wait lets time pass: the test is that nothing happens in it.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
}
