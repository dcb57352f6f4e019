//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
	"github.com/foyerhq/foyer/internal/integration"
)

// danasAccount is that of dana and sam, the first account of the demo.
func danasAccount() string { return strconv.Itoa(people.Acme().FirstID) }

// apiClient is a system of a provider: it reaches the API as a customer's browser
// reaches the portal, through the edge.
type apiClient struct {
	origin, token string
	http          *http.Client
}

// apiOf has the token that the operator put into the Secret of a demo tenant.
func apiOf(t *testing.T, tenant string) apiClient {
	t.Helper()
	// A cleanup calls it too, when the test's own context is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	encoded, err := kubectl(ctx, "--namespace", tenant, "get", "secret", tenant+"-cli", "-o", "jsonpath={.data.token}")
	if err != nil {
		t.Fatal(err)
	}
	token, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	client, err := visit.Client(filepath.Join(repository, ".state/demo"))
	if err != nil {
		t.Fatal(err)
	}
	return apiClient{"https://api." + tenant + ".localhost", string(token), client}
}

func (c apiClient) with(token string) apiClient {
	c.token = token
	return c
}

// answer is what came back, with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request; headers are pairs of name and value.
func (c apiClient) call(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	// A cleanup calls it too, when the test's own context is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.origin+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// must wants a status.
func (c apiClient) must(t *testing.T, status int, method, path, body string, headers ...string) answer {
	t.Helper()
	a := c.call(t, method, path, body, headers...)
	if a.status != status {
		t.Fatalf("%s %s answers %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

func read[T any](t *testing.T, a answer) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return value
}

// latest is where a feed goes on from now.
func (c apiClient) latest(t *testing.T, feed string) string {
	t.Helper()
	return read[struct{ Next string }](t, c.must(t, http.StatusOK, http.MethodGet, "/"+feed+"?after=latest", "")).Next
}

// setting is how an attribute of dana's account is decided, as "21 AccountProfile business".
func (c apiClient) setting(t *testing.T, key string) string {
	t.Helper()
	applied := read[integration.AccountSettings](t, c.must(t, http.StatusOK, http.MethodGet, "/accounts/"+danasAccount()+"/settings", ""))
	for _, s := range applied.Attributes {
		if s.Key == key {
			return strings.TrimSpace(s.Value + " " + s.Source + " " + s.SourceName)
		}
	}
	t.Fatalf("no attribute %s", key)
	return ""
}

// patchDana changes dana's account, and its attributes back to inherited at the end.
func (c apiClient) patchDana(t *testing.T, attributes string) {
	t.Helper()
	c.must(t, http.StatusOK, http.MethodPatch, "/accounts/"+danasAccount(), `{"attributes":`+attributes+`}`)
}

// A token that the API makes may do what its scopes say, at this tenant, until it is
// withdrawn.
func TestTokenMayDoWhatItsScopesSay(t *testing.T) {
	acme, nordlicht := apiOf(t, "acme"), apiOf(t, "nordlicht")
	ask := fmt.Sprintf(`{"name":"e2e-%d","scopes":["accounts:read"],"expiresAt":%q}`, time.Now().UnixNano(), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	made := read[integration.CreatedToken](t, acme.must(t, http.StatusCreated, http.MethodPost, "/tokens", ask))
	withdrawn := false
	t.Cleanup(func() {
		if !withdrawn {
			acme.call(t, http.MethodDelete, "/tokens/"+made.ID, "")
		}
	})
	billing := acme.with(made.Secret)
	billing.must(t, http.StatusOK, http.MethodGet, "/accounts/"+danasAccount(), "")
	for _, forbidden := range []struct{ method, path, body string }{
		{http.MethodPatch, "/accounts/" + danasAccount(), `{"name":"Mallory"}`},
		{http.MethodGet, "/contacts?accountId=" + danasAccount(), ""},
		{http.MethodPost, "/tokens", `{"name":"more","scopes":["*"]}`},
	} {
		if a := billing.must(t, http.StatusForbidden, forbidden.method, forbidden.path, forbidden.body); !strings.Contains(a.body, "scope") {
			t.Errorf("%s %s does not say which scope is missing: %s", forbidden.method, forbidden.path, a.body)
		}
	}
	for name, stranger := range map[string]apiClient{
		"a token of acme": nordlicht.with(made.Secret), "the first token of acme": nordlicht.with(acme.token), "no token": nordlicht.with(""),
	} {
		if a := stranger.call(t, http.MethodGet, "/accounts?limit=1", ""); a.status != http.StatusUnauthorized || strings.Contains(a.body, "items") {
			t.Errorf("with %s nordlicht answers %d: %s", name, a.status, a.body)
		}
	}
	acme.must(t, http.StatusNoContent, http.MethodDelete, "/tokens/"+made.ID, "")
	withdrawn = true
	eventually(t, time.Minute, "the end of the token", func() string {
		if a := billing.call(t, http.MethodGet, "/tokens/self", ""); a.status != http.StatusUnauthorized {
			return fmt.Sprintf("it is answered with %d", a.status)
		}
		return ""
	})
}

// What the provider's system changes is on the next page that the customer opens, of
// every replica; null goes back to the profile; and the change feed has all of it.
func TestPatchedAccountIsOnTheNextPage(t *testing.T) {
	acme := apiOf(t, "acme")
	pods, dana := portalPods(t, cluster(t)), cookiesOf(t, "dana")
	for _, pod := range pods {
		eventually(t, time.Minute, "the terms of the samples on "+pod.Name, func() string { return lacks(t, pod, dana, "/", "21 days") })
	}
	t.Cleanup(func() { acme.patchDana(t, `{"tradingTermsDays":null}`) })
	position := acme.latest(t, "changes")

	acme.patchDana(t, `{"tradingTermsDays":37}`)
	for _, pod := range pods {
		if missing := lacks(t, pod, dana, "/", "37 days"); missing != "" {
			t.Errorf("%s after the change: %s", pod.Name, missing)
		}
	}
	if got, want := acme.setting(t, "tradingTermsDays"), "37 Account "+danasAccount(); got != want {
		t.Errorf("the terms are %q, want %q", got, want)
	}
	acme.patchDana(t, `{"tradingTermsDays":null}`)
	for _, pod := range pods {
		if missing := lacks(t, pod, dana, "/", "21 days"); missing != "" {
			t.Errorf("%s after null: %s", pod.Name, missing)
		}
	}
	if got, want := acme.setting(t, "tradingTermsDays"), "21 AccountProfile business"; got != want {
		t.Errorf("the terms are %q, want %q", got, want)
	}

	site := "/sites/" + danasAccount() + "-e2e"
	acme.must(t, http.StatusCreated, http.MethodPut, site, fmt.Sprintf(`{"accountId":%q,"name":"For a moment"}`, danasAccount()), "If-None-Match", "*")
	acme.must(t, http.StatusNoContent, http.MethodDelete, site, "")
	changes := read[integration.Changes](t, acme.must(t, http.StatusOK, http.MethodGet, "/changes?limit=1000&after="+position, ""))
	var ours []string
	for _, c := range changes.Items {
		if c.AccountID == danasAccount() {
			ours = append(ours, c.Operation+" "+c.Kind+" "+c.ID)
		}
	}
	account, siteID := danasAccount(), danasAccount()+"-e2e"
	want := []string{"Upsert account " + account, "Upsert account " + account, "Upsert site " + siteID, "Delete site " + siteID}
	if !slices.Equal(ours, want) {
		t.Errorf("the change feed has %q, want %q", ours, want)
	}
}

// A profile that is edited by kubectl is announced once, and the settings of who uses it
// have another entity tag.
func TestEditedProfileIsAnnounced(t *testing.T) {
	acme := apiOf(t, "acme")
	path := "/accounts/" + danasAccount() + "/settings"
	waitReady(t, "accountprofile/business")
	eventually(t, time.Minute, "the terms of the samples", func() string {
		if got := acme.setting(t, "tradingTermsDays"); got != "21 AccountProfile business" {
			return "they are " + got
		}
		return ""
	})
	t.Cleanup(func() { restoreSamples(t) })
	position := acme.latest(t, "events")
	before := acme.must(t, http.StatusOK, http.MethodGet, path, "").header.Get("ETag")
	acme.must(t, http.StatusNotModified, http.MethodGet, path, "", "If-None-Match", before)

	mustKubectl(t, "--namespace", "acme", "patch", "accountprofile", "business", "--type=merge", "--patch", `{"spec":{"attributes":{"tradingTermsDays":34}}}`)
	eventually(t, time.Minute, "other settings of the account", func() string {
		a := acme.call(t, http.MethodGet, path, "", "If-None-Match", before)
		if a.status != http.StatusOK || a.header.Get("ETag") == before {
			return fmt.Sprintf("%d with %s", a.status, a.header.Get("ETag"))
		}
		return ""
	})
	if got, want := acme.setting(t, "tradingTermsDays"), "34 AccountProfile business"; got != want {
		t.Errorf("the terms are %q, want %q", got, want)
	}
	announced := func() (found []string) {
		query := "/events?type=settings.changed&after=" + url.QueryEscape(position)
		for _, e := range read[integration.Events](t, acme.must(t, http.StatusOK, http.MethodGet, query, "")).Items {
			data, err := json.Marshal(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), `"newValue":"34"`) {
				found = append(found, e.AccountID+string(data))
			}
		}
		return found
	}
	eventually(t, time.Minute, "settings.changed", func() string {
		if len(announced()) == 0 {
			return "there is no such event"
		}
		return ""
	})
	waitReady(t, "accountprofile/business")
	events := announced()
	if len(events) != 1 || !strings.HasPrefix(events[0], "{") {
		t.Fatalf("the edit was announced as %q, want one event without an account", events)
	}
	for _, want := range []string{`"kind":"AccountProfile"`, `"name":"business"`, `"key":"tradingTermsDays"`, `"oldValue":"21"`} {
		if !strings.Contains(events[0], want) {
			t.Errorf("the event has not %s: %s", want, events[0])
		}
	}
}

// Usage counts who would notice a changed default.
func TestUsageCountsWhoOverrides(t *testing.T) {
	acme := apiOf(t, "acme")
	t.Cleanup(func() { acme.patchDana(t, `{"billingDay":null}`) })
	use := func() (accounts, override, inherit int64) {
		usage := read[integration.SettingsUsage](t, acme.must(t, http.StatusOK, http.MethodGet, "/settings/usage", ""))
		for _, a := range usage.Attributes {
			if a.Key == "billingDay" {
				return usage.Accounts, a.Override, a.Inherit
			}
		}
		t.Fatal("usage has no billingDay")
		return 0, 0, 0
	}
	acme.patchDana(t, `{"billingDay":null}`)
	accounts, override, inherit := use()
	if provider := people.Acme(); accounts < int64(provider.Businesses+provider.Homes) || override+inherit != accounts {
		t.Errorf("of %d accounts %d override and %d inherit", accounts, override, inherit)
	}
	acme.patchDana(t, `{"billingDay":7}`)
	if _, o, i := use(); o != override+1 || i != inherit-1 {
		t.Errorf("after one account sets it: %d override and %d inherit, were %d and %d", o, i, override, inherit)
	}
}

// The reference is for everybody who reaches the API.
func TestReferenceIsServed(t *testing.T) {
	for _, tenant := range []string{"acme", "nordlicht"} {
		api := apiOf(t, tenant).with("")
		page := api.must(t, http.StatusOK, http.MethodGet, "/docs", "")
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.body, "/api/v1/accounts/{id}/settings") {
			t.Errorf("%s: the page has no operation in it: %.300s", tenant, page.body)
		}
		document := read[struct {
			OpenAPI string                    `json:"openapi"`
			Paths   map[string]map[string]any `json:"paths"`
		}](t, api.must(t, http.StatusOK, http.MethodGet, "/openapi.json", ""))
		if !strings.HasPrefix(document.OpenAPI, "3.1") || document.Paths["/api/v1/changes"]["get"] == nil {
			t.Errorf("%s: openapi.json is version %q with %d paths", tenant, document.OpenAPI, len(document.Paths))
		}
	}
}
