package portal

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A second factor that the person added meanwhile is not replaced by one that somebody with
// the password had begun to add.
func TestEnrolDoesNotReplaceAFactor(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.rule(t, "Required")
	thief, dana := s.browser(t), s.browser(t)
	thief.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	his := s.appOf(t, thief.get("/sign-in/enrol").is(t, http.StatusOK))
	d := newAuthenticator(t)
	answer := d.create(thief.get("/sign-in/enrol").options(t))

	dana.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	app := s.appOf(t, dana.get("/sign-in/enrol").is(t, http.StatusOK))
	pending := s.column(t, "SELECT to_jsonb(c)::text FROM ceremony c")
	app.codes = recoveryCodes(t, dana.post("/sign-in/enrol", "code", app.code(t)).is(t, http.StatusOK))
	if left := s.column(t, "SELECT kind FROM ceremony"); len(left) != 0 {
		t.Errorf("what others had begun goes on: %v", left)
	}
	// As in a transaction that cannot see yet that it is over.
	for _, row := range pending {
		s.change(t, "INSERT INTO ceremony SELECT * FROM jsonb_populate_record(NULL::ceremony, $1::jsonb)", row)
	}
	thief.post("/sign-in/enrol", "answer", answer).goesTo(t, "/sign-in?again=1")
	thief.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	for _, row := range pending {
		s.change(t, "INSERT INTO ceremony SELECT * FROM jsonb_populate_record(NULL::ceremony, $1::jsonb) ON CONFLICT DO NOTHING", row)
	}
	thief.post("/sign-in/enrol", "code", his.code(t)).goesTo(t, "/sign-in?again=1")
	if got := s.column(t, "SELECT (SELECT count(*) FROM totp) || ' ' || (SELECT count(*) FROM passkey)"); !cmp.Equal(got, []string{"1 0"}) {
		t.Errorf("apps and passkeys: %v", got)
	}
	dana.get("/").is(t, http.StatusOK)
	for _, code := range []string{app.next(t), app.codes[0]} {
		b := s.browser(t)
		b.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
		b.post("/sign-in/second-factor", "code", code).goesTo(t, "/")
	}
}

// Of two forms that are sent at the same moment one adds the factor: the codes that its
// page shows are those that count.
func TestEnrolSentTwice(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.rule(t, "Required")
	b := s.browser(t)
	b.signIn("dana", password).goesTo(t, "/sign-in/enrol")
	app := s.appOf(t, b.get("/sign-in/enrol").is(t, http.StatusOK))
	code, pages := app.code(t), make(chan answer, 2)
	for range 2 {
		go func() { pages <- b.post("/sign-in/enrol", "code", code) }()
	}
	var shown []answer
	for range 2 {
		if page := <-pages; page.status == http.StatusOK {
			shown = append(shown, page)
		} else {
			page.goesTo(t, "/sign-in?again=1")
		}
	}
	if len(shown) != 1 {
		t.Fatalf("%d pages show codes", len(shown))
	}
	other := s.browser(t)
	other.signIn("dana", password).goesTo(t, "/sign-in/second-factor")
	other.post("/sign-in/second-factor", "code", recoveryCodes(t, shown[0])[0]).goesTo(t, "/")
}
