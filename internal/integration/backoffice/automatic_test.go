package backoffice

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
)

// automatic makes the tenant send the create mail to the owners of new accounts.
func (s *site) automatic(t *testing.T) {
	t.Helper()
	s.settings.Store(documentOf(t, func(document *config.Settings) {
		var tenant map[string]any
		if err := json.Unmarshal(document.Tenant.Content, &tenant); err != nil {
			t.Fatal(err)
		}
		tenant["credentials"] = map[string]any{"createMail": config.CreateMailAutomatic}
		text, err := json.Marshal(tenant)
		if err != nil {
			t.Fatal(err)
		}
		document.Tenant.Content = text
	}))
}

// sentTo counts the mails that were sent since the last look.
func (s *site) sentTo(t *testing.T, seen *int) int {
	t.Helper()
	mails := len(s.mails(t))
	sent := mails - *seen
	*seen = mails
	return sent
}

const owner = `{"accountId":"A","email":"ada@x.example","roles":["Primary"],"owner":true,"access":"Active"}`

// TestAutomaticCreateMail: who becomes the owner of an account without one is sent the
// mail, once, in the same transaction.
func TestAutomaticCreateMail(t *testing.T) {
	s := newSite(t, server)
	s.automatic(t)
	s.must(t, integration.Accounts, `{"id":"A","name":"a"}`, `{"id":"P","name":"p","status":"Prospect"}`, `{"id":"S","name":"s","status":"Suspended"}`,
		`{"id":"C","name":"c","status":"Closed"}`, `{"id":"N","name":"n","attributes":{"portalAccess":"Disabled"}}`)
	of := func(account string) string { return strings.Replace(owner, `"A"`, `"`+account+`"`, 1) }
	without := func(field string) string { return strings.Replace(owner, field, "", 1) }
	seen := 0
	for _, test := range []struct {
		name, path, body string
		mails            int
		contains         string
	}{
		{"of an active account", "contacts/a", owner, 1, `"portalAccess":"Invited"`},
		{"again", "contacts/a", owner, 0, `"portalAccess":"Invited"`},
		{"changed", "contacts/a", strings.Replace(owner, "ada@", "adam@", 1), 0, ""},
		{"not the owner", "contacts/b", without(`"owner":true,`), 0, `"portalAccess":"NotInvited"`},
		{"of a prospect", "contacts/p", of("P"), 1, `"portalAccess":"Invited"`},
		{"of a suspended account", "contacts/s", of("S"), 0, `"portalAccess":"NotInvited"`},
		{"of a closed account", "contacts/c", of("C"), 0, `"portalAccess":"NotInvited"`},
		{"of an account without a portal", "contacts/n", of("N"), 0, `"portalAccess":"NotInvited"`},
		{"another one steps back", "contacts/a", without(`"owner":true,`), 0, ""},
		{"with a password", "contacts/w", strings.Replace(owner, `"access"`, `"user":{"username":"wendy","email":"ada@x.example","passwordHash":"`+passwordHash+`"},"access"`, 1), 0, `"portalAccess":"Active"`},
		{"steps back too", "contacts/w", without(`"owner":true,`), 0, ""},
		{"without access", "contacts/d", strings.Replace(owner, `"Active"`, `"Disabled"`, 1), 0, `"portalAccess":"Disabled"`},
		{"and that one", "contacts/d", without(`"owner":true,`), 0, ""},
		{"without an address", "contacts/e", without(`"email":"ada@x.example",`), 0, `"portalAccess":"NotInvited"`},
		{"which comes later", "contacts/e", owner, 1, `"portalAccess":"Invited"`},
		{"and that one too", "contacts/e", without(`"owner":true,`), 0, ""},
		{"quietly", "contacts/q?notify=none", owner, 0, `"portalAccess":"NotInvited"`},
	} {
		response, text := s.call(t, "PUT", "/api/v1/"+test.path, nil, reader(test.body))
		if sent := s.sentTo(t, &seen); response.StatusCode/100 != 2 || sent != test.mails || !strings.Contains(text, test.contains) {
			t.Errorf("%s: %d mails, want %d: %s %s", test.name, sent, test.mails, response.Status, text)
		}
	}
}

// TestAutomaticCreateMailByImport: an import that tells nobody sends none, and who takes
// over from another owner is asked for by hand.
func TestAutomaticCreateMailByImport(t *testing.T) {
	s := newSite(t, server)
	s.automatic(t)
	s.must(t, integration.Accounts, `{"id":"A","name":"a"}`, `{"id":"B","name":"b"}`)
	seen := 0
	line := func(id, account string, owns bool) string {
		text := `{"id":"` + id + `","accountId":"` + account + `","email":"x@x.example","access":"Active"`
		if owns {
			text += `,"owner":true`
		}
		return text + "}\n"
	}
	send := func(notify integration.Notify, lines string) {
		t.Helper()
		options := integration.ImportOptions{Kind: integration.Contacts, Notify: notify}
		sum, err := s.ImportWith(t.Context(), options, reader(lines), nil)
		if err != nil || sum.Refused > 0 {
			t.Fatalf("%+v %v", sum, err)
		}
	}
	send(integration.NotifyNone, line("a", "A", true))
	if sent := s.sentTo(t, &seen); sent != 0 {
		t.Errorf("a quiet import sent %d mails", sent)
	}
	send(integration.NotifyAll, line("b", "B", true)+line("a", "A", true)+line("b2", "B", false))
	if sent := s.sentTo(t, &seen); sent != 1 {
		t.Errorf("an import with notify=all sent %d mails, want that of the new owner", sent)
	}
	send(integration.NotifyAll, line("b2", "B", true)+line("b", "B", false))
	if sent := s.sentTo(t, &seen); sent != 0 {
		t.Errorf("a handover in one import sent %d mails", sent)
	}
}

// TestNoAutomaticCreateMail: unless the tenant wants it.
func TestNoAutomaticCreateMail(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"a"}`)
	if response, text := s.call(t, "PUT", "/api/v1/contacts/a", nil, reader(owner)); response.StatusCode != 201 || len(s.mails(t)) != 0 {
		t.Errorf("%s %s: %d mails", response.Status, text, len(s.mails(t)))
	}
}
