package compile_test

import (
	"bytes"
	"testing"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// first compiles an input that has nothing live, and returns the input with the
// result live and acknowledged.
func first(t *testing.T, in compile.Input) (compile.Input, compile.Output) {
	t.Helper()
	out := mustCompile(t, in)
	if out.Document == nil {
		t.Fatalf("nothing was written: %+v", out.Tenant)
	}
	in.Live, in.Acknowledged = out.Document, true
	return in, out
}

// Rule 1: what is rejected changes nothing.

func TestRejectedGenerationKeepsTheLastAcceptedEntry(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 3, terms(21))}})
	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("business", 4, terms(30), zone("Mars/Olympus"))}

	out := mustCompile(t, in)

	if !bytes.Equal(out.Document, in.Live) {
		t.Errorf("the document changed:\n%s", out.Document)
	}
	o := out.AccountProfiles["business"]
	isLive(t, "business", o, 3, false)
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid, `spec.attributes.timeZone: "Mars/Olympus"`, "Australia/Sydney", "generation 3 stays live")
	says(t, "ResolvedRefs", o.ResolvedRefs, true, compile.ReasonResolvedRefs)
}

func TestRejectedOnFirstInstallIsNotLive(t *testing.T) {
	out := mustCompile(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, zone("Mars/Olympus"))}})

	isGone(t, out.Document, "AccountProfile", "business")
	o := out.AccountProfiles["business"]
	isLive(t, "business", o, 0, false)
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid, "nothing of this object is live")
	if o.Accounts != nil {
		t.Errorf("accounts of what is not live: %d", *o.Accounts)
	}
}

func TestRefusedTenantLeavesTheDocumentAsItIs(t *testing.T) {
	in, firstOut := first(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1), accountProfile("retail", 1)}})
	in.Tenant = tenant(2, func(s *v1alpha1.TenantSpec) { s.Attributes.Currency = "XYZ" })
	in.AccountProfiles[0] = accountProfile("business", 2, terms(30))

	out := mustCompile(t, in)

	if out.Document != nil || out.Digest != firstOut.Digest {
		t.Errorf("document %s, digest %s, want none and %s", out.Document, out.Digest, firstOut.Digest)
	}
	isLive(t, "tenant", out.Tenant, 1, false)
	says(t, "Accepted of the tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, `spec.attributes.currency: "XYZ"`, "EUR", "generation 1 stays live")
	isLive(t, "business", out.AccountProfiles["business"], 1, false)
	says(t, "Accepted of business", out.AccountProfiles["business"].Accepted, false, compile.ReasonTenantRefused, `Tenant "acme" is refused`, "generation 1 stays live")
	isLive(t, "retail", out.AccountProfiles["retail"], 1, true)
	says(t, "Accepted of retail", out.AccountProfiles["retail"].Accepted, true, compile.ReasonAccepted)
}

func TestMissingTenantLeavesTheDocumentAsItIs(t *testing.T) {
	profiles := compile.Input{
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1)},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1), portalProfile("bad", 1, badFlag)},
	}
	out := mustCompile(t, profiles)
	if out.Document != nil || out.Digest != "" {
		t.Errorf("something was written: %s", out.Document)
	}
	for name, o := range map[string]compile.Outcome{"business": out.AccountProfiles["business"], "full": out.MyAccountProfiles["full"]} {
		isLive(t, name, o, 0, false)
		says(t, "Accepted of "+name, o.Accepted, false, compile.ReasonTenantMissing, "spec.tenantRef", "nothing of this object is live")
		says(t, "ResolvedRefs of "+name, o.ResolvedRefs, false, compile.ReasonTenantMissing)
	}
	says(t, "Accepted of bad", out.MyAccountProfiles["bad"].Accepted, false, compile.ReasonInvalid)

	withTenant := profiles
	withTenant.Tenant = tenant(1)
	live, _ := first(t, withTenant)
	live.Tenant = nil
	out = mustCompile(t, live)
	if out.Document != nil {
		t.Errorf("something was written: %s", out.Document)
	}
	says(t, "Accepted", out.AccountProfiles["business"].Accepted, false, compile.ReasonTenantMissing, "generation 1 stays live")
}

func TestPausedTenantChangesNothingAndSaysSo(t *testing.T) {
	in, firstOut := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1), portalProfile("basic", 1), portalProfile("old", 1)}})
	in.Tenant = tenant(2, paused)
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{portalProfile("full", 2, described("new")), portalProfile("basic", 1)}

	out := mustCompile(t, in)

	if out.Document != nil || out.Digest != firstOut.Digest {
		t.Errorf("something was written: %s", out.Document)
	}
	isLive(t, "tenant", out.Tenant, 1, false)
	says(t, "Accepted of the tenant", out.Tenant.Accepted, true, compile.ReasonTenantPaused, "paused", "generation 1 stays live")
	says(t, "Accepted of full", out.MyAccountProfiles["full"].Accepted, false, compile.ReasonTenantPaused, "generation 1 stays live")
	says(t, "Accepted of basic", out.MyAccountProfiles["basic"].Accepted, true, compile.ReasonAccepted)

	in.Tenant = tenant(3)
	out = mustCompile(t, in)
	isLive(t, "full after the pause", out.MyAccountProfiles["full"], 2, true)
	if e := entry(t, out.Document, "MyAccountProfile", "old"); e.State != config.Retired {
		t.Errorf("what was deleted in the pause is not retired: %+v", e)
	}
}

func TestPausedTenantThatIsRefusedToo(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1)})
	in.Tenant = tenant(2, paused, defaultPortal("nowhere"))
	out := mustCompile(t, in)
	says(t, "ResolvedRefs", out.Tenant.ResolvedRefs, false, compile.ReasonRefNotFound, "nowhere")
	if out.Document != nil {
		t.Error("something was written")
	}
}
