package portal

import (
	"net/http"
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/web"
)

// denial is what the denied page tells a person.
type denial struct {
	Page    web.Page
	Name    string
	Why     string
	WhomAsk string // the beginning of the sentence that ends with the provider's support
	Areas   []area
}

func (p *Portal) deniedPage(w http.ResponseWriter, r *http.Request, v *visit, e errDenied) error {
	p.counts.denied.WithLabelValues(string(e.feature), string(e.decision)).Inc()
	p.Log.InfoContext(r.Context(), "denied", "id", process.RequestID(r.Context()), "contact", v.session.ContactID,
		"feature", e.feature, "reason", e.decision)
	page := denial{
		Page:    v.page("No access", ""),
		Name:    v.firstName(),
		Why:     v.whyDenied(e),
		WhomAsk: "Please",
	}
	if e.decision == settings.NotGranted {
		page.WhomAsk = "Ask " + p.owner(r, v) + ", who decides what you can use. For anything else,"
	}
	if e.decision != identity.NoPortal {
		page.Areas = v.openAreas()
	}
	return v.show(w, r, http.StatusForbidden, deniedView(page))
}

// owner names who can grant a page. The page is worth showing without the name.
func (p *Portal) owner(r *http.Request, v *visit) string {
	account := v.session.Account
	name, err := p.Store.OwnerName(r.Context(), account.ID)
	if err != nil {
		return "the owner of " + account.Name
	}
	return name + ", the owner of " + account.Name
}

// whyDenied completes the sentence that begins with the account's name.
func (v *visit) whyDenied(e errDenied) string {
	info, _ := settings.LookupFeature(e.feature)
	account := v.session.Account
	switch e.decision {
	case settings.NotGranted:
		return account.Name + " has " + info.Title + ", but you have not been given access to it."
	case settings.NotInStatus:
		return info.Title + " is closed while " + account.Name + " is " + strings.ToLower(string(account.Status)) + "."
	case identity.NoPortal:
		return "The portal of " + account.Name + " is switched off at the moment."
	}
	return info.Title + " is not part of the portal of " + account.Name + "."
}

// openAreas lists the pages that the person can use now.
func (v *visit) openAreas() []area {
	open := []area{{Title: "Home", Path: "/"}}
	for _, a := range v.areas() {
		if a.Locked == "" {
			open = append(open, a)
		}
	}
	return open
}
