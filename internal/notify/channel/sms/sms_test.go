package sms

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/testenv/https"
)

func TestMain(m *testing.M) { os.Exit(https.Run(m)) }

var (
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	loopback = outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
)

// fixture is a sender and its provider.
type fixture struct {
	*Sender
	channel config.SMSChannel
	secrets string
}

func newFixture(t *testing.T, of config.SMSType, handle http.HandlerFunc) *fixture {
	t.Helper()
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	f := &fixture{channel: config.SMSChannel{Type: of, From: "Acme", URL: server.URL}, secrets: t.TempDir()}
	for name, content := range map[string]string{"accountSID": "AC0123", "authToken": "tok:en\n", "authorization": "Bearer hunter2\n", "statusURL": "https://receipts:token@api.acme.example/api/v1/receipts/sms?a=1&b=2\n"} {
		f.secret(t, name, content)
	}
	f.Sender = New(Options{
		Channel: func() config.SMSChannel { return f.channel }, SecretsDir: f.secrets,
		Guard: loopback, Now: func() time.Time { return noon },
	})
	t.Cleanup(func() { f.Close() })
	return f
}

func (f *fixture) secret(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(f.secrets, "sms", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func message() channel.Message {
	return channel.Message{
		ID: "0199a1b2-c3d4-7000-8000-000000000001", Attempt: 1, To: "+41791234567",
		Text: "Grüezi & \"hello\" 😀\nYour invoice + more",
	}
}

func failure(t *testing.T, err error) *channel.Error {
	t.Helper()
	var of *channel.Error
	if !errors.As(err, &of) {
		t.Fatalf("got error %v, not one of the channel", err)
	}
	return of
}

// asked is what a provider got.
type asked struct {
	method, path, kind, authorization, key string
	body                                   string
}

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		of     config.SMSType
		answer string
		status int
		want   asked
		id     string
	}{
		{config.SMSTwilio, `{"sid": "SM1", "status": "queued"}`, 201, asked{
			"POST", "/2010-04-01/Accounts/AC0123/Messages.json", "application/x-www-form-urlencoded",
			"Basic " + base64.StdEncoding.EncodeToString([]byte("AC0123:tok:en")), "",
			"Body=Gr%C3%BCezi+%26+%22hello%22+%F0%9F%98%80%0AYour+invoice+%2B+more&From=Acme&StatusCallback=https%3A%2F%2Freceipts%3Atoken%40api.acme.example%2Fapi%2Fv1%2Freceipts%2Fsms%3Fa%3D1%26b%3D2&To=%2B41791234567",
		}, "SM1"},
		{config.SMSHTTP, `{"id": "m-7"}`, 202, asked{
			"POST", "/", "application/json", "Bearer hunter2", message().ID,
			`{"to":"+41791234567","from":"Acme","text":"Grüezi \u0026 \"hello\" 😀\nYour invoice + more","id":"0199a1b2-c3d4-7000-8000-000000000001","statusURL":"https://receipts:token@api.acme.example/api/v1/receipts/sms?a=1\u0026b=2"}`,
		}, "m-7"},
		{config.SMSHTTP, "ok", 200, asked{}, ""},
		{config.SMSHTTP, `{"id": "earlier"}`, 409, asked{}, "earlier"},
		{config.SMSHTTP, `{"id": "` + strings.Repeat("7", 1000) + `"}`, 200, asked{}, strings.Repeat("7", 199) + "…"},
		{config.SMSTwilio, "", 200, asked{}, ""},
	} {
		t.Run(fmt.Sprint(test.of, test.status), func(t *testing.T) {
			var got asked
			f := newFixture(t, test.of, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = asked{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body)}
				w.WriteHeader(test.status)
				io.WriteString(w, test.answer)
			})
			result, err := f.Send(t.Context(), message())
			if err != nil {
				t.Fatal(err)
			}
			if result.ProviderID != test.id {
				t.Errorf("id %q, want %q", result.ProviderID, test.id)
			}
			if test.want == (asked{}) {
				return
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(asked{})); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

// What there is not is not sent, and an action's own sender is.
func TestRequestsWithoutMore(t *testing.T) {
	for of, want := range map[config.SMSType]string{
		config.SMSTwilio: "Body=Hello&From=%2B41790000000&To=%2B41791234567",
		config.SMSHTTP:   `{"to":"+41791234567","from":"+41790000000","text":"Hello","id":"n1"}`,
	} {
		var got string
		f := newFixture(t, of, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got = string(body)
		})
		f.secret(t, "statusURL", "")
		if _, err := f.Send(t.Context(), channel.Message{ID: "n1", To: "+41791234567", From: "+41790000000", Text: "Hello"}); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %s", of, got)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		of     config.SMSType
		status int
		answer string
		class  channel.Class
		code   string
		detail string
	}{
		{config.SMSTwilio, 400, `{"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}`, channel.Permanent, "400 21211", "Invalid 'To' Phone Number"},
		{config.SMSTwilio, 400, `{"code": 21610, "message": "unsubscribed"}`, channel.Permanent, "400 21610", "unsubscribed"},
		{config.SMSTwilio, 403, `{"code": 21408, "message": "no such country"}`, channel.Permanent, "403 21408", "no such country"},
		{config.SMSTwilio, 400, `{"code": 21606, "message": "not your number"}`, channel.Broken, "400 21606", "not your number"},
		{config.SMSTwilio, 429, `{"code": 20429, "message": "Too Many Requests"}`, channel.Temporary, "429 20429", "Too Many Requests"},
		{config.SMSTwilio, 400, `{"code": 21611, "message": "queue full"}`, channel.Temporary, "400 21611", "queue full"},
		{config.SMSTwilio, 401, `{"code": 20003, "message": "Authenticate"}`, channel.Broken, "401 20003", "Authenticate"},
		{config.SMSTwilio, 401, "", channel.Broken, "401", "Unauthorized"},
		{config.SMSTwilio, 404, "<html>", channel.Broken, "404", "Not Found"},
		{config.SMSTwilio, 500, "", channel.Temporary, "500", "Internal Server Error"},
		{config.SMSTwilio, 503, "", channel.Temporary, "503", "Service Unavailable"},
		{config.SMSTwilio, 502, "", channel.Uncertain, "502", "Bad Gateway"},
		{config.SMSTwilio, 504, "", channel.Uncertain, "504", "Gateway Timeout"},
		{config.SMSTwilio, 307, "", channel.Broken, "307", "Temporary Redirect"},
		{config.SMSHTTP, 400, `{"message": "no such\r\nnumber"}`, channel.Permanent, "400", "no such number"},
		{config.SMSHTTP, 422, `{"detail": "no"}`, channel.Permanent, "422", "no"},
		{config.SMSHTTP, 400, `{"error": {"nested": true}}`, channel.Permanent, "400", "Bad Request"},
		{config.SMSHTTP, 401, `{"error": "who are you"}`, channel.Broken, "401", "who are you"},
		{config.SMSHTTP, 403, "", channel.Broken, "403", "Forbidden"},
		{config.SMSHTTP, 405, "", channel.Broken, "405", "Method Not Allowed"},
		{config.SMSHTTP, 408, "", channel.Temporary, "408", "Request Timeout"},
		{config.SMSHTTP, 425, "", channel.Temporary, "425", "Too Early"},
		{config.SMSHTTP, 429, "", channel.Temporary, "429", "Too Many Requests"},
		{config.SMSHTTP, 502, "", channel.Temporary, "502", "Bad Gateway"},
		{config.SMSHTTP, 400, strings.Repeat("x", 1<<20), channel.Permanent, "400", "Bad Request"},
	} {
		t.Run(fmt.Sprint(test.of, test.status, test.code), func(t *testing.T) {
			f := newFixture(t, test.of, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "90")
				w.WriteHeader(test.status)
				io.WriteString(w, test.answer)
			})
			_, err := f.Send(t.Context(), message())
			got := failure(t, err)
			want := &channel.Error{Class: test.class, Code: test.code, Detail: test.detail, After: 90 * time.Second}
			if test.class == channel.Permanent {
				want.After = 0
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	for _, of := range []config.SMSType{config.SMSTwilio, config.SMSHTTP} {
		f := newFixture(t, of, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, err := f.Send(t.Context(), message())
		if got := failure(t, err); got.Class != channel.Uncertain || got.Code != channel.CodeConnection {
			t.Error(got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		f = newFixture(t, of, func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) //nolint:errcheck // who left is noticed after the body only
			cancel()
			<-r.Context().Done()
		})
		_, err = f.Send(ctx, message())
		if got := failure(t, err); got.Class != channel.Uncertain || got.Code != channel.CodeTimeout {
			t.Error(got)
		}
		f.channel.URL = "https://127.0.0.1:1"
		_, err = f.Send(t.Context(), message())
		if got := failure(t, err); got.Class != channel.Broken || got.Code != channel.CodeConnection {
			t.Error(got)
		}
	}
}

func TestNothingIsSent(t *testing.T) {
	for _, test := range []struct {
		name   string
		of     config.SMSType
		change func(*fixture, *channel.Message)
		class  channel.Class
		code   string
	}{
		{"no provider", "", nil, channel.Broken, channel.CodeSettings},
		{"no address", config.SMSHTTP, func(f *fixture, _ *channel.Message) { f.channel.URL = "" }, channel.Broken, channel.CodeSettings},
		{"no token", config.SMSTwilio, func(f *fixture, _ *channel.Message) { f.secret(t, "authToken", "") }, channel.Broken, channel.CodeSettings},
		{"no account", config.SMSTwilio, func(f *fixture, _ *channel.Message) { f.secret(t, "accountSID", "") }, channel.Broken, channel.CodeSettings},
		{"no authorization", config.SMSHTTP, func(f *fixture, _ *channel.Message) { f.secret(t, "authorization", "") }, channel.Broken, channel.CodeSettings},
		{"a private address", config.SMSHTTP, func(f *fixture, _ *channel.Message) {
			f.client = outbound.NewGuard(nil).NewClient(timeout, time.Now)
		}, channel.Broken, channel.CodeBlocked},
		{"no text", config.SMSTwilio, func(_ *fixture, m *channel.Message) { m.Text = "" }, channel.Permanent, channel.CodeMessage},
		{"a long text", config.SMSTwilio, func(_ *fixture, m *channel.Message) { m.Text = strings.Repeat("ä", MaxText+1) }, channel.Permanent, channel.CodeMessage},
		{"no number", config.SMSHTTP, func(_ *fixture, m *channel.Message) { m.To = "" }, channel.Permanent, channel.CodeMessage},
		{"a number of a country", config.SMSHTTP, func(_ *fixture, m *channel.Message) { m.To = "0791234567" }, channel.Permanent, channel.CodeMessage},
		{"a number as people write it", config.SMSHTTP, func(_ *fixture, m *channel.Message) { m.To = "+41 79 123 45 67" }, channel.Permanent, channel.CodeMessage},
		{"a line break", config.SMSHTTP, func(_ *fixture, m *channel.Message) { m.To = "+41791234567\n" }, channel.Permanent, channel.CodeMessage},
		{"too long a number", config.SMSHTTP, func(_ *fixture, m *channel.Message) { m.To = "+1234567890123456" }, channel.Permanent, channel.CodeMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, test.of, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
			m := message()
			if test.change != nil {
				test.change(f, &m)
			}
			_, err := f.Send(t.Context(), m)
			if got := failure(t, err); got.Class != test.class || got.Code != test.code {
				t.Errorf("got %v, want %s %q", got, test.class, test.code)
			}
		})
	}
}

func TestSecretsAreReadEachTime(t *testing.T) {
	var got []string
	f := newFixture(t, config.SMSHTTP, func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header.Get("Authorization")) })
	for _, secret := range []string{"Bearer one", "Bearer two"} {
		f.secret(t, "authorization", secret)
		if _, err := f.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"Bearer one", "Bearer two"}, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzAnswer: whatever a provider answers, something follows from it, and what is kept of
// it is short and one line.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{"", "{}", `{"sid":"SM1"}`, `{"code":21211,"message":"no"}`, `{"id":7}`, `{"id":"a\u0000\r\nb"}`, "[", strings.Repeat("[", 20000), `{"code":1e400}`, `{"message":"\ud800"}`} {
		f.Add(200, []byte(answer))
		f.Add(400, []byte(answer))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		oneLine := func(text string, most int) {
			if len([]rune(text)) > most || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("kept %q", text)
			}
		}
		for _, p := range []provider{twilio{}, generic{}} {
			oneLine(channel.Clean(p.taken(body), 200), 200)
			result, err := finish(p, outbound.Answer{Status: status, Body: body})
			if err == nil {
				oneLine(result.ProviderID, 200)
				continue
			}
			got := failure(t, err)
			oneLine(got.Code, 20)
			oneLine(got.Detail, 500)
			switch got.Class {
			case channel.Temporary, channel.Permanent, channel.Broken, channel.Uncertain:
			default:
				t.Errorf("class %q", got.Class)
			}
		}
	})
}
