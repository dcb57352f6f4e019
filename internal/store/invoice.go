package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// The statuses of an invoice.
const (
	InvoiceOpen = "Open"
	InvoicePaid = "Paid"
	InvoiceVoid = "Void"
)

// DueByInvoice is the DueSource of an invoice that came with its own due date. The
// others are the layers of settings: whose trading terms decided.
const DueByInvoice = "Invoice"

// Invoice is one invoice of an account. Amounts are decimal strings without needless
// zeros. Dates are at midnight UTC and mean the day. Its balance is what the provider's
// system says: payments do not change it.
type Invoice struct {
	Row
	Number           string     `db:"number" json:"number"`
	IssuedOn         time.Time  `db:"issued_on" json:"issued_on"`
	DueOn            time.Time  `db:"due_on" json:"due_on"`
	DueSource        string     `db:"due_source" json:"due_source"`
	DueSourceName    string     `db:"due_source_name" json:"due_source_name"`
	Currency         string     `db:"currency" json:"currency"`
	Total            string     `db:"total" json:"total"`
	Balance          string     `db:"balance" json:"balance"`
	Status           string     `db:"status" json:"status"`
	TotalWithoutTax  *string    `db:"total_without_tax" json:"total_without_tax"`
	PaymentReference string     `db:"payment_reference" json:"payment_reference"`
	PayURL           string     `db:"pay_url" json:"pay_url"`
	PaidOn           *time.Time `db:"paid_on" json:"paid_on"`

	Lines        []InvoiceLine `db:"lines" json:"-"`
	DocumentName string        `db:"document_name" json:"-"` // of its PDF; empty: there is none

	// Today is the account's own date when the invoice is written, for what is overdue in
	// its events, and not kept.
	Today time.Time `db:"-" json:"-"`
}

// InvoiceLine is one line of an invoice. An invoice is written with all of them.
type InvoiceLine struct {
	Description string `json:"description"`
	Quantity    string `json:"quantity"`
	Amount      string `json:"amount"`
}

// Settled says whether nothing is left to pay of the invoice.
func (v *Invoice) Settled() bool {
	return v.Status == InvoicePaid || v.Status == InvoiceOpen && !positive(v.Balance)
}

// Owed says whether something is to be paid of the invoice.
func (v *Invoice) Owed() bool { return v.Status == InvoiceOpen && positive(v.Balance) }

// InvoiceCursor is the last invoice of a page. The zero value is before the first.
type InvoiceCursor struct {
	IssuedOn time.Time
	ID       string
}

// Money is an amount in a currency, as a decimal string.
type Money struct {
	Currency string
	Amount   string
}

// InvoicePage is one page of invoices, newest first, and what the account owes over
// all pages.
type InvoicePage struct {
	Invoices []Invoice
	Next     *InvoiceCursor // nil: this is the last page

	Balance         []Money // of open invoices, by currency
	Overdue         []Money // what is left of overdue invoices, by currency; none: empty
	OpenInvoices    int64
	OverdueInvoices int64
}

const invoicesSQL = `
SELECT id, number, issued_on, due_on, due_source, due_source_name, currency,
       trim_scale(total)::text AS total, trim_scale(balance)::text AS balance, status
FROM invoice
WHERE account_id = $1 AND (issued_on, id) < ($2::date, $3::text)
ORDER BY issued_on DESC, id DESC
LIMIT $4`

const openInvoicesSQL = `
SELECT currency, trim_scale(sum(balance))::text, count(*),
       trim_scale(coalesce(sum(balance) FILTER (WHERE due_on < $2::date AND balance > 0), 0))::text,
       count(*) FILTER (WHERE due_on < $2::date AND balance > 0)
FROM invoice
WHERE account_id = $1 AND status = 'Open'
GROUP BY currency ORDER BY currency`

// Invoices returns a page of an account's invoices in one round trip. An open invoice
// is overdue when its due date is before today, the account's own date, and something
// is left to pay: a credit note is never late.
func (s *Store) Invoices(ctx context.Context, accountID string, today time.Time, after InvoiceCursor, limit int) (InvoicePage, error) {
	if badText(accountID) || badText(after.ID) {
		return InvoicePage{}, nil // no invoice can have such an id
	}
	from := pgtype.Date{InfinityModifier: pgtype.Infinity, Valid: true}
	if !after.IssuedOn.IsZero() {
		from = date(after.IssuedOn)
	}
	var page InvoicePage
	batch := &pgx.Batch{}
	batch.Queue(invoicesSQL, accountID, from, after.ID, limit+1).Query(func(rows pgx.Rows) error {
		return page.readInvoices(rows, limit)
	})
	batch.Queue(openInvoicesSQL, accountID, date(today)).Query(page.readBalance)
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return InvoicePage{}, fail("read invoices", err)
	}
	return page, nil
}

func (p *InvoicePage) readInvoices(rows pgx.Rows, limit int) error {
	invoices, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[Invoice]) // what a list shows of them
	if err != nil {
		return err
	}
	if len(invoices) > limit {
		invoices = invoices[:limit]
		last := invoices[limit-1]
		p.Next = &InvoiceCursor{IssuedOn: last.IssuedOn, ID: last.ID}
	}
	p.Invoices = invoices
	return nil
}

func (p *InvoicePage) readBalance(rows pgx.Rows) error {
	var currency, balance, overdue string
	var openCount, overdueCount int64
	_, err := pgx.ForEachRow(rows, []any{&currency, &balance, &openCount, &overdue, &overdueCount}, func() error {
		p.Balance = append(p.Balance, Money{currency, balance})
		p.OpenInvoices += openCount
		if overdueCount > 0 {
			p.Overdue = append(p.Overdue, Money{currency, overdue})
			p.OverdueInvoices += overdueCount
		}
		return nil
	})
	return err
}

// date is the day of t in t's own zone, whatever the session's zone is.
func date(t time.Time) pgtype.Date {
	year, month, day := t.Date()
	return pgtype.Date{Time: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), Valid: true}
}
