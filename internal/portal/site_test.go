package portal

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
	"github.com/foyerhq/foyer/internal/web"
)

// checkedRoute is how an address answers nobody and a person with every right.
type checkedRoute struct {
	method, path   string
	nobody, person int
	toSignIn       bool // nobody is sent to the sign-in page
}

// checkedRoutes holds every route by its pattern. A new route without an entry here
// fails the test.
var checkedRoutes = map[string]checkedRoute{
	"GET /assets/":                                   {method: "GET", path: web.StylesheetPath(), nobody: 200, person: 200},
	"GET /sign-in":                                   {method: "GET", path: "/sign-in", nobody: 200, person: 303},
	"POST /sign-in":                                  {method: "POST", path: "/sign-in", nobody: 422, person: 422},
	"GET /{$}":                                       {method: "GET", path: "/", nobody: 303, toSignIn: true, person: 200},
	"GET /invoices":                                  {method: "GET", path: "/invoices", nobody: 303, toSignIn: true, person: 200},
	"GET /credentials/{token}":                       {method: "GET", path: "/credentials/x", nobody: 404, person: 404},
	"GET /invitation/{token}":                        {method: "GET", path: "/invitation/x", nobody: 404, person: 404},
	"POST /credentials/{token}":                      {method: "POST", path: "/credentials/x", nobody: 404, person: 404},
	"POST /invitation/{token}":                       {method: "POST", path: "/invitation/x", nobody: 404, person: 404},
	"GET /forgot":                                    {method: "GET", path: "/forgot", nobody: 200, person: 200},
	"POST /forgot":                                   {method: "POST", path: "/forgot", nobody: 422, person: 422},
	"GET /set-up":                                    {method: "GET", path: "/set-up", nobody: 303, toSignIn: true, person: 303},
	"POST /set-up":                                   {method: "POST", path: "/set-up", nobody: 303, toSignIn: true, person: 303},
	"GET /set-up/join":                               {method: "GET", path: "/set-up/join", nobody: 303, toSignIn: true, person: 410},
	"POST /set-up/join":                              {method: "POST", path: "/set-up/join", nobody: 303, toSignIn: true, person: 410},
	"GET /set-up/joined":                             {method: "GET", path: "/set-up/joined", nobody: 303, toSignIn: true, person: 200},
	"GET /security/password":                         {method: "GET", path: "/security/password", nobody: 303, toSignIn: true, person: 200},
	"POST /security/password":                        {method: "POST", path: "/security/password", nobody: 303, toSignIn: true, person: 422},
	"GET /security/username":                         {method: "GET", path: "/security/username", nobody: 303, toSignIn: true, person: 200},
	"POST /security/username":                        {method: "POST", path: "/security/username", nobody: 303, toSignIn: true, person: 422},
	"GET /invoices/{id}":                             {method: "GET", path: "/invoices/none", nobody: 303, toSignIn: true, person: 404},
	"GET /invoices/{id}/document":                    {method: "GET", path: "/invoices/none/document", nobody: 303, toSignIn: true, person: 403},
	"GET /invoices/{id}/pay":                         {method: "GET", path: "/invoices/none/pay", nobody: 303, toSignIn: true, person: 403},
	"GET /messages":                                  {method: "GET", path: "/messages", nobody: 303, toSignIn: true, person: 403},
	"GET /messages/{id}":                             {method: "GET", path: "/messages/none", nobody: 303, toSignIn: true, person: 403},
	"GET /orders":                                    {method: "GET", path: "/orders", nobody: 303, toSignIn: true, person: 403},
	"POST /orders":                                   {method: "POST", path: "/orders", nobody: 303, toSignIn: true, person: 403},
	"GET /orders/new":                                {method: "GET", path: "/orders/new", nobody: 303, toSignIn: true, person: 403},
	"GET /orders/review":                             {method: "GET", path: "/orders/review", nobody: 303, toSignIn: true, person: 403},
	"GET /orders/{id}":                               {method: "GET", path: "/orders/none", nobody: 303, toSignIn: true, person: 403},
	"GET /payments":                                  {method: "GET", path: "/payments", nobody: 303, toSignIn: true, person: 403},
	"GET /profile":                                   {method: "GET", path: "/profile", nobody: 303, toSignIn: true, person: 403},
	"POST /profile":                                  {method: "POST", path: "/profile", nobody: 303, toSignIn: true, person: 403},
	"GET /requests":                                  {method: "GET", path: "/requests", nobody: 303, toSignIn: true, person: 403},
	"POST /requests":                                 {method: "POST", path: "/requests", nobody: 303, toSignIn: true, person: 403},
	"GET /requests/new":                              {method: "GET", path: "/requests/new", nobody: 303, toSignIn: true, person: 403},
	"GET /requests/{id}":                             {method: "GET", path: "/requests/none", nobody: 303, toSignIn: true, person: 403},
	"GET /services":                                  {method: "GET", path: "/services", nobody: 303, toSignIn: true, person: 403},
	"GET /activity":                                  {method: "GET", path: "/activity", nobody: 303, toSignIn: true, person: 200},
	"/":                                              {method: "GET", path: "/no/such/page", nobody: 303, toSignIn: true, person: 404},
	"POST /sign-out":                                 {method: "POST", path: "/sign-out", nobody: 303, toSignIn: true, person: 303}, // last: it ends the session
	"GET /portal-settings":                           {method: "GET", path: "/portal-settings", nobody: 303, toSignIn: true, person: 403},
	"GET /portal-settings/contacts/new":              {method: "GET", path: "/portal-settings/contacts/new", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/new":             {method: "POST", path: "/portal-settings/contacts/new", nobody: 303, toSignIn: true, person: 403},
	"GET /portal-settings/contacts/{id}":             {method: "GET", path: "/portal-settings/contacts/c-sam", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}":            {method: "POST", path: "/portal-settings/contacts/c-sam", nobody: 303, toSignIn: true, person: 403},
	"GET /portal-settings/contacts/{id}/delete":      {method: "GET", path: "/portal-settings/contacts/c-sam/delete", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/delete":     {method: "POST", path: "/portal-settings/contacts/c-sam/delete", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/disable":    {method: "POST", path: "/portal-settings/contacts/c-sam/disable", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/email":      {method: "POST", path: "/portal-settings/contacts/c-sam/email", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/email/drop": {method: "POST", path: "/portal-settings/contacts/c-sam/email/drop", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/enable":     {method: "POST", path: "/portal-settings/contacts/c-sam/enable", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/contacts/{id}/invite":     {method: "POST", path: "/portal-settings/contacts/c-sam/invite", nobody: 303, toSignIn: true, person: 403},
	"GET /portal-settings/owner":                     {method: "GET", path: "/portal-settings/owner", nobody: 303, toSignIn: true, person: 403},
	"POST /portal-settings/owner":                    {method: "POST", path: "/portal-settings/owner", nobody: 303, toSignIn: true, person: 403},
	"GET /preferences":                               {method: "GET", path: "/preferences", nobody: 303, toSignIn: true, person: 200},
	"POST /preferences":                              {method: "POST", path: "/preferences", nobody: 303, toSignIn: true, person: 400},
	"GET /preferences/email":                         {method: "GET", path: "/preferences/email", nobody: 303, toSignIn: true, person: 200},
	"POST /preferences/email":                        {method: "POST", path: "/preferences/email", nobody: 303, toSignIn: true, person: 400},
	"POST /preferences/email/drop":                   {method: "POST", path: "/preferences/email/drop", nobody: 303, toSignIn: true, person: 400},
	"GET /accounts":                                  {method: "GET", path: "/accounts", nobody: 303, toSignIn: true, person: 200},
	"POST /switch-account":                           {method: "POST", path: "/switch-account", nobody: 303, toSignIn: true, person: 422},
	"POST /banners/{id}/close":                       {method: "POST", path: "/banners/0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c0000/close", nobody: 303, toSignIn: true, person: 303},
	"GET /unsubscribe/{token}":                       {method: "GET", path: "/unsubscribe/x", nobody: 404, person: 404},
	"POST /unsubscribe/{token}":                      {method: "POST", path: "/unsubscribe/x", nobody: 404, person: 404},
	"GET /verify/{token}":                            {method: "GET", path: "/verify/x", nobody: 404, person: 404},
	"POST /verify/{token}":                           {method: "POST", path: "/verify/x", nobody: 404, person: 404},
	"GET /sign-in/enrol":                             {method: "GET", path: "/sign-in/enrol", nobody: 303, person: 303, toSignIn: true},
	"POST /sign-in/enrol":                            {method: "POST", path: "/sign-in/enrol", nobody: 303, person: 303, toSignIn: true},
	"GET /sign-in/passkey":                           {method: "GET", path: "/sign-in/passkey", nobody: 303, person: 200, toSignIn: true},
	"POST /sign-in/passkey/answer":                   {method: "POST", path: "/sign-in/passkey/answer", nobody: 303, person: 422, toSignIn: true},
	"GET /sign-in/second-factor":                     {method: "GET", path: "/sign-in/second-factor", nobody: 303, person: 303, toSignIn: true},
	"POST /sign-in/second-factor":                    {method: "POST", path: "/sign-in/second-factor", nobody: 303, person: 303, toSignIn: true},
	"POST /sign-in/passkey":                          {method: "POST", path: "/sign-in/passkey", nobody: 303, person: 303, toSignIn: true},
	"GET /confirm":                                   {method: "GET", path: "/confirm", nobody: 303, person: 200, toSignIn: true},
	"POST /confirm":                                  {method: "POST", path: "/confirm", nobody: 303, person: 422, toSignIn: true},
	"POST /confirm/passkey":                          {method: "POST", path: "/confirm/passkey", nobody: 303, person: 404, toSignIn: true},
	"GET /confirm/passkey":                           {method: "GET", path: "/confirm/passkey", nobody: 303, person: 303, toSignIn: true},
	"POST /confirm/passkey/answer":                   {method: "POST", path: "/confirm/passkey/answer", nobody: 303, person: 303, toSignIn: true},
	"GET /security":                                  {method: "GET", path: "/security", nobody: 303, person: 200, toSignIn: true},
	"POST /security/authenticator":                   {method: "POST", path: "/security/authenticator", nobody: 303, person: 303, toSignIn: true},
	"GET /security/authenticator":                    {method: "GET", path: "/security/authenticator", nobody: 303, person: 200, toSignIn: true},
	"POST /security/authenticator/confirm":           {method: "POST", path: "/security/authenticator/confirm", nobody: 303, person: 422, toSignIn: true},
	"GET /security/authenticator/remove":             {method: "GET", path: "/security/authenticator/remove", nobody: 303, person: 303, toSignIn: true},
	"POST /security/authenticator/remove":            {method: "POST", path: "/security/authenticator/remove", nobody: 303, person: 404, toSignIn: true},
	"GET /security/recovery-codes":                   {method: "GET", path: "/security/recovery-codes", nobody: 303, person: 303, toSignIn: true},
	"POST /security/recovery-codes":                  {method: "POST", path: "/security/recovery-codes", nobody: 303, person: 303, toSignIn: true},
	"POST /security/passkeys":                        {method: "POST", path: "/security/passkeys", nobody: 303, person: 303, toSignIn: true},
	"GET /security/passkeys/new":                     {method: "GET", path: "/security/passkeys/new", nobody: 303, person: 200, toSignIn: true},
	"POST /security/passkeys/new":                    {method: "POST", path: "/security/passkeys/new", nobody: 303, person: 422, toSignIn: true},
	"GET /sessions":                                  {method: "GET", path: "/sessions", nobody: 303, person: 200, toSignIn: true},
	"POST /sessions/end":                             {method: "POST", path: "/sessions/end", nobody: 303, person: 404, toSignIn: true},
	"GET /security/passkeys/{id}":                    {method: "GET", path: "/security/passkeys/AAAA", nobody: 303, person: 404, toSignIn: true},
	"POST /security/passkeys/{id}":                   {method: "POST", path: "/security/passkeys/AAAA", nobody: 303, person: 404, toSignIn: true},
	"POST /security/passkeys/{id}/remove":            {method: "POST", path: "/security/passkeys/AAAA/remove", nobody: 303, person: 404, toSignIn: true},
	"POST /sessions/end-others":                      {method: "POST", path: "/sessions/end-others", nobody: 303, person: 303, toSignIn: true},
}

func TestEveryRoute(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	var patterns []string
	for _, r := range s.portal.routes() {
		patterns = append(patterns, r.pattern)
	}
	for pattern := range checkedRoutes {
		if !slices.Contains(patterns, pattern) && pattern != "POST /sign-out" {
			t.Errorf("%s is checked and not a route", pattern)
		}
	}
	patterns = append(patterns, "POST /sign-out")
	for _, pattern := range patterns {
		want, known := checkedRoutes[pattern]
		if !known {
			t.Errorf("%s has no entry in checkedRoutes", pattern)
			continue
		}
		nobody := s.browser(t).do(want.method, want.path, url.Values{})
		if nobody.status != want.nobody {
			t.Errorf("%s answers nobody with %d, want %d", pattern, nobody.status, want.nobody)
		}
		if target := nobody.header.Get("Location"); want.toSignIn != strings.HasPrefix(target, "/sign-in") {
			t.Errorf("%s sends nobody to %q", pattern, target)
		}
		checkHeaders(t, pattern, nobody)
		if pattern == "POST /sign-out" {
			continue
		}
		person := dana.do(want.method, want.path, url.Values{})
		if person.status != want.person {
			t.Errorf("%s answers dana with %d, want %d", pattern, person.status, want.person)
		}
		checkHeaders(t, pattern, person)
	}
}

func checkHeaders(t *testing.T, name string, a answer) {
	t.Helper()
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Cache-Control":                "no-store",
	}
	if strings.Contains(name, "/assets/") {
		want["Cache-Control"] = "public, max-age=31536000, immutable"
	}
	got := map[string]string{}
	for key := range want {
		got[key] = a.header.Get(key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: headers (-want +got):\n%s", name, diff)
	}
	if a.header.Get("Server") != "" || a.header.Get("X-Powered-By") != "" {
		t.Errorf("%s: a header names the software", name)
	}
	ownScript := `<script src="` + web.PasskeyScriptPath() + `" defer></script>`
	body := strings.ReplaceAll(a.body, ownScript, "") // the only one there may be
	for _, inline := range []string{"<script", "<style", " style=", " onclick="} {
		if strings.Contains(body, inline) {
			t.Errorf("%s: the page has %s", name, inline)
		}
	}
}

func TestHeadersOfErrors(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	sam := s.signedIn(t, "sam")
	checkHeaders(t, "denied", sam.get("/activity").is(t, http.StatusForbidden))
	checkHeaders(t, "bad request", sam.get("/invoices?after=x").is(t, http.StatusBadRequest))
	checkHeaders(t, "cross-origin", sam.do("POST", "/sign-out", nil, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden))
	checkHeaders(t, "path cleaning", sam.get("//invoices"))
	checkHeaders(t, "odd method", sam.do("DELETE", "/invoices", nil, "Sec-Fetch-Site", "same-origin").is(t, http.StatusNotFound))
}

func TestCrossOriginFormsAreRefused(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	form := url.Values{"login": {"sam"}, "password": {password}}
	for name, headers := range map[string][]string{
		"other site":             {"Sec-Fetch-Site", "cross-site"},
		"other subdomain":        {"Sec-Fetch-Site", "same-site"},
		"old browser, by origin": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
	} {
		dana.do("POST", "/sign-out", nil, headers...).is(t, http.StatusForbidden).shows(t, "That came from another site")
		a := dana.do("POST", "/sign-in", form, headers...).is(t, http.StatusForbidden)
		if a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a session was started from another site", name)
		}
	}
	dana.get("/").is(t, http.StatusOK).shows(t, "Hello, Dana")
	dana.do("POST", "/sign-out", nil, "Sec-Fetch-Site", "", "Origin", s.server.URL).goesTo(t, "/sign-in")
}

func TestAssets(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	page := b.get("/sign-in").body
	for _, kind := range []struct{ prefix, contentType string }{
		{"/assets/foyer-", "text/css; charset=utf-8"},
		{"/assets/brand-0a6b5e-", "text/css; charset=utf-8"},
		{"/assets/icon-0a6b5e-", "image/svg+xml"},
	} {
		_, rest, found := strings.Cut(page, kind.prefix)
		if !found {
			t.Fatalf("the page does not link %s", kind.prefix)
		}
		path := kind.prefix + rest[:strings.Index(rest, `"`)]
		a := b.get(path).is(t, http.StatusOK)
		if got := a.header.Get("Content-Type"); got != kind.contentType {
			t.Errorf("%s has type %s, want %s", path, got, kind.contentType)
		}
		// While replicas change, a page of one release asks another: it gets a style that is not kept.
		other := b.get(kind.prefix+"0123456789abcdef"+path[strings.LastIndex(path, "."):]).is(t, http.StatusOK)
		if got := other.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s of another release has Cache-Control %q, want no-store", kind.prefix, got)
		}
	}
	for _, path := range []string{"/assets/", "/assets/x.css", "/assets/brand-zzzzzz-1.css", "/assets/brand-0A6B5E-1.css", "/assets/foyer-1.js", "/assets/../portal.go"} {
		if a := b.get(path); a.status == http.StatusOK {
			t.Errorf("%s answers 200", path)
		}
	}
}

func TestPanicIsAHumanPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	s.portal.Store = nil // whoever asks it panics
	dana.get("/").is(t, http.StatusInternalServerError).shows(t, "Something went wrong on our side", "help@acme.example").hides(t, "goroutine", "nil pointer")
	s.portal.Store = s.tenant.Portal
	dana.get("/").is(t, http.StatusOK)
}

// newOutage is a site whose database a test can take away, with the pool of the real binary.
func newOutage(t *testing.T) (*site, *postgres.Server) {
	t.Helper()
	t.Parallel()
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Close() })
	s := newSiteOn(t, storetest.New(t, own))
	s.seed(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "uri"), []byte(s.tenant.PortalURI), 0o600); err != nil {
		t.Fatal(err)
	}
	pool, err := process.OpenPool(s.portal.Log, dir, "portal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.portal.Store = store.New(pool)
	return s, own
}

func TestDatabaseOutage(t *testing.T) {
	s, database := newOutage(t)
	dana := s.signedIn(t, "dana")
	dana.get("/").is(t, http.StatusOK)
	if err := database.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 6 { // also past every pooled connection
		a := dana.get("/invoices").is(t, http.StatusServiceUnavailable)
		a.shows(t, "A Acme Telecom", "We cannot reach your data just now", "Nothing is lost", "Try again", "help@acme.example")
		a.hides(t, "postgres", "127.0.0.1", "connect", "SQL", "dial")
		if a.header.Get("Retry-After") != "30" {
			t.Errorf("Retry-After = %q, want 30", a.header.Get("Retry-After"))
		}
		checkHeaders(t, "outage", a)
	}
	nobody := s.browser(t)
	nobody.get("/sign-in").is(t, http.StatusOK).shows(t, "Sign in to Acme Telecom")
	nobody.signIn("dana", password).is(t, http.StatusServiceUnavailable)
	dana.do("POST", "/sign-out", nil).is(t, http.StatusServiceUnavailable)
	if err := database.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page is back", func() bool { return dana.get("/").status == http.StatusOK })
	dana.get("/invoices").is(t, http.StatusOK)
}

// A restart breaks every pooled connection; the customer does not see it for long.
func TestDatabaseRestart(t *testing.T) {
	s, database := newOutage(t)
	dana := s.signedIn(t, "dana")
	if err := database.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page is back", func() bool {
		a := dana.get("/")
		if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
			t.Fatalf("status %d during a restart", a.status)
		}
		return a.status == http.StatusOK
	})
}

func TestNothingSecretIsLogged(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	b.signIn("sam", "a secret that is wrong")
	b.get("/nothing?token=hush")
	log := s.logged.String()
	for _, secret := range []string{password, "a secret that is wrong", "hush", requestCookie(t, b, sessionCookie), requestCookie(t, b, deviceCookie)} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(log, `route="POST /sign-in"`) {
		t.Error("the request log is empty")
	}
}

// Every feature of the registry has its page in the table, and every one that is something
// on another's page has an address of its own below it.
func TestEveryFeatureHasAPage(t *testing.T) {
	patterns := map[settings.Feature][]string{}
	for _, r := range (&Portal{}).routes() {
		if r.feature != "" {
			patterns[r.feature] = append(patterns[r.feature], r.pattern)
		}
	}
	for _, f := range settings.FeatureRegistry() {
		want := "GET " + f.Path
		found := slices.ContainsFunc(patterns[f.Feature], func(pattern string) bool {
			return pattern == want || f.Place == settings.OnPage && strings.HasPrefix(pattern, want+"/")
		})
		if !found {
			t.Errorf("feature %s has routes %q, none of which is its page %q", f.Feature, patterns[f.Feature], want)
		}
	}
}

func TestDefaultAudienceIsClosed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/new", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.portal.admit(request, s.portal.newVisit(request), route{pattern: "GET /new"}); err == nil {
		t.Error("a route that says nothing of its audience is open to nobody's browser")
	}
}
