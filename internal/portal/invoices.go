package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const invoicesPerPage = 25

// invoiceRow is one invoice in words.
type invoiceRow struct {
	Number    string
	Issued    string
	Due       string
	DueWhy    string
	Total     string
	Balance   string
	Settled   bool // nothing is left to pay
	State     string
	StateKind string
}

type invoicesPage struct {
	Page  web.Page
	Owed  *owed
	Rows  []invoiceRow
	Older string // address of the next page, empty on the last
	Later bool   // this is not the first page
}

func (p *Portal) invoiceRoutes() []route {
	return []route{{pattern: "GET /invoices", feature: settings.ViewInvoices, handle: p.invoices}}
}

func (p *Portal) invoices(w http.ResponseWriter, r *http.Request, v *visit) error {
	after, err := readCursor(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	today := v.now.In(v.zone())
	list, err := p.Store.Invoices(r.Context(), v.session.Account.ID, today, after, invoicesPerPage)
	if err != nil {
		return err
	}
	page := invoicesPage{Page: v.page("Invoices", "/invoices"), Owed: v.owedOf(list), Later: after.ID != ""}
	for _, invoice := range list.Invoices {
		page.Rows = append(page.Rows, v.invoiceRow(invoice, today))
	}
	if list.Next != nil {
		page.Older = "/invoices?after=" + url.QueryEscape(writeCursor(*list.Next))
	}
	return v.show(w, r, http.StatusOK, invoicesView(page))
}

func (v *visit) invoiceRow(i store.Invoice, today time.Time) invoiceRow {
	row := invoiceRow{
		Number:  i.Number,
		Issued:  locale.Date(v.locale(), i.IssuedOn),
		Due:     locale.Date(v.locale(), i.DueOn),
		DueWhy:  v.dueWords(i.IssuedOn, i.DueOn, i.DueSource, i.DueSourceName),
		Total:   locale.Money(v.locale(), i.Currency, i.Total),
		Balance: locale.Money(v.locale(), i.Currency, i.Balance),
		Settled: i.Status != store.InvoiceOpen,
	}
	row.State, row.StateKind = stateWords(i, today)
	return row
}

// stateWords says how an invoice stands on the account's own day.
func stateWords(i store.Invoice, today time.Time) (words, kind string) {
	switch i.Status {
	case store.InvoicePaid:
		return "Paid", "good"
	case store.InvoiceVoid:
		return "Cancelled", ""
	}
	if i.Balance == "0" || strings.HasPrefix(i.Balance, "-") {
		return "Open", "accent" // nothing is left to pay, or the provider owes it
	}
	year, month, day := today.Date()
	days := int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Sub(i.DueOn).Hours() / 24)
	switch {
	case days > 0:
		return countWords(days, "day overdue", "days overdue"), "bad"
	case days == 0:
		return "Due today", "warn"
	}
	return "Open", "accent"
}

// A cursor is the day and id of the last invoice of a page, as 2026-03-09~INV-17.
func writeCursor(c store.InvoiceCursor) string {
	return c.IssuedOn.Format(time.DateOnly) + "~" + c.ID
}

var errCursor = errors.New("the page address is not one of ours")

func readCursor(text string) (store.InvoiceCursor, error) {
	if text == "" {
		return store.InvoiceCursor{}, nil
	}
	day, id, found := strings.Cut(text, "~")
	issued, err := time.Parse(time.DateOnly, day)
	if !found || err != nil || id == "" || issued.IsZero() {
		return store.InvoiceCursor{}, errCursor
	}
	return store.InvoiceCursor{IssuedOn: issued, ID: id}, nil
}
