package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

var invoices = &kind[Invoice, *Invoice]{
	name:  "invoice",
	table: "invoice",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.number, t.issued_on, t.due_on, t.due_source, t.due_source_name, t.currency,
trim_scale(t.total)::text AS total, trim_scale(t.balance)::text AS balance, t.status, trim_scale(t.total_without_tax)::text AS total_without_tax,
t.payment_reference, t.pay_url, t.paid_on,
coalesce((SELECT a.name FROM attachment a WHERE a.kind = 'invoice' AND a.subject = t.id), '') AS document_name,
coalesce((SELECT json_agg(json_build_object('description', l.description, 'quantity', trim_scale(l.quantity)::text, 'amount', trim_scale(l.amount)::text) ORDER BY l.position)
          FROM invoice_line l WHERE l.invoice_id = t.id), '[]') AS lines`,
	insert: []string{"number", "issued_on", "due_on", "due_source", "due_source_name", "currency", "total", "balance", "status",
		"total_without_tax", "payment_reference", "pay_url", "paid_on"},
	values: func(v *Invoice) []any {
		return []any{v.Number, v.IssuedOn, v.DueOn, v.DueSource, v.DueSourceName, v.Currency, v.Total, v.Balance, v.Status,
			v.TotalWithoutTax, v.PaymentReference, v.PayURL, v.PaidOn}
	},
	update: `
UPDATE invoice t SET number = i.number, issued_on = i.issued_on, due_on = i.due_on, due_source = i.due_source, due_source_name = i.due_source_name,
    currency = i.currency, total = i.total, balance = i.balance, status = i.status, total_without_tax = i.total_without_tax,
    payment_reference = i.payment_reference, pay_url = i.pay_url, paid_on = i.paid_on, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::invoice, $1) i WHERE t.id = i.id`,
	same: sameInvoice,
}

func sameInvoice(before, after *Invoice) bool {
	return before.Number == after.Number && before.IssuedOn.Equal(after.IssuedOn) &&
		before.DueOn.Equal(after.DueOn) && before.DueSource == after.DueSource && before.DueSourceName == after.DueSourceName &&
		before.Currency == after.Currency && before.Total == after.Total && before.Balance == after.Balance && before.Status == after.Status &&
		samePointer(before.TotalWithoutTax, after.TotalWithoutTax) && before.PaymentReference == after.PaymentReference &&
		before.PayURL == after.PayURL && sameDay(before.PaidOn, after.PaidOn) && slices.Equal(before.Lines, after.Lines)
}

// tidyInvoice leaves the document to [Writer.PutInvoiceDocument].
func tidyInvoice(old, next *Invoice) {
	next.Total, next.Balance, next.TotalWithoutTax = amount(next.Total), amount(next.Balance), optionalAmount(next.TotalWithoutTax)
	lines := make([]InvoiceLine, len(next.Lines))
	for i, line := range next.Lines {
		lines[i] = InvoiceLine{line.Description, amount(line.Quantity), amount(line.Amount)}
	}
	next.Lines, next.DocumentName = lines, ""
	if old != nil {
		next.DocumentName = old.DocumentName
	}
}

// Invoice returns an invoice by id, or ErrNotFound.
func (s *Store) Invoice(ctx context.Context, id string) (Invoice, error) {
	return one(ctx, s, invoices, id)
}

// maxPageLines bounds the lines of the invoices of a page, and with them its size.
const maxPageLines = 20_000

// ListInvoices returns a page of invoices, of whatever account: fewer than asked for when
// they have many lines.
func (s *Store) ListInvoices(ctx context.Context, list List) ([]Invoice, *Place, error) {
	if list.Limit > maxPageLines/maxInvoiceLines {
		fit, err := s.invoicesThatFit(ctx, list)
		if err != nil {
			return nil, nil, fail("count the lines of invoices", err)
		}
		list.Limit = fit
	}
	return page(ctx, s, invoices, list)
}

// maxInvoiceLines is how many lines an invoice has at most, by the rules of the API.
const maxInvoiceLines = 1000

// linesOfSQL is how many lines an invoice has: their positions are from 1 on.
const linesOfSQL = `coalesce((SELECT max(l.position) FROM invoice_line l WHERE l.invoice_id = t.id), 0)`

// invoicesThatFit is how many invoices of a list make a page.
func (s *Store) invoicesThatFit(ctx context.Context, list List) (int, error) {
	if badText(list.AccountID) || badText(list.After.ID) {
		return list.Limit, nil // there are none
	}
	sql, args := list.sql(linesOfSQL, invoices.table, invoices.id(), nil)
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	counts, err := pgx.CollectRows(rows, pgx.RowTo[int])
	lines := 0
	for i, count := range counts {
		if lines += count; lines > maxPageLines && i > 0 {
			return min(i, list.Limit), err
		}
	}
	return list.Limit, err
}

// PutInvoices creates and changes invoices, with their lines.
func (w *Writer) PutInvoices(ctx context.Context, items []Item[Invoice]) ([]Written[Invoice], error) {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	if err := w.hold(ctx, invoices.table, ids); err != nil {
		return nil, err
	}
	written, changes, err := putAll(ctx, w, invoices, items, tidyInvoice)
	if err != nil {
		return nil, err
	}
	if err := w.writeLines(ctx, changes); err != nil {
		return nil, fmt.Errorf("write lines of invoices: %w", err)
	}
	return written, w.announceInvoices(ctx, changes)
}

// writeLines replaces the lines of invoices whose lines are others now.
func (w *Writer) writeLines(ctx context.Context, changes []rowChange[Invoice]) error {
	var replaced []string
	var rows [][]any
	for _, c := range changes {
		if c.before != nil && slices.Equal(c.before.Lines, c.after.Lines) {
			continue
		}
		if c.before != nil && len(c.before.Lines) > 0 {
			replaced = append(replaced, c.after.ID)
		}
		for i, line := range c.after.Lines {
			rows = append(rows, []any{c.after.ID, i + 1, line.Description, line.Quantity, line.Amount})
		}
	}
	if len(replaced) > 0 {
		if _, err := w.tx.Exec(ctx, `DELETE FROM invoice_line WHERE invoice_id = ANY($1)`, replaced); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := w.tx.CopyFrom(ctx, pgx.Identifier{"invoice_line"}, []string{"invoice_id", "position", "description", "quantity", "amount"}, pgx.CopyFromRows(rows))
	return err
}

const paymentOfSQL = `
SELECT p.id FROM invoice i JOIN payment p ON p.account_id = i.account_id
WHERE i.id = ANY($1) AND p.invoices @> jsonb_build_array(jsonb_build_object('id', i.id)) LIMIT 1`

// DeleteInvoice deletes an invoice with its lines and its document. One that a payment is
// for is refused.
func (w *Writer) DeleteInvoice(ctx context.Context, id string, ifVersion int64) (Result, error) {
	ids := storable([]string{id})
	// Who writes a payment holds its invoices, so none comes after this.
	if _, err := w.tx.Exec(ctx, `SELECT FROM invoice WHERE id = ANY($1) FOR UPDATE`, ids); err != nil {
		return Result{}, fmt.Errorf("lock an invoice: %w", err)
	}
	paid, err := column(ctx, w.tx, paymentOfSQL, ids)
	if err != nil {
		return Result{}, fmt.Errorf("look for payments of an invoice: %w", err)
	}
	if len(paid) > 0 {
		return keep(ctx, w, invoices, id, ifVersion, "invoice %q cannot be deleted: payment %q is for it", id, paid[0])
	}
	result, err := remove(ctx, w, invoices, id, ifVersion)
	if err != nil || result.Outcome != Deleted {
		return result, err
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM attachment WHERE kind = 'invoice' AND subject = $1`, id); err != nil {
		return Result{}, fmt.Errorf("delete the document of an invoice: %w", err)
	}
	return result, nil
}
