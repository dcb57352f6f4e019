package backoffice

import (
	"fmt"
	"math/big"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
)

const paymentsDescription = "Payments of accounts, and attempts that failed. A payment changes no invoice: the provider's system is the master of balances, and sends the invoice too. " +
	"One that is new, or whose status changed, emits payment.received or payment.failed. A refund is no payment."

func (a *api) payments() resource[integration.Payment, store.Payment] {
	return resource[integration.Payment, store.Payment]{
		path: "payments", one: "Payment", many: "Payments", description: paymentsDescription,
		show: showPayment, adapt: adaptPayment,
		version: func(p *store.Payment) int64 { return p.Version },
		key:     func(p *integration.Payment) *string { return &p.ID },
		account: func(p integration.Payment) string { return p.AccountID },
		rowOf:   paymentRow,
		get:     a.Store.Payment, list: a.Store.Payments, put: (*store.Writer).PutPayments, remove: (*store.Writer).DeletePayment,
	}
}

func showPayment(p *store.Payment) integration.Payment {
	invoices := make([]integration.PaymentInvoice, len(p.Invoices))
	for i, invoice := range p.Invoices {
		invoices[i] = integration.PaymentInvoice{ID: invoice.ID, Amount: locale.Amount(p.Currency, invoice.Amount)}
	}
	return integration.Payment{
		ID: p.ID, AccountID: p.AccountID, Status: p.Status, Amount: locale.Amount(p.Currency, p.Amount), Currency: p.Currency, PaidOn: p.PaidOn.Format(time.DateOnly),
		Method: p.Method, Reference: p.Reference, Reason: p.Reason, RetryOn: dayText(p.RetryOn), Invoices: invoices, Meta: meta(p.Row),
	}
}

// adaptPayment: why a payment failed and when it is tried again go with the status.
func adaptPayment(before *integration.Payment, patch map[string]any) {
	if status, changes := patch["status"]; changes && status != before.Status {
		before.Reason, before.RetryOn = "", ""
	}
}

func paymentRow(of holder, p integration.Payment, old *store.Payment) (store.Payment, *store.Refusal) {
	before := store.Payment{}
	if old != nil {
		before = *old
	}
	row := store.Payment{
		Row: store.Row{AccountID: p.AccountID}, Status: p.Status, Amount: p.Amount, Currency: of.currency(p.Currency, before.Currency),
		PaidOn: day(p.PaidOn), Method: p.Method, Reference: p.Reference, Reason: p.Reason, RetryOn: optionalDay(p.RetryOn),
	}
	for _, invoice := range p.Invoices {
		row.Invoices = append(row.Invoices, store.PaymentInvoice{ID: invoice.ID, Amount: invoice.Amount})
	}
	return row, checkPayment(row)
}

func checkPayment(p store.Payment) *store.Refusal {
	failed := p.Status == store.PaymentFailed
	switch {
	case !positive(p.Amount):
		return refuse("amount", "is %s, a payment is more than 0", p.Amount)
	case failed && p.Reason == "":
		return refuse("reason", "is missing, a failed payment has one, in words for the customer")
	case !failed && p.Reason != "":
		return refuse("reason", "is there, but only a failed payment has one")
	case !failed && p.RetryOn != nil:
		return refuse("retryOn", "is there, but only a failed payment is tried again")
	}
	return checkParts(p)
}

// checkParts adds up exactly what of a payment is for which invoice.
func checkParts(p store.Payment) *store.Refusal {
	seen, sum := make(map[string]bool, len(p.Invoices)), new(big.Rat)
	for i, invoice := range p.Invoices {
		field := fmt.Sprintf("invoices[%d]", i)
		switch part, ok := new(big.Rat).SetString(invoice.Amount); {
		case seen[invoice.ID]:
			return refuse(field+".id", "%q is there twice", invoice.ID)
		case !ok || part.Sign() <= 0:
			return refuse(field+".amount", "is %s, allowed is more than 0", invoice.Amount)
		default:
			seen[invoice.ID] = true
			sum.Add(sum, part)
		}
	}
	if amount, ok := new(big.Rat).SetString(p.Amount); !ok || sum.Cmp(amount) > 0 {
		return refuse("invoices", "are %s together, more than the amount of the payment, %s", sum.FloatString(4), p.Amount)
	}
	return nil
}
