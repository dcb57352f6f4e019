package portal

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// touchEvery bounds how often a session's last use is written.
const touchEvery = time.Minute

// visit is what is known during one request. The settings are taken once, so that a
// page is made of one document even while a new one goes live.
type visit struct {
	live      *config.Live
	now       time.Time
	presented []byte             // hash of the secret in the cookie, nil without one
	session   *store.SessionView // nil for nobody
	effective config.Effective   // of the session's account
	words     *locale.Words      // the person's language
	here      string             // the address of the page, empty for a form that was sent
}

func (p *Portal) newVisit(r *http.Request) *visit {
	v := &visit{live: p.Settings(), now: p.Now()}
	if r.Method == http.MethodGet {
		v.here = r.URL.RequestURI()
	}
	p.speak(r, v)
	return v
}

// errSignIn sends a person to the sign-in page; ended says that they had a session.
type errSignIn struct{ ended bool }

func (errSignIn) Error() string { return "not signed in" }

// errDenied shows the denied page.
type errDenied struct {
	feature  settings.Feature
	decision settings.Decision
}

func (e errDenied) Error() string { return string(e.feature) + ": " + string(e.decision) }

// admit recognises the person and decides whether the route is open to them.
func (p *Portal) admit(r *http.Request, v *visit, rt route) error {
	if rt.open == everybody {
		v.presented = presentedSession(r)
		return nil
	}
	if err := p.recognise(r, v); err != nil {
		return err
	}
	if rt.open == signedIn {
		return nil
	}
	if !v.effective.HasPortal() {
		return errDenied{decision: identity.NoPortal}
	}
	for _, feature := range []settings.Feature{rt.within, rt.feature} {
		if feature == "" {
			continue
		}
		if decision := v.may(feature); decision != settings.Allowed {
			return errDenied{feature, decision}
		}
	}
	if rt.recent && !v.isRecent(r) {
		return errConfirm{}
	}
	return nil
}

// How long ago a person may have proved who they are: to open a form that needs it, and
// to send it, so that what was filled in meanwhile is not lost.
const (
	recentToOpen = 15 * time.Minute
	recentToSend = time.Hour
)

// errConfirm asks a person to prove again who they are.
type errConfirm struct{}

func (errConfirm) Error() string { return "not signed in recently" }

func (v *visit) isRecent(r *http.Request) bool {
	allowed := recentToSend
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		allowed = recentToOpen
	}
	// A session that began before there was a second factor proved too little.
	if v.session.HasFactor && !v.session.SecondFactor && v.factorsOn() {
		return false
	}
	return v.now.Sub(v.session.AuthenticatedAt) < allowed
}

// recognise loads the session of the cookie, with its person and account.
func (p *Portal) recognise(r *http.Request, v *visit) error {
	v.presented = presentedSession(r)
	if v.presented == nil {
		return errSignIn{}
	}
	limits := v.live.Tenant.Session
	session, err := p.Store.Session(r.Context(), v.presented, v.now, time.Duration(limits.IdleSeconds)*time.Second)
	if errors.Is(err, store.ErrNotFound) {
		return errSignIn{ended: true}
	}
	if err != nil {
		return err
	}
	// A lowered maximum also ends sessions that began under a longer one.
	if !v.now.Before(session.CreatedAt.Add(time.Duration(limits.MaxSeconds) * time.Second)) {
		return errSignIn{ended: true}
	}
	if !identity.Enough(v.live.Credentials().SecondFactor, session) {
		return errSignIn{ended: true}
	}
	v.session = &session
	v.effective = v.live.For(session.Account.Account)
	p.speak(r, v)
	if v.now.Sub(session.LastSeenAt) >= touchEvery {
		return p.Store.TouchSession(r.Context(), v.presented, v.now)
	}
	return nil
}

// may decides over a feature for the person of the session.
func (v *visit) may(f settings.Feature) settings.Decision {
	return identity.Authorize(f, *v.session, v.effective)
}

// locale is how money and dates are written: as the account reads them, or as the person's
// language does where nobody has set that.
func (v *visit) locale() string {
	if v.effective.Attributes.Locale.Source == settings.SourceBuiltIn {
		return v.words.Language()
	}
	return v.effective.Attributes.Locale.Value
}

// zone is where the account's days begin.
func (v *visit) zone() *time.Location { return config.Location(v.effective.Attributes.TimeZone.Value) }

// person is the own name of who is signed in.
func (v *visit) person() string {
	if v.session == nil {
		return ""
	}
	if name := strings.TrimSpace(v.session.FirstName + " " + v.session.LastName); name != "" {
		return name
	}
	return v.session.Username
}

// firstName is how pages greet the person.
func (v *visit) firstName() string {
	if v.session.FirstName != "" {
		return v.session.FirstName
	}
	return v.person()
}

// origin says who writes in this visit, for the audit trail and for events.
func (v *visit) origin(r *http.Request, trusted []netip.Prefix) store.Origin {
	return store.Origin{
		Actor: v.person(), UserID: v.session.UserID, ContactID: v.session.ContactID, IP: process.ClientIP(r, trusted),
		Browser: v.browserWords(r.UserAgent()), Now: v.now,
	}
}

// page is the frame of a page for this person.
func (v *visit) page(title, path string) web.Page {
	page := web.Page{Title: title, Brand: v.brand(), Person: v.person()}
	if v.session == nil {
		return page
	}
	page.AccountName, page.AccountID = v.session.Account.Name, v.session.Account.ID
	if v.session.Accounts > 1 {
		page.AccountsPath = "/accounts"
		page.Menu = append(page.Menu, web.NavItem{Title: v.T("Switch account"), Path: page.AccountsPath, Icon: "switch", Current: path == page.AccountsPath})
	}
	if v.effective.HasPortal() {
		page.Banners = v.banners(path)
		page.Nav, page.Cog = v.navigation(path)
		page.Menu = append(page.Menu,
			web.NavItem{Title: v.T("Sign-in and security"), Path: "/security", Icon: "shield", Current: path == "/security"},
			web.NavItem{Title: v.T("Preferences"), Path: "/preferences", Icon: "bell", Current: path == "/preferences"})
	}
	return page
}

func (v *visit) brand() web.Brand {
	t := v.live.Tenant
	return web.Brand{
		Name:         t.DisplayName,
		Accent:       t.Branding.AccentColor,
		SupportEmail: t.Branding.SupportEmail,
		SupportPhone: t.Branding.SupportPhone,
		TermsURL:     t.Branding.TermsURL,
		PrivacyURL:   t.Branding.PrivacyURL,
	}
}

// navigation shows what the account's profile has; what is not open to the person is
// shown locked. The portal settings stand beside it, at the cog.
func (v *visit) navigation(path string) (items []web.NavItem, cog *web.NavItem) {
	items = []web.NavItem{{Title: v.T("Home"), Path: "/", Icon: "home", Current: path == "/"}}
	for _, f := range settings.FeatureRegistry() {
		decision := v.may(f.Feature)
		if decision == settings.NotInProfile || f.Place == settings.OnPage {
			continue
		}
		item := web.NavItem{Title: v.T(f.Title), Path: f.Path, Icon: iconOf(f.Feature), Current: path == f.Path, Locked: v.lockWords(decision)}
		if f.Place == settings.AtCog {
			cog = &item
			continue
		}
		items = append(items, item)
	}
	return items, cog
}

// iconOf is the drawing of a feature's page.
func iconOf(f settings.Feature) string {
	switch f {
	case settings.ViewInvoices:
		return "invoices"
	case settings.ViewPayments:
		return "payments"
	case settings.ViewServices:
		return "services"
	case settings.PlaceOrders:
		return "orders"
	case settings.RequestService:
		return "requests"
	case settings.EditProfile:
		return "document"
	case settings.ViewEmails:
		return "email"
	case settings.ManageContacts:
		return "gear"
	}
	return "activity"
}

// lockWords says in two or three words why something is locked.
func (v *visit) lockWords(d settings.Decision) string {
	if d == settings.NotInStatus {
		return v.T(closedWhile[v.session.Account.Status])
	}
	if d == settings.Allowed {
		return ""
	}
	return v.T("not granted")
}

var closedWhile = map[settings.AccountStatus]string{
	settings.Prospect:  web.Text("opens when the account is active"),
	settings.Active:    web.Text("closed while active"),
	settings.Suspended: web.Text("closed while suspended"),
	settings.Closed:    web.Text("closed with the account"),
}
