package portal

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/foyerhq/foyer/internal/identity"
)

// swapDevice has a browser present another device than it came with.
func (b *browser) swapDevice(t *testing.T) {
	t.Helper()
	secret, _ := identity.NewSessionSecret()
	site, err := url.Parse(b.site.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	b.client.Jar.SetCookies(site, []*http.Cookie{{Name: deviceCookie, Value: secret, Path: "/", Secure: true}})
}

// Who knows the password and has a device that is known makes up no others: their wrong
// codes count as everybody's, and a device that was made up is not remembered.
func TestDevicesThatAreMadeUpAreStrangers(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	thief := s.signedIn(t, "dana")
	app := s.withApp(t, thief) // so that their device stays known
	thief.post("/sign-out").goesTo(t, "/sign-in")
	known := requestCookie(t, thief, deviceCookie)
	try := func(code string) answer {
		t.Helper()
		b := s.browser(t)
		b.do(http.MethodPost, "/sign-in", url.Values{"login": {"dana"}, "password": {password}}, "Cookie", deviceCookie+"="+known).goesTo(t, "/sign-in/second-factor")
		b.swapDevice(t)
		return b.post("/sign-in/second-factor", "code", code)
	}
	for range 6 {
		try("000000").is(t, http.StatusUnprocessableEntity)
	}
	try("000000").is(t, http.StatusTooManyRequests)
	thief.signIn("dana", password).goesTo(t, "/sign-in/second-factor") // the device itself has a counter of its own
	thief.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")

	b := s.browser(t)
	b.do(http.MethodPost, "/sign-in", url.Values{"login": {"dana"}, "password": {password}}, "Cookie", deviceCookie+"="+known).goesTo(t, "/sign-in/second-factor")
	b.swapDevice(t)
	madeUp := requestCookie(t, b, deviceCookie)
	b.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
	if got := requestCookie(t, b, deviceCookie); got == madeUp || got == "" {
		t.Error("a device that was made up is a known one now")
	}
	if got := s.column(t, "SELECT count(*)::text FROM event WHERE type = 'portal.newSignIn'"); got[0] != "1" {
		t.Errorf("the person is told of %s new browsers", got[0])
	}
}
