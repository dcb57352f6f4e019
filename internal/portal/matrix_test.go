package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// openRoutes lists every route that asks for no feature, with whom it is for. It is
// written by hand: a new route either declares its feature, or somebody adds it here and
// so says that it is for all of them.
var openRoutes = map[audience][]string{
	everybody: {
		"GET /assets/", "GET /credentials/{token}", "POST /credentials/{token}", "GET /forgot", "POST /forgot",
		"GET /invitation/{token}", "POST /invitation/{token}", "GET /set-up", "POST /set-up",
		"GET /sign-in", "POST /sign-in", "GET /sign-in/enrol", "POST /sign-in/enrol", "GET /sign-in/passkey", "POST /sign-in/passkey",
		"POST /sign-in/passkey/answer", "GET /sign-in/second-factor", "POST /sign-in/second-factor", "POST /sign-out",
		"GET /unsubscribe/{token}", "POST /unsubscribe/{token}", "GET /verify/{token}", "POST /verify/{token}",
	},
	signedIn: {"/", "GET /accounts", "POST /switch-account"},
	customer: {
		"GET /{$}", "POST /banners/{id}/close", "GET /confirm", "POST /confirm", "GET /confirm/passkey", "POST /confirm/passkey", "POST /confirm/passkey/answer",
		"GET /preferences", "POST /preferences", "GET /preferences/email", "POST /preferences/email", "POST /preferences/email/drop",
		"GET /security", "GET /security/authenticator", "POST /security/authenticator", "POST /security/authenticator/confirm",
		"GET /security/authenticator/remove", "POST /security/authenticator/remove", "POST /security/passkeys",
		"GET /security/passkeys/new", "POST /security/passkeys/new", "GET /security/passkeys/{id}", "POST /security/passkeys/{id}",
		"POST /security/passkeys/{id}/remove", "GET /security/password", "POST /security/password",
		"GET /security/recovery-codes", "POST /security/recovery-codes", "GET /security/username", "POST /security/username",
		"GET /sessions", "POST /sessions/end", "POST /sessions/end-others",
		"GET /set-up/join", "POST /set-up/join", "GET /set-up/joined",
	},
}

// TestEveryRouteDeclaresWhoItIsFor: a feature of the registry, or an audience; not both,
// and nothing is left to the zero value.
func TestEveryRouteDeclaresWhoItIsFor(t *testing.T) {
	got := map[audience][]string{}
	for _, r := range (&Portal{}).routes() {
		_, known := settings.LookupFeature(r.feature)
		_, knownPage := settings.LookupFeature(r.within)
		switch {
		case r.within != "" && (r.feature == "" || r.within == r.feature || !knownPage):
			t.Errorf("%s is declared to be a part of a page of %q, and to be of %q", r.pattern, r.within, r.feature)
		case r.feature == "" && r.open == "":
			t.Errorf("%s declares neither a feature nor an audience", r.pattern)
		case r.feature != "" && (!known || r.open != ""):
			t.Errorf("%s declares feature %q and audience %q: one of the two, and a feature that there is", r.pattern, r.feature, r.open)
		case r.feature == "":
			got[r.open] = append(got[r.open], r.pattern)
		}
	}
	for _, list := range []map[audience][]string{got, openRoutes} {
		for _, patterns := range list {
			slices.Sort(patterns)
		}
	}
	if diff := cmp.Diff(openRoutes, got); diff != "" {
		t.Errorf("routes without a feature (-listed by hand +declared):\n%s", diff)
	}
}

// grant is what the person of the matrix was given.
type grant struct {
	name     string
	owner    bool
	features []settings.Feature
}

// grantsOf are the kinds of people that a feature is decided for.
func grantsOf(f settings.Feature) []grant {
	var others []settings.Feature
	for _, info := range settings.FeatureRegistry() {
		if info.Feature != f {
			others = append(others, info.Feature)
		}
	}
	list := []grant{
		{name: "owner", owner: true},
		{name: "granted", features: []settings.Feature{f}},
		{name: "granted all others", features: others},
		{name: "granted nothing"},
	}
	for _, preset := range settings.Presets() {
		list = append(list, grant{name: "preset " + string(preset), features: settings.ExpandPresets([]settings.Feature{preset})})
	}
	return list
}

// matrixProfile is what the profile of the account has.
type matrixProfile struct {
	name     string
	features []settings.Feature
}

func profilesOf(f settings.Feature) []matrixProfile {
	var all, others []settings.Feature
	for _, info := range settings.FeatureRegistry() {
		all = append(all, info.Feature)
		if info.Feature != f {
			others = append(others, info.Feature)
		}
	}
	return []matrixProfile{{"everything", all}, {"this feature only", []settings.Feature{f}}, {"all but this feature", others}, {"nothing", []settings.Feature{}}}
}

// matrix is one site that changes between requests: the profile in its document, and the
// account and the contact of dana in the database.
type matrix struct {
	*site
	root    *pgx.Conn
	person  *browser
	asked   int
	docs    map[string]*config.Live
	refused int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	s := newSite(t)
	s.seed(t)
	return &matrix{site: s, root: s.root(t), person: s.signedIn(t, "dana"), docs: map[string]*config.Live{}}
}

// use has the account and the person in a state.
func (m *matrix) use(t *testing.T, g grant, status settings.AccountStatus) {
	t.Helper()
	features := g.features
	if features == nil {
		features = []settings.Feature{}
	}
	_, err := m.root.Exec(t.Context(), "UPDATE contact SET owner = $1, grants = $2 WHERE id = 'c-dana'", g.owner, features)
	if err == nil {
		_, err = m.root.Exec(t.Context(), "UPDATE account SET status = $1 WHERE id = '10042'", status)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// profile has the settings document in which the profile has these features.
func (m *matrix) profile(t *testing.T, features []settings.Feature) {
	t.Helper()
	var quoted []string
	for _, f := range features {
		quoted = append(quoted, fmt.Sprintf("%q", f))
	}
	key := "[" + strings.Join(quoted, ",") + "]"
	if m.docs[key] == nil {
		m.apply(t, `["ViewInvoices","ViewActivity"]`, key)
		m.docs[key] = m.live.Load()
	}
	m.live.Store(m.docs[key])
}

// state is all that a refused request must leave as it is. What the person's session was
// last used at is none of it.
func (m *matrix) state(t *testing.T) string {
	t.Helper()
	var state string
	err := m.root.QueryRow(t.Context(), `SELECT concat_ws(' ',
		(SELECT count(*) FROM audit), (SELECT coalesce(max(position), 0) FROM event), (SELECT count(*) FROM change), (SELECT count(*) FROM session),
		(SELECT count(*) FROM ceremony), (SELECT count(*) FROM credential_link), (SELECT count(*) FROM customer_order), (SELECT count(*) FROM service_request),
		(SELECT count(*) FROM throttle), (SELECT sum(version) FROM contact), (SELECT sum(version) FROM account))`).Scan(&state)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// asks sends the request of a route as the matrix is now. Forms are such that no page can
// take them, so that what is open changes nothing either.
func (m *matrix) asks(t *testing.T, r route, open bool, where string) {
	t.Helper()
	sample, known := checkedRoutes[r.pattern]
	if !known {
		t.Fatalf("%s has no entry in checkedRoutes", r.pattern)
	}
	m.asked++
	a := m.person.do(sample.method, sample.path, url.Values{})
	switch {
	case a.status >= http.StatusInternalServerError || strings.HasPrefix(a.header.Get("Location"), "/sign-in"):
		t.Errorf("%s, %s: status %d, location %q", r.pattern, where, a.status, a.header.Get("Location"))
	case open == (a.status == http.StatusForbidden):
		t.Errorf("%s, %s: status %d, open should be %t", r.pattern, where, a.status, open)
	case !open:
		m.refused++
	}
}

// expected is whether a feature, or none, is open: by its entry in the registry.
func expected(f settings.Feature, profile matrixProfile, g grant, status settings.AccountStatus) bool {
	info, asked := settings.LookupFeature(f)
	return !asked || slices.Contains(profile.features, f) && (g.owner || slices.Contains(g.features, f)) && slices.Contains(info.Statuses, status)
}

// TestAuthorisationMatrix: every route with a feature x what the profile has x what the
// person was granted x the status of the account. What is expected is read from the
// registry here, and not from what decides in the portal.
func TestAuthorisationMatrix(t *testing.T) {
	m := newMatrix(t)
	routes := map[settings.Feature][]route{}
	for _, r := range m.portal.routes() {
		routes[r.feature] = append(routes[r.feature], r)
		if r.within != "" {
			routes[r.within] = append(routes[r.within], r)
		}
	}
	before := m.state(t)
	for _, info := range settings.FeatureRegistry() {
		if len(routes[info.Feature]) == 0 {
			t.Errorf("no route asks for %s", info.Feature)
		}
		for _, status := range settings.AccountStatuses() {
			for _, g := range grantsOf(info.Feature) {
				m.use(t, g, status)
				for _, profile := range profilesOf(info.Feature) {
					m.profile(t, profile.features)
					for _, r := range routes[info.Feature] {
						m.asks(t, r, expected(r.feature, profile, g, status) && expected(r.within, profile, g, status), fmt.Sprintf("profile with %s, %s, %s", profile.name, g.name, status))
					}
				}
			}
		}
	}
	if diff := cmp.Diff(before, m.state(t)); diff != "" {
		t.Errorf("requests that were refused, or could not be taken, changed something (-before +after):\n%s", diff)
	}
	t.Logf("%d requests, %d refused", m.asked, m.refused)
}

// TestAuthorisationMatrixOfOpenRoutes: what is for every customer is open whatever they
// were granted and whatever the account's status is, as long as the account has a portal;
// and nothing of it without.
func TestAuthorisationMatrixOfOpenRoutes(t *testing.T) {
	m := newMatrix(t)
	for _, status := range settings.AccountStatuses() {
		for _, g := range []grant{{name: "owner", owner: true}, {name: "granted nothing"}} {
			m.use(t, g, status)
			for _, portal := range []bool{true, false} {
				access := settings.Enabled
				if !portal {
					access = settings.Disabled
				}
				_, err := m.root.Exec(t.Context(), "UPDATE account SET attributes = jsonb_build_object('portalAccess', $1::text) WHERE id = '10042'", access)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range m.portal.routes() {
					if r.feature == "" && r.open != everybody && r.pattern != "POST /sessions/end-others" {
						m.asks(t, r, portal || r.open == signedIn, fmt.Sprintf("%s, %s, portal %t", g.name, status, portal))
					}
				}
			}
		}
	}
}

// TestAuthorisationMatrixOfSites: somebody who is limited to sites reaches what is at
// them, by list and by address, and is refused what is at another or at none.
func TestAuthorisationMatrixOfSites(t *testing.T) {
	s := newTeam(t)
	s.changeByProvider(t, "c-tom", func(c *store.Contact) {
		c.Grants, c.Sites = []settings.Feature{settings.RequestService, settings.ViewServices}, []string{"barn"}
	})
	dana, tom := s.signedIn(t, "dana"), s.signedIn(t, "tom")
	numbers := map[string]string{}
	for i, site := range []string{"barn", "shop"} {
		id := fmt.Sprintf("0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c000%d", i)
		ask := url.Values{"key": {id}, "site": {site}, "subject": {"A leak at the " + site}, "text": {"Water everywhere."}}
		a := dana.do(http.MethodPost, "/requests", ask).is(t, http.StatusSeeOther)
		numbers[site], _, _ = strings.Cut(a.header.Get("Location"), "?")
	}
	for site, status := range map[string]int{"barn": http.StatusOK, "shop": http.StatusNotFound} {
		dana.get(numbers[site]).is(t, http.StatusOK)
		tom.get(numbers[site]).is(t, status)
	}
	tom.get("/requests").is(t, http.StatusOK).shows(t, "A leak at the barn").hides(t, "A leak at the shop")
	for _, site := range []string{"shop", "ravis", "nowhere", ""} {
		ask := url.Values{"key": {"0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c0009"}, "site": {site}, "subject": {"x"}, "text": {"y"}}
		tom.do(http.MethodPost, "/requests", ask).is(t, http.StatusUnprocessableEntity)
	}
}
