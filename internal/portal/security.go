package portal

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) securityRoutes() []route {
	return []route{
		{pattern: "GET /confirm", open: customer, handle: p.confirmPage},
		{pattern: "POST /confirm", open: customer, handle: p.confirm},
		{pattern: "POST /confirm/passkey", open: customer, handle: p.confirmByPasskey},
		{pattern: "GET /confirm/passkey", open: customer, handle: p.confirmPasskeyPage},
		{pattern: "POST /confirm/passkey/answer", open: customer, handle: p.confirmPasskey},
		{pattern: "GET /security", open: customer, handle: p.security},
		{pattern: "POST /security/authenticator", open: customer, recent: true, handle: p.beginApp},
		{pattern: "GET /security/authenticator", open: customer, recent: true, handle: p.appPage},
		{pattern: "POST /security/authenticator/confirm", open: customer, recent: true, handle: p.addApp},
		{pattern: "GET /security/authenticator/remove", open: customer, recent: true, handle: p.removeAppPage},
		{pattern: "POST /security/authenticator/remove", open: customer, recent: true, handle: p.removeApp},
		{pattern: "GET /security/recovery-codes", open: customer, recent: true, handle: p.recoveryCodesPage},
		{pattern: "POST /security/recovery-codes", open: customer, recent: true, handle: p.makeRecoveryCodes},
		{pattern: "POST /security/passkeys", open: customer, recent: true, handle: p.beginPasskey},
		{pattern: "GET /security/passkeys/new", open: customer, recent: true, handle: p.newPasskeyPage},
		{pattern: "POST /security/passkeys/new", open: customer, recent: true, handle: p.addPasskey},
		{pattern: "GET /security/passkeys/{id}", open: customer, recent: true, handle: p.passkeyEditPage},
		{pattern: "POST /security/passkeys/{id}", open: customer, recent: true, handle: p.renamePasskey},
		{pattern: "POST /security/passkeys/{id}/remove", open: customer, recent: true, handle: p.removePasskey},
		{pattern: "GET /sessions", open: customer, handle: p.sessions},
		{pattern: "POST /sessions/end", open: customer, recent: true, handle: p.endSession},
		{pattern: "POST /sessions/end-others", open: customer, recent: true, handle: p.endOtherSessions},
	}
}

// securityPage is what the page of a person's sign-in shows.
type securityPage struct {
	Page     web.Page
	Done     string
	Problem  string
	Username string
	Sessions int
	On       bool // second factors and passkeys are there at all
	Required bool
	App      string // since when there is an authenticator app; empty: there is none
	AppLost  bool   // its codes cannot be checked any more
	Codes    int    // recovery codes that are left
	Any      bool   // there is a second factor
	Passkeys []passkeyRow
}

// passkeyRow is one passkey in words.
type passkeyRow struct {
	Path   string
	Name   string
	Added  string
	Used   string // empty: never
	Copied bool
}

// doneWords are what a page says after something worked, by the word in its address.
var doneWords = map[string]string{
	"app":            web.Text("Your authenticator app is set up. From now on you are asked for a code when you sign in."),
	"app-removed":    web.Text("Your authenticator app was removed."),
	"passkey":        web.Text("Your passkey was added."),
	"passkey-named":  web.Text("The passkey has its new name."),
	"passkey-gone":   web.Text("The passkey was removed. Remove it from your device too."),
	"session-ended":  web.Text("That session has ended."),
	"sessions-ended": web.Text("You are signed out everywhere else."),
}

func (v *visit) doneText(r *http.Request) string {
	if text := doneWords[r.URL.Query().Get("done")]; text != "" {
		return v.T(text)
	}
	return ""
}

func (p *Portal) security(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := securityPage{Page: v.page(v.T("Sign-in and security"), "/security"), Done: v.doneText(r), Username: v.session.Username,
		On: v.factorsOn(), Required: v.live.Credentials().SecondFactor == config.SecondFactorRequired}
	if r.URL.Query().Get("problem") == "last-factor" {
		page.Problem = v.T("Everybody needs a second step at %s, and this is the only one that you have. Add another one first.", v.live.Tenant.DisplayName)
	}
	sessions, err := p.Store.Sessions(r.Context(), v.session.UserID, v.now, v.sessionLimits())
	if err != nil {
		return err
	}
	page.Sessions = len(sessions)
	if page.On {
		if err := p.addFactors(r, v, &page); err != nil {
			return err
		}
	}
	return v.show(w, r, http.StatusOK, securityView(page))
}

func (p *Portal) addFactors(r *http.Request, v *visit, page *securityPage) error {
	factors, err := p.Store.Factors(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	page.Codes, page.Any = factors.RecoveryCodes, factors.Any()
	if factors.AuthenticatorSince != nil {
		page.App = locale.DateTime(v.locale(), *factors.AuthenticatorSince, v.zone())
		if page.AppLost, err = p.appLost(r, v); err != nil {
			return err
		}
	}
	passkeys, err := p.Store.Passkeys(r.Context(), v.session.UserID)
	for _, k := range passkeys {
		page.Passkeys = append(page.Passkeys, v.passkeyRow(k))
	}
	return err
}

// appLost says whether the keys that the secret of the person's app was sealed with are
// gone.
func (p *Portal) appLost(r *http.Request, v *visit) (bool, error) {
	sealed, err := p.Store.TOTP(r.Context(), v.session.UserID)
	if errors.Is(err, store.ErrNotFound) { // removed since
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = p.Keys().Open(sealed, v.session.UserID)
	return err != nil, nil
}

func (v *visit) passkeyRow(k store.Passkey) passkeyRow {
	row := passkeyRow{
		Path: "/security/passkeys/" + base64.RawURLEncoding.EncodeToString(k.ID), Name: k.Name,
		Added: locale.DateTime(v.locale(), k.CreatedAt, v.zone()), Copied: k.Copied,
	}
	if k.LastUsedAt != nil {
		row.Used = locale.DateTime(v.locale(), *k.LastUsedAt, v.zone())
	}
	return row
}

// self is the person of the session, as those are who are on their way in.
func (v *visit) self() entrance {
	contact := store.SignInContact{ContactID: v.session.ContactID, AccountID: v.session.Account.ID, Name: v.person()}
	return entrance{user: store.SignInUser{UserID: v.session.UserID, Username: v.session.Username}, contact: contact, secondFactor: v.session.SecondFactor}
}

// mayLose says whether a person can do without a factor: where everybody needs one, the
// last one stays.
func (v *visit) mayLose(factors store.Factors) bool {
	count := factors.Passkeys
	if factors.AuthenticatorSince != nil {
		count++
	}
	return count > 1 || v.live.Credentials().SecondFactor != config.SecondFactorRequired
}

// passkeyOf is the passkey of the person that an address names.
func (p *Portal) passkeyOf(r *http.Request, v *visit) (store.Passkey, error) {
	id, err := base64.RawURLEncoding.DecodeString(r.PathValue("id"))
	if err != nil {
		return store.Passkey{}, web.NotFound()
	}
	list, err := p.Store.Passkeys(r.Context(), v.session.UserID)
	if err != nil {
		return store.Passkey{}, err
	}
	i := slices.IndexFunc(list, func(k store.Passkey) bool { return string(k.ID) == string(id) })
	if i < 0 {
		return store.Passkey{}, web.NotFound()
	}
	return list[i], nil
}
