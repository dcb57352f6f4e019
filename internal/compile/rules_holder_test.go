package compile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// Rule 3: the holder keeps.

func aged(p v1alpha1.MyAccountProfile, hours int) v1alpha1.MyAccountProfile {
	p.CreationTimestamp = metav1.NewTime(created.Add(-time.Duration(hours) * time.Hour))
	return p
}

func TestCustomerOfNobodyGoesToTheOlderProfile(t *testing.T) {
	tests := map[string]struct {
		a, b   v1alpha1.MyAccountProfile
		winner string
	}{
		"older":            {portalProfile("alpha", 1, forCustomer("10042")), aged(portalProfile("beta", 1, forCustomer("10042")), 1), "beta"},
		"same age by name": {portalProfile("alpha", 1, forCustomer("10042")), portalProfile("beta", 1, forCustomer("10042")), "alpha"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := mustCompile(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{test.a, test.b}})
			loser := map[string]string{"alpha": "beta", "beta": "alpha"}[test.winner]
			isLive(t, test.winner, out.MyAccountProfiles[test.winner], 1, true)
			isLive(t, loser, out.MyAccountProfiles[loser], 0, false)
			says(t, "Accepted", out.MyAccountProfiles[loser].Accepted, false, compile.ReasonConflicted,
				"spec.customer", `"10042"`, `MyAccountProfile "`+test.winner+`", which is older`, "nothing of this object is live")
		})
	}
}

func TestCustomerStaysWithTheProfileThatIsLive(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("young", 1, forCustomer("10042"))}})
	in.MyAccountProfiles = append(in.MyAccountProfiles, aged(portalProfile("old", 1, forCustomer("10042")), 1000))

	out := mustCompile(t, in)
	isLive(t, "young", out.MyAccountProfiles["young"], 1, true)
	says(t, "Accepted", out.MyAccountProfiles["old"].Accepted, false, compile.ReasonConflicted, `"young", which is live with it`)

	// The holder's object is deleted: the customer is free in the same pass.
	in = next(in, out)
	in.MyAccountProfiles = in.MyAccountProfiles[1:]
	out = mustCompile(t, in)
	isLive(t, "old", out.MyAccountProfiles["old"], 1, true)
	if got := mustLoad(t, out.Document).For(config.Account{ID: "10042"}).MyAccountProfile; got.Name != "old" {
		t.Errorf("the customer has %+v", got)
	}
}

func TestCustomersMayBeSwappedInOnePass(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{
		portalProfile("a", 1, forCustomer("1")), portalProfile("b", 1, forCustomer("2")),
	}})
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{portalProfile("a", 2, forCustomer("2")), portalProfile("b", 2, forCustomer("1"))}
	out := mustCompile(t, in)
	isLive(t, "a", out.MyAccountProfiles["a"], 2, true)
	isLive(t, "b", out.MyAccountProfiles["b"], 2, true)
}

// c cannot have customer 2, so it falls back to what it has, customer 3, which a was
// about to be given, so a falls back to customer 1, which b was about to be given.
func TestRefusalThatBringsAHolderBackIsSettledToTheEnd(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{
		portalProfile("a", 1, forCustomer("1")), portalProfile("c", 1, forCustomer("3")), portalProfile("holder", 1, forCustomer("2")),
	}})
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{
		aged(portalProfile("a", 2, forCustomer("3")), 10), aged(portalProfile("b", 1, forCustomer("1")), 10),
		aged(portalProfile("c", 2, forCustomer("2")), 10), portalProfile("holder", 1, forCustomer("2")),
		aged(portalProfile("late", 1, forCustomer("3")), 20),
	}
	out := mustCompile(t, in)
	for loser, winner := range map[string]string{"a": "c", "b": "a", "c": "holder", "late": "c"} {
		says(t, loser, out.MyAccountProfiles[loser].Accepted, false, compile.ReasonConflicted, `"`+winner+`", which is live with it`)
	}
	live := mustLoad(t, out.Document)
	for id, want := range map[string]string{"1": "a", "2": "holder", "3": "c"} {
		if got := live.For(config.Account{ID: id}).MyAccountProfile.Name; got != want {
			t.Errorf("customer %s has %q, want %q", id, got, want)
		}
	}
}

func TestHostnameStaysWithItsHolder(t *testing.T) {
	asks := compile.Input{Tenant: tenant(1), HostnameHolder: "globex/globex"}
	out := mustCompile(t, asks)
	if out.Document != nil {
		t.Error("something was written")
	}
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonConflicted, "spec.portal.hostname", `"my.acme.example"`, "Tenant globex/globex", "nothing of this object is live")

	// Who is live with it keeps it, whatever others ask for.
	in, _ := first(t, compile.Input{Tenant: tenant(1)})
	in.Tenant = tenant(2)
	in.HostnameHolder = "globex/globex"
	out = mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 2, true)
	warns(t, out.Tenant, "my.acme.example", "globex/globex")

	// A move to a name that another one holds changes nothing.
	in.Tenant = tenant(2, func(s *v1alpha1.TenantSpec) { s.Portal.Hostname = "my.globex.example" })
	out = mustCompile(t, in)
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonConflicted, "my.globex.example", "generation 1 stays live")
}

func TestAPIHostnameStaysWithItsHolder(t *testing.T) {
	at := func(hostname string) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) { s.Backoffice.API.Hostname = hostname }
	}
	out := mustCompile(t, compile.Input{Tenant: tenant(1, at("api.acme.example")), APIHostnameHolder: "globex"})
	if out.Document != nil {
		t.Error("something was written")
	}
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonConflicted, "spec.backoffice.api.hostname", `"api.acme.example"`, "Tenant globex")

	in, _ := first(t, compile.Input{Tenant: tenant(1, at("api.acme.example"))})
	if got := mustLoad(t, in.Live).Tenant.APIHostname; got != "api.acme.example" {
		t.Errorf("the document has %q", got)
	}
	in.Tenant, in.APIHostnameHolder = tenant(2, at("api.acme.example")), "globex"
	out = mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 2, true)
	warns(t, out.Tenant, "spec.backoffice.api.hostname", "api.acme.example", "globex")

	out = mustCompile(t, compile.Input{Tenant: tenant(1, at("my.acme.example"))})
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, "spec.backoffice.api.hostname", "the portal's")
}

// Rule 4: changed surroundings.

func TestEditThatWouldBreakACarriedEntryIsTheOneThatIsRefused(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("vip", 1, forCustomer("10042"))}})
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{
		portalProfile("vip", 2, forCustomer("7"), badFlag),               // refused, so customer 10042 stays with it
		aged(portalProfile("other", 1, forCustomer("10042")), 1000),      // would take it away
		aged(portalProfile("free", 1, forCustomer("7")), 1000),           // what is refused claims nothing
		aged(portalProfile("grouped", 1, forGroups("gold", "gold")), 10), // does not matter
	}
	out := mustCompile(t, in)
	says(t, "vip", out.MyAccountProfiles["vip"].Accepted, false, compile.ReasonInvalid, "DoMagic", "ViewInvoices", "generation 1 stays live")
	says(t, "other", out.MyAccountProfiles["other"].Accepted, false, compile.ReasonConflicted, `"vip", which is live with it`)
	isLive(t, "free", out.MyAccountProfiles["free"], 1, true)
	isLive(t, "grouped", out.MyAccountProfiles["grouped"], 1, true)
}

func TestPortalProfileThatACarriedEntryNamesIsKept(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:            tenant(1),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1), portalProfile("basic", 1)},
	})
	in.Usage = usage()
	in.AccountProfiles[0] = accountProfile("business", 2, names("basic"), zone("Mars/Olympus")) // refused: generation 1 still names full
	in.MyAccountProfiles = in.MyAccountProfiles[1:]
	in = next(in, mustCompile(t, in))
	out := mustCompile(t, in)
	if e := entry(t, out.Document, "MyAccountProfile", "full"); e.State != config.Retired {
		t.Errorf("entry: %+v", e)
	}
}

// stricter makes a live document hold what this release would not accept.
func stricter(t *testing.T, document []byte, old, replacement string) []byte {
	t.Helper()
	if !strings.Contains(string(document), old) {
		t.Fatalf("%s is not in the document:\n%s", old, document)
	}
	return []byte(strings.ReplaceAll(string(document), old, replacement))
}

func TestStricterChecksOnlyWarnOfWhatIsLive(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, zone("Australia/Sydney"))}})
	in.Live = stricter(t, in.Live, "Australia/Sydney", "Australia/Atlantis")
	in.AccountProfiles[0] = accountProfile("business", 1, zone("Australia/Atlantis"))

	out := mustCompile(t, in)
	isLive(t, "business", out.AccountProfiles["business"], 1, true)
	says(t, "Accepted", out.AccountProfiles["business"].Accepted, true, compile.ReasonAccepted)
	warns(t, out.AccountProfiles["business"], "spec.attributes.timeZone", "Atlantis", "live already")

	// An edit of something else is not held up by it either.
	in.AccountProfiles[0] = accountProfile("business", 2, zone("Australia/Atlantis"), terms(5))
	out = mustCompile(t, in)
	isLive(t, "business", out.AccountProfiles["business"], 2, true)
	warns(t, out.AccountProfiles["business"], "Atlantis")

	// Another value that does not exist is.
	in.AccountProfiles[0] = accountProfile("business", 3, zone("Australia/Lemuria"))
	says(t, "Accepted", mustCompile(t, in).AccountProfiles["business"].Accepted, false, compile.ReasonInvalid, "Lemuria", "generation 1 stays live")
}

func TestStricterReferencesOnlyWarnOfWhatIsLive(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:            tenant(1, defaultPortal("full")),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1)},
	})
	// A document that was restored or mended by hand without the portal profile.
	doc, err := config.Parse(in.Live)
	if err != nil {
		t.Fatal(err)
	}
	doc.MyAccountProfiles = nil
	if in.Live, err = config.Encode(doc); err != nil {
		t.Fatal(err)
	}
	in.MyAccountProfiles = nil

	out := mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 1, true)
	isLive(t, "business", out.AccountProfiles["business"], 1, true)
	warns(t, out.Tenant, "spec.defaultMyAccountProfileRef", `no MyAccountProfile "full"`)
	warns(t, out.AccountProfiles["business"], "spec.myAccountProfileRef", `no MyAccountProfile "full"`)
}

func TestSeveralProblemsAreToldTogether(t *testing.T) {
	out := mustCompile(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1,
		zone("Mars/Olympus"), terms(400), names("nowhere"), func(s *v1alpha1.AccountProfileSpec) { s.Attributes.Locale = "xx-nope"; s.Attributes.Currency = "AAA" })}})
	o := out.AccountProfiles["business"]
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid,
		"spec.attributes.tradingTermsDays: 400", "0 to 365", "spec.attributes.currency", "spec.attributes.locale", "spec.attributes.timeZone")
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, "nowhere")
	if !slices.Equal(o.Warnings, nil) {
		t.Errorf("warnings: %q", o.Warnings)
	}
}

// The right of a retired entry has ended, so it holds nothing: neither for a refused
// object of its name, nor for an accepted one.
func TestRetiredEntryHoldsNoCustomer(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("vip", 1, forCustomer("10042"))}})
	in.Usage = usage(config.Bucket{MyAccountProfile: "vip", Accounts: 1})
	in.MyAccountProfiles = nil
	in = next(in, mustCompile(t, in))

	again := portalProfile("vip", 2, forCustomer("10042"))
	again.UID = "another"
	other := aged(portalProfile("other", 1, forCustomer("10042")), 1)
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{again, other}
	out := mustCompile(t, in)
	isLive(t, "other", out.MyAccountProfiles["other"], 1, true)
	says(t, "vip", out.MyAccountProfiles["vip"].Accepted, false, compile.ReasonConflicted, `"other", which is older`)

	badFlag(&again.Spec)
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{again, portalProfile("other", 1, forCustomer("10042"))}
	isLive(t, "other", mustCompile(t, in).MyAccountProfiles["other"], 1, true)
}
