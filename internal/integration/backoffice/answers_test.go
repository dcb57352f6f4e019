package backoffice

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

func asProblem(t *testing.T, err error) *integration.Problem {
	t.Helper()
	var problem *integration.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("got %v, want a problem", err)
	}
	return problem
}

func TestAccountSettings(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts,
		`{"id":"A/1 ü","name":"x","status":"Suspended","accountProfile":"business","attributes":{"locale":"de","creditLimit":"1000.00","custom":[{"name":"segment","value":"b2b"}]}}`,
		`{"id":"A-2","name":"x","myAccountProfile":"basic","attributes":{"portalAccess":"Disabled"}}`)
	get := func(path string) (int, integration.AccountSettings) {
		response, body := s.call(t, "GET", path, nil, nil)
		var got integration.AccountSettings
		if response.StatusCode == 200 {
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
		}
		return response.StatusCode, got
	}
	status, got := get("/api/v1/accounts/A%2F1%20%C3%BC/settings")
	want := integration.AccountSettings{
		AccountID: "A/1 ü", Status: "Suspended",
		AccountProfile:   integration.AppliedProfile{Name: "business", DisplayName: "Business", Source: "Account", SourceName: "A/1 ü"},
		MyAccountProfile: &integration.AppliedProfile{Name: "full", DisplayName: "Full", Source: "AccountProfile", SourceName: "business"},
		HasPortal:        true,
		Attributes: []integration.AppliedSetting{
			{Key: "tradingTermsDays", Value: "21", Source: "AccountProfile", SourceName: "business"},
			{Key: "invoiceTemplate", Value: "standard", Source: "BuiltIn"},
			{Key: "currency", Value: "AUD", Source: "Tenant", SourceName: "acme"},
			{Key: "locale", Value: "de", Source: "Account", SourceName: "A/1 ü"},
			{Key: "timeZone", Value: "UTC", Source: "BuiltIn"},
			{Key: "portalAccess", Value: "Enabled", Source: "BuiltIn"},
			{Key: "maxSubAccounts", Source: "Unset"},
			{Key: "emailNotifications", Value: "Enabled", Source: "BuiltIn"},
			{Key: "smsNotifications", Value: "Enabled", Source: "BuiltIn"},
			{Key: "reminders", Value: "Enabled", Source: "BuiltIn"},
			{Key: "reminderMinimumAmount", Source: "Unset"},
			{Key: "quietHours", Source: "Unset"},
			{Key: "requireVerifiedEmail", Value: "Disabled", Source: "BuiltIn"},
			{Key: "remindersPausedUntil", Source: "Unset"},
			{Key: "disputed", Source: "Unset"},
			{Key: "consent.sms", Source: "Unset"},
			{Key: "creditLimit", Value: "1000.00", Source: "Account", SourceName: "A/1 ü"},
			{Key: "billingDay", Source: "Unset"},
			{Key: "invoiceDelivery", Value: "Email", Source: "BuiltIn"},
			{Key: "lateFee.type", Value: "None", Source: "BuiltIn"},
			{Key: "lateFee.amount", Source: "Unset"},
			{Key: "lateFee.daysAfterDue", Source: "Unset"},
			{Key: "lateFee.minimumBalance", Source: "Unset"},
			{Key: "lateFee.label", Source: "Unset"},
			{Key: "custom.segment", Value: "b2b", Source: "Account", SourceName: "A/1 ü"},
		},
		Features:       appliedFeatures(map[string]string{"ViewInvoices": "Allowed", "ViewActivity": "NotInStatus"}),
		SettingsDigest: s.settings.Load().Digest,
	}
	if diff := gocmp.Diff(want, got); diff != "" || status != 200 {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
	if _, got := get("/api/v1/accounts/A-2/settings"); got.HasPortal || got.MyAccountProfile.Source != "Account" || got.AccountProfile.Source != "BuiltIn" || got.Features[0].Decision != "NotInProfile" {
		t.Errorf("got %+v", got)
	}
	if status, _ := get("/api/v1/accounts/A-9/settings"); status != 404 {
		t.Errorf("an unknown account: %d", status)
	}
	if status, _ := get("/api/v1/accounts/A%00/settings"); status != 404 {
		t.Errorf("an id that cannot be: %d", status)
	}

	s.settings.Store(document(t, 7)) // a running handler takes it up
	if _, got := get("/api/v1/accounts/A%2F1%20%C3%BC/settings"); got.Attributes[0].Value != "7" || got.SettingsDigest != s.settings.Load().Digest {
		t.Errorf("after a reload: %+v", got)
	}
}

// appliedFeatures are all features by the profile full, which has those of decisions.
func appliedFeatures(decisions map[string]string) []integration.AppliedFeature {
	var list []integration.AppliedFeature
	for _, info := range settings.FeatureRegistry() {
		decision := cmp.Or(decisions[string(info.Feature)], "NotInProfile")
		list = append(list, integration.AppliedFeature{Feature: string(info.Feature), Decision: decision, Source: "MyAccountProfile", SourceName: "full"})
	}
	return list
}

func TestVersionAndErrors(t *testing.T) {
	s := newSite(t, server)
	tests := []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/api/v1/version", 200, `{"version":"v1","tenant":"acme","settingsDigest":"` + s.settings.Load().Digest + `"}`},
		{"POST", "/api/v1/version", 405, `{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"this address takes GET, HEAD"}`},
		{"GET", "/api/v1/import/groups", 405, `{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"this address takes POST"}`},
		{"POST", "/api/v1/import/nothing", 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"there are imports of groups, products, accounts, contacts, invoices, payments, calls; everything else is written one by one, with PUT"}`},
		{"GET", "/", 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"there is nothing at this address, /api/v1/docs lists what there is"}`},
	}
	for _, test := range tests {
		response, body := s.call(t, test.method, test.path, nil, nil)
		if response.StatusCode != test.status || strings.TrimSpace(body) != test.want {
			t.Errorf("%s %s: got %s %s\nwant %d %s", test.method, test.path, response.Status, body, test.status, test.want)
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
			"Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		} {
			if got := response.Header.Get(header); got != want {
				t.Errorf("%s %s: %s is %q, want %q", test.method, test.path, header, got, want)
			}
		}
	}
}

// A bug answers with a problem that shows nothing of it; so does a replica without
// settings.
func TestPanicsAndMissingSettings(t *testing.T) {
	s := newSite(t, server)
	s.api.Settings = func() *config.Live { panic("a bug with a secret") }
	s.serve(t)
	for _, path := range []string{"/api/v1/version", "/api/v1/accounts/A-1/settings"} {
		response, body := s.call(t, "GET", path, nil, nil)
		if response.StatusCode != 500 || response.Header.Get("Content-Type") != integration.ProblemMediaType || strings.Contains(body, "secret") || strings.Contains(body, "goroutine") {
			t.Errorf("%s: %s %s", path, response.Status, body)
		}
	}
	s.api.Settings = func() *config.Live { return nil }
	s.serve(t)
	_, err := s.Import(t.Context(), integration.Groups, reader(groupLine(1)), nil)
	if problem := asProblem(t, err); problem.Status != 503 || problem.Detail != "the settings of the tenant are not loaded yet, try again later" {
		t.Errorf("got %+v", problem)
	}
	if response, _ := s.call(t, "GET", "/api/v1/accounts/A-1/settings", nil, nil); response.StatusCode != 503 {
		t.Errorf("settings of an account without settings: %s", response.Status)
	}
}
