package browser

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	demoedge "github.com/foyerhq/foyer/hack/demo/edge"
	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// tenant is one of config/samples with its customers.
type tenant struct {
	name     string
	provider people.Provider
}

func tenants() []tenant {
	return []tenant{{"acme", people.Acme()}, {"nordlicht", people.Nordlicht()}}
}

// host is the name of the tenant's portal; that of its API begins with "api.".
func (tn tenant) host() string { return tn.name + ".localhost" }

func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "../../cmd/portal", "../../cmd/backoffice", "../../cmd/dispatcher") //nolint:gosec // our own programs
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return dir
}

// start runs the portal and the backoffice of a tenant until the test ends, and fills it;
// then its dispatcher, so that nobody is told of that.
func start(t *testing.T, binaries string, e *edge, tn tenant) access {
	t.Helper()
	made := storetest.NewIn(t, server.Manager(t), tn.name)
	a := access{Token: rand.Text(), LinkKey: newKey()}
	if err := made.Admin.EnsureToken(t.Context(), "cli", a.Token); err != nil {
		t.Fatal(err)
	}
	mails := smtp.New(t, smtp.Options{})
	settings, routing := documents(t, tn.name, mails)
	keys := write(t, map[string]string{identity.LinkKeyFile: a.LinkKey + "\n", identity.SealKeyFile: newKey() + "\n"})
	e.serve(t, tn.host(), serve(t, filepath.Join(binaries, "portal"), settings, made.PortalURI, "--keys-dir="+keys))
	a.API = serve(t, filepath.Join(binaries, "backoffice"), settings, made.BackofficeURI, "--requests-per-second=100000", "--request-burst=100000")
	a.Tell = tell(t, made.DispatcherURI, mails)
	fill(t, tn, a)
	run(t, filepath.Join(binaries, "dispatcher"), settings, made.DispatcherURI, "--keys-dir="+keys, "--routing-dir="+routing,
		"--channels-dir="+t.TempDir(), "--allow-outgoing=127.0.0.0/8")
	return a
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}

// documents compiles the sample of a tenant, as the operator does, and returns where they
// are. The samples hold their mails: here they go to a server of the test.
func documents(t *testing.T, name string, mails *smtp.Server) (settings, routing string) {
	t.Helper()
	in := compile.Input{Tenant: &v1alpha1.Tenant{}}
	template := func(text string) {
		e := v1alpha1.EventTemplate{}
		decode(t, text, &e)
		in.EventTemplates = append(in.EventTemplates, e)
	}
	for pattern, into := range map[string]func(string){
		"tenant.yaml": func(text string) { decode(t, text, in.Tenant) },
		"accountprofiles.yaml": func(text string) {
			p := v1alpha1.AccountProfile{}
			decode(t, text, &p)
			in.AccountProfiles = append(in.AccountProfiles, p)
		},
		"myaccountprofiles.yaml": func(text string) {
			p := v1alpha1.MyAccountProfile{}
			decode(t, text, &p)
			in.MyAccountProfiles = append(in.MyAccountProfiles, p)
		},
		"eventtemplates*.yaml": template,
	} {
		for _, object := range objects(t, filepath.Join("..", "..", "config", "samples", name, pattern)) {
			into(object)
		}
	}
	in.Tenant.Spec.Delivery = v1alpha1.DeliverySpec{Mode: v1alpha1.DeliveryLive}
	in.Tenant.Spec.Email.SMTP = v1alpha1.SMTPSpec{Host: mails.Host(), Port: mails.Port(), Security: v1alpha1.SMTPNone}
	out, err := compile.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	if out.Document == nil || out.Routing == nil {
		t.Fatalf("the sample of %s is not live: %+v", name, out.Tenant)
	}
	packed, err := config.Pack(out.Routing)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, map[string]string{config.File: string(out.Document)}), write(t, map[string]string{config.RoutingFile: string(packed)})
}

// objects are those of the files of a pattern; a tenant needs no profiles and no templates.
func objects(t *testing.T, pattern string) (list []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range regexp.MustCompile(`(?m)^---$`).Split(string(text), -1) {
			if strings.Contains(object, "kind:") {
				list = append(list, object)
			}
		}
	}
	return list
}

func decode(t *testing.T, text string, object any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serve runs a site and returns its address once it is ready.
func serve(t *testing.T, binary, settings, uri string, flags ...string) string {
	t.Helper()
	out := run(t, binary, settings, uri, append(flags, "--listen=127.0.0.1:0", "--drain-seconds=0", "--trusted-proxies=127.0.0.1")...)
	return out.address(t, "serving")
}

// run runs a binary until the test ends, and returns its log once it is ready.
func run(t *testing.T, binary, settings, uri string, flags ...string) *output {
	t.Helper()
	out := &output{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	flags = append(flags, "--settings-dir="+settings, "--database-dir="+write(t, map[string]string{"uri": uri}), "--admin-listen=127.0.0.1:0")
	command := exec.CommandContext(ctx, binary, flags...) //nolint:gosec // our own program
	command.Stderr = out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // killed
		if t.Failed() {
			t.Logf("what %s had to say:\n%s", filepath.Base(binary), out.problems())
		}
	})
	admin := out.address(t, "admin listener")
	eventually(t, out, "ready", func() string {
		response, err := http.Get(admin + "/readyz") //nolint:noctx,gosec // a server of this test
		if err != nil {
			return ""
		}
		defer response.Body.Close() //nolint:errcheck // nothing is read
		if response.StatusCode != http.StatusOK {
			return ""
		}
		return response.Status
	})
	return out
}

// address is where a listener is, once it is there.
func (o *output) address(t *testing.T, listener string) string {
	t.Helper()
	pattern := regexp.MustCompile(`"msg":"` + listener + `".*"address":"([^"]+)"`)
	return "http://" + eventually(t, o, listener, func() string { return o.find(pattern) })
}

// eventually asks until there is an answer.
func eventually(t *testing.T, out *output, what string, ask func() string) string {
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
			t.Fatalf("not in time: %s\n%s", what, out.problems())
		case <-tick.C:
		}
	}
}

// fill sends the customers of the demo.
func fill(t *testing.T, tn tenant, a access) {
	t.Helper()
	hash, err := identity.NewHasher(identity.DefaultParams, identity.NewQueue(1, 1, time.Minute)).Hash(t.Context(), people.Password)
	if err != nil {
		t.Fatal(err)
	}
	api := &integration.Client{BaseURL: a.API, Token: a.Token, HTTP: http.DefaultClient}
	if err := people.Send(t.Context(), api, tn.provider, hash, time.Now(), func(string, ...any) {}); err != nil {
		t.Fatalf("%s: %v", tn.name, err)
	}
}

// edge ends TLS for all host names, as what stands in front of the sites does.
type edge struct {
	*httptest.Server
	mu    sync.Mutex
	sites map[string]*httputil.ReverseProxy
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	e := &edge{sites: map[string]*httputil.ReverseProxy{}}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		site := e.sites[r.Host]
		e.mu.Unlock()
		if site == nil {
			http.Error(w, fmt.Sprintf("there is no site %q", r.Host), http.StatusNotFound)
			return
		}
		site.ServeHTTP(w, r)
	}))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // a browser tries an unknown certificate once before it is told to take it
	e.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

func (e *edge) serve(t *testing.T, host, address string) {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sites[host] = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { demoedge.Forward(r, target) }}
}

// output keeps the log of a server.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) find(pattern *regexp.Regexp) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if found := pattern.FindStringSubmatch(o.text.String()); found != nil {
		return found[1]
	}
	return ""
}

// problems are the lines of the log that are no plain requests.
func (o *output) problems() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var lines strings.Builder
	for line := range strings.Lines(o.text.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
