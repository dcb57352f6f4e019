package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/identity"
)

// knownDevice is a browser that the person signed in with and out of.
func (s *site) knownDevice(t *testing.T, login string) *browser {
	t.Helper()
	b := s.signedIn(t, login)
	b.do(http.MethodPost, "/sign-out", nil).goesTo(t, "/sign-in")
	return b
}

// signInWith tries from a fresh browser that presents this device.
func (s *site) signInWith(t *testing.T, device, login, password string) answer {
	t.Helper()
	return s.browser(t).do(http.MethodPost, "/sign-in", url.Values{"login": {login}, "password": {password}},
		"Cookie", deviceCookie+"="+device)
}

func TestSignInRemembersTheDevice(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t)
	set := b.signIn("dana", password).goesTo(t, "/").header.Values("Set-Cookie")
	if len(set) != 2 {
		t.Fatalf("%d cookies are set, want the session and the device", len(set))
	}
	cookie, err := http.ParseSetCookie(set[1])
	if err != nil {
		t.Fatal(err)
	}
	secret := cookie.Value
	if len(secret) != 43 || secret == requestCookie(t, b, sessionCookie) {
		t.Errorf("the device's secret %q has %d characters, want 43 of its own", secret, len(secret))
	}
	cookie.Value, cookie.Raw = "", ""
	want := &http.Cookie{Name: "__Host-foyer-device", Path: "/", MaxAge: 180 * 86400, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if diff := cmp.Diff(want, cookie); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
	b.do(http.MethodPost, "/sign-out", nil).goesTo(t, "/sign-in")
	b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity)
	b.signIn("dana", password).goesTo(t, "/")
	if got := requestCookie(t, b, deviceCookie); got != secret {
		t.Error("another sign-in of the same person changed the device")
	}
	b.signIn("sam", password).goesTo(t, "/")
	if got := requestCookie(t, b, deviceCookie); got == secret {
		t.Error("another person got the same device")
	}
	forged, _ := identity.NewSessionSecret()
	if a := s.signInWith(t, forged, "dana", password).goesTo(t, "/"); strings.Contains(strings.Join(a.header.Values("Set-Cookie"), " "), forged) {
		t.Error("a made-up device was taken over")
	}
}

// A stranger who takes every attempt that the counters let through keeps out whoever has
// no cookie, wherever the stranger comes from; a known device gets in at the first try.
func TestStrangersCannotDelayAKnownDevice(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for name, test := range map[string]struct {
		owner    string
		stranger func(try int) string
	}{
		"from many networks":       {"203.0.113.200", func(try int) string { return "198.51." + strconv.Itoa(try) + ".1" }},
		"from the owner's network": {"203.0.113.200", func(int) string { return "203.0.113.9" }},
		"behind a proxy":           {"10.0.0.5", func(int) string { return "10.0.0.5" }},
	} {
		t.Run(name, func(t *testing.T) {
			dana := s.knownDevice(t, "dana")
			dana.from = test.owner
			stranger, newBrowser := s.browser(t), s.browser(t)
			newBrowser.from = test.owner
			for try := range 90 {
				s.clock.Advance(time.Second)
				stranger.from = test.stranger(try)
				stranger.signIn("dana", "guess")
			}
			newBrowser.signIn("dana", password).is(t, http.StatusTooManyRequests)
			dana.signIn("dana", password).goesTo(t, "/")
			newBrowser.signIn("dana", password).is(t, http.StatusTooManyRequests) // the stranger is not forgiven
			s.clock.Advance(25 * time.Hour)
		})
	}
}

// A device that is made up, not readable or another user's is as none: it is delayed by
// the same counters, and its answers do not tell whether there is such a user.
func TestDevicesOfOthersGainNothing(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	forged, _ := identity.NewSessionSecret()
	sams := requestCookie(t, s.knownDevice(t, "sam"), deviceCookie)
	for name, device := range map[string]string{"forged": forged, "not readable": "x", "another user's": sams} {
		t.Run(name, func(t *testing.T) {
			s.clock.Advance(25 * time.Hour)
			for range 6 {
				s.browser(t).signIn("dana", "guess").is(t, http.StatusUnprocessableEntity)
				s.browser(t).signIn("nobody", "guess").is(t, http.StatusUnprocessableEntity)
			}
			for _, login := range []string{"dana", "nobody"} {
				s.signInWith(t, device, login, "guess").is(t, http.StatusTooManyRequests).shows(t, "Please wait 1 second")
			}
			s.clock.Advance(time.Second)
			for _, login := range []string{"dana", "nobody"} {
				s.signInWith(t, device, login, "guess").is(t, http.StatusUnprocessableEntity).shows(t, wrongSignIn)
				s.signInWith(t, device, login, "guess").is(t, http.StatusTooManyRequests).shows(t, "Please wait 2 seconds")
			}
		})
	}
}

// Who took a person's device away still guesses slowly, and delays nobody else.
func TestGuessesFromAKnownDeviceAreDelayed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	stolen := requestCookie(t, s.knownDevice(t, "dana"), deviceCookie)
	for range 6 {
		s.signInWith(t, stolen, "dana", "guess").is(t, http.StatusUnprocessableEntity)
	}
	s.signInWith(t, stolen, "dana", password).is(t, http.StatusTooManyRequests)
	s.browser(t).signIn("dana", password).goesTo(t, "/")
	s.clock.Advance(time.Second)
	s.signInWith(t, stolen, "dana", password).goesTo(t, "/")
}
