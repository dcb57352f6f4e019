package portal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// How long what a browser has begun may take, and how many answers it may try.
const (
	signInTime       = 5 * time.Minute
	enrolTime        = 15 * time.Minute // somebody may have to install an app first
	ceremonyAttempts = 5
)

// factorsOn says whether second factors and passkeys are there at all.
func (v *visit) factorsOn() bool {
	return v.live.Credentials().SecondFactor != config.SecondFactorOff
}

// startCeremony gives the browser a secret under which its state is kept.
func (p *Portal) startCeremony(w http.ResponseWriter, r *http.Request, v *visit, c store.Ceremony, state any, lifetime time.Duration) error {
	body, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("state of a ceremony: %w", err)
	}
	secret, hash := identity.NewSessionSecret()
	c.State, c.ExpiresAt = body, v.now.Add(lifetime)
	if err := p.Store.StartCeremony(r.Context(), hash, c, v.now); err != nil {
		return err
	}
	setCeremony(w, c.Kind, secret, lifetime)
	return nil
}

// ceremony reads what this browser has begun. [store.ErrNotFound]: nothing, or its time is
// over.
func (p *Portal) ceremony(r *http.Request, v *visit, kind store.CeremonyKind, state any) (c store.Ceremony, hash []byte, err error) {
	_, hash = presentedSecret(r, ceremonyCookie(kind))
	if hash == nil {
		return c, nil, store.ErrNotFound
	}
	if c, err = p.Store.Ceremony(r.Context(), hash, kind, v.now); err != nil {
		return c, nil, err
	}
	if err := json.Unmarshal(c.State, state); err != nil {
		return c, nil, fmt.Errorf("state of a ceremony: %w", err)
	}
	return c, hash, nil
}

// signInState is what is kept of a person whose password was right and who is not signed
// in yet.
type signInState struct {
	Next     string                    `json:"next"`
	Password [sha256.Size]byte         `json:"password"`          // digest of the hash that the password fitted
	Device   []byte                    `json:"device,omitempty"`  // hash of the known one that they came with
	App      bool                      `json:"app"`               // they have an authenticator app
	Passkey  *identity.PasskeyCeremony `json:"passkey,omitempty"` // to use one, or to make one
	Sealed   []byte                    `json:"sealed,omitempty"`  // of an app that they may add: they had no second factor
}

// pending is a sign-in that waits for its second factor.
type pending struct {
	entrance
	state signInState
	hash  []byte // of the ceremony's secret
}

// askFactor has a person whose password was right prove more, if they have to: it says so
// after it sent them there.
func (p *Portal) askFactor(w http.ResponseWriter, r *http.Request, v *visit, e entrance) (asked bool, err error) {
	rule := v.live.Credentials().SecondFactor
	if e.secondFactor || rule == config.SecondFactorOff {
		return false, nil
	}
	factors, err := p.Store.Factors(r.Context(), e.user.UserID)
	if err != nil || !factors.Any() && rule != config.SecondFactorRequired {
		return false, err
	}
	state := signInState{Next: e.next, Password: sha256.Sum256([]byte(e.user.PasswordHash)), App: factors.AuthenticatorSince != nil}
	if e.device.known {
		state.Device = e.device.hash
	}
	page, lifetime := "/sign-in/second-factor", signInTime
	passkeys, owner, err := p.passkeysOf(r, v, e.user.UserID, e.user.Username, nameOf(e.contact, e.user))
	switch {
	case err != nil:
	case !factors.Any():
		page, lifetime = "/sign-in/enrol", enrolTime
		state.Sealed = p.Keys().Seal(identity.NewTOTPSecret(), e.user.UserID)
		state.Passkey, err = passkeys.New(owner)
	case factors.Passkeys > 0:
		state.Passkey, err = passkeys.Ask(&owner)
	}
	if err != nil {
		return false, err
	}
	if err := p.startCeremony(w, r, v, store.Ceremony{Kind: store.CeremonySignIn, UserID: e.user.UserID}, state, lifetime); err != nil {
		return false, err
	}
	v.dropSession(w)
	http.Redirect(w, r, page, http.StatusSeeOther)
	return true, nil
}

// pendingSignIn reads the sign-in that this browser has begun. errAgain: it has to begin
// anew.
func (p *Portal) pendingSignIn(r *http.Request, v *visit, enrols bool) (pending, error) {
	var s pending
	c, hash, err := p.ceremony(r, v, store.CeremonySignIn, &s.state)
	if errors.Is(err, store.ErrNotFound) || err == nil && enrols != (s.state.Sealed != nil) {
		return s, errAgain{}
	}
	if err != nil {
		return s, err
	}
	s.hash, s.next = hash, s.state.Next
	s.user, err = p.Store.SignInUserByID(r.Context(), c.UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && sha256.Sum256([]byte(s.user.PasswordHash)) != s.state.Password { // deleted, or with another password since
		return s, errAgain{}
	}
	if err != nil {
		return s, err
	}
	contact, found, err := p.contactWithPortal(r, v, s.user)
	if err == nil && !found {
		err = errAgain{}
	}
	s.contact = contact
	s.device.secret, s.device.hash = presentedSecret(r, deviceCookie)
	s.device.known = s.device.hash != nil && bytes.Equal(s.device.hash, s.state.Device)
	return s, err
}

// errAgain says that a sign-in has to begin anew: it took too long, was tried too often,
// or is done already.
type errAgain struct{}

func (errAgain) Error() string { return "the sign-in has to begin anew" }

// again brings a person back to the beginning.
func again(w http.ResponseWriter, r *http.Request, kind store.CeremonyKind) {
	clearCeremony(w, kind)
	http.Redirect(w, r, "/sign-in?again=1", http.StatusSeeOther)
}

// orAgain answers errAgain, and leaves other errors to the caller.
func orAgain(w http.ResponseWriter, r *http.Request, kind store.CeremonyKind, err error) error {
	if errors.Is(err, errAgain{}) {
		again(w, r, kind)
		return nil
	}
	return err
}

// factorForm is what a page that asks for a second factor shows.
type factorForm struct {
	App      bool
	Passkey  string // options for the browser; empty: no passkeys
	Problems []web.FieldProblem
}

func (s pending) form() factorForm {
	f := factorForm{App: s.state.App}
	if s.state.Passkey != nil {
		f.Passkey = string(s.state.Passkey.Options)
	}
	return f
}

func (p *Portal) secondFactorPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.pendingSignIn(r, v, false)
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	return v.showFactor(w, r, http.StatusOK, s.form())
}

func (v *visit) showFactor(w http.ResponseWriter, r *http.Request, status int, f factorForm) error {
	return v.show(w, r, status, secondFactorView(v.signInFrame(v.T("Second step")), f))
}

// secondFactor lets a person in whose second factor is right.
func (p *Portal) secondFactor(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.pendingSignIn(r, v, false)
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	limit := s.limit()
	wait, err := p.takeOne(r, v, limit, []string{limit.Key})
	if err != nil {
		return err
	}
	if wait > 0 {
		setRetryAfter(w, wait)
		f.wrong("code", v.tooMany(wait))
		return p.factorAgain(w, r, v, s, f, http.StatusTooManyRequests)
	}
	if err := p.Store.TakeAttempt(r.Context(), s.hash, ceremonyAttempts, v.now); err != nil {
		return p.endAttempts(w, r, s, err)
	}
	if err := p.proveFactor(r, v, s.entrance, f, s.state.Passkey); err != nil {
		return p.wrongFactor(w, r, v, s, f, err)
	}
	s.secondFactor = true
	if err := p.finishPending(w, r, v, s, limit); err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	http.Redirect(w, r, s.next, http.StatusSeeOther)
	return nil
}

func (s pending) limit() identity.Limit {
	if s.device.known {
		return identity.NewFactorLimit(s.user.UserID, s.device.hash)
	}
	return identity.NewFactorLimit(s.user.UserID, nil)
}

// finishPending ends the ceremony, which one request alone can do, and lets the person in.
func (p *Portal) finishPending(w http.ResponseWriter, r *http.Request, v *visit, s pending, limit identity.Limit) error {
	ended, err := p.Store.EndCeremony(r.Context(), s.hash)
	if err != nil {
		return err
	}
	if !ended {
		return errAgain{}
	}
	return p.letIn(w, r, v, s, limit)
}

// letIn starts the session of a sign-in whose ceremony has ended.
func (p *Portal) letIn(w http.ResponseWriter, r *http.Request, v *visit, s pending, limit identity.Limit) error {
	if err := p.Store.ClearFailures(r.Context(), []string{limit.Key}); err != nil {
		return err
	}
	if err := p.endPresented(r, v, process.ClientIP(r, p.Trusted)); err != nil {
		return err
	}
	clearCeremony(w, store.CeremonySignIn)
	return p.start(w, r, v, s.entrance)
}

// endAttempts answers when there were too many attempts.
func (p *Portal) endAttempts(w http.ResponseWriter, r *http.Request, s pending, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := p.Store.EndCeremony(r.Context(), s.hash); err != nil {
		return err
	}
	again(w, r, store.CeremonySignIn)
	return nil
}

// wrongFactor answers a second factor that is not right.
func (p *Portal) wrongFactor(w http.ResponseWriter, r *http.Request, v *visit, s pending, f *form, err error) error {
	var wrong errWrongFactor
	if !errors.As(err, &wrong) {
		return err
	}
	p.countSignIn(r, outcomeRefused)
	f.wrong(wrong.field, v.T(wrong.text))
	return p.factorAgain(w, r, v, s, f, http.StatusUnprocessableEntity)
}

func (p *Portal) factorAgain(w http.ResponseWriter, r *http.Request, v *visit, s pending, f *form, status int) error {
	page := s.form()
	page.Problems = f.problems
	return v.showFactor(w, r, status, page)
}
