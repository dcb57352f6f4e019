package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// References: what does not resolve is not live, and what was assigned stays assigned.

func TestUnknownPortalProfileOfAnAccountProfile(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:          tenant(1),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{
			portalProfile("full", 1), portalProfile("basic", 1), portalProfile("old", 1, historical), portalProfile("broken", 1, badFlag),
		},
	})
	in.AccountProfiles = append(in.AccountProfiles, accountProfile("new", 1, names("ful")))
	in.AccountProfiles[0] = accountProfile("business", 2, names("broken"))

	out := mustCompile(t, in)
	o := out.AccountProfiles["business"]
	says(t, "Accepted", o.Accepted, true, compile.ReasonAccepted)
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, "spec.myAccountProfileRef", `"broken" exists, but it is refused`, "generation 1 stays live")
	isLive(t, "business", o, 1, false)
	if !o.Refused() {
		t.Error("not counted as refused")
	}
	if got := content[config.AccountProfile](t, out.Document, "AccountProfile", "business"); got.MyAccountProfile != "full" {
		t.Errorf("live is %+v", got)
	}
	o = out.AccountProfiles["new"]
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, `no MyAccountProfile "ful"`, "there are: basic, full;", "nothing of this object is live")

	// It comes: what waited for it goes live without an edit.
	in = next(in, out)
	in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile("ful", 1))
	isLive(t, "new", mustCompile(t, in).AccountProfiles["new"], 1, true)
}

func TestMessageListsABoundedNumberOfNames(t *testing.T) {
	in := compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, names("nowhere"))}}
	out := mustCompile(t, in)
	says(t, "ResolvedRefs", out.AccountProfiles["business"].ResolvedRefs, false, compile.ReasonRefNotFound, "and none that can be assigned")
	for i := range 15 {
		in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile(fmt.Sprintf("p%02d", i), 1))
	}
	out = mustCompile(t, in)
	says(t, "ResolvedRefs", out.AccountProfiles["business"].ResolvedRefs, false, compile.ReasonRefNotFound, "p00, p01", "p09 and 5 more")
}

func TestUnknownDefaultPortalProfileOfTheTenant(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("basic", 1)}})
	in.Tenant = tenant(2, defaultPortal("basics"))
	out := mustCompile(t, in)
	says(t, "ResolvedRefs", out.Tenant.ResolvedRefs, false, compile.ReasonRefNotFound, "spec.defaultMyAccountProfileRef", `"basics"`, "there are: basic", "generation 1 stays live")
	if out.Document != nil {
		t.Error("something was written")
	}
}

func TestDefaultAccountProfileMayNameNone(t *testing.T) {
	in := compile.Input{Tenant: tenant(1, defaultAccountProfile("default"))}
	out := mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 1, true)
	warns(t, out.Tenant, "spec.defaultAccountProfileRef", `no AccountProfile "default" was ever live`, "built-in")
	if diff := cmp.Diff(compile.Default{Name: "default", Source: v1alpha1.DefaultBuiltIn}, out.Default); diff != "" {
		t.Error(diff)
	}

	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("default", 1, zone("Mars/Olympus"))}
	out = mustCompile(t, in)
	warns(t, out.Tenant, `AccountProfile "default" is refused`)

	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("default", 2, terms(7))}
	out = mustCompile(t, in)
	if diff := cmp.Diff(compile.Default{Name: "default", Source: v1alpha1.DefaultFromAccountProfile}, out.Default); diff != "" {
		t.Error(diff)
	}
	if len(out.Tenant.Warnings) != 0 {
		t.Errorf("warnings: %q", out.Tenant.Warnings)
	}
}

func TestRetiredProfileCannotBeNewlyNamed(t *testing.T) {
	in := business(t)
	in.Usage = usage(config.Bucket{AccountProfile: "business", MyAccountProfile: "full", Accounts: 2})
	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("retail", 1, names("full"))}
	in.MyAccountProfiles = nil
	out := mustCompile(t, in)
	says(t, "ResolvedRefs", out.AccountProfiles["retail"].ResolvedRefs, false, compile.ReasonRefRetired, `"full" was deleted`)

	for field, edit := range map[string]func(*v1alpha1.TenantSpec){
		"spec.defaultAccountProfileRef": defaultAccountProfile("business"), "spec.defaultMyAccountProfileRef": defaultPortal("full"),
	} {
		in.Tenant = tenant(2, edit)
		out = mustCompile(t, in)
		says(t, "ResolvedRefs of the tenant", out.Tenant.ResolvedRefs, false, compile.ReasonRefRetired, field, "was deleted", "generation 1 stays live")
	}
}

func TestHistoricalProfileCannotBeNewlyNamed(t *testing.T) {
	in := compile.Input{
		Tenant:            tenant(1, defaultPortal("old")),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, names("old"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("old", 1, historical), portalProfile("new", 1)},
	}
	out := mustCompile(t, in)
	says(t, "tenant", out.Tenant.ResolvedRefs, false, compile.ReasonRefHistorical, "spec.defaultMyAccountProfileRef", `"old" is Historical`, "there are: new")
	says(t, "business", out.AccountProfiles["business"].ResolvedRefs, false, compile.ReasonRefHistorical, "spec.myAccountProfileRef", `"old" is Historical`)
}

func TestProfileThatBecomesHistoricalStaysWhereItIs(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:            tenant(1, defaultPortal("old")),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, names("old"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("old", 1)},
	})
	in.MyAccountProfiles[0] = portalProfile("old", 2, historical)
	in.Tenant = tenant(2, defaultPortal("old"), func(s *v1alpha1.TenantSpec) { s.DisplayName = "Acme" })
	in.AccountProfiles[0] = accountProfile("business", 2, names("old"), terms(9))
	out := mustCompile(t, in)
	isLive(t, "old", out.MyAccountProfiles["old"], 2, true)
	isLive(t, "business", out.AccountProfiles["business"], 2, true)
	isLive(t, "tenant", out.Tenant, 2, true)
}

func TestHistoricalIsNotForCustomersOrGroups(t *testing.T) {
	for _, right := range []func(*v1alpha1.MyAccountProfileSpec){forCustomer("1"), forGroups("gold")} {
		out := mustCompile(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("old", 1, historical, right)}})
		says(t, "Accepted", out.MyAccountProfiles["old"].Accepted, false, compile.ReasonInvalid, "spec.availability", "remove customer and customerGroups")
	}
	out := mustCompile(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("both", 1, forCustomer("1"), forGroups("gold"))}})
	says(t, "Accepted", out.MyAccountProfiles["both"].Accepted, false, compile.ReasonInvalid, "exclude each other")
}

// What the schema of a newer release allows.
func TestValuesOfANewerReleaseAreRefusedNotGuessed(t *testing.T) {
	out := mustCompile(t, compile.Input{
		Tenant: tenant(1),
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("a", 1, func(s *v1alpha1.MyAccountProfileSpec) { s.Availability = "Weekends" }),
			portalProfile("b", 1, func(s *v1alpha1.MyAccountProfileSpec) { s.MyAccountFlags = append(s.MyAccountFlags, "ViewTickets") })},
	})
	says(t, "a", out.MyAccountProfiles["a"].Accepted, false, compile.ReasonInvalid, "spec.availability", "Weekends", "Headline, Standard or Historical")
	says(t, "b", out.MyAccountProfiles["b"].Accepted, false, compile.ReasonInvalid, "spec.myAccountFlags", "ViewTickets", "PlaceOrders, RequestService, ViewActivity")

	out = mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) { s.OrphanedProfiles = "Burn"; s.Portal.Hostname = "" })})
	says(t, "tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, "spec.orphanedProfiles", "Burn", "Keep or UseDefault", "spec.portal.hostname")

	out = mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) {
		s.Credentials = v1alpha1.CredentialsSpec{CreateLinkSeconds: 3599, ResetLinkSeconds: 3601, Usernames: "Phone", SecondFactor: "Always", CreateMail: "Never"}
	})})
	says(t, "tenant", out.Tenant.Accepted, false, compile.ReasonInvalid,
		"spec.credentials.createLinkSeconds: 3599 is out of range, allowed is a whole number from 3600 to 2592000",
		"spec.credentials.resetLinkSeconds: 3601 is out of range, allowed is a whole number from 300 to 3600",
		`spec.credentials.usernames: "Phone" is not allowed, allowed is Free, Email or AccountID`,
		`spec.credentials.secondFactor: "Always" is not allowed, allowed is Off, Optional or Required`,
		`spec.credentials.createMail: "Never" is not allowed, allowed is Automatic or OnRequest`)
}

// Rule 6: names.

func TestSameNameWithANewUIDIsAnEdit(t *testing.T) {
	in := business(t)
	again := accountProfile("business", 1, terms(60))
	again.UID = "another"
	in.AccountProfiles = []v1alpha1.AccountProfile{again}
	out := mustCompile(t, in)
	e := entry(t, out.Document, "AccountProfile", "business")
	if e.UID != "another" || e.State != "" {
		t.Errorf("entry: %+v", e)
	}
	isLive(t, "business", out.AccountProfiles["business"], 1, true)
	if len(out.Orphaned) != 0 {
		t.Errorf("orphans: %+v", out.Orphaned)
	}

	refused := accountProfile("business", 5, zone("Mars/Olympus"))
	refused.UID = "third"
	in = next(in, out)
	in.AccountProfiles = []v1alpha1.AccountProfile{refused}
	out = mustCompile(t, in)
	if e := entry(t, out.Document, "AccountProfile", "business"); e.UID != "another" || e.State != "" {
		t.Errorf("entry: %+v", e)
	}
	isLive(t, "business", out.AccountProfiles["business"], 0, false)
}

func TestNewNameIsANewEntryAndTheOldOneRetires(t *testing.T) {
	in := business(t)
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 4})
	renamed := accountProfile("corporate", 1, terms(21))
	renamed.UID = "uid-business"
	in.AccountProfiles = []v1alpha1.AccountProfile{renamed}
	out := mustCompile(t, in)
	if e := entry(t, out.Document, "AccountProfile", "business"); e.State != config.Retired {
		t.Errorf("entry: %+v", e)
	}
	isLive(t, "corporate", out.AccountProfiles["corporate"], 1, true)
	if *out.AccountProfiles["corporate"].Accounts != 0 {
		t.Errorf("accounts followed by themselves: %d", *out.AccountProfiles["corporate"].Accounts)
	}
}

func TestTenantWithANewUIDIsAnEdit(t *testing.T) {
	in := business(t)
	again := tenant(1, func(s *v1alpha1.TenantSpec) { s.DisplayName = "Acme again" })
	again.UID = "another"
	in.Tenant = again
	out := mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 1, true)
	again.Spec.Attributes.Currency = "AAA"
	again.UID = "third"
	out = mustCompile(t, next(in, out))
	isLive(t, "tenant", out.Tenant, 0, false)
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, "what the deleted object of this name said stays live")
}

// Counts and warnings.

func TestCountsSayHowManyAccountsAnObjectAppliesTo(t *testing.T) {
	in := compile.Input{
		Tenant:          tenant(1, defaultAccountProfile("retail"), defaultPortal("basic")),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, names("full")), accountProfile("retail", 1), accountProfile("refused", 1, names("nowhere"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{
			portalProfile("full", 1), portalProfile("basic", 1), portalProfile("vip", 1, forCustomer("10042")),
			portalProfile("gold", 1, forGroups("gold", "nobody")), portalProfile("misspelt", 1, forCustomer("10O42")),
		},
	}
	if diff := cmp.Diff([]string{"10042", "10O42"}, mustCompile(t, in).Customers); diff != "" {
		t.Error(diff)
	}
	in.Usage = usage(
		config.Bucket{Accounts: 100},
		config.Bucket{AccountProfile: "business", Accounts: 10},
		config.Bucket{AccountProfile: "business", Groups: []string{"gold"}, Accounts: 5},
	)
	in.Usage.Customers["10042"] = config.Bucket{AccountProfile: "business", Accounts: 1}

	out := mustCompile(t, in)
	got := map[string]int64{"tenant": *out.Tenant.Accounts}
	for name, o := range out.AccountProfiles {
		if o.Accounts != nil {
			got[name] = *o.Accounts
		}
	}
	for name, o := range out.MyAccountProfiles {
		got[name] = *o.Accounts
	}
	want := map[string]int64{"tenant": 115, "business": 15, "retail": 100, "full": 9, "basic": 100, "vip": 1, "gold": 5, "misspelt": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts:\n%s", diff)
	}
	warns(t, out.MyAccountProfiles["misspelt"], "spec.customer", `"10O42"`)
	warns(t, out.MyAccountProfiles["gold"], "spec.customerGroups", `"nobody"`)
	if w := out.MyAccountProfiles["gold"].Warnings; len(w) != 1 {
		t.Errorf("warnings: %q", w)
	}
	isLive(t, "misspelt", out.MyAccountProfiles["misspelt"], 1, true)
}

func TestCustomersIncludeThoseOfTheLiveDocument(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("vip", 1, forCustomer("1"))}})
	in.MyAccountProfiles[0] = portalProfile("vip", 2, forCustomer("2"), badFlag)
	out := mustCompile(t, in)
	if diff := cmp.Diff([]string{"1", "2"}, out.Customers); diff != "" {
		t.Error(diff)
	}
}

// Size.

func TestTooLargeADocumentIsAFindingAndTheLastGoodStays(t *testing.T) {
	in := business(t)
	live := in.Live
	for i := range 300 {
		groups := make([]string, 60)
		for g := range groups {
			groups[g] = fmt.Sprintf("%064d", g)
		}
		in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile(fmt.Sprintf("p%04d", i), 1, forGroups(groups...)))
	}
	out := mustCompile(t, in)
	if out.Document != nil || out.Digest != config.Digest(live) {
		t.Error("something was written")
	}
	isLive(t, "tenant", out.Tenant, 1, true)
	warns(t, out.Tenant, "would have", "allowed are 1000 KB", "remove profiles")
	in.MyAccountProfiles[len(in.MyAccountProfiles)-1].Spec.DisplayName += " a little longer"
	if diff := cmp.Diff(out.Tenant.Warnings, mustCompile(t, in).Tenant.Warnings); diff != "" {
		t.Errorf("a few bytes more are told anew: %s", diff)
	}
	says(t, "Accepted of a new one", out.MyAccountProfiles["p0000"].Accepted, false, compile.ReasonTooLarge, "nothing of this object is live")
	says(t, "Accepted of one that is live", out.MyAccountProfiles["full"].Accepted, true, compile.ReasonAccepted)

	in.Live = nil
	out = mustCompile(t, in)
	says(t, "Accepted of a new tenant", out.Tenant.Accepted, false, compile.ReasonTooLarge, "nothing of this object is live")
}

// Sessions.

func TestSessionDefaults(t *testing.T) {
	i := func(n int64) *int64 { return &n }
	tests := []struct {
		idle, longest *int64
		want          config.Session
	}{
		{nil, nil, config.Session{IdleSeconds: 3600, MaxSeconds: 43200}},
		{i(600), nil, config.Session{IdleSeconds: 600, MaxSeconds: 43200}},
		{i(86400), nil, config.Session{IdleSeconds: 86400, MaxSeconds: 86400}},
		{nil, i(900), config.Session{IdleSeconds: 900, MaxSeconds: 900}},
		{nil, i(7200), config.Session{IdleSeconds: 3600, MaxSeconds: 7200}},
		{i(300), i(900), config.Session{IdleSeconds: 300, MaxSeconds: 900}},
	}
	for _, test := range tests {
		out := mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) {
			s.Credentials = v1alpha1.CredentialsSpec{SessionIdleSeconds: test.idle, SessionMaxSeconds: test.longest}
		})})
		if diff := cmp.Diff(test.want, mustLoad(t, out.Document).Tenant.Session); diff != "" {
			t.Error(diff)
		}
	}
	out := mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) {
		s.Credentials = v1alpha1.CredentialsSpec{SessionIdleSeconds: i(901), SessionMaxSeconds: i(900)}
	})})
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, "sessionIdleSeconds", "901", "900")
}

func TestReasonsAreCamelCase(t *testing.T) {
	for _, reason := range compile.Reasons() {
		if reason == "" || strings.ContainsAny(reason, " -_") || reason[:1] != strings.ToUpper(reason[:1]) {
			t.Errorf("%q is no reason of a condition", reason)
		}
	}
}
