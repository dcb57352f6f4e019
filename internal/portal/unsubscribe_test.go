package portal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (s *site) unsubscribePath(contact, category string) string {
	return "/unsubscribe/" + s.keys.UnsubscribeToken(contact, category)
}

// TestUnsubscribe: the link in a mail says what it does and does it when the button is
// pressed, without a sign-in.
func TestUnsubscribe(t *testing.T) {
	s := newTeam(t)
	nobody := s.browser(t)
	path := s.unsubscribePath("c-tom", "Invoice")
	nobody.get(path).is(t, http.StatusOK).shows(t, "Do you want to unsubscribe?", "Harbour Lane Coffee", "Invoices and payments", "t…@mail.example", "Those about signing in always come").
		hides(t, "tom@mail.example")
	if got := s.row(t, "c-tom").OptedOut; len(got) > 0 {
		t.Fatalf("opening the link opted out of %v", got)
	}
	for range 2 { // whoever presses again is told the same
		nobody.do(http.MethodPost, path, nil).is(t, http.StatusOK).shows(t, "You are unsubscribed", "does not send you messages of this kind any more").hides(t, "<form")
	}
	nobody.get(path).is(t, http.StatusOK).shows(t, "You are unsubscribed").hides(t, "<form")
	nobody.get(s.unsubscribePath("c-tom", "Support")).shows(t, "Do you want to unsubscribe?", "Messages Service requests Sent to")
	if diff := cmp.Diff([]string{"Invoice"}, s.row(t, "c-tom").OptedOut); diff != "" {
		t.Error(diff)
	}
	s.signedIn(t, "dana").get("/activity").shows(t, somebody)
	if log := s.logged.String(); strings.Contains(log, strings.TrimPrefix(path, "/unsubscribe/")) {
		t.Error("the log has the token")
	}
}

// TestUnsubscribeWithoutPortal: who cannot sign in is not sent to a page that they cannot
// open.
func TestUnsubscribeWithoutPortal(t *testing.T) {
	s := newTeam(t)
	nora := person("c-nora", "30001", "Nora", "Porter", "", false)
	nora.Email = "nora@porter.example"
	s.contacts(t, nora)
	for contact, ask := range map[string]bool{"c-gus": true, "c-nora": true, "c-tom": false} {
		a := s.browser(t).do(http.MethodPost, s.unsubscribePath(contact, "Invoice"), nil).is(t, http.StatusOK).shows(t, "You are unsubscribed")
		if !ask {
			a.shows(t, "on the page of your preferences").has(t, `href="/preferences"`)
			continue
		}
		a.shows(t, "Would you like to have them again? Please write to help@acme.example or call +61 2 5550 0100.").hides(t, "your preferences", `href="/preferences"`)
	}
}

// TestUnsubscribeByOneClick: programs that show mails press the button for people, from
// anywhere and with no cookie (RFC 8058).
func TestUnsubscribeByOneClick(t *testing.T) {
	s := newTeam(t)
	for category, headers := range map[string][]string{
		"General": {"Sec-Fetch-Site", ""},
		"Invoice": {"Sec-Fetch-Site", "cross-site", "Origin", "https://webmail.example"},
		"Product": {"Sec-Fetch-Site", "", "Origin", "https://webmail.example"},
		"Support": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		s.browser(t).send(s.unsubscribePath("c-tom", category), "List-Unsubscribe=One-Click", headers...).is(t, http.StatusOK)
	}
	if diff := cmp.Diff([]string{"General", "Invoice", "Product", "Support"}, s.row(t, "c-tom").OptedOut); diff != "" {
		t.Error(diff)
	}
	s.signedIn(t, "dana").do(http.MethodPost, "/preferences", nil, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
}

// TestUnsubscribeLinksThatAreNone: of somebody who is gone, of a kind that always comes, of
// another tenant, and made up.
func TestUnsubscribeLinksThatAreNone(t *testing.T) {
	s := newTeam(t)
	for name, path := range map[string]string{
		"nobody":         s.unsubscribePath("c-gone", "Invoice"),
		"no contact":     s.unsubscribePath("", "Invoice"),
		"no text":        s.unsubscribePath("\xff", "Invoice"),
		"always comes":   s.unsubscribePath("c-tom", "Security"),
		"no category":    s.unsubscribePath("c-tom", ""),
		"another tenant": "/unsubscribe/" + testKeys(t, 'x').UnsubscribeToken("c-tom", "Invoice"),
		"made up":        "/unsubscribe/AAAA",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a := s.browser(t).do(method, path, nil); a.status != http.StatusNotFound || !strings.Contains(a.body, "This link does not work") {
				t.Errorf("%s of %s: %d\n%s", method, name, a.status, words(a.body))
			}
		}
	}
	if got := s.row(t, "c-tom").OptedOut; len(got) > 0 {
		t.Errorf("somebody opted out of %v", got)
	}
}

func TestHint(t *testing.T) {
	for email, want := range map[string]string{"dana@mail.example": "d…@mail.example", "ä@b.example": "ä…@b.example", "": "", "dana": "", "@b.example": "…@b.example"} {
		if got := hint(email); got != want {
			t.Errorf("%q is shown as %q, want %q", email, got, want)
		}
	}
}
