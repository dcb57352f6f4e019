package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// mostHeirs bounds whom an account can be handed to on one page.
const mostHeirs = 500

// ownerPage is the choice of a new owner, and what it means once one is chosen.
type ownerPage struct {
	Page      web.Page
	Problems  []web.FieldProblem
	Heirs     web.Choice
	Name      string // of who is chosen; empty: nobody yet
	Email     string
	Own       string // address of who hands over
	ID        string
	Version   int64
	OwnID     string
	OwnSince  int64
	Primaries []string // others whose addresses reset the owner's password
	Primary   bool     // whether who hands over is a primary contact
}

func (p *Portal) ownerPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.showOwner(w, r, v, ownerPage{}, r.URL.Query().Get("contact"), http.StatusOK)
}

// showOwner shows who could be the owner, or what changes when a contact is.
func (p *Portal) showOwner(w http.ResponseWriter, r *http.Request, v *visit, page ownerPage, chosen string, status int) error {
	if !v.session.Owner {
		return p.failContacts(w, r, v, refusedContact{reason: identity.OwnersContact})
	}
	list, _, err := p.Store.AccountContacts(r.Context(), v.session.Account.ID, 0, mostHeirs)
	if err != nil {
		return err
	}
	page.Page = v.page(v.T("Hand over the account"), contactsPath)
	page.Heirs.Name, page.Heirs.Label = "contact", v.T("Who shall be the owner?")
	for i := range list {
		c := &list[i].Contact
		switch {
		case c.Owner:
			page.OwnID, page.OwnSince, page.Own, page.Primary = c.ID, c.Version, c.Email, identity.IsPrimary(c)
			continue
		case identity.IsPrimary(c) && c.ID != chosen && c.Email != "":
			page.Primaries = append(page.Primaries, c.Email)
		}
		if c.PortalAccess(v.now) != store.AccessActive {
			continue
		}
		page.Heirs.Options = append(page.Heirs.Options, web.Option{Value: c.ID, Label: v.contactName(c), Hint: c.Email})
		if c.ID == chosen {
			page.Name, page.Email, page.ID, page.Version = v.contactName(c), c.Email, c.ID, c.Version
		}
	}
	if chosen != "" && page.Name == "" && len(page.Problems) == 0 {
		page.Problems = []web.FieldProblem{{Field: "contact", Text: v.T("The new owner has to be a contact who signs in already.")}}
		status = http.StatusUnprocessableEntity
	}
	page.Heirs.Problem = web.ProblemAt(page.Problems, "contact")
	return v.show(w, r, status, ownerView(page))
}

// handOver makes another contact the owner.
func (p *Portal) handOver(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	own, err := strconv.ParseInt(f.get("ownVersion"), 10, 64)
	if err != nil || own < 1 {
		return web.BadRequest(errors.New("the version of a form"))
	}
	if !v.session.Owner {
		return p.failContacts(w, r, v, refusedContact{reason: identity.OwnersContact})
	}
	id := f.get("contact")
	var result store.Result
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) (err error) {
		result, err = w.HandOver(ctx, store.Item[store.Contact]{ID: v.session.ContactID, IfVersion: own}, store.Item[store.Contact]{ID: id, IfVersion: version}, v.effective.Features)
		return err
	})
	switch {
	case errors.Is(err, store.ErrRefused) && result.Outcome == store.Conflict:
		page := ownerPage{Problems: []web.FieldProblem{{Text: v.T("Somebody else changed one of these contacts meanwhile. Please look again, then go on.")}}}
		return p.showOwner(w, r, v, page, id, http.StatusConflict)
	case errors.Is(err, store.ErrRefused):
		return p.showOwner(w, r, v, ownerPage{}, id, http.StatusUnprocessableEntity)
	case err != nil:
		return err
	}
	toContacts(w, r, "owner")
	return nil
}
