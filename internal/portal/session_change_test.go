package portal

import (
	"context"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// copied says what a copy of a session's secret is answered that was made before.
func (s *site) copied(t *testing.T, secret string) answer {
	t.Helper()
	return s.browser(t).do(http.MethodGet, "/", nil, "Cookie", sessionCookie+"="+secret)
}

// Who has a copy of the secret of a session is out with the password, and with all others.
func TestCopiesOfASessionEnd(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	before := requestCookie(t, b, sessionCookie)
	s.copied(t, before).is(t, http.StatusOK)
	b.post("/sessions/end-others").goesTo(t, "/sessions?done=sessions-ended")
	s.copied(t, before).goesTo(t, "/sign-in?ended=1")
	before = requestCookie(t, b, sessionCookie)
	b.post("/security/password", "current", password, "password", newPassword, "repeat", newPassword).goesTo(t, "/security/password?done=changed")
	s.copied(t, before).goesTo(t, "/sign-in?ended=1")
	b.get("/").is(t, http.StatusOK)
}

// Sessions of before know no more than the password: they end with a new second factor, and
// one that goes on has to prove it before it changes anything.
func TestSessionsFromBeforeASecondFactor(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	thief, dana := s.signedIn(t, "dana"), s.signedIn(t, "dana")
	app := s.withApp(t, dana)
	thief.post("/security/authenticator/remove").goesTo(t, "/sign-in?ended=1")
	if got := s.column(t, "SELECT count(*)::text FROM device"); got[0] != "1" {
		t.Errorf("%s devices are known", got[0])
	}
	s.rule(t, "Off")
	plain := s.signedIn(t, "dana")
	dana.post("/security/authenticator/remove").goesTo(t, "/security") // there is none to see
	s.rule(t, "Optional")
	for _, path := range []string{"/security/authenticator", "/security/authenticator/remove", "/security/recovery-codes", "/security/passkeys"} {
		if a := plain.post(path).is(t, http.StatusSeeOther); a.header.Get("Location")[:8] != "/confirm" {
			t.Errorf("%s leads to %s", path, a.header.Get("Location"))
		}
	}
	plain.post("/confirm", "password", password).is(t, http.StatusUnprocessableEntity)
	plain.post("/confirm", "password", password, "code", app.next(t)).goesTo(t, "/")
	plain.post("/security/authenticator/remove").goesTo(t, "/security?done=app-removed")
}

// lateDB changes something before a transaction begins, once.
type lateDB struct {
	store.DB
	change func()
}

func (l *lateDB) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	if change := l.change; change != nil {
		l.change = nil
		change()
	}
	return l.DB.BeginTx(ctx, options)
}

// A password that was right when it was looked at lets nobody in who is through after it
// was changed.
func TestSignInWhileThePasswordChanges(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	late := &lateDB{DB: storetest.Pool(t, s.tenant.PortalURI)}
	s.portal.Store = store.New(late)
	late.change = func() { s.change(t, "UPDATE app_user SET password_hash = 'another' WHERE username = 'dana'") }
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in?again=1")
	if got := s.column(t, "SELECT count(*)::text FROM session"); got[0] != "0" {
		t.Errorf("%s sessions", got[0])
	}
}
