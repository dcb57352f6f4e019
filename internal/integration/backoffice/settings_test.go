package backoffice

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

// The entity tag of the settings of an account changes with its row and with the
// document, and with nothing else.
func TestSettingsTag(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada","accountProfile":"business"}`)
	get := func(known string) (int, string) {
		response, _ := s.call(t, http.MethodGet, "/api/v1/accounts/A/settings", map[string]string{"If-None-Match": known}, nil)
		return response.StatusCode, response.Header.Get("ETag")
	}
	_, first := get("")
	if status, tag := get(first); status != http.StatusNotModified || tag != first {
		t.Errorf("what is known: %d, tag %s after %s", status, tag, first)
	}
	s.must(t, integration.Accounts, `{"id":"A","attributes":{"locale":"de"}}`)
	status, second := get(first)
	if status != http.StatusOK || second == first {
		t.Errorf("after a change of the account: %d, tag %s after %s", status, second, first)
	}
	s.settings.Store(document(t, 7))
	status, third := get(second)
	if status != http.StatusOK || third == second {
		t.Errorf("after a change of the profile: %d, tag %s after %s", status, third, second)
	}
	s.settings.Store(document(t, 21))
	if status, tag := get(second); status != http.StatusNotModified || tag != second {
		t.Errorf("after it was taken back: %d, tag %s, before %s", status, tag, second)
	}
}

// What the settings of many accounts say is what those of each one say.
func TestSettingsOfMany(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"x","accountProfile":"business","attributes":{"locale":"de"}}`,
		`{"id":"B","name":"x","status":"Suspended","myAccountProfile":"full"}`, `{"id":"C","name":"x"}`)
	_, text := s.call(t, http.MethodGet, "/api/v1/settings", nil, nil)
	var page struct{ Items []integration.AccountSettings }
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	var want []integration.AccountSettings
	for _, id := range []string{"A", "B", "C"} {
		one, err := s.AccountSettings(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, one)
	}
	if diff := cmp.Diff(want, page.Items); diff != "" {
		t.Error(diff)
	}
	s.settings.Store(nil)
	for _, path := range []string{"settings", "settings/usage", "accounts/A/settings"} {
		s.walk(t, []step{{"GET", path, "", nil, 503, "", "the settings of the tenant are not loaded yet"}})
	}
}

// The usage is what counting the settings of each account gives.
func TestSettingsUsage(t *testing.T) {
	s := newSite(t, server)
	s.unlimited()
	random := rand.New(rand.NewPCG(rand.Uint64(), 0)) //nolint:gosec // a test
	profiles := []string{"", `,"accountProfile":"business"`, `,"accountProfile":"residential"`}
	for round := range 4 {
		var lines []string
		for i := range 40 {
			attributes, err := json.Marshal(randomPatch(random))
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf(`{"id":"%d","name":"x","attributes":%s%s}`, i+10*round, attributes, profiles[random.IntN(3)]))
		}
		s.must(t, integration.Accounts, lines...)
		s.execute(t, "UPDATE account SET account_profile = CASE WHEN id < '15' THEN 'gone' ELSE 'unknown' END WHERE id < '19'")
		_, text := s.call(t, http.MethodGet, "/api/v1/settings/usage", nil, nil)
		var got integration.SettingsUsage
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(s.recounted(t), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("round %d (-counted one by one +got):\n%s", round, diff)
		}
	}
}

// recounted counts the settings of all accounts one by one.
func (s *site) recounted(t *testing.T) integration.SettingsUsage {
	t.Helper()
	_, text := s.call(t, http.MethodGet, "/api/v1/settings?limit=1000", nil, nil)
	var page struct{ Items []integration.AccountSettings }
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	keys, custom := []string{}, []string{}
	for _, a := range settings.Resolve().List() {
		keys = append(keys, a.Key)
	}
	for _, account := range page.Items {
		for _, a := range account.Attributes {
			if strings.HasPrefix(a.Key, "custom.") && !slices.Contains(custom, a.Key) {
				custom = append(custom, a.Key)
			}
		}
	}
	slices.Sort(custom)
	usage := integration.SettingsUsage{Accounts: int64(len(page.Items)), SettingsDigest: s.settings.Load().Digest}
	for _, key := range append(keys, custom...) {
		usage.Attributes = append(usage.Attributes, recountedUse(key, page.Items))
	}
	return usage
}

func recountedUse(key string, accounts []integration.AccountSettings) integration.AttributeUsage {
	use := integration.AttributeUsage{Key: key}
	from := map[integration.InheritedUsage]int64{}
	for _, account := range accounts {
		applies := integration.AppliedSetting{Source: string(settings.SourceUnset)}
		for _, a := range account.Attributes {
			if a.Key == key {
				applies = a
			}
		}
		if applies.Source == string(settings.SourceAccount) {
			use.Override++
			continue
		}
		use.Inherit++
		from[integration.InheritedUsage{Source: applies.Source, SourceName: applies.SourceName, Value: applies.Value}]++
	}
	for place, count := range from {
		place.Accounts = count
		use.Inherited = append(use.Inherited, place)
	}
	slices.SortFunc(use.Inherited, func(x, y integration.InheritedUsage) int {
		return strings.Compare(x.Source+"\n"+x.SourceName, y.Source+"\n"+y.SourceName)
	})
	return use
}
