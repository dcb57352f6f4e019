//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/hack/demo/story"
	"github.com/foyerhq/foyer/hack/demo/visit"
	"github.com/foyerhq/foyer/internal/integration"
)

// The case of Emersion's documentation, exactly, from YAML to the inbox and with real pods:
// terms of 14 and 21 days, the layouts of invoices, a mail on the day for residential
// customers, a mail and a text message three days after for business customers, no text
// message for the others; what is paid is left alone; one edited line changes the day.
func TestEmersionsCaseFromYAMLToTheInbox(t *testing.T) {
	cluster(t) // or say that it is not there
	box := demoInbox(t)
	templates, err := os.ReadFile(filepath.Join(repository, "config/samples/acme/eventtemplates-reminders.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	acme := apiOf(t, "acme")
	tenant := story.Cluster{Kubectl: kubectlWith, Namespace: "acme", Tenant: "acme"}
	began := time.Now()
	err = story.Tell(t.Context(), story.World{
		API:   &integration.Client{BaseURL: acme.origin, Token: acme.token, HTTP: acme.http},
		Inbox: box, Tenant: "acme", Zone: zone, Clock: tenant.SetClock, Apply: tenant.Apply, Templates: string(templates), Say: t.Logf,
	}, began)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the story took %s", took)
	}
	if ahead, err := tenant.Clock(t.Context()); err != nil || ahead != 0 {
		t.Errorf("the clock is left %s ahead, %v", ahead, err)
	}
}

// A mail has what its reader needs, and its reader can have no more of them by one click,
// without a sign-in and from any program.
func TestMailsCanBeUnsubscribedFrom(t *testing.T) {
	box, api := demoInbox(t), apiOf(t, "acme")
	account := fmt.Sprintf("e2e-mail-%d", time.Now().UnixNano())
	// Nobody is welcomed: the first mail is that of the invoice.
	api.must(t, http.StatusCreated, http.MethodPut, "/accounts/"+account+"?notify=none", `{"name":"One Click","status":"Active","accountProfile":"residential"}`)
	address := account + "@customers.example"
	api.must(t, http.StatusCreated, http.MethodPut, "/contacts/"+account+"-owner?notify=none", fmt.Sprintf(
		`{"accountId":%q,"firstName":"Edda","email":%q,"roles":["Primary","Billing"],"owner":true,"access":"Active"}`, account, address))
	issue := func(number string) {
		t.Helper()
		api.must(t, http.StatusCreated, http.MethodPut, "/invoices/"+account+number, fmt.Sprintf(
			`{"accountId":%q,"number":%q,"issuedOn":%q,"total":"20.00","status":"Open"}`, account, account+number, time.Now().UTC().Format(time.DateOnly)))
	}
	t.Cleanup(func() {
		apiOf(t, "acme").call(t, http.MethodPatch, "/accounts/"+account, `{"status":"Closed"}`)
	})
	issue("-1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mails, err := box.Wait(ctx, inbox.Filter{Tenant: "acme", To: address}, 1)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails came, %v", len(mails), err)
	}
	link := unsubscribeLink(t, box, mails[0].ID)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, link, strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://webmail.example")
	response, err := box.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("one click is answered with %s", response.Status)
	}
	issue("-2")
	eventually(t, time.Minute, "the second invoice is not told", func() string {
		a := api.call(t, http.MethodGet, "/notifications?accountId="+account, "")
		if a.status == http.StatusOK && strings.Contains(a.body, `"optedOut"`) {
			return ""
		}
		return a.body
	})
	if mails, err := box.List(t.Context(), inbox.Filter{Tenant: "acme", To: address}); err != nil || len(mails) != 1 {
		t.Errorf("%d mails came, %v", len(mails), err)
	}
}

// unsubscribeLink is that of the header of a mail.
func unsubscribeLink(t *testing.T, box *inbox.Client, id int) string {
	t.Helper()
	visitor := visit.Person{Client: box.HTTP, Origin: box.URL}
	_, source, err := visitor.Get(t.Context(), fmt.Sprintf("/messages/%d/source", id))
	if err != nil {
		t.Fatal(err)
	}
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\n ", "")
	_, rest, found := strings.Cut(source, "List-Unsubscribe:")
	_, rest, _ = strings.Cut(rest, "<")
	link, _, closed := strings.Cut(rest, ">")
	if !found || !closed || !strings.HasPrefix(link, "https://"+acmeHost+"/unsubscribe/") || !strings.Contains(source, "List-Unsubscribe-Post: List-Unsubscribe=One-Click") {
		t.Fatalf("the mail cannot be unsubscribed from:\n%.2000s", source)
	}
	return link
}

func demoInbox(t *testing.T) *inbox.Client {
	t.Helper()
	client, err := visit.Client(filepath.Join(repository, ".state/demo"))
	if err != nil {
		t.Fatal(err)
	}
	return &inbox.Client{URL: "https://inbox.localhost", HTTP: client}
}

// kubectlWith runs kubectl with an input, and returns what it printed.
func kubectlWith(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(repository, "bin/kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(repository, ".state/cluster/kubeconfig"))
	cmd.Stdin = bytes.NewReader(input)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(problems.Bytes()))
	}
	return out.String(), nil
}
