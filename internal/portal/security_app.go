package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// codesPage shows recovery codes, once.
type codesPage struct {
	Done  string
	Codes []string
	Next  string
}

type appPage struct {
	Page web.Page
	App  appSetUp
}

// beginApp makes the secret of an authenticator app, which counts once a code confirms it.
func (p *Portal) beginApp(w http.ResponseWriter, r *http.Request, v *visit) error {
	if !v.factorsOn() {
		return web.NotFound()
	}
	state := enrolState{Sealed: p.Keys().Seal(identity.NewTOTPSecret(), v.session.UserID)}
	if err := p.startCeremony(w, r, v, store.Ceremony{Kind: store.CeremonyEnrol, UserID: v.session.UserID}, state, enrolTime); err != nil {
		return err
	}
	http.Redirect(w, r, "/security/authenticator", http.StatusSeeOther)
	return nil
}

// enrolment is what the person of the session is adding in this browser.
// [store.ErrNotFound]: nothing, or their time is over.
func (p *Portal) enrolment(r *http.Request, v *visit) (state enrolState, hash []byte, err error) {
	c, hash, err := p.ceremony(r, v, store.CeremonyEnrol, &state)
	if err == nil && (c.UserID != v.session.UserID || !v.factorsOn()) {
		err = store.ErrNotFound
	}
	return state, hash, err
}

// toSecurity leads back from what is over.
func toSecurity(w http.ResponseWriter, r *http.Request, query string) {
	http.Redirect(w, r, "/security"+query, http.StatusSeeOther)
}

func (p *Portal) appPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	state, _, err := p.enrolment(r, v)
	if errors.Is(err, store.ErrNotFound) || err == nil && state.Sealed == nil {
		toSecurity(w, r, "")
		return nil
	}
	if err != nil {
		return err
	}
	return p.showApp(w, r, v, http.StatusOK, state, nil)
}

func (p *Portal) showApp(w http.ResponseWriter, r *http.Request, v *visit, status int, state enrolState, problems []web.FieldProblem) error {
	app, err := p.newAppSetUp(v, state.Sealed, v.session.UserID, v.session.Username)
	if errors.Is(err, errAgain{}) {
		toSecurity(w, r, "")
		return nil
	}
	if err != nil {
		return err
	}
	app.Problems = problems
	return v.show(w, r, status, appView(appPage{Page: v.page(v.T("Authenticator app"), "/security"), App: app}))
}

func (p *Portal) addApp(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	state, hash, err := p.enrolment(r, v)
	if errors.Is(err, store.ErrNotFound) || err == nil && state.Sealed == nil {
		toSecurity(w, r, "")
		return nil
	}
	if err != nil {
		return err
	}
	err = p.addFactor(w, r, v, hash, state, f, "app")
	var wrong errWrongFactor
	if errors.As(err, &wrong) {
		f.wrong(wrong.field, v.T(wrong.text))
		return p.showApp(w, r, v, http.StatusUnprocessableEntity, state, f.problems)
	}
	return err
}

// addFactor adds a factor to the person of the session, and answers. errWrongFactor: the
// form says why it cannot be.
func (p *Portal) addFactor(w http.ResponseWriter, r *http.Request, v *visit, ceremony []byte, state enrolState, f *form, done string) error {
	add, err := p.newFactor(r, v, v.self(), state, f)
	if err != nil {
		return p.orSecurity(w, r, err)
	}
	secret, newHash := identity.NewSessionSecret()
	codes, err := p.writeFactor(r, v, ceremony, add, newHash)
	if err != nil {
		return p.orSecurity(w, r, err)
	}
	clearCeremony(w, store.CeremonyEnrol)
	setSession(w, secret, v.live.Tenant.Session)
	if codes == nil {
		toSecurity(w, r, "?done="+done)
		return nil
	}
	return v.showCodes(w, r, codesPage{Done: v.T(doneWords[done]), Codes: codes, Next: "/security"})
}

// orSecurity leads back when a set-up has to begin anew, and leaves other errors to the
// caller.
func (p *Portal) orSecurity(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, errAgain{}) {
		return err
	}
	clearCeremony(w, store.CeremonyEnrol)
	toSecurity(w, r, "")
	return nil
}

// writeFactor adds a factor to the person of the session, whose secret is replaced. Other
// sessions end and other devices are forgotten: they knew no more than the password. Those
// who have no recovery codes get some.
func (p *Portal) writeFactor(r *http.Request, v *visit, ceremony []byte, add func(context.Context, *store.Writer) error, newHash []byte) (given []string, err error) {
	_, device := presentedSecret(r, deviceCookie)
	codes, hashes := identity.NewRecoveryCodes(v.session.UserID)
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		factors, err := w.Factors(ctx, v.session.UserID)
		if err != nil {
			return err
		}
		if err := endCeremony(ctx, w, ceremony); err != nil {
			return err
		}
		if err := add(ctx, w); err != nil {
			return err
		}
		given = nil
		if factors.RecoveryCodes == 0 {
			given = codes
			if err := w.PutRecoveryCodes(ctx, v.session.UserID, hashes); err != nil {
				return err
			}
		}
		if err := w.EndOtherSessions(ctx, v.session.UserID, v.session.SessionID, device); err != nil {
			return err
		}
		return w.ProveAgain(ctx, store.Proof{Old: v.presented, New: newHash, SecondFactor: true})
	})
	return given, orEnded(err)
}

// orEnded is for the secret of a session that could not be replaced: the session ended
// meanwhile, or the form was sent twice.
func orEnded(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errSignIn{ended: true}
	}
	return err
}

func (v *visit) showCodes(w http.ResponseWriter, r *http.Request, page codesPage) error {
	return v.show(w, r, http.StatusOK, codesView(v.page(v.T("Your recovery codes"), "/security"), page))
}

// questionPage asks before something is done that cannot be taken back.
type questionPage struct {
	Page   web.Page
	Text   string
	Note   string // of what follows, may be empty
	Action string
	Button string
	Danger bool
}

func (p *Portal) removeAppPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	factors, err := p.Store.Factors(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	if factors.AuthenticatorSince == nil || !v.factorsOn() {
		toSecurity(w, r, "")
		return nil
	}
	if !v.mayLose(factors) {
		toSecurity(w, r, "?problem=last-factor")
		return nil
	}
	page := questionPage{
		Page: v.page(v.T("Remove the authenticator app?"), "/security"), Action: "/security/authenticator/remove", Button: v.T("Remove it"), Danger: true,
		Text: v.T("Codes of the app will not be accepted any more."),
	}
	if factors.Passkeys == 0 {
		page.Note = v.T("You will sign in with your password alone, and your recovery codes go too.")
	}
	return v.show(w, r, http.StatusOK, questionView(page))
}

func (p *Portal) removeApp(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.removeFactor(w, r, v, "app-removed", func(ctx context.Context, w *store.Writer) error {
		if err := w.RemoveTOTP(ctx, v.session.UserID); err != nil {
			return err
		}
		return w.FactorChanged(ctx, v.session.ContactID, actionAppRemoved, nil)
	})
}

// removeFactor removes a factor of the person of the session, whose secret is replaced.
// Recovery codes go with the last factor.
func (p *Portal) removeFactor(w http.ResponseWriter, r *http.Request, v *visit, done string, remove func(context.Context, *store.Writer) error) error {
	if !v.factorsOn() {
		toSecurity(w, r, "")
		return nil
	}
	err := p.writeRenewed(w, r, v, func(ctx context.Context, w *store.Writer) error {
		factors, err := w.Factors(ctx, v.session.UserID)
		if err != nil {
			return err
		}
		if !v.mayLose(factors) {
			return errLastFactor
		}
		if err := remove(ctx, w); err != nil {
			return err
		}
		return w.DropRecoveryCodes(ctx, v.session.UserID)
	})
	if errors.Is(err, errLastFactor) {
		toSecurity(w, r, "?problem=last-factor")
		return nil
	}
	if err != nil {
		return err
	}
	toSecurity(w, r, "?done="+done)
	return nil
}

// errLastFactor keeps a factor that its person cannot do without.
var errLastFactor = errors.New("it is the last second factor")

func (p *Portal) recoveryCodesPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	factors, err := p.Store.Factors(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	if !v.factorsOn() || !factors.Any() {
		toSecurity(w, r, "")
		return nil
	}
	return v.show(w, r, http.StatusOK, questionView(questionPage{
		Page: v.page(v.T("Make new recovery codes?"), "/security"), Action: "/security/recovery-codes", Button: v.T("Make new codes"),
		Text: v.N(factors.RecoveryCodes, "You have %d recovery code left.", "You have %d recovery codes left."),
		Note: v.T("You get %d new ones, and those that you have stop working.", identity.RecoveryCodes),
	}))
}

func (p *Portal) makeRecoveryCodes(w http.ResponseWriter, r *http.Request, v *visit) error {
	factors, err := p.Store.Factors(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	if !v.factorsOn() || !factors.Any() {
		toSecurity(w, r, "")
		return nil
	}
	codes, hashes := identity.NewRecoveryCodes(v.session.UserID)
	err = p.writeRenewed(w, r, v, func(ctx context.Context, w *store.Writer) error {
		if err := w.PutRecoveryCodes(ctx, v.session.UserID, hashes); err != nil {
			return err
		}
		return w.FactorChanged(ctx, v.session.ContactID, actionCodesMade, nil)
	})
	if err != nil {
		return err
	}
	return v.showCodes(w, r, codesPage{Codes: codes, Next: "/security"})
}
