package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
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

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// world is the tenant of the samples, with a mail server, a provider of text messages, and
// the dispatcher as it runs in a pod.
type world struct {
	*storetest.Tenant
	pool  *pgxpool.Pool
	mails *smtp.Server
	texts *provider
	dir   string // of everything that is mounted, and of the clock
	live  *config.Live
	log   output
}

// provider takes text messages.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	texts []string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var text struct{ To, Text string }
		if err := json.NewDecoder(r.Body).Decode(&text); err != nil || r.Header.Get("Authorization") != "Bearer text" {
			t.Errorf("a text message came as %v, signed %q", err, r.Header.Get("Authorization"))
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.texts = append(p.texts, "SMS "+text.To+" "+text.Text)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.texts)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Tenant: storetest.New(t, server), mails: smtp.New(t, smtp.Options{}), texts: newProvider(t), dir: t.TempDir()}
	w.pool = storetest.Pool(t, w.DispatcherURI)
	w.mount(t, "database/uri", w.DispatcherURI)
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)) + "\n"
	w.mount(t, "keys/link", key)
	w.mount(t, "keys/seal", key)
	w.mount(t, "channels/sms/authorization", "Bearer text\n")
	w.mount(t, "clock/offset", "0s\n")
	w.configure(t)
	return w
}

// mount writes a file below the world's directory.
func (w *world) mount(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// configure mounts the documents that the operator makes of config/samples/acme, sent by
// this world's servers.
func (w *world) configure(t *testing.T) {
	t.Helper()
	in := samples(t)
	in.Tenant.Spec.Delivery = v1alpha1.DeliverySpec{Mode: v1alpha1.DeliveryLive}
	in.Tenant.Spec.Email = v1alpha1.EmailChannelSpec{From: "Acme Telecom <billing@acme.example>",
		SMTP: v1alpha1.SMTPSpec{Host: w.mails.Host(), Port: w.mails.Port(), Security: v1alpha1.SMTPNone}}
	in.Tenant.Spec.SMS = v1alpha1.SMSChannelSpec{Type: v1alpha1.SMSHTTP, From: "Acme", URL: "https://texts.acme.example/"}
	out, err := compile.Compile(in)
	if err != nil || out.Document == nil {
		t.Fatalf("the samples are not accepted: %v, %+v", err, out.Tenant)
	}
	// A test has no certificate that everybody trusts.
	document := strings.Replace(string(out.Document), "https://texts.acme.example/", w.texts.URL, 1)
	if w.live, err = config.Load([]byte(document)); err != nil {
		t.Fatal(err)
	}
	packed, err := config.Pack(out.Routing)
	if err != nil {
		t.Fatal(err)
	}
	w.mount(t, "settings/"+config.File, document)
	w.mount(t, "routing/"+config.RoutingFile, string(packed))
}

func samples(t *testing.T) compile.Input {
	t.Helper()
	files, err := filepath.Glob("../../config/samples/acme/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var in compile.Input
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			add(t, &in, []byte(document))
		}
	}
	return in
}

func add(t *testing.T, in *compile.Input, document []byte) {
	t.Helper()
	read := func(into any) {
		t.Helper()
		if err := yaml.Unmarshal(document, into); err != nil {
			t.Fatal(err)
		}
	}
	var head struct{ Kind string }
	read(&head)
	switch head.Kind {
	case "Tenant":
		in.Tenant = &v1alpha1.Tenant{}
		read(in.Tenant)
	case "AccountProfile":
		in.AccountProfiles = append(in.AccountProfiles, v1alpha1.AccountProfile{})
		read(&in.AccountProfiles[len(in.AccountProfiles)-1])
	case "MyAccountProfile":
		in.MyAccountProfiles = append(in.MyAccountProfiles, v1alpha1.MyAccountProfile{})
		read(&in.MyAccountProfiles[len(in.MyAccountProfiles)-1])
	case "EventTemplate":
		in.EventTemplates = append(in.EventTemplates, v1alpha1.EventTemplate{})
		read(&in.EventTemplates[len(in.EventTemplates)-1])
	}
}

// run runs the dispatcher until the test ends.
func (w *world) run(t *testing.T) {
	t.Helper()
	t.Setenv("POD_NAME", "acme-dispatcher-1")
	var args []string
	for flag, dir := range map[string]string{"settings-dir": "settings", "routing-dir": "routing", "database-dir": "database", "keys-dir": "keys", "channels-dir": "channels", "clock-file": "clock/offset"} {
		args = append(args, "--"+flag+"="+filepath.Join(w.dir, dir))
	}
	args = append(args, "--admin-listen=127.0.0.1:0", "--allow-outgoing=127.0.0.0/8")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- process.Run(ctx, program(), args, &w.log) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the dispatcher ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("the dispatcher did not end")
		}
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
}

// clock moves the dispatcher's time, and waits until it has looked for unpaid invoices then
// and nothing waits any more.
func (w *world) clock(t *testing.T, to time.Time) {
	t.Helper()
	w.mount(t, "clock/offset", time.Until(to).Round(time.Second).String()+"\n")
	eventually(t, "everything that is due at "+to.String()+" is sent", func() bool {
		state, err := w.Dispatcher.Delivery(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if state.SweptAt == nil || state.SweptAt.Before(to.Add(-time.Second)) {
			return false
		}
		waiting, err := w.Dispatcher.Waiting(t.Context(), to.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return waiting.Due == 0 && waiting.Leased == 0
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

// messages are what came since the last call, mails and text messages.
func (w *world) messages(t *testing.T, seen *int) []string {
	t.Helper()
	var all []string
	for _, m := range w.mails.Mails() {
		text, err := io.ReadAll(bytes.NewReader(m.Text))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\r\nSubject: ")
		subject, _, _ := strings.Cut(rest, "\r\n")
		all = append(all, "Email "+strings.Join(m.To, ",")+" "+subject)
	}
	all = append(all, w.texts.got()...)
	sorted := append([]string(nil), all[min(*seen, len(all)):]...)
	*seen = len(all)
	slices.Sort(sorted)
	return sorted
}

// customer writes an account of a profile with one contact, and its invoice of a day, due
// after the days that its profile gives it.
func (w *world) customer(t *testing.T, id, profile string, issued time.Time) (due time.Time) {
	t.Helper()
	storetest.Accounts(t, w.Backoffice, store.Account{Row: store.Row{ID: id}, Name: "Customer " + id, Status: settings.Active, AccountProfile: profile})
	terms := w.live.For(config.Account{ID: id, AccountProfile: profile}).Attributes.TradingTermsDays.Value
	due = issued.AddDate(0, 0, int(terms))
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		contact := store.Contact{Row: store.Row{ID: "dana-" + id, AccountID: id}, FirstName: "Dana", LastName: "Smith", Email: "dana@" + id + ".example",
			Phone: "+61 491 570 156", Roles: []string{"Primary", "Billing"}, Owner: true, Access: store.AccessActive}
		if _, err := tx.PutContacts(ctx, always(contact.ID, contact)); err != nil {
			return err
		}
		invoice := store.Invoice{Row: store.Row{ID: "inv-" + id, AccountID: id}, Number: "1001", IssuedOn: issued, DueOn: due, Currency: "AUD", Total: "89.00", Balance: "89.00",
			Status: store.InvoiceOpen, DueSource: string(settings.SourceAccountProfile), DueSourceName: profile, Today: issued}
		written, err := tx.PutInvoices(ctx, always(invoice.ID, invoice))
		for _, r := range written {
			if r.Outcome == store.Refused {
				t.Errorf("%s: %s", r.Field, r.Message)
			}
		}
		return err
	})
	return due
}

func (w *world) write(t *testing.T, work func(context.Context, *store.Writer) error) {
	t.Helper()
	if err := w.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: time.Now(), Quiet: true}, work); err != nil {
		t.Fatal(err)
	}
}

func always[T any](id string, row T) []store.Item[T] {
	return []store.Item[T]{{ID: id, Decide: func(*T) (T, *store.Refusal) { return row, nil }}}
}

// pay pays the invoice of a customer.
func (w *world) pay(t *testing.T, id string) {
	t.Helper()
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		_, err := tx.PutInvoices(ctx, []store.Item[store.Invoice]{{ID: "inv-" + id, Decide: func(old *store.Invoice) (store.Invoice, *store.Refusal) {
			paid := *old
			paid.Status, paid.Balance, paid.Today = store.InvoicePaid, "0", old.DueOn
			paid.PaidOn = &old.DueOn
			return paid, nil
		}}})
		return err
	})
}
