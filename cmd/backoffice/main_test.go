package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

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

func write(t *testing.T, file, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// wait asks until there is an answer.
func wait[T comparable](t *testing.T, what string, ask func() T) T {
	t.Helper()
	var none T
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer := ask(); answer != none {
			return answer
		}
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

func page(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

// The whole binary, but for its signals: a tenant's files in, an import done, a clean
// stop.
func TestBackoffice(t *testing.T) {
	tenant := storetest.New(t, server)
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", "a token"); err != nil {
		t.Fatal(err)
	}
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{
		Name: "acme", UID: "u", Generation: 1,
		Content: []byte(`{"namespace":"customers","displayName":"Acme","hostname":"my.acme.example","session":{"idleSeconds":60,"maxSeconds":600}}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	log := &output{}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- process.Run(ctx, program(), []string{
			"--settings-dir=" + write(t, config.File, string(document)), "--database-dir=" + write(t, "uri", tenant.BackofficeURI),
			"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--drain-seconds=0",
		}, log)
	}()
	address := func(listener string) string {
		pattern := regexp.MustCompile(`"msg":"` + listener + `".*"address":"([^"]+)"`)
		return "http://" + wait(t, listener, func() string { return log.find(pattern) })
	}
	admin, api := address("admin listener"), address("serving")
	wait(t, "ready", func() bool { return page(t, admin+"/readyz") == "200 ok\n" })

	client := &integration.Client{BaseURL: api, Token: "a token"}
	summary, err := client.Import(t.Context(), integration.Groups, strings.NewReader(`{"name":"vip"}`), nil)
	if err != nil || summary.Created != 1 {
		t.Errorf("import: %+v, %v", summary, err)
	}
	want := `foyer_http_requests_total{class="import",status="200"} 1`
	wait(t, "the metric of the import", func() bool { return strings.Contains(page(t, admin+"/metrics"), want) })
	wait(t, "acknowledgement", func() bool {
		replicas, err := tenant.Admin.Replicas(t.Context())
		return err == nil && len(replicas) == 1 && replicas[0].Component == "backoffice" && replicas[0].Digest == config.Digest(document)
	})
	stop()
	if err := <-stopped; err != nil {
		t.Errorf("the stop: %v", err)
	}
	for _, secret := range []string{storetest.Password, "a token"} {
		if log.find(regexp.MustCompile("("+regexp.QuoteMeta(secret)+")")) != "" {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestFlagsRefuse(t *testing.T) {
	for _, refused := range []string{"--requests-per-second=0", "--request-burst=-1"} {
		p := program()
		set := flag.NewFlagSet("backoffice", flag.ContinueOnError)
		p.Flags(set)
		if err := set.Parse([]string{refused}); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(refused, "=")
		if _, err := p.Handler(&process.Runtime{}); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: got %v", refused, err)
		}
	}
}
