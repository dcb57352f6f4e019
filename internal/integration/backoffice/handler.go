package backoffice

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// Options are what the API needs.
type Options struct {
	Store    *store.Store
	Settings func() *config.Live // the document in force; nil until one is loaded
	Log      *slog.Logger
	Version  string          // of the release
	Stopping <-chan struct{} // closed when the process stops: imports end at their next batch

	// EventKeys are the secrets that sign events; nil: the Tenant names none.
	EventKeys func() (signature.Keys, error)

	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Limits         Limits         // of each token; the zero value is DefaultLimits
}

type api struct {
	Options
	mux       *http.ServeMux
	huma      huma.API
	scopes    map[string]bool // that some operation needs
	now       func() time.Time
	tokens    *tokens
	profiles  atomic.Pointer[assignable]
	rates     *rates
	strangers *strangers
	wrong     *wrongTokens
	running   *places
	signed    turnstile
	signers   *places // by network; how many there are in all is up to signed, which waits
	outlooks  *places // by token
	books     rulebooks
	limit     int64         // of the bytes of an import
	bodyTime  time.Duration // bodyTimeout, shorter in tests

	upcomingPage, maxUpcoming int // smaller in tests
	planPages                 planPages
	buckets                   planBuckets
}

// New returns the handler of the API. The caller observes its requests.
func New(o Options) http.Handler { return newAPI(o).handler() }

func newAPI(o Options) *api {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	return &api{
		Options: o, scopes: map[string]bool{"*": true}, now: time.Now, tokens: newTokens(o.Store, time.Now),
		rates: newRates(o.Limits, time.Now), strangers: newStrangers(time.Now), wrong: newWrongTokens(time.Now),
		running: newPlaces(maxImports, maxImports-1), signed: make(turnstile, maxSigned), signers: newPlaces(math.MaxInt, maxSigned/2), outlooks: newPlaces(maxOutlooks, maxOutlooks-1), limit: maxBodyBytes, bodyTime: bodyTimeout,
		upcomingPage: upcomingPage, maxUpcoming: maxUpcoming, planPages: usualPlanPages,
	}
}

// registerAll adds every operation.
func (a *api) registerAll() {
	a.mux = http.NewServeMux()
	a.huma = newHuma(a.mux)
	a.registerResources()
	a.registerImports()
	a.registerSettings()
	a.registerFeeds()
	a.registerIntake()
	a.registerNotifications()
	a.registerOutlook()
	a.registerPlan()
	a.registerReceipts()
	a.registerTokens()
	a.registerVersion()
}

func (a *api) handler() http.Handler {
	a.registerAll()
	private, public := a.guarded(http.HandlerFunc(a.route)), a.published()
	return process.Recover(a.Log, panicked, securityHeaders(compressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler := public[r.URL.Path]; handler != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			r.Pattern = "GET " + r.URL.Path
			handler(w, r)
			return
		}
		private.ServeHTTP(w, r)
	}))))
}

// registerResources adds every collection.
func (a *api) registerResources() {
	a.registerAccounts()
	a.registerAssignments()
	a.registerCalls()
	register(a, a.campaigns())
	a.registerContacts()
	a.registerCredentials()
	register(a, a.groups())
	register(a, a.invoices())
	a.registerInvoiceDocuments()
	a.registerNotes()
	a.registerNumbers()
	register(a, a.orders())
	register(a, a.payments())
	register(a, a.products())
	register(a, a.requests())
	register(a, a.services())
	register(a, a.sites())
	a.registerTickets()
}

// registerImports adds the imports.
func (a *api) registerImports() {
	for kind, handle := range a.importers() {
		a.handleRaw(string(kind)+":write", a.importOperation(kind), a.importer(kind, handle))
	}
}

// route answers what no operation is at with a problem, and leaves the rest to the mux.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.EscapedPath()) != r.URL.EscapedPath() {
		writeProblem(w, r, problem(http.StatusNotFound, detailNotFound)) // the mux would redirect
		return
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	found := &headOnly{header: http.Header{}}
	handler.ServeHTTP(found, r)
	hint := a.elsewhere(r)
	if found.status != http.StatusMethodNotAllowed {
		writeProblem(w, r, problem(http.StatusNotFound, cmp.Or(hint, detailNotFound)))
		return
	}
	detail := "this address takes " + found.header.Get("Allow")
	if hint != "" {
		detail += "; " + hint
	}
	w.Header().Set("Allow", found.header.Get("Allow"))
	writeProblem(w, r, problem(http.StatusMethodNotAllowed, detail))
}

// elsewhere says where something is done that people look for at another address; "":
// nothing is known.
func (a *api) elsewhere(r *http.Request) string {
	if kind, isImport := strings.CutPrefix(r.URL.Path, "/api/v1/import/"); isImport {
		var kinds []string
		for _, k := range integration.Kinds() {
			kinds = append(kinds, string(k))
		}
		if slices.Contains(kinds, kind) {
			return ""
		}
		return "there are imports of " + listed(kinds) + "; everything else is written one by one, with PUT"
	}
	if r.Method != http.MethodPost {
		return ""
	}
	one := &http.Request{Method: http.MethodPut, URL: &url.URL{Path: r.URL.Path + "/id"}}
	if _, pattern := a.mux.Handler(one); pattern != "" {
		return "the id is yours: create with " + strings.Replace(pattern, "/api/v1", "", 1)
	}
	return ""
}

const detailNotFound = "there is nothing at this address, " + pathDocs + " lists what there is"

// headOnly keeps the head of an answer.
type headOnly struct {
	header http.Header
	status int
}

func (h *headOnly) Header() http.Header         { return h.header }
func (h *headOnly) WriteHeader(status int)      { h.status = status }
func (h *headOnly) Write(b []byte) (int, error) { return len(b), nil }

func panicked(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem(http.StatusInternalServerError, detailInternal))
}

// securityHeaders: answers are data for programs, never a page and never cached.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// failure turns an error of the store into a problem. Details of an unexpected one
// are for the log only.
func (a *api) failure(ctx context.Context, err error) *integration.Problem {
	if store.Contended(err) {
		a.Log.WarnContext(ctx, "others change the same rows", "id", process.RequestID(ctx), "error", err)
		return comeBack(contendedRetry, detailContended)
	}
	if store.Unavailable(err) {
		a.Log.WarnContext(ctx, "the database is not available", "id", process.RequestID(ctx), "error", err)
		return problem(http.StatusServiceUnavailable, detailUnavailable)
	}
	a.Log.ErrorContext(ctx, "a request failed", "id", process.RequestID(ctx), "error", err)
	return problem(http.StatusInternalServerError, detailInternal)
}

// live is the settings document in force.
func (a *api) live() (*config.Live, error) {
	if live := a.Settings(); live != nil {
		return live, nil
	}
	return nil, problem(http.StatusServiceUnavailable, "the settings of the tenant are not loaded yet, try again later")
}

func (a *api) registerVersion() {
	type output struct{ Body integration.Version }
	o := huma.Operation{
		OperationID: "getVersion", Method: http.MethodGet, Path: "/api/v1/version", Tags: []string{a.tag("Version", "What answers.")},
		Summary:     "Read which release answers",
		Description: "The release, the tenant, and the digest of the settings document that this replica runs. Every token of the tenant may ask.",
	}
	handle(a, "", o, func(context.Context, *struct{}) (*output, error) {
		out := &output{Body: integration.Version{Version: a.Version}}
		if live := a.Settings(); live != nil {
			out.Body.Tenant, out.Body.SettingsDigest = live.Name, live.Digest
		}
		return out, nil
	})
}
