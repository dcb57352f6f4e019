package compare

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// world makes documents and accounts at random, of few names so that they meet.
type world struct{ *rand.Rand }

func (w world) one(of ...string) string { return of[w.IntN(len(of))] }

func (w world) attributes() (a settings.Attributes) {
	if w.IntN(2) == 0 {
		a.TradingTermsDays = number(int32(w.IntN(3) * 7))
	}
	if w.IntN(3) == 0 {
		a.PortalAccess = settings.Access(w.one("Enabled", "Disabled"))
	}
	a.Locale = w.one("", "", "de", "fr")
	for _, name := range []string{"tier", "area"} {
		if w.IntN(3) == 0 {
			a.Custom = append(a.Custom, settings.Custom{Name: name, Value: w.one("a", "b")})
		}
	}
	return a
}

func (w world) features() (list []settings.Feature) {
	for _, info := range settings.FeatureRegistry() {
		if w.IntN(3) == 0 {
			list = append(list, info.Feature)
		}
	}
	return list
}

func (w world) side() side {
	s := side{profiles: map[string]config.AccountProfile{}, portals: map[string]config.MyAccountProfile{}, retired: map[string]bool{}}
	s.tenant = config.Tenant{DisplayName: "Acme", Hostname: "my.acme.example", Attributes: w.attributes(),
		DefaultAccountProfile: w.one("", "a", "b"), DefaultMyAccountProfile: w.one("", "x", "y"), OrphanedProfiles: config.OrphanedProfiles(w.one("", "UseDefault"))}
	for _, name := range []string{"a", "b", "c"} {
		if w.IntN(4) > 0 {
			s.profiles[name] = config.AccountProfile{Attributes: w.attributes(), MyAccountProfile: w.one("", "x", "y", "z")}
			s.retired[name] = w.IntN(5) == 0
		}
	}
	customers := []string{"1", "2", "3"}
	for i, name := range []string{"x", "y", "z"} {
		if w.IntN(4) == 0 {
			continue
		}
		p := config.MyAccountProfile{Features: w.features()}
		switch w.IntN(3) {
		case 0:
			p.Customer = customers[i]
		case 1:
			p.CustomerGroups = []string{w.one("gold", "silver")}
		}
		s.portals[name] = p
		s.retired[name] = w.IntN(5) == 0
	}
	return s
}

func (w world) account(t *testing.T, id int) Account {
	a := Account{ID: fmt.Sprint(id), Status: settings.AccountStatuses()[w.IntN(4)], AccountProfile: w.one("", "a", "b", "c", "unknown"), MyAccountProfile: w.one("", "", "x", "unknown")}
	for _, group := range []string{"gold", "silver"} {
		if w.IntN(4) == 0 {
			a.Groups = append(a.Groups, group)
		}
	}
	if w.IntN(2) == 0 {
		text, err := json.Marshal(w.attributes())
		if err != nil {
			t.Fatal(err)
		}
		a.Attributes = text
	}
	return a
}

// seen is everything that applies to an account as `kubectl foyer explain` has it, worked out
// here by itself: one value for each key.
func seen(t *testing.T, d Documents, a Account) map[string]string {
	t.Helper()
	var own settings.Attributes
	if a.Attributes != nil {
		if err := json.Unmarshal(a.Attributes, &own); err != nil {
			t.Fatal(err)
		}
	}
	e := d.Live.For(config.Account{ID: a.ID, AccountProfile: a.AccountProfile, MyAccountProfile: a.MyAccountProfile, Groups: a.Groups, Attributes: own})
	values := map[string]string{"accountProfile": e.AccountProfile.Name, "myAccountProfile": e.MyAccountProfile.Name, "portal": fmt.Sprint(e.HasPortal())}
	for _, s := range e.Attributes.List() {
		values[s.Key] = s.Value
	}
	for _, info := range settings.FeatureRegistry() {
		values[prefixFeature+string(info.Feature)] = string(settings.Permit(info.Feature, e.Features, settings.Person{Owner: true, Status: a.Status}))
	}
	return values
}

// What is told is what differs of everything that applies, for every account, and nothing else;
// what is counted is what is told; the same documents change nothing; and parts add up.
func TestPlanTellsWhatDiffers(t *testing.T) {
	for seed := range uint64(100) {
		w := world{rand.New(rand.NewPCG(seed, 7))}
		before, after := w.side().open(t), w.side().open(t)
		var accounts []Account
		for id := range 40 {
			accounts = append(accounts, w.account(t, id))
		}
		told := map[string]map[string]bool{}
		tell := func(l Line) {
			if l.Kind == "Account" {
				told[l.AccountID] = map[string]bool{}
				for _, c := range l.Changes {
					told[l.AccountID][c.Key] = true
				}
			}
		}
		whole := New(before, after, Options{Samples: 3, Each: tell})
		count(t, whole, accounts)
		for _, a := range accounts {
			was, is := seen(t, before, a), seen(t, after, a)
			want := map[string]bool{}
			open := was["portal"] == "true" || is["portal"] == "true"
			for _, values := range []map[string]string{was, is} {
				for key := range values {
					if was[key] != is[key] && (open || !strings.HasPrefix(key, prefixFeature)) {
						want[key] = true
					}
				}
			}
			if diff := cmp.Diff(want, told[a.ID]); len(want)+len(told[a.ID]) > 0 && diff != "" {
				t.Fatalf("seed %d, account %+v: (-want +got)\n%s", seed, a, diff)
			}
		}
		d := whole.Difference()
		if d.Accounts.Changed != int64(len(told)) {
			t.Fatalf("seed %d: %d are counted, %d told", seed, d.Accounts.Changed, len(told))
		}
		same := New(before, before, Options{Samples: 3})
		count(t, same, accounts)
		if d := same.Difference(); !d.Empty() {
			t.Fatalf("seed %d: the same documents change %+v", seed, d)
		}
		if diff := cmp.Diff(d.Accounts, inParts(t, before, after, accounts).Accounts); diff != "" {
			t.Fatalf("seed %d: in parts (-whole +parts)\n%s", seed, diff)
		}
		if diff := cmp.Diff(d.People, inParts(t, before, after, accounts).People); diff != "" {
			t.Fatalf("seed %d: in parts (-whole +parts)\n%s", seed, diff)
		}
	}
}

// inParts adds up the differences of some accounts after the other, as pages of the API are.
func inParts(t *testing.T, before, after Documents, accounts []Account) Difference {
	var sum Difference
	first := New(before, after, Options{})
	countBuckets(first, accounts)
	for part := range slices.Chunk(accounts, 7) {
		c := New(before, after, Options{Samples: 3, Buckets: first.Buckets()})
		look(t, c, part)
		d := c.Difference()
		sum.Add(d, 3)
	}
	sum.Sort()
	return sum
}
