//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

// invitation is a contact of its own that was sent the create mail, by the API.
type invitation struct {
	account, contact, username, name string
	api                              apiClient
}

// sendCreateMail makes a contact of an account and has the mail to create a sign-in sent
// to it. The contact is deleted at the end.
func sendCreateMail(t *testing.T, tenant, account string) invitation {
	t.Helper()
	now := fmt.Sprint(time.Now().UnixNano())
	i := invitation{account: account, contact: account + "-e2e-" + now, username: "e2e-" + now, name: "Edda " + now, api: apiOf(t, tenant)}
	body := fmt.Sprintf(`{"accountId":%q,"firstName":"Edda","lastName":%q,"email":"%s@customers.example","grants":["ViewInvoices"],"access":"Active"}`, account, now, i.username)
	i.api.must(t, http.StatusCreated, http.MethodPut, "/contacts/"+i.contact, body)
	t.Cleanup(func() {
		api := apiOf(t, tenant) // a tenant that was made again has another token
		api.must(t, http.StatusNoContent, http.MethodDelete, "/contacts/"+i.contact, "")
	})
	if a := i.api.call(t, http.MethodPost, "/contacts/"+i.contact+"/create-mail", ""); a.status/100 != 2 {
		t.Fatalf("the create mail is answered with %d: %s", a.status, a.body)
	}
	return i
}

// link is what `bin/demo links` shows for the contact, or empty.
func (i invitation) link(t *testing.T) string {
	t.Helper()
	lines := strings.Split(demoCommand(t, "links"), "\n")
	for at, line := range lines[:len(lines)-1] {
		if strings.Contains(line, i.name) {
			return strings.TrimSpace(lines[at+1])
		}
	}
	return ""
}

// visitor is somebody with a browser who is not signed in.
func visitor(t *testing.T, origin string) *visit.Person {
	t.Helper()
	client, err := visit.Client(filepath.Join(repository, ".state/demo"))
	if err != nil {
		t.Fatal(err)
	}
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return &visit.Person{Client: client, Origin: origin}
}

// offersButton says what is missing for somebody who opens a link to go on by its button.
func offersButton(ctx context.Context, v *visit.Person, link string) string {
	path := strings.TrimPrefix(link, v.Origin)
	status, body, err := v.Get(ctx, path)
	if err != nil {
		return err.Error()
	}
	if status != http.StatusOK || !strings.Contains(body, `action="`+path+`"`) {
		return fmt.Sprintf("%s answers %d without its button", link, status)
	}
	return ""
}

// The provider's system has the create mail sent; who opens its link chooses a username
// and a password, and signs in with them. Then the link is over.
func TestCreateMailSetsUpASignIn(t *testing.T) {
	invited := sendCreateMail(t, "acme", danasAccount())
	link := invited.link(t)
	if !strings.HasPrefix(link, "https://"+acmeHost+"/credentials/") {
		t.Fatalf("bin/demo links shows %q for %s", link, invited.name)
	}
	v := visitor(t, "https://"+acmeHost)
	for range 3 { // whoever only opens it, as programs that look for malware, spends nothing
		if missing := offersButton(t.Context(), v, link); missing != "" {
			t.Fatal(missing)
		}
	}
	path := strings.TrimPrefix(link, v.Origin)
	page, err := v.Post(t.Context(), path, nil)
	if err != nil || !strings.Contains(page, `action="/set-up"`) {
		t.Fatalf("the button does not lead to the set-up: %v", err)
	}
	page, err = v.Post(t.Context(), "/set-up", url.Values{"username": {invited.username}, "password": {people.Password}, "repeat": {people.Password}})
	if err != nil || !strings.Contains(page, `action="/sign-in"`) {
		t.Fatalf("the set-up does not lead to the sign-in: %v", err)
	}
	edda := signIn(t, invited.username)
	if err := edda.Expect(t.Context(), "/", http.StatusOK, []string{invited.name}); err != nil {
		t.Error(err)
	}
	if err := edda.Expect(t.Context(), "/invoices", http.StatusOK, nil); err != nil {
		t.Error(err)
	}
	if missing := offersButton(t.Context(), visitor(t, v.Origin), link); missing == "" {
		t.Error("the link works once more")
	}
	if again := invited.link(t); again != "" {
		t.Errorf("bin/demo links still shows %s", again)
	}
	access := read[struct{ PortalAccess string }](t, invited.api.must(t, http.StatusOK, http.MethodGet, "/contacts/"+invited.contact, "")).PortalAccess
	if access != "Active" {
		t.Errorf("the API says that the access is %q, want Active", access)
	}
}

// Whoever deletes a Tenant by mistake and makes it again has the same keys: what was
// mailed before still works.
func TestLinksOutliveTheTenant(t *testing.T) {
	invited := sendCreateMail(t, "nordlicht", "50001")
	link := invited.link(t)
	v := visitor(t, "https://nordlicht.localhost")
	if missing := offersButton(t.Context(), v, link); missing != "" {
		t.Fatal(missing)
	}
	keys := mustKubectl(t, "--namespace", "nordlicht", "get", "secret", "nordlicht-keys", "-o", "jsonpath={.metadata.uid} {.data}")
	// Cleanups run in the opposite order: the tenant is there again when the contact is deleted.
	t.Cleanup(func() { restoreTenant(t, "nordlicht") })
	begin := time.Now()
	mustKubectl(t, "--namespace", "nordlicht", "delete", "tenant", "nordlicht", "--timeout=60s")
	eventually(t, time.Minute, "the end of the portal", func() string {
		if pods := mustKubectl(t, "--namespace", "nordlicht", "get", "pods", "-o", "name"); pods != "" {
			return pods
		}
		return ""
	})
	restoreTenant(t, "nordlicht")
	if after := mustKubectl(t, "--namespace", "nordlicht", "get", "secret", "nordlicht-keys", "-o", "jsonpath={.metadata.uid} {.data}"); after != keys {
		t.Error("the keys are others")
	}
	eventually(t, time.Minute, "the link that was sent before", func() string { return offersButton(t.Context(), v, link) })
	t.Logf("deleted and made again in %s", time.Since(begin).Round(100*time.Millisecond))
}

// restoreTenant returns when the tenant of the samples is Ready again.
func restoreTenant(t *testing.T, name string) {
	t.Helper()
	restoreSamples(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	mustKubectlIn(ctx, t, "--namespace", name, "wait", "--for=condition=Ready", "tenant/"+name, "--timeout=100s")
}
