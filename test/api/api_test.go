// Package api tests the integration API from outside: the binary of the backoffice on a
// real database, and a client in another language that is generated from the OpenAPI
// document (api.test.js). `make test` installs what it needs.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

func TestAPI(t *testing.T) {
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("the client is not installed: run npm ci --prefix test/api (make test does)")
	}
	t.Run("lint", func(t *testing.T) { npm(t, nil, "lint") })
	t.Run("types", func(t *testing.T) { npm(t, nil, "types") })
	t.Run("check", func(t *testing.T) { npm(t, nil, "check") })
	tenant, other := newTenant(t, "the-token"), newTenant(t, "the-token-of-the-other")
	expired := time.Now().Add(-time.Minute)
	err := tenant.Backoffice.Write(t.Context(), store.Origin{Now: time.Now()}, func(ctx context.Context, w *store.Writer) error {
		_, _, err := w.CreateToken(ctx, store.TokenHash("the-token"), store.NewToken{Name: "expired", SecretHash: store.TokenHash("the-expired-token"), Scopes: []string{"*"}, ExpiresAt: &expired})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const unlimited, slow = "--requests-per-second=100000 --request-burst=100000", "--requests-per-second=1 --request-burst=5"
	serve(t, other, unlimited) // so that its token is one
	held, dead := notifications(t, tenant)
	given, err := json.Marshal(map[string]string{
		"url": serve(t, tenant, unlimited), "slow": serve(t, tenant, slow), "token": "the-token", "expired": "the-expired-token", "other": "the-token-of-the-other",
		"held": held, "dead": dead, "secret": signingSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("requests", func(t *testing.T) { npm(t, []string{"FOYER_API_TEST=" + string(given)}, "test") })
}

// signingSecret signs events that come without a token.
const signingSecret = "whsec_dGhlLXNlY3JldC10aGF0LXNpZ25zLWV2ZW50cw=="

// notifications keeps two as the dispatcher does, one that is kept for the delivery mode and
// one that could not be delivered, and returns their ids.
func notifications(t *testing.T, tenant *storetest.Tenant) (held, dead string) {
	t.Helper()
	now := time.Now()
	event := store.Event{ID: "first", Source: "/test", Type: "custom.meterReading", Data: json.RawMessage("{}")}
	err := tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.EmitForeign(ctx, []store.Event{event})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mail := func(address string, lane bool) store.NewNotification {
		return store.NewNotification{Security: lane, Addressed: store.Addressed{
			EventType: event.Type, EventPosition: 1, EventID: "first", Occurrence: "/test/first", Category: "General", Source: "Standard", Action: "standard",
			Channel: store.ChannelEmail, Address: address, DueAt: now,
		}}
	}
	_, _, err = tenant.Dispatcher.PlanEvents(t.Context(), now, 10, func(ctx context.Context, p *store.Planning, _ []store.Event) error {
		return p.Add(ctx, []store.NewNotification{mail("held@example.com", false), mail("dead@example.com", true)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tenant.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	claimed, err := tenant.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: now.Add(time.Second), Channels: []string{store.ChannelEmail}, Limit: 1, LeaseFor: time.Minute})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	err = tenant.Dispatcher.Write(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.Finish(ctx, []store.Finished{{Lease: claimed[0].Lease, Outcome: store.StateDead, Reason: "refused", Class: "permanent", Code: "550"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := tenant.Backoffice.Ledger(t.Context(), store.LedgerList{Limit: 10})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d notifications: %v", len(list), err)
	}
	for _, n := range list {
		if n.State == store.StateDead {
			dead = n.ID
		} else {
			held = n.ID
		}
	}
	return held, dead
}

func newTenant(t *testing.T, token string) *storetest.Tenant {
	t.Helper()
	tenant := storetest.New(t, server)
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", token); err != nil {
		t.Fatal(err)
	}
	return tenant
}

// npm runs a script of package.json and shows what it says if it fails.
func npm(t *testing.T, environment []string, script string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "npm", "run", "--silent", script) //nolint:gosec // a script of our own
	command.Env = append(os.Environ(), append(environment, "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NO_COLOR=1")...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("npm run %s: %v\n%s", script, err, out)
	}
}

// serve runs the binary for a tenant until the test ends and returns its address. A token
// may ask as often as the flags in rate say.
func serve(t *testing.T, tenant *storetest.Tenant, rate string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "backoffice")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/backoffice").CombinedOutput(); err != nil { //nolint:gosec // our own program
		t.Fatalf("build: %v\n%s", err, out)
	}
	log := &output{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	flags := append(strings.Fields(rate), "--settings-dir="+write(t, config.File, document(t)), "--database-dir="+write(t, "uri", []byte(tenant.BackofficeURI)),
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--drain-seconds=0", "--trusted-proxies=127.0.0.1",
		"--event-signing-dir="+write(t, "secret", []byte(signingSecret)))
	command := exec.CommandContext(ctx, binary, flags...) //nolint:gosec // our own program
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // killed
		if t.Failed() {
			t.Logf("the log of the server:\n%s", log.failures())
		}
	})
	address := func(listener string) string {
		pattern := regexp.MustCompile(`"msg":"` + listener + `".*"address":"([^"]+)"`)
		return "http://" + eventually(t, listener, func() string { return log.find(pattern) })
	}
	admin := address("admin listener")
	eventually(t, "ready", func() string { return get(t, admin+"/readyz") })
	return address("serving")
}

func document(t *testing.T) []byte {
	t.Helper()
	entry := func(name, content string) config.Entry {
		return config.Entry{Name: name, UID: "uid-" + name, Generation: 1, Content: json.RawMessage(content)}
	}
	text, err := config.Encode(config.Settings{
		Format: config.Format,
		Tenant: entry("acme", `{"namespace":"customers","displayName":"Acme","hostname":"my.acme.example",
			"attributes":{"currency":"EUR"},"defaultMyAccountProfile":"basic","session":{"idleSeconds":60,"maxSeconds":600},
			"events":[{"name":"custom.meterReading","fields":[{"name":"reading","type":"Integer"}]}]}`),
		AccountProfiles: []config.Entry{
			entry("business", `{"displayName":"Business","attributes":{"tradingTermsDays":21}}`), entry("residential", `{"displayName":"Residential"}`),
		},
		MyAccountProfiles: []config.Entry{entry("basic", `{"displayName":"Basic","features":["ViewInvoices"]}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, file string, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// get is the body of an answer of status 200, else nothing.
func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return ""
	}
	return response.Status
}

// eventually asks until there is an answer.
func eventually(t *testing.T, what string, ask func() string) string {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer := ask(); answer != "" {
			return answer
		}
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

// output keeps the log of the server.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) find(pattern *regexp.Regexp) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if found := pattern.FindSubmatch(o.text.Bytes()); found != nil {
		return string(found[1])
	}
	return ""
}

// failures are the lines of the log that are no plain requests.
func (o *output) failures() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var lines []string
	for line := range strings.Lines(o.text.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
