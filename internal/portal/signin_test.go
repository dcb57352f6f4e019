package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

func TestSignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for _, test := range []struct {
		name, login string
		status      int
	}{
		{"username", "dana", http.StatusSeeOther},
		{"username in other case, with blanks around", " DANA ", http.StatusSeeOther},
		{"verified email", "dana@mail.example", http.StatusSeeOther},
		{"email that is not verified", "sam@mail.example", http.StatusUnprocessableEntity},
		{"nothing", "", http.StatusUnprocessableEntity},
		{"far too long", strings.Repeat("x", 300), http.StatusUnprocessableEntity},
		{"not text", "da\x00na", http.StatusUnprocessableEntity},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.browser(t).signIn(test.login, password).is(t, test.status)
		})
	}
}

func TestSignInSetsTheCookie(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t)
	a := b.signIn("dana", password).goesTo(t, "/")
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if len(cookie.Value) != 43 {
		t.Errorf("the secret has %d characters, want 43", len(cookie.Value))
	}
	cookie.Value, cookie.Raw = "", ""
	want := &http.Cookie{Name: "__Host-foyer", Path: "/", MaxAge: 43200, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if diff := cmp.Diff(want, cookie); diff != "" {
		t.Errorf("cookie (-want +got):\n%s", diff)
	}
	b.get("/").is(t, http.StatusOK).shows(t, "Hello, Dana", "Dana Whitfield", "Harbour Lane Coffee")
	b.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Signed in 203.0.113.7")
}

func TestSignInReturnsToWhereThePersonWanted(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t)
	b.get("/invoices?after=2026-01-01~x").goesTo(t, "/sign-in?next=%2Finvoices%3Fafter%3D2026-01-01~x")
	form := url.Values{"login": {"dana"}, "password": {password}, "next": {"/invoices?after=2026-01-01~x"}}
	b.do(http.MethodPost, "/sign-in", form).goesTo(t, "/invoices?after=2026-01-01~x")
	form.Set("next", "//evil.example/")
	b.do(http.MethodPost, "/sign-in", form).goesTo(t, "/")
}

// Unknown user, wrong password and a user without a password get one and the same
// answer, to the byte.
func TestSignInAnswersUniformly(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	refused := func(login, password string) answer {
		a := s.browser(t).signIn(login, password).is(t, http.StatusUnprocessableEntity)
		a.header.Del("Date")
		a.header.Del("X-Request-Id")
		a.header.Del("Content-Length") // the login is shown again, and not all are of one length
		a.body = strings.ReplaceAll(a.body, `value="`+login+`"`, `value="LOGIN"`)
		return a
	}
	want := refused("dana", "wrong password")
	want.shows(t, wrongSignIn)
	for name, got := range map[string]answer{
		"unknown user":         refused("nobody", "wrong password"),
		"unknown email":        refused("nobody@mail.example", password),
		"no password yet":      refused("olga", "wrong password"),
		"wrong, no portal":     refused("nora", "wrong password"),
		"wrong, by email":      refused("ravi@mail.example", "wrong password"),
		"endless password":     refused("june", strings.Repeat("p", 2000)),
		"password of an other": refused("sam", ""),
	} {
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-wrong password +got):\n%s", name, diff)
		}
	}
}

// The cost of a hash is paid for a user who does not exist, too. The fastest of several
// attempts counts, of many when the machine is busy.
func TestUnknownUsersCostTheSame(t *testing.T) {
	s := newSite(t)
	s.portal.Hasher = identity.NewHasher(identity.DefaultParams, s.queue)
	s.seed(t)
	b := s.browser(t)
	fastest := map[string]time.Duration{"dana": time.Hour, "nobody": time.Hour, "olga": time.Hour}
	even := func() bool { return min(fastest["nobody"], fastest["olga"]) >= fastest["dana"]/2 }
	for round := 0; round < 8 || round < 50 && !even(); round++ {
		s.clock.Advance(25 * time.Hour) // no failure counts any more
		for login, best := range fastest {
			start := time.Now()
			b.signIn(login, "wrong password").is(t, http.StatusUnprocessableEntity)
			fastest[login] = min(best, time.Since(start))
		}
	}
	for login, took := range fastest {
		if took < fastest["dana"]/2 {
			t.Errorf("%s is answered in %s, a wrong password in %s", login, took, fastest["dana"])
		}
	}
}

func TestSignInWithoutPortalAccess(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	a := s.browser(t).signIn("nora", password).is(t, http.StatusForbidden)
	a.shows(t, "Your account has no portal access", "help@acme.example", "You are not signed in")
	if cookie := a.header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("a session was started: %s", cookie)
	}
	b := s.signedIn(t, "dana") // the page says "you are not signed in": nobody is
	b.signIn("nora", password).is(t, http.StatusForbidden)
	b.get("/").goesTo(t, "/sign-in")
	disabled := person("c-ravi", "20077", "Ravi", "Menon", "", true)
	disabled.Access = store.AccessDisabled
	s.contacts(t, disabled)
	s.browser(t).signIn("ravi", password).is(t, http.StatusForbidden).shows(t, "Your account has no portal access")
}

func TestThrottleDelaysAndForgives(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t)
	for range 6 {
		b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity)
	}
	a := b.signIn("dana", password).is(t, http.StatusTooManyRequests).shows(t, "There were too many attempts. Please wait 1 second")
	if got := a.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q, want 1", got)
	}
	s.clock.Advance(time.Second)
	b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity)
	b.signIn("dana", password).is(t, http.StatusTooManyRequests).shows(t, "Please wait 2 seconds")
	s.clock.Advance(2 * time.Second)
	b.signIn("dana", password).is(t, http.StatusSeeOther)
	b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity) // a success starts afresh
}

// Guesses that are sent at the same moment do not all get their password checked.
func TestThrottleHoldsAgainstABurst(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	var checked atomic.Int64
	var running sync.WaitGroup
	for range 20 {
		b := s.browser(t)
		running.Go(func() {
			if b.signIn("dana", "guess").status != http.StatusTooManyRequests {
				checked.Add(1)
			}
		})
	}
	running.Wait()
	if n := checked.Load(); n != 6 { // five are free, the sixth brings the delay
		t.Errorf("%d guesses at the same moment were checked, want 6", n)
	}
}

func TestThrottleIsTheSameForUnknownUsers(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	for range 6 {
		b.signIn("nobody", "wrong").is(t, http.StatusUnprocessableEntity)
	}
	b.signIn("nobody", "wrong").is(t, http.StatusTooManyRequests)
}

// A stranger who fails again and again delays an owner by seconds at most.
func TestStrangersCannotLockOut(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	stranger := s.browser(t)
	for network := range 80 {
		stranger.from = "198.51." + strconv.Itoa(network) + ".1"
		stranger.signIn("dana", "guess")
	}
	dana := s.browser(t)
	dana.from = "203.0.113.200"
	if a := dana.signIn("dana", password); a.status == http.StatusTooManyRequests {
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait > 10 {
			t.Errorf("the owner waits %s seconds for strangers, want at most 10", a.header.Get("Retry-After"))
		}
	}
	s.clock.Advance(10 * time.Second)
	dana.signIn("dana", password).is(t, http.StatusSeeOther)
}

func TestFailedSignInShowsInActivity(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	stranger := s.browser(t)
	stranger.from = "198.51.100.9"
	for range 3 { // one row per minute is enough
		stranger.signIn("dana", "wrong")
	}
	dana := s.signedIn(t, "dana")
	const row = "Somebody Tried to sign in as dana with a wrong password 198.51.100.9"
	eventually(t, "the failed sign-in is on the activity page", func() bool {
		return strings.Contains(words(dana.get("/activity").body), row)
	})
	if n := strings.Count(words(dana.get("/activity").body), row); n != 1 {
		t.Errorf("%d rows for three failures within a minute, want 1", n)
	}
}

func TestBusyAnswersTryAgain(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.portal.Hasher = identity.NewHasher(cheapParams, identity.NewQueue(0, 0, time.Second))
	a := s.browser(t).signIn("dana", password).is(t, http.StatusServiceUnavailable)
	a.shows(t, "Many people are signing in just now")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Nobody waits because we were busy, and no failure before that is forgiven for it.
func TestBusyDoesNotCount(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	idle, busy := s.portal.Hasher, identity.NewHasher(cheapParams, identity.NewQueue(0, 0, time.Second))
	b := s.browser(t)
	for range 5 {
		b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity)
	}
	s.portal.Hasher = busy
	for _, login := range []string{"dana", "nobody"} {
		for range 10 {
			b.signIn(login, password).is(t, http.StatusServiceUnavailable)
		}
	}
	s.portal.Hasher = idle
	b.signIn("dana", "wrong").is(t, http.StatusUnprocessableEntity)
	b.signIn("dana", password).is(t, http.StatusTooManyRequests).shows(t, "Please wait 1 second")
	b.signIn("nobody", "wrong").is(t, http.StatusUnprocessableEntity)
}

func TestRehashWhenParametersChange(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	stronger := identity.Params{MemoryKiB: 128, Passes: 2, Lanes: 1}
	s.portal.Hasher = identity.NewHasher(stronger, s.queue)
	s.signedIn(t, "dana")
	user, err := s.tenant.Portal.SignInUser(t.Context(), "dana")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := identity.ParseHash(user.PasswordHash)
	if err != nil || hash.Params != stronger {
		t.Errorf("the stored hash has parameters %+v, %v; want %+v", hash.Params, err, stronger)
	}
	s.signedIn(t, "dana")
}

func TestSessionEndsByIdleTime(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	for range 3 { // each request keeps it alive
		s.clock.Advance(29 * time.Minute)
		b.get("/").is(t, http.StatusOK)
	}
	s.clock.Advance(30*time.Minute + time.Second)
	a := b.get("/invoices").goesTo(t, "/sign-in?ended=1&next=%2Finvoices")
	if cookie := a.header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
		t.Errorf("the cookie of the ended session stays: %q", cookie)
	}
	b.get("/sign-in?ended=1").is(t, http.StatusOK).shows(t, "Your session has ended")
}

func TestSessionEndsByAge(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	for range 24 {
		s.clock.Advance(29 * time.Minute)
		b.get("/").is(t, http.StatusOK)
	}
	s.clock.Advance(29 * time.Minute) // 12 hours 5 minutes
	b.get("/").goesTo(t, "/sign-in?ended=1")
}

func TestLowerMaximumEndsRunningSessions(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	s.clock.Advance(20 * time.Minute)
	b.get("/").is(t, http.StatusOK)
	s.apply(t, `"maxSeconds":43200`, `"maxSeconds":600`)
	b.get("/").goesTo(t, "/sign-in?ended=1")
}

func TestLastUseIsWrittenOnceAMinute(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	start := s.clock.Now()
	lastSeen := func() time.Time {
		v := s.portal.newVisit(requestWithCookies(t, b))
		request := requestWithCookies(t, b)
		v.presented = presentedSession(request)
		session, err := s.tenant.Portal.Session(t.Context(), v.presented, s.clock.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return session.LastSeenAt
	}
	s.clock.Advance(59 * time.Second)
	b.get("/").is(t, http.StatusOK)
	if got := lastSeen(); !got.Equal(start) {
		t.Errorf("last use was written after 59 s: %s", got)
	}
	s.clock.Advance(time.Second)
	b.get("/").is(t, http.StatusOK)
	if got := lastSeen(); !got.Equal(s.clock.Now()) {
		t.Errorf("last use is %s, want %s", got, s.clock.Now())
	}
}

func requestWithCookies(t *testing.T, b *browser) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.site.server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	return request
}

// requestCookie is the value of a cookie that the browser would send, "" without one.
func requestCookie(t *testing.T, b *browser, name string) string {
	t.Helper()
	cookie, err := requestWithCookies(t, b).Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func TestSignInRotatesTheSession(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	before := presentedSession(requestWithCookies(t, b))
	b.signIn("sam", password).is(t, http.StatusSeeOther)
	if after := presentedSession(requestWithCookies(t, b)); string(after) == string(before) {
		t.Error("the secret is the same after another sign-in")
	}
	_, err := s.tenant.Portal.Session(t.Context(), before, s.clock.Now(), time.Hour)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old session still works: %v", err)
	}
	b.get("/").is(t, http.StatusOK).shows(t, "Hello, Sam")
	s.signedIn(t, "dana").get("/activity").shows(t, "Dana Whitfield Signed out", "Sam Okafor Signed in")
}

func TestSignOut(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	secret := presentedSession(requestWithCookies(t, b))
	b.do(http.MethodGet, "/sign-out", nil).is(t, http.StatusNotFound) // a GET changes nothing
	b.get("/").is(t, http.StatusOK)
	b.do(http.MethodPost, "/sign-out", nil).goesTo(t, "/sign-in")
	b.get("/").goesTo(t, "/sign-in")
	if _, err := s.tenant.Portal.Session(t.Context(), secret, s.clock.Now(), time.Hour); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the session lives on: %v", err)
	}
	b.do(http.MethodPost, "/sign-out", nil).goesTo(t, "/sign-in") // twice is no error
	s.signedIn(t, "dana").get("/activity").shows(t, "Dana Whitfield Signed out")
}

// Signing out ends a session that lets nobody in at the moment: it must not come back
// with the access.
func TestSignOutWithoutAccess(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "ravi")
	cookie := sessionCookie + "=" + requestCookie(t, b, sessionCookie)
	ravi := person("c-ravi", "20077", "Ravi", "Menon", "", true)
	ravi.Access = store.AccessDisabled
	s.contacts(t, ravi)
	b.do(http.MethodPost, "/sign-out", nil).goesTo(t, "/sign-in")
	ravi.Access = store.AccessActive
	s.contacts(t, ravi)
	s.browser(t).do(http.MethodGet, "/", nil, "Cookie", cookie).goesTo(t, "/sign-in?ended=1")
}

func TestAccessTakenAwayEndsTheSession(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "ravi")
	gone := person("c-ravi", "20077", "Ravi", "Menon", "", true)
	cookie := sessionCookie + "=" + requestCookie(t, b, sessionCookie)
	gone.Access = store.AccessDisabled
	s.contacts(t, gone)
	b.get("/").goesTo(t, "/sign-in?ended=1")
	gone.Access = store.AccessActive // which does not bring the session back
	s.contacts(t, gone)
	s.browser(t).do(http.MethodGet, "/", nil, "Cookie", cookie).goesTo(t, "/sign-in?ended=1")
}

func TestMadeUpCookies(t *testing.T) {
	s := newSite(t)
	secret, _ := identity.NewSessionSecret()
	for _, value := range []string{"x", strings.Repeat("A", 5000), secret} {
		a := s.browser(t).do(http.MethodGet, "/", nil, "Cookie", sessionCookie+"="+value)
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
			t.Errorf("cookie of %d characters: %d to %q, want the sign-in page", len(value), a.status, a.header.Get("Location"))
		}
	}
}
