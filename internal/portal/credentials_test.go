package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

const newPassword = "eleven purple teapots"

// paths are where links of a purpose lead.
var paths = map[store.LinkPurpose]string{
	store.LinkCreate: "/credentials/", store.LinkReset: "/credentials/", store.LinkInvite: "/invitation/", store.LinkVerifyEmail: "/verify/",
}

// token is the secret of a link for one of its addresses, as the mail has it.
func (s *site) token(t *testing.T, purpose store.LinkPurpose, id string, address int) string {
	t.Helper()
	token, err := s.keys.LinkToken(purpose, id, address)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// send has the provider send a contact a mail, and returns the address of the link in it.
func (s *site) send(t *testing.T, purpose store.LinkPurpose, contactID string) string {
	t.Helper()
	var sent identity.Sent
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: s.clock.Now()}, func(ctx context.Context, w *store.Writer) (err error) {
		var refused *store.Refusal
		switch purpose {
		case store.LinkReset:
			sent, refused, err = identity.SendResetMail(ctx, w, s.live.Load(), contactID, s.clock.Now())
		case store.LinkInvite:
			sent, refused, err = identity.SendInvitation(ctx, w, s.live.Load(), contactID, "Robin Miller", s.clock.Now())
		default:
			sent, refused, err = identity.SendCreateMail(ctx, w, s.live.Load(), contactID, s.clock.Now())
		}
		if refused != nil {
			t.Fatalf("%s: %s %s", contactID, refused.Field, refused.Message)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths[purpose] + s.token(t, purpose, sent.LinkID, 0)
}

// nobody is a contact that has no sign-in yet.
func nobody(id, account, first string) store.Contact {
	c := person(id, account, first, "Newby", "", false)
	c.User = nil
	return c
}

// openSetUp presses the button of a link.
func (b *browser) openSetUp(path string) *browser {
	b.t.Helper()
	b.get(path).is(b.t, http.StatusOK)
	b.do(http.MethodPost, path, nil).goesTo(b.t, "/set-up")
	return b
}

func choice(username, password string) url.Values {
	return url.Values{"username": {username}, "password": {password}, "repeat": {password}}
}

// cookie is what the browser holds under a name.
func (b *browser) cookie(name string) string {
	at, err := url.Parse(b.site.server.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// plant puts a cookie into the browser.
func (b *browser) plant(name, value string) {
	at, err := url.Parse(b.site.server.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

func TestCreateASignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	path := s.send(t, store.LinkCreate, "c-nell")
	b := s.browser(t)
	b.get(path).is(t, http.StatusOK).shows(t, "Create your sign-in", "Harbour Lane Coffee", "Acme Telecom", "The link works once.")
	b.openSetUp(path)
	b.get("/set-up").is(t, http.StatusOK).shows(t, "Your address nell@mail.example is confirmed with it.", "At least 8 characters")
	b.do(http.MethodPost, "/set-up", choice("nell.newby", newPassword)).goesTo(t, "/sign-in?note=created&login=nell.newby")
	page := b.get("/sign-in?note=created&login=nell.newby").is(t, http.StatusOK).shows(t, "Your sign-in is ready")
	if !strings.Contains(page.body, `value="nell.newby"`) {
		t.Error("the username is not filled in")
	}
	b.get("/").goesTo(t, "/sign-in") // nobody is signed in by it
	b.signIn("nell.newby", newPassword).goesTo(t, "/")
	b.get("/").is(t, http.StatusOK).shows(t, "Hello, Nell")
	s.browser(t).signIn("NELL@mail.example", newPassword).goesTo(t, "/") // the address is verified
}

// TestCreateForAUsernameThatIsThere: the provider has given the username, and it can be
// changed on the way, unless the provider has a rule for usernames.
func TestCreateForAUsernameThatIsThere(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-olga"))
	if page := b.get("/set-up").is(t, http.StatusOK); !strings.Contains(page.body, `value="olga"`) {
		t.Error("the username is not filled in")
	}
	b.do(http.MethodPost, "/set-up", choice("olga.berg", newPassword)).goesTo(t, "/sign-in?note=created&login=olga.berg")
	s.browser(t).signIn("olga.berg", newPassword).goesTo(t, "/")
}

func TestUsernamesByTheProvidersRule(t *testing.T) {
	for _, test := range []struct{ rule, contact, want string }{
		{"Email", "c-nell", "nell@mail.example"},
		{"AccountID", "c-nell", "nell@mail.example"},
		{"AccountID", "c-boss", "40001"},
		{"Email", "c-olga", "olga"}, // the provider has given it already
	} {
		t.Run(test.rule+" "+test.contact, func(t *testing.T) {
			s := newSite(t)
			s.seed(t)
			s.apply(t, `"session":`, `"credentials":{"usernames":"`+test.rule+`"},"session":`)
			s.accounts(t, store.Account{Row: store.Row{ID: "40001"}, Name: "Boss Ltd", Status: "Active", AccountProfile: "ap-business"})
			boss := nobody("c-boss", "40001", "Boss")
			boss.Owner = true
			s.contacts(t, nobody("c-nell", "10042", "Nell"), boss)
			b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, test.contact))
			page := b.get("/set-up").is(t, http.StatusOK)
			if !strings.Contains(page.body, `readonly`) || !strings.Contains(page.body, `value="`+test.want+`"`) {
				t.Errorf("the page does not have %s", test.want)
			}
			b.do(http.MethodPost, "/set-up", choice("whatever", newPassword)).goesTo(t, "/sign-in?note=created&login="+url.QueryEscape(test.want))
			s.browser(t).signIn(test.want, newPassword).goesTo(t, "/")
		})
	}
}

// TestAnAddressAsUsernameThatIsAnothers: the provider made an address the username, and
// the mail goes to another one, which is confirmed and takes its place.
func TestAnAddressAsUsernameThatIsAnothers(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, `"session":`, `"credentials":{"usernames":"Email"},"session":`)
	s.accounts(t, store.Account{Row: store.Row{ID: "40001"}, Name: "Boss Ltd", Status: "Active", AccountProfile: "ap-business"})
	boss := nobody("c-boss", "40001", "Boss")
	boss.Owner, boss.User = true, &store.ContactUser{Username: "boss@mail.example", Email: "boss@mail.example", EmailVerified: true}
	office := nobody("c-office", "40001", "Office")
	office.Roles = []string{"Primary"}
	s.contacts(t, boss, office)
	b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-boss"))
	b.do(http.MethodPost, "/set-up", choice("", newPassword)).goesTo(t, "/sign-in?note=created&login=office%40mail.example")
	s.browser(t).signIn("office@mail.example", newPassword).goesTo(t, "/")
}

func TestResetAPassword(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	elsewhere := s.signedIn(t, "dana")
	path := s.send(t, store.LinkReset, "c-dana")
	b := s.browser(t)
	b.get(path).is(t, http.StatusOK).shows(t, "Choose a new password", "dana")
	b.openSetUp(path)
	b.do(http.MethodPost, "/set-up", choice("ravi", newPassword)).goesTo(t, "/sign-in?note=reset&login=dana") // a username is not asked for
	b.get("/sign-in?note=reset&login=dana").shows(t, "Your password is changed")
	elsewhere.get("/").goesTo(t, "/sign-in?ended=1")
	s.browser(t).signIn("dana", password).is(t, http.StatusUnprocessableEntity)
	s.signedIn(t, "ravi")
	b.signIn("dana", newPassword).goesTo(t, "/")
	b.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Reset the password 203.0.113.7", "Acme Telecom Sent a link to reset a password")
}

// TestFetchingEveryLinkSpendsNothing: programs that look for malware open every link.
func TestFetchingEveryLinkSpendsNothing(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"), nobody("c-finn", "10042", "Finn"))
	for purpose, contact := range map[store.LinkPurpose]string{store.LinkCreate: "c-nell", store.LinkInvite: "c-finn", store.LinkReset: "c-dana"} {
		path := s.send(t, purpose, contact)
		for range 2 {
			for _, method := range []string{http.MethodHead, http.MethodGet} {
				a := s.browser(t).do(method, path, nil).is(t, http.StatusOK)
				if a.header.Get("Set-Cookie") != "" || a.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: %v", method, purpose, a.header)
				}
			}
		}
		s.browser(t).openSetUp(path).get("/set-up").is(t, http.StatusOK)
		if _, token, _ := strings.Cut(path[1:], "/"); strings.Contains(s.logged.String(), token) {
			t.Error("the secret is in the log")
		}
	}
}

// TestASpentLinkLeadsToTheSignInPage, and so do the others that do not work any more.
func TestASpentLinkLeadsToTheSignInPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	both := func(path, note, title string) {
		t.Helper()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			a := s.browser(t).do(method, path, nil).goesTo(t, "/sign-in?note="+note)
			if a.header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %v", note, a.header)
			}
		}
		s.browser(t).get("/sign-in?note="+note).is(t, http.StatusOK).shows(t, title, "Forgot your password?")
	}
	first := s.send(t, store.LinkCreate, "c-nell")
	second := s.send(t, store.LinkCreate, "c-nell")
	both(first, "link-voided", "That link does not work any more")
	b := s.browser(t).openSetUp(second)
	both(second, "link-spent", "That link was used already")
	b.do(http.MethodPost, "/set-up", choice("nell", newPassword)).is(t, http.StatusSeeOther)
	both(second, "link-spent", "That link was used already")
	late := s.send(t, store.LinkReset, "c-dana")
	s.clock.Advance(10 * time.Minute)
	both(late, "link-expired", "That link is too old")
	s.browser(t).get("/sign-in?note=made-up&login=dana").is(t, http.StatusOK).hides(t, "dana")
}

// TestLinksThatAreNone: of another tenant's key, tampered with, for another purpose, of an
// address that it was not sent to. All are the same as one that does not exist.
func TestLinksThatAreNone(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	create := s.send(t, store.LinkCreate, "c-olga")
	token := strings.TrimPrefix(create, "/credentials/")
	others := testKeys(t, 'o')
	ofOthers, err := others.LinkToken(store.LinkCreate, "0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c0001", 0)
	if err != nil {
		t.Fatal(err)
	}
	id, _, ok := s.keys.OpenLinkToken(store.LinkCreate, token)
	if !ok {
		t.Fatal("the token of a link cannot be read")
	}
	ofSame, err := others.LinkToken(store.LinkCreate, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	verify := s.token(t, store.LinkVerifyEmail, id, 0)
	want := ""
	for name, path := range map[string]string{
		"another tenant's":                     "/credentials/" + ofOthers,
		"another tenant's, with an id of ours": "/credentials/" + ofSame,
		"tampered with":                        "/credentials/" + token[:10] + "AAAA" + token[14:],
		"cut":                                  "/credentials/" + token[:len(token)-3],
		"as an invitation":                     "/invitation/" + token,
		"for another purpose":                  "/credentials/" + s.token(t, store.LinkReset, id, 0),
		"to confirm an address":                "/credentials/" + verify,
		"of no link":                           "/credentials/" + s.token(t, store.LinkCreate, "0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c0001", 0),
		"not a token":                          "/credentials/%00%ff",
		"with signs":                           "/credentials/" + url.PathEscape("<script>alert(1)</script>"),
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			a := s.browser(t).do(method, path, nil)
			if a.status != http.StatusNotFound {
				t.Errorf("%s %s: status %d", method, name, a.status)
			}
			if want == "" {
				want = a.shows(t, "This link does not work").body
			}
			if diff := cmp.Diff(want, a.body); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", method, name, diff)
			}
		}
	}
	s.browser(t).openSetUp(create)
}

// TestSetUpForm: the person gets their input back with the field marked and a sentence.
func TestSetUpForm(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-nell"))
	good := "eleven purple teapots"
	for _, test := range []struct {
		name, username, password, repeat, sentence string
	}{
		{"nothing", "", "", "", "This is needed."},
		{"only a username", "nell", "", "", "This is needed."},
		{"a username that is too short", "n", good, good, "Use at least 2 characters."},
		{"a username that is too long", strings.Repeat("n", 81), good, good, "This is too long: at most 80 characters fit."},
		{"an oversized username", strings.Repeat("n", 9000), good, good, "This is too long"},
		{"control characters", "ne\x00ll", good, good, "There is a character in this that cannot be stored."},
		{"line break", "ne\nll", good, good, "There is a character in this that cannot be stored."},
		{"right to left", "נעמי", good, good, "Use letters from A to Z"},
		{"an override of direction", "nell\u202egnp", good, good, "Use letters from A to Z"},
		{"emoji", "nell🙂", good, good, "Use letters from A to Z"},
		{"not UTF-8", "nell\xff\xfe", good, good, "There is a character in this that cannot be stored."},
		{"a username that is taken", "Dana", good, good, "This username is already taken. Choose another one."},
		{"a username that is another's email", "dana@mail.example", good, good, "The only mail address that you can have as username is your own, nell@mail.example."},
		{"a short password", "nell", "teapots", "teapots", "Use at least 8 characters."},
		{"a long password", "nell", strings.Repeat("teapot ", 20), strings.Repeat("teapot ", 20), "This is too long: at most 128 characters fit."},
		{"a common password", "nell", "password1", "password1", "Many people use this password"},
		{"a personal password", "nell.newby", "nell.newby1", "nell.newby1", "This is little more than your name"},
		{"the provider's name", "nell", "AcmeTelecom", "AcmeTelecom", "This is little more than your name"},
		{"another repetition", "nell", good, good + " ", "This is not the same as above."},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := b.do(http.MethodPost, "/set-up", url.Values{"username": {test.username}, "password": {test.password}, "repeat": {test.repeat}})
			a.is(t, http.StatusUnprocessableEntity).shows(t, test.sentence, "another look")
			if !strings.Contains(a.body, `aria-invalid="true"`) {
				t.Error("no field is marked")
			}
			if len(test.password) > 8 && strings.Contains(a.body, `value="`+test.password) {
				t.Error("the password is in the page")
			}
			if test.username == "nell" && !strings.Contains(a.body, `value="nell"`) {
				t.Error("the username is not given back")
			}
		})
	}
	b.do(http.MethodPost, "/set-up", choice("nell", "emoji 🦊 and עברית \x01")).is(t, http.StatusSeeOther)
	s.browser(t).signIn("nell", "emoji 🦊 and עברית \x01").goesTo(t, "/")
}

// TestSetUpsThatAreNone: without one, with a cookie that was tampered with, after its time,
// sent twice, from another site.
func TestSetUpsThatAreNone(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	over := func(name string, b *browser) {
		t.Helper()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			a := b.do(method, "/set-up", choice("olga", newPassword))
			if a.status != http.StatusSeeOther || a.header.Get("Location") != "/sign-in?note=set-up-over" {
				t.Errorf("%s %s: %d %s", method, name, a.status, a.header.Get("Location"))
			}
		}
	}
	over("without one", s.browser(t))
	name := ceremonyCookie(store.CeremonySetUp)
	for _, value := range []string{"x", strings.Repeat("A", 43), strings.Repeat("A", 5000), "\"", "a b"} {
		b := s.browser(t)
		b.plant(name, value)
		over("with a made-up cookie", b)
	}
	b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-olga"))
	secret := b.cookie(name)
	tampered := s.browser(t)
	tampered.plant(name, tamperedWith(secret))
	over("with a letter changed", tampered)
	as := s.browser(t)
	as.plant(sessionCookie, secret)
	as.get("/").goesTo(t, "/sign-in?ended=1") // it opens nothing else
	b.do(http.MethodPost, "/set-up", choice("olga", newPassword), "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	again := s.browser(t)
	again.plant(name, secret)
	b.do(http.MethodPost, "/set-up", choice("olga", newPassword)).is(t, http.StatusSeeOther)
	over("sent twice", again)
	if b.cookie(name) != "" {
		t.Error("the cookie is still there")
	}
	late := s.browser(t).openSetUp(s.send(t, store.LinkReset, "c-olga"))
	s.clock.Advance(store.SetUpLifetime)
	late.plant(name, late.cookie(name))
	over("after its time", late)
}

// tamperedWith is a secret with another first letter.
func tamperedWith(secret string) string {
	if secret[0] == 'A' {
		return "B" + secret[1:]
	}
	return "A" + secret[1:]
}

// TestSetUpIsBounded: the form tells whether a username is taken.
func TestSetUpIsBounded(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-olga"))
	for range setUpAttempts {
		b.do(http.MethodPost, "/set-up", choice("dana", newPassword)).is(t, http.StatusUnprocessableEntity)
	}
	b.do(http.MethodPost, "/set-up", choice("olga", newPassword)).goesTo(t, "/sign-in?note=set-up-over")
}

// TestNoSessionIsFixedAtSetUp: a secret that somebody else put into the browser, of a
// session or of a set-up, is of no use after it.
func TestNoSessionIsFixedAtSetUp(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	attacker := s.signedIn(t, "ravi")
	planted := attacker.cookie(sessionCookie)
	setUps := s.browser(t).openSetUp(s.send(t, store.LinkCreate, "c-olga"))
	name := ceremonyCookie(store.CeremonySetUp)
	victim := s.browser(t)
	victim.plant(sessionCookie, planted)
	victim.plant(name, setUps.cookie(name))
	victim.openSetUp(s.send(t, store.LinkCreate, "c-nell"))
	if victim.cookie(name) == setUps.cookie(name) {
		t.Error("the set-up goes on under the secret that was planted")
	}
	victim.do(http.MethodPost, "/set-up", choice("nell", newPassword)).is(t, http.StatusSeeOther)
	if victim.cookie(sessionCookie) != "" {
		t.Error("the session that was planted is still in the browser")
	}
	attacker.get("/").goesTo(t, "/sign-in?ended=1")
	victim.signIn("nell", newPassword).goesTo(t, "/")
	if victim.cookie(sessionCookie) == planted {
		t.Error("the session has the secret that was planted")
	}
	if got := setUps.get("/set-up").is(t, http.StatusOK); strings.Contains(got.body, "nell") {
		t.Error("the other set-up has something of this one")
	}
}

// TestSeveralPrimaryAddressesGetALinkEach: the first who finishes wins.
func TestSeveralPrimaryAddressesGetALinkEach(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	first, second := nobody("c-one", "30002", "One"), nobody("c-two", "30002", "Two")
	first.Roles, second.Roles = []string{"Primary"}, []string{"Primary"}
	s.contacts(t, first, second)
	path := s.send(t, store.LinkCreate, "c-olga")
	id, _, _ := s.keys.OpenLinkToken(store.LinkCreate, strings.TrimPrefix(path, "/credentials/"))
	one, two := s.browser(t).openSetUp(path), s.browser(t).openSetUp("/credentials/"+s.token(t, store.LinkCreate, id, 1))
	one.get("/set-up").shows(t, "Your address one@mail.example")
	two.get("/set-up").shows(t, "Your address two@mail.example")
	two.do(http.MethodPost, "/set-up", choice("olga", newPassword)).goesTo(t, "/sign-in?note=created&login=olga")
	one.do(http.MethodPost, "/set-up", choice("olga", newPassword)).goesTo(t, "/sign-in?note=set-up-over")
	s.browser(t).signIn("two@mail.example", newPassword).goesTo(t, "/")
}

// TestSetUpWithALinkAfterItsUserChanged: the billing contact is another person now.
func TestSetUpWithALinkAfterItsUserChanged(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	path := s.send(t, store.LinkReset, "c-dana")
	b := s.browser(t).openSetUp(path)
	deleted := func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "c-dana") }
	if err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Now: s.clock.Now()}, deleted); err != nil {
		t.Fatal(err)
	}
	b.do(http.MethodPost, "/set-up", choice("dana", newPassword)).goesTo(t, "/sign-in?note=set-up-over")
	s.browser(t).get(path).is(t, http.StatusNotFound)
	s.browser(t).signIn("dana", newPassword).is(t, http.StatusUnprocessableEntity)
}
