package inbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/hack/demo/edge"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/email"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/notify/channel/sms"
	"github.com/foyerhq/foyer/internal/notify/channel/webhook"
	"github.com/foyerhq/foyer/internal/testenv/https"
)

func TestMain(m *testing.M) { os.Exit(https.Run(m)) }

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	id     = "0199a1b2-c3d4-7000-8000-000000000001"
)

var loopback = outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})

// world is an inbox, and a tenant that sends to it as the dispatcher does.
type world struct {
	*Inbox
	intake  *httptest.Server
	secrets string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := signature.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{secrets: t.TempDir(), Inbox: New(Options{
		Passwords: map[string]string{"acme": "seven-kettles", "nordlicht": "other"}, Hooks: map[string]signature.Keys{"acme": keys}, Most: 5, Now: time.Now,
	})}
	w.intake = httptest.NewTLSServer(w.Intake())
	t.Cleanup(w.intake.Close)
	for name, content := range map[string]string{
		"smtp/username": "acme", "smtp/password": "seven-kettles", "sms/authorization": "Bearer seven-kettles",
		"sms/accountSID": "acme", "sms/authToken": "seven-kettles", "webhook-crm/secret": secret,
	} {
		w.secret(t, name, content)
	}
	return w
}

func (w *world) secret(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(w.secrets, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) texts(t *testing.T, of config.SMSChannel) *sms.Sender {
	t.Helper()
	of.From, of.URL = "Acme", w.intake.URL+of.URL
	s := sms.New(sms.Options{Channel: func() config.SMSChannel { return of }, SecretsDir: w.secrets, Guard: loopback, Now: time.Now})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// only is the message that came, without when.
func (w *world) only(t *testing.T) Message {
	t.Helper()
	list := w.List(Filter{})
	if len(list) != 1 {
		t.Fatalf("%d messages came: %+v", len(list), list)
	}
	return list[0]
}

var notWhen = []cmp.Option{cmpopts.IgnoreFields(Message{}, "At", "Source"), cmpopts.IgnoreUnexported(Message{})}

// The channels of Foyer and the inbox understand each other: mails over StartTLS with a
// password, verified by the authority of the demo.
func TestMail(t *testing.T) {
	w := newWorld(t)
	authority, err := edge.LoadAuthority(w.secrets)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Certificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server, err := w.ServeMail("127.0.0.1:0", *certificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	ca, err := os.ReadFile(filepath.Join(w.secrets, edge.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	w.secret(t, "smtp/ca.crt", string(ca))
	of := config.EmailChannel{From: "Acme Telecom <billing@acme.example>", SMTP: config.SMTP{Host: "127.0.0.1", Port: server.Port(), Security: "StartTLS", Signed: true}}
	s := email.New(email.Options{Channel: func() config.EmailChannel { return of }, SecretsDir: w.secrets, Guard: loopback, Now: time.Now})
	t.Cleanup(func() { _ = s.Close() })
	m := channel.Message{ID: id, Attempt: 1, To: "dana@mail.example", Subject: "Überfällig: 89,00 €", Text: "Grüße\n<b>", HTML: "<p>Grüße</p>"}
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := w.only(t)
	want := Message{ID: 1, Kind: Mail, Tenant: "acme", From: "\"Acme Telecom\" <billing@acme.example>", To: []string{"dana@mail.example"},
		Subject: m.Subject, Text: m.Text, HTML: m.HTML}
	got.Text, got.HTML, got.From = strings.TrimSpace(got.Text), strings.TrimSpace(got.HTML), strings.ReplaceAll(got.From, "Acme Telecom <", "\"Acme Telecom\" <")
	if diff := cmp.Diff(want, got, notWhen...); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got.Source, "Message-Id: <"+id) && !strings.Contains(got.Source, "Message-ID: <"+id) {
		t.Errorf("the source is\n%s", got.Source)
	}
	w.secret(t, "smtp/password", "wrong")
	other := email.New(email.Options{Channel: func() config.EmailChannel { return of }, SecretsDir: w.secrets, Guard: loopback, Now: time.Now})
	t.Cleanup(func() { _ = other.Close() })
	if _, err := other.Send(t.Context(), m); err == nil {
		t.Error("a wrong password is taken")
	}
}

func TestTexts(t *testing.T) {
	for name, of := range map[string]config.SMSChannel{"HTTP": {Type: config.SMSHTTP, URL: "/sms/acme"}, "Twilio": {Type: config.SMSTwilio, URL: "/twilio/acme"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := channel.Message{ID: id, Attempt: 1, To: "+41791234567", Text: "Grüße <b>"}
			result, err := w.texts(t, of).Send(t.Context(), m)
			if err != nil || result.ProviderID == "" {
				t.Fatal(result, err)
			}
			got := w.only(t)
			if diff := cmp.Diff(Message{ID: 1, Kind: Text, Tenant: "acme", From: "Acme", To: []string{m.To}, Text: m.Text}, got, notWhen...); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got.Source, "kettles") {
				t.Error("the password is shown")
			}
			w.secret(t, "sms/authorization", "Bearer wrong")
			w.secret(t, "sms/authToken", "wrong")
			if _, err := w.texts(t, of).Send(t.Context(), m); err == nil {
				t.Error("a wrong password is taken")
			}
		})
	}
}

// What a provider knows by its idempotency key comes once.
func TestTextsThatComeTwice(t *testing.T) {
	w := newWorld(t)
	s := w.texts(t, config.SMSChannel{Type: config.SMSHTTP, URL: "/sms/acme"})
	for attempt := range 2 {
		if _, err := s.Send(t.Context(), channel.Message{ID: id, Attempt: attempt + 1, To: "+41791234567", Text: "once"}); err != nil {
			t.Fatal(err)
		}
	}
	w.only(t)
}

func TestWebhook(t *testing.T) {
	w := newWorld(t)
	hooks := []config.TenantWebhook{{Name: "crm", URL: w.intake.URL + "/webhook/acme"}}
	s := webhook.New(webhook.Options{Webhooks: func() []config.TenantWebhook { return hooks }, SecretsDir: w.secrets, Guard: loopback, Now: time.Now})
	t.Cleanup(func() { _ = s.Close() })
	m := channel.Message{ID: "e-1", Attempt: 1, To: hooks[0].URL, MediaType: "application/cloudevents+json", Body: []byte(`{"type":"invoice.paid","source":"foyer","data":{"a":1}}`)}
	for range 2 {
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := w.only(t)
	want := Message{ID: 1, Kind: Hook, Tenant: "acme", From: "foyer", To: []string{"webhook"}, Subject: "invoice.paid",
		Text: "{\n  \"type\": \"invoice.paid\",\n  \"source\": \"foyer\",\n  \"data\": {\n    \"a\": 1\n  }\n}"}
	if diff := cmp.Diff(want, got, notWhen...); diff != "" {
		t.Error(diff)
	}
	w.secret(t, "webhook-crm/secret", "whsec_"+strings.Repeat("AAAA", 8))
	if _, err := s.Send(t.Context(), m); err == nil {
		t.Error("a wrong signature is taken")
	}
}

func TestTheLastAreKept(t *testing.T) {
	b := newWorld(t)
	for i := range 7 {
		b.add(Message{Kind: Text, Tenant: []string{"acme", "nordlicht"}[i%2], To: []string{"+6149157015" + string(rune('0'+i))}})
	}
	ids := func(f Filter) (ids []int) {
		for _, m := range b.List(f) {
			ids = append(ids, m.ID)
		}
		return ids
	}
	for _, test := range []struct {
		filter Filter
		want   []int
	}{
		{Filter{}, []int{3, 4, 5, 6, 7}},
		{Filter{Tenant: "acme"}, []int{3, 5, 7}},
		{Filter{After: 5}, []int{6, 7}},
		{Filter{To: "0154"}, []int{5}},
		{Filter{To: "none"}, nil},
	} {
		if diff := cmp.Diff(test.want, ids(test.filter)); diff != "" {
			t.Errorf("%+v: %s", test.filter, diff)
		}
	}
	if _, ok := b.Get(2); ok {
		t.Error("the second is still there")
	}
}

// TestSite: the page shows what came, and nothing that came can do anything there.
func TestSite(t *testing.T) {
	b := newWorld(t)
	site := httptest.NewServer(b.Site())
	defer site.Close()
	get := func(path string) (*http.Response, string) {
		t.Helper()
		response, err := http.Get(site.URL + path) //nolint:noctx // a server of this test
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close() //nolint:errcheck // read only
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
	if _, body := get("/"); !strings.Contains(body, "Nothing has come yet") {
		t.Errorf("an empty inbox is\n%s", body)
	}
	b.add(Message{Kind: Mail, Tenant: "acme", To: []string{"dana@mail.example"}, Subject: "<script>x", Text: "plain <i>", HTML: "<script>alert(1)</script><p>Hi", Source: "Subject: x"})
	b.add(Message{Kind: Text, Tenant: "nordlicht", To: []string{"+41791234567"}, Text: "short & sweet"})
	for path, texts := range map[string][]string{
		"/":                                {"2 messages", "&lt;script&gt;x", "short &amp; sweet", "dana@mail.example"},
		"/?tenant=acme":                    {"1 message,", "dana@mail.example"},
		"/?to=" + url.QueryEscape("+4179"): {"1 message,", "short &amp; sweet"},
		"/messages/1":                      {"&lt;script&gt;x", "plain &lt;i&gt;", `src="/messages/1/html"`, `sandbox="`},
		"/messages/2":                      {`class="bubble"`, "short &amp; sweet"},
		"/messages/1/source":               {"Subject: x"},
		"/api/messages?after=1":            {`"kind":"Text"`},
		"/site.css":                        {".bubble"},
	} {
		response, body := get(path)
		for _, text := range texts {
			if response.StatusCode != http.StatusOK || !strings.Contains(body, text) {
				t.Errorf("%s answers %d and does not show %q:\n%s", path, response.StatusCode, text, body)
			}
		}
	}
	if response, _ := get("/messages/1/html"); !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "sandbox allow-popups") {
		t.Errorf("the mail is shown with %q", response.Header.Get("Content-Security-Policy"))
	}
	for _, path := range []string{"/messages/9", "/messages/x", "/other"} {
		if response, _ := get(path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, response.StatusCode)
		}
	}
}

// TestClient waits for what is still to come.
func TestClient(t *testing.T) {
	b := newWorld(t)
	site := httptest.NewServer(b.Site())
	defer site.Close()
	c := Client{URL: site.URL, HTTP: site.Client()}
	go b.add(Message{Kind: Text, Tenant: "acme", To: []string{"+41791234567"}, Text: "hello"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	list, err := c.Wait(ctx, Filter{Tenant: "acme", To: "4567"}, 1)
	if err != nil || len(list) != 1 || list[0].Text != "hello" {
		t.Fatal(list, err)
	}
	none, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	if list, err := c.Wait(none, Filter{After: list[0].ID}, 1); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}
