package controllers

import (
	"testing"
)

func TestFirstLight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	profile := w.accountProfile("acme", "business")
	portal := w.myAccountProfile("acme", "full")
	w.create(profile, portal)
	w.expect(profile, "Ready=False", "Programmed=False")

	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True", "Accepted=True", "ResolvedRefs=True", "DatabaseReady=True", "Programmed=True",
		"PortalAvailable=True", "BackofficeAvailable=True", "Reconciling=Absent", "Stalled=Absent")
	w.expect(profile, "Ready=True")
	w.expect(portal, "Ready=True")
	if tenant.Status.LiveGeneration != tenant.Generation || tenant.Status.PortalURL != "https://"+tenant.Spec.Portal.Hostname {
		t.Errorf("status: %+v", tenant.Status)
	}
	if c := tenant.Status.Config; *c.Replicas != 3 || *c.ProgrammedReplicas != 3 || c.SettingsDigest == "" {
		t.Errorf("config: %+v", c)
	}
}
