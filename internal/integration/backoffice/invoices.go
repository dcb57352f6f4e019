package backoffice

import (
	"fmt"
	"math/big"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
)

const invoicesDescription = "Invoices of accounts, with their lines. The provider's system is the master of what is still to be paid: a payment changes no balance, an invoice is sent again instead. " +
	"An invoice that comes without dueOn is due by the trading terms of its account at that time, for good. " +
	"A new invoice that is Open emits invoice.issued, one of which nothing is left to pay any more invoice.paid."

func (a *api) invoices() resource[integration.Invoice, store.Invoice] {
	return resource[integration.Invoice, store.Invoice]{
		path: "invoices", one: "Invoice", many: "Invoices", description: invoicesDescription,
		show: showInvoice, adapt: adaptInvoice,
		version: func(v *store.Invoice) int64 { return v.Version },
		key:     func(i *integration.Invoice) *string { return &i.ID },
		account: func(i integration.Invoice) string { return i.AccountID },
		rowOf:   invoiceRow,
		get:     a.Store.Invoice, list: a.Store.ListInvoices, put: (*store.Writer).PutInvoices, remove: (*store.Writer).DeleteInvoice,
		keptWhile: "payments are for it",
	}
}

func showInvoice(v *store.Invoice) integration.Invoice {
	lines := make([]integration.InvoiceLine, len(v.Lines))
	for i, line := range v.Lines {
		lines[i] = integration.InvoiceLine{Description: line.Description, Quantity: line.Quantity, Amount: locale.Amount(v.Currency, line.Amount)}
	}
	return integration.Invoice{
		ID: v.ID, AccountID: v.AccountID, Number: v.Number,
		IssuedOn: v.IssuedOn.Format(time.DateOnly), DueOn: v.DueOn.Format(time.DateOnly), DueSource: v.DueSource, DueSourceName: v.DueSourceName,
		Currency: v.Currency, Total: locale.Amount(v.Currency, v.Total), TotalWithoutTax: locale.Amount(v.Currency, optionalText(v.TotalWithoutTax)),
		Balance: locale.Amount(v.Currency, v.Balance), Status: v.Status,
		PaymentReference: v.PaymentReference, PayURL: v.PayURL, PaidOn: dayText(v.PaidOn), Lines: lines, DocumentName: v.DocumentName, Meta: meta(v.Row),
	}
}

// adaptInvoice: the balance and the day of payment go with the status, and a due date by
// trading terms goes with the day of issue. A patch of the one does not keep the other,
// unless it has it too.
func adaptInvoice(before *integration.Invoice, patch map[string]any) {
	if status, changes := patch["status"]; changes && status != before.Status {
		before.Balance, before.PaidOn = "", ""
	}
	if issued, changes := patch["issuedOn"]; changes && issued != before.IssuedOn && before.DueSource != store.DueByInvoice {
		before.DueOn = ""
	}
}

// invoiceRow fills in what the provider's system leaves to the account: the due date by
// its trading terms, the currency, and the balance.
func invoiceRow(of holder, i integration.Invoice, old *store.Invoice) (store.Invoice, *store.Refusal) {
	before := store.Invoice{}
	if old != nil {
		before = *old
	}
	v := store.Invoice{
		Row: store.Row{AccountID: i.AccountID}, Number: i.Number, IssuedOn: day(i.IssuedOn),
		Currency: of.currency(i.Currency, before.Currency), Total: i.Total, TotalWithoutTax: optional(i.TotalWithoutTax), Balance: i.Balance, Status: i.Status,
		PaymentReference: i.PaymentReference, PayURL: i.PayURL, PaidOn: optionalDay(i.PaidOn), Today: of.today,
	}
	for _, line := range i.Lines {
		if line.Quantity == "" {
			line.Quantity = "1"
		}
		v.Lines = append(v.Lines, store.InvoiceLine{Description: line.Description, Quantity: line.Quantity, Amount: line.Amount})
	}
	if v.Balance == "" {
		v.Balance = "0"
		if v.Status == store.InvoiceOpen {
			v.Balance = v.Total
		}
	}
	due(&v, i.DueOn, of, old)
	if v.PaidOn == nil && v.Settled() {
		v.PaidOn = before.PaidOn
		if before.Owed() {
			v.PaidOn = &of.today
		}
	}
	return v, checkInvoice(v)
}

// due decides by when an invoice is to be paid. What was decided stays as long as the day
// of issue does, unless another day is given.
func due(v *store.Invoice, given string, of holder, old *store.Invoice) {
	switch {
	case old != nil && old.IssuedOn.Equal(v.IssuedOn) && (given == "" || old.DueOn.Equal(day(given))):
		v.DueOn, v.DueSource, v.DueSourceName = old.DueOn, old.DueSource, old.DueSourceName
	case given != "":
		v.DueOn, v.DueSource = day(given), store.DueByInvoice
	default:
		terms := of.terms.TradingTermsDays
		v.DueOn, v.DueSource, v.DueSourceName = v.IssuedOn.AddDate(0, 0, int(terms.Value)), string(terms.Source), terms.SourceName
	}
}

func checkInvoice(v store.Invoice) *store.Refusal {
	switch {
	case v.DueOn.Before(v.IssuedOn):
		return refuse("dueOn", "%s is before issuedOn %s", v.DueOn.Format(time.DateOnly), v.IssuedOn.Format(time.DateOnly))
	case v.Status == store.InvoicePaid && positive(v.Balance):
		return refuse("balance", "is %s, but nothing is left to pay of a paid invoice: leave it out", v.Balance)
	case v.PaidOn != nil && v.Owed():
		return refuse("paidOn", "is there, but %s of the invoice is still to be paid", v.Balance)
	}
	return nil
}

func refuse(field, format string, args ...any) *store.Refusal {
	return &store.Refusal{Field: field, Message: fmt.Sprintf(format, args...)}
}

// positive says whether a decimal is more than zero.
func positive(amount string) bool {
	value, ok := new(big.Rat).SetString(amount)
	return ok && value.Sign() > 0
}
