package portal

import (
	"net/http"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// area is a page that the account's profile has.
type area struct {
	Title       string
	Description string
	Path        string
	Icon        string
	Locked      string // why it is not open to the person; empty: it is
}

// homePage is what the home page shows.
type homePage struct {
	Page    web.Page
	Name    string
	Account store.AccountView
	Profile string // the account's profile, by the name that customers see
	Portal  string // its MyAccount profile
	Terms   []term
	Areas   []area
	Owed    *owed // nil without the right to see invoices
}

// owed is what the account owes, in words.
type owed struct {
	Balance     []string // one amount per currency
	Overdue     []string
	Late        bool // something is overdue
	OpenNote    string
	OverdueNote string
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := homePage{
		Page:    v.page("Home", "/"),
		Name:    v.firstName(),
		Account: v.session.Account,
		Profile: shown(v.effective.AccountProfile),
		Portal:  shown(v.effective.MyAccountProfile),
		Terms:   v.terms(),
		Areas:   v.areas(),
	}
	if v.may(settings.ViewInvoices) == settings.Allowed {
		invoices, err := p.Store.Invoices(r.Context(), v.session.Account.ID, v.now.In(v.zone()), store.InvoiceCursor{}, 1)
		if err != nil {
			return err
		}
		page.Owed = v.owedOf(invoices)
	}
	return v.show(w, r, http.StatusOK, homeView(page))
}

// areas lists what the account's profile has, in the order of the navigation.
func (v *visit) areas() []area {
	var areas []area
	for _, f := range settings.FeatureRegistry() {
		decision := v.may(f.Feature)
		if decision == settings.NotInProfile {
			continue
		}
		areas = append(areas, area{f.Title, f.Description, f.Path, iconOf(f.Feature), v.lockWords(decision)})
	}
	return areas
}

func iconOf(f settings.Feature) string {
	if f == settings.ViewInvoices {
		return "invoices"
	}
	return "activity"
}

func (v *visit) owedOf(page store.InvoicePage) *owed {
	o := &owed{Balance: v.amounts(page.Balance), Overdue: v.amounts(page.Overdue), Late: page.OverdueInvoices > 0}
	o.OpenNote = "Nothing to pay, thank you"
	if page.OpenInvoices > 0 {
		o.OpenNote = countWords(int(page.OpenInvoices), "open invoice", "open invoices")
	}
	o.OverdueNote = "Nothing is overdue"
	if o.Late {
		o.OverdueNote = countWords(int(page.OverdueInvoices), "invoice is past its due date", "invoices are past their due date")
	}
	return o
}

// amounts writes sums as the account reads them; no sum is zero in its own currency.
func (v *visit) amounts(list []store.Money) []string {
	if len(list) == 0 {
		list = []store.Money{{Currency: v.effective.Attributes.Currency.Value, Amount: "0"}}
	}
	texts := make([]string, len(list))
	for i, m := range list {
		texts[i] = locale.Money(v.locale(), m.Currency, m.Amount)
	}
	return texts
}
