package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// passwordForm is what the page to change the own password shows.
type passwordForm struct {
	Page     web.Page
	Username string
	Others   bool // to sign out everywhere else
	Done     string
	Problems []web.FieldProblem
}

func (v *visit) passwordForm() passwordForm {
	return passwordForm{Page: v.page(v.T("Password"), "/security"), Username: v.session.Username, Others: true}
}

func (p *Portal) passwordPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := v.passwordForm()
	if r.URL.Query().Get("done") == "changed" {
		page.Done = v.T("Your password is changed.")
	}
	return v.show(w, r, http.StatusOK, passwordView(page))
}

// changePassword takes the current password and a new one.
func (p *Portal) changePassword(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	password := f.newPassword(v.session.Username, v.session.Email, v.session.Account.Name)
	status := http.StatusUnprocessableEntity
	if f.ok() {
		status, err = p.checkCurrent(w, r, v, f, password)
	}
	if err != nil {
		return err
	}
	if !f.ok() {
		page := v.passwordForm()
		page.Others, page.Problems = f.on("others"), f.problems
		return v.show(w, r, status, passwordView(page))
	}
	hash, err := p.Hasher.Hash(r.Context(), password)
	if err != nil {
		return err
	}
	_, device := presentedSecret(r, deviceCookie)
	err = p.writeRenewed(w, r, v, func(ctx context.Context, w *store.Writer) error {
		return w.SetPassword(ctx, store.NewPassword{ContactID: v.session.ContactID, UserID: v.session.UserID, Hash: hash,
			Session: v.session.SessionID, Device: device, KeepOthers: !f.on("others")})
	})
	if err != nil {
		return orEnded(err)
	}
	http.Redirect(w, r, "/security/password?done=changed", http.StatusSeeOther)
	return nil
}

// checkCurrent checks the current password. Failures count as those of the sign-in page
// do: a session that was left open is no way around the delay.
func (p *Portal) checkCurrent(w http.ResponseWriter, r *http.Request, v *visit, f *form, password string) (status int, err error) {
	status = http.StatusUnprocessableEntity
	a := attempt{form: signInForm{Login: v.session.Username}, password: f.get("current"), ip: process.ClientIP(r, p.Trusted)}
	a.throttle = identity.NewThrottle(a.form.Login, a.ip)
	a.device.secret, a.device.hash = presentedSecret(r, deviceCookie)
	wait, err := p.take(r, v, &a)
	if err != nil {
		return status, err
	}
	if wait > 0 {
		setRetryAfter(w, wait)
		f.wrong("current", v.T("There were too many attempts. Please wait %s, then try again.", v.waitWords(wait)))
		return http.StatusTooManyRequests, nil
	}
	user, match, err := p.check(r, a)
	if errors.Is(err, identity.ErrBusy) { // nothing was looked at, so nothing failed
		own := a.throttle.Own
		return status, errors.Join(err, p.Store.TakeBack(r.Context(), own.Key, v.now, own.Policy))
	}
	if err != nil {
		return status, err
	}
	if !match || user.UserID != v.session.UserID {
		f.wrong("current", v.T("This is not your current password."))
		return status, p.recordWrong(r, v, a, user)
	}
	if a.password == password {
		f.wrong("password", v.T("This is your current password. Choose another one."))
	}
	return status, p.Store.ClearFailures(r.Context(), a.throttle.Cleared())
}
