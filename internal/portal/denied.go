package portal

import (
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/web"
)

// denial is what the denied page tells a person.
type denial struct {
	Page        web.Page
	Name        string
	Why         string
	AskOwner    string // whom to ask for a grant; empty: only the provider can help
	AskProvider string // the sentence before the provider's support
	Areas       []area
}

func (p *Portal) deniedPage(w http.ResponseWriter, r *http.Request, v *visit, e errDenied) error {
	p.counts.denied.WithLabelValues(string(e.feature), string(e.decision)).Inc()
	p.Log.InfoContext(r.Context(), "denied", "id", process.RequestID(r.Context()), "contact", v.session.ContactID,
		"feature", e.feature, "reason", e.decision)
	page := denial{
		Page:        v.page(v.T("No access"), ""),
		Name:        v.firstName(),
		Why:         v.whyDenied(e),
		AskProvider: v.T("%s decides that.", v.live.Tenant.DisplayName),
	}
	if e.decision == settings.NotGranted {
		page.AskOwner = p.askOwner(r, v)
		page.AskProvider = v.T("%s helps with everything else.", v.live.Tenant.DisplayName)
	}
	if e.decision != identity.NoPortal {
		page.Areas = v.openAreas()
	}
	return v.show(w, r, http.StatusForbidden, deniedView(page))
}

// askOwner names who can grant a page. It is worth saying without the name.
func (p *Portal) askOwner(r *http.Request, v *visit) string {
	account := v.session.Account
	name, err := p.Store.OwnerName(r.Context(), account.ID)
	if err != nil {
		return v.T("Ask the owner of %s, who decides what you can use.", account.Name)
	}
	return v.T("Ask %s, the owner of %s, who decides what you can use.", name, account.Name)
}

// whyDenied says in a sentence why a page is not open to the person.
func (v *visit) whyDenied(e errDenied) string {
	info, _ := settings.LookupFeature(e.feature)
	account := v.session.Account
	switch e.decision {
	case settings.NotGranted:
		return v.T("%s has %s, but you have not been given access to it.", account.Name, v.T(info.Title))
	case settings.NotInStatus:
		return v.T(deniedWhile[account.Status], v.T(info.Title), account.Name)
	case identity.NoPortal:
		return v.T("The portal of %s is switched off at the moment.", account.Name)
	}
	return v.T("%s is not part of the portal of %s.", v.T(info.Title), account.Name)
}

// deniedWhile has a sentence for each status in which a page can be closed.
var deniedWhile = map[settings.AccountStatus]string{
	settings.Prospect:  web.Text("%s opens when %s is active."),
	settings.Active:    web.Text("%s is closed while %s is active."),
	settings.Suspended: web.Text("%s is closed while %s is suspended."),
	settings.Closed:    web.Text("%s is closed because %s is closed."),
}

// openAreas lists the pages that the person can use now.
func (v *visit) openAreas() []area {
	open := []area{{Title: v.T("Home"), Path: "/", Icon: "home"}}
	for _, a := range v.areas() {
		if a.Locked == "" {
			open = append(open, a)
		}
	}
	return open
}
