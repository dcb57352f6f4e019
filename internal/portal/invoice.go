package portal

import (
	"net/http"
	"net/url"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// invoicePage is one invoice, shown by the account's invoice template.
type invoicePage struct {
	Page      web.Page
	Title     string
	State     string
	StateKind string
	Pay       action
	Download  action
	HowToPay  *howToPay // nil: it is paid by the button, or not at all
	HTML      string    // the invoice, as its template makes it
}

// howToPay says what to do with an invoice that cannot be paid by a button.
type howToPay struct {
	Balance   string
	Reference string // empty: there is none
}

func (p *Portal) invoice(w http.ResponseWriter, r *http.Request, v *visit) error {
	invoice, err := p.Store.InvoiceOf(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	standing, days := standing(invoice.Status, invoice.Owed(), invoice.DueOn, v.now.In(v.zone()))
	title := v.T("Invoice %s", invoice.Number)
	if invoice.CreditNote() {
		title = v.T("Credit note %s", invoice.Number)
	}
	page := invoicePage{Page: v.page(title, "/invoices"), Title: title, Pay: v.payAction(&invoice), HowToPay: v.howToPay(&invoice)}
	page.State, page.StateKind = v.stateWords(standing, days)
	if invoice.DocumentName != "" {
		document := invoicePath(invoice.ID) + "/document"
		page.Download = v.right(settings.DownloadInvoices).action(v.T("Download PDF"), document, document)
	}
	if page.HTML, err = p.invoiceHTML(r, v, &invoice, standing, days); err != nil {
		return err
	}
	return v.show(w, r, http.StatusOK, invoiceView(page))
}

// payAction leads to where an invoice is paid; none: it needs no payment, or has no such
// place.
func (v *visit) payAction(invoice *store.ShownInvoice) action {
	if !invoice.Owed() {
		return action{}
	}
	title := v.T("Pay %s", locale.Money(v.locale(), invoice.Currency, invoice.Balance))
	return v.right(settings.PayInvoices).action(title, payPath(invoice.PayURL), invoicePath(invoice.ID)+"/pay")
}

func (v *visit) howToPay(invoice *store.ShownInvoice) *howToPay {
	if pay := v.payAction(invoice); !invoice.Owed() || pay.Path != "" && pay.Locked == "" {
		return nil
	}
	return &howToPay{locale.Money(v.locale(), invoice.Currency, invoice.Balance), invoice.PaymentReference}
}

// payInvoice leads to where an invoice is paid, or to the invoice, which says what can be
// done.
func (p *Portal) payInvoice(w http.ResponseWriter, r *http.Request, v *visit) error {
	invoice, err := p.Store.InvoiceOf(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	pay := v.payAction(&invoice)
	if pay.Path == "" {
		pay.Path = invoicePath(invoice.ID)
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, pay.Path, http.StatusSeeOther)
	return nil
}

// portalURL is the address of the site.
func (v *visit) portalURL() string {
	return (&url.URL{Scheme: "https", Host: v.live.Tenant.Hostname}).String()
}
