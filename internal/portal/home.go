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

// latestInvoices is how many of them the home page shows.
const latestInvoices = 3

// homePage is what the home page shows.
type homePage struct {
	Page    web.Page
	Name    string
	Account store.AccountView
	Status  string // of the account, in words
	Profile string // the account's profile, by the name that customers see
	Portal  string // its MyAccount profile
	Terms   []term
	Actions []area
	Areas   []area
	Owed    *owed // nil without the right to see invoices
	Latest  []invoiceRow
}

// owed is what the account owes, in words.
type owed struct {
	Balance     []string // one amount per currency
	Overdue     []string
	Late        bool // something is overdue
	Open        bool // something is to be paid
	OpenNote    string
	OverdueNote string
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := homePage{
		Page:    v.page(v.T("Home"), "/"),
		Name:    v.firstName(),
		Account: v.session.Account,
		Status:  v.statusWords(v.session.Account.Status),
		Profile: v.shown(v.effective.AccountProfile),
		Portal:  v.shown(v.effective.MyAccountProfile),
		Terms:   v.terms(),
		Actions: v.quickActions(),
		Areas:   v.areas(),
	}
	if v.may(settings.ViewInvoices) == settings.Allowed {
		today := v.now.In(v.zone())
		invoices, err := p.Store.InvoicesOf(r.Context(), v.session.Account.ID, store.InvoiceFilter{Today: today, Limit: latestInvoices})
		if err != nil {
			return err
		}
		page.Owed, page.Latest = v.owedOf(invoices), v.invoiceRows(invoices.Invoices, today)
	}
	return v.show(w, r, http.StatusOK, homeView(page))
}

// areas lists the pages that the account's profile has, in the order of the navigation.
func (v *visit) areas() []area {
	var areas []area
	for _, f := range settings.FeatureRegistry() {
		decision := v.may(f.Feature)
		if decision == settings.NotInProfile || f.Place == settings.OnPage {
			continue
		}
		areas = append(areas, area{v.T(f.Title), v.T(f.Description), f.Path, iconOf(f.Feature), v.lockWords(decision)})
	}
	return areas
}

// quickActions are what people come for, of what is open to this one.
func (v *visit) quickActions() []area {
	var actions []area
	for _, q := range []struct {
		feature settings.Feature
		title   string
		path    string
		icon    string
	}{
		{settings.PlaceOrders, web.Text("Order something"), "/orders/new", "orders"},
		{settings.RequestService, web.Text("Ask for service"), "/requests/new", "requests"},
		{settings.ManageContacts, web.Text("Invite someone"), "/portal-settings/contacts/new", "people"},
		{settings.EditProfile, web.Text("Update your details"), "/profile", "edit"},
	} {
		if v.may(q.feature) == settings.Allowed {
			actions = append(actions, area{Title: v.T(q.title), Path: q.path, Icon: q.icon})
		}
	}
	return actions
}

func (v *visit) owedOf(page store.InvoicePage) *owed {
	o := &owed{Balance: v.amounts(page.Balance), Overdue: v.amounts(page.Overdue), Late: page.OverdueInvoices > 0, Open: page.OpenInvoices > 0}
	o.OpenNote = v.T("Nothing to pay, thank you")
	if o.Open {
		o.OpenNote = v.N(int(page.OpenInvoices), "%d open invoice", "%d open invoices")
	}
	o.OverdueNote = v.T("Nothing is overdue")
	if o.Late {
		o.OverdueNote = v.N(int(page.OverdueInvoices), "%d invoice is past its due date", "%d invoices are past their due date")
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
