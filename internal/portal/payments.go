package portal

import (
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const paymentsPerPage = 25

// paymentRow is one payment in words.
type paymentRow struct {
	Day       string
	Amount    string
	Method    string
	Reference string
	For       []paidFor
	Failed    bool
	State     string
	StateKind string
	Reason    string // why it failed
	Next      string // whether and when it is tried again
}

// paidFor is an invoice that a payment is for.
type paidFor struct {
	Number string
	Path   string // empty: the person may not see invoices
	Amount string // empty: the whole payment
}

type paymentsPage struct {
	Page   web.Page
	Rows   []paymentRow
	Newest string
	Older  string
}

func (p *Portal) paymentRoutes() []route {
	return []route{{pattern: "GET /payments", feature: settings.ViewPayments, handle: p.payments}}
}

func (p *Portal) payments(w http.ResponseWriter, r *http.Request, v *visit) error {
	after, err := readNewest(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	list, next, err := p.Store.PaymentsOf(r.Context(), v.session.Account.ID, after, paymentsPerPage)
	if err != nil {
		return err
	}
	page := paymentsPage{Page: v.page(v.T("Payments"), "/payments"), Newest: newestPath("/payments", after), Older: olderPath("/payments", next)}
	for i := range list {
		page.Rows = append(page.Rows, v.paymentRow(&list[i]))
	}
	return v.show(w, r, http.StatusOK, paymentsView(page))
}

func (v *visit) paymentRow(p *store.ListedPayment) paymentRow {
	row := paymentRow{
		Day: locale.Date(v.locale(), p.PaidOn), Amount: locale.Money(v.locale(), p.Currency, p.Amount),
		Method: p.Method, Reference: p.Reference, State: v.T("Received#payment"), StateKind: "good",
	}
	if p.Status == store.PaymentFailed {
		row.Failed, row.State, row.StateKind, row.Reason = true, v.T("Failed#payment"), "bad", p.Reason
		row.Next = v.retryWords(p.RetryOn)
	}
	seesInvoices := v.may(settings.ViewInvoices) == settings.Allowed
	for _, invoice := range p.For {
		paid := paidFor{Number: invoice.Number}
		if seesInvoices {
			paid.Path = invoicePath(invoice.ID)
		}
		if len(p.For) > 1 || invoice.Amount != p.Amount {
			paid.Amount = locale.Money(v.locale(), p.Currency, invoice.Amount)
		}
		row.For = append(row.For, paid)
	}
	return row
}

// retryWords says when a payment that failed is tried again, seen from the account's own
// day.
func (v *visit) retryWords(on *time.Time) string {
	if on == nil {
		return v.T("It is not tried again.")
	}
	today := v.now.In(v.zone()).Format(time.DateOnly)
	day := locale.Date(v.locale(), *on)
	switch retry := on.Format(time.DateOnly); {
	case retry == today:
		return v.T("It is tried again today.")
	case retry < today:
		return v.T("It was tried again on %s.", day)
	}
	return v.T("It is tried again on %s.", day)
}
