package store

import (
	"context"
	"strconv"
	"strings"
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

// Money is an amount in a currency, as a decimal string.
type Money struct {
	Currency string
	Amount   string
}

// CreditNote says whether the invoice gives money back.
func (v *Invoice) CreditNote() bool { return strings.HasPrefix(v.Total, "-") }

// InvoiceState is which invoices of an account a list has.
type InvoiceState string

// The states; empty is all of them.
const (
	OpenInvoices    InvoiceState = "Open"
	OverdueInvoices InvoiceState = "Overdue"
	PaidInvoices    InvoiceState = "Paid"
)

// InvoiceFilter says which invoices a page has. The zero value of a field asks nothing,
// but for Today, the account's own date, and Limit.
type InvoiceFilter struct {
	State       InvoiceState
	From, Until time.Time // issued from, and issued before
	Number      string    // a part of the number, in capital or small letters
	Today       time.Time
	After       Newest
	Limit       int
}

// ListedInvoice is what a list has of an invoice.
type ListedInvoice struct {
	ID, Number               string
	IssuedOn, DueOn          time.Time
	DueSource, DueSourceName string
	Currency, Total, Balance string
	Status, PayURL           string
	HasDocument              bool
}

// Owed says whether something is to be paid of the invoice.
func (v *ListedInvoice) Owed() bool { return v.Status == InvoiceOpen && positive(v.Balance) }

// InvoicePage is one page of invoices, newest first, and what the account owes over
// all its invoices, whatever the page asks for.
type InvoicePage struct {
	Invoices []ListedInvoice
	Next     *Newest // nil: this is the last page

	Balance         []Money // of open invoices, by currency
	Overdue         []Money // what is left of overdue invoices, by currency; none: empty
	OpenInvoices    int64   // of which something is left to pay: a credit note is not one
	OverdueInvoices int64
	Oldest          time.Time // when the first invoice was issued; zero: there is none
}

// Whether there is a document is not asked by EXISTS, for which a plan may read the keys
// of all documents.
const listedInvoiceSQL = `
SELECT i.id, i.number, i.issued_on, i.due_on, i.due_source, i.due_source_name, i.currency,
       trim_scale(i.total)::text, trim_scale(i.balance)::text, i.status, i.pay_url,
       coalesce((SELECT true FROM attachment a WHERE a.kind = 'invoice' AND a.subject = i.id), false)
FROM invoice i
WHERE i.account_id = $1 AND (i.issued_on, i.id) < ($2::date, $3::text)`

const openInvoicesSQL = `
SELECT currency, trim_scale(sum(balance))::text, count(*) FILTER (WHERE balance > 0),
       trim_scale(coalesce(sum(balance) FILTER (WHERE due_on < $2::date AND balance > 0), 0))::text,
       count(*) FILTER (WHERE due_on < $2::date AND balance > 0)
FROM invoice
WHERE account_id = $1 AND status = 'Open'
GROUP BY currency ORDER BY currency`

const oldestInvoiceSQL = `SELECT issued_on FROM invoice WHERE account_id = $1 ORDER BY issued_on, id LIMIT 1`

// InvoicesOf returns a page of an account's invoices in one round trip. An open invoice
// is overdue when its due date is before today and something is left to pay: a credit
// note is never late.
func (s *Store) InvoicesOf(ctx context.Context, accountID string, filter InvoiceFilter) (InvoicePage, error) {
	if badText(accountID) || badText(filter.After.ID) || badText(filter.Number) {
		return InvoicePage{}, nil // no invoice can have such an id
	}
	var page InvoicePage
	batch := &pgx.Batch{}
	sql, arguments := filter.sql(accountID)
	batch.Queue(sql, arguments...).Query(func(rows pgx.Rows) error { return page.readInvoices(rows, filter.Limit) })
	batch.Queue(openInvoicesSQL, accountID, date(filter.Today)).Query(page.readBalance)
	batch.Queue(oldestInvoiceSQL, accountID).Query(page.readOldest)
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return InvoicePage{}, fail("read invoices", err)
	}
	return page, nil
}

// sql is the statement of a page. It has only what is asked for, so that each has a plan
// of its own; all follow the index of the account's newest.
func (f InvoiceFilter) sql(accountID string) (string, []any) {
	arguments := []any{accountID, f.After.fromDay(f.Until), f.After.ID}
	var sql strings.Builder
	sql.WriteString(listedInvoiceSQL)
	also := func(condition string, argument any) {
		arguments = append(arguments, argument)
		sql.WriteString(" AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(arguments))))
	}
	switch f.State {
	case OpenInvoices:
		sql.WriteString(" AND i.status = 'Open'")
	case OverdueInvoices:
		also("i.status = 'Open' AND i.balance > 0 AND i.due_on < ?::date", date(f.Today))
	case PaidInvoices:
		sql.WriteString(" AND i.status = 'Paid'")
	}
	if !f.From.IsZero() {
		also("i.issued_on >= ?::date", date(f.From))
	}
	if f.Number != "" {
		also("strpos(lower(i.number), lower(?)) > 0", f.Number)
	}
	arguments = append(arguments, f.Limit+1)
	sql.WriteString(" ORDER BY i.issued_on DESC, i.id DESC LIMIT $" + strconv.Itoa(len(arguments)))
	return sql.String(), arguments
}

// fromDay is where a page of days begins that are all before until, for (day, id) < ($, $).
func (n Newest) fromDay(until time.Time) pgtype.Date {
	switch {
	case n.ID != "":
		return date(n.At)
	case !until.IsZero():
		return date(until) // and no id is before the empty one
	}
	return pgtype.Date{InfinityModifier: pgtype.Infinity, Valid: true}
}

func (p *InvoicePage) readInvoices(rows pgx.Rows, limit int) error {
	p.Invoices = make([]ListedInvoice, 0, limit+1)
	var v ListedInvoice
	targets := []any{
		&v.ID, &v.Number, &v.IssuedOn, &v.DueOn, &v.DueSource, &v.DueSourceName, &v.Currency,
		&v.Total, &v.Balance, &v.Status, &v.PayURL, &v.HasDocument,
	}
	_, err := pgx.ForEachRow(rows, targets, func() error {
		p.Invoices = append(p.Invoices, v)
		return nil
	})
	if err == nil && len(p.Invoices) > limit {
		p.Invoices = p.Invoices[:limit]
		last := p.Invoices[limit-1]
		p.Next = &Newest{At: last.IssuedOn, ID: last.ID}
	}
	return err
}

func (p *InvoicePage) readOldest(rows pgx.Rows) error {
	_, err := pgx.ForEachRow(rows, []any{&p.Oldest}, func() error { return nil })
	return err
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

// ShownInvoice is an invoice with what a page about it shows of its account.
type ShownInvoice struct {
	Invoice
	Tax            *string `db:"tax"`  // in its total, if the total without taxes is known
	Paid           string  `db:"paid"` // total less balance
	AccountAddress string  `db:"address"`
	AccountTaxID   string  `db:"tax_id"`
}

// PartlyPaid says whether something of the invoice was paid, or all of it. What is not left
// of a cancelled one was not paid.
func (v *ShownInvoice) PartlyPaid() bool { return v.Status != InvoiceVoid && positive(v.Paid) }

var shownInvoiceSQL = `
SELECT ` + invoices.sel + `, trim_scale(t.total - t.total_without_tax)::text AS tax, trim_scale(t.total - t.balance)::text AS paid, c.address, c.tax_id
FROM invoice t JOIN account c ON c.id = t.account_id
WHERE t.id = $1 AND t.account_id = $2`

// InvoiceOf returns an invoice of an account with its lines, or ErrNotFound.
func (s *Store) InvoiceOf(ctx context.Context, accountID, id string) (ShownInvoice, error) {
	if badText(accountID) || badText(id) {
		return ShownInvoice{}, fail("read invoice", ErrNotFound)
	}
	rows, err := s.db.Query(ctx, shownInvoiceSQL, id, accountID)
	if err != nil {
		return ShownInvoice{}, fail("read invoice", err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[ShownInvoice])
	if err != nil {
		return ShownInvoice{}, fail("read invoice", err)
	}
	return v, nil
}

// date is the day of t in t's own zone, whatever the session's zone is.
func date(t time.Time) pgtype.Date {
	year, month, day := t.Date()
	return pgtype.Date{Time: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), Valid: true}
}
