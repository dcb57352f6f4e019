package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// newNeighbour is the site of another tenant, with people of the same names and ids and
// keys of its own.
func newNeighbour(t *testing.T) *site {
	t.Helper()
	other := newSiteOn(t, storetest.New(t, server))
	other.keys = testKeys(t, 'o')
	other.seed(t)
	return other
}

// TestTakeoverByLinksOfAnotherTenant: whoever runs one tenant makes links of every purpose
// for people with the ids of another's, and opens them there. The addresses of the two
// tenants differ in nothing but the key.
func TestTakeoverByLinksOfAnotherTenant(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	other := newNeighbour(t)
	before := s.column(t, "SELECT concat_ws(' ', id, username, email, password_hash) FROM app_user ORDER BY id")
	links := map[string]string{
		"create": other.send(t, store.LinkCreate, "c-olga"),
		"reset":  other.send(t, store.LinkReset, "c-dana"),
	}
	for name, path := range links {
		b := s.browser(t)
		b.get(path).is(t, http.StatusNotFound).shows(t, "This link does not work")
		b.do(http.MethodPost, path, nil).is(t, http.StatusNotFound)
		b.do(http.MethodPost, "/set-up", choice("mine", newPassword)).is(t, http.StatusSeeOther)
		if b.cookie(sessionCookie)+b.cookie(ceremonyCookie(store.CeremonySetUp)) != "" {
			t.Errorf("%s: the browser was given something by a link of another tenant", name)
		}
	}
	// A link of this tenant's own that was signed by the other's key: only the key tells.
	for purpose, contact := range map[store.LinkPurpose]string{store.LinkCreate: "c-olga", store.LinkReset: "c-dana"} {
		own := s.send(t, purpose, contact)
		id, address, ok := s.keys.OpenLinkToken(purpose, strings.TrimPrefix(own, "/credentials/"))
		if !ok {
			t.Fatal("the token of a link cannot be read")
		}
		forged, err := other.keys.LinkToken(purpose, id, address)
		if err != nil {
			t.Fatal(err)
		}
		s.browser(t).do(http.MethodPost, "/credentials/"+forged, nil).is(t, http.StatusNotFound)
		s.browser(t).get(own).is(t, http.StatusOK) // and it spent nothing
	}
	if diff := cmp.Diff(before, s.column(t, "SELECT concat_ws(' ', id, username, email, password_hash) FROM app_user ORDER BY id")); diff != "" {
		t.Errorf("somebody's sign-in was changed (-before +after):\n%s", diff)
	}
}

// TestTakeoverBySessionOfAnotherTenant: a session, and a set-up that was begun, are nothing
// at another tenant's portal.
func TestTakeoverBySessionOfAnotherTenant(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	other := newNeighbour(t)
	there := other.signedIn(t, "dana")
	begun := other.browser(t).openSetUp(other.send(t, store.LinkCreate, "c-olga"))
	setUp := ceremonyCookie(store.CeremonySetUp)
	here := s.browser(t)
	here.plant(sessionCookie, there.cookie(sessionCookie))
	here.plant(deviceCookie, there.cookie(deviceCookie))
	here.plant(setUp, begun.cookie(setUp))
	for _, path := range []string{"/invoices", "/portal-settings", "/security", "/accounts"} {
		if got := here.get(path).is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
			t.Errorf("%s goes to %q", path, got)
		}
	}
	if got := here.do(http.MethodPost, "/set-up", choice("olga", newPassword)).is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
		t.Errorf("a set-up of another tenant goes to %q", got)
	}
	there.get("/").is(t, http.StatusOK) // where it belongs, it still is one
}

// TestTakeoverBySessionFixation: somebody plants secrets in another's browser before that
// person signs in: their own, made-up ones, and one that will be a session later. After the
// sign-in none of them opens anything of that person's.
func TestTakeoverBySessionFixation(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	madeUp := strings.Repeat("A", len(s.signedIn(t, "sam").cookie(sessionCookie)))
	for name, planted := range map[string]string{
		"their own session": s.signedIn(t, "ravi").cookie(sessionCookie),
		"a made-up secret":  madeUp,
		"no secret at all":  "",
	} {
		victim := s.browser(t)
		victim.plant(sessionCookie, planted)
		victim.signIn("dana", password).goesTo(t, "/")
		if victim.cookie(sessionCookie) == planted {
			t.Errorf("%s: the session has the secret that was planted", name)
		}
		attacker := s.browser(t)
		attacker.plant(sessionCookie, planted)
		if got := attacker.get("/").is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
			t.Errorf("%s: the secret that was planted opens %q", name, got)
		}
		victim.get("/").is(t, http.StatusOK).shows(t, "Hello, Dana")
	}
}

// TestTakeoverBySecretInTheAddress: a session is taken from its cookie and from nothing else
// that a link could carry.
func TestTakeoverBySecretInTheAddress(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	secret := s.signedIn(t, "ravi").cookie(sessionCookie)
	b := s.browser(t)
	query := url.Values{sessionCookie: {secret}, "session": {secret}, "token": {secret}}
	for name, a := range map[string]answer{
		"query":  b.get("/?" + query.Encode()),
		"form":   b.do(http.MethodPost, "/preferences", query),
		"bearer": b.do(http.MethodGet, "/", nil, "Authorization", "Bearer "+secret),
	} {
		if got := a.is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
			t.Errorf("by %s: goes to %q", name, got)
		}
	}
}
