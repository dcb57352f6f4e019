package portal

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

const password = "flat white, no sugar"

// documentJSON is the settings document of the tests. Tests change it by text.
const documentJSON = `{"format":1,
"tenant":{"name":"acme","uid":"u1","generation":1,"content":{
  "namespace":"acme","displayName":"Acme Telecom","hostname":"my.acme.example",
  "branding":{"accentColor":"#0a6b5e","supportEmail":"help@acme.example","supportPhone":"+61 2 5550 0100",
    "termsURL":"https://acme.example/terms","privacyURL":"https://acme.example/privacy"},
  "attributes":{"currency":"AUD","timeZone":"Australia/Melbourne"},
  "session":{"idleSeconds":1800,"maxSeconds":43200},
  "delivery":{"mode":"Live"},"email":{"from":"Acme <billing@acme.example>"}}},
"accountProfiles":[
  {"name":"ap-business","uid":"u2","generation":1,"content":{"displayName":"Business customers","attributes":{"tradingTermsDays":21},"myAccountProfile":"map-full"}},
  {"name":"ap-residential","uid":"u3","generation":1,"content":{"displayName":"Residential customers","attributes":{"tradingTermsDays":14},"myAccountProfile":"map-basic"}}],
"myAccountProfiles":[
  {"name":"map-basic","uid":"u4","generation":1,"content":{"displayName":"Basic access","features":["ViewInvoices"]}},
  {"name":"map-full","uid":"u5","generation":1,"content":{"displayName":"Full access","features":["ViewInvoices","ViewActivity"]}}]}`

// clock is the time of a site.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cheapParams keep the tests from spending their time on hashes.
var cheapParams = identity.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

// site is a running portal on a tenant's real database, with the portal's own role.
type site struct {
	tenant *storetest.Tenant
	portal *Portal
	server *httptest.Server
	clock  *clock
	live   atomic.Pointer[config.Live]
	queue  *identity.Queue
	logged *lockedBuffer
	keys   *identity.Keys
}

// newSite makes a site with a tenant of its own; tests with one run beside each other.
func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	return newSiteOn(t, storetest.New(t, server))
}

func newSiteOn(t *testing.T, tenant *storetest.Tenant) *site {
	t.Helper()
	s := &site{
		tenant: tenant,
		clock:  &clock{now: time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC)}, // 22 November in Melbourne
		queue:  identity.NewQueue(2, 20, 5*time.Second),
		logged: &lockedBuffer{},
		keys:   testKeys(t, 'k'),
	}
	s.apply(t)
	log := slog.New(slog.NewTextHandler(s.logged, nil))
	metrics := prometheus.NewRegistry()
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s.portal = New(Options{
		Store: tenant.Portal, Settings: s.live.Load, Hasher: identity.NewHasher(cheapParams, s.queue),
		Keys: func() *identity.Keys { return s.keys },
		Log:  log, Metrics: metrics, Trusted: trusted, Now: s.clock.Now,
	})
	s.server = httptest.NewUnstartedServer(s.portal.Handler(process.NewObserver(log, metrics, trusted)))
	s.server.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	s.server.StartTLS()
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.portal.Run(ctx) })
	t.Cleanup(func() {
		s.server.Close()
		end()
		running.Wait()
	})
	return s
}

// testKeys are the keys of a tenant, made of a letter.
func testKeys(t *testing.T, letter byte) *identity.Keys {
	t.Helper()
	file := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{letter}, 32)))
	keys, err := identity.ParseKeys(file, file)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// apply loads the settings document after replacing texts in it: old, new, old, new ...
func (s *site) apply(t *testing.T, replacements ...string) {
	t.Helper()
	live, err := config.Load([]byte(strings.NewReplacer(replacements...).Replace(documentJSON)))
	if err != nil {
		t.Fatal(err)
	}
	s.live.Store(live)
}

// seed stores the people of the tests:
//
//	dana   owner of 10042, Business
//	sam    contact of 10042 with ViewInvoices only
//	ravi   owner of 20077, Residential
//	june   owner of 10099, Business, suspended
//	nora   owner of 30001, whose portal access is disabled
//	olga   owner of 30002, has no password yet
func (s *site) seed(t *testing.T) {
	t.Helper()
	business, residential := "ap-business", "ap-residential"
	s.accounts(t,
		store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: business,
			Attributes: settings.Attributes{Locale: "en-AU"}},
		store.Account{Row: store.Row{ID: "20077"}, Name: "Ravi Menon", Status: settings.Active, AccountProfile: residential},
		store.Account{Row: store.Row{ID: "10099"}, Name: "Abbott & Daughters", Status: settings.Suspended, AccountProfile: business},
		store.Account{Row: store.Row{ID: "30001"}, Name: "Porter Ltd", Status: settings.Active, AccountProfile: business,
			Attributes: settings.Attributes{PortalAccess: settings.Disabled}},
		store.Account{Row: store.Row{ID: "30002"}, Name: "Olga Berg", Status: settings.Active, AccountProfile: business},
	)
	hash, err := s.portal.Hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	s.contacts(t,
		person("c-dana", "10042", "Dana", "Whitfield", hash, true),
		person("c-sam", "10042", "Sam", "Okafor", hash, false, settings.ViewInvoices),
		person("c-ravi", "20077", "Ravi", "Menon", hash, true),
		person("c-june", "10099", "June", "Abbott", hash, true),
		person("c-nora", "30001", "Nora", "Porter", hash, true),
		person("c-olga", "30002", "Olga", "Berg", "", true),
	)
}

func person(id, account, first, last, hash string, owner bool, grants ...settings.Feature) store.Contact {
	username := strings.ToLower(first)
	return store.Contact{
		Row: store.Row{ID: id, AccountID: account}, FirstName: first, LastName: last, Email: username + "@mail.example", Owner: owner, Grants: grants,
		Access: store.AccessActive,
		User:   &store.ContactUser{Username: username, Email: username + "@mail.example", EmailVerified: owner, PasswordHash: hash},
	}
}

func (s *site) accounts(t *testing.T, list ...store.Account) {
	t.Helper()
	storetest.Accounts(t, s.tenant.Backoffice, list...)
}

func (s *site) contacts(t *testing.T, list ...store.Contact) {
	t.Helper()
	items := make([]store.Item[store.Contact], len(list))
	for i, c := range list {
		items[i] = store.Item[store.Contact]{ID: c.ID, Decide: func(*store.Contact) (store.Contact, *store.Refusal) { return c, nil }}
	}
	var results []store.Result
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Now: s.clock.Now(), Quiet: true, Unaudited: true}, func(ctx context.Context, w *store.Writer) error {
		results = nil
		written, err := w.PutContacts(ctx, items)
		for _, one := range written {
			results = append(results, one.Result)
		}
		return err
	})
	accepted(t, results, err)
}

func (s *site) invoices(t *testing.T, list ...store.Invoice) {
	t.Helper()
	items := make([]store.Item[store.Invoice], len(list))
	for i, v := range list {
		items[i] = store.Item[store.Invoice]{ID: v.ID, Decide: func(*store.Invoice) (store.Invoice, *store.Refusal) { return v, nil }}
	}
	var results []store.Result
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: s.clock.Now()}, func(ctx context.Context, w *store.Writer) error {
		results = nil
		written, err := w.PutInvoices(ctx, items)
		for _, one := range written {
			results = append(results, one.Result)
		}
		return err
	})
	accepted(t, results, err)
}

func accepted(t *testing.T, results []store.Result, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Outcome == store.Refused {
			t.Fatalf("item %d was refused: %s %s", i, r.Field, r.Message)
		}
	}
}

// browser is a person's browser: it keeps cookies and does not follow redirects.
type browser struct {
	t      *testing.T
	site   *site
	client *http.Client
	from   string // address that the trusted proxy reports
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, site: s, from: "203.0.113.7", client: &http.Client{
		Jar: jar, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what the browser got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	return b.exchange(method, path, form.Encode(), headers...)
}

// send posts a body as it is.
func (b *browser) send(path, body string, headers ...string) answer {
	b.t.Helper()
	return b.exchange(http.MethodPost, path, body, headers...)
}

func (b *browser) exchange(method, path, body string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.site.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", b.from)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(page)}
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) signIn(login, password string) answer {
	b.t.Helper()
	return b.do(http.MethodPost, "/sign-in", url.Values{"login": {login}, "password": {password}})
}

// signedIn is a browser of a person who just signed in.
func (s *site) signedIn(t *testing.T, login string) *browser {
	t.Helper()
	b := s.browser(t)
	b.signIn(login, password).is(t, http.StatusSeeOther)
	return b
}

func (a answer) is(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status = %d, want %d; location %q, body:\n%s", a.status, status, a.header.Get("Location"), words(a.body))
	}
	return a
}

func (a answer) shows(t *testing.T, texts ...string) answer {
	t.Helper()
	seen := words(a.body)
	for _, text := range texts {
		if !strings.Contains(seen, text) {
			t.Errorf("the page does not show %q:\n%s", text, seen)
		}
	}
	return a
}

func (a answer) hides(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("the page has %q:\n%s", text, words(a.body))
		}
	}
	return a
}

func (a answer) goesTo(t *testing.T, location string) answer {
	t.Helper()
	if got := a.is(t, http.StatusSeeOther).header.Get("Location"); got != location {
		t.Errorf("Location = %q, want %q", got, location)
	}
	return a
}

// words is the text of a page as a person reads it.
func words(body string) string {
	var b strings.Builder
	inTag := false
	for _, r := range body {
		switch {
		case r == '<':
			inTag = true
		case r == '>':
			inTag = false
			b.WriteByte(' ')
		case !inTag:
			b.WriteRune(r)
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	return strings.NewReplacer("&#39;", "'", "&amp;", "&", " .", ".", " ,", ",").Replace(text)
}

// eventually asks until the condition holds or a minute has passed.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline, tick := time.Now().Add(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for ; !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// lockedBuffer keeps what was logged.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
