package config_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// plan is a document in plain values, from which the naive model below answers too.
type plan struct {
	tenant   config.Tenant
	profiles map[string]config.AccountProfile
	portals  map[string]config.MyAccountProfile
	retired  map[string]bool // "AccountProfile/x", "MyAccountProfile/x"
}

func (p plan) live(t testing.TB) *config.Live {
	t.Helper()
	p.tenant.Session = config.Session{IdleSeconds: 1, MaxSeconds: 1}
	doc := config.Settings{Format: config.Format, Tenant: config.Entry{Name: "acme", Content: raw(t, p.tenant)}}
	state := func(key string) config.EntryState {
		if p.retired[key] {
			return config.Retired
		}
		return ""
	}
	for name, content := range p.profiles {
		doc.AccountProfiles = append(doc.AccountProfiles, config.Entry{Name: name, State: state("AccountProfile/" + name), Content: raw(t, content)})
	}
	for name, content := range p.portals {
		doc.MyAccountProfiles = append(doc.MyAccountProfiles, config.Entry{Name: name, State: state("MyAccountProfile/" + name), Content: raw(t, content)})
	}
	return load(t, encode(t, doc))
}

// naive says what applies to an account, word for word as design section 5 has it:
// pinned > customer > groups (Headline first, then name) > account profile > tenant.
func (p plan) naive(a config.Account) (profile, portal config.Profile) {
	profile = p.naiveAccountProfile(a)
	usable := func(name string) bool {
		_, exists := p.portals[name]
		return exists && !(p.retired["MyAccountProfile/"+name] && p.tenant.OrphanedProfiles == config.UseDefault)
	}
	unknown := ""
	if a.MyAccountProfile != "" {
		if usable(a.MyAccountProfile) {
			return profile, p.portal(a.MyAccountProfile, config.ByAccount, "")
		}
		unknown = a.MyAccountProfile
	}
	if name := p.byRight(func(m config.MyAccountProfile) bool { return m.Customer == a.ID }); name != "" && a.ID != "" {
		return profile, p.portal(name, config.ByCustomer, unknown)
	}
	if name := p.byRight(func(m config.MyAccountProfile) bool {
		return slices.ContainsFunc(m.CustomerGroups, func(g string) bool { return slices.Contains(a.Groups, g) })
	}); name != "" {
		return profile, p.portal(name, config.ByCustomerGroup, unknown)
	}
	if profile.Source != config.ByBuiltIn {
		if name := p.profiles[profile.Name].MyAccountProfile; usable(name) {
			return profile, p.portal(name, config.ByAccountProfile, unknown)
		}
	}
	if name := p.tenant.DefaultMyAccountProfile; name != "" {
		if _, exists := p.portals[name]; exists {
			return profile, p.portal(name, config.ByTenant, unknown)
		}
	}
	return profile, config.Profile{Source: config.ByBuiltIn, Unknown: unknown}
}

func (p plan) naiveAccountProfile(a config.Account) config.Profile {
	unknown := ""
	if a.AccountProfile != "" {
		content, exists := p.profiles[a.AccountProfile]
		if exists && !(p.retired["AccountProfile/"+a.AccountProfile] && p.tenant.OrphanedProfiles == config.UseDefault) {
			return config.Profile{Name: a.AccountProfile, DisplayName: content.DisplayName, Source: config.ByAccount}
		}
		unknown = a.AccountProfile
	}
	name := p.tenant.DefaultAccountProfile
	if content, exists := p.profiles[name]; exists {
		return config.Profile{Name: name, DisplayName: content.DisplayName, Source: config.ByTenant, Unknown: unknown}
	}
	return config.Profile{Name: config.BuiltInProfile, DisplayName: "Default", Source: config.ByBuiltIn, Unknown: unknown}
}

func (p plan) portal(name string, source config.ProfileSource, unknown string) config.Profile {
	return config.Profile{Name: name, DisplayName: p.portals[name].DisplayName, Source: source, Unknown: unknown}
}

// byRight finds the first profile that matches, Headline ones before the others.
func (p plan) byRight(matches func(config.MyAccountProfile) bool) string {
	var names []string
	for name, content := range p.portals {
		if matches(content) && !p.retired["MyAccountProfile/"+name] {
			order := "1"
			if content.Availability == config.Headline {
				order = "0"
			}
			names = append(names, order+name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)[1:]
}

func (p plan) naiveAttributes(a config.Account, profile config.Profile) map[string]string {
	layers := []settings.Attributes{a.Attributes, {}, p.tenant.Attributes}
	if profile.Source != config.ByBuiltIn {
		layers[1] = p.profiles[profile.Name].Attributes
	}
	source := []string{"Account " + a.ID, "AccountProfile " + profile.Name, "Tenant acme"}
	got := map[string]string{"tradingTermsDays": "14 from BuiltIn ", "currency": "EUR from BuiltIn ", "lateFee.amount": " from Unset "}
	for i := len(layers) - 1; i >= 0; i-- {
		if d := layers[i].TradingTermsDays; d != nil {
			got["tradingTermsDays"] = fmt.Sprint(*d, " from ", source[i])
		}
		if c := layers[i].Currency; c != "" {
			got["currency"] = c + " from " + source[i]
		}
		if amount := layers[i].LateFee.Amount; amount != "" {
			got["lateFee.amount"] = amount + " from " + source[i]
		}
		for _, own := range layers[i].Custom {
			got["custom."+own.Name] = own.Value + " from " + source[i]
		}
	}
	return got
}

var names = []string{"a", "b", "c", "default"}

func maybe(r *rand.Rand, from ...string) string {
	if r.IntN(2) == 0 {
		return ""
	}
	return from[r.IntN(len(from))]
}

func someAttributes(r *rand.Rand) settings.Attributes {
	a := settings.Attributes{Currency: maybe(r, "AUD", "USD"), LateFee: settings.LateFee{Amount: maybe(r, "1", "2")}}
	for _, name := range []string{"b", "a"} {
		if value := maybe(r, "x", "y"); value != "" {
			a.Custom = append(a.Custom, settings.Custom{Name: name, Value: value})
		}
	}
	if r.IntN(2) == 0 {
		days := r.Int32N(3)
		a.TradingTermsDays = &days
	}
	return a
}

func somePlan(r *rand.Rand) plan {
	p := plan{profiles: map[string]config.AccountProfile{}, portals: map[string]config.MyAccountProfile{}, retired: map[string]bool{}}
	p.tenant = config.Tenant{
		DefaultAccountProfile: maybe(r, names...), DefaultMyAccountProfile: maybe(r, names...),
		OrphanedProfiles: config.OrphanedProfiles(maybe(r, "Keep", "UseDefault")), Attributes: someAttributes(r),
	}
	customers := map[string]bool{"": true}
	for _, name := range names {
		if r.IntN(3) > 0 {
			p.profiles[name] = config.AccountProfile{DisplayName: strings.ToUpper(name), Attributes: someAttributes(r), MyAccountProfile: maybe(r, names...)}
		}
		if r.IntN(4) > 0 {
			content := config.MyAccountProfile{DisplayName: "My " + name, Availability: config.Availability(maybe(r, "Headline", "Standard", "Historical"))}
			if id := maybe(r, "1", "2"); !customers[id] {
				content.Customer, customers[id] = id, true
			} else if g := maybe(r, "gold", "silver"); g != "" {
				content.CustomerGroups = []string{g}
			}
			content.Features = []settings.Feature{settings.Feature("Of " + name)}
			p.portals[name] = content
		}
		p.retired["AccountProfile/"+name] = r.IntN(5) == 0
		p.retired["MyAccountProfile/"+name] = r.IntN(5) == 0
	}
	return p
}

func someAccount(r *rand.Rand, id int) config.Account {
	a := config.Account{
		ID: fmt.Sprint(id), AccountProfile: maybe(r, append(names, "unheard")...), MyAccountProfile: maybe(r, append(names, "unheard")...), Attributes: someAttributes(r),
	}
	for _, g := range []string{"gold", "silver"} {
		if r.IntN(4) == 0 {
			a.Groups = append(a.Groups, g)
		}
	}
	return a
}

func TestResolutionAgreesWithTheNaiveModel(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test has to be the same each time
		p := somePlan(r)
		live := p.live(t)
		for id := range 10 {
			a := someAccount(r, id)
			profile, portal := p.naive(a)
			got := live.For(a)
			if got.AccountProfile != profile || got.MyAccountProfile != portal {
				t.Fatalf("seed %d, %+v of %+v:\ngot  %+v, %+v\nwant %+v, %+v", seed, a, p, got.AccountProfile, got.MyAccountProfile, profile, portal)
			}
			if diff := cmp.Diff(p.portals[portal.Name].Features, got.Features); diff != "" {
				t.Fatalf("seed %d, features:\n%s", seed, diff)
			}
			want := p.naiveAttributes(a, profile)
			for _, s := range got.Attributes.List() {
				if w, asked := want[s.Key]; asked && w != fmt.Sprint(s.Value, " from ", s.Source, " ", s.SourceName) {
					t.Fatalf("seed %d, %s is %+v, want %s", seed, s.Key, s, w)
				}
				delete(want, s.Key)
			}
			if len(want) > 0 {
				t.Fatalf("seed %d: not in the answer: %v", seed, want)
			}
		}
	}
}

// Counting buckets gives what asking for each account gives.
func TestCountAgreesWithAskingEachAccount(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a test has to be the same each time
		p := somePlan(r)
		live := p.live(t)
		u := config.Usage{Customers: map[string]config.Bucket{}}
		buckets := map[string]int{}
		want := config.Counts{
			AccountProfiles: map[string]int64{}, MyAccountProfiles: map[string]int64{},
			Named: config.Named{NamedAccountProfiles: map[string]int64{}, NamedMyAccountProfiles: map[string]int64{}, Groups: map[string]int64{}},
		}
		for id := range 30 {
			a := someAccount(r, id)
			b := config.Bucket{AccountProfile: a.AccountProfile, MyAccountProfile: a.MyAccountProfile, Groups: a.Groups, Accounts: 1}
			key := fmt.Sprint(b)
			if at, found := buckets[key]; found {
				u.Buckets[at].Accounts++
			} else {
				buckets[key] = len(u.Buckets)
				u.Buckets = append(u.Buckets, b)
			}
			if id == 1 || id == 2 {
				u.Customers[a.ID] = b
			}
			u.Accounts++
			countOne(want, live.For(a), a)
		}
		if diff := cmp.Diff(want, withoutZeros(live.Count(u))); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func countOne(c config.Counts, e config.Effective, a config.Account) {
	if e.AccountProfile.Source != config.ByBuiltIn {
		c.AccountProfiles[e.AccountProfile.Name]++
	}
	if e.MyAccountProfile.Name != "" {
		c.MyAccountProfiles[e.MyAccountProfile.Name]++
	}
	if a.AccountProfile != "" {
		c.NamedAccountProfiles[a.AccountProfile]++
	}
	if a.MyAccountProfile != "" {
		c.NamedMyAccountProfiles[a.MyAccountProfile]++
	}
	for _, g := range a.Groups {
		c.Groups[g]++
	}
}

func withoutZeros(c config.Counts) config.Counts {
	for _, counts := range []map[string]int64{c.AccountProfiles, c.MyAccountProfiles} {
		for name, n := range counts {
			if n == 0 {
				delete(counts, name)
			}
		}
	}
	return c
}

func TestCustomerIsTakenOutOfItsBucket(t *testing.T) {
	live := load(t, read(t, "testdata/acme.json"))
	bucket := config.Bucket{AccountProfile: "business", Accounts: 10}
	one := bucket
	one.Accounts = 1
	got := live.Count(config.Usage{Accounts: 10, Buckets: []config.Bucket{bucket}, Customers: map[string]config.Bucket{"10042": one}})
	if diff := cmp.Diff(map[string]int64{"full": 9, "vip": 1}, got.MyAccountProfiles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"business": 10}, got.AccountProfiles); diff != "" {
		t.Error(diff)
	}
}

func TestBuiltInProfileIsNotCountedAsAnAccountProfileOfItsName(t *testing.T) {
	live := plan{profiles: map[string]config.AccountProfile{config.BuiltInProfile: {DisplayName: "Not the default"}}}.live(t)
	got := live.Count(config.Usage{Accounts: 3, Buckets: []config.Bucket{{Accounts: 2}, {AccountProfile: config.BuiltInProfile, Accounts: 1}}})
	if diff := cmp.Diff(map[string]int64{config.BuiltInProfile: 1}, got.AccountProfiles); diff != "" {
		t.Error(diff)
	}
}

func TestHasPortal(t *testing.T) {
	live := load(t, read(t, "testdata/acme.json"))
	if !live.For(config.Account{}).HasPortal() {
		t.Error("the tenant's default portal profile is no portal")
	}
	if live.For(config.Account{Attributes: settings.Attributes{PortalAccess: settings.Disabled}}).HasPortal() {
		t.Error("an account whose access is disabled has a portal")
	}
	if (plan{}).live(t).For(config.Account{}).HasPortal() {
		t.Error("an account without a portal profile has a portal")
	}
}

func TestAssignable(t *testing.T) {
	live := plan{
		profiles: map[string]config.AccountProfile{"b": {}, "a": {}, "gone": {}},
		portals:  map[string]config.MyAccountProfile{"z": {}, "y": {Availability: config.Headline}, "old": {Availability: config.Historical}, "gone": {}},
		retired:  map[string]bool{"AccountProfile/gone": true, "MyAccountProfile/gone": true},
	}.live(t)
	if diff := cmp.Diff([]string{"a", "b"}, live.AssignableAccountProfiles()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"y", "z"}, live.AssignableMyAccountProfiles()); diff != "" {
		t.Error(diff)
	}
}
