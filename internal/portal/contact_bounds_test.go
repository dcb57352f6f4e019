package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// TestMailsOfAPersonAreBounded: to one address, whatever becomes of its contact.
func TestMailsOfAPersonAreBounded(t *testing.T) {
	s := newTeam(t)
	mia := s.signedIn(t, "mia")
	for range 6 {
		s.press(t, mia, "c-gus", "invite").is(t, http.StatusSeeOther)
	}
	s.press(t, mia, "c-gus", "invite").is(t, http.StatusUnprocessableEntity).shows(t, "Many messages were sent lately")
}

// TestUsernamesAreNotProbedWithoutEnd: the answer tells whose usernames there are.
func TestUsernamesAreNotProbedWithoutEnd(t *testing.T) {
	s := newTeam(t)
	tom := s.signedIn(t, "tom")
	for range 21 {
		tom.do("POST", "/security/username", url.Values{"username": {"ravi"}}).shows(t, "already taken")
	}
	tom.do("POST", "/security/username", url.Values{"username": {"ravi"}}).is(t, http.StatusUnprocessableEntity).shows(t, "There were too many attempts").hides(t, "already taken")
}

// TestAnOldFormReusesNoContact: the id of a contact that was deleted stays its own.
func TestAnOldFormReusesNoContact(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	form := newContactForm()
	dana.do("POST", "/portal-settings/contacts/new", form).goesTo(t, "/portal-settings?done=added")
	id := form.Get("id")
	s.press(t, dana, id, "delete").goesTo(t, "/portal-settings?done=deleted")
	form.Set("email", "other@mail.example")
	dana.do("POST", "/portal-settings/contacts/new", form).goesTo(t, "/portal-settings?done=added")
	if got := s.rows(t, "SELECT id FROM contact WHERE email = 'other@mail.example'"); len(got) != 1 || got[0] == id {
		t.Errorf("the new contact is %s", fmt.Sprint(got))
	}
}
