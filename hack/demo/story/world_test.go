package story

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/demo/edge"
	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

const password = "seven-kettles"

// stage is a tenant of the samples whose backoffice and dispatcher run as programs of their
// own, and send to an inbox.
type stage struct {
	World
	dir     string // of what is mounted
	objects compile.Input
	pool    *pgxpool.Pool
	mails   int32 // port of the mail server
	intake  string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir()}
	zone, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	samples, err := os.ReadFile("../../../config/samples/acme/eventtemplates-reminders.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.World = World{Tenant: "acme", Zone: zone, Templates: string(samples), Say: t.Logf, Clock: s.clock, Apply: s.apply}
	s.openInbox(t)
	s.mountSecrets(t)
	s.readSamples(t)
	made := storetest.NewIn(t, server.Manager(t), "acme")
	token := rand.Text()
	if err := made.Admin.EnsureToken(t.Context(), "cli", token); err != nil {
		t.Fatal(err)
	}
	s.pool = storetest.Pool(t, made.DispatcherURI)
	s.mount(t, "backoffice/uri", made.BackofficeURI)
	s.mount(t, "dispatcher/uri", made.DispatcherURI)
	if err := s.publish(); err != nil {
		t.Fatal(err)
	}
	programs := build(t)
	settings := "--settings-dir=" + filepath.Join(s.dir, "settings")
	api := run(t, filepath.Join(programs, "backoffice"), nil, settings, "--database-dir="+filepath.Join(s.dir, "backoffice"), "--listen=127.0.0.1:0")
	run(t, filepath.Join(programs, "dispatcher"), []string{"SSL_CERT_FILE=" + filepath.Join(s.dir, edge.CertificateFile)}, settings,
		"--database-dir="+filepath.Join(s.dir, "dispatcher"), "--routing-dir="+filepath.Join(s.dir, "routing"), "--keys-dir="+filepath.Join(s.dir, "keys"),
		"--channels-dir="+filepath.Join(s.dir, "channels"), "--clock-file="+filepath.Join(s.dir, "clock/offset"), "--allow-outgoing=127.0.0.0/8")
	s.API = &integration.Client{BaseURL: api, Token: token, HTTP: http.DefaultClient}
	return s
}

// openInbox starts an inbox with certificates of an authority of its own.
func (s *stage) openInbox(t *testing.T) {
	t.Helper()
	authority, err := edge.LoadAuthority(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Certificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	box := inbox.New(inbox.Options{Passwords: map[string]string{"acme": password}, Most: 1000, Now: time.Now})
	mails, err := box.ServeMail("127.0.0.1:0", *certificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mails.Close() })
	intake := httptest.NewUnstartedServer(box.Intake())
	intake.TLS = edge.Server(nil, authority, nil).TLSConfig.Clone()
	intake.TLS.GetCertificate = nil
	intake.TLS.Certificates = append(intake.TLS.Certificates, *certificate)
	intake.StartTLS()
	t.Cleanup(intake.Close)
	site := httptest.NewServer(box.Site())
	t.Cleanup(site.Close)
	s.mails, s.intake, s.Inbox = mails.Port(), intake.URL, &inbox.Client{URL: site.URL, HTTP: site.Client()}
}

// mount writes a file below the stage's directory.
func (s *stage) mount(t *testing.T, name, content string) {
	t.Helper()
	if err := s.write(name, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) write(name string, content []byte) error {
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (s *stage) mountSecrets(t *testing.T) {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(s.dir, edge.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)) + "\n"
	for name, content := range map[string]string{
		"channels/smtp/username": "acme", "channels/smtp/password": password, "channels/smtp/ca.crt": string(ca),
		"channels/sms/authorization": "Bearer " + password, "clock/offset": "0s",
		"keys/" + identity.LinkKeyFile: key, "keys/" + identity.SealKeyFile: key,
	} {
		s.mount(t, name, content)
	}
}

// readSamples reads the objects of config/samples/acme, and has them send to the inbox.
func (s *stage) readSamples(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../../../config/samples/acme/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err == nil {
			err = s.add(string(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	spec := &s.objects.Tenant.Spec
	spec.Delivery.Mode = v1alpha1.DeliveryLive
	spec.Email.SMTP = v1alpha1.SMTPSpec{Host: "127.0.0.1", Port: s.mails, Security: v1alpha1.SMTPStartTLS, SecretRef: v1alpha1.ObjectRef{Name: "acme-smtp"}}
	spec.SMS.URL = s.intake + "/sms/acme"
}

// add takes objects of YAML, in place of those of their names.
func (s *stage) add(text string) error {
	for _, document := range strings.Split(text, "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return err
		}
		var err error
		switch object.Kind {
		case "Tenant":
			s.objects.Tenant = &v1alpha1.Tenant{}
			err = yaml.Unmarshal([]byte(document), s.objects.Tenant)
		case "AccountProfile":
			err = put(document, &s.objects.AccountProfiles, func(p v1alpha1.AccountProfile) string { return p.Name })
		case "MyAccountProfile":
			err = put(document, &s.objects.MyAccountProfiles, func(p v1alpha1.MyAccountProfile) string { return p.Name })
		case "EventTemplate":
			err = put(document, &s.objects.EventTemplates, func(e v1alpha1.EventTemplate) string { return e.Name })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func put[T any](document string, list *[]T, name func(T) string) error {
	var object T
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		return err
	}
	*list = append(slices.DeleteFunc(*list, func(old T) bool { return name(old) == name(object) }), object)
	return nil
}

// publish compiles the objects and mounts the documents, as operator and kubelet do.
func (s *stage) publish() error {
	out, err := compile.Compile(s.objects)
	if err != nil {
		return err
	}
	packed, err := config.Pack(out.Routing)
	if err != nil {
		return err
	}
	if err := s.write("settings/"+config.File, out.Document); err != nil {
		return err
	}
	return s.write("routing/"+config.RoutingFile, packed)
}

// apply waits until the dispatcher says that it runs another routing document.
func (s *stage) apply(ctx context.Context, text string) error {
	running := func() (digest string, err error) {
		err = s.pool.QueryRow(ctx, `SELECT coalesce(max(routing_digest), '') FROM replica WHERE component = 'dispatcher'`).Scan(&digest)
		return digest, err
	}
	before, err := running()
	if err != nil {
		return err
	}
	if err := s.add(text); err != nil {
		return err
	}
	if err := s.publish(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if now, err := running(); err != nil || now != before {
			return err
		}
	}
}

func (s *stage) clock(_ context.Context, ahead time.Duration) error {
	return s.write("clock/offset", []byte(ahead.String()+"\n"))
}

func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "../../../cmd/dispatcher", "../../../cmd/backoffice") //nolint:gosec // our own programs
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return dir
}

// output keeps what a program logs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run starts a program until the test ends, and returns where it serves once it is ready.
func run(t *testing.T, program string, env []string, flags ...string) string {
	t.Helper()
	out := &output{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	command := exec.CommandContext(ctx, program, append(flags, "--admin-listen=127.0.0.1:0")...) //nolint:gosec // our own program
	command.Env = append(append(os.Environ(), "POD_NAME="+filepath.Base(program)), env...)
	command.Stderr = out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // killed
		if t.Failed() {
			t.Logf("what %s had to say:\n%s", filepath.Base(program), out)
		}
	})
	address := func(listener string) string {
		found := regexp.MustCompile(`"msg":"` + listener + `".*"address":"([^"]+)"`).FindStringSubmatch(out.String())
		if found == nil {
			return ""
		}
		return "http://" + found[1]
	}
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if admin := address("admin listener"); admin != "" {
			if response, err := http.Get(admin + "/readyz"); err == nil { //nolint:noctx,gosec // a server of this test
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return address("serving")
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready:\n%s", filepath.Base(program), out)
		}
	}
}
