package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

const bannerID = "0198c0de-0000-7000-8000-%012d"

// banner shows a banner to an account, as the dispatcher does.
func (s *site) banner(t *testing.T, number int, account, texts string, from, to time.Duration) string {
	t.Helper()
	id := fmt.Sprintf(bannerID, number)
	s.change(t, "INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to, feature) VALUES ($1, $2, 'Invoice', $3::text::jsonb, $4, $5, 'ViewInvoices')",
		id, account, texts, s.clock.Now().Add(from), s.clock.Now().Add(to))
	return id
}

// TestBannersOfAFeature: a banner of invoices is for those who have them. One that the
// portal of the account does not have takes no place either.
func TestBannersOfAFeature(t *testing.T) {
	s := newTeam(t)
	s.banner(t, 1, "10042", `{"": "INV-1 over 4,310.00 is overdue"}`, 0, time.Hour)
	dana, mia, tom := s.signedIn(t, "dana"), s.signedIn(t, "mia"), s.signedIn(t, "tom")
	for _, path := range []string{"/", "/invoices", "/nothing"} {
		dana.get(path).shows(t, "INV-1")
		mia.get(path).shows(t, "INV-1")
		tom.get(path).hides(t, "INV-1", `class="banners"`)
	}
	for number := range 5 {
		id := s.banner(t, 10+number, "10042", `{"": "about messages"}`, 0, 2*time.Hour)
		s.change(t, "UPDATE banner SET feature = 'ViewEmails' WHERE id = $1", id)
	}
	dana.get("/").shows(t, "INV-1").hides(t, "about messages")
	s.apply(t)
	dana.get("/").shows(t, "INV-1")
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["ViewActivity"]`)
	dana.get("/").is(t, http.StatusOK).hides(t, "INV-1", `class="banners"`)
	s.change(t, "UPDATE account SET status = 'Prospect' WHERE id = '10042'") // closed for now, but not theirs not to know
	s.apply(t)
	dana.get("/").is(t, http.StatusOK).shows(t, "INV-1")
}

// TestBanners: what an account is told stands above every page of each of its people until
// they close it, in their language.
func TestBanners(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana, sam, ravi := s.signedIn(t, "dana"), s.signedIn(t, "sam"), s.signedIn(t, "ravi")
	dana.get("/invoices").is(t, http.StatusOK).hides(t, `class="banners"`)
	id := s.banner(t, 1, "10042", `{"": "Pay <b> soon", "de": "Bitte zahlen", "fr": "Payez"}`, 0, time.Hour)
	s.banner(t, 2, "10042", `{"": "too early"}`, time.Minute, time.Hour)
	s.banner(t, 3, "10042", `{"": "too late"}`, -time.Hour, 0)
	for path, status := range map[string]int{"/": 200, "/invoices": 200, "/activity": 200, "/nothing": 404, "/security": 200} {
		dana.get(path).is(t, status).shows(t, "Pay &lt;b&gt; soon Close").hides(t, "too early", "too late", "Bitte zahlen")
	}
	sam.get("/activity").is(t, http.StatusForbidden).shows(t, "Pay")
	ravi.get("/").hides(t, "Pay &lt;b&gt;", `class="banners"`)
	s.browser(t).get("/sign-in").hides(t, `class="banners"`)

	for _, test := range []struct{ locale, want string }{{"de-AT", "Bitte zahlen"}, {"fr", "Payez"}, {"it", "Pay &lt;b&gt; soon"}, {"en-AU", "Pay &lt;b&gt; soon"}} {
		s.change(t, `UPDATE account SET attributes = jsonb_build_object('locale', $1::text) WHERE id = '10042'`, test.locale)
		dana.get("/").shows(t, test.want)
	}

	ravi.do(http.MethodPost, "/banners/"+id+"/close", url.Values{"next": {"/invoices"}}).goesTo(t, "/invoices")
	dana.get("/invoices?after=2026-01-01T00:00:00Z~x").is(t, http.StatusOK).shows(t, "Pay")
	dana.do(http.MethodPost, "/banners/"+id+"/close", url.Values{"next": {"/invoices?after=2026-01-01T00:00:00Z~x"}}).goesTo(t, "/invoices?after=2026-01-01T00:00:00Z~x")
	dana.do(http.MethodPost, "/banners/"+id+"/close", url.Values{"next": {"https://evil.example/"}}).goesTo(t, "/")
	dana.get("/").is(t, http.StatusOK).hides(t, "Pay", `class="banners"`)
	sam.get("/").shows(t, "Pay")
	dana.do(http.MethodPost, "/banners/x/close", nil).is(t, http.StatusNotFound)
}

// The newest few are enough, and the form leads back to the page with all of its address.
func TestBannersAreFew(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for number := range 7 {
		s.banner(t, number, "10042", fmt.Sprintf(`{"": "number %d."}`, number), -time.Hour, time.Hour+time.Duration(number)*time.Second)
	}
	page := s.signedIn(t, "dana").get("/invoices?after=2026-01-01T00:00:00Z~x")
	page.shows(t, "number 6. Close number 5. Close number 4. Close number 3. Close number 2. Close").hides(t, "number 1.")
	if got := strings.Count(page.body, `name="next" value="/invoices?after=2026-01-01T00:00:00Z~x"`); got != 5 {
		t.Errorf("%d banners lead back", got)
	}
}

// Banners come with the session.
func TestBannersTakeNoRoundTrip(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.banner(t, 1, "10042", `{"": "Hello"}`, 0, time.Hour)
	counting := &countingDB{DB: storetest.Pool(t, s.tenant.PortalURI)}
	s.portal.Store = store.New(counting)
	dana := s.signedIn(t, "dana")
	counting.trips.Store(0)
	dana.get("/invoices").is(t, http.StatusOK).shows(t, "Hello")
	if got := counting.trips.Load(); got != 2 {
		t.Errorf("%d round trips, want 2", got)
	}
}
