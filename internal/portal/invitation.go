package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// joinForm asks somebody who is signed in whether they want to use their sign-in for one
// more account.
type joinForm struct {
	Page     web.Page
	Account  string
	Username string
	Problem  string
}

// joinable finds the set-up that the person could use their sign-in for.
func (p *Portal) joinable(r *http.Request, v *visit) (openSetUp, error) {
	s, err := p.findSetUp(r, v)
	if err == nil && (s.Purpose == store.LinkReset || s.UserID != "") {
		err = errSetUpOver
	}
	return s, err
}

func (v *visit) joinForm(s openSetUp) joinForm {
	return joinForm{Page: v.page(v.T("Accept the invitation"), ""), Account: s.Account.Name, Username: v.session.Username}
}

// errNothingToJoin is for a person who is signed in, and whose browser has no invitation.
func errNothingToJoin(cause error) error {
	if !errors.Is(cause, errSetUpOver) && !errors.Is(cause, store.ErrNotFound) && !errors.Is(cause, store.ErrLinkOver) {
		return cause
	}
	return &web.Problem{Status: http.StatusGone, Title: web.Text("The invitation is not open any more"),
		Text: web.Text("It was accepted, or the time to finish is over. Ask whoever invited you to invite you again.")}
}

func (p *Portal) joinPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.joinable(r, v)
	if err != nil {
		return errNothingToJoin(err)
	}
	return v.show(w, r, http.StatusOK, joinView(v.joinForm(s)))
}

// join gives the contact that is invited the user of the session.
func (p *Portal) join(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.joinable(r, v)
	if err != nil {
		return errNothingToJoin(err)
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		_, err := w.AcceptInvitation(ctx, s.secretHash, v.session.UserID)
		return err
	})
	if errors.Is(err, store.ErrTaken) {
		page := v.joinForm(s)
		page.Problem = v.T("Your sign-in %s belongs to %s already. Sign out and create another sign-in, or ask us to take the invitation back.", page.Username, page.Account)
		return v.show(w, r, http.StatusUnprocessableEntity, joinView(page))
	}
	if err != nil {
		return errNothingToJoin(err)
	}
	clearCeremony(w, store.CeremonySetUp)
	http.Redirect(w, r, "/set-up/joined", http.StatusSeeOther)
	return nil
}

func (p *Portal) joined(w http.ResponseWriter, r *http.Request, v *visit) error {
	return v.show(w, r, http.StatusOK, web.Message(v.page(v.T("Invitation accepted"), ""), web.Note{
		Title: v.T("Invitation accepted"), Text: v.T("Your sign-in now opens one more account. Choose at the top of the page which one you look at."),
		LinkPath: "/accounts", LinkText: v.T("Switch account"),
	}))
}
