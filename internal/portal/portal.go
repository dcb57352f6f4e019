package portal

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// Options are what a Portal works with.
type Options struct {
	Store    *store.Store
	Settings func() *config.Live // what the replica runs now; asked once per request
	Hasher   *identity.Hasher
	Keys     func() *identity.Keys // the tenant's keys as they are now
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	Trusted  []netip.Prefix   // proxies whose word on the client's address counts
	Now      func() time.Time // the clock
}

// Portal is the customers' site of one tenant.
type Portal struct {
	Options
	origin   *http.CrossOriginProtection
	counts   counters
	recorder *recorder
	mailer   *mailer
	texts    *locale.Catalogue

	invoiceTemplates invoiceTemplates
}

// New returns the site. [Portal.Run] must run beside it.
func New(o Options) *Portal {
	return &Portal{
		Options:  o,
		origin:   newOrigin(),
		counts:   newCounters(o.Metrics, o.Hasher.Waiting),
		recorder: newRecorder(o.Store, o.Log),
		mailer:   newMailer(o),
		texts:    texts(),
	}
}

// audience says who may open an address.
type audience string

const (
	everybody audience = "everybody"
	signedIn  audience = "signed in" // anyone with a session, even of an account without portal
	customer  audience = "customer"  // anyone whose account has a portal
)

// route is one address. It declares the feature that it is a page of, or whom it is open
// to; a test refuses one that declares neither, and a list that is kept by hand holds those
// without a feature. The zero audience is closed like customer.
type route struct {
	pattern string
	open    audience
	feature settings.Feature
	// within is the feature of the page that the route is a part of: it asks for both.
	within settings.Feature
	// recent asks the person to prove again who they are, unless they did in the last
	// minutes: for what a borrowed browser must not change.
	recent bool
	handle func(http.ResponseWriter, *http.Request, *visit) error
}

// routes is the table of every address.
func (p *Portal) routes() []route {
	return slices.Concat(
		[]route{
			{pattern: "GET /assets/", open: everybody, handle: p.assets},
			{pattern: "GET /{$}", open: customer, handle: p.home},
			{pattern: "GET /activity", feature: settings.ViewActivity, handle: p.activity},
			{pattern: "/", open: signedIn, handle: p.notFound},
		},
		p.signInRoutes(),
		p.bannerRoutes(),
		p.contactRoutes(),
		p.credentialRoutes(),
		p.invoiceRoutes(),
		p.messageRoutes(),
		p.orderRoutes(),
		p.paymentRoutes(),
		p.preferenceRoutes(),
		p.profileRoutes(),
		p.requestRoutes(),
		p.securityRoutes(),
		p.serviceRoutes(),
		p.switchRoutes(),
		p.unsubscribeRoutes(),
		p.verifyRoutes(),
	)
}

// Handler returns the site with everything around it.
func (p *Portal) Handler(observer *process.Observer) http.Handler {
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		mux.Handle(r.pattern, p.serve(r))
	}
	sameOrigin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.origin.Check(r); err != nil {
			p.fail(w, r, p.newVisit(r), web.CrossOrigin(err))
			return
		}
		mux.ServeHTTP(w, r)
	})
	panicked := func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, p.newVisit(r), web.Internal(nil))
	}
	return observer.Observe(web.SecurityHeaders(process.Recover(p.Log, panicked, sameOrigin)))
}

// requestTimeout is how long a page may take: a person reads sooner that their data
// cannot be reached than that nothing comes. It leaves room for the queue of sign-ins.
const requestTimeout = 15 * time.Second

// serve admits a request to a route and shows what its handler returns.
func (p *Portal) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limited, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(limited)
		v := p.newVisit(r)
		err := p.admit(r, v, rt)
		if err == nil {
			err = rt.handle(w, r, v)
		}
		if err != nil {
			p.fail(w, r, v, err)
		}
	})
}

func (p *Portal) assets(w http.ResponseWriter, r *http.Request, _ *visit) error {
	return web.Assets(w, r)
}

func (p *Portal) notFound(http.ResponseWriter, *http.Request, *visit) error {
	return web.NotFound()
}
