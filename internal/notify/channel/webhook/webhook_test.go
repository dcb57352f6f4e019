package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/testenv/https"
)

func TestMain(m *testing.M) { os.Exit(https.Run(m)) }

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newer  = "whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXJuZXdlcg=="
	body   = `{"type": "invoice.paid",  "amount": "12.50"}` + "\n"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixture is a sender and the server of the webhook crm.
type fixture struct {
	*Sender
	url     string
	secrets string
}

func newFixture(t *testing.T, guard *outbound.Guard, handle http.HandlerFunc) fixture {
	t.Helper()
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	f := fixture{url: server.URL + "/hooks", secrets: t.TempDir()}
	f.secret(t, secret)
	f.Sender = New(Options{
		Webhooks: func() []config.TenantWebhook {
			return []config.TenantWebhook{{Name: "other", URL: "https://other.example/"}, {Name: "crm", URL: f.url}}
		},
		SecretsDir: f.secrets, Guard: guard, Now: func() time.Time { return noon },
	})
	t.Cleanup(func() { f.Close() })
	return f
}

func (f fixture) secret(t *testing.T, lines string) {
	t.Helper()
	dir := filepath.Join(f.secrets, "webhook-crm")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) message() channel.Message {
	return channel.Message{ID: "0199a1b2-c3d4-7000-8000-000000000001", Attempt: 1, To: f.url, Body: []byte(body)}
}

var loopback = outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})

func failure(t *testing.T, err error) *channel.Error {
	t.Helper()
	var of *channel.Error
	if !errors.As(err, &of) {
		t.Fatalf("got error %v, not one of the channel", err)
	}
	return of
}

// received is what the other side got.
type received struct {
	header http.Header
	body   string
}

func receive(got chan<- received) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		got <- received{r.Header, string(text)}
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestASignedWebhook(t *testing.T) {
	got := make(chan received, 1)
	f := newFixture(t, loopback, receive(got))
	for n, lines := range []string{secret, secret + "\n" + newer + "\n", newer + "\n" + secret} { // a new secret takes no restart
		f.secret(t, lines)
		m := f.message()
		if n > 0 {
			m.MediaType = "application/cloudevents+json"
		}
		if _, err := f.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		r := <-got
		if r.body != body {
			t.Errorf("body %q", r.body)
		}
		keys, err := signature.Parse([]string{secret, secret, newer}[n])
		if err != nil {
			t.Fatal(err)
		}
		id, err := keys.Verify(r.header, []byte(r.body), noon)
		if err != nil || id != m.ID {
			t.Errorf("id %q, %v", id, err)
		}
		r.header.Del(signature.HeaderSignature)
		want := http.Header{
			"Accept-Encoding": nil, "Content-Length": {fmt.Sprint(len(body))}, "Content-Type": {[]string{"application/json", "application/cloudevents+json"}[min(n, 1)]},
			"User-Agent": {"Foyer"}, signature.HeaderID: {m.ID}, signature.HeaderTimestamp: {fmt.Sprint(noon.Unix())},
		}
		delete(want, "Accept-Encoding")
		if diff := cmp.Diff(want, r.header); diff != "" {
			t.Errorf("want -, got +\n%s", diff)
		}
	}
}

func TestAnAddressThatTheTenantDoesNotList(t *testing.T) {
	got := make(chan received, 1)
	f := newFixture(t, loopback, receive(got))
	m := f.message()
	m.To += "?of=an-action"
	if _, err := f.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	h := (<-got).header
	if h.Get(signature.HeaderSignature) != "" || h.Get(signature.HeaderID) != m.ID {
		t.Errorf("got %v", h)
	}
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		class  channel.Class // empty: it is taken
		after  time.Duration
	}{
		{200, "", 0}, {201, "", 0}, {202, "", 0}, {204, "", 0}, {299, "", 0},
		{301, channel.Temporary, 0}, {302, channel.Temporary, 0}, {308, channel.Temporary, 0},
		{400, channel.Temporary, 0}, {401, channel.Temporary, 0}, {404, channel.Temporary, 0}, {410, channel.Permanent, 0},
		{429, channel.Temporary, 2 * time.Minute}, {500, channel.Temporary, 0}, {503, channel.Temporary, 2 * time.Minute}, {599, channel.Temporary, 0},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			f := newFixture(t, loopback, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.example/")
				if test.after > 0 {
					w.Header().Set("Retry-After", "120")
				}
				w.WriteHeader(test.status)
			})
			_, err := f.Send(t.Context(), f.message())
			if test.class == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := failure(t, err); got.Class != test.class || got.Code != fmt.Sprint(test.status) || got.After != test.after {
				t.Errorf("got %v after %v", got, got.After)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	f := newFixture(t, loopback, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := f.Send(t.Context(), f.message())
	if got := failure(t, err); got.Class != channel.Uncertain || got.Code != channel.CodeConnection {
		t.Error(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f = newFixture(t, loopback, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // who left is noticed after the body only
		cancel()
		<-r.Context().Done()
	})
	_, err = f.Send(ctx, f.message())
	if got := failure(t, err); got.Class != channel.Uncertain || got.Code != channel.CodeTimeout {
		t.Error(got)
	}
}

// What is wrong with one address stops no other: nothing here is broken.
func TestNothingIsSent(t *testing.T) {
	for _, test := range []struct {
		name   string
		guard  *outbound.Guard
		change func(*testing.T, fixture, *channel.Message)
		class  channel.Class
		code   string
	}{
		{"a private address", outbound.NewGuard(nil), nil, channel.Permanent, channel.CodeBlocked},
		{"nobody there", loopback, func(_ *testing.T, _ fixture, m *channel.Message) { m.To = "https://127.0.0.1:1/" }, channel.Temporary, channel.CodeConnection},
		{"no secret", loopback, func(t *testing.T, f fixture, _ *channel.Message) {
			if err := os.RemoveAll(filepath.Join(f.secrets, "webhook-crm")); err != nil {
				t.Fatal(err)
			}
		}, channel.Temporary, channel.CodeSettings},
		{"a secret that is none", loopback, func(t *testing.T, f fixture, _ *channel.Message) { f.secret(t, "hunter2") }, channel.Temporary, channel.CodeSettings},
		{"an id that ends the header", loopback, func(_ *testing.T, _ fixture, m *channel.Message) { m.ID = "a\r\nCookie: b" }, channel.Permanent, channel.CodeMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, test.guard, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
			m := f.message()
			if test.change != nil {
				test.change(t, f, &m)
			}
			_, err := f.Send(t.Context(), m)
			if got := failure(t, err); got.Class != test.class || got.Code != test.code {
				t.Errorf("got %v, want %s %q", got, test.class, test.code)
			}
		})
	}
}
