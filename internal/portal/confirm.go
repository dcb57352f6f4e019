package portal

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// confirmForm is the page on which a person proves again who they are.
type confirmForm struct {
	Page     web.Page
	Username string
	Next     string
	Code     bool // a second factor is asked for
	App      bool // it can be a code of an app
	Passkey  bool // they have one
	Problems []web.FieldProblem
}

// newConfirmForm says what a person has to prove: what they would need to sign in.
func (p *Portal) newConfirmForm(r *http.Request, v *visit, next string) (confirmForm, error) {
	page := confirmForm{Page: v.page(v.T("Please confirm that it is you"), ""), Username: v.session.Username, Next: safeNext(next)}
	if !v.factorsOn() {
		return page, nil
	}
	factors, err := p.Store.Factors(r.Context(), v.session.UserID)
	page.Code, page.App, page.Passkey = factors.Any(), factors.AuthenticatorSince != nil, factors.Passkeys > 0
	return page, err
}

func (p *Portal) confirmPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	page, err := p.newConfirmForm(r, v, r.URL.Query().Get("next"))
	if err != nil {
		return err
	}
	return v.show(w, r, http.StatusOK, confirmView(page))
}

// confirm checks password and second factor, throttled as a sign-in is.
func (p *Portal) confirm(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	page, err := p.newConfirmForm(r, v, f.get("next"))
	if err != nil {
		return err
	}
	refuse := func(status int) error {
		page.Problems = f.problems
		return v.show(w, r, status, confirmView(page))
	}
	a := p.ownAttempt(r, v, f)
	wait, err := p.take(r, v, &a)
	if err != nil {
		return err
	}
	if wait > 0 {
		return p.confirmLater(w, v, f, "password", wait, refuse)
	}
	user, match, err := p.check(r, a)
	if errors.Is(err, identity.ErrBusy) {
		return errors.Join(err, p.Store.TakeBack(r.Context(), a.throttle.Own.Key, v.now, a.throttle.Own.Policy))
	}
	if err != nil {
		return err
	}
	if !match || user.UserID != v.session.UserID {
		if err := p.recordWrong(r, v, a, user); err != nil {
			return err
		}
		f.wrong("password", v.T("This is not your password. Check it and try again."))
		return refuse(http.StatusUnprocessableEntity)
	}
	if err := p.Store.ClearFailures(r.Context(), a.throttle.Cleared()); err != nil {
		return err
	}
	if page.Code {
		if done, err := p.confirmFactor(w, r, v, a, f, refuse); done || err != nil {
			return err
		}
	}
	return p.confirmed(w, r, v, page.Next, page.Code)
}

// ownAttempt is an attempt with the person's own username.
func (p *Portal) ownAttempt(r *http.Request, v *visit, f *form) attempt {
	ip := process.ClientIP(r, p.Trusted)
	secret, hash := presentedSecret(r, deviceCookie)
	return attempt{
		form: signInForm{Login: v.session.Username}, password: f.get("password"), ip: ip,
		throttle: identity.NewThrottle(v.session.Username, ip), device: device{secret: secret, hash: hash},
	}
}

func (p *Portal) confirmLater(w http.ResponseWriter, v *visit, f *form, field string, wait time.Duration, refuse func(int) error) error {
	setRetryAfter(w, wait)
	f.wrong(field, v.tooMany(wait))
	return refuse(http.StatusTooManyRequests)
}

// confirmFactor checks the second factor of a form. done says that it has answered.
func (p *Portal) confirmFactor(w http.ResponseWriter, r *http.Request, v *visit, a attempt, f *form, refuse func(int) error) (done bool, err error) {
	s := pending{entrance: v.self()}
	s.device = a.device
	limit := s.limit()
	wait, err := p.takeOne(r, v, limit, []string{limit.Key})
	if err != nil {
		return false, err
	}
	if wait > 0 {
		return true, p.confirmLater(w, v, f, "code", wait, refuse)
	}
	err = p.proveFactor(r, v, s.entrance, f, nil)
	var wrong errWrongFactor
	if errors.As(err, &wrong) {
		f.wrong(wrong.field, v.T(wrong.text))
		return true, refuse(http.StatusUnprocessableEntity)
	}
	if err != nil {
		return false, err
	}
	return false, p.Store.ClearFailures(r.Context(), []string{limit.Key})
}

// confirmed notes that the person proved who they are, and goes on.
func (p *Portal) confirmed(w http.ResponseWriter, r *http.Request, v *visit, next string, secondFactor bool) error {
	secret, hash := identity.NewSessionSecret()
	err := p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		w.Audit(v.session.Account.ID, store.ActionConfirmed, nil)
		return w.ProveAgain(ctx, store.Proof{Old: v.presented, New: hash, SecondFactor: secondFactor})
	})
	if errors.Is(err, store.ErrNotFound) { // it was done twice at the same moment, or the session has just ended
		return errSignIn{ended: true}
	}
	if err != nil {
		return err
	}
	setSession(w, secret, v.live.Tenant.Session)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// confirmByPasskey asks for a passkey of the person.
func (p *Portal) confirmByPasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	e := v.self()
	passkeys, owner, err := p.passkeysOf(r, v, e.user.UserID, e.user.Username, e.contact.Name)
	if err != nil {
		return err
	}
	if !v.factorsOn() || len(owner.Passkeys) == 0 {
		return web.NotFound()
	}
	asked, err := passkeys.Ask(&owner)
	if err != nil {
		return err
	}
	state := passkeyState{Next: safeNext(f.get("next")), Passkey: asked}
	if err := p.startCeremony(w, r, v, store.Ceremony{Kind: store.CeremonyPasskey, UserID: v.session.UserID}, state, signInTime); err != nil {
		return err
	}
	http.Redirect(w, r, "/confirm/passkey", http.StatusSeeOther)
	return nil
}

func (p *Portal) confirmPasskeyPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	var state passkeyState
	c, _, err := p.ceremony(r, v, store.CeremonyPasskey, &state)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.UserID != v.session.UserID {
		http.Redirect(w, r, "/confirm", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	title := v.T("Please confirm that it is you")
	return v.show(w, r, http.StatusOK, passkeyView(passkeyPage{
		Page: v.page(title, ""), Title: title, Action: "/confirm/passkey/answer", Options: string(state.Passkey.Options), Back: "/confirm",
	}))
}

func (p *Portal) confirmPasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	state, err := p.takePasskey(w, r, v, v.session.UserID)
	if errors.Is(err, errAgain{}) {
		http.Redirect(w, r, "/confirm", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	err = p.usePasskey(r, v, v.self(), state.Passkey, f.get("answer"))
	var wrong errWrongFactor
	if errors.As(err, &wrong) {
		page, err := p.newConfirmForm(r, v, state.Next)
		if err != nil {
			return err
		}
		f.wrong("", v.T(wrong.text))
		page.Problems = f.problems
		return v.show(w, r, http.StatusUnprocessableEntity, confirmView(page))
	}
	if err != nil {
		return err
	}
	return p.confirmed(w, r, v, state.Next, true)
}
