package compile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// Rule 5: entries are carried as raw JSON, and what is written loads.

// newer is a document as a newer release would write it: with fields, of every
// level, that this one does not know.
const newer = `{
  "format": 1,
  "routes": [{"event": "invoice.unpaid", "limit": 12345678901234567890.5}],
  "tenant": {"name": "acme", "uid": "uid-acme", "generation": 1, "signed": "<yes & no>",
    "content": {"namespace": "acme", "displayName": "Acme Telecom", "hostname": "my.acme.example",
      "attributes": {"rounding": "5"}, "branding": {"logo": "acme.svg"},
      "session": {"idleSeconds": 3600, "maxSeconds": 43200, "secondFactor": "Required"}}},
  "accountProfiles": [
    {"name": "business", "uid": "uid-business", "generation": 3, "hint": null,
     "content": {"displayName": "BUSINESS", "attributes": {"tradingTermsDays": 21, "loyalty": "Enabled"}, "standardPages": {"mode": "None"}}},
    {"name": "gone", "uid": "uid-gone", "generation": 2, "since": 7,
     "content": {"displayName": "GONE", "lateFee": {"days": 5}}}],
  "myAccountProfiles": [
    {"name": "full", "uid": "uid-full", "generation": 1,
     "content": {"displayName": "FULL", "features": ["ViewInvoices"], "myNumbers": ["ViewNumbers"]}}]
}`

// tree reads JSON so that two spellings of one document are equal.
func tree(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var out map[string]any
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func newerInput() compile.Input {
	return compile.Input{
		Live: []byte(newer), Tenant: tenant(1),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 3, terms(21)), accountProfile("gone", 2)},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1)},
	}
}

func TestUnknownFieldsOfANewerReleaseSurvive(t *testing.T) {
	out := mustCompile(t, newerInput())
	if diff := cmp.Diff(tree(t, []byte(newer)), tree(t, out.Document)); diff != "" {
		t.Errorf("carried forward unchanged, it differs:\n%s", diff)
	}
}

func TestUnknownFieldsSurviveRefusalAndRetirement(t *testing.T) {
	in := newerInput()
	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("business", 4, zone("Mars/Olympus"))} // refused; gone is deleted
	want := tree(t, []byte(newer))
	want["accountProfiles"].([]any)[1].(map[string]any)["state"] = "Retired"
	if diff := cmp.Diff(want, tree(t, mustCompile(t, in).Document)); diff != "" {
		t.Errorf("it differs:\n%s", diff)
	}
}

func TestEditOfAnOlderReleaseIsRenderedByIt(t *testing.T) {
	in := newerInput()
	in.AccountProfiles[0] = accountProfile("business", 4, terms(30))
	out := mustCompile(t, in)
	want := map[string]any{"displayName": "BUSINESS", "attributes": map[string]any{"tradingTermsDays": json.Number("30")}}
	if diff := cmp.Diff(want, tree(t, entry(t, out.Document, "AccountProfile", "business").Content)); diff != "" {
		t.Errorf("content:\n%s", diff)
	}
	if e := entry(t, out.Document, "AccountProfile", "gone"); string(e.Extra["since"]) != "7" {
		t.Errorf("the others lost something: %+v", e)
	}
}

// Somebody edited the ConfigMap by hand: the decoder takes any capitals.
func TestAnotherSpellingOfAKnownFieldDoesNotWin(t *testing.T) {
	in := business(t)
	in.Live = stricter(t, in.Live, `"displayName": "BUSINESS"`, `"displayname": "By hand", "zones": []`)
	in.Live = stricter(t, in.Live, `"myAccountProfiles":`, `"myaccountprofiles": [], "myAccountProfiles":`)
	out := mustCompile(t, in)
	if got := content[config.AccountProfile](t, out.Document, "AccountProfile", "business"); got.DisplayName != "BUSINESS" {
		t.Errorf("content: %+v\n%s", got, out.Document)
	}
	if strings.Contains(string(out.Document), "displayname") || strings.Contains(string(out.Document), "myaccountprofiles") || !strings.Contains(string(out.Document), "zones") {
		t.Errorf("document:\n%s", out.Document)
	}
}

// A release that renders more of the same generation than the one before it.
func TestFieldsThatThisReleaseKnowsAreRenderedAnew(t *testing.T) {
	in, out := first(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, terms(21))}})
	in.Live = stricter(t, in.Live, `"tradingTermsDays": 21`, `"currency": "EUR"`)
	if again := mustCompile(t, in); string(again.Document) != string(out.Document) {
		t.Errorf("still as it was rendered before:\n%s", again.Document)
	}
}

func TestUnknownFormatStopsWriting(t *testing.T) {
	in := business(t)
	in.Live = stricter(t, in.Live, `"format": 1`, `"format": 2`)
	_, err := compile.Compile(in)
	if !errors.Is(err, config.ErrUnknownFormat) || !strings.Contains(err.Error(), "nothing is written") || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("error: %v", err)
	}
}

func TestUnreadableLiveDocumentStopsWriting(t *testing.T) {
	in := business(t)
	for name, live := range map[string]string{
		"no JSON":           "{",
		"not an object":     "7",
		"wrong type":        strings.Replace(string(in.Live), `"FULL"`, `["FULL"]`, 1),
		"an entry twice":    strings.Replace(newer, `"name": "gone"`, `"name": "business"`, 1),
		"a nameless entry":  strings.Replace(newer, `"name": "gone"`, `"name": ""`, 1),
		"no session bounds": strings.Replace(newer, `"idleSeconds": 3600`, `"idleSeconds": 0`, 1),
	} {
		in.Live = []byte(live)
		out, err := compile.Compile(in)
		if err == nil || !strings.Contains(err.Error(), "nothing is written") || errors.Is(err, config.ErrUnknownFormat) {
			t.Errorf("%s: error %v", name, err)
		}
		if out.Document != nil {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestMissingTenantWithAnUnknownFormatIsAnErrorToo(t *testing.T) {
	if _, err := compile.Compile(compile.Input{Live: []byte(`{"format": 9}`)}); !errors.Is(err, config.ErrUnknownFormat) {
		t.Errorf("error: %v", err)
	}
}
