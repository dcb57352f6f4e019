package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

func TestChangeThePassword(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	here, elsewhere := s.signedIn(t, "dana"), s.signedIn(t, "dana")
	link := s.send(t, store.LinkReset, "c-dana")
	form := func(current, password, repeat string) url.Values {
		return url.Values{"current": {current}, "password": {password}, "repeat": {repeat}}
	}
	here.get("/security/password").is(t, http.StatusOK).shows(t, "Current password", "Sign me out everywhere else")
	for _, test := range []struct{ name, current, password, repeat, sentence string }{
		{"nothing", "", "", "", "This is needed."},
		{"not the current one", "something else", newPassword, newPassword, "This is not your current password."},
		{"no current one", "", newPassword, newPassword, "This is not your current password."},
		{"an oversized current one", strings.Repeat("x", 9000), newPassword, newPassword, "This is not your current password."},
		{"too short", password, "short", "short", "Use at least 8 characters."},
		{"common", password, "password1", "password1", "Many people use this password"},
		{"personal", password, "dana-dana", "dana-dana", "This is little more than your name"},
		{"the account's name", password, "Harbour Lane Coffee", "Harbour Lane Coffee", "This is little more than your name"},
		{"another repetition", password, newPassword, newPassword + "x", "This is not the same as above."},
		{"the same again", password, password, password, "This is your current password. Choose another one."},
	} {
		a := here.do(http.MethodPost, "/security/password", form(test.current, test.password, test.repeat))
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", test.name, a.status)
		}
		a.shows(t, test.sentence)
		if strings.Contains(a.body, newPassword) || strings.Contains(a.body, password) {
			t.Errorf("%s: a password is in the page", test.name)
		}
	}
	here.do(http.MethodPost, "/security/password", form(password, newPassword, newPassword)).goesTo(t, "/security/password?done=changed")
	here.get("/security/password?done=changed").is(t, http.StatusOK).shows(t, "Your password is changed.")
	elsewhere.get("/").is(t, http.StatusOK) // it was not asked for
	s.browser(t).signIn("dana", password).is(t, http.StatusUnprocessableEntity)
	s.browser(t).get(link).goesTo(t, "/sign-in?note=link-voided")
	again := form(newPassword, "seven quiet lanterns", "seven quiet lanterns")
	again.Set("others", "on")
	here.do(http.MethodPost, "/security/password", again).is(t, http.StatusSeeOther)
	elsewhere.get("/").goesTo(t, "/sign-in?ended=1")
	here.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Changed the password")
}

// TestTheCurrentPasswordCannotBeGuessed in a session that was left open.
func TestTheCurrentPasswordCannotBeGuessed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	guess := url.Values{"current": {"wrong"}, "password": {newPassword}, "repeat": {newPassword}}
	for range 6 {
		b.do(http.MethodPost, "/security/password", guess).is(t, http.StatusUnprocessableEntity)
	}
	b.do(http.MethodPost, "/security/password", guess).is(t, http.StatusTooManyRequests).shows(t, "There were too many attempts.")
}

func TestChangeTheUsername(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.get("/security/username").is(t, http.StatusOK).shows(t, "You sign in as dana.")
	for _, test := range []struct{ username, sentence string }{
		{"", "This is needed."},
		{"d", "Use at least 2 characters."},
		{strings.Repeat("d", 9000), "This is too long"},
		{"da\x00na", "There is a character in this that cannot be stored."},
		{"דנה", "Use letters from A to Z"},
		{"dana🙂", "Use letters from A to Z"},
		{"RAVI", "This username is already taken."},
		{"ravi@mail.example", "The only mail address that you can have as username is your own, dana@mail.example."},
	} {
		b.do(http.MethodPost, "/security/username", url.Values{"username": {test.username}}).is(t, http.StatusUnprocessableEntity).shows(t, test.sentence)
	}
	for _, username := range []string{"dana.w", "DANA@mail.example", "Dana"} {
		b.do(http.MethodPost, "/security/username", url.Values{"username": {username}}).goesTo(t, "/security/username?done=changed")
		s.browser(t).signIn(strings.ToLower(username), password).is(t, http.StatusSeeOther)
	}
	b.get("/security/username?done=changed").shows(t, "Your username is changed.", "You sign in as Dana.")
	b.get("/activity").shows(t, "Dana Whitfield Changed the username")
	s.clock.Advance(16 * time.Minute)
	b.get("/security/username").goesTo(t, "/confirm?next=%2Fsecurity%2Fusername")
}

// TestAUsernameThatIsAnothersEmail would let mail of that address lead to its holder's
// sign-in: it is refused wherever a username can be chosen.
func TestAUsernameThatIsAnothersEmail(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	sam := s.signedIn(t, "sam") // has no address that is verified
	for _, username := range []string{"ravi@mail.example", "sam@mail.example", "nell@mail.example"} {
		sam.do(http.MethodPost, "/security/username", url.Values{"username": {username}}).is(t, http.StatusUnprocessableEntity).
			shows(t, "A mail address can only be a username once it is confirmed as yours.")
	}
	nell := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-nell"))
	nell.do(http.MethodPost, "/set-up", choice("ravi@mail.example", newPassword)).is(t, http.StatusUnprocessableEntity)
	s.signedIn(t, "ravi@mail.example").get("/").shows(t, "Hello, Ravi")
}

func TestTheProvidersRuleForUsernames(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, `"session":`, `"credentials":{"usernames":"AccountID"},"session":`)
	dana, sam := s.signedIn(t, "dana"), s.signedIn(t, "sam")
	dana.get("/security/username").is(t, http.StatusOK).shows(t, "By that rule yours is the following.", "Use this username")
	dana.do(http.MethodPost, "/security/username", url.Values{"username": {"whatever"}}).is(t, http.StatusSeeOther)
	s.signedIn(t, "10042").get("/").shows(t, "Hello, Dana")
	dana.get("/security/username").shows(t, "Usernames follow a rule here, so you cannot choose another one.")
	sam.get("/security/username").shows(t, "Usernames follow a rule here, so you cannot choose another one.")
	sam.do(http.MethodPost, "/security/username", url.Values{"username": {"sam2"}}).is(t, http.StatusBadRequest)
}

// TestAUserOfTwoAccountsUnlinkedByOneAccount: the other keeps working.
func TestAUserOfTwoAccountsUnlinkedByOneAccount(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	also := person("c-ravi2", "10042", "Ravi", "Menon", "", false)
	also.User.EmailVerified = true
	s.contacts(t, also)
	b := s.signedIn(t, "ravi")
	b.get("/").is(t, http.StatusOK)
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Now: s.clock.Now()}, func(ctx context.Context, w *store.Writer) error {
		return w.DeleteUsername(ctx, "c-ravi2")
	})
	if err != nil {
		t.Fatal(err)
	}
	s.signedIn(t, "ravi").get("/").is(t, http.StatusOK).shows(t, "Ravi Menon")
}
