package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/locale"
)

// announceInvoices tells of invoices that are new and open, and of those of which
// nothing is left to pay any more. One that comes paid or void tells nothing.
func (w *Writer) announceInvoices(ctx context.Context, changes []rowChange[Invoice]) error {
	if w.origin.Quiet {
		return nil
	}
	var told []rowChange[Invoice]
	wanted := map[debtor]time.Time{}
	for _, c := range changes {
		issued := c.before == nil && c.after.Status == InvoiceOpen
		paid := c.before != nil && c.before.Owed() && c.after.Settled()
		if issued || paid {
			told = append(told, c)
			wanted[debtor{c.after.AccountID, c.after.Currency}] = c.after.Today
		}
	}
	debts, err := w.debts(ctx, wanted)
	if err != nil {
		return err
	}
	for _, c := range told {
		debt := debts[debtor{c.after.AccountID, c.after.Currency}]
		name, invoice := "invoice.issued", c.after.data()
		data := map[string]any{"invoice": invoice, "open": debt.open()}
		if c.before == nil {
			data["overdue"] = debt.overdue()
		} else {
			name = "invoice.paid"
			setDay(invoice, "paidOn", cmp.Or(c.after.PaidOn, &c.after.Today))
		}
		if err := w.emit(name, c.after.AccountID, c.after.ID, data); err != nil {
			return err
		}
	}
	return nil
}

// data is the invoice in its events.
func (v *Invoice) data() map[string]any {
	data := map[string]any{
		"id": v.ID, "number": v.Number, "status": v.Status,
		"issuedOn": v.IssuedOn.Format(time.DateOnly), "dueOn": v.DueOn.Format(time.DateOnly),
		"currency": v.Currency, "total": locale.Amount(v.Currency, v.Total), "balance": locale.Amount(v.Currency, v.Balance),
	}
	if v.TotalWithoutTax != nil {
		data["totalWithoutTax"] = locale.Amount(v.Currency, *v.TotalWithoutTax)
	}
	setText(data, "paymentReference", v.PaymentReference)
	setText(data, "payURL", v.PayURL)
	return data
}

// debtor is an account in one of the currencies of its invoices.
type debtor struct{ accountID, currency string }

// debt is what is to be paid of the invoices of an account in one currency.
type debt struct {
	currency        string
	openCount       int64
	openBalance     string
	overdueCount    int64
	overdueBalance  string
	overdueInvoices []map[string]any // the oldest
}

func (d debt) open() map[string]any {
	return map[string]any{"count": d.openCount, "balance": locale.Amount(d.currency, d.openBalance), "currency": d.currency}
}

func (d debt) overdue() map[string]any {
	invoices := d.overdueInvoices
	if invoices == nil {
		invoices = []map[string]any{}
	}
	return map[string]any{"count": d.overdueCount, "balance": locale.Amount(d.currency, d.overdueBalance), "currency": d.currency, "invoices": invoices}
}

// The sums are those of [Store.Invoices]: credit notes lessen what is open, and are never
// overdue. They are looked up for each account by index, however many there are.
const (
	debtSQL = `
SELECT a.account_id, a.currency, o.* FROM unnest($1::text[], $2::text[], $3::date[]) a (account_id, currency, today)
CROSS JOIN LATERAL (
    SELECT count(*), trim_scale(coalesce(sum(i.balance), 0))::text,
           count(*) FILTER (WHERE i.due_on < a.today AND i.balance > 0),
           trim_scale(coalesce(sum(i.balance) FILTER (WHERE i.due_on < a.today AND i.balance > 0), 0))::text
    FROM invoice i WHERE i.account_id = a.account_id AND i.status = 'Open' AND i.currency = a.currency AND i.balance <> 0) o`

	overdueSQL = `
SELECT a.account_id, a.currency, o.* FROM unnest($1::text[], $2::text[], $3::date[]) a (account_id, currency, today)
CROSS JOIN LATERAL (
    SELECT i.id, i.number, i.due_on, a.today - i.due_on, trim_scale(i.balance)::text
    FROM invoice i WHERE i.account_id = a.account_id AND i.status = 'Open' AND i.currency = a.currency AND i.balance > 0 AND i.due_on < a.today
    ORDER BY i.due_on, i.id LIMIT 50) o`
)

// debts looks up what accounts have to pay as of their own dates. Of each overdue invoice
// there is the id, of which its address is made.
func (w *Writer) debts(ctx context.Context, wanted map[debtor]time.Time) (map[debtor]debt, error) {
	debts := make(map[debtor]debt, len(wanted))
	if len(wanted) == 0 {
		return debts, nil
	}
	var accounts, currencies []string
	var days []time.Time
	for key, today := range wanted {
		accounts, currencies, days = append(accounts, key.accountID), append(currencies, key.currency), append(days, today)
	}
	batch := &pgx.Batch{}
	batch.Queue(debtSQL, accounts, currencies, days).Query(func(rows pgx.Rows) error {
		var key debtor
		var d debt
		_, err := pgx.ForEachRow(rows, []any{&key.accountID, &key.currency, &d.openCount, &d.openBalance, &d.overdueCount, &d.overdueBalance}, func() error {
			d.currency = key.currency
			debts[key] = d
			return nil
		})
		return err
	})
	batch.Queue(overdueSQL, accounts, currencies, days).Query(func(rows pgx.Rows) error { return readOverdue(rows, debts) })
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("look up what accounts have to pay: %w", err)
	}
	return debts, nil
}

func readOverdue(rows pgx.Rows, debts map[debtor]debt) error {
	var key debtor
	var id, number, balance string
	var dueOn time.Time
	var daysOverdue int64
	_, err := pgx.ForEachRow(rows, []any{&key.accountID, &key.currency, &id, &number, &dueOn, &daysOverdue, &balance}, func() error {
		d := debts[key]
		d.overdueInvoices = append(d.overdueInvoices, map[string]any{
			"id": id, "number": number, "dueOn": dueOn.Format(time.DateOnly), "daysOverdue": daysOverdue,
			"balance": locale.Amount(key.currency, balance), "currency": key.currency,
		})
		debts[key] = d
		return nil
	})
	return err
}
