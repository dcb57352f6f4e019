package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// usernameForm is what the page to change the own username shows.
type usernameForm struct {
	Page     web.Page
	Username string // in the field
	Current  string
	Email    string // their own that is verified, or empty
	Rule     config.Usernames
	Fixed    string // the one that the provider's rule leaves to them
	Done     string
	Problems []web.FieldProblem
}

func (p *Portal) usernameForm(r *http.Request, v *visit) (usernameForm, error) {
	c, err := p.Store.Credentials(r.Context(), v.session.ContactID)
	if err != nil {
		return usernameForm{}, err
	}
	page := usernameForm{Page: v.page(v.T("Username"), "/security"), Username: v.session.Username, Current: v.session.Username, Rule: v.live.Credentials().Usernames}
	if c.EmailVerified {
		page.Email = c.UserEmail
	}
	page.Fixed = identity.FixedUsername(page.Rule, c.Owner, c.Account.ID, page.Email)
	return page, nil
}

// Changeable says whether there is anything to change.
func (f usernameForm) Changeable() bool { return f.Rule == config.UsernamesFree || f.Offered() != "" }

// Offered is the one username that the rule leaves to the person, if it is not theirs yet.
func (f usernameForm) Offered() string {
	if f.Fixed == f.Current {
		return ""
	}
	return f.Fixed
}

func (p *Portal) usernamePage(w http.ResponseWriter, r *http.Request, v *visit) error {
	page, err := p.usernameForm(r, v)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("done") == "changed" {
		page.Done = v.T("Your username is changed. Use it the next time you sign in.")
	}
	return v.show(w, r, http.StatusOK, usernameView(page))
}

func (p *Portal) changeUsername(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	page, err := p.usernameForm(r, v)
	if err != nil {
		return err
	}
	if !page.Changeable() {
		return web.BadRequest(errors.New("the username is not the person's to choose"))
	}
	if page.Username = page.Offered(); page.Username == "" {
		page.Username = f.username(page.Email)
	}
	if f.ok() && page.Username != page.Current {
		if err := p.takeUsername(r, v, f); err != nil {
			return err
		}
	}
	if f.ok() && page.Username != page.Current {
		err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
			return w.RenameUser(ctx, v.session.ContactID, v.session.UserID, page.Username)
		})
	}
	if errors.Is(err, store.ErrTaken) {
		f.taken(page.Offered() != "")
	} else if err != nil {
		return err
	}
	if !f.ok() {
		page.Problems = f.problems
		return v.show(w, r, http.StatusUnprocessableEntity, usernameView(page))
	}
	http.Redirect(w, r, "/security/username?done=changed", http.StatusSeeOther)
	return nil
}

// takeUsername counts a try of another username.
func (p *Portal) takeUsername(r *http.Request, v *visit, f *form) error {
	limit := identity.NewUsernameLimit(v.session.UserID)
	wait, err := p.takeOne(r, v, limit, []string{limit.Key})
	if err == nil && wait > 0 {
		f.wrong("username", v.T("There were too many attempts. Please wait %s, then try again.", v.waitWords(wait)))
	}
	return err
}
