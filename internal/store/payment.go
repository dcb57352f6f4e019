package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/locale"
)

// The statuses of a payment.
const (
	PaymentReceived = "Received"
	PaymentFailed   = "Failed"
)

// Payment is a payment of an account, or an attempt that failed. It changes no invoice.
type Payment struct {
	Row
	Status    string           `db:"status" json:"status"`
	Amount    string           `db:"amount" json:"amount"`
	Currency  string           `db:"currency" json:"currency"`
	PaidOn    time.Time        `db:"paid_on" json:"paid_on"`
	Method    string           `db:"method" json:"method"`
	Reference string           `db:"reference" json:"reference"`
	Reason    string           `db:"reason" json:"reason"` // why it failed
	RetryOn   *time.Time       `db:"retry_on" json:"retry_on"`
	Invoices  []PaymentInvoice `db:"invoices" json:"invoices"`
}

// PaymentInvoice is how much of a payment is for an invoice.
type PaymentInvoice struct {
	ID     string `json:"id"`
	Amount string `json:"amount"`
}

var payments = &kind[Payment, *Payment]{
	name:  "payment",
	table: "payment",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.status, trim_scale(t.amount)::text AS amount, t.currency, t.paid_on,
t.method, t.reference, t.reason, t.retry_on, t.invoices`,
	insert: []string{"status", "amount", "currency", "paid_on", "method", "reference", "reason", "retry_on", "invoices"},
	values: func(p *Payment) []any {
		return []any{p.Status, p.Amount, p.Currency, p.PaidOn, p.Method, p.Reference, p.Reason, p.RetryOn, jsonText(p.Invoices)}
	},
	update: `
UPDATE payment t SET status = i.status, amount = i.amount, currency = i.currency, paid_on = i.paid_on, method = i.method,
    reference = i.reference, reason = i.reason, retry_on = i.retry_on, invoices = i.invoices, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::payment, $1) i WHERE t.id = i.id`,
	same: func(before, after *Payment) bool {
		return before.Status == after.Status && before.Amount == after.Amount && before.Currency == after.Currency &&
			before.PaidOn.Equal(after.PaidOn) && before.Method == after.Method && before.Reference == after.Reference &&
			before.Reason == after.Reason && sameDay(before.RetryOn, after.RetryOn) && slices.Equal(before.Invoices, after.Invoices)
	},
	references: func(p *Payment) []reference {
		list := make([]reference, len(p.Invoices))
		for i, invoice := range p.Invoices {
			list[i] = reference{fmt.Sprintf("invoices[%d].id", i), invoices.table, invoice.ID}
		}
		return list
	},
}

// jsonText is a value for a column of JSON.
func jsonText(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is made to be encoded
	}
	return text
}

// tidyPayment makes a list that is never nil: the column takes no null.
func tidyPayment(_, next *Payment) {
	next.Amount = amount(next.Amount)
	list := make([]PaymentInvoice, len(next.Invoices))
	for i, invoice := range next.Invoices {
		list[i] = PaymentInvoice{invoice.ID, amount(invoice.Amount)}
	}
	next.Invoices = list
}

// Payment returns a payment by id, or ErrNotFound.
func (s *Store) Payment(ctx context.Context, id string) (Payment, error) {
	return one(ctx, s, payments, id)
}

// Payments returns a page of payments.
func (s *Store) Payments(ctx context.Context, list List) ([]Payment, *Place, error) {
	return page(ctx, s, payments, list)
}

// ListedPayment is a payment with the invoices that it is for, by their numbers.
type ListedPayment struct {
	Payment
	For []PaidInvoice `db:"paid"`
}

// PaidInvoice is how much of a payment is for an invoice that people know by its number.
type PaidInvoice struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Amount string `json:"amount"`
}

var paymentsOfSQL = `
SELECT ` + payments.sel + `,
coalesce((SELECT json_agg(json_build_object('id', i.id, 'number', i.number, 'amount', p.paid ->> 'amount') ORDER BY p.place)
          FROM jsonb_array_elements(t.invoices) WITH ORDINALITY AS p(paid, place)
          JOIN invoice i ON i.id = p.paid ->> 'id' AND i.account_id = t.account_id), '[]') AS paid
FROM payment t
WHERE t.account_id = $1 AND (t.paid_on, t.id) < ($2::date, $3::text)
ORDER BY t.paid_on DESC, t.id DESC
LIMIT $4`

// PaymentsOf returns a page of the payments of an account, newest first, and where to go
// on; nil: it is the last page.
func (s *Store) PaymentsOf(ctx context.Context, accountID string, after Newest, limit int) ([]ListedPayment, *Newest, error) {
	if badText(accountID) || badText(after.ID) {
		return nil, nil, nil // no payment can have such an id
	}
	rows, err := s.db.Query(ctx, paymentsOfSQL, accountID, after.fromDay(time.Time{}), after.ID, limit+1)
	if err != nil {
		return nil, nil, fail("read payments", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[ListedPayment])
	if err != nil {
		return nil, nil, fail("read payments", err)
	}
	if len(found) <= limit {
		return found, nil, nil
	}
	last := found[limit-1]
	return found[:limit], &Newest{At: last.PaidOn, ID: last.ID}, nil
}

// PutPayments creates and changes payments. Their invoices must be of the same account.
func (w *Writer) PutPayments(ctx context.Context, items []Item[Payment]) ([]Written[Payment], error) {
	written, changes, err := putAll(ctx, w, payments, items, tidyPayment)
	if err != nil {
		return nil, err
	}
	numbers, err := w.paidInvoices(ctx, changes)
	if err != nil {
		return nil, fmt.Errorf("hold the invoices of payments: %w", err)
	}
	return written, w.announcePayments(ctx, changes, numbers)
}

// paidInvoices reads the numbers of the invoices of payments, and keeps them from being
// deleted before the payments are there.
func (w *Writer) paidInvoices(ctx context.Context, changes []rowChange[Payment]) (map[string]string, error) {
	var ids []string
	for _, c := range changes {
		for _, invoice := range c.after.Invoices {
			ids = append(ids, invoice.ID)
		}
	}
	ids = distinct(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	numbers, err := pairs(ctx, w.tx, `SELECT id, number FROM invoice WHERE id = ANY($1) ORDER BY id FOR KEY SHARE`, ids)
	if err == nil && len(numbers) < len(ids) {
		err = errRaced // one was deleted since it was looked up
	}
	return numbers, err
}

// DeletePayment deletes a payment.
func (w *Writer) DeletePayment(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, payments, id, ifVersion)
}

// announcePayments tells of payments that arrived or failed.
func (w *Writer) announcePayments(ctx context.Context, changes []rowChange[Payment], numbers map[string]string) error {
	if w.origin.Quiet {
		return nil
	}
	var told []*Payment
	wanted := map[debtor]time.Time{}
	for _, c := range changes {
		if c.before != nil && c.before.Status == c.after.Status {
			continue
		}
		told = append(told, c.after)
		wanted[debtor{c.after.AccountID, c.after.Currency}] = w.origin.Now
	}
	debts, err := w.debts(ctx, wanted)
	if err != nil {
		return err
	}
	for _, p := range told {
		data := map[string]any{"payment": p.data(numbers), "open": debts[debtor{p.AccountID, p.Currency}].open()}
		name := "payment.received"
		if p.Status == PaymentFailed {
			name = "payment.failed"
		}
		if err := w.emit(name, p.AccountID, p.ID, data); err != nil {
			return err
		}
	}
	return nil
}

// data is the payment in its events, with its invoices by number.
func (p *Payment) data(numbers map[string]string) map[string]any {
	list := make([]map[string]any, len(p.Invoices))
	for i, invoice := range p.Invoices {
		list[i] = map[string]any{"number": numbers[invoice.ID], "amount": locale.Amount(p.Currency, invoice.Amount), "currency": p.Currency}
	}
	data := map[string]any{
		"id": p.ID, "amount": locale.Amount(p.Currency, p.Amount), "currency": p.Currency, "paidOn": p.PaidOn.Format(time.DateOnly), "invoices": list,
	}
	setText(data, "method", p.Method)
	setText(data, "reference", p.Reference)
	if p.Status == PaymentFailed {
		data["reason"] = p.Reason
		setDay(data, "retryOn", p.RetryOn)
	}
	return data
}
