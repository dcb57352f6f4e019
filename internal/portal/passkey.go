package portal

import (
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// passkeyState is what is kept while a browser is asked for a passkey. Each answer needs a
// question of its own.
type passkeyState struct {
	Next    string                    `json:"next"`
	Passkey *identity.PasskeyCeremony `json:"passkey"`
}

// passkeyPage is the page whose script asks the browser.
type passkeyPage struct {
	Page    web.Page
	Title   string
	Action  string // where the answer goes
	Make    bool   // a passkey is to be made
	Options string
	Problem string
	Back    string
	Name    string // of what is to be made
}

// signInWithPasskey begins a sign-in without username.
func (p *Portal) signInWithPasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	if !v.factorsOn() {
		return web.NotFound()
	}
	passkeys, err := v.passkeys(r)
	if err != nil {
		return err
	}
	asked, err := passkeys.Ask(nil)
	if err != nil {
		return err
	}
	state := passkeyState{Next: safeNext(f.get("next")), Passkey: asked}
	if err := p.startCeremony(w, r, v, store.Ceremony{Kind: store.CeremonyPasskey}, state, signInTime); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in/passkey", http.StatusSeeOther)
	return nil
}

func (p *Portal) signInPasskeyPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	var state passkeyState
	c, _, err := p.ceremony(r, v, store.CeremonyPasskey, &state)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.UserID != "" {
		again(w, r, store.CeremonyPasskey)
		return nil
	}
	if err != nil {
		return err
	}
	title := v.T("Sign in with a passkey")
	return v.show(w, r, http.StatusOK, passkeyView(passkeyPage{
		Page: v.signInFrame(title), Title: title, Action: "/sign-in/passkey/answer", Options: string(state.Passkey.Options), Back: "/sign-in",
	}))
}

// passkeySignIn lets the person in whose passkey it is.
func (p *Portal) passkeySignIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	state, err := p.takePasskey(w, r, v, "")
	if err != nil {
		return orAgain(w, r, store.CeremonyPasskey, err)
	}
	e, err := p.ownerOfPasskey(r, v, state, f.get("answer"))
	if errors.As(err, &errWrongFactor{}) || errors.Is(err, store.ErrNotFound) || errors.Is(err, identity.ErrPasskey) {
		p.countSignIn(r, outcomeRefused)
		p.Log.InfoContext(r.Context(), "sign-in with a passkey refused", "id", process.RequestID(r.Context()), "error", err)
		return v.showSignIn(w, r, http.StatusUnprocessableEntity, signInForm{Next: state.Next, Problem: v.T(wrongPasskey(err).text)})
	}
	if err != nil {
		return err
	}
	return orAgain(w, r, store.CeremonySignIn, p.enter(w, r, v, e))
}

// wrongPasskey is what a person is told: whether a passkey is known here is nobody's
// business.
func wrongPasskey(err error) errWrongFactor {
	if errors.Is(err, errCopiedKey) {
		return errCopiedKey
	}
	return errUnknownKey
}

var errUnknownKey = errWrongFactor{"answer", web.Text("This passkey is not known here. Sign in with your password instead.")}

// takePasskey ends the ceremony of a passkey and returns it: one answer can have it, right
// or wrong. of is the user who was asked; empty: whoever it is.
func (p *Portal) takePasskey(w http.ResponseWriter, r *http.Request, v *visit, of string) (passkeyState, error) {
	var state passkeyState
	c, hash, err := p.ceremony(r, v, store.CeremonyPasskey, &state)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.UserID != of || !v.factorsOn()) {
		return state, errAgain{}
	}
	if err != nil {
		return state, err
	}
	ended, err := p.Store.EndCeremony(r.Context(), hash)
	if err == nil && !ended {
		err = errAgain{}
	}
	clearCeremony(w, store.CeremonyPasskey)
	return state, err
}

// ownerOfPasskey finds out whose passkey an answer is from, and checks it.
func (p *Portal) ownerOfPasskey(r *http.Request, v *visit, state passkeyState, answer string) (entrance, error) {
	e := entrance{next: state.Next, secondFactor: true}
	assertion, err := identity.ReadAssertion(answer)
	if err != nil {
		return e, err
	}
	userID, err := p.Store.PasskeyUser(r.Context(), assertion.ID)
	if err != nil {
		return e, err
	}
	if e.user, err = p.Store.SignInUserByID(r.Context(), userID); err != nil {
		return e, err
	}
	e.user.PasswordHash = "" // nobody asked for it, so it may change meanwhile
	if len(e.user.Contacts) > 0 {
		e.contact = e.user.Contacts[0] // for the audit trail; enter decides
	}
	if err := p.checkPasskey(r, v, e, state.Passkey, assertion); err != nil {
		return e, err
	}
	e.device, err = p.deviceOf(r, v, e.user.Username)
	return e, err
}

// deviceOf says whether the browser is one that a user signed in with before.
func (p *Portal) deviceOf(r *http.Request, v *visit, username string) (device, error) {
	var d device
	d.secret, d.hash = presentedSecret(r, deviceCookie)
	admission, err := p.Store.Admission(r.Context(), store.Knock{Login: username, Device: d.hash, Now: v.now})
	d.known = admission.KnownDevice
	return d, err
}
