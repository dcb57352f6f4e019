package backoffice

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
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
}

type api struct {
	Options
	huma       huma.API
	operations []string // ids of the documented ones
	now        func() time.Time
	tokens     *tokens
	running    chan struct{} // a place for each import that runs
	limit      int64         // of the bytes of an import
}

// maxImports bounds the imports that run at once, and with them memory and connections.
const maxImports = 4

// New returns the handler of the API. The caller observes its requests.
func New(o Options) http.Handler { return newAPI(o).handler() }

func newAPI(o Options) *api {
	return &api{Options: o, now: time.Now, tokens: newTokens(o.Store, time.Now), running: make(chan struct{}, maxImports), limit: maxBodyBytes}
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	a.huma = newHuma(mux, a.Version)
	a.registerResources()
	a.handle(mux, http.MethodPost, "/api/v1/import/groups", a.importer(integration.Groups, a.groups()))
	a.handle(mux, http.MethodPost, "/api/v1/import/accounts", a.importer(integration.Accounts, a.accounts()))
	a.handle(mux, http.MethodPost, "/api/v1/import/contacts", a.importer(integration.Contacts, a.contacts()))
	a.handle(mux, http.MethodPost, "/api/v1/import/invoices", a.importer(integration.Invoices, a.invoices()))
	a.handle(mux, http.MethodGet, "/api/v1/accounts/{id}/settings", a.accountSettings)
	a.handle(mux, http.MethodGet, "/api/v1/version", a.version)
	mux.Handle("/", a.authenticated(http.HandlerFunc(notFound)))
	return process.Recover(a.Log, panicked, securityHeaders(mux))
}

// registerResources adds every collection.
func (a *api) registerResources() {
	register(a, a.sites())
}

// handle routes one method of an address; other methods learn which one it is.
func (a *api) handle(mux *http.ServeMux, method, path string, handler http.HandlerFunc) {
	mux.Handle(method+" "+path, a.authenticated(handler))
	mux.Handle(path, a.authenticated(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		writeProblem(w, r, problem(http.StatusMethodNotAllowed, r.URL.Path+" takes "+method))
	})))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem(http.StatusNotFound, "there is nothing at this address; imports are at /api/v1/import/ with groups, accounts, contacts or invoices"))
}

func panicked(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem(http.StatusInternalServerError, "the request failed, the log of the server says why under the request id"))
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
	if store.Unavailable(err) {
		a.Log.WarnContext(ctx, "the database is not available", "id", process.RequestID(ctx), "error", err)
		return problem(http.StatusServiceUnavailable, detailUnavailable)
	}
	a.Log.ErrorContext(ctx, "a request failed", "id", process.RequestID(ctx), "error", err)
	return problem(http.StatusInternalServerError, "the request failed, the log of the server says why under the request id")
}

// live is the settings document in force.
func (a *api) live() (*config.Live, error) {
	if live := a.Settings(); live != nil {
		return live, nil
	}
	return nil, problem(http.StatusServiceUnavailable, "the settings of the tenant are not loaded yet, try again later")
}

func (a *api) version(w http.ResponseWriter, _ *http.Request) {
	answer := integration.Version{Version: a.Version}
	if live := a.Settings(); live != nil {
		answer.Tenant, answer.SettingsDigest = live.Name, live.Digest
	}
	writeJSON(w, answer)
}
