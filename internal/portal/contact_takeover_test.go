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

// resetGoesTo asks for a new password of a login and says to which addresses the link goes.
func (s team) resetGoesTo(t *testing.T, login string) string {
	t.Helper()
	before := len(s.rows(t, "SELECT id::text FROM credential_link WHERE purpose = 'Reset'"))
	s.browser(t).do("POST", "/forgot", url.Values{"login": {login}}).is(t, http.StatusSeeOther)
	var addresses []string
	eventually(t, "the link is made", func() bool {
		addresses = s.rows(t, "SELECT array_to_string(addresses, ' ') FROM credential_link WHERE purpose = 'Reset' ORDER BY created_at, expires_at")
		return len(addresses) > before
	})
	return s.rows(t, "SELECT array_to_string(l.addresses, ' ') FROM credential_link l JOIN event e ON e.subject = l.id::text WHERE l.purpose = 'Reset' ORDER BY e.position DESC LIMIT 1")[0]
}

// TestTakeoverByPrimaryEmail: changing the primary email to one's own, and resetting the
// owner's password.
func TestTakeoverByPrimaryEmail(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Roles = []string{"Primary"} })
	mia := s.signedIn(t, "mia")
	for id, sentence := range map[string]string{"c-dana": "This is the owner of the account", "c-gus": "only the owner decides who that is"} {
		mia.do("POST", editPath(id), s.sent(t, id, "email", "mia@evil.example")).is(t, http.StatusUnprocessableEntity).shows(t, sentence)
	}
	s.press(t, mia, "c-gus", "disable").is(t, http.StatusUnprocessableEntity)
	s.press(t, mia, "c-gus", "delete").is(t, http.StatusUnprocessableEntity)
	mia.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "roles", "Billing", "phone", "123")).goesTo(t, "/portal-settings?done=saved")
	if got := s.row(t, "c-gus"); !cmp.Equal(got.Roles, []string{"Billing", "Primary"}) {
		t.Errorf("the role was taken away: %v", got.Roles)
	}
	// The owner's own wish waits for the holder of the new address; until then, and by a
	// link that was not opened, nothing is reset by it.
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Roles = nil })
	dana := s.signedIn(t, "dana")
	dana.do("POST", editPath("c-dana"), s.sent(t, "c-dana", "email", "dana@new.example")).goesTo(t, "/portal-settings?done=asked")
	if got := s.resetGoesTo(t, "dana"); got != "dana@mail.example" {
		t.Errorf("before it is confirmed, the link goes to %s", got)
	}
	if got := s.events(t); !cmp.Equal(got[:2], []string{"contact.verifyEmail", "portal.credentialsChanged Email"}) {
		t.Errorf("events %v", got)
	}
	link := s.link(t, "contact.verifyEmail", store.LinkVerifyEmail, "/verify/")
	s.browser(t).do("POST", link, nil).goesTo(t, link)
	s.clock.Advance(time.Hour)
	if got := s.resetGoesTo(t, "dana"); got != "dana@new.example" {
		t.Errorf("after it is confirmed, the link goes to %s", got)
	}
}

// TestTakeoverByRolePrimary: giving oneself the role Primary, and resetting the owner.
func TestTakeoverByRolePrimary(t *testing.T) {
	s := newTeam(t)
	mia := s.signedIn(t, "mia")
	mia.do("POST", editPath("c-mia"), s.sent(t, "c-mia", "roles", "Primary")).is(t, http.StatusUnprocessableEntity).shows(t, "Links that reset the owner's password go to the primary contact")
	mia.do("POST", "/portal-settings/contacts/new", newContactForm("roles", "Primary")).is(t, http.StatusUnprocessableEntity).shows(t, "So only the owner decides")
	if got := s.resetGoesTo(t, "dana"); got != "dana@mail.example" {
		t.Errorf("the link goes to %s", got)
	}
}

// TestTakeoverByInvitation: a manager of contacts re-invites a contact that has a sign-in,
// or one that may do more than they, to an address of their own.
func TestTakeoverByInvitation(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Grants = []settings.Feature{settings.PayInvoices} })
	s.changeByProvider(t, "c-sam", func(c *store.Contact) { c.Grants = nil })
	mia, dana := s.signedIn(t, "mia"), s.signedIn(t, "dana")
	s.press(t, dana, "c-tom", "invite").is(t, http.StatusUnprocessableEntity).shows(t, "This contact signs in already")
	for _, id := range []string{"c-sam", "c-tom"} {
		s.press(t, mia, id, "invite").is(t, http.StatusUnprocessableEntity)
		mia.do("POST", editPath(id), s.sent(t, id, "email", "mia@evil.example")).is(t, http.StatusUnprocessableEntity)
	}
	s.press(t, mia, "c-gus", "enable").is(t, http.StatusUnprocessableEntity).shows(t, "may do more than you")
	mia.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "email", "mia@evil.example")).is(t, http.StatusUnprocessableEntity).shows(t, "may do more than you")
	if got := s.rows(t, "SELECT id::text FROM credential_link"); len(got) > 0 {
		t.Errorf("%d links were sent", len(got))
	}
}

// TestTakeoverOfAnotherAccount: editing another account's contact by its id is a 404.
func TestTakeoverOfAnotherAccount(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	for _, id := range []string{"c-ravi", "c-nobody", "%00", "..%2Fc-gus"} {
		for _, path := range []string{"", "/delete"} {
			dana.get(editPath(id)+path).is(t, http.StatusNotFound)
		}
		form := s.sent(t, "c-gus")
		for _, path := range []string{"", "/delete", "/enable", "/disable", "/invite", "/email", "/email/drop"} {
			if a := dana.do("POST", editPath(id)+path, form); a.status != http.StatusNotFound && a.status != http.StatusConflict || strings.Contains(a.body, "Ravi") {
				t.Errorf("POST %s%s answers %d", id, path, a.status)
			}
		}
	}
	form := newContactForm()
	form.Set("id", "c-ravi")
	dana.do("POST", "/portal-settings/contacts/new", form).is(t, http.StatusBadRequest)
	dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "where", "Some", "sites", "ravis", "grants", "ViewInvoices")).
		is(t, http.StatusUnprocessableEntity).shows(t, "One of these sites is not there any more")
	if got := s.row(t, "c-ravi"); got.Version != 1 || !got.Owner {
		t.Errorf("ravi is %+v", got)
	}
}

// TestTakeoverByDisablingTheOwner: nobody does, the owner included.
func TestTakeoverByDisablingTheOwner(t *testing.T) {
	s := newTeam(t)
	for name, sentence := range map[string]string{"mia": "This is the owner of the account", "dana": "The owner keeps access to everything"} {
		b := s.signedIn(t, name)
		for _, button := range []string{"disable", "delete"} {
			s.press(t, b, "c-dana", button).is(t, http.StatusUnprocessableEntity).shows(t, sentence)
		}
		s.press(t, b, "c-dana", "invite").is(t, http.StatusUnprocessableEntity)
	}
	if got := s.row(t, "c-dana"); !got.Owner || got.Access != store.AccessActive {
		t.Errorf("dana is %+v", got)
	}
}

// TestNobodyGrantsWhatTheyLackByForm: crafted forms are refused whole, with a sentence.
func TestNobodyGrantsWhatTheyLackByForm(t *testing.T) {
	s := newTeam(t)
	mia := s.signedIn(t, "mia")
	page := mia.get(editPath("c-tom")).is(t, http.StatusOK)
	for _, fixed := range []string{"grants-ViewServices", "grants-PayInvoices", "roles-Primary"} {
		_, rest, _ := strings.Cut(page.body, `id="`+fixed+`"`)
		if tag, _, _ := strings.Cut(rest, ">"); !strings.Contains(tag, "disabled") {
			t.Errorf("%s can be ticked: %s", fixed, tag)
		}
	}
	for name, test := range map[string]struct {
		id, sentence string
		pairs        []string
	}{
		"a feature that mia lacks":          {"c-tom", "You can only give or take away", []string{"grants", "ViewServices PayInvoices", "firstName", "Thomas"}},
		"a feature that there is not":       {"c-tom", "is not part of your portal", []string{"grants", "ViewServices ViewSecrets", "firstName", "Thomas"}},
		"a feature of no profile":           {"c-tom", "is not part of your portal", []string{"grants", "ViewServices ViewEmails", "firstName", "Thomas"}},
		"a preset that mia lacks":           {"c-tom", "Please choose one of the list", []string{"preset", "Billing", "firstName", "Thomas"}},
		"the preset of the owner":           {"c-tom", "Please choose one of the list", []string{"preset", "Owner", "firstName", "Thomas"}},
		"where somebody has what mia lacks": {"c-tom", "You can only give or take away", []string{"where", "Some", "sites", "barn", "firstName", "Thomas"}},
		"mia's own rights":                  {"c-mia", "is decided by somebody else", []string{"grants", "ManageContacts ViewInvoices PayInvoices", "firstName", "Thomas"}},
		"mia's own rights by a preset":      {"c-mia", "is decided by somebody else", []string{"grants", "", "sites", "barn", "firstName", "Thomas"}},
		"a role that there is not":          {"c-tom", "Please choose one of the list", []string{"roles", "Boss", "firstName", "Thomas"}},
		"messages of security switched off": {"c-tom", "Please choose one of the list", []string{"categories", "Security", "firstName", "Thomas"}},
	} {
		before := s.row(t, test.id)
		mia.do("POST", editPath(test.id), s.sent(t, test.id, test.pairs...)).is(t, http.StatusUnprocessableEntity).shows(t, test.sentence)
		if diff := cmp.Diff(before, s.row(t, test.id)); diff != "" {
			t.Errorf("%s changed something (-want +got):\n%s", name, diff)
		}
	}
	// What mia was shown as fixed is not sent by a browser, and stays.
	mia.do("POST", editPath("c-tom"), s.sent(t, "c-tom", "grants", "ViewInvoices")).goesTo(t, "/portal-settings?done=saved")
	if diff := cmp.Diff([]settings.Feature{settings.ViewInvoices, settings.ViewServices}, s.row(t, "c-tom").Grants); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.press(t, mia, "c-mia", "disable").is(t, http.StatusUnprocessableEntity).shows(t, "You cannot switch yourself off")
	s.press(t, mia, "c-mia", "delete").is(t, http.StatusUnprocessableEntity).shows(t, "You cannot switch yourself off")
}

// TestManagerOfOneSite grants at that site only.
func TestManagerOfOneSite(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-mia", func(c *store.Contact) { c.Sites = []string{"barn"} })
	mia := s.signedIn(t, "mia")
	for name, pairs := range map[string][]string{
		"everywhere":      {"grants", "ViewInvoices", "where", "All"},
		"at another site": {"grants", "ViewInvoices", "where", "Some", "sites", "shop"},
		"nowhere":         {"grants", "ViewInvoices", "where", "Some"},
	} {
		mia.do("POST", "/portal-settings/contacts/new", newContactForm(pairs...)).is(t, http.StatusUnprocessableEntity)
		if got := s.rows(t, "SELECT id FROM contact WHERE email = 'nia@mail.example'"); len(got) > 0 {
			t.Errorf("%s was taken", name)
		}
	}
	page := mia.get("/portal-settings/contacts/new").is(t, http.StatusOK)
	page.hides(t, "sites-shop", "where-All")
	form := newContactForm("grants", "ViewInvoices", "where", "Some", "sites", "barn")
	mia.do("POST", "/portal-settings/contacts/new", form).goesTo(t, "/portal-settings?done=added")
	if got := s.row(t, form.Get("id")); !cmp.Equal(got.Sites, []string{"barn"}) {
		t.Errorf("added %+v", got)
	}
}

// TestOwnersSensitiveChangesAreRecent: who signed in a while ago proves again who they are.
func TestOwnersSensitiveChangesAreRecent(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Roles = []string{"Primary"} })
	dana := s.signedIn(t, "dana")
	s.clock.Advance(20 * time.Minute)
	confirms := func(a answer) {
		t.Helper()
		if got := a.is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/confirm?next=") {
			t.Errorf("Location = %s", got)
		}
	}
	for _, path := range []string{editPath("c-gus"), "/portal-settings/contacts/new", editPath("c-gus") + "/delete", "/portal-settings/owner", "/preferences/email"} {
		confirms(dana.get(path))
	}
	dana.get(editPath("c-tom")+"/delete").is(t, http.StatusOK)
	for i := range 3 { // the session is used, so that it does not end by being idle
		s.clock.Advance(15 * time.Minute)
		dana.get(fmt.Sprintf("/portal-settings?n=%d", i)).is(t, http.StatusOK)
	}
	confirms(s.press(t, dana, "c-gus", "disable"))
	confirms(s.press(t, dana, "c-gus", "delete"))
	confirms(dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "roles", "Billing")))
	confirms(dana.do("POST", editPath("c-tom"), s.sent(t, "c-tom", "email", "tom@new.example")))
	s.press(t, dana, "c-tom", "disable").goesTo(t, "/portal-settings?done=disabled")
	if got := s.row(t, "c-gus"); got.Access != store.AccessActive || !cmp.Equal(got.Roles, []string{"Primary"}) {
		t.Errorf("gus is %+v", got)
	}
}
