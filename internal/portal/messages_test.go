package portal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// sent adds messages to a contact as the dispatcher does, the newest first in number.
func (s *site) sent(t *testing.T, account, contact, category, channel, subject string, count int) {
	t.Helper()
	_, err := s.root(t).Exec(t.Context(), `INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, subject, body,
			state, due_at, turn_at, sent_at, updated_at)
		SELECT gen_random_uuid(), $1, $2, 'invoice.issued', 'e', $3, 'Standard', 'mail', $4, $2 || '@mail.example',
			CASE WHEN $5 = '' THEN '' ELSE $5 || ' ' || n END, 'Body <b> of ' || n || E'\nbye',
			'Sent', $7, $7, $7::timestamptz - n * interval '1 minute', $7 FROM generate_series(1, $6::int) n`,
		account, contact, category, channel, subject, count, s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
}

func TestMessages(t *testing.T) {
	s := newSite(t)
	s.business(t)
	kim, dana := s.signedIn(t, "kim"), s.signedIn(t, "dana")
	kim.get("/messages").is(t, http.StatusOK).shows(t, "Nothing was sent to you yet").hides(t, "<table")
	s.sent(t, "10042", "c-kim", "Invoice", "Email", "Invoice of month", 60)
	s.sent(t, "10042", "c-dana", "General", "SMS", "", 1)
	s.sent(t, "20077", "c-kim", "General", "Email", "Other account", 1)
	seen, pages := 0, 0
	for path := "/messages"; path != ""; pages++ {
		page := kim.get(path).is(t, http.StatusOK).hides(t, "c-dana", "Other account", "Body")
		seen += strings.Count(page.body, "Invoice of month")
		path = olderLink(page.body)
	}
	if seen != 60 || pages != 3 {
		t.Errorf("%d messages on %d pages", seen, pages)
	}
	kim.get("/messages").shows(t, "Invoice of month 1 Invoices and payments c-kim@mail.example Email 22 Nov 2026")
	dana.get("/messages").is(t, http.StatusOK).shows(t, "Message of 22 Nov 2026", "About the account c-dana@mail.example Text message").hides(t, "c-kim")

	ids := s.column(t, "SELECT id::text FROM notification WHERE account_id = '10042' AND contact_id = 'c-kim' ORDER BY sent_at DESC")
	kim.get("/messages/"+ids[0]).is(t, http.StatusOK).shows(t, "Invoice of month 1", "Sent to c-kim@mail.example Email", "Body &lt;b&gt; of 1 bye").hides(t, "<b> of")
	dana.get("/messages/"+ids[0]).is(t, http.StatusNotFound)
	for _, bad := range []string{uuid.NewString(), "none", "%00", s.column(t, "SELECT id::text FROM notification WHERE account_id = '20077'")[0]} {
		kim.get("/messages/"+bad).is(t, http.StatusNotFound)
	}
	for _, bad := range []string{"x", "2026-11-21T12:00:00Z~x", fmt.Sprint("yesterday~", uuid.NewString())} {
		kim.get("/messages?after="+bad).is(t, http.StatusBadRequest)
	}
	kim.get("/messages?after=2026-11-21T12:00:00Z~"+ids[0]).is(t, http.StatusOK).shows(t, "Newest")
}

// Messages about signing in may have had links in them.
func TestSecurityMessagesHaveNoText(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.sent(t, "10042", "c-dana", "Security", "Email", "Reset your password", 1)
	dana := s.signedIn(t, "dana")
	dana.get("/messages").is(t, http.StatusOK).shows(t, "Reset your password 1 Security")
	id := s.column(t, "SELECT id::text FROM notification")[0]
	dana.get("/messages/"+id).is(t, http.StatusOK).shows(t, "Reset your password 1", "The text is not kept").hides(t, "Body")
}
