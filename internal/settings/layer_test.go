package settings_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

func TestKeys(t *testing.T) {
	for name, test := range map[string]struct {
		attributes settings.Attributes
		want       []string
	}{
		"nothing":            {settings.Attributes{}, nil},
		"empty":              {settings.Attributes{Custom: []settings.Custom{}}, nil},
		"zero is a value":    {settings.Attributes{TradingTermsDays: days(0), CreditLimit: "0", LateFee: settings.LateFee{DaysAfterDue: days(0)}}, []string{"creditLimit", "lateFee.daysAfterDue", "tradingTermsDays"}},
		"custom among them":  {settings.Attributes{Locale: "de", Custom: []settings.Custom{{Name: "z", Value: "1"}, {Name: "a", Value: "2"}}, CreditLimit: "5"}, []string{"creditLimit", "custom.a", "custom.z", "locale"}},
		"equal to a default": {settings.Attributes{InvoiceDelivery: settings.ByEmail}, []string{"invoiceDelivery"}},
	} {
		if diff := cmp.Diff(test.want, test.attributes.Keys()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestDiff(t *testing.T) {
	before := settings.Attributes{
		TradingTermsDays: days(14), Locale: "de", CreditLimit: "100",
		LateFee: settings.LateFee{Type: settings.FlatLateFee, DaysAfterDue: days(7)},
		Custom:  []settings.Custom{{Name: "stays", Value: "1"}, {Name: "goes", Value: "2"}, {Name: "segment", Value: "old"}},
	}
	after := settings.Attributes{
		TradingTermsDays: days(0), Locale: "de", BillingDay: days(1),
		LateFee: settings.LateFee{Type: settings.FlatLateFee, Amount: "5"},
		Custom:  []settings.Custom{{Name: "segment", Value: "new"}, {Name: "stays", Value: "1"}},
	}
	want := []settings.Change{
		{Key: "billingDay", New: "1", HasNew: true},
		{Key: "creditLimit", Old: "100", HadOld: true},
		{Key: "custom.goes", Old: "2", HadOld: true},
		{Key: "custom.segment", Old: "old", New: "new", HadOld: true, HasNew: true},
		{Key: "lateFee.amount", New: "5", HasNew: true},
		{Key: "lateFee.daysAfterDue", Old: "7", HadOld: true},
		{Key: "tradingTermsDays", Old: "14", New: "0", HadOld: true, HasNew: true},
	}
	if diff := cmp.Diff(want, settings.Diff(before, after)); diff != "" {
		t.Error(diff)
	}
	if changes := settings.Diff(before, before); changes != nil {
		t.Errorf("from itself it differs by %+v", changes)
	}
	reordered := before
	reordered.Custom = []settings.Custom{before.Custom[2], before.Custom[0], before.Custom[1]}
	if changes := settings.Diff(before, reordered); changes != nil {
		t.Errorf("the order of custom attributes is a change: %+v", changes)
	}
}

// someValues are values of every key, to set one by one.
var someValues = map[string][2]string{
	"tradingTermsDays": {"0", "21"}, "invoiceTemplate": {"standard", "acme"}, "maxSubAccounts": {"0", "5"},
	"currency": {"EUR", "AUD"}, "locale": {"en", "de"}, "timeZone": {"UTC", "Europe/Berlin"},
	"portalAccess": {"Enabled", "Disabled"}, "emailNotifications": {"Enabled", "Disabled"}, "smsNotifications": {"Enabled", "WithConsent"},
	"reminders": {"Enabled", "Disabled"}, "reminderMinimumAmount": {"0", "5.00"}, "quietHours": {"22:00-07:00", "12:00-13:00"},
	"requireVerifiedEmail": {"Enabled", "Disabled"}, "remindersPausedUntil": {"2026-12-31", "2027-01-01"}, "disputed": {"Yes", "Yes"},
	"consent.sms": {"Granted", "Withheld"}, "creditLimit": {"0", "12.5000"}, "billingDay": {"1", "28"}, "invoiceDelivery": {"Email", "Post"},
	"lateFee.type": {"None", "Flat"}, "lateFee.amount": {"0", "5.00"}, "lateFee.daysAfterDue": {"0", "7"}, "lateFee.minimumBalance": {"0", "20"},
	"lateFee.label": {"Fee", "Late"}, "custom.a": {"1", "2"}, "custom.b": {"1", "2"}, "custom.c": {"1", "2"},
}

// merged is the layer with what the patch sets: nested objects and custom attributes are
// merged one by one.
func merged(t *testing.T, layer settings.Attributes, patch string) settings.Attributes {
	t.Helper()
	result := decode(t, encode(t, layer)) // a copy of its own
	own := result.Custom
	result.Custom = nil
	if err := json.Unmarshal([]byte(patch), &result); err != nil { // keeps what the patch does not name
		t.Fatal(err)
	}
	for _, set := range result.Custom {
		own = slices.DeleteFunc(own, func(c settings.Custom) bool { return c.Name == set.Name })
	}
	result.Custom = append(own, result.Custom...)
	return result
}

// without is the layer without a key: what null leaves of it.
func without(t *testing.T, layer settings.Attributes, key string) settings.Attributes {
	t.Helper()
	var rest settings.Attributes
	for _, change := range settings.Diff(settings.Attributes{}, layer) {
		if change.Key != key {
			rest = merged(t, rest, encodeKey(change.Key, change.New))
		}
	}
	return rest
}

func encode(t *testing.T, a settings.Attributes) string {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func someLayers(t *testing.T, r *rand.Rand, keys []string) []settings.Layer {
	t.Helper()
	layers := []settings.Layer{{Source: settings.SourceAccount, Name: "10042"}, {Source: settings.SourceAccountProfile, Name: "business"}, {Source: settings.SourceTenant, Name: "acme"}}
	for i := range layers {
		for _, key := range keys {
			if r.Intn(3) == 0 {
				layers[i].Attributes = merged(t, layers[i].Attributes, encodeKey(key, someValues[key][r.Intn(2)]))
			}
		}
	}
	return layers
}

// Whatever the layers say: setting a key in one of them changes that key and no other,
// and only if no stronger layer sets it; unsetting it inherits what there was before.
func TestMergingKeyByKey(t *testing.T) {
	var keys []string
	for key := range someValues {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if all := decode(t, encode(t, everything())).Keys(); len(all) != len(keys)-1 {
		t.Fatalf("this test tries %v, and a layer can have %v", keys, all)
	}
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed)) //nolint:gosec // a seed that can be repeated
		layers := someLayers(t, r, keys)
		at, key := r.Intn(len(layers)), keys[r.Intn(len(keys))]
		value := someValues[key][r.Intn(2)]
		bare := slices.Clone(layers)
		bare[at].Attributes = without(t, layers[at].Attributes, key)
		full := slices.Clone(bare)
		full[at].Attributes = merged(t, bare[at].Attributes, encodeKey(key, value))
		what := fmt.Sprintf("seed %d: %s of the %s", seed, key, layers[at].Source)

		before, after := byKey(settings.Resolve(bare...)), byKey(settings.Resolve(full...))
		decided := slices.ContainsFunc(bare[:at], func(l settings.Layer) bool { return slices.Contains(l.Attributes.Keys(), key) })
		if got := after[key]; !decided && (got.Value != value || got.Source != layers[at].Source || got.SourceName != layers[at].Name) {
			t.Errorf("%s is set to %q: what applies is %+v", what, value, got)
		}
		if !decided {
			delete(before, key)
			delete(after, key)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s is set, and something else changes:\n%s", what, diff)
		}
		again := slices.Clone(full)
		again[at].Attributes = without(t, full[at].Attributes, key)
		if diff := cmp.Diff(settings.Resolve(bare...), settings.Resolve(again...)); diff != "" {
			t.Errorf("%s is set and unset again:\n%s", what, diff)
		}
		if changes := settings.Diff(bare[at].Attributes, full[at].Attributes); !cmp.Equal(changes, []settings.Change{{Key: key, New: value, HasNew: true}}) {
			t.Errorf("%s is set to %q: %+v", what, value, changes)
		}
	}
}

func byKey(r settings.Resolved) map[string]settings.Setting {
	found := map[string]settings.Setting{}
	for _, s := range r.List() {
		found[s.Key] = s
	}
	return found
}

// What is encoded is what is set, and decoding gives back the same.
func TestJSONIsLossless(t *testing.T) {
	keys := everything().Keys()
	for seed := range int64(100) {
		r := rand.New(rand.NewSource(seed)) //nolint:gosec // a seed that can be repeated
		var a settings.Attributes
		for _, change := range settings.Diff(settings.Attributes{}, everything()) {
			if r.Intn(2) == 0 {
				a = merged(t, a, encodeKey(change.Key, change.New))
			}
		}
		text := encode(t, a)
		if diff := cmp.Diff(a, decode(t, text)); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
		var tree map[string]any
		if err := json.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a.Keys(), keysOf(tree)); diff != "" {
			t.Errorf("keys that are set, and those of %s:\n%s", text, diff)
		}
	}
	if len(keys) < 15 {
		t.Errorf("only %v were tried", keys)
	}
	for _, unset := range []string{`{}`, `{"tradingTermsDays":null,"lateFee":null,"custom":null}`, `{"lateFee":{}}`, `{"lateFee":{"amount":null}}`, `{"custom":[]}`, `{"creditLimit":""}`, `{"quietHours":{"start":"","end":null}}`, `{"consent":{}}`} {
		if text := encode(t, decode(t, unset)); text != "{}" {
			t.Errorf("%s is encoded as %s", unset, text)
		}
	}
}

// keysOf lists the keys of a layer in JSON.
func keysOf(tree map[string]any) []string {
	var keys []string
	for name, value := range tree {
		switch value := value.(type) {
		case map[string]any:
			if name == "quietHours" { // which is one value
				keys = append(keys, name)
				continue
			}
			for inner := range value {
				keys = append(keys, name+"."+inner)
			}
		case []any:
			for _, element := range value {
				keys = append(keys, fmt.Sprint(name, ".", element.(map[string]any)["name"]))
			}
		default:
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// Whatever a layer says in JSON: it is encoded without loss, and where it is allowed,
// what it sets is what applies.
func FuzzAttributes(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"tradingTermsDays":0,"billingDay":28,"creditLimit":"0","lateFee":{"daysAfterDue":0,"label":"ü"}}`,
		`{"lateFee":null,"custom":[]}`, `{"quietHours":{"start":"22:00","end":"07:00"},"consent":{"sms":"Granted"},"disputed":"Yes"}`, `{"quietHours":{"start":"-","end":"x"}}`, `{"custom":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}`,
		`{"custom":[{"name":"b","value":"1"},{"name":"a","value":"\u0000"}],"LATEFEE":{"TYPE":"Flat"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var a settings.Attributes
		if json.Unmarshal(text, &a) != nil {
			return
		}
		encoded := encode(t, a)
		again := decode(t, encoded)
		if changes := settings.Diff(a, again); changes != nil || encode(t, again) != encoded {
			t.Errorf("%s is encoded as %s, and differs by %+v", text, encoded, changes)
		}
		if len(a.Validate()) > 0 {
			return
		}
		applies := byKey(settings.Resolve(settings.Layer{Source: settings.SourceAccount, Attributes: a}))
		for _, change := range settings.Diff(settings.Attributes{}, a) {
			if s := applies[change.Key]; s.Source != settings.SourceAccount || s.Value != change.New || s.Value == "" {
				t.Errorf("%s: %s is %+v, want %q", text, change.Key, s, change.New)
			}
			delete(applies, change.Key)
		}
		for key, s := range applies {
			if s.Source == settings.SourceAccount || s.Source == settings.SourceUnset && s.Value != "" {
				t.Errorf("%s: %s is %+v, and was not set", text, key, s)
			}
		}
	})
}
