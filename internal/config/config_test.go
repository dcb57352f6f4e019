package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func load(t testing.TB, document []byte) *config.Live {
	t.Helper()
	live, err := config.Load(document)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func raw(t testing.TB, content any) json.RawMessage {
	t.Helper()
	encoded, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func encode(t testing.TB, doc config.Settings) []byte {
	t.Helper()
	encoded, err := config.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// The document of testdata as Go values: the golden file says how it is written.
func acme(t testing.TB) config.Settings {
	t.Helper()
	days := func(n int32) *int32 { return &n }
	entry := func(name, uid string, generation int64, content any) config.Entry {
		return config.Entry{Name: name, UID: uid, Generation: generation, Content: raw(t, content)}
	}
	return config.Settings{
		Format: config.Format,
		Tenant: entry("acme", "11", 1, config.Tenant{
			Namespace: "acme", DisplayName: "Acme Telecom", Hostname: "my.acme.example",
			Branding: config.Branding{
				AccentColor: "#0a5fb4", SupportEmail: "help@acme.example", SupportPhone: "+61 2 5550 0100",
				TermsURL: "https://acme.example/terms", PrivacyURL: "https://acme.example/privacy",
			},
			Attributes:            settings.Attributes{Currency: "AUD"},
			DefaultAccountProfile: "residential", DefaultMyAccountProfile: "basic",
			OrphanedProfiles: config.UseDefault, Session: config.Session{IdleSeconds: 1800, MaxSeconds: 43200},
		}),
		AccountProfiles: []config.Entry{
			entry("business", "22", 1, config.AccountProfile{
				DisplayName: "Business customers", Description: "Invoiced monthly.", MyAccountProfile: "full",
				Attributes: settings.Attributes{TradingTermsDays: days(21), Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: settings.Enabled,
					CreditLimit: "5000.00", LateFee: settings.LateFee{DaysAfterDue: days(0)}, Custom: []settings.Custom{{Name: "segment", Value: "retail & more"}}},
			}),
			entry("residential", "21", 1, config.AccountProfile{DisplayName: "Residential customers", Attributes: settings.Attributes{TradingTermsDays: days(0)}}),
		},
		MyAccountProfiles: []config.Entry{
			entry("basic", "33", 1, config.MyAccountProfile{DisplayName: "Basic"}),
			entry("full", "32", 2, config.MyAccountProfile{
				DisplayName: "Full access", Description: "Sees <everything> & more.", Availability: config.Headline,
				CustomerGroups: []string{"gold", "silver"}, Features: []settings.Feature{settings.ViewActivity, settings.ViewInvoices},
			}),
			entry("vip", "31", 1, config.MyAccountProfile{
				DisplayName: "Made for one customer", Customer: "10042", Features: []settings.Feature{settings.ViewActivity},
			}),
		},
	}
}

func TestEncodeGolden(t *testing.T) {
	if diff := cmp.Diff(string(read(t, "testdata/acme.json")), string(encode(t, acme(t)))); diff != "" {
		t.Errorf("testdata/acme.json (-want +got):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	document := read(t, "testdata/acme.json")
	parsed, err := config.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	again := encode(t, parsed)
	if diff := cmp.Diff(string(document), string(again)); diff != "" {
		t.Errorf("parsed and encoded it differs:\n%s", diff)
	}
	if config.Digest(document) != config.Digest(again) {
		t.Error("the digest differs")
	}
}

func TestEncodingDoesNotDependOnSpelling(t *testing.T) {
	document := read(t, "testdata/acme.json")
	var compact any
	if err := json.Unmarshal(document, &compact); err != nil {
		t.Fatal(err)
	}
	parsed, err := config.Parse(raw(t, compact)) // without white space, and with < as \u003c
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(document), string(encode(t, parsed))); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownFieldsAreKept(t *testing.T) {
	const newer = `{
  "format": 1,
  "routes": {
    "limit": 12345678901234567890.25
  },
  "tenant": {
    "content": {
      "session": {}
    },
    "generation": 1,
    "name": "acme",
    "signature": "<abc>",
    "uid": "1"
  }
}
`
	parsed, err := config.Parse([]byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	if string(parsed.Tenant.Extra["signature"]) != `"<abc>"` {
		t.Errorf("extra fields of the entry: %q", parsed.Tenant.Extra)
	}
	if diff := cmp.Diff(newer, string(encode(t, parsed))); diff != "" {
		t.Error(diff)
	}
}

func TestAKnownFieldIsNeverTakenFromExtra(t *testing.T) {
	doc := acme(t)
	doc.Extra = map[string]json.RawMessage{"format": json.RawMessage("7")}
	doc.Tenant.Extra = map[string]json.RawMessage{"name": json.RawMessage(`"other"`)}
	if live := load(t, encode(t, doc)); live.Name != "acme" {
		t.Errorf("the tenant is %q", live.Name)
	}
}

func TestDigestNamesContent(t *testing.T) {
	const want = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := config.Digest(nil); got != want {
		t.Errorf("digest of nothing is %s", got)
	}
}

func TestLoad(t *testing.T) {
	document := read(t, "testdata/acme.json")
	live := load(t, document)
	if live.Name != "acme" || live.Generation != 1 || live.Digest != config.Digest(document) || live.Tenant.Hostname != "my.acme.example" {
		t.Errorf("loaded %+v", live)
	}
	if diff := cmp.Diff([]string{"business", "residential"}, live.AssignableAccountProfiles()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"basic", "full", "vip"}, live.AssignableMyAccountProfiles()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadIgnoresUnknownFieldsAndValuesOfAnotherRelease(t *testing.T) {
	document := string(read(t, "testdata/acme.json"))
	document = strings.Replace(document, `"hostname"`, `"futureField": [1], "hostname"`, 1)
	document = strings.Replace(document, "Australia/Sydney", "Australia/Newtown", 1)
	got := load(t, []byte(document)).For(config.Account{AccountProfile: "business"}).Attributes.TimeZone.Value
	if got != "Australia/Newtown" || config.Location(got) != time.UTC {
		t.Errorf("time zone %q", got)
	}
	if got := config.Location("Australia/Sydney").String(); got != "Australia/Sydney" {
		t.Errorf("time zone %q", got)
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	good := string(read(t, "testdata/acme.json"))
	tests := map[string]struct{ old, replacement, want string }{
		"no JSON":             {good, `{`, "not readable"},
		"another format":      {`"format": 1`, `"format": 2`, "has format 2, this release reads format 1"},
		"no format":           {`"format": 1,`, ``, "has format 0"},
		"entries of a type":   {`"uid": "33"`, `"uid": 33`, "not readable"},
		"content of a type":   {`"Full access"`, `true`, `MyAccountProfile "full"`},
		"an unnamed entry":    {`"name": "business"`, `"name": ""`, "an entry of kind AccountProfile has no name"},
		"an entry twice":      {`"name": "business"`, `"name": "residential"`, `AccountProfile "residential" is there twice`},
		"a portal entry too":  {`"name": "basic"`, `"name": "full"`, `MyAccountProfile "full" is there twice`},
		"a customer twice":    {`"displayName": "Basic"`, `"displayName": "Basic", "customer": "10042"`, `"basic" and "vip" both name customer "10042"`},
		"sessions forever":    {`"maxSeconds": 43200`, `"maxSeconds": 0`, `Tenant "acme": session.idleSeconds and session.maxSeconds must be positive`},
		"an unnamed tenant":   {`"name": "acme"`, `"name": ""`, "an entry of kind Tenant has no name"},
		"profile of a type":   {`"Residential customers"`, `[]`, `AccountProfile "residential"`},
		"a fee of a type":     {`"daysAfterDue": 0`, `"daysAfterDue": "0"`, `AccountProfile "business"`},
		"attributes of a set": {`"tradingTermsDays": 0`, `"tradingTermsDays": "0"`, `AccountProfile "residential"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(good, test.old, test.replacement, 1)
			if broken == good {
				t.Fatalf("%q is not in the document", test.old)
			}
			_, err := config.Load([]byte(broken))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if unknown := errors.Is(err, config.ErrUnknownFormat); unknown != strings.Contains(name, "format") {
				t.Errorf("of an unknown format: %v", unknown)
			}
		})
	}
}

func TestEncodeRefusesBrokenContent(t *testing.T) {
	doc := acme(t)
	doc.Tenant.Content = json.RawMessage("{")
	if _, err := config.Encode(doc); err == nil {
		t.Error("broken content was encoded")
	}
}

// FuzzLoad: whatever is mounted, Load answers, and what it loads can be asked.
func FuzzLoad(f *testing.F) {
	f.Add(read(f, "testdata/acme.json"))
	f.Fuzz(func(t *testing.T, document []byte) {
		live, err := config.Load(document)
		if err != nil {
			return
		}
		for _, name := range append(live.AssignableAccountProfiles(), "", "nobody") {
			for _, portal := range append(live.AssignableMyAccountProfiles(), "", "nobody") {
				e := live.For(config.Account{ID: "10042", AccountProfile: name, MyAccountProfile: portal, Groups: []string{"gold"}})
				if e.AccountProfile.Name == "" || len(e.Attributes.List()) < len(settings.AttributeRegistry())-1 {
					t.Errorf("%q, %q: %+v", name, portal, e)
				}
			}
		}
		doc, err := config.Parse(document)
		if err != nil {
			t.Fatalf("loaded, and does not parse: %v", err)
		}
		if _, err := config.Load(encode(t, doc)); err != nil {
			t.Errorf("encoded it does not load: %v", err)
		}
	})
}
