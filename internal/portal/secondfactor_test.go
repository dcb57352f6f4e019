package portal

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	withOptional = `"session":{"idleSeconds":1800,"maxSeconds":43200}`
	withRule     = `"credentials":{"secondFactor":"%"},"session":{"idleSeconds":1800,"maxSeconds":43200}`
)

// rule makes the tenant's rule for second factors another.
func (s *site) rule(t *testing.T, rule string) {
	t.Helper()
	s.apply(t, withOptional, strings.ReplaceAll(withRule, "%", rule))
}

var (
	keyPattern  = regexp.MustCompile(`<code class="key">([A-Z2-7 ]+)</code>`)
	codePattern = regexp.MustCompile(`<li><code>([0-9a-z-]+)</code></li>`)
)

// app is a person's authenticator app, and what they wrote down.
type app struct {
	site  *site
	key   string
	codes []string
}

func (s *site) appOf(t *testing.T, page answer) *app {
	t.Helper()
	found := keyPattern.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("the page shows no key:\n%s", words(page.body))
	}
	if !strings.Contains(page.body, `<svg class="qr"`) {
		t.Error("the page shows no QR code")
	}
	return &app{site: s, key: strings.ReplaceAll(found[1], " ", "")}
}

// code is what the app shows now.
func (a *app) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(a.key, a.site.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// next waits for another code.
func (a *app) next(t *testing.T) string {
	t.Helper()
	a.site.clock.Advance(30 * time.Second)
	return a.code(t)
}

func recoveryCodes(t *testing.T, page answer) (codes []string) {
	t.Helper()
	for _, found := range codePattern.FindAllStringSubmatch(page.body, -1) {
		codes = append(codes, html.UnescapeString(found[1]))
	}
	if len(codes) != identity.RecoveryCodes {
		t.Fatalf("the page shows %d recovery codes:\n%s", len(codes), words(page.body))
	}
	return codes
}

func (b *browser) post(path string, form ...string) answer {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return b.do(http.MethodPost, path, values)
}

// withApp sets an authenticator app up.
func (s *site) withApp(t *testing.T, b *browser) *app {
	t.Helper()
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	a := s.appOf(t, b.get("/security/authenticator").is(t, http.StatusOK))
	done := b.post("/security/authenticator/confirm", "code", a.code(t)).is(t, http.StatusOK)
	a.codes = recoveryCodes(t, done)
	return a
}

// change runs a statement as the superuser.
func (s *site) change(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.root(t).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func TestSecondFactorAtSignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "dana"))
	used := app.code(t)
	b := s.browser(t)
	b.post("/sign-in", "login", "dana", "password", password, "next", "/invoices").goesTo(t, "/sign-in/second-factor")
	if requestCookie(t, b, sessionCookie) != "" {
		t.Fatal("there is a session after the password alone")
	}
	b.get("/invoices").goesTo(t, "/sign-in?next=%2Finvoices")
	b.get("/sign-in/second-factor").is(t, http.StatusOK).shows(t, "One more step", "6 digits from your app")
	b.post("/sign-in/second-factor").is(t, http.StatusUnprocessableEntity).shows(t, "Type the code of 6 digits")
	b.post("/sign-in/second-factor", "code", used).is(t, http.StatusUnprocessableEntity).shows(t, "was used already") // it confirmed the app
	code := app.next(t)
	b.post("/sign-in/second-factor", "code", " "+code[:3]+" "+code[3:]).goesTo(t, "/invoices")
	b.get("/invoices").is(t, http.StatusOK)
	b.get("/sessions").shows(t, "With second step")

	other := s.browser(t)
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	other.post("/sign-in/second-factor", "code", code).is(t, http.StatusUnprocessableEntity) // replayed within its time
	other.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
	s.signedIn(t, "sam") // whoever added none is not asked
	b.get("/activity").shows(t, "Set up an authenticator app", "Failed the second step of a sign-in")
}

func TestRecoveryCodeAtSignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "dana"))
	answer := func(code string) answer {
		b := s.browser(t)
		b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
		return b.post("/sign-in/second-factor", "code", code)
	}
	answer(strings.ToUpper(app.codes[3])).goesTo(t, "/")
	answer(app.codes[3]).is(t, http.StatusUnprocessableEntity)
	b := s.signedIn(t, "sam")
	b.get("/sign-in").goesTo(t, "/")
	ravi := s.withApp(t, s.signedIn(t, "ravi"))
	answer(ravi.codes[0]).is(t, http.StatusUnprocessableEntity) // another user's
	answer(ravi.code(t)).is(t, http.StatusUnprocessableEntity)
	dana := s.browser(t)
	dana.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	dana.post("/sign-in/second-factor", "code", app.codes[4]).goesTo(t, "/")
	dana.get("/security").is(t, http.StatusOK).shows(t, "8 codes left")
	dana.get("/activity").shows(t, "Used a recovery code")
}

// The codes of a sign-in are bounded, and guessing goes slower and slower whatever the
// browser.
func TestWrongCodesAreBounded(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "dana"))
	app.next(t)
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	for range 5 {
		b.post("/sign-in/second-factor", "code", "000000").is(t, http.StatusUnprocessableEntity)
	}
	b.post("/sign-in/second-factor", "code", app.code(t)).goesTo(t, "/sign-in?again=1")
	b.get("/sign-in?again=1").is(t, http.StatusOK).shows(t, "Please begin again")
	b.post("/sign-in/second-factor", "code", app.code(t)).goesTo(t, "/sign-in?again=1") // it is gone
	other := s.browser(t)
	other.from = "198.51.100.80"
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	a := other.post("/sign-in/second-factor", "code", app.code(t)).is(t, http.StatusTooManyRequests).shows(t, "There were too many attempts. Please wait 1 second")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After = %q", a.header.Get("Retry-After"))
	}
	s.clock.Advance(time.Second)
	other.post("/sign-in/second-factor", "code", app.code(t)).goesTo(t, "/")
}

// Who knows the password and guesses codes does not delay its owner on a browser that
// they used before.
func TestGuessersOfCodesDoNotDelayAKnownBrowser(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	app := s.withApp(t, dana)
	dana.post("/sign-out").goesTo(t, "/sign-in")
	for range 3 {
		thief := s.browser(t)
		thief.from = "198.51.100.80"
		thief.signIn("dana", password)
		for range 5 {
			thief.post("/sign-in/second-factor", "code", "000000")
		}
	}
	dana.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	dana.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
}

// What one browser has begun is of no use to another, after its time, and after it is done.
func TestPendingSignInsAreOfOneBrowser(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "dana"))
	cookie := ceremonyCookie(store.CeremonySignIn)
	begin := func() (*browser, string) {
		b := s.browser(t)
		b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
		return b, requestCookie(t, b, cookie)
	}
	b, secret := begin()
	if len(secret) != 43 {
		t.Errorf("the secret has %d characters", len(secret))
	}
	s.browser(t).get("/sign-in/second-factor").goesTo(t, "/sign-in?again=1")
	code := app.next(t)
	for _, value := range []string{"", "x", secret[1:], strings.ToUpper(secret), requestCookie(t, b, deviceCookie)} {
		s.browser(t).do(http.MethodPost, "/sign-in/second-factor", url.Values{"code": {code}}, "Cookie", cookie+"="+value).goesTo(t, "/sign-in?again=1")
	}
	// The secret of one kind is nothing for another.
	s.browser(t).do(http.MethodPost, "/sign-in/enrol", url.Values{"code": {code}}, "Cookie", cookie+"="+secret).goesTo(t, "/sign-in?again=1")
	s.browser(t).do(http.MethodGet, "/sign-in/passkey", nil, "Cookie", ceremonyCookie(store.CeremonyPasskey)+"="+secret).goesTo(t, "/sign-in?again=1")
	b.post("/sign-in/second-factor", "code", code).goesTo(t, "/")
	s.browser(t).do(http.MethodPost, "/sign-in/second-factor", url.Values{"code": {app.next(t)}}, "Cookie", cookie+"="+secret).goesTo(t, "/sign-in?again=1")

	late, _ := begin()
	s.clock.Advance(5 * time.Minute)
	late.post("/sign-in/second-factor", "code", app.code(t)).goesTo(t, "/sign-in?again=1")

	changed, _ := begin() // and then the password is changed, as by somebody who noticed
	s.change(t, "UPDATE app_user SET password_hash = 'another' WHERE username = 'dana'")
	changed.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/sign-in?again=1")
}

// Where everybody needs a second factor, it is added before there is a session.
func TestEnrolAtSignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.rule(t, "Required")
	b := s.browser(t)
	b.post("/sign-in", "login", "dana", "password", password, "next", "/invoices").goesTo(t, "/sign-in/enrol")
	if requestCookie(t, b, sessionCookie) != "" {
		t.Fatal("there is a session before the second factor")
	}
	b.get("/sign-in/second-factor").goesTo(t, "/sign-in?again=1") // it was never proved
	b.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	app := s.appOf(t, b.get("/sign-in/enrol").is(t, http.StatusOK))
	b.post("/sign-in/enrol", "code", "000000").is(t, http.StatusUnprocessableEntity).shows(t, "This code is not right")
	b.post("/sign-in/second-factor", "code", app.code(t)).goesTo(t, "/sign-in?again=1")
	b.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	if again := s.appOf(t, b.get("/sign-in/enrol")); again.key == app.key {
		t.Error("the key of a set-up that was not finished is used again")
	} else {
		app = again
	}
	done := b.post("/sign-in/enrol", "code", app.code(t)).is(t, http.StatusOK).shows(t, "Your recovery codes", "I have kept them")
	recoveryCodes(t, done)
	b.get("/invoices").is(t, http.StatusOK)
	b.post("/sign-in/enrol", "code", app.code(t)).goesTo(t, "/sign-in?again=1")
	other := s.browser(t)
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	other.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
}

// The rule can change while people are signed in.
func TestRuleOfSecondFactorsChanges(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	plain, strong := s.signedIn(t, "sam"), s.signedIn(t, "dana")
	app := s.withApp(t, strong)
	s.rule(t, "Required")
	plain.get("/invoices").goesTo(t, "/sign-in?ended=1&next=%2Finvoices")
	strong.get("/invoices").is(t, http.StatusOK)
	plain.signIn("sam", password).goesTo(t, "/sign-in/enrol")
	s.rule(t, "Off")
	strong.get("/invoices").is(t, http.StatusOK)
	strong.get("/security").is(t, http.StatusOK).hides(t, "Authenticator app", "Passkeys", "/security/authenticator")
	for _, path := range []string{"/security/authenticator", "/security/passkeys", "/sign-in/passkey", "/confirm/passkey"} {
		strong.post(path).is(t, http.StatusNotFound)
	}
	strong.get("/security/authenticator/remove").goesTo(t, "/security")
	strong.get("/security/recovery-codes").goesTo(t, "/security")
	strong.get("/sign-in").goesTo(t, "/")
	s.browser(t).get("/sign-in").is(t, http.StatusOK).hides(t, "passkey")
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/") // not asked
	s.rule(t, "Optional")
	b.get("/").is(t, http.StatusOK)
	s.rule(t, "Required")
	b.get("/").goesTo(t, "/sign-in?ended=1") // it began without
	b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	b.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
}

// A sign-in that waits is no way around a portal that closes meanwhile.
func TestPendingSignInWithoutPortal(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	app := s.withApp(t, s.signedIn(t, "ravi"))
	b := s.browser(t)
	b.signIn("ravi", password).goesTo(t, "/sign-in/second-factor")
	ravi := person("c-ravi", "20077", "Ravi", "Menon", "", true)
	ravi.Access = store.AccessDisabled
	s.contacts(t, ravi)
	b.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/sign-in?again=1")
}

// Secrets are in the database in sealed or hashed form only.
func TestStoredFactorsHoldNoSecret(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.post("/security/authenticator")
	key := s.appOf(t, b.get("/security/authenticator")).key
	app := s.withApp(t, b)
	for _, table := range []string{"totp", "recovery_code", "ceremony", "audit", "event"} {
		for _, row := range s.column(t, "SELECT to_jsonb(x)::text FROM "+table+" x") {
			for _, secret := range append([]string{key, app.key}, app.codes...) {
				if strings.Contains(row, secret) || strings.Contains(row, strings.ReplaceAll(secret, "-", "")) {
					t.Errorf("a row of %s has a secret: %s", table, row)
				}
			}
		}
	}
	if got := s.column(t, "SELECT octet_length(code_hash)::text FROM recovery_code GROUP BY 1"); !cmp.Equal(got, []string{"32"}) {
		t.Errorf("recovery codes are stored as %v bytes", got)
	}
}
