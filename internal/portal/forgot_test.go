package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// mails lists the mails with links that were sent, as "type contact".
func (s *site) mails(t *testing.T) (list []string) {
	t.Helper()
	page, err := s.tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 1000,
		Types: []string{"portal.credentialCreate", "portal.passwordReset"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		purpose := store.LinkReset
		if e.Type == "portal.credentialCreate" {
			purpose = store.LinkCreate
		}
		link, err := s.tenant.Portal.Link(t.Context(), e.Subject, purpose)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(purpose)+" "+link.ContactID+" "+strings.Join(link.Addresses, ","))
	}
	return list
}

func (b *browser) forgot(login string) answer {
	b.t.Helper()
	return b.do(http.MethodPost, "/forgot", url.Values{"login": {login}})
}

// settle waits until the mailer has nothing left to do: it has sent the mail of a request
// that came after all others.
func (s *site) settle(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "the mails "+strings.Join(want, "; "), func() bool { return len(s.mails(t)) >= len(want) })
	if diff := cmp.Diff(want, s.mails(t)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// TestForgotAnswersTheSame, whoever it is, and sends who can sign in the mail that they
// need.
func TestForgotAnswersTheSame(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.browser(t).get("/sign-in").shows(t, "Forgot your password?")
	s.browser(t).get("/forgot").is(t, http.StatusOK).shows(t, "We send you a mail with a link")
	headers := func(a answer) http.Header {
		a.header.Del("Date")
		a.header.Del("X-Request-Id")
		return a.header
	}
	want := s.browser(t).forgot("nobody").goesTo(t, "/forgot?done=sent")
	for _, login := range []string{
		"nobody@mail.example", "sam" /* no verified address */, "c-dana", "dana%", "da\\na", "דנה", "🦊", "dana\u202e",
		"nora" /* no portal */, " OLGA ", "dana@mail.example", "ravi",
	} {
		b := s.browser(t)
		got := b.forgot(login)
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: %d %s", login, got.status, got.body)
		}
		if diff := cmp.Diff(headers(want), headers(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", login, diff)
		}
	}
	s.browser(t).get("/forgot?done=sent").shows(t, "If we know this username or address, a mail is on its way.", "works for 10 minutes", "Ask again")
	s.settle(t, "Create c-olga olga@mail.example", "Reset c-dana dana@mail.example", "Reset c-ravi ravi@mail.example")
	if strings.Contains(s.logged.String(), "nobody@mail") {
		t.Error("what strangers typed is in the log")
	}
}

// TestForgotPromisesNoMail that does not come: while the provider tries its mails out, or
// sends none, the page says so and names who helps, to everybody the same.
func TestForgotPromisesNoMail(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for name, change := range map[string][]string{
		"hold":      {`"delivery":{"mode":"Live"}`, `"delivery":{}`},
		"redirect":  {`"delivery":{"mode":"Live"}`, `"delivery":{"mode":"Redirect","redirectTo":"test@acme.example"}`},
		"no sender": {`"from":"Acme <billing@acme.example>"`, `"from":""`},
	} {
		t.Run(name, func(t *testing.T) {
			s.apply(t, change...)
			s.browser(t).get("/forgot").is(t, http.StatusOK).shows(t, "Acme Telecom does not send mails from this portal", "Ask for a new password", "help@acme.example").hides(t, "We send you a mail", "Send mail")
			for _, login := range []string{"dana", "nobody"} {
				s.browser(t).forgot(login).goesTo(t, "/forgot?done=sent")
			}
			s.browser(t).get("/forgot?done=sent").is(t, http.StatusOK).shows(t, "does not send mails from this portal", "Please write to help@acme.example or call +61 2 5550 0100.", "Back to sign-in").
				hides(t, "on its way", "spam", "The link in it works")
		})
	}
}

// TestNoInvitationIsPromised, nor the link to a new address, that does not come.
func TestNoInvitationIsPromised(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	for path, promised := range map[string]bool{
		"/portal-settings?done=invited": true, "/portal-settings?done=asked": true, "/preferences?done=asked": true, "/portal-settings?done=deleted": false, "/preferences": false,
	} {
		s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures)
		live := dana.get(path).is(t, http.StatusOK).hides(t, "No mail will come")
		s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures, `"delivery":{"mode":"Live"}`, `"delivery":{}`)
		held := dana.get(path).is(t, http.StatusOK)
		if !promised {
			held.hides(t, "No mail will come")
			continue
		}
		live.shows(t, "on its way")
		held.shows(t, "No mail will come Acme Telecom does not send mails from this portal").hides(t, "on its way")
	}
}

// TestNoFormPromisesAMail that does not come.
func TestNoFormPromisesAMail(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	for path, promise := range map[string]string{
		"/preferences/email": "We send a message with a link to the new address", "/portal-settings/contacts/new": "The contact gets an invitation by email",
	} {
		s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures)
		dana.get(path).is(t, http.StatusOK).shows(t, promise).hides(t, "No mail will come")
		s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures, `"delivery":{"mode":"Live"}`, `"delivery":{}`)
		dana.get(path).is(t, http.StatusOK).shows(t, "No mail will come").hides(t, promise)
	}
}

func TestForgotForm(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct{ login, sentence string }{
		{"", "This is needed."},
		{"   ", "This is needed."},
		{strings.Repeat("x", 255), "This is too long: at most 254 characters fit."},
		{strings.Repeat("x", 9000), "This is too long"},
		{"da\x00na", "There is a character in this that cannot be stored."},
		{"da\nna", "There is a character in this that cannot be stored."},
		{"da\xffna", "There is a character in this that cannot be stored."},
	} {
		a := s.browser(t).forgot(test.login).is(t, http.StatusUnprocessableEntity).shows(t, test.sentence)
		if !strings.Contains(a.body, `aria-invalid="true"`) {
			t.Errorf("%q: the field is not marked", test.login)
		}
	}
	s.browser(t).forgot(strings.Repeat("x", maxFormBytes)).is(t, http.StatusBadRequest)
	s.browser(t).do(http.MethodPost, "/forgot", url.Values{"login": {"dana"}}, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
}

// TestForgotIsThrottled the same for a user and for nobody, and makes nobody wait who signs
// in, or who asks from elsewhere.
func TestForgotIsThrottled(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for _, login := range []string{"dana", "nobody"} {
		b := s.browser(t)
		for range 4 {
			b.forgot(login).is(t, http.StatusSeeOther)
		}
		a := b.forgot(login).is(t, http.StatusTooManyRequests).shows(t, "There were too many attempts. Please wait 30 seconds")
		if a.header.Get("Retry-After") != "30" {
			t.Errorf("Retry-After %s", a.header.Get("Retry-After"))
		}
	}
	s.signedIn(t, "dana")
	elsewhere := s.browser(t)
	elsewhere.from = "198.51.100.7"
	elsewhere.forgot("dana").is(t, http.StatusSeeOther)
	s.clock.Advance(31 * time.Second)
	s.browser(t).forgot("dana").is(t, http.StatusSeeOther)
}

// TestForgotOfAUserOfSeveralAccounts: one mail, to the own verified address only.
func TestForgotOfAUserOfSeveralAccounts(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	also := person("c-dana2", "30001", "Dana", "Whitfield", "", false) // an account without portal
	also.Email = "accounts@porter.example"
	again := person("c-dana3", "20077", "Dana", "Whitfield", "", false)
	again.Email, again.Roles = "dana@menon.example", []string{"Primary"}
	s.contacts(t, also, again)
	s.browser(t).forgot("dana").is(t, http.StatusSeeOther)
	s.settle(t, "Reset c-dana dana@mail.example")
}

// TestForgotIsDoneBeforeTheEnd: what was answered is not lost when the pod ends.
func TestForgotIsDoneBeforeTheEnd(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	ended, end := context.WithCancel(t.Context())
	end()
	m := newMailer(s.portal.Options)
	for _, login := range []string{"dana", "nobody", "ravi"} {
		if !m.forgotten(forgotten{login: login, origin: store.Origin{Now: s.clock.Now()}}) {
			t.Fatal("no room")
		}
	}
	var running sync.WaitGroup
	running.Go(func() { m.run(ended) })
	running.Wait()
	if diff := cmp.Diff([]string{"Reset c-dana dana@mail.example", "Reset c-ravi ravi@mail.example"}, s.mails(t)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestForgotIsBounded(t *testing.T) {
	options := newSite(t).portal.Options
	options.Metrics = prometheus.NewRegistry()
	p := New(options) // nobody runs it, so nothing makes room
	for p.mailer.forgotten(forgotten{}) {
	}
	request := httptest.NewRequest(http.MethodPost, "https://my.acme.example/forgot", strings.NewReader("login=nobody"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	p.Handler(process.NewObserver(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), nil)).ServeHTTP(answer, request)
	if answer.Code != http.StatusServiceUnavailable {
		t.Errorf("status = %d, want 503", answer.Code)
	}
}

// TestStrangersKeepNobodyFromTheirLinks: however often a stranger asks, from however many
// networks, the links that are out still work, also one that was opened already, and a few
// mails are sent.
func TestStrangersKeepNobodyFromTheirLinks(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	invitation := s.send(t, store.LinkInvite, "c-olga")
	s.clock.Advance(time.Hour)
	olga := s.browser(t).openSetUp(invitation)
	dana := s.browser(t).openSetUp(s.send(t, store.LinkReset, "c-dana"))
	stranger := func(login string, i int) {
		b := s.browser(t)
		b.from = fmt.Sprintf("198.51.%d.7", i)
		b.forgot(login).goesTo(t, "/forgot?done=sent")
	}
	for i := range 10 {
		stranger("olga", i)
		stranger("dana", i)
		s.clock.Advance(time.Minute)
	}
	stranger("ravi", 1) // after all others
	s.settle(t, "Reset c-dana dana@mail.example", "Create c-olga olga@mail.example", "Reset c-dana dana@mail.example",
		"Create c-olga olga@mail.example", "Reset c-dana dana@mail.example", "Reset c-ravi ravi@mail.example")
	olga.do(http.MethodPost, "/set-up", choice("olga", newPassword)).goesTo(t, "/sign-in?note=created&login=olga")
	dana.do(http.MethodPost, "/set-up", choice("", newPassword)).goesTo(t, "/sign-in?note=reset&login=dana")
}

// TestALinkOfTheProviderVoidsThoseOfStrangers: the newest mail of who may send one counts.
func TestALinkOfTheProviderVoidsThoseOfStrangers(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.browser(t).forgot("dana").goesTo(t, "/forgot?done=sent")
	s.settle(t, "Reset c-dana dana@mail.example")
	s.send(t, store.LinkReset, "c-dana")
	pool := storetest.Pool(t, s.tenant.BackofficeURI)
	var open int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM credential_link WHERE voided_at IS NULL").Scan(&open); err != nil || open != 1 {
		t.Errorf("%d links are open, %v", open, err)
	}
}

// TestAnAnonymousRequestIsNobodys: the activity page does not say that the person asked.
func TestAnAnonymousRequestIsNobodys(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.browser(t).forgot("dana").goesTo(t, "/forgot?done=sent")
	s.settle(t, "Reset c-dana dana@mail.example")
	dana := s.signedIn(t, "dana")
	dana.get("/activity").is(t, http.StatusOK).shows(t, "Somebody Sent a link to reset a password")
}

// TestForgottenPasswordFromEndToEnd: who asked is told from where, and gets in again.
func TestForgottenPasswordFromEndToEnd(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.browser(t)
	b.do(http.MethodPost, "/forgot", url.Values{"login": {"dana"}}, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0").is(t, http.StatusSeeOther)
	s.settle(t, "Reset c-dana dana@mail.example")
	page, err := s.tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 10, Types: []string{"portal.passwordReset"}})
	if err != nil || len(page.Entries) != 1 {
		t.Fatal(page, err)
	}
	var data struct {
		Credential struct{ Username string }
		Origin     struct{ By, IP, Browser string }
	}
	if err := json.Unmarshal(page.Entries[0].Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Credential.Username != "dana" || data.Origin.By != "System" || data.Origin.IP != "203.0.113.7" || data.Origin.Browser != "Firefox on Linux" {
		t.Errorf("told %+v", data)
	}
	b.openSetUp("/credentials/" + s.token(t, store.LinkReset, page.Entries[0].Subject, 0))
	b.do(http.MethodPost, "/set-up", choice("", newPassword)).is(t, http.StatusSeeOther)
	b.signIn("dana", newPassword).goesTo(t, "/")
}
