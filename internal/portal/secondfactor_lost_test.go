package portal

import (
	"net/http"
	"strings"
	"testing"
)

// Who set an app up before the tenant's keys were lost gets in by a recovery code, and
// sets the app up again.
func TestAppWhoseKeyIsLost(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "dana"))
	s.keys = testKeys(t, 'o')
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	b.post("/sign-in/second-factor", "code", app.next(t)).is(t, http.StatusUnprocessableEntity).
		shows(t, "We cannot check the codes of your app any more", "recovery codes or use your passkey", "ask us for help", "help@acme.example")
	logged := s.logged.String()
	if got := strings.Count(logged, "code of an authenticator app cannot be checked"); got != 1 || !strings.Contains(logged, "not readable with the keys of this tenant") {
		t.Errorf("logged %d times with its cause:\n%s", got, logged)
	}
	if strings.Contains(logged, app.key) {
		t.Error("the log has the key of the app")
	}
	b.post("/sign-in/second-factor", "code", app.codes[0]).goesTo(t, "/")
	b.get("/security").is(t, http.StatusOK).shows(t, "Does not work", "We cannot check the codes of this app any more", "Set the app up again").hides(t, "Use another app")

	app = s.withAppAgain(t, b)
	b.get("/security").is(t, http.StatusOK).shows(t, "Use another app").hides(t, "Does not work")
	other := s.browser(t)
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	other.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
}

// withAppAgain sets an app up in place of another: recovery codes stay those that they were.
func (s *site) withAppAgain(t *testing.T, b *browser) *app {
	t.Helper()
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	a := s.appOf(t, b.get("/security/authenticator").is(t, http.StatusOK))
	b.post("/security/authenticator/confirm", "code", a.code(t)).goesTo(t, "/security?done=app")
	return a
}

// An app that is being set up while the keys are lost is begun anew.
func TestSetUpWhoseKeyIsLost(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	s.keys = testKeys(t, 'o')
	b.get("/security/authenticator").goesTo(t, "/security")
	b.post("/security/authenticator/confirm", "code", "123456").goesTo(t, "/security")
	s.withApp(t, b)

	s.rule(t, "Required")
	for _, step := range []func(*browser) answer{
		func(b *browser) answer { return b.get("/sign-in/enrol") },
		func(b *browser) answer { return b.post("/sign-in/enrol", "code", "123456") },
	} {
		sam := s.browser(t)
		sam.signIn("sam", password).goesTo(t, "/sign-in/enrol")
		kept := s.keys
		s.keys = testKeys(t, 'n')
		step(sam).goesTo(t, "/sign-in?again=1")
		s.keys = kept
	}
}
