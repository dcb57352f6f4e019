package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

var sessionPattern = regexp.MustCompile(`name="session" value="([^"]+)"`)

func sessionIDs(a answer) (ids []string) {
	for _, found := range sessionPattern.FindAllStringSubmatch(a.body, -1) {
		ids = append(ids, found[1])
	}
	return ids
}

func TestSessionsPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	old := s.browser(t)
	old.from = "198.51.100.20"
	old.do(http.MethodPost, "/sign-in", map[string][]string{"login": {"dana"}, "password": {password}}, "User-Agent", firefox).is(t, http.StatusSeeOther)
	s.clock.Advance(time.Minute)
	b, sam := s.signedIn(t, "dana"), s.signedIn(t, "sam")
	page := b.get("/sessions").is(t, http.StatusOK)
	page.shows(t, "Firefox on Linux", "From 198.51.100.20", "This browser", "Unknown browser", "From 203.0.113.7", "Sign out everywhere else", "22 Nov 2026")
	ids := sessionIDs(page)
	if len(ids) != 2 {
		t.Fatalf("%d sessions are listed:\n%s", len(ids), words(page.body))
	}
	// Nobody ends what is another's.
	for _, id := range sessionIDs(sam.get("/sessions")) {
		b.post("/sessions/end", "session", id).is(t, http.StatusNotFound)
	}
	sam.get("/").is(t, http.StatusOK)
	for _, id := range []string{"", "x", "00000000-0000-0000-0000-000000000000"} {
		b.post("/sessions/end", "session", id).is(t, http.StatusNotFound)
	}
	b.post("/sessions/end", "session", ids[1]).goesTo(t, "/sessions?done=session-ended")
	old.get("/").goesTo(t, "/sign-in?ended=1")
	b.get("/sessions?done=session-ended").is(t, http.StatusOK).shows(t, "That session has ended").hides(t, "end-others")
	b.post("/sessions/end", "session", ids[0]).goesTo(t, "/sign-in") // their own is signing out
	b.get("/").goesTo(t, "/sign-in")
}

func TestEndOtherSessionsOfAPerson(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	others := []*browser{s.signedIn(t, "dana"), s.signedIn(t, "dana")}
	b, sam := s.signedIn(t, "dana"), s.signedIn(t, "sam")
	b.post("/sessions/end-others").goesTo(t, "/sessions?done=sessions-ended")
	for _, other := range others {
		other.get("/").goesTo(t, "/sign-in?ended=1")
	}
	b.get("/").is(t, http.StatusOK)
	sam.get("/").is(t, http.StatusOK)
	b.get("/activity").shows(t, "Signed out everywhere else")
}

// Sessions that let nobody in any more are not shown.
func TestExpiredSessionsAreNotListed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.signedIn(t, "dana")
	s.clock.Advance(31 * time.Minute)
	b := s.signedIn(t, "dana")
	if ids := sessionIDs(b.get("/sessions")); len(ids) != 1 {
		t.Errorf("%d sessions are listed", len(ids))
	}
}

// A person is told of a browser that they had not used before; not of the first one.
func TestNewBrowsersAreTold(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	told := func() []string {
		return s.column(t, "SELECT subject || ' ' || coalesce(data -> 'origin' ->> 'browser', '-') || ' ' || (data -> 'origin' ->> 'ip') FROM event WHERE type = 'portal.newSignIn' ORDER BY position")
	}
	b := s.signedIn(t, "dana")
	b.post("/sign-out")
	b.signIn("dana", password).is(t, http.StatusSeeOther)
	if got := told(); len(got) != 0 {
		t.Errorf("told of %v", got)
	}
	other := s.browser(t)
	other.from = "198.51.100.20"
	other.do(http.MethodPost, "/sign-in", map[string][]string{"login": {"dana"}, "password": {password}}, "User-Agent", firefox).is(t, http.StatusSeeOther)
	if got := strings.Join(told(), "; "); got != "c-dana Firefox on Linux 198.51.100.20" {
		t.Errorf("told of %q", got)
	}
	d := s.withPasskey(t, b, "Phone")
	other.post("/sign-out")
	other.signInBy(t, d).goesTo(t, "/invoices") // with the passkey all other browsers were forgotten
	other.post("/sign-out")
	other.signInBy(t, d).goesTo(t, "/invoices") // known by now
	if got := told(); len(got) != 2 {
		t.Errorf("told of %v", got)
	}
	s.browser(t).signInBy(t, d).goesTo(t, "/invoices")
	if got := told(); len(got) != 3 {
		t.Errorf("told of %v", got)
	}
}
