package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) switchRoutes() []route {
	return []route{
		{pattern: "GET /accounts", open: signedIn, handle: p.accounts},
		{pattern: "POST /switch-account", open: signedIn, handle: p.switchAccount},
	}
}

// userAccountRow is an account of the person.
type userAccountRow struct {
	Contact string
	Name    string
	ID      string
	Open    string // what the person can use there
	Closed  bool   // the account has no portal
	Current bool
	Owner   bool
}

type accountsPage struct {
	Page     web.Page
	Problems []web.FieldProblem
	Rows     []userAccountRow
}

func (p *Portal) accounts(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.showAccounts(w, r, v, nil, http.StatusOK)
}

func (p *Portal) showAccounts(w http.ResponseWriter, r *http.Request, v *visit, problems []web.FieldProblem, status int) error {
	list, err := p.Store.UserAccounts(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	page := accountsPage{Page: v.page(v.T("Your accounts"), "/accounts"), Problems: problems}
	for i := range list {
		page.Rows = append(page.Rows, v.userAccountRow(&list[i]))
	}
	return v.show(w, r, status, accountsView(page))
}

func (v *visit) userAccountRow(u *store.UserAccount) userAccountRow {
	effective := v.live.For(u.Account.Account)
	row := userAccountRow{Contact: u.ContactID, Name: u.Account.Name, ID: u.Account.ID, Owner: u.Owner,
		Closed: !effective.HasPortal(), Current: u.ContactID == v.session.ContactID}
	session := store.SessionView{Owner: u.Owner, Grants: u.Grants, Account: u.Account}
	var open []string
	for _, info := range settings.FeatureRegistry() {
		if info.Place != settings.OnPage && identity.Authorize(info.Feature, session, effective) == settings.Allowed {
			open = append(open, v.T(info.Title))
		}
	}
	row.Open = v.listWords(open)
	return row
}

// switchAccount goes on in another account of the person, with another secret.
func (p *Portal) switchAccount(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	contact := f.get("contact")
	list, err := p.Store.UserAccounts(r.Context(), v.session.UserID)
	if err != nil {
		return err
	}
	open := false
	for _, u := range list {
		open = open || u.ContactID == contact && v.live.For(u.Account.Account).HasPortal()
	}
	secret, hash := identity.NewSessionSecret()
	if open {
		err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
			return w.SwitchAccount(ctx, store.AccountSwitch{Old: v.presented, New: hash, ContactID: contact})
		})
	}
	if !open || errors.Is(err, store.ErrNotFound) {
		problem := web.FieldProblem{Text: v.T("This account is not open to you at the moment. You are still where you were.")}
		return p.showAccounts(w, r, v, []web.FieldProblem{problem}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	setSession(w, secret, v.live.Tenant.Session)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
