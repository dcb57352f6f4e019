package portal

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// TestSignOutClearsTheBrowser: what the browser kept of the pages goes with the session; the
// cookie of the device stays.
func TestSignOutClearsTheBrowser(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	if got := b.get("/invoices").header.Get("Clear-Site-Data"); got != "" {
		t.Errorf("a page of somebody who is signed in clears %s", got)
	}
	for name, a := range map[string]answer{
		"signed out":    b.do(http.MethodPost, "/sign-out", nil),
		"session ended": s.endedSession(t),
	} {
		if got := a.is(t, http.StatusSeeOther).header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("%s: Clear-Site-Data is %q", name, got)
		}
	}
	if b.cookie(deviceCookie) == "" {
		t.Error("the device was forgotten")
	}
}

// endedSession is what a browser gets whose session was ended elsewhere.
func (s *site) endedSession(t *testing.T) answer {
	t.Helper()
	b := s.signedIn(t, "ravi")
	s.change(t, "DELETE FROM session")
	return b.get("/invoices")
}

// TestTraceIsNotAnswered: nothing that was sent comes back.
func TestTraceIsNotAnswered(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	for _, method := range []string{http.MethodTrace, "TRACK", http.MethodPut, "X"} {
		a := dana.do(method, "/invoices", nil, "Sec-Fetch-Site", "same-origin", "X-Mine", "echo-of-mine")
		if a.status < http.StatusBadRequest || strings.Contains(a.body, "echo-of-mine") || strings.Contains(a.body, dana.cookie(sessionCookie)) {
			t.Errorf("%s answers %d:\n%s", method, a.status, a.body)
		}
	}
}

// TestSecurityEventsAreLogged: what was denied, refused, delayed or came from another site
// has a line, with the id of its request and nothing that was typed.
func TestSecurityEventsAreLogged(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.signedIn(t, "sam").get("/activity").is(t, http.StatusForbidden)
	b := s.browser(t)
	b.do(http.MethodPost, "/sign-in", url.Values{"login": {"sam"}}, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	var delayed answer
	for range 20 {
		if delayed = b.signIn("nobody-of-that-name", "hush hush hush"); delayed.status == http.StatusTooManyRequests {
			break
		}
	}
	delayed.is(t, http.StatusTooManyRequests)
	log := s.logged.String()
	for _, want := range []string{
		"msg=sign-in ", "outcome=ok", "outcome=refused", "outcome=delayed", "msg=denied ", "contact=c-sam feature=ViewActivity reason=NotGranted",
		`msg="request failed"`, "status=403", "client=203.0.113.7",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q", want)
		}
	}
	for _, typed := range []string{"nobody-of-that-name", "hush hush"} {
		if strings.Contains(log, typed) {
			t.Errorf("the log has %q", typed)
		}
	}
}

// TestEveryAnswerNamesItsType: a body comes with its media type, and text with its
// character set.
func TestEveryAnswerNamesItsType(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	for pattern, route := range checkedRoutes {
		if pattern == "POST /sign-out" || pattern == "POST /sessions/end-others" {
			continue
		}
		for who, b := range map[string]*browser{"dana": dana, "nobody": s.browser(t)} {
			a := b.do(route.method, route.path, url.Values{})
			mediaType := a.header.Get("Content-Type")
			text := strings.HasPrefix(mediaType, "text/") || strings.HasPrefix(mediaType, "application/javascript")
			if a.body != "" && (mediaType == "" || text && !strings.Contains(mediaType, "charset=utf-8")) {
				t.Errorf("%s for %s: Content-Type is %q", pattern, who, mediaType)
			}
		}
	}
}

// TestNoAnswerIsForOtherOrigins: whoever asks, no page may be read by a script of another
// origin.
func TestNoAnswerIsForOtherOrigins(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	for _, path := range []string{"/", "/invoices", "/sign-in", "/nothing", checkedRoutes["GET /assets/"].path} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			a := dana.do(method, path, nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Sec-Fetch-Site", "cross-site")
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s has %s: %s", method, path, name, a.header.Get(name))
				}
			}
		}
	}
}

var inputTag = regexp.MustCompile(`<(input|textarea|select)[^>]*>`)

// TestPasswordFields: whatever is a password is masked, can be pasted and is known to
// password managers; nothing asks for a hint or a secret question.
func TestPasswordFields(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	setUp := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-olga"))
	pages := map[string]struct {
		page answer
		want int
	}{
		"sign-in": {s.browser(t).get("/sign-in"), 1}, "set-up": {setUp.get("/set-up"), 2},
		"password": {dana.get("/security/password"), 3}, "confirm": {dana.get("/confirm"), 1},
	}
	for name, test := range pages {
		found := 0
		for _, tag := range inputTag.FindAllString(test.page.is(t, http.StatusOK).body, -1) {
			kind, field, completes := attribute(tag, "type"), attribute(tag, "name"), attribute(tag, "autocomplete")
			if kind == "password" {
				found++
				if completes != "current-password" && completes != "new-password" {
					t.Errorf("%s: %s", name, tag)
				}
			} else if strings.Contains(completes, "password") || field == "password" || field == "repeat" || field == "current" {
				t.Errorf("%s: a password is not masked: %s", name, tag)
			}
			if strings.Contains(tag, "onpaste") || kind == "password" && attribute(tag, "value") != "" {
				t.Errorf("%s: %s", name, tag)
			}
		}
		if found != test.want {
			t.Errorf("%s has %d fields for passwords, want %d", name, found, test.want)
		}
		test.page.hides(t, "hint-question", "secret question", "mother", "Secret question")
	}
}

// TestSignOutIsOnEveryPage that somebody sees who is signed in.
func TestSignOutIsOnEveryPage(t *testing.T) {
	m := newMatrix(t)
	m.profile(t, allFeatures())
	pages := 0
	for _, r := range m.portal.routes() {
		sample := checkedRoutes[r.pattern]
		if sample.method != http.MethodGet || r.open == everybody {
			continue
		}
		if a := m.person.get(sample.path); strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && a.status != http.StatusSeeOther {
			pages++
			if !strings.Contains(a.body, `action="/sign-out"`) {
				t.Errorf("%s (%d) has no way to sign out", sample.path, a.status)
			}
		}
	}
	if pages < 20 {
		t.Errorf("only %d pages were looked at", pages)
	}
}

// TestAResetDoesNotPassTheSecondFactor: a new password by mail is one factor.
func TestAResetDoesNotPassTheSecondFactor(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.withApp(t, s.signedIn(t, "dana"))
	b := s.browser(t).openSetUp(s.send(t, store.LinkReset, "c-dana"))
	b.do(http.MethodPost, "/set-up", url.Values{"password": {newPassword}, "repeat": {newPassword}}).is(t, http.StatusSeeOther)
	if b.cookie(sessionCookie) != "" {
		t.Error("a reset begins a session")
	}
	b.signIn("dana", newPassword).goesTo(t, "/sign-in/second-factor")
	if b.cookie(sessionCookie) != "" {
		t.Error("there is a session after the password alone")
	}
	b.get("/invoices").is(t, http.StatusSeeOther)
}

// TestConflictingLengthsAreRefused: where a message ends must be beyond doubt.
func TestConflictingLengthsAreRefused(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for name, lengths := range map[string]string{
		"two lengths":         "Content-Length: 5\r\nContent-Length: 6\r\n",
		"an odd length":       "Content-Length: +5\r\n",
		"an unknown encoding": "Transfer-Encoding: xchunked\r\n",
		"two encodings":       "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
	} {
		conn, err := tls.Dial("tcp", s.server.Listener.Addr().String(), s.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone())
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "POST /sign-in HTTP/1.1\r\nHost: my.acme.example\r\nSec-Fetch-Site: same-origin\r\n%s\r\nlogin=", lengths)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), httptest.NewRequest(http.MethodPost, "/sign-in", nil))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		response.Body.Close()
		conn.Close()
		if response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
}
