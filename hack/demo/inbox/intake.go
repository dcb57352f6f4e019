package inbox

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

// mostIntake bounds the body of a request.
const mostIntake = 1 << 20

// Intake takes text messages and webhooks of the tenants:
//
//	POST /sms/TENANT                                                a provider of type HTTP
//	POST /twilio/TENANT/2010-04-01/Accounts/TENANT/Messages.json    one of type Twilio
//	POST /webhook/TENANT                                            a webhook of the tenant
func (b *Inbox) Intake() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms/{tenant}", b.takeText)
	mux.HandleFunc("POST /twilio/{tenant}/2010-04-01/Accounts/{sid}/Messages.json", b.takeTwilio)
	mux.HandleFunc("POST /webhook/{tenant}", b.takeHook)
	return http.MaxBytesHandler(mux, mostIntake)
}

// mayText says whether a password is that of a tenant.
func (b *Inbox) mayText(tenant, password string) bool {
	right := b.Passwords[tenant]
	return right != "" && subtle.ConstantTimeCompare([]byte(right), []byte(password)) == 1
}

func (b *Inbox) takeText(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !b.mayText(tenant, bearer) {
		refuse(w, http.StatusUnauthorized, "the password is wrong")
		return
	}
	source := dump(r)
	var text struct{ To, From, Text string }
	if err := json.NewDecoder(r.Body).Decode(&text); err != nil || text.To == "" || text.Text == "" {
		refuse(w, http.StatusBadRequest, "the body is no text message")
		return
	}
	id := b.add(Message{Kind: Text, Tenant: tenant, From: text.From, To: []string{text.To}, Text: text.Text, Source: source, key: r.Header.Get("Idempotency-Key")})
	answer(w, http.StatusOK, map[string]string{"id": fmt.Sprint(id)})
}

func (b *Inbox) takeTwilio(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	sid, token, _ := r.BasicAuth()
	if sid != r.PathValue("sid") || !b.mayText(tenant, token) {
		answer(w, http.StatusUnauthorized, map[string]any{"code": 20003, "message": "Authenticate"})
		return
	}
	source := dump(r)
	to, text := r.PostFormValue("To"), r.PostFormValue("Body")
	if to == "" || text == "" {
		answer(w, http.StatusBadRequest, map[string]any{"code": 21602, "message": "Message body is required"})
		return
	}
	id := b.add(Message{Kind: Text, Tenant: tenant, From: r.PostFormValue("From"), To: []string{to}, Text: text, Source: source})
	answer(w, http.StatusCreated, map[string]string{"sid": fmt.Sprintf("SM%032d", id), "status": "queued"})
}

func (b *Inbox) takeHook(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	source := dump(r)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the body is cut off or too large")
		return
	}
	id, err := b.Hooks[tenant].Verify(r.Header, body, b.Now())
	if err != nil {
		refuse(w, http.StatusUnauthorized, err.Error())
		return
	}
	var event struct{ Type, Source, AccountID string }
	_ = json.Unmarshal(body, &event) // what is no event is shown as it came
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") != nil {
		indented.Reset()
		indented.Write(body)
	}
	b.add(Message{Kind: Hook, Tenant: tenant, From: event.Source, To: []string{"webhook"}, Subject: cmp.Or(event.Type, "an action"), Text: indented.String(), Source: source, key: id})
	w.WriteHeader(http.StatusNoContent)
}

// dump is a request as it came, without what signs in. Its body can be read afterwards.
func dump(r *http.Request) string {
	secret := r.Header.Get("Authorization")
	r.Header.Del("Authorization")
	text, err := httputil.DumpRequest(r, true)
	r.Header.Set("Authorization", secret)
	if err != nil {
		return ""
	}
	return string(text)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked has gone
}
