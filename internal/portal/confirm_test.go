package portal

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// tired is a browser whose person signed in some time ago.
func (s *site) tired(t *testing.T, b *browser) *browser {
	t.Helper()
	s.clock.Advance(16 * time.Minute)
	b.get("/security/recovery-codes").goesTo(t, "/confirm?next=%2Fsecurity%2Frecovery-codes")
	return b
}

func TestConfirmByPassword(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.tired(t, s.signedIn(t, "dana"))
	b.get("/confirm?next=%2Fsecurity%2Frecovery-codes").is(t, http.StatusOK).shows(t, "Please confirm that it is you", "signed in as dana")
	before := requestCookie(t, b, sessionCookie)
	b.post("/confirm", "password", "wrong", "next", "/security/recovery-codes").is(t, http.StatusUnprocessableEntity).shows(t, "This is not your password")
	b.get("/security/recovery-codes").is(t, http.StatusSeeOther)
	b.post("/confirm", "password", password, "next", "/security/recovery-codes").goesTo(t, "/security/recovery-codes")
	after := requestCookie(t, b, sessionCookie)
	if after == before || after == "" {
		t.Error("the secret of the session is the same")
	}
	s.browser(t).do(http.MethodGet, "/", nil, "Cookie", sessionCookie+"="+before).goesTo(t, "/sign-in?ended=1")
	b.get("/security/recovery-codes").goesTo(t, "/security") // open now, though there is nothing there
	b.get("/activity").shows(t, "Confirmed who they are")
	for _, next := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "/confirm?next=/", "/sign-in/passkey", ""} {
		b.post("/confirm", "password", password, "next", next).goesTo(t, "/")
	}
	s.browser(t).post("/confirm", "password", password).goesTo(t, "/sign-in") // nobody
}

// Guessing in a session that somebody left open is as slow as at the sign-in page, and
// counts with it.
func TestConfirmIsThrottled(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.tired(t, s.signedIn(t, "dana"))
	for range 6 {
		b.post("/confirm", "password", "guess").is(t, http.StatusUnprocessableEntity)
	}
	a := b.post("/confirm", "password", password).is(t, http.StatusTooManyRequests).shows(t, "There were too many attempts")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.clock.Advance(time.Second)
	b.post("/confirm", "password", password).goesTo(t, "/")
}

func TestConfirmWithSecondFactor(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	app := s.withApp(t, b)
	s.tired(t, b)
	b.get("/confirm").is(t, http.StatusOK).shows(t, "6 digits from your app")
	b.post("/confirm", "password", password).is(t, http.StatusUnprocessableEntity).shows(t, "Type the code of 6 digits")
	b.post("/confirm", "password", "wrong", "code", app.code(t)).is(t, http.StatusUnprocessableEntity).shows(t, "This is not your password")
	b.post("/confirm", "password", password, "code", "000000").is(t, http.StatusUnprocessableEntity).shows(t, "This code is not right")
	b.get("/security/recovery-codes").is(t, http.StatusSeeOther)
	code := app.code(t)
	b.post("/confirm", "password", password, "code", code, "next", "/security/recovery-codes").goesTo(t, "/security/recovery-codes")
	b.get("/security/recovery-codes").is(t, http.StatusOK)
	b.post("/confirm", "password", password, "code", code).is(t, http.StatusUnprocessableEntity) // used
	b.post("/confirm", "password", password, "code", app.codes[0]).goesTo(t, "/")
	s.rule(t, "Off")
	s.tired(t, b)
	b.post("/confirm", "password", password).goesTo(t, "/")
}

func TestConfirmByPasskey(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b, ravi := s.signedIn(t, "dana"), s.signedIn(t, "ravi")
	b.post("/confirm/passkey").is(t, http.StatusNotFound) // there is none yet
	d, his := s.withPasskey(t, b, "Phone"), s.withPasskey(t, ravi, "Phone")
	s.tired(t, b)
	b.get("/confirm").shows(t, "Use my passkey")
	b.get("/confirm/passkey").goesTo(t, "/confirm")
	ask := func() passkeyOptions {
		t.Helper()
		b.post("/confirm/passkey", "next", "/security/recovery-codes").goesTo(t, "/confirm/passkey")
		return b.get("/confirm/passkey").is(t, http.StatusOK).options(t)
	}
	b.post("/confirm/passkey/answer", "answer", his.get(ask())).is(t, http.StatusUnprocessableEntity).shows(t, "This passkey cannot be used here")
	options := ask()
	ravi.do(http.MethodPost, "/confirm/passkey/answer", url.Values{"answer": {his.get(options)}}, // the question of another user
		"Cookie", ceremonyCookie(store.CeremonyPasskey)+"="+requestCookie(t, b, ceremonyCookie(store.CeremonyPasskey))).goesTo(t, "/confirm")
	before, answer := requestCookie(t, b, sessionCookie), d.get(options)
	b.post("/confirm/passkey/answer", "answer", answer).goesTo(t, "/security/recovery-codes")
	if requestCookie(t, b, sessionCookie) == before {
		t.Error("the secret of the session is the same")
	}
	b.get("/security/recovery-codes").is(t, http.StatusOK)
	b.post("/confirm/passkey/answer", "answer", answer).goesTo(t, "/confirm")
	// The question of a confirmation signs nobody in.
	stranger := s.browser(t)
	asked := ask()
	stranger.do(http.MethodPost, "/sign-in/passkey/answer", url.Values{"answer": {d.get(asked)}},
		"Cookie", ceremonyCookie(store.CeremonyPasskey)+"="+requestCookie(t, b, ceremonyCookie(store.CeremonyPasskey))).goesTo(t, "/sign-in?again=1")
}

// The work of a sign-in that is refused is the same for each reason: the same questions
// to the database, and one hash.
func TestRefusedSignInsDoTheSameWork(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.withApp(t, s.signedIn(t, "dana"))
	counting := &countingDB{DB: storetest.Pool(t, s.tenant.PortalURI)}
	s.portal.Store = store.New(counting)
	work := func(login string) int64 {
		counting.trips.Store(0)
		s.browser(t).signIn(login, "wrong password").is(t, http.StatusUnprocessableEntity)
		return counting.trips.Load()
	}
	want := work("nobody")
	for _, login := range []string{"dana", "sam", "olga", "ravi@mail.example", "nobody@mail.example"} {
		if got := work(login); got != want {
			t.Errorf("%s takes %d questions, nobody %d", login, got, want)
		}
	}
	// Without a place in the queue every one of them is refused: each needs its hash.
	s.portal.Hasher = identity.NewHasher(cheapParams, identity.NewQueue(0, 0, time.Second))
	for _, login := range []string{"nobody", "dana", "sam", "olga"} {
		s.browser(t).signIn(login, "wrong password").is(t, http.StatusServiceUnavailable)
	}
}
