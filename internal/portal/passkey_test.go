package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// withPasskey gives the person of a browser a passkey.
func (s *site) withPasskey(t *testing.T, b *browser, name string) *authenticator {
	t.Helper()
	d := newAuthenticator(t)
	b.post("/security/passkeys").goesTo(t, "/security/passkeys/new")
	options := b.get("/security/passkeys/new").is(t, http.StatusOK).options(t)
	a := b.post("/security/passkeys/new", "name", name, "answer", d.create(options))
	if a.status != http.StatusOK { // the first factor brings recovery codes
		a.goesTo(t, "/security?done=passkey")
	}
	return d
}

// signInBy signs a browser in with a passkey.
func (b *browser) signInBy(t *testing.T, d *authenticator) answer {
	t.Helper()
	b.post("/sign-in/passkey", "next", "/invoices").goesTo(t, "/sign-in/passkey")
	return b.post("/sign-in/passkey/answer", "answer", d.get(b.get("/sign-in/passkey").is(t, http.StatusOK).options(t)))
}

func TestPasskeys(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	dana.post("/security/passkeys").goesTo(t, "/security/passkeys/new")
	page := dana.get("/security/passkeys/new").is(t, http.StatusOK)
	options := page.options(t)
	if options.RP.ID != "my.acme.example" || options.RP.Name != "Acme Telecom" || options.User.Name != "dana" || options.User.DisplayName != "Dana Whitfield" ||
		options.AuthenticatorSelection.ResidentKey != "required" || options.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("the page asks for %+v", options)
	}
	d := newAuthenticator(t)
	answer := d.create(options)
	dana.post("/security/passkeys/new", "name", " ", "answer", answer).is(t, http.StatusUnprocessableEntity).shows(t, "This is needed")
	done := dana.post("/security/passkeys/new", "name", "My phone", "answer", answer).is(t, http.StatusOK).shows(t, "Your passkey was added", "Your recovery codes")
	codes := recoveryCodes(t, done)
	dana.post("/security/passkeys/new", "name", "Again", "answer", answer).goesTo(t, "/security") // it was one answer to one question
	dana.get("/security").is(t, http.StatusOK).shows(t, "My phone", "not used yet", "10 codes left")

	b := s.browser(t)
	b.signInBy(t, d).goesTo(t, "/invoices")
	b.get("/sessions").is(t, http.StatusOK).shows(t, "With second step")
	b.get("/security").shows(t, "used last on")

	other := s.browser(t) // as the second factor
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	asked := other.get("/sign-in/second-factor").is(t, http.StatusOK).options(t)
	if len(asked.AllowCredentials) != 1 || asked.AllowCredentials[0].ID != encoded(d.id) || asked.UserVerification != "required" {
		t.Errorf("the page asks for %+v", asked)
	}
	other.post("/sign-in/second-factor", "answer", d.get(asked)).goesTo(t, "/")
	third := s.browser(t) // without the device
	third.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	third.get("/sign-in/second-factor").shows(t, "Recovery code")
	third.post("/sign-in/second-factor", "code", codes[0]).goesTo(t, "/")
}

func TestPasskeysThatDoNotCount(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana, ravi := s.signedIn(t, "dana"), s.signedIn(t, "ravi")
	own, his := s.withPasskey(t, dana, "Phone"), s.withPasskey(t, ravi, "Phone")
	refused := func(name string, answer func(passkeyOptions) string) {
		t.Helper()
		b := s.browser(t)
		b.post("/sign-in/passkey").goesTo(t, "/sign-in/passkey")
		a := b.post("/sign-in/passkey/answer", "answer", answer(b.get("/sign-in/passkey").options(t)))
		if a.status != http.StatusUnprocessableEntity || requestCookie(t, b, sessionCookie) != "" {
			t.Errorf("%s: %d", name, a.status)
		}
		a.shows(t, "This passkey is not known here")
	}
	changed := func(change func(*authenticator)) func(passkeyOptions) string {
		d := *own
		change(&d)
		return d.get
	}
	for name, answer := range map[string]func(passkeyOptions) string{
		"nothing":                 func(passkeyOptions) string { return "" },
		"not JSON":                func(passkeyOptions) string { return "{" },
		"an unknown device":       newAuthenticator(t).get,
		"another key":             changed(func(d *authenticator) { d.key = his.key }),
		"another's user handle":   changed(func(d *authenticator) { d.handle = his.handle }),
		"no user handle":          changed(func(d *authenticator) { d.handle = "" }),
		"another site":            changed(func(d *authenticator) { d.rpID = "my.other.example" }),
		"a page of another site":  changed(func(d *authenticator) { d.origin = "https://my.acme.example.evil.example" }),
		"without TLS":             changed(func(d *authenticator) { d.origin = "http://my.acme.example" }),
		"a thief with the device": changed(func(d *authenticator) { d.unverified = true }),
		"another challenge":       func(o passkeyOptions) string { o.Challenge = encoded(make([]byte, 32)); return own.get(o) },
	} {
		refused(name, answer)
	}
	// Ravi's passkey is no second factor of Dana's.
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	asked := b.get("/sign-in/second-factor").options(t)
	b.post("/sign-in/second-factor", "answer", his.get(asked)).is(t, http.StatusUnprocessableEntity).shows(t, "This passkey cannot be used here")
	b.post("/sign-in/second-factor", "answer", own.get(asked)).goesTo(t, "/")
	// One device cannot be two users'.
	stolen := newAuthenticator(t)
	stolen.id = own.id
	ravi.post("/security/passkeys").goesTo(t, "/security/passkeys/new")
	ravi.post("/security/passkeys/new", "name", "Mine", "answer", stolen.create(ravi.get("/security/passkeys/new").options(t)))
	if got := s.column(t, "SELECT u.username FROM passkey p JOIN app_user u ON u.id = p.user_id ORDER BY 1"); !cmp.Equal(got, []string{"dana", "ravi"}) {
		t.Errorf("passkeys of %v", got)
	}
	s.browser(t).signInBy(t, own).goesTo(t, "/invoices")
}

// An answer lets one browser in, once.
func TestPasskeyAnswersAreUsedOnce(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	d := s.withPasskey(t, s.signedIn(t, "dana"), "Phone")
	b := s.browser(t)
	b.post("/sign-in/passkey").goesTo(t, "/sign-in/passkey")
	cookie := requestCookie(t, b, ceremonyCookie(store.CeremonyPasskey))
	answer := d.get(b.get("/sign-in/passkey").options(t))
	s.browser(t).post("/sign-in/passkey/answer", "answer", answer).goesTo(t, "/sign-in?again=1") // another browser's
	b.post("/sign-in/passkey/answer", "answer", answer).goesTo(t, "/")
	again := s.browser(t).do(http.MethodPost, "/sign-in/passkey/answer", url.Values{"answer": {answer}}, "Cookie", ceremonyCookie(store.CeremonyPasskey)+"="+cookie)
	again.goesTo(t, "/sign-in?again=1")
	fresh := s.browser(t)
	fresh.post("/sign-in/passkey").goesTo(t, "/sign-in/passkey")
	fresh.post("/sign-in/passkey/answer", "answer", answer).is(t, http.StatusUnprocessableEntity)
	late := s.browser(t)
	late.post("/sign-in/passkey").goesTo(t, "/sign-in/passkey")
	answer = d.get(late.get("/sign-in/passkey").options(t))
	s.clock.Advance(signInTime)
	late.post("/sign-in/passkey/answer", "answer", answer).goesTo(t, "/sign-in?again=1")
}

// A counter that does not go on tells of a copy: neither lets anybody in any more.
func TestCopiedPasskeys(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	d := s.withPasskey(t, dana, "Phone")
	copied := *d
	s.browser(t).signInBy(t, d).goesTo(t, "/invoices")
	s.browser(t).signInBy(t, d).goesTo(t, "/invoices")
	s.browser(t).signInBy(t, &copied).is(t, http.StatusUnprocessableEntity).shows(t, "may have been copied")
	s.browser(t).signInBy(t, d).is(t, http.StatusUnprocessableEntity)
	dana.get("/security").is(t, http.StatusOK).shows(t, "Remove it: it may have been copied")
	dana.get("/activity").shows(t, "Tried a passkey that may have been copied")
	synced := newAuthenticator(t) // those of password managers do not count at all
	dana.post("/security/passkeys").goesTo(t, "/security/passkeys/new")
	options := dana.get("/security/passkeys/new").options(t)
	synced.count--
	dana.post("/security/passkeys/new", "name", "Synced", "answer", synced.create(options)).goesTo(t, "/security?done=passkey")
	for range 2 {
		synced.count--
		s.browser(t).signInBy(t, synced).goesTo(t, "/invoices")
	}
}

func TestRenameAndRemoveAPasskey(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana, ravi := s.signedIn(t, "dana"), s.signedIn(t, "ravi")
	d := s.withPasskey(t, dana, "Phone")
	path := "/security/passkeys/" + encoded(d.id)
	dana.get(path).is(t, http.StatusOK).shows(t, "Phone", "Remove this passkey")
	for _, p := range []string{path, "/security/passkeys/x", "/security/passkeys/" + strings.Repeat("A", 40)} {
		ravi.get(p).is(t, http.StatusNotFound)
		ravi.post(p, "name", "Mine").is(t, http.StatusNotFound)
		ravi.post(p+"/remove").is(t, http.StatusNotFound)
	}
	dana.post(path, "name", "bell\x07").is(t, http.StatusUnprocessableEntity).shows(t, "cannot be stored")
	dana.post(path, "name", strings.Repeat("x", 61)).is(t, http.StatusUnprocessableEntity).shows(t, "at most 60 characters")
	dana.post(path, "name", "هاتفي 📱").goesTo(t, "/security?done=passkey-named")
	dana.get("/security?done=passkey-named").shows(t, "هاتفي 📱", "has its new name")
	before := requestCookie(t, dana, sessionCookie)
	dana.post(path+"/remove").goesTo(t, "/security?done=passkey-gone")
	if requestCookie(t, dana, sessionCookie) == before {
		t.Error("the secret of the session is the same")
	}
	s.browser(t).signInBy(t, d).is(t, http.StatusUnprocessableEntity)
	s.signedIn(t, "dana") // the second factor went with it
	if got := s.column(t, "SELECT count(*)::text FROM recovery_code"); !cmp.Equal(got, []string{"0"}) {
		t.Errorf("%v recovery codes are left", got)
	}
	dana.get("/activity").shows(t, "Added a passkey", "Renamed a passkey", "Removed a passkey")
}

func TestEnrolWithAPasskey(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.rule(t, "Required")
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	d := newAuthenticator(t)
	d.origin = "https://evil.example"
	b.post("/sign-in/enrol", "answer", d.create(b.get("/sign-in/enrol").options(t))).is(t, http.StatusUnprocessableEntity)
	d.origin = "https://my.acme.example"
	b.post("/sign-in/enrol", "answer", d.create(b.get("/sign-in/enrol").options(t))).is(t, http.StatusOK).shows(t, "Your recovery codes")
	b.get("/invoices").is(t, http.StatusOK)
	s.browser(t).signInBy(t, d).goesTo(t, "/invoices")
	b.post("/security/passkeys/"+encoded(d.id)+"/remove").goesTo(t, "/security?problem=last-factor")
	b.get("/security?problem=last-factor").shows(t, "Add another one first")
	app := s.appAfterCodes(t, b)
	b.post("/security/passkeys/"+encoded(d.id)+"/remove").goesTo(t, "/security?done=passkey-gone")
	b.get("/security/authenticator/remove").goesTo(t, "/security?problem=last-factor")
	b.post("/security/authenticator/remove").goesTo(t, "/security?problem=last-factor")
	other := s.browser(t)
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	other.post("/sign-in/second-factor", "code", app.next(t)).goesTo(t, "/")
}

// appAfterCodes sets an app up for somebody who has recovery codes already.
func (s *site) appAfterCodes(t *testing.T, b *browser) *app {
	t.Helper()
	b.post("/security/authenticator").goesTo(t, "/security/authenticator")
	a := s.appOf(t, b.get("/security/authenticator").is(t, http.StatusOK))
	b.post("/security/authenticator/confirm", "code", a.code(t)).goesTo(t, "/security?done=app")
	return a
}

// The portal answers under the port that the browser names, and under no other name.
func TestPasskeysOfAnotherPort(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	d := s.withPasskey(t, s.signedIn(t, "dana"), "Phone")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.server.URL, "https://"), ":")
	d.origin = "https://my.acme.example:" + port
	s.browser(t).signInBy(t, d).goesTo(t, "/invoices")
	d.origin = "https://my.acme.example:1"
	s.browser(t).signInBy(t, d).is(t, http.StatusUnprocessableEntity)
}
