package portal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSecurityPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.get("/security").is(t, http.StatusOK).shows(t, "Sign-in and security", "dana", "1 session", "Set up the app", "You have no passkeys yet").
		hides(t, "/security/recovery-codes", "/security/authenticator/remove")
	app := s.withApp(t, b)
	b.get("/security?done=app").is(t, http.StatusOK).shows(t, "Your authenticator app is set up", "10 codes left", "Use another app")
	b.get("/security?done=%3Cscript%3E").is(t, http.StatusOK).hides(t, "<script>")
	before := requestCookie(t, b, sessionCookie)
	b.get("/security/recovery-codes").is(t, http.StatusOK).shows(t, "You have 10 recovery codes left", "You get 10 new ones")
	fresh := recoveryCodes(t, b.post("/security/recovery-codes").is(t, http.StatusOK))
	if requestCookie(t, b, sessionCookie) == before {
		t.Error("the secret of the session is the same after new recovery codes")
	}
	try := func(code string, status int) {
		t.Helper()
		other := s.browser(t)
		other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
		other.post("/sign-in/second-factor", "code", code).is(t, status)
	}
	try(app.codes[0], http.StatusUnprocessableEntity)
	try(fresh[0], http.StatusSeeOther)

	b.get("/security/authenticator/remove").is(t, http.StatusOK).shows(t, "Remove the authenticator app?", "with your password alone")
	before = requestCookie(t, b, sessionCookie)
	b.post("/security/authenticator/remove").goesTo(t, "/security?done=app-removed")
	if requestCookie(t, b, sessionCookie) == before {
		t.Error("the secret of the session is the same without the app")
	}
	b.get("/security").is(t, http.StatusOK).hides(t, "/security/recovery-codes")
	s.signedIn(t, "dana")
	b.get("/activity").shows(t, "Set up an authenticator app", "Made new recovery codes", "Removed the authenticator app")
	events := s.column(t, "SELECT subject || ' ' || (data -> 'credential' ->> 'changed') FROM event WHERE type = 'portal.credentialsChanged' ORDER BY position")
	if want := []string{"c-dana SecondFactor", "c-dana SecondFactor", "c-dana SecondFactor"}; !cmp.Equal(want, events) {
		t.Errorf("told of %v", events)
	}
}

// An app counts once a code confirms it, and the secret of the session is another then.
func TestAppCountsOnceConfirmed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.get("/security/authenticator").goesTo(t, "/security")
	b.post("/security/authenticator/confirm", "code", "123456").goesTo(t, "/security")
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	first := s.appOf(t, b.get("/security/authenticator"))
	b.post("/security/authenticator/confirm").is(t, http.StatusUnprocessableEntity).shows(t, "Type the code of 6 digits")
	b.post("/security/authenticator/confirm", "code", "000000").is(t, http.StatusUnprocessableEntity).shows(t, "This code is not right")
	s.signedIn(t, "dana") // not asked
	// Another person on the same computer does not take it over.
	secret := requestCookie(t, b, sessionCookie)
	b.signIn("sam", password).is(t, http.StatusSeeOther)
	b.post("/security/authenticator/confirm", "code", first.code(t)).goesTo(t, "/security")
	if got := s.column(t, "SELECT count(*)::text FROM totp"); !cmp.Equal(got, []string{"0"}) {
		t.Errorf("%v apps", got)
	}
	b.signIn("dana", password).is(t, http.StatusSeeOther)
	b.post("/security/authenticator/confirm", "code", first.code(t)).is(t, http.StatusOK)
	if now := requestCookie(t, b, sessionCookie); now == secret || now == "" {
		t.Error("the secret of the session is the same")
	}
	b.post("/security/authenticator/confirm", "code", first.next(t)).goesTo(t, "/security")
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	s.clock.Advance(enrolTime)
	b.post("/security/authenticator/confirm", "code", "123456").goesTo(t, "/security") // too late
}

// What a borrowed browser must not change asks for proof.
func TestSecurityAsksForProof(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	s.clock.Advance(15 * time.Minute)
	b.get("/security").is(t, http.StatusOK)
	b.get("/sessions").is(t, http.StatusOK)
	b.get("/security/recovery-codes").goesTo(t, "/confirm?next=%2Fsecurity%2Frecovery-codes")
	for range 3 {
		s.clock.Advance(20 * time.Minute)
		b.get("/").is(t, http.StatusOK)
	}
	for _, r := range s.portal.securityRoutes() {
		method, path, _ := strings.Cut(strings.ReplaceAll(r.pattern, "{id}", "x"), " ")
		if !r.recent {
			continue
		}
		a := b.do(method, path, nil)
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/confirm?next=") {
			t.Errorf("%s: %d to %q", r.pattern, a.status, a.header.Get("Location"))
		}
	}
}
