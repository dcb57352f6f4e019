package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) verifyRoutes() []route {
	return []route{
		{pattern: "GET /verify/{token}", open: everybody, handle: p.verifyPage},
		{pattern: "POST /verify/{token}", open: everybody, handle: p.verify},
	}
}

// verifyPage is the page of a link that confirms an address.
type verifyPage struct {
	Page    web.Page
	Account string
	Address string
	Action  string
	Done    bool
	Problem string
}

// verifyPage changes nothing: programs that look for malware in mails open every link.
func (p *Portal) verifyPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	link, err := p.findLink(r, store.LinkVerifyEmail)
	if err != nil {
		return err
	}
	return p.showVerify(w, r, v, link, "")
}

func (p *Portal) showVerify(w http.ResponseWriter, r *http.Request, v *visit, link presentedLink, problem string) error {
	page := verifyPage{Account: link.Account.Name, Address: link.Addresses[0], Action: r.URL.EscapedPath(), Problem: problem}
	page.Page = web.Page{Title: v.T("Confirm your email address"), Brand: v.brand(), Bare: true}
	status := http.StatusOK
	switch link.State(link.address, v.now) {
	case store.LinkUsed:
		page.Done, page.Page.Title = true, v.T("Your address is confirmed")
	case store.LinkOpen:
		if problem != "" {
			status = http.StatusUnprocessableEntity
		}
	default:
		return linkOver()
	}
	return v.show(w, r, status, verifyView(page))
}

func linkOver() *web.Problem {
	return &web.Problem{Status: http.StatusGone, Title: web.Text("This link does not work any more"),
		Text: web.Text("It was used, is too old, or another address was asked for after it. Ask for a new one where you changed the address.")}
}

// verify confirms the address.
func (p *Portal) verify(w http.ResponseWriter, r *http.Request, v *visit) error {
	link, err := p.findLink(r, store.LinkVerifyEmail)
	if err != nil {
		return err
	}
	err = p.Store.Write(r.Context(), p.stranger(r, v), func(ctx context.Context, w *store.Writer) error {
		_, err := w.ConfirmEmail(ctx, link.ID)
		return err
	})
	switch {
	case errors.Is(err, store.ErrTaken):
		return p.showVerify(w, r, v, link, v.T("Somebody else has this address as their username, so it cannot be yours. Please choose another one."))
	case errors.Is(err, store.ErrLinkOver):
		return linkOver()
	case err != nil:
		return err
	}
	http.Redirect(w, r, r.URL.EscapedPath(), http.StatusSeeOther) //nolint:gosec // the address of this very route
	return nil
}
