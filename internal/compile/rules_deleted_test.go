package compile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// Rule 2: what is deleted changes no customer by accident.

// business is a tenant with one account profile and one portal profile live, of which
// the test deletes some.
func business(t *testing.T, edits ...func(*v1alpha1.TenantSpec)) compile.Input {
	t.Helper()
	in, _ := first(t, compile.Input{
		Tenant:            tenant(1, edits...),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, terms(21))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1)},
	})
	return in
}

// next makes a document the live one, known to every replica.
func next(in compile.Input, out compile.Output) compile.Input {
	in.Live, in.Acknowledged = out.Document, true
	return in
}

func TestDeletedProfileThatAccountsNameIsRetiredAndKept(t *testing.T) {
	in := business(t)
	in.AccountProfiles, in.MyAccountProfiles = nil, nil
	in.Usage = usage(config.Bucket{AccountProfile: "business", MyAccountProfile: "full", Accounts: 7})

	for range 3 { // however often it runs
		out := mustCompile(t, in)
		for kind, name := range map[string]string{"AccountProfile": "business", "MyAccountProfile": "full"} {
			if e := entry(t, out.Document, kind, name); e.State != config.Retired || e.Generation != 1 {
				t.Errorf("%s %q: %+v", kind, name, e)
			}
		}
		live := mustLoad(t, out.Document)
		got := live.For(config.Account{AccountProfile: "business", MyAccountProfile: "full"})
		if got.Attributes.TradingTermsDays.Value != 21 || len(got.Features) != 1 {
			t.Errorf("the customer was changed: %+v", got)
		}
		if names := append(live.AssignableAccountProfiles(), live.AssignableMyAccountProfiles()...); len(names) > 0 {
			t.Errorf("still assignable: %q", names)
		}
		seven := int64(7)
		want := []compile.Orphan{{Kind: "AccountProfile", Name: "business", Accounts: &seven}, {Kind: "MyAccountProfile", Name: "full", Accounts: &seven}}
		if diff := cmp.Diff(want, out.Orphaned); diff != "" {
			t.Errorf("orphans:\n%s", diff)
		}
		in = next(in, out)
	}
}

func TestDeletedProfileIsKeptWhileCountsAreUnknown(t *testing.T) {
	in := business(t)
	in.AccountProfiles, in.MyAccountProfiles = nil, nil
	out := mustCompile(t, in)
	out = mustCompile(t, next(in, out))
	for _, o := range out.Orphaned {
		if o.Accounts != nil {
			t.Errorf("%s has a count of %d, which nobody knows", o.Name, *o.Accounts)
		}
	}
	if len(out.Orphaned) != 2 || out.Counts != nil {
		t.Errorf("orphans %+v, counts %+v", out.Orphaned, out.Counts)
	}
}

func TestUnusedProfileIsDroppedOnlyAfterEveryReplicaKnowsItIsRetired(t *testing.T) {
	in := business(t)
	in.AccountProfiles, in.MyAccountProfiles = nil, nil
	in.Usage = usage()

	retired := mustCompile(t, in) // acknowledged, but what was acknowledged did not retire it
	entry(t, retired.Document, "AccountProfile", "business")
	entry(t, retired.Document, "MyAccountProfile", "full")

	in = next(in, retired)
	in.Acknowledged = false
	if out := mustCompile(t, in); string(out.Document) != string(retired.Document) {
		t.Errorf("something changed before replicas acknowledged:\n%s", out.Document)
	}

	in.Acknowledged = true
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 1}) // given before the last replica knew
	out := mustCompile(t, in)
	entry(t, out.Document, "AccountProfile", "business")
	isGone(t, out.Document, "MyAccountProfile", "full")

	in.Usage = usage()
	isGone(t, mustCompile(t, next(in, out)).Document, "AccountProfile", "business")
}

func TestDeletedDefaultsAreKeptWhileTheTenantNamesThem(t *testing.T) {
	in := business(t, defaultAccountProfile("business"), defaultPortal("full"))
	in.AccountProfiles, in.MyAccountProfiles = nil, nil
	in.Usage = usage(config.Bucket{Accounts: 5})
	in = next(in, mustCompile(t, in))
	out := mustCompile(t, in)

	got := mustLoad(t, out.Document).For(config.Account{})
	if got.AccountProfile.Name != "business" || got.MyAccountProfile.Name != "full" {
		t.Errorf("accounts without a profile have %+v and %+v", got.AccountProfile, got.MyAccountProfile)
	}
	if *out.Orphaned[0].Accounts != 5 || *out.Orphaned[1].Accounts != 5 {
		t.Errorf("orphans: %+v", out.Orphaned)
	}
	warns(t, out.Tenant, "spec.defaultAccountProfileRef", `"business" was deleted`)
	warns(t, out.Tenant, "spec.defaultMyAccountProfileRef", `"full" was deleted`)
	isLive(t, "tenant", out.Tenant, 1, true)

	in.Tenant = tenant(2)
	out = mustCompile(t, next(in, out))
	if len(out.Orphaned) != 0 {
		t.Errorf("kept although nothing names them: %+v", out.Orphaned)
	}
}

func TestDeletedPortalProfileIsKeptWhileALiveAccountProfileNamesIt(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:            tenant(1),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 1, names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1)},
	})
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 3})
	in.MyAccountProfiles = nil
	out := mustCompile(t, in)
	warns(t, out.AccountProfiles["business"], "spec.myAccountProfileRef", `"full" was deleted`)
	isLive(t, "business", out.AccountProfiles["business"], 1, true)

	// The account profile goes too, but accounts still name it, so both stay.
	in = next(in, out)
	in.AccountProfiles = nil
	in = next(in, mustCompile(t, in))
	out = mustCompile(t, in)
	if got := mustLoad(t, out.Document).For(config.Account{AccountProfile: "business"}); got.MyAccountProfile.Name != "full" {
		t.Errorf("the customer has the portal profile %+v", got.MyAccountProfile)
	}

	// Nobody names the account profile any more: both end.
	in = next(in, out)
	in.Usage = usage()
	out = mustCompile(t, in)
	isGone(t, out.Document, "AccountProfile", "business")
	isGone(t, out.Document, "MyAccountProfile", "full")
}

func TestRightsByCustomerEndWithTheObject(t *testing.T) {
	for name, right := range map[string]func(*v1alpha1.MyAccountProfileSpec){"customer": forCustomer("10042"), "groups": forGroups("gold")} {
		t.Run(name, func(t *testing.T) {
			in, _ := first(t, compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("vip", 1, right)}})
			in.MyAccountProfiles = nil
			in.Acknowledged = false

			// Nobody names it, and somebody may until every replica knows that it is gone.
			in.Usage = usage(config.Bucket{Groups: []string{"gold"}, Accounts: 9})
			retired := mustCompile(t, in)
			if got := mustLoad(t, retired.Document).For(config.Account{ID: "10042", Groups: []string{"gold"}}).MyAccountProfile; got.Name != "" {
				t.Errorf("the right lives on: %+v", got)
			}
			entry(t, retired.Document, "MyAccountProfile", "vip")
			known := next(in, retired)
			known.Acknowledged = true
			isGone(t, mustCompile(t, known).Document, "MyAccountProfile", "vip")

			// Accounts that are pinned to it by name keep it, without the right.
			in.Usage = usage(config.Bucket{MyAccountProfile: "vip", Accounts: 1})
			kept := mustLoad(t, mustCompile(t, in).Document)
			if got := kept.For(config.Account{ID: "1", MyAccountProfile: "vip"}).MyAccountProfile; got.Name != "vip" {
				t.Errorf("the pinned account has %+v", got)
			}
			if got := kept.For(config.Account{ID: "10042", Groups: []string{"gold"}}).MyAccountProfile; got.Name != "" {
				t.Errorf("the right lives on: %+v", got)
			}

			// With unknown counts the name is kept, and the right ends all the same.
			in.Usage = nil
			kept = mustLoad(t, mustCompile(t, in).Document)
			if got := kept.For(config.Account{ID: "10042", Groups: []string{"gold"}}).MyAccountProfile; got.Name != "" {
				t.Errorf("the right lives on: %+v", got)
			}
		})
	}
}

func TestRetiredEntryResolvesToTheDefaultWithUseDefault(t *testing.T) {
	useDefault := func(s *v1alpha1.TenantSpec) { s.OrphanedProfiles = v1alpha1.OrphanedProfilesUseDefault }
	in := business(t)
	in.Tenant = tenant(2, useDefault)
	in.AccountProfiles, in.MyAccountProfiles = nil, nil
	in.Usage = usage(config.Bucket{AccountProfile: "business", MyAccountProfile: "full", Accounts: 7})
	in = next(in, mustCompile(t, in))
	out := mustCompile(t, in)

	got := mustLoad(t, out.Document).For(config.Account{AccountProfile: "business", MyAccountProfile: "full"})
	if got.AccountProfile.Source != config.ByBuiltIn || got.AccountProfile.Unknown != "business" || got.MyAccountProfile.Name != "" {
		t.Errorf("resolved to %+v and %+v", got.AccountProfile, got.MyAccountProfile)
	}
	if len(out.Orphaned) != 2 || *out.Orphaned[0].Accounts != 7 {
		t.Errorf("orphans: %+v", out.Orphaned) // still named by seven accounts
	}
	in = next(in, out)
	in.Tenant = tenant(3)
	if got := mustLoad(t, mustCompile(t, in).Document).For(config.Account{AccountProfile: "business"}); got.AccountProfile.Name != "business" {
		t.Errorf("back to Keep, the account has %+v", got.AccountProfile)
	}
}

func TestProfileThatComesBackIsNoLongerRetired(t *testing.T) {
	in := business(t)
	withObjects := in
	in.AccountProfiles = nil
	out := mustCompile(t, in)
	withObjects.Live = out.Document
	back := mustCompile(t, withObjects)
	if e := entry(t, back.Document, "AccountProfile", "business"); e.State != "" {
		t.Errorf("entry: %+v", e)
	}
	isLive(t, "business", back.AccountProfiles["business"], 1, true)
}

func TestRefusedObjectOverARetiredEntryDoesNotReviveIt(t *testing.T) {
	in := business(t)
	in.AccountProfiles = nil
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 2})
	in = next(in, mustCompile(t, in))
	again := accountProfile("business", 1, zone("Mars/Olympus"))
	again.UID = "another"
	in.AccountProfiles = []v1alpha1.AccountProfile{again}

	out := mustCompile(t, in)
	if e := entry(t, out.Document, "AccountProfile", "business"); e.State != config.Retired {
		t.Errorf("entry: %+v", e)
	}
	o := out.AccountProfiles["business"]
	isLive(t, "business", o, 0, false)
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid, "what the deleted object of this name said stays live")

	in = next(in, out)
	in.Usage = usage()
	out = mustCompile(t, in)
	isGone(t, out.Document, "AccountProfile", "business")
	says(t, "Accepted", out.AccountProfiles["business"].Accepted, false, compile.ReasonInvalid, "nothing of this object is live")
}
