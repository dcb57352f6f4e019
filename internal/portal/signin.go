package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) signInRoutes() []route {
	return []route{
		{pattern: "GET /sign-in", open: everybody, handle: p.signInPage},
		{pattern: "POST /sign-in", open: everybody, handle: p.signIn},
		{pattern: "GET /sign-in/enrol", open: everybody, handle: p.enrolPage},
		{pattern: "POST /sign-in/enrol", open: everybody, handle: p.enrol},
		{pattern: "POST /sign-in/passkey", open: everybody, handle: p.signInWithPasskey},
		{pattern: "GET /sign-in/passkey", open: everybody, handle: p.signInPasskeyPage},
		{pattern: "POST /sign-in/passkey/answer", open: everybody, handle: p.passkeySignIn},
		{pattern: "GET /sign-in/second-factor", open: everybody, handle: p.secondFactorPage},
		{pattern: "POST /sign-in/second-factor", open: everybody, handle: p.secondFactor},
		{pattern: "POST /sign-out", open: everybody, handle: p.signOut},
	}
}

const (
	maxFormBytes = 16 << 10
	maxLogin     = settings.MaxEmail // people sign in by their address too
)

// The outcomes of a sign-in, as counted.
const (
	outcomeOK       = "ok"
	outcomeRefused  = "refused"
	outcomeDelayed  = "delayed"
	outcomeNoPortal = "no_portal"
	outcomeBusy     = "busy" // so many signed in at once that nothing was looked at
)

// wrongSignIn is the one answer to a login that nobody has, to a wrong password, and to
// a user who has no password yet.
var wrongSignIn = web.Text("That username and password do not match. Check both and try again.")

// signInForm is what the sign-in page shows.
type signInForm struct {
	Login   string
	Next    string
	Problem string
	Ended   bool // the person had a session that is over
	Notice  notice
	Passkey bool // people can sign in with a passkey
}

// beginAgain is for a sign-in that was not finished.
var beginAgain = notice{"", web.Text("Please begin again"), web.Text("The sign-in took too long, or there were too many wrong codes.")}

// attempt is one try to sign in.
type attempt struct {
	form     signInForm
	password string
	ip       string
	throttle identity.Throttle // a stranger's until the device is found to be known
	device   device
}

// device is what the browser kept from earlier sign-ins. It proves nothing: a known one
// does not wait for the failures of strangers.
type device struct {
	secret string
	hash   []byte // nil without one
	known  bool   // the login's user signed in with it before
}

// signInPage works without database. Who is signed in already goes on.
func (p *Portal) signInPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	query := r.URL.Query()
	form := signInForm{Next: safeNext(query.Get("next")), Ended: query.Get("ended") == "1"}
	if query.Get("again") == "1" {
		form.Notice = beginAgain
	}
	if n, known := signInNotices[query.Get("note")]; known {
		form.Notice, form.Login = n, shorten(query.Get("login"), maxLogin)
	}
	if v.presented != nil && p.recognise(r, v) == nil {
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return nil
	}
	return v.showSignIn(w, r, http.StatusOK, form)
}

func (v *visit) showSignIn(w http.ResponseWriter, r *http.Request, status int, form signInForm) error {
	form.Passkey = v.factorsOn()
	return v.show(w, r, status, signInView(v.signInFrame(v.T("Sign in")), form))
}

// signInFrame has no navigation and no header: the page shows the provider large.
func (v *visit) signInFrame(title string) web.Page {
	return web.Page{Title: title, Brand: v.brand(), Bare: true}
}

func (p *Portal) signIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	a, err := p.readAttempt(w, r)
	if err != nil {
		return web.BadRequest(err)
	}
	wait, err := p.take(r, v, &a)
	if err != nil {
		return err
	}
	if wait > 0 {
		p.countSignIn(r, outcomeDelayed)
		return p.delay(w, r, v, a, wait)
	}
	user, match, err := p.check(r, a)
	if errors.Is(err, identity.ErrBusy) { // nothing was looked at, so nothing failed
		p.countSignIn(r, outcomeBusy)
		own := a.throttle.Own
		return errors.Join(err, p.Store.TakeBack(r.Context(), own.Key, v.now, own.Policy))
	}
	if err != nil {
		return err
	}
	if !match {
		return p.refuse(w, r, v, a, user)
	}
	if err := p.Store.ClearFailures(r.Context(), a.throttle.Cleared()); err != nil {
		return err
	}
	err = p.enter(w, r, v, entrance{user: user, next: a.form.Next, device: a.device})
	return orAgain(w, r, store.CeremonySignIn, err)
}

func (p *Portal) readAttempt(w http.ResponseWriter, r *http.Request) (attempt, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return attempt{}, fmt.Errorf("read sign-in form: %w", err)
	}
	login := strings.TrimSpace(r.PostForm.Get("login"))
	if len(login) > maxLogin {
		login = "" // nobody's
	}
	ip := process.ClientIP(r, p.Trusted)
	secret, hash := presentedSecret(r, deviceCookie)
	return attempt{
		form:     signInForm{Login: login, Next: safeNext(r.PostForm.Get("next"))},
		password: r.PostForm.Get("password"),
		ip:       ip,
		throttle: identity.NewThrottle(login, ip),
		device:   device{secret: secret, hash: hash},
	}, nil
}

// take counts the attempt on the strict counter before the password is looked at, so that
// attempts at the same moment cannot all be free, or says how long to wait.
func (p *Portal) take(r *http.Request, v *visit, a *attempt) (wait time.Duration, err error) {
	ofDevice := identity.NewDeviceThrottle(a.device.hash)
	admission, err := p.Store.Admission(r.Context(), store.Knock{
		Login: a.form.Login, Device: a.device.hash, Keys: a.throttle.Keys(), DeviceKeys: ofDevice.Keys(), Now: v.now,
	})
	if wait = admission.Until.Sub(v.now); err != nil || wait > 0 {
		return wait, err
	}
	if admission.KnownDevice {
		a.throttle, a.device.known = ofDevice, true
	}
	return p.takeOne(r, v, a.throttle.Own, a.throttle.Keys())
}

// takeOne counts an attempt on a strict counter, unless that is delayed: then it says how
// long the longest of the keys is.
func (p *Portal) takeOne(r *http.Request, v *visit, own identity.Limit, keys []string) (wait time.Duration, err error) {
	free, err := p.Store.Attempt(r.Context(), own.Key, v.now, own.Policy)
	if err != nil || free {
		return 0, err
	}
	until, err := p.Store.Blocked(r.Context(), keys, v.now)
	return max(until.Sub(v.now), time.Second), err
}

// check looks the user up and verifies the password, at the same cost whether or not
// there is such a user.
func (p *Portal) check(r *http.Request, a attempt) (user store.SignInUser, match bool, err error) {
	user, err = p.Store.SignInUser(r.Context(), a.form.Login)
	if errors.Is(err, store.ErrNotFound) {
		return store.SignInUser{}, false, p.Hasher.VerifyNobody(r.Context(), a.password)
	}
	if err != nil {
		return user, false, err
	}
	verdict, err := p.Hasher.Verify(r.Context(), a.password, user.PasswordHash)
	if err == nil && verdict.Rehash {
		user.PasswordHash, err = p.rehash(r, user, a.password)
	}
	return user, verdict.Match, err
}

// rehash stores the password with the parameters of today, and returns the hash that fits
// it. The user's may be of another password by now: that stays.
func (p *Portal) rehash(r *http.Request, user store.SignInUser, password string) (string, error) {
	hash, err := p.Hasher.Hash(r.Context(), password)
	if errors.Is(err, identity.ErrBusy) {
		return user.PasswordHash, nil // at the next sign-in
	}
	if err != nil {
		return "", err
	}
	stored, err := p.Store.Rehash(r.Context(), user.UserID, user.PasswordHash, hash)
	if !stored {
		hash = user.PasswordHash
	}
	return hash, err
}

// delay answers an attempt that came too soon. Nothing was checked and nothing counted.
func (p *Portal) delay(w http.ResponseWriter, r *http.Request, v *visit, a attempt, wait time.Duration) error {
	setRetryAfter(w, wait)
	a.form.Problem = v.tooMany(wait)
	return v.showSignIn(w, r, http.StatusTooManyRequests, a.form)
}

func (v *visit) tooMany(wait time.Duration) string {
	return v.T("There were too many attempts. Please wait %s, then try again.", v.waitWords(wait))
}

// refuse answers a login and password that do not match. The audit row of a known user
// is written after the answer: its cost must not tell that there is such a user.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, v *visit, a attempt, user store.SignInUser) error {
	if err := p.recordWrong(r, v, a, user); err != nil {
		return err
	}
	a.form.Problem = v.T(wrongSignIn)
	return v.showSignIn(w, r, http.StatusUnprocessableEntity, a.form)
}

// recordWrong counts a wrong password.
func (p *Portal) recordWrong(r *http.Request, v *visit, a attempt, user store.SignInUser) error {
	p.countSignIn(r, outcomeRefused)
	for _, limit := range a.throttle.Failed() {
		if err := p.Store.RecordFailure(r.Context(), []string{limit.Key}, v.now, limit.Policy); err != nil {
			return err
		}
	}
	p.recorder.signInFailed(user, a.ip, v.now)
	return nil
}

// entrance is a person on the way in: somebody who knows the password, or has a passkey.
type entrance struct {
	user         store.SignInUser    // without password hash: they came in without
	contact      store.SignInContact // whom they come in as
	next         string
	device       device
	secondFactor bool // they proved more than a password
}

// enter lets a person in, or asks for their second factor first.
func (p *Portal) enter(w http.ResponseWriter, r *http.Request, v *visit, e entrance) error {
	if err := p.endPresented(r, v, process.ClientIP(r, p.Trusted)); err != nil {
		return err
	}
	contact, found, err := p.contactWithPortal(r, v, e.user)
	if err != nil {
		return err
	}
	if !found {
		v.dropSession(w)
		p.countSignIn(r, outcomeNoPortal)
		return v.show(w, r, http.StatusForbidden, noPortalView(v.page(v.T("No portal access"), ""), e.user.Username))
	}
	e.contact = contact
	if asked, err := p.askFactor(w, r, v, e); err != nil || asked {
		return err
	}
	if err := p.start(w, r, v, e); err != nil {
		return err
	}
	http.Redirect(w, r, e.next, http.StatusSeeOther)
	return nil
}

// start makes the session and remembers the device, and gives the browser both. errAgain:
// the person's password is another than the one that was checked, or their access is gone.
func (p *Portal) start(w http.ResponseWriter, r *http.Request, v *visit, e entrance) error {
	if !e.device.known {
		e.device.secret, e.device.hash = identity.NewSessionSecret()
	}
	secret, hash := identity.NewSessionSecret()
	limits, from := v.live.Tenant.Session, p.originOf(r, v, e)
	err := p.Store.StartSession(r.Context(), store.NewSession{
		SecretHash: hash, UserID: e.user.UserID, ContactID: e.contact.ContactID, AccountID: e.contact.AccountID,
		Actor: from.Actor, IP: from.IP, UserAgent: shorten(r.UserAgent(), 256), Browser: from.Browser,
		SecondFactor: e.secondFactor, PasswordHash: e.user.PasswordHash,
		Device: e.device.hash, KnownDevice: e.device.known,
		Now: v.now, ExpiresAt: v.now.Add(time.Duration(limits.MaxSeconds) * time.Second),
	})
	if errors.Is(err, store.ErrNotFound) {
		return errAgain{}
	}
	if err != nil {
		return err
	}
	p.countSignIn(r, outcomeOK)
	setSession(w, secret, limits)
	setDevice(w, e.device.secret)
	return nil
}

// originOf says who writes while a person is on the way in.
func (p *Portal) originOf(r *http.Request, v *visit, e entrance) store.Origin {
	return store.Origin{
		Actor: nameOf(e.contact, e.user), UserID: e.user.UserID, IP: process.ClientIP(r, p.Trusted),
		Browser: v.browserWords(r.UserAgent()), Now: v.now,
	}
}

// contactWithPortal is the first of the user's contacts whose account has a portal.
func (p *Portal) contactWithPortal(r *http.Request, v *visit, user store.SignInUser) (store.SignInContact, bool, error) {
	ids := make([]string, len(user.Contacts))
	for i, c := range user.Contacts {
		ids[i] = c.AccountID
	}
	accounts, err := p.Store.AccountsByID(r.Context(), ids)
	if err != nil {
		return store.SignInContact{}, false, err
	}
	for _, c := range user.Contacts {
		if account, found := accounts[c.AccountID]; found && v.live.For(account.Account).HasPortal() {
			return c, true, nil
		}
	}
	return store.SignInContact{}, false, nil
}

// nameOf is how the activity page names the person who signs in.
func nameOf(c store.SignInContact, user store.SignInUser) string {
	if c.Name != "" {
		return c.Name
	}
	return user.Username
}

// endPresented ends the session that the browser came with, whoever's it is: a new
// sign-in never goes on with an old secret. A session that does not let anyone in at the
// moment ends too: longer limits or regained access must not bring it back.
func (p *Portal) endPresented(r *http.Request, v *visit, ip string) error {
	if v.presented == nil {
		return nil
	}
	return p.Store.EndSession(r.Context(), v.presented, store.SignOut{IP: ip, Now: v.now})
}

// dropSession takes the cookie of a session back that is over.
func (v *visit) dropSession(w http.ResponseWriter) {
	if v.presented != nil {
		clearSession(w)
	}
}

func (p *Portal) signOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := p.endPresented(r, v, process.ClientIP(r, p.Trusted)); err != nil {
		return err
	}
	clearSession(w)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

func shorten(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "")
	}
	return text
}
