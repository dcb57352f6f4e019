package backoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// newToken makes a token by the API and returns it.
func (s *site) newToken(t *testing.T, body string) integration.CreatedToken {
	t.Helper()
	response, text := s.call(t, "POST", "/api/v1/tokens", nil, reader(body))
	var made integration.CreatedToken
	if err := json.Unmarshal([]byte(text), &made); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s %s", body, response.Status, text)
	}
	if response.Header.Get("Location") != "/api/v1/tokens/"+made.ID {
		t.Errorf("Location: %s", response.Header.Get("Location"))
	}
	return made
}

// withdraw deletes a token as another replica does.
func (s *site) withdraw(t *testing.T, id string) {
	t.Helper()
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "token cli", Now: time.Now()}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.DeleteToken(ctx, store.TokenHash(token), id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func bearing(secret string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + secret}
}

func TestTokensByTheAPI(t *testing.T) {
	s := newSite(t, server)
	crm := s.newToken(t, `{"name":"crm","scopes":["accounts:read","tokens:write","sites:write"]}`)
	if !strings.HasPrefix(crm.Secret, "foyer_") || len(crm.Secret) != len("foyer_")+43 || crm.CreatedBy != "token cli" || !crm.ExpiresAt.IsZero() {
		t.Errorf("got %+v", crm)
	}
	if other := s.newToken(t, `{"name":"crm-2","scopes":["*"]}`); other.Secret == crm.Secret {
		t.Error("two tokens have the same secret")
	}
	tests := []struct {
		name, as, body string
		contains       string
	}{
		{"a name twice", token, `{"name":"crm","scopes":["*"]}`, `"field":"name"`},
		{"no scope", token, `{"name":"x","scopes":[]}`, `"field":"scopes"`},
		{"an unknown scope", token, `{"name":"x","scopes":["accounts:delete"]}`, `there is no scope \"accounts:delete\", allowed are *, accounts:read, accounts:write`},
		{"a scope twice", token, `{"name":"x","scopes":["sites:read","sites:read"]}`, "twice"},
		{"a bad name", token, `{"name":"a b","scopes":["*"]}`, `"field":"name"`},
		{"the past", token, `{"name":"x","scopes":["*"],"expiresAt":"2020-01-01T00:00:00Z"}`, "is in the past"},
		{"no time", token, `{"name":"x","scopes":["*"],"expiresAt":"tomorrow"}`, `"field":"expiresAt"`},
		{"all, by one that has not", crm.Secret, `{"name":"x","scopes":["*"]}`, "has no scope *, so it cannot give it"},
		{"read, by one that may write", crm.Secret, `{"name":"x","scopes":["sites:read"]}`, "has no scope sites:read"},
	}
	for _, test := range tests {
		response, text := s.call(t, "POST", "/api/v1/tokens", bearing(test.as), reader(test.body))
		if response.StatusCode != 422 || !strings.Contains(text, test.contains) {
			t.Errorf("%s: %s %s", test.name, response.Status, text)
		}
	}
	_, list := s.call(t, "GET", "/api/v1/tokens", nil, nil)
	if !strings.Contains(list, `"name":"crm-2"`) || strings.Contains(list, crm.Secret) || strings.Contains(strings.ToLower(list), "secret") || strings.Contains(list, "hash") {
		t.Errorf("the list: %s", list)
	}
	_, self := s.call(t, "GET", "/api/v1/tokens/self", bearing(crm.Secret), nil)
	if !strings.Contains(self, `"name":"crm","scopes":["accounts:read","tokens:write","sites:write"],"createdBy":"token cli"`) {
		t.Errorf("self: %s", self)
	}
	if response, text := s.call(t, "GET", "/api/v1/sites", bearing(crm.Secret), nil); response.StatusCode != 403 || !strings.Contains(text, "the token has no scope sites:read") {
		t.Errorf("wrong scope: %s %s", response.Status, text)
	}
}

func TestTokensEnd(t *testing.T) {
	s := newSite(t, server)
	now := time.Now()
	clock := func() time.Time { return now }
	s.api.now, s.api.tokens.now = clock, clock
	status := func(secret string) int {
		response, _ := s.call(t, "GET", "/api/v1/version", bearing(secret), nil)
		return response.StatusCode
	}
	ends := now.Add(3 * time.Second).UTC()
	short := s.newToken(t, fmt.Sprintf(`{"name":"short","scopes":["tokens:write","sites:read"],"expiresAt":%q}`, ends.Format(time.RFC3339Nano)))
	if status(short.Secret) != 200 {
		t.Fatal("a new token does not work")
	}
	response, text := s.call(t, "POST", "/api/v1/tokens", bearing(short.Secret), reader(`{"name":"longer","scopes":["sites:read"],"expiresAt":"2099-01-01T00:00:00Z"}`))
	if response.StatusCode != 422 || !strings.Contains(text, "is later than the token that asks ends") {
		t.Errorf("a token that outlives its maker: %s %s", response.Status, text)
	}
	_, text = s.call(t, "POST", "/api/v1/tokens", bearing(short.Secret), reader(`{"name":"child","scopes":["sites:read"]}`))
	var child integration.CreatedToken
	if err := json.Unmarshal([]byte(text), &child); err != nil || child.ExpiresAt.Sub(ends).Abs() > time.Millisecond {
		t.Errorf("a token without an end: %s, want %s", text, ends)
	}
	if now = ends.Add(time.Millisecond); status(short.Secret) != 401 { // less than a token is believed
		t.Error("an expired token works")
	}
	withdrawn := s.newToken(t, `{"name":"withdrawn","scopes":["*"]}`)
	if status(withdrawn.Secret) != 200 {
		t.Fatal("a new token does not work")
	}
	if response, text := s.call(t, "DELETE", "/api/v1/tokens/"+withdrawn.ID, nil, nil); response.StatusCode != 204 {
		t.Errorf("delete: %s %s", response.Status, text)
	}
	if status(withdrawn.Secret) != 401 {
		t.Error("a withdrawn token works at the replica that withdrew it")
	}
	_, self := s.call(t, "GET", "/api/v1/tokens/self", nil, nil)
	var own integration.Token
	if err := json.Unmarshal([]byte(self), &own); err != nil {
		t.Fatal(err)
	}
	if response, text := s.call(t, "DELETE", "/api/v1/tokens/"+own.ID, nil, nil); response.StatusCode != 409 || !strings.Contains(text, "belongs to the operator") {
		t.Errorf("the operator's token: %s %s", response.Status, text)
	}
	if response, _ := s.call(t, "DELETE", "/api/v1/tokens/%00", nil, nil); response.StatusCode != 404 {
		t.Errorf("no token: %s", response.Status)
	}
}

// A replica that still believes in a withdrawn token lets it neither make a successor nor
// withdraw others.
func TestWithdrawnTokenHasNoSuccessor(t *testing.T) {
	s := newSite(t, server)
	stolen, other := s.newToken(t, `{"name":"stolen","scopes":["*"]}`), s.newToken(t, `{"name":"other","scopes":["*"]}`)
	if response, text := s.call(t, "GET", "/api/v1/version", bearing(stolen.Secret), nil); response.StatusCode != 200 {
		t.Fatalf("a new token: %s %s", response.Status, text)
	}
	s.withdraw(t, stolen.ID)
	s.api.tokens.now = func() time.Time { return time.Time{} } // so that the machine may be slow
	for _, test := range []struct{ method, path, body string }{
		{"POST", "/api/v1/tokens", `{"name":"successor","scopes":["*"]}`},
		{"DELETE", "/api/v1/tokens/" + other.ID, ""},
	} {
		response, text := s.call(t, test.method, test.path, bearing(stolen.Secret), reader(test.body))
		if response.StatusCode != 401 || response.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s %s", test.method, response.Status, text)
		}
	}
	if _, list := s.call(t, "GET", "/api/v1/tokens", nil, nil); strings.Contains(list, "successor") || !strings.Contains(list, `"name":"other"`) {
		t.Errorf("the list: %s", list)
	}
}

// What was done by a token is not answered to the next one of its name.
func TestKeysOfADeletedToken(t *testing.T) {
	s := newSite(t, server)
	for range 2 {
		made := s.newToken(t, `{"name":"crm","scopes":["groups:write"]}`)
		header := bearing(made.Secret)
		header["Idempotency-Key"] = "one"
		response, text := s.call(t, "PUT", "/api/v1/groups/vip", header, reader(`{"displayName":"Very important"}`))
		if response.StatusCode/100 != 2 || response.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s %v %s", response.Status, response.Header, text)
		}
		if response, text := s.call(t, "DELETE", "/api/v1/tokens/"+made.ID, nil, nil); response.StatusCode != 204 {
			t.Fatalf("%s %s", response.Status, text)
		}
	}
}

// A token withdraws what it could have made, and needs not be able to make tokens to list
// them.
func TestWhoWithdrawsWhom(t *testing.T) {
	s := newSite(t, server)
	all := s.newToken(t, `{"name":"all","scopes":["*"]}`)
	small := s.newToken(t, `{"name":"small","scopes":["tokens:write","sites:read"]}`)
	same := s.newToken(t, `{"name":"same","scopes":["sites:read"]}`)
	lister := s.newToken(t, `{"name":"lister","scopes":["tokens:read"]}`)
	tests := []struct {
		name, as, method, path string
		status                 int
	}{
		{"more scopes", small.Secret, "DELETE", "/" + all.ID, 403},
		{"scopes that it has", small.Secret, "DELETE", "/" + same.ID, 204},
		{"list without tokens:read", small.Secret, "GET", "", 403},
		{"list", lister.Secret, "GET", "", 200},
		{"withdraw without tokens:write", lister.Secret, "DELETE", "/" + small.ID, 403},
		{"itself", small.Secret, "DELETE", "/" + small.ID, 204},
		{"one that may do all", all.Secret, "DELETE", "/" + lister.ID, 204},
	}
	for _, test := range tests {
		if response, text := s.call(t, test.method, "/api/v1/tokens"+test.path, bearing(test.as), nil); response.StatusCode != test.status {
			t.Errorf("%s: %s %s", test.name, response.Status, text)
		}
	}
}

func TestScopesOfEventTypes(t *testing.T) {
	s := newSite(t, server)
	for _, write := range []struct{ path, body string }{
		{"accounts/A", `{"name":"Ada"}`},
		{"contacts/C", `{"accountId":"A","firstName":"Ada","access":"Disabled"}`},
		{"contacts/C", `{"accountId":"A","firstName":"Bea","access":"Disabled"}`},
	} {
		if response, text := s.call(t, "PUT", "/api/v1/"+write.path, nil, reader(write.body)); response.StatusCode/100 != 2 {
			t.Fatalf("%s: %s %s", write.path, response.Status, text)
		}
	}
	tests := []struct {
		scope, query string
		status       int
		types        string // of the events, or the detail
	}{
		{"events:read", "", 200, "account.created contact.created contact.updated"},
		{"events:read:contact.*", "", 200, "contact.created contact.updated"},
		{"events:read:contact.created", "", 200, "contact.created"},
		{"events:read:contact.*", "?type=contact.updated", 200, "contact.updated"},
		{"events:read:contact.created", "?type=contact.created,contact.updated", 403, "the token has no scope events:read:contact.updated"},
		{"events:read:invoice.*", "", 200, ""},
		{"sites:read", "", 403, "the token has no scope events:read"},
	}
	for i, test := range tests {
		made := s.newToken(t, fmt.Sprintf(`{"name":"t%d","scopes":[%q]}`, i, test.scope))
		response, text := s.call(t, "GET", "/api/v1/events"+test.query, bearing(made.Secret), nil)
		var got struct {
			Items  []integration.Event
			Detail string
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		var types []string
		for _, e := range got.Items {
			types = append(types, e.Type)
		}
		if told := strings.Join(types, " ") + got.Detail; response.StatusCode != test.status || told != test.types {
			t.Errorf("%s %s: %s %q, want %q", test.scope, test.query, response.Status, told, test.types)
		}
		if strings.Contains(text, `"ip"`) {
			t.Errorf("an address of the provider's system is told: %s", text)
		}
	}
	for scope, as := range map[string]string{
		"events:read:invoice.isued": token, "events:read:nothing.*": token, "events:read:": token, "sites:read:x": token,
		"events:read": s.newToken(t, `{"name":"narrow","scopes":["tokens:write","events:read:contact.*"]}`).Secret,
	} {
		response, text := s.call(t, "POST", "/api/v1/tokens", bearing(as), reader(fmt.Sprintf(`{"name":"x","scopes":[%q]}`, scope)))
		if response.StatusCode != 422 || !strings.Contains(text, `"field":"scopes[0]"`) {
			t.Errorf("%s: %s %s", scope, response.Status, text)
		}
	}
}
