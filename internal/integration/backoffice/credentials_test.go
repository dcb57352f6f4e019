package backoffice

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// linkKeys are the keys of a tenant.
func linkKeys(t *testing.T) *identity.Keys {
	t.Helper()
	file := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)))
	keys, err := identity.ParseKeys(file, file)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// mails are the events of sign-ins, oldest first.
func (s *site) mails(t *testing.T) []store.Event {
	t.Helper()
	page, err := s.tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 1000, Types: []string{"portal.credentialCreate", "portal.passwordReset"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		if text := string(e.Data); strings.Contains(text, "link") || strings.Contains(text, "http") {
			t.Errorf("%s tells of its link: %s", e.Type, text)
		}
	}
	return page.Entries
}

// follow uses the link of a mail as the portal does: the person presses its button and
// chooses.
func (s *site) follow(t *testing.T, mail store.Event, purpose store.LinkPurpose, chosen store.Chosen) {
	t.Helper()
	keys := linkKeys(t)
	secret, err := keys.LinkToken(purpose, mail.Subject, 0)
	if err != nil {
		t.Fatal(err)
	}
	id, address, ok := keys.OpenLinkToken(purpose, secret)
	if !ok {
		t.Fatal("the secret of the link is not known")
	}
	browser := []byte("browser of " + id)
	portal := func(work func(context.Context, *store.Writer) error) {
		t.Helper()
		if err := s.tenant.Portal.Write(t.Context(), store.Origin{Now: time.Now()}, work); err != nil {
			t.Fatal(err)
		}
	}
	portal(func(ctx context.Context, w *store.Writer) error {
		if _, err := w.SpendLink(ctx, id, purpose, address); err != nil {
			return err
		}
		return w.BeginSetUp(ctx, browser, id, address)
	})
	portal(func(ctx context.Context, w *store.Writer) error {
		_, err := w.CompleteSetUp(ctx, browser, chosen)
		return err
	})
}

// TestFusebillsFourScreens: what staff see of a sign-in, and the one mail that they can
// send, as Fusebill has it.
func TestFusebillsFourScreens(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada","accountProfile":"business"}`)
	s.must(t, integration.Contacts, `{"id":"dana","accountId":"A","email":"dana@miller.example","roles":["Primary"],"owner":true,"access":"Active"}`,
		`{"id":"pay","accountId":"A","email":"pay@miller.example","roles":["Primary"],"access":"Active"}`)
	const onlyReset = "the contact has username and password already, so only the mail to reset the password can be sent: POST its reset-mail"
	const onlyCreate = "the contact has no password yet, so only the mail to create a sign-in can be sent: POST its create-mail"

	t.Run("empty", func(t *testing.T) {
		s.walk(t, []step{
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `{"state":"None","mail":"Create"}`},
			{"POST", "contacts/dana/reset-mail", "", nil, 409, "", onlyCreate},
			{"GET", "contacts/dana", "", nil, 200, `"v1"`, `"portalAccess":"NotInvited"`},
			{"POST", "contacts/dana/create-mail", "", nil, 200, "", `{"state":"None","mail":"Create","link":{"purpose":"Create","addresses":2,"sentAt":"`},
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `"state":"Open"}}`},
			{"GET", "contacts/dana", "", nil, 200, `"v1"`, `"portalAccess":"Invited"`},
		})
		if mails := s.mails(t); len(mails) != 1 || mails[0].Type != "portal.credentialCreate" || mails[0].Actor != "token cli" {
			t.Errorf("mails %+v", mails)
		}
	})
	t.Run("username only", func(t *testing.T) {
		s.walk(t, []step{
			{"PATCH", "contacts/dana", `{"user":{"username":"dana"}}`, nil, 200, `"v2"`, ""},
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `{"state":"Named","username":"dana","mail":"Create",`},
			{"POST", "contacts/dana/reset-mail", "", nil, 409, "", onlyCreate},
			{"POST", "contacts/dana/create-mail", "", nil, 200, "", `{"state":"Named","username":"dana","mail":"Create","link":{"purpose":"Create"`},
		})
		mails := s.mails(t)
		if len(mails) != 2 || !strings.Contains(string(mails[1].Data), `"username":"dana"`) && !strings.Contains(string(mails[1].Data), `"username": "dana"`) {
			t.Fatalf("mails %+v", mails)
		}
		s.follow(t, mails[1], store.LinkCreate, store.Chosen{Username: "dana.whitfield", PasswordHash: passwordHash})
	})
	t.Run("username and password", func(t *testing.T) {
		s.walk(t, []step{
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `{"state":"Active","username":"dana.whitfield","mail":"Reset","link":{"purpose":"Create"`},
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `"state":"Used"}}`},
			{"GET", "contacts/dana", "", nil, 200, `"v3"`, `"portalAccess":"Active"`},
			{"POST", "contacts/dana/create-mail", "", nil, 409, "", onlyReset},
			{"POST", "contacts/dana/reset-mail", "", nil, 200, "", `{"state":"Active","username":"dana.whitfield","mail":"Reset","link":{"purpose":"Reset","addresses":2`},
		})
		mails := s.mails(t)
		if len(mails) != 3 || mails[2].Type != "portal.passwordReset" {
			t.Fatalf("mails %+v", mails)
		}
		s.follow(t, mails[2], store.LinkReset, store.Chosen{PasswordHash: passwordHash})
		s.walk(t, []step{{"GET", "contacts/dana/credentials", "", nil, 200, "", `"state":"Used"}}`}})
	})
	t.Run("deleted", func(t *testing.T) {
		s.walk(t, []step{
			{"POST", "contacts/dana/reset-mail", "", nil, 200, "", `"purpose":"Reset"`},
			{"DELETE", "contacts/dana/user", "", nil, 204, "", ""},
			{"GET", "contacts/dana/credentials", "", nil, 200, "", `{"state":"None","mail":"Create"`},
			{"POST", "contacts/dana/reset-mail", "", nil, 409, "", onlyCreate},
			{"POST", "contacts/dana/create-mail", "", nil, 200, "", `{"state":"None","mail":"Create","link":{"purpose":"Create"`},
		})
		mails := s.mails(t)
		s.follow(t, mails[len(mails)-1], store.LinkCreate, store.Chosen{Username: "finn", PasswordHash: passwordHash})
		s.walk(t, []step{{"GET", "contacts/dana/credentials", "", nil, 200, "", `{"state":"Active","username":"finn","mail":"Reset"`}})
	})
}

// TestMailsThatAreRefused: each refusal says what to do.
func TestMailsThatAreRefused(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada"}`, `{"id":"N","name":"No portal","attributes":{"portalAccess":"Disabled"}}`)
	s.must(t, integration.Contacts, `{"id":"mute","accountId":"A","access":"Active"}`,
		`{"id":"out","accountId":"A","email":"out@x.example","access":"Disabled"}`, `{"id":"shut","accountId":"N","email":"shut@x.example","access":"Active"}`,
		`{"id":"sam","accountId":"A","email":"sam@x.example","access":"Active","user":{"username":"sam","email":"sam@x.example","passwordHash":"`+passwordHash+`"}}`)
	s.walk(t, []step{
		{"POST", "contacts/mute/create-mail", "", nil, 409, "", `"detail":"email is missing: there is no address to send the mail to: write the contact with an email first","errors":[{"field":"email"`},
		{"POST", "contacts/out/create-mail", "", nil, 409, "", `"detail":"access is Disabled: enable the contact first"`},
		{"POST", "contacts/shut/create-mail", "", nil, 409, "", `"detail":"accountId is an account that has no portal: give the account a MyAccountProfile, or set its portalAccess to Enabled"`},
		{"POST", "contacts/sam/reset-mail", "", nil, 409, "", `"detail":"user.email is not verified, and only the user's own verified address gets this mail: let the person confirm it`},
		{"POST", "contacts/nobody/create-mail", "", nil, 404, "", ""},
		{"POST", "contacts/nobody/reset-mail", "", nil, 404, "", ""},
		{"POST", "contacts/%00/create-mail", "", nil, 404, "", ""},
		{"GET", "contacts/nobody/credentials", "", nil, 404, "", ""},
		{"GET", "contacts/%00/credentials", "", nil, 404, "", ""},
	})
	if mails := s.mails(t); len(mails) != 0 {
		t.Errorf("mails %+v", mails)
	}
}

// TestLinksAreVoidedAndExpire: of the newest link staff see what became of it.
func TestLinksAreVoidedAndExpire(t *testing.T) {
	s := newSite(t, server)
	now := time.Now()
	s.api.now = func() time.Time { return now }
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada"}`)
	s.must(t, integration.Contacts, `{"id":"c","accountId":"A","email":"c@x.example","access":"Active"}`)
	once := map[string]string{"Idempotency-Key": "k"}
	s.walk(t, []step{
		{"POST", "contacts/c/create-mail", "", once, 200, "", `"state":"Open"`},
		{"POST", "contacts/c/create-mail", "", once, 200, "", `"state":"Open"`}, // the same one
		{"POST", "contacts/c/reset-mail", "", once, 422, "", "was used before for another request"},
	})
	first := s.mails(t)
	if len(first) != 1 {
		t.Fatalf("%d mails for one key", len(first))
	}
	s.walk(t, []step{{"POST", "contacts/c/create-mail", "", nil, 200, "", `"state":"Open"`}})
	old, err := s.tenant.Portal.Link(t.Context(), first[0].Subject, store.LinkCreate)
	if err != nil || old.Whole(now) != store.LinkVoided {
		t.Errorf("the older link is %s, %v", old.Whole(now), err)
	}
	s.walk(t, []step{
		{"PATCH", "contacts/c", `{"access":"Disabled"}`, nil, 200, `"v2"`, `"portalAccess":"Disabled"`},
		{"GET", "contacts/c/credentials", "", nil, 200, "", `"state":"Voided"}}`},
		{"PATCH", "contacts/c", `{"access":"Active"}`, nil, 200, `"v3"`, ""},
		{"POST", "contacts/c/create-mail", "", nil, 200, "", `"state":"Open"`},
	})
	now = now.Add(8 * 24 * time.Hour)
	s.walk(t, []step{
		{"GET", "contacts/c/credentials", "", nil, 200, "", `"state":"Expired"}}`},
		{"GET", "contacts/c", "", nil, 200, `"v3"`, `"portalAccess":"Expired"`},
	})
}

// TestCreateMails: many at once, each with its own answer.
func TestCreateMails(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"a"}`, `{"id":"S","name":"s","status":"Suspended"}`, `{"id":"C","name":"c","status":"Closed"}`, `{"id":"P","name":"p","status":"Prospect"}`, `{"id":"E","name":"e"}`)
	for _, account := range []string{"A", "S", "C", "P"} {
		s.must(t, integration.Contacts, `{"id":"`+account+`-1","accountId":"`+account+`","email":"x@`+account+`.example","owner":true,"access":"Active"}`)
	}
	s.must(t, integration.Contacts, `{"id":"A-2","accountId":"A","access":"Active"}`,
		`{"id":"A-3","accountId":"A","access":"Active","email":"y@a.example","user":{"username":"yan","passwordHash":"`+passwordHash+`"}}`)
	send := func(body string, header map[string]string) (int, integration.CreateMailsResult, *http.Response) {
		t.Helper()
		response, text := s.call(t, "POST", "/api/v1/create-mails", header, reader(body))
		var got integration.CreateMailsResult
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		for i := range got.Items {
			if sent := got.Items[i].Outcome == mailSent; sent == got.Items[i].ExpiresAt.IsZero() {
				t.Errorf("%+v", got.Items[i])
			}
			got.Items[i].ExpiresAt = time.Time{}
		}
		return response.StatusCode, got, response
	}
	noSuch := func(status string) string {
		return "the account is " + status + ": this goes to accounts that are Active or Suspended"
	}
	once := map[string]string{"Idempotency-Key": "bulk"}
	for range 2 {
		_, got, response := send(`{"accounts":["S","A","C","P","E","none"]}`, once)
		want := integration.CreateMailsResult{Sent: 2, Refused: 4, Items: []integration.CreateMailResult{
			{ID: "S", ContactID: "S-1", Outcome: "Sent", Addresses: 1},
			{ID: "A", ContactID: "A-1", Outcome: "Sent", Addresses: 1},
			{ID: "C", ContactID: "C-1", Outcome: "Refused", Message: noSuch("Closed")},
			{ID: "P", ContactID: "P-1", Outcome: "Refused", Message: noSuch("Prospect")},
			{ID: "E", Outcome: "Refused", Message: "there is no account with this id that has an owner: write a contact of it with owner true first"},
			{ID: "none", Outcome: "Refused", Message: "there is no account with this id that has an owner: write a contact of it with owner true first"},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("replayed %q (-want +got):\n%s", response.Header.Get("Idempotency-Replayed"), diff)
		}
	}
	if mails := s.mails(t); len(mails) != 2 {
		t.Errorf("%d mails, want 2", len(mails))
	}
	_, got, _ := send(`{"contacts":["A-3","A-2","A-1","nobody"]}`, nil)
	want := integration.CreateMailsResult{Sent: 1, Refused: 3, Items: []integration.CreateMailResult{
		{ID: "A-3", ContactID: "A-3", Outcome: "Refused", Message: "the contact has username and password already, so only the mail to reset the password can be sent: POST its reset-mail"},
		{ID: "A-2", ContactID: "A-2", Outcome: "Refused", Message: "email is missing: there is no address to send the mail to: write the contact with an email first"},
		{ID: "A-1", ContactID: "A-1", Outcome: "Sent", Addresses: 1},
		{ID: "nobody", Outcome: "Refused", Message: "there is no contact with this id"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, body := range []string{`{}`, `{"accounts":["A"],"contacts":["A-1"]}`, `{"accounts":[]}`, `{"accounts":["A","A"]}`, `{"accounts":[""]}`} {
		if status, _, _ := send(body, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", body, status)
		}
	}
	if status, _, _ := send(`{"accounts":["A"]}`, once); status != http.StatusUnprocessableEntity {
		t.Errorf("a key for another request: %d", status)
	}
}

// TestCreateMailsGoOnWhereTheyEnded: a server that stops in the middle says which mails are
// left; sent again with the same key, those are sent and no other twice.
func TestCreateMailsGoOnWhereTheyEnded(t *testing.T) {
	s := newSite(t, server)
	const all = 2*mailBatch + 10
	s.must(t, integration.Accounts, `{"id":"A","name":"a"}`)
	var contacts []string
	ids := make([]string, all)
	for i := range ids {
		ids[i] = fmt.Sprintf("c%04d", all-i)
		contacts = append(contacts, fmt.Sprintf(`{"id":%q,"accountId":"A","email":"%s@x.example","access":"Active"}`, ids[i], ids[i]))
	}
	s.must(t, integration.Contacts, contacts...)
	body, err := json.Marshal(integration.CreateMails{Contacts: ids})
	if err != nil {
		t.Fatal(err)
	}
	send := func(key string) (integration.CreateMailsResult, string) {
		t.Helper()
		response, text := s.call(t, "POST", "/api/v1/create-mails", map[string]string{"Idempotency-Key": key}, bytes.NewReader(body))
		var got integration.CreateMailsResult
		if err := json.Unmarshal([]byte(text), &got); err != nil || response.StatusCode != http.StatusOK || len(got.Items) != all || got.Items[0].ID != ids[0] {
			t.Fatalf("%s %v: %.300s", response.Status, err, text)
		}
		return got, response.Header.Get("Idempotency-Replayed")
	}

	batches := 0
	s.api.now = func() time.Time { // asked once for each batch
		if batches++; batches == 2 {
			close(s.stopping)
		}
		return time.Now()
	}
	got, replayed := send("k")
	if got.Sent != 2*mailBatch || got.Refused != 10 || replayed != "" {
		t.Errorf("%d sent, %d refused, replayed %q", got.Sent, got.Refused, replayed)
	}
	if first := got.Items[0]; first.Outcome != mailRefused || first.Message != "it was not tried: the server is being stopped, another one takes over: send these again" {
		t.Errorf("%+v", first) // the last one by id
	}
	s.api.now, s.api.Stopping = time.Now, nil
	for _, want := range []string{"", "true"} {
		if got, replayed := send("k"); got.Sent != all || replayed != want {
			t.Errorf("%d sent, replayed %q, want %q", got.Sent, replayed, want)
		}
	}
	if mails := s.mails(t); len(mails) != all {
		t.Errorf("%d mails to %d contacts", len(mails), all)
	}
}
