package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// setUpAttempts bounds how often the form of one set-up can be sent: it tells whether a
// username is taken.
const setUpAttempts = 50

// openSetUp is the set-up of the browser.
type openSetUp struct {
	store.SetUp
	secretHash []byte
}

// errSetUpOver says that the browser has no set-up, or one whose time is over.
var errSetUpOver = errors.New("there is no set-up")

func (p *Portal) findSetUp(r *http.Request, v *visit) (openSetUp, error) {
	_, hash := presentedSecret(r, ceremonyCookie(store.CeremonySetUp))
	if hash == nil {
		return openSetUp{}, errSetUpOver
	}
	ceremony, err := p.Store.Ceremony(r.Context(), hash, store.CeremonySetUp, v.now)
	if err != nil {
		return openSetUp{}, err
	}
	s, err := p.Store.SetUp(r.Context(), ceremony)
	return openSetUp{s, hash}, err
}

// setUpOver says whether an error means that a set-up cannot go on, and then leads to the
// sign-in page, which says so.
func setUpOver(w http.ResponseWriter, r *http.Request, err error) bool {
	if !errors.Is(err, errSetUpOver) && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrLinkOver) {
		return false
	}
	clearCeremony(w, store.CeremonySetUp)
	toSignIn(w, r, "set-up-over")
	return true
}

// setUpForm is what the page of a set-up shows.
type setUpForm struct {
	Page     web.Page
	Title    string
	Text     string
	Account  string
	Button   string
	Username string
	Fixed    bool // the username is not theirs to choose
	Joinable bool // somebody who has a sign-in can use it for this account too
	Problems []web.FieldProblem
}

func (p *Portal) setUpPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.findSetUp(r, v)
	if setUpOver(w, r, err) {
		return nil
	}
	if err != nil {
		return err
	}
	return v.show(w, r, http.StatusOK, setUpView(v.setUpForm(s.SetUp)))
}

func (v *visit) setUpForm(s store.SetUp) setUpForm {
	f := setUpForm{Title: v.T("Create your sign-in"), Account: s.Account.Name, Button: v.T("Create sign-in"),
		Joinable: s.Purpose != store.LinkReset && s.UserID == ""}
	f.Text = v.T("Your address %s is confirmed with it.", s.Address)
	if s.Purpose == store.LinkReset {
		f.Title, f.Text, f.Button = v.T("Choose a new password"), v.T("When you have chosen it, you are signed out everywhere and sign in with the new one."), v.T("Save password")
	}
	f.Username, f.Fixed = v.givenUsername(s)
	f.Page = web.Page{Title: f.Title, Brand: v.brand(), Bare: true}
	return f
}

// givenUsername is the username that the person has already or that the provider's rule
// leaves to them; fixed: it is not theirs to choose.
func (v *visit) givenUsername(s store.SetUp) (username string, fixed bool) {
	rule := v.live.Credentials().Usernames
	switch {
	case s.UserID != "" && (s.Purpose == store.LinkReset || s.Accounts > 1):
		return s.Username, true
	case s.UserID != "" && identity.CheckUsername(s.Username, s.Address) != identity.UsernameNotOwn:
		return s.Username, rule != "Free"
	} // else it is an address, and the one that is confirmed now is another
	username = identity.FixedUsername(rule, s.Owner, s.Account.ID, s.Address)
	return username, username != ""
}

func (p *Portal) setUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.findSetUp(r, v)
	if err == nil {
		err = p.Store.TakeAttempt(r.Context(), s.secretHash, setUpAttempts, v.now)
	}
	if setUpOver(w, r, err) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	username, fixed := v.givenUsername(s.SetUp)
	if !fixed {
		username = f.username(s.Address)
	}
	password := f.newPassword(username, s.Address, s.Account.Name)
	if f.ok() {
		err = p.completeSetUp(r, v, s, store.Chosen{Username: username}, password)
	}
	if errors.Is(err, store.ErrTaken) {
		f.taken(fixed)
	} else if setUpOver(w, r, err) {
		return nil
	} else if err != nil {
		return err
	}
	if !f.ok() {
		page := v.setUpForm(s.SetUp)
		page.Username, page.Problems = username, f.problems
		return v.show(w, r, http.StatusUnprocessableEntity, setUpView(page))
	}
	return p.leaveSetUp(w, r, v, s, username)
}

func (p *Portal) completeSetUp(r *http.Request, v *visit, s openSetUp, chosen store.Chosen, password string) (err error) {
	if chosen.PasswordHash, err = p.Hasher.Hash(r.Context(), password); err != nil {
		return err
	}
	return p.Store.Write(r.Context(), p.stranger(r, v), func(ctx context.Context, w *store.Writer) error {
		_, err := w.CompleteSetUp(ctx, s.secretHash, chosen)
		return err
	})
}

// leaveSetUp leads to the sign-in page: who has set up a sign-in still proves that it is
// theirs, with a second factor if there is one. Whoever was signed in before in this
// browser is not any more.
func (p *Portal) leaveSetUp(w http.ResponseWriter, r *http.Request, v *visit, s openSetUp, username string) error {
	if err := p.endPresented(r, v, process.ClientIP(r, p.Trusted)); err != nil {
		return err
	}
	clearCeremony(w, store.CeremonySetUp)
	v.dropSession(w)
	note := "created"
	if s.Purpose == store.LinkReset {
		note = "reset"
	}
	http.Redirect(w, r, "/sign-in?note="+note+"&login="+url.QueryEscape(username), http.StatusSeeOther)
	return nil
}

// username reads the field of a new username. email is the person's own that is verified.
func (f *form) username(email string) string {
	username := f.text("username", rule{required: true, most: identity.MaxUsernameLength})
	if !f.ok() {
		return username
	}
	switch identity.CheckUsername(username, email) {
	case identity.UsernameTooShort:
		f.wrong("username", f.v.T("Use at least %d characters.", identity.MinUsernameLength))
	case identity.UsernameTooLong:
		f.wrong("username", f.v.T("This is too long: at most %d characters fit.", identity.MaxUsernameLength))
	case identity.UsernameCharacters:
		f.wrong("username", f.v.T("Use letters from A to Z, digits, and the signs . _ - + @ only, without spaces."))
	case identity.UsernameNotOwn:
		if email == "" {
			f.wrong("username", f.v.T("A mail address can only be a username once it is confirmed as yours. Choose a name without @."))
		} else {
			f.wrong("username", f.v.T("The only mail address that you can have as username is your own, %s. Or choose a name without @.", email))
		}
	}
	return username
}

// taken says that somebody else has the username.
func (f *form) taken(fixed bool) {
	if fixed {
		f.wrong("username", f.v.T("There is a sign-in with this username already. If it is yours, sign in with it; if not, please ask us for help."))
		return
	}
	f.wrong("username", f.v.T("This username is already taken. Choose another one."))
}

// newPassword reads the fields of a new password, as it is typed. about are words that
// others know of the person.
func (f *form) newPassword(about ...string) string {
	password := f.get("password")
	if password == "" {
		f.wrong("password", f.v.T("This is needed."))
		return ""
	}
	about = append(about, f.v.live.Tenant.DisplayName)
	switch identity.CheckPassword(password, about...) {
	case identity.PasswordTooShort:
		f.wrong("password", f.v.T("Use at least %d characters. A few words in a row are easy to remember.", identity.MinPasswordLength))
	case identity.PasswordTooLong:
		f.wrong("password", f.v.T("This is too long: at most %d characters fit.", identity.MaxPasswordLength))
	case identity.PasswordCommon:
		f.wrong("password", f.v.T("Many people use this password, so it is among the first that are tried. Choose another one."))
	case identity.PasswordPersonal:
		f.wrong("password", f.v.T("This is little more than your name, your address or ours. Choose something that nobody can guess."))
	}
	if f.get("repeat") != password {
		f.wrong("repeat", f.v.T("This is not the same as above. Type the new password twice."))
	}
	return password
}
