package identity

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

var (
	allFeatures = []settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.ViewServices, settings.RequestService, settings.ManageContacts}
	allSites    = []string{"s1", "s2", "s3"}
)

// anyContact is a contact as it could be, and anyManager a person as they could be.
func anyContact(r *rand.Rand) store.Contact {
	c := store.Contact{
		Row: store.Row{ID: pick(r, "c-manager", "c-other", "c-third")}, Email: pick(r, "", "a@mail.example", "b@mail.example"),
		PendingEmail: pick(r, "", "", "p@mail.example"), Owner: r.IntN(5) == 0, Access: pick(r, store.AccessActive, store.AccessDisabled),
		Grants: some(r, allFeatures), Sites: some(r, allSites), Roles: some(r, Roles()),
	}
	if r.IntN(2) == 0 {
		c.User = &store.ContactUser{Username: "u", HasPassword: r.IntN(2) == 0}
	}
	return c
}

func anyManager(r *rand.Rand) Manager {
	s := store.SessionView{ContactID: "c-manager", Owner: r.IntN(4) == 0, Grants: some(r, allFeatures), Sites: some(r, allSites)}
	return NewManager(s, config.Effective{Features: some(r, allFeatures)}, r.IntN(2) == 0)
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func some[T any](r *rand.Rand, list []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(T) bool { return r.IntN(2) == 0 })
}

// changed is a contact that differs from another in some of its fields.
func changed(r *rand.Rand, c store.Contact) store.Contact {
	other := anyContact(r)
	next := c
	for _, change := range []func(){
		func() { next.Grants = other.Grants }, func() { next.Sites = other.Sites }, func() { next.Roles = other.Roles }, func() { next.Email = other.Email },
		func() { next.PendingEmail = other.PendingEmail }, func() { next.Access = other.Access }, func() { next.Owner = other.Owner },
	} {
		if r.IntN(4) == 0 {
			change()
		}
	}
	return next
}

// reaches lists what somebody can do there: what a person holds, and what a contact holds.
func reaches(owner bool, features []settings.Feature, sites []string) map[right]bool {
	all := map[right]bool{}
	for _, f := range allFeatures {
		for _, s := range append([]string{""}, allSites...) {
			at := len(sites) == 0 || slices.Contains(sites, s)
			if owner || slices.Contains(features, f) && at {
				all[right{f, s}] = true
			}
		}
	}
	return all
}

// TestNobodyGrantsWhatTheyLack: whatever is accepted, every right that a contact gained or
// lost is one of whoever changed it; nobody's own rights change; the owner's contact is
// the owner's; a primary address takes the owner, now.
func TestNobodyGrantsWhatTheyLack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same cases each time
	accepted := 0
	for range 150_000 {
		m, before := anyManager(r), anyContact(r)
		after := changed(r, before)
		if m.CheckChange(&before, after) != "" {
			continue
		}
		accepted++
		held := reaches(m.Owner, m.Features, m.Sites)
		was, is := reaches(false, before.Grants, before.Sites), reaches(false, after.Grants, after.Sites)
		for _, f := range allFeatures {
			for _, s := range append([]string{""}, allSites...) {
				if at := (right{f, s}); was[at] != is[at] && !held[at] {
					t.Fatalf("%+v changes %v of %+v to %+v", m, at, before, after)
				}
			}
			if !slices.Contains(before.Grants, f) && slices.Contains(after.Grants, f) && !slices.Contains(m.Profile, f) {
				t.Fatalf("%+v grants %s, which the account does not have", m, f)
			}
		}
		checkTakeovers(t, m, before, after, was, held)
	}
	if accepted < 8_000 {
		t.Errorf("only %d changes were accepted: the test shows little", accepted)
	}
}

// checkTakeovers looks at what leads to the rights of others.
func checkTakeovers(t *testing.T, m Manager, before, after store.Contact, was, held map[right]bool) {
	t.Helper()
	own := before.ID == m.ContactID
	email := before.Email != after.Email || after.PendingEmail != "" && after.PendingEmail != before.PendingEmail
	access := before.Access != after.Access
	primary := IsPrimary(&before) != IsPrimary(&after) || IsPrimary(&before) && (email || access)
	more := slices.ContainsFunc(slices.Collect(keysOf(was)), func(at right) bool { return !held[at] })
	switch {
	case own && (!cmp.Equal(before.Grants, after.Grants) || !cmp.Equal(before.Sites, after.Sites) || access):
		t.Fatalf("%+v changes what they may do themselves: %+v to %+v", m, before, after)
	case before.Owner != after.Owner, before.Owner && access:
		t.Fatalf("%+v changes who is the owner: %+v to %+v", m, before, after)
	case before.Owner && !m.Owner:
		t.Fatalf("%+v touches the owner's contact %+v", m, before)
	case primary && (!m.Owner || !m.Recent):
		t.Fatalf("%+v changes a primary address: %+v to %+v", m, before, after)
	case email && before.User != nil && (!m.Recent || !m.Owner && !own):
		t.Fatalf("%+v changes the address of a sign-in: %+v to %+v", m, before, after)
	case (email || access) && more && !own:
		t.Fatalf("%+v reaches for what %+v may do", m, before)
	}
}

func keysOf(set map[right]bool) func(func(right) bool) {
	return func(yield func(right) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

// TestGrantedKeepsWhatThePersonLacks: what the form shows as fixed comes out as it was,
// whatever was chosen of the rest, and what was not shown is refused.
func TestGrantedKeepsWhatThePersonLacks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same cases each time
	accepted := 0
	for range 40_000 {
		m, before := anyManager(r), anyContact(r)
		before.Owner, before.ID = false, "c-other"
		offered := slices.DeleteFunc(slices.Clone(m.Profile), func(f settings.Feature) bool { return !m.HasFeature(f) })
		features, sites := some(r, offered), before.Sites
		if m.MayChangeSites(before) {
			sites = slices.DeleteFunc(some(r, allSites), func(s string) bool { return !m.HasSite(s) })
		}
		after := before
		after.Grants, after.Sites = m.Granted(before, features, sites)
		for _, f := range allFeatures {
			if fixed := !slices.Contains(offered, f); fixed && slices.Contains(before.Grants, f) != slices.Contains(after.Grants, f) {
				t.Fatalf("%+v changed %s of %+v", m, f, before)
			}
		}
		refused := m.CheckChange(&before, after)
		limited := len(m.Sites) > 0
		if refused != "" && !limited {
			t.Fatalf("%+v chose what they were shown of %+v and it was %s: %+v", m, before, refused, after)
		}
		if refused == "" {
			accepted++
		}
	}
	if accepted < 20_000 {
		t.Errorf("only %d choices were accepted", accepted)
	}
}

func TestContactRules(t *testing.T) {
	profile := []settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.ManageContacts}
	session := func(owner bool, grants ...settings.Feature) store.SessionView {
		return store.SessionView{ContactID: "c-manager", Owner: owner, Grants: grants}
	}
	e := config.Effective{Features: profile}
	owner := NewManager(session(true), e, true)
	stale := NewManager(session(true), e, false)
	clerk := NewManager(session(false, settings.ManageContacts, settings.ViewInvoices), e, true)
	contact := func(id string, change func(*store.Contact)) store.Contact {
		c := store.Contact{Row: store.Row{ID: id}, Access: store.AccessActive, Email: "x@mail.example"}
		if change != nil {
			change(&c)
		}
		return c
	}
	plain := contact("c-other", nil)
	for name, test := range map[string]struct {
		m      Manager
		before *store.Contact
		after  store.Contact
		want   ContactRefusal
	}{
		"a new contact":                 {clerk, nil, contact("c-new", func(c *store.Contact) { c.Grants = []settings.Feature{settings.ViewInvoices} }), ""},
		"a new contact with more":       {clerk, nil, contact("c-new", func(c *store.Contact) { c.Grants = []settings.Feature{settings.PayInvoices} }), NotHeld},
		"a feature that there is not":   {owner, nil, contact("c-new", func(c *store.Contact) { c.Grants = []settings.Feature{"ViewSecrets"} }), NotOffered},
		"a feature of other profiles":   {owner, nil, contact("c-new", func(c *store.Contact) { c.Grants = []settings.Feature{settings.ViewServices} }), NotOffered},
		"a new owner":                   {owner, nil, contact("c-new", func(c *store.Contact) { c.Owner = true }), OwnerStays},
		"a new primary contact":         {owner, nil, contact("c-new", func(c *store.Contact) { c.Roles = []string{RolePrimary} }), ""},
		"a new primary, not of recent":  {stale, nil, contact("c-new", func(c *store.Contact) { c.Roles = []string{RolePrimary} }), NotRecent},
		"a new primary, not the owner":  {clerk, nil, contact("c-new", func(c *store.Contact) { c.Roles = []string{RolePrimary} }), PrimaryOfOwner},
		"another email, no sign-in":     {clerk, &plain, contact("c-other", func(c *store.Contact) { c.Email = "y@mail.example" }), ""},
		"the same email in other case":  {clerk, &plain, contact("c-other", func(c *store.Contact) { c.Email = "X@mail.example" }), ""},
		"disable somebody":              {clerk, &plain, contact("c-other", func(c *store.Contact) { c.Access = store.AccessDisabled }), ""},
		"own name":                      {clerk, ptr(contact("c-manager", nil)), contact("c-manager", func(c *store.Contact) { c.FirstName = "Sam" }), ""},
		"own access":                    {clerk, ptr(contact("c-manager", nil)), contact("c-manager", func(c *store.Contact) { c.Access = store.AccessDisabled }), OwnAccess},
		"own grants":                    {clerk, ptr(contact("c-manager", nil)), contact("c-manager", func(c *store.Contact) { c.Grants = clerk.Features }), OwnGrants},
		"the owner, by another":         {clerk, ptr(contact("c-owner", func(c *store.Contact) { c.Owner = true })), contact("c-owner", func(c *store.Contact) { c.Owner = true; c.Phone = "1" }), OwnersContact},
		"the owner, by the owner":       {owner, ptr(contact("c-manager", func(c *store.Contact) { c.Owner = true })), contact("c-manager", func(c *store.Contact) { c.Owner = true; c.Phone = "1" }), ""},
		"the owner disables themselves": {owner, ptr(contact("c-manager", func(c *store.Contact) { c.Owner = true })), contact("c-manager", func(c *store.Contact) { c.Owner = true; c.Access = store.AccessDisabled }), OwnerStays},
	} {
		if got := test.m.CheckChange(test.before, test.after); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	signsIn := contact("c-other", func(c *store.Contact) { c.User = &store.ContactUser{Username: "u", HasPassword: true} })
	primary := contact("c-other", func(c *store.Contact) { c.Roles = []string{RolePrimary} })
	mighty := contact("c-other", func(c *store.Contact) { c.Grants = profile })
	boss := contact("c-owner", func(c *store.Contact) { c.Owner = true })
	for name, test := range map[string]struct{ got, want ContactRefusal }{
		"invite":                          {clerk.CheckInvite(plain), ""},
		"invite who signs in":             {owner.CheckInvite(signsIn), EmailOfSignIn},
		"invite the owner":                {clerk.CheckInvite(boss), OwnersContact},
		"invite oneself":                  {clerk.CheckInvite(contact("c-manager", nil)), OwnAccess},
		"invite who may do more":          {clerk.CheckInvite(mighty), HoldsMore},
		"delete":                          {clerk.CheckDelete(signsIn), ""},
		"delete oneself":                  {clerk.CheckDelete(contact("c-manager", nil)), OwnAccess},
		"delete the owner":                {clerk.CheckDelete(boss), OwnersContact},
		"delete oneself, the owner":       {owner.CheckDelete(contact("c-manager", func(c *store.Contact) { c.Owner = true })), OwnerStays},
		"delete who may do more":          {clerk.CheckDelete(mighty), HoldsMore},
		"delete a primary":                {clerk.CheckDelete(primary), PrimaryOfOwner},
		"delete a primary, not of recent": {stale.CheckDelete(primary), NotRecent},
		"own email":                       {clerk.CheckOwnEmail(contact("c-manager", nil)), ""},
		"own primary email":               {clerk.CheckOwnEmail(contact("c-manager", func(c *store.Contact) { c.Roles = []string{RolePrimary} })), PrimaryOfOwner},
		"own email, not of recent":        {stale.CheckOwnEmail(boss), NotRecent},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, want %q", name, test.got, test.want)
		}
	}
}

func TestPresetsOfAPerson(t *testing.T) {
	e := config.Effective{Features: []settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.PlaceOrders, settings.ManageContacts, settings.ViewServices}}
	owner := NewManager(store.SessionView{Owner: true}, e, true)
	if diff := cmp.Diff([]settings.Feature{"Billing", "Technical", "ReadOnly"}, owner.Presets()); diff != "" {
		t.Errorf("the owner (-want +got):\n%s", diff)
	}
	clerk := NewManager(store.SessionView{Grants: []settings.Feature{settings.ManageContacts, settings.ViewServices}}, e, true)
	if diff := cmp.Diff([]settings.Feature{"Technical"}, clerk.Presets()); diff != "" {
		t.Errorf("a clerk (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.PlaceOrders}, owner.Expand("Billing")); diff != "" {
		t.Errorf("billing (-want +got):\n%s", diff)
	}
}

func ptr[T any](v T) *T { return &v }
