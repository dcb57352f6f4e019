//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/internal/integration"
)

// has says what is wrong when a page of a replica does not have the one text, or has the
// other.
func has(t *testing.T, pod corev1.Pod, cookies, path, text, not string) string {
	t.Helper()
	status, body, err := request(t.Context(), pod, cookies, path)
	switch {
	case err != nil:
		return err.Error()
	case status != http.StatusOK || !strings.Contains(body, text):
		return fmt.Sprintf("%s answers %d without %q", path, status, text)
	case not != "" && strings.Contains(body, not):
		return fmt.Sprintf("%s has %q", path, not)
	}
	return ""
}

// How people sign in is the provider's to say, by kubectl, while they are signed in: what
// usernames are and whether there is a second step.
func TestEditedCredentialsAreLive(t *testing.T) {
	pods, dana := portalPods(t, cluster(t)), cookiesOf(t, "dana")
	t.Cleanup(func() { restoreTenant(t, "acme") })
	const passkey, free, fixed = `action="/sign-in/passkey"`, `name="username"`, `value="10001"`
	everywhere := func(what, cookies, path, text, not string) {
		t.Helper()
		for _, pod := range pods {
			eventually(t, 10*time.Second, what+" on "+pod.Name, func() string { return has(t, pod, cookies, path, text, not) })
		}
	}
	everywhere("the passkeys of the samples", "", "/sign-in", passkey, "")
	everywhere("the usernames of the samples", dana, "/security/username", free, fixed)

	edit := func(credentials string) {
		t.Helper()
		mustKubectl(t, "--namespace", "acme", "patch", "tenant", "acme", "--type=merge", "--patch", `{"spec":{"credentials":`+credentials+`}}`)
	}
	edit(`{"usernames":"AccountID","secondFactor":"Off"}`)
	everywhere("a sign-in without passkeys", "", "/sign-in", `action="/sign-in"`, passkey)
	everywhere("the id of the account as username", dana, "/security/username", fixed, free)

	// Nobody gets in, or stays, by a password alone.
	edit(`{"usernames":"Free","secondFactor":"Required"}`)
	for _, pod := range pods {
		eventually(t, 10*time.Second, "the end of dana's session on "+pod.Name, func() string { return answers(t, pod, dana, "/", http.StatusSeeOther) })
	}
	ravi := visitor(t, "https://"+acmeHost)
	page, err := ravi.Post(t.Context(), "/sign-in", url.Values{"login": {"ravi"}, "password": {people.Password}})
	if err != nil || !strings.Contains(page, `action="/sign-in/enrol"`) || strings.Contains(page, "/sign-out") {
		t.Errorf("whoever signs in need not add a second step: %v", err)
	}

	restoreTenant(t, "acme")
	everywhere("the usernames of the samples", cookiesOf(t, "dana"), "/security/username", free, fixed)
}

// A feature that is taken away is gone from the page and from the navigation in the next
// request: of everybody's whose profile it is once kubectl says that the edit is Ready, of
// one person at once when the provider's system takes it back.
func TestTakenFeatureIsGoneWithTheNextRequest(t *testing.T) {
	acme := apiOf(t, "acme")
	pods, dana, theo := portalPods(t, cluster(t)), cookiesOf(t, "dana"), cookiesOf(t, "theo")
	t.Cleanup(func() { restoreSamples(t) })
	everywhere := func(cookies, path string, status int) {
		t.Helper()
		for _, pod := range pods {
			if wrong := answers(t, pod, cookies, path, status); wrong != "" {
				t.Errorf("%s: %s", pod.Name, wrong)
			}
		}
	}
	everywhere(dana, "/payments", http.StatusOK)
	everywhere(theo, "/services", http.StatusOK)

	contact := "/contacts/" + danasAccount() + "-theo"
	grants := func(list string) {
		t.Helper()
		acme.must(t, http.StatusOK, http.MethodPatch, contact, `{"grants":`+list+`}`)
	}
	before := read[integration.Contact](t, acme.must(t, http.StatusOK, http.MethodGet, contact, ""))
	t.Cleanup(func() { grants(`["Technical"]`) })
	grants(`["ViewPayments"]`)
	everywhere(theo, "/services", http.StatusForbidden)
	everywhere(theo, "/payments", http.StatusOK)
	grants(`["Technical"]`)
	everywhere(theo, "/services", http.StatusOK)
	if after := read[integration.Contact](t, acme.must(t, http.StatusOK, http.MethodGet, contact, "")); fmt.Sprint(after.Grants) != fmt.Sprint(before.Grants) {
		t.Errorf("the grants are %v, were %v", after.Grants, before.Grants)
	}

	mustKubectl(t, "--namespace", "acme", "patch", "myaccountprofile", "full", "--type=merge", "--patch", `{"spec":{"myAccountFlags":["ViewInvoices","ViewServices"]}}`)
	waitReady(t, "myaccountprofile/full")
	everywhere(dana, "/payments", http.StatusForbidden)
	for _, pod := range pods {
		if wrong := has(t, pod, dana, "/", `href="/services"`, `href="/payments"`); wrong != "" {
			t.Errorf("%s: %s", pod.Name, wrong)
		}
	}
	everywhere(dana, "/services", http.StatusOK)
}
