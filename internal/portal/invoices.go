package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const (
	invoicesPerPage = 25
	maxNumber       = 64 // characters of the number of an invoice
)

// invoiceRow is one invoice in words.
type invoiceRow struct {
	Number    string
	Path      string
	Issued    string
	Due       string
	DueWhy    string
	Total     string
	Balance   string
	Settled   bool // nothing is left to pay
	State     string
	StateKind string
	Pay       action
	Download  action
}

// action is what can be done with an invoice. The zero value is not shown.
type action struct {
	Title  string
	Path   string
	Locked string // why it is not open to the person, in two or three words; empty: it is
}

type invoicesPage struct {
	Page    web.Page
	Owed    *owed
	State   web.Choice
	Year    web.Choice
	Number  web.Input
	Rows    []invoiceRow
	Asked   bool // by the filters: some invoices may not be shown
	Actions bool // some row has one
	Newest  string
	Older   string
}

func (p *Portal) invoiceRoutes() []route {
	return []route{
		{pattern: "GET /invoices", feature: settings.ViewInvoices, handle: p.invoices},
		{pattern: "GET /invoices/{id}", feature: settings.ViewInvoices, handle: p.invoice},
		{pattern: "GET /invoices/{id}/document", feature: settings.DownloadInvoices, within: settings.ViewInvoices, handle: p.invoiceDocument},
		{pattern: "GET /invoices/{id}/pay", feature: settings.PayInvoices, within: settings.ViewInvoices, handle: p.payInvoice},
	}
}

func (p *Portal) invoices(w http.ResponseWriter, r *http.Request, v *visit) error {
	asked, err := readInvoiceQuery(r.URL.Query())
	if err != nil {
		return web.BadRequest(err)
	}
	today := v.now.In(v.zone())
	list, err := p.Store.InvoicesOf(r.Context(), v.session.Account.ID, asked.filter(today))
	if err != nil {
		return err
	}
	page := invoicesPage{
		Page: v.page(v.T("Invoices"), "/invoices"), Owed: v.owedOf(list), Rows: v.invoiceRows(list.Invoices, today),
		State: v.invoiceStates(asked.state), Year: v.invoiceYears(asked.year, list.Oldest, today), Number: v.invoiceNumber(asked.number),
		Asked: asked.state != "" || asked.year != 0 || asked.number != "",
	}
	for _, row := range page.Rows {
		page.Actions = page.Actions || row.Pay.Path != "" || row.Download.Path != ""
	}
	if asked.after.ID != "" {
		page.Newest = asked.path(store.Newest{})
	}
	if list.Next != nil {
		page.Older = asked.path(*list.Next)
	}
	return v.show(w, r, http.StatusOK, invoicesView(page))
}

// invoiceQuery is what the address of the list asks for.
type invoiceQuery struct {
	state  store.InvoiceState
	year   int
	number string
	after  store.Newest
}

// The states in an address.
var invoiceStates = map[string]store.InvoiceState{
	"": "", "open": store.OpenInvoices, "overdue": store.OverdueInvoices, "paid": store.PaidInvoices,
}

var errCursor = errors.New("the page address is not one of ours")

// readInvoiceQuery reads an address of the list. A number is what a person typed, so
// whatever text it is, it is looked for.
func readInvoiceQuery(values url.Values) (q invoiceQuery, err error) {
	var known bool
	if q.state, known = invoiceStates[values.Get("state")]; !known {
		return q, errCursor
	}
	if text := values.Get("year"); text != "" {
		if q.year, err = strconv.Atoi(text); err != nil || q.year < 1900 || q.year > 2199 {
			return q, errCursor
		}
	}
	if q.number = strings.TrimSpace(values.Get("number")); !isText(q.number) {
		return q, errCursor
	}
	q.after, err = readNewest(values.Get("after"))
	return q, err
}

func (q invoiceQuery) filter(today time.Time) store.InvoiceFilter {
	filter := store.InvoiceFilter{State: q.state, Number: q.number, Today: today, After: q.after, Limit: invoicesPerPage}
	if q.year != 0 {
		filter.From = time.Date(q.year, 1, 1, 0, 0, 0, 0, time.UTC)
		filter.Until = filter.From.AddDate(1, 0, 0)
	}
	return filter
}

// path is the address of the page after an invoice, which asks for the same.
func (q invoiceQuery) path(after store.Newest) string {
	query := url.Values{}
	if q.state != "" {
		query.Set("state", strings.ToLower(string(q.state)))
	}
	if q.year != 0 {
		query.Set("year", strconv.Itoa(q.year))
	}
	if q.number != "" {
		query.Set("number", q.number)
	}
	if after.ID != "" {
		query.Set("after", writeNewest(after))
	}
	if len(query) == 0 {
		return "/invoices"
	}
	return "/invoices?" + query.Encode()
}

func (v *visit) invoiceStates(chosen store.InvoiceState) web.Choice {
	return web.Choice{Name: "state", Label: v.T("Status"), Value: strings.ToLower(string(chosen)), Options: []web.Option{
		{Value: "", Label: v.T("All invoices")}, {Value: "open", Label: v.T("Open#invoices")},
		{Value: "overdue", Label: v.T("Overdue#invoices")}, {Value: "paid", Label: v.T("Paid#invoices")},
	}}
}

// maxYears bounds the years that can be chosen.
const maxYears = 50

// invoiceYears are those from today's to that of the oldest invoice, and the one that was
// asked for.
func (v *visit) invoiceYears(chosen int, oldest, today time.Time) web.Choice {
	choice := web.Choice{Name: "year", Label: v.T("Year"), Options: []web.Option{{Value: "", Label: v.T("All years")}}}
	first := today.Year()
	if !oldest.IsZero() {
		first = min(first, max(oldest.Year(), today.Year()-maxYears))
	}
	add := func(year int) {
		choice.Options = append(choice.Options, web.Option{Value: strconv.Itoa(year), Label: strconv.Itoa(year)})
	}
	if chosen > today.Year() {
		add(chosen)
	}
	for year := today.Year(); year >= first; year-- {
		add(year)
	}
	if chosen != 0 && chosen < first {
		add(chosen)
	}
	if chosen != 0 {
		choice.Value = strconv.Itoa(chosen)
	}
	return choice
}

func (v *visit) invoiceNumber(asked string) web.Input {
	return web.Input{Name: "number", Label: v.T("Invoice number"), Value: asked, Type: "search", MaxLength: maxNumber, Required: false}
}

func (v *visit) invoiceRows(list []store.ListedInvoice, today time.Time) []invoiceRow {
	rows := make([]invoiceRow, len(list))
	may := v.invoiceRights()
	due := v.newDueWords()
	for i := range list {
		rows[i] = v.invoiceRow(&list[i], today, may, due)
	}
	return rows
}

func (v *visit) invoiceRow(i *store.ListedInvoice, today time.Time, may invoiceRights, due *dueWords) invoiceRow {
	path := invoicePath(i.ID)
	row := invoiceRow{
		Number:  i.Number,
		Path:    path,
		Issued:  locale.Date(v.locale(), i.IssuedOn),
		Due:     locale.Date(v.locale(), i.DueOn),
		DueWhy:  due.of(i),
		Total:   locale.Money(v.locale(), i.Currency, i.Total),
		Balance: locale.Money(v.locale(), i.Currency, i.Balance),
		Settled: i.Status != store.InvoiceOpen,
	}
	status, days := standing(i.Status, i.Owed(), i.DueOn, today)
	row.State, row.StateKind = v.stateWords(status, days)
	if i.Owed() {
		row.Pay = may.pay.action(v.T("Pay"), payPath(i.PayURL), path+"/pay")
	}
	if i.HasDocument {
		row.Download = may.download.action(v.T("PDF"), path+"/document", path+"/document")
	}
	return row
}

func invoicePath(id string) string { return "/invoices/" + url.PathEscape(id) }

// payPath is where an invoice can be paid: nothing but https, whatever is stored.
func payPath(address string) string {
	if parsed, err := url.Parse(address); err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		return ""
	}
	return address
}

// right is whether a person has what can be done with an invoice.
type right struct {
	shown  bool   // the account's profile has it
	locked string // why it is not open to the person; empty: it is
}

type invoiceRights struct{ pay, download right }

func (v *visit) invoiceRights() invoiceRights {
	return invoiceRights{v.right(settings.PayInvoices), v.right(settings.DownloadInvoices)}
}

func (v *visit) right(f settings.Feature) right {
	decision := v.may(f)
	return right{decision != settings.NotInProfile, v.lockWords(decision)}
}

// action leads to where something is done, or, where it is locked, to the page that says
// why. There is none where it cannot be done.
func (r right) action(title, open, denied string) action {
	switch {
	case !r.shown || open == "":
		return action{}
	case r.locked != "":
		return action{title, denied, r.locked}
	}
	return action{Title: title, Path: open}
}
