package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func TestInvitation(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	nell := nobody("c-nell", "10042", "Nell")
	nell.Grants = []settings.Feature{settings.ViewInvoices}
	s.contacts(t, nell)
	path := s.send(t, store.LinkInvite, "c-nell")
	if !strings.HasPrefix(path, "/invitation/") {
		t.Fatal(path)
	}
	b := s.browser(t)
	b.get(path).is(t, http.StatusOK).shows(t, "You are invited", "Robin Miller invites you to the portal of Acme Telecom.", "Harbour Lane Coffee")
	b.openSetUp(path)
	b.get("/set-up").is(t, http.StatusOK).shows(t, "Do you have a sign-in already?")
	b.do(http.MethodPost, "/set-up", choice("nell", newPassword)).goesTo(t, "/sign-in?note=created&login=nell")
	b.signIn("nell", newPassword).goesTo(t, "/")
	b.get("/invoices").is(t, http.StatusOK)
}

// TestInvitationOfSomebodyWithASignIn: they sign in on the way and confirm, and have one
// user in two accounts.
func TestInvitationOfSomebodyWithASignIn(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	b := s.browser(t).openSetUp(s.send(t, store.LinkInvite, "c-nell"))
	b.get("/set-up/join").goesTo(t, "/sign-in?next=%2Fset-up%2Fjoin")
	b.do(http.MethodPost, "/sign-in", url.Values{"login": {"ravi"}, "password": {password}, "next": {"/set-up/join"}}).goesTo(t, "/set-up/join")
	b.get("/set-up/join").is(t, http.StatusOK).shows(t, "You are signed in as ravi. Do you want to use this sign-in for Harbour Lane Coffee too?")
	b.do(http.MethodPost, "/set-up/join", nil, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	b.do(http.MethodPost, "/set-up/join", nil).goesTo(t, "/set-up/joined")
	b.get("/set-up/joined").is(t, http.StatusOK).shows(t, "Invitation accepted")
	b.get("/").is(t, http.StatusOK).shows(t, "Ravi Menon")
	user, err := s.tenant.Portal.SignInUser(t.Context(), "ravi")
	if err != nil || len(user.Contacts) != 2 {
		t.Errorf("ravi has %v, %v", user.Contacts, err)
	}
	b.do(http.MethodPost, "/set-up/join", nil).is(t, http.StatusGone).shows(t, "The invitation is not open any more")
	b.get("/set-up").goesTo(t, "/sign-in?note=set-up-over")
}

func TestInvitationsThatCannotBeAccepted(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.contacts(t, nobody("c-nell", "10042", "Nell"))
	b := s.signedIn(t, "dana")
	b.get("/set-up/join").is(t, http.StatusGone)
	b.openSetUp(s.send(t, store.LinkInvite, "c-nell"))
	b.do(http.MethodPost, "/set-up/join", nil).is(t, http.StatusUnprocessableEntity).
		shows(t, "Nothing was changed", "Your sign-in dana belongs to Harbour Lane Coffee already.")
	b.get("/set-up").is(t, http.StatusOK) // another sign-in can still be created

	reset := s.signedIn(t, "ravi").openSetUp(s.send(t, store.LinkReset, "c-june"))
	reset.do(http.MethodPost, "/set-up/join", nil).is(t, http.StatusGone) // it is june's, and a reset

	named := s.signedIn(t, "ravi").openSetUp(s.send(t, store.LinkInvite, "c-olga"))
	named.do(http.MethodPost, "/set-up/join", nil).is(t, http.StatusGone) // olga has a username of her own

	late := s.signedIn(t, "ravi").openSetUp(s.send(t, store.LinkInvite, "c-nell"))
	s.clock.Advance(store.SetUpLifetime - time.Second)
	late.do(http.MethodPost, "/set-up/join", nil).goesTo(t, "/set-up/joined")
}
