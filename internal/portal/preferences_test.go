package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// own is the form of a person's own preferences as the page shows it.
func (s team) own(t *testing.T, id string, pairs ...string) url.Values {
	t.Helper()
	c := s.row(t, id)
	form := url.Values{"version": {fmt.Sprint(c.Version)}, "firstName": {c.FirstName}, "lastName": {c.LastName}, "phone": {c.Phone},
		"categories": {"General", "Invoice", "Product", "Support"}}
	for _, seen := range (&visit{}).ownTerms(&c) {
		form.Set("seen-"+seen.Title, seen.Value)
	}
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = []string{pairs[i+1]}
	}
	return form
}

func (s team) ownEmail(t *testing.T, b *browser, id, email string) answer {
	t.Helper()
	return b.do("POST", "/preferences/email", url.Values{"version": {fmt.Sprint(s.row(t, id).Version)}, "email": {email}})
}

func TestPreferences(t *testing.T) {
	s := newTeam(t)
	tom := s.signedIn(t, "tom")
	tom.get("/preferences").is(t, http.StatusOK).shows(t, "Preferences", "tom@mail.example", "confirmed", "Messages that I want", "These messages always come").hides(t, "Switch account")
	tom.do("POST", "/preferences", s.own(t, "c-tom", "firstName", "Thomas", "phone", "+61 3 1", "categories", "Invoice")).goesTo(t, "/preferences?done=saved")
	tom.get("/preferences?done=saved").shows(t, "Your changes are saved.", "Thomas Reed")
	got := s.row(t, "c-tom")
	if diff := cmp.Diff([]any{"Thomas", "+61 3 1", []string{"General", "Product", "Support"}, []settings.Feature{settings.ViewServices}, "tom@mail.example"},
		[]any{got.FirstName, got.Phone, got.OptedOut, got.Grants, got.Email}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	crafted := s.own(t, "c-tom", "grants", "PayInvoices", "roles", "Primary", "email", "x@evil.example", "access", "Disabled", "owner", "true", "firstName", "Tom")
	tom.do("POST", "/preferences", crafted).goesTo(t, "/preferences?done=saved")
	if got := s.row(t, "c-tom"); len(got.Roles) > 0 || got.Owner || got.Email != "tom@mail.example" || len(got.Grants) != 1 || got.FirstName != "Tom" {
		t.Errorf("more than the form has was written: %+v", got)
	}
}

// TestOwnEmail: a new address of one's own waits until its holder confirms it, and is that
// of the sign-in then. Every step by GET changes nothing.
func TestOwnEmail(t *testing.T) {
	s := newTeam(t)
	tom := s.signedIn(t, "tom")
	tom.get("/preferences/email").is(t, http.StatusOK).shows(t, "Your address now is tom@mail.example.", "You sign in, and reset your password, with the same address.")
	s.ownEmail(t, tom, "c-tom", "tom@mail.example").is(t, http.StatusUnprocessableEntity).shows(t, "That is your address already.")
	s.ownEmail(t, tom, "c-tom", "mia@mail.example").is(t, http.StatusUnprocessableEntity).shows(t, "Mia Lund has this address already.")
	s.ownEmail(t, tom, "c-tom", "tom@new.example").goesTo(t, "/preferences?done=asked")
	tom.get("/preferences").shows(t, "tom@mail.example", "tom@new.example is to be confirmed")
	if diff := cmp.Diff([]string{"contact.verifyEmail", "portal.credentialsChanged Email"}, s.events(t)); diff != "" {
		t.Errorf("the old address is told (-want +got):\n%s", diff)
	}
	first := s.link(t, "contact.verifyEmail", store.LinkVerifyEmail, "/verify/")
	s.clock.Advance(time.Minute)
	s.ownEmail(t, tom, "c-tom", "tom@newer.example").goesTo(t, "/preferences?done=asked")
	second := s.link(t, "contact.verifyEmail", store.LinkVerifyEmail, "/verify/")
	mail := s.browser(t)
	for range 2 {
		mail.do("HEAD", second, nil).is(t, http.StatusOK)
		mail.get(second).is(t, http.StatusOK).shows(t, "Confirm your email address", "tom@newer.example")
	}
	for _, dead := range []string{first, second[:len(second)-1], second + "A", "/verify/x", strings.Replace(second, "/verify/", "/credentials/", 1)} {
		if a := mail.get(dead); a.status != http.StatusGone && a.status != http.StatusNotFound {
			t.Errorf("GET %s answers %d", dead, a.status)
		}
		if a := mail.do("POST", dead, nil); a.status != http.StatusGone && a.status != http.StatusNotFound {
			t.Errorf("POST %s answers %d", dead, a.status)
		}
	}
	if got := s.row(t, "c-tom"); got.Email != "tom@mail.example" || got.User.Email != "tom@mail.example" {
		t.Errorf("before it is confirmed: %+v %+v", got, got.User)
	}
	mail.do("POST", second, nil).goesTo(t, second)
	mail.get(second).is(t, http.StatusOK).shows(t, "Your address is confirmed", "tom@newer.example")
	mail.do("POST", second, nil).is(t, http.StatusGone)
	got := s.row(t, "c-tom")
	if diff := cmp.Diff([]any{"tom@newer.example", "", "tom@newer.example", true}, []any{got.Email, got.PendingEmail, got.User.Email, got.User.EmailVerified}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.browser(t).signIn("tom@newer.example", password).is(t, http.StatusSeeOther)
	tom.get("/preferences").is(t, http.StatusOK).shows(t, "tom@newer.example", "confirmed")
	s.signedIn(t, "dana").get("/activity").shows(t, "Confirmed an email address", "Asked for another email address")
}

// TestOwnEmailThatIsPrimary: who has the role Primary without being the owner cannot move
// where the owner's links go.
func TestOwnEmailThatIsPrimary(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-tom", func(c *store.Contact) { c.Roles = []string{"Primary"} })
	tom := s.signedIn(t, "tom")
	tom.get("/preferences/email").is(t, http.StatusOK).shows(t, "Only the owner changes this address")
	s.ownEmail(t, tom, "c-tom", "tom@evil.example").is(t, http.StatusUnprocessableEntity).shows(t, "Only the owner changes this address")
	if got := s.row(t, "c-tom"); got.PendingEmail != "" || len(s.events(t)) > 0 {
		t.Errorf("tom is %+v", got)
	}
	dana := s.signedIn(t, "dana")
	s.ownEmail(t, dana, "c-dana", "dana@new.example").goesTo(t, "/preferences?done=asked")
	dana.get("/preferences/email").shows(t, "A new address is to be confirmed", "Send the message again")
	link := s.link(t, "contact.verifyEmail", store.LinkVerifyEmail, "/verify/")
	dana.do("POST", "/preferences/email/drop", url.Values{"version": {fmt.Sprint(s.row(t, "c-dana").Version)}}).goesTo(t, "/preferences?done=stopped")
	s.browser(t).do("POST", link, nil).is(t, http.StatusGone)
	if got := s.row(t, "c-dana"); got.Email != "dana@mail.example" || got.PendingEmail != "" {
		t.Errorf("dana is %+v", got)
	}
}

// TestUnconfirmedSignIn: who never confirmed their address can do so.
func TestUnconfirmedSignIn(t *testing.T) {
	s := newTeam(t)
	sam := s.signedIn(t, "sam")
	sam.get("/preferences").shows(t, "not confirmed")
	s.ownEmail(t, sam, "c-sam", "sam@mail.example").goesTo(t, "/preferences?done=asked")
	if diff := cmp.Diff([]string{"contact.verifyEmail"}, s.events(t)); diff != "" {
		t.Errorf("nothing changes, so there is no notice (-want +got):\n%s", diff)
	}
	link := s.link(t, "contact.verifyEmail", store.LinkVerifyEmail, "/verify/")
	s.browser(t).do("POST", link, nil).goesTo(t, link)
	sam.get("/preferences").hides(t, "not confirmed")
	if got := s.row(t, "c-sam"); !got.User.EmailVerified {
		t.Error("the address is not verified")
	}
}

// TestSwitchAccount: a person of several accounts moves between those with a portal, and
// the session's secret with it.
func TestSwitchAccount(t *testing.T) {
	s := newTeam(t)
	tom := s.row(t, "c-tom")
	for account, contact := range map[string]string{"20077": "c-tom-2", "30001": "c-tom-3"} {
		second := store.Contact{Row: store.Row{ID: contact, AccountID: account}, FirstName: "Tom", Access: store.AccessActive, User: tom.User,
			Grants: []settings.Feature{settings.ViewInvoices}}
		s.contacts(t, second)
	}
	b := s.signedIn(t, "tom")
	b.get("/").is(t, http.StatusOK).shows(t, "Harbour Lane Coffee", "Switch account")
	page := b.get("/accounts").is(t, http.StatusOK)
	page.shows(t, "Your accounts", "You are here", "Ravi Menon", "Open to you: Invoices", "Porter Ltd", "The portal is switched off for this account.")
	old := requestCookie(t, b, sessionCookie)
	for _, contact := range []string{"c-tom-3", "c-ravi", "c-mia", "", "\x00"} {
		b.do("POST", "/switch-account", url.Values{"contact": {contact}}).is(t, http.StatusUnprocessableEntity).shows(t, "You are still where you were")
	}
	b.do("POST", "/switch-account", url.Values{"contact": {"c-tom-2"}}, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	b.do("POST", "/switch-account", url.Values{"contact": {"c-tom-2"}}).goesTo(t, "/")
	b.get("/invoices").is(t, http.StatusOK).shows(t, "Ravi Menon")
	b.get("/services").is(t, http.StatusForbidden)
	fixed := s.browser(t)
	fixed.do("GET", "/", nil, "Cookie", sessionCookie+"="+old).is(t, http.StatusSeeOther)
	s.signedIn(t, "ravi").get("/preferences").is(t, http.StatusOK).hides(t, "/accounts")
	if got := s.rows(t, "SELECT account_id FROM audit WHERE action = 'switchedAccount'"); !cmp.Equal(got, []string{"20077"}) {
		t.Errorf("audit %v", got)
	}
}
