package notify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/webhook"
)

const (
	signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	payload = `{"type": "invoice.paid", "name": "Grüezi 😀",  "amount": "12.50"}`
)

// verification is what webhook.js reads and writes.
type verification struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body"`
	Sign    *struct {
		ID string    `json:"id"`
		At time.Time `json:"at"`
	} `json:"sign,omitempty"`
}

type verified struct {
	Payload   map[string]string `json:"payload"`
	Problem   string            `json:"problem"`
	Signature string            `json:"signature"`
}

func library(t *testing.T, v verification) (result verified) {
	t.Helper()
	input, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	npm(t, "webhook", input, &result)
	return result
}

// What we sign, the library of Standard Webhooks believes, and nothing else.
func TestTheLibraryBelievesOurWebhooks(t *testing.T) {
	headers, body := map[string]string{}, ""
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = string(text)
		for name := range r.Header {
			headers[strings.ToLower(name)] = r.Header.Get(name)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	secret(t, dir, "webhook-crm/secret", signing+"\n")
	sender := webhook.New(webhook.Options{
		Webhooks:   func() []config.TenantWebhook { return []config.TenantWebhook{{Name: "crm", URL: server.URL}} },
		SecretsDir: dir, Guard: loopback, Now: time.Now,
	})
	defer sender.Close()
	if _, err := sender.Send(t.Context(), channel.Message{ID: "0199a1b2-c3d4-7000-8000-000000000001", To: server.URL, Body: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
	got := library(t, verification{Secret: signing, Headers: headers, Body: body})
	if got.Problem != "" || got.Payload["name"] != "Grüezi 😀" || headers["webhook-id"] != "0199a1b2-c3d4-7000-8000-000000000001" {
		t.Errorf("got %+v of %v", got, headers)
	}
	for name, v := range map[string]verification{
		"another body":   {Secret: signing, Headers: headers, Body: body + " "},
		"another secret": {Secret: "whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXJuZXdlcg==", Headers: headers, Body: body},
	} {
		if got := library(t, v); got.Problem == "" {
			t.Errorf("%s is believed", name)
		}
	}
}

// What the library signs, we believe.
func TestWeBelieveTheLibrary(t *testing.T) {
	keys, err := signature.Parse(signing)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Truncate(time.Second)
	v := verification{Secret: signing, Body: payload}
	v.Sign = &struct {
		ID string    `json:"id"`
		At time.Time `json:"at"`
	}{"msg_1", at}
	h := http.Header{}
	signature.Stamp(h, "msg_1", at)
	h.Set(signature.HeaderSignature, library(t, v).Signature)
	if id, err := keys.Verify(h, []byte(payload), at); err != nil || id != "msg_1" {
		t.Errorf("%q, %v", id, err)
	}
	if _, err := keys.Verify(h, []byte(payload+" "), at); err == nil {
		t.Error("another body is believed")
	}
}
