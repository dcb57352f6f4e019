package store

import (
	"context"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// InvoiceUpsert is one invoice of an import.
type InvoiceUpsert struct {
	ID        string
	AccountID string
	Number    string
	IssuedOn  time.Time
	// DueOn is nil for an invoice that comes without a due date. It is then TermsDays
	// after the issue, and DueSource and DueSourceName say whose trading terms these
	// are. That is decided once: later imports keep it as long as the issue date stays.
	DueOn         *time.Time
	TermsDays     int32
	DueSource     string
	DueSourceName string
	// Currency of an invoice that comes without one is the account's: an invoice that
	// is there keeps its own, because its amounts are in it.
	Currency          string
	CurrencyByAccount bool
	Total             string // a decimal number with at most four decimals
	Balance           string
	Status            string
}

type invoiceItem struct {
	Ord           int    `json:"ord"`
	ID            string `json:"id"`
	AccountID     string `json:"account_id"`
	Number        string `json:"number"`
	IssuedOn      string `json:"issued_on"`
	ByTerms       bool   `json:"by_terms"`
	DueOn         string `json:"due_on"`
	DueSource     string `json:"due_source"`
	DueSourceName string `json:"due_source_name"`
	Currency      string `json:"currency"`
	ByAccount     bool   `json:"by_account"`
	Total         string `json:"total"`
	Balance       string `json:"balance"`
	Status        string `json:"status"`
}

const upsertInvoicesSQL = `
WITH given AS (
    SELECT * FROM json_to_recordset($1::json) AS x(ord int, id text, account_id text, number text, issued_on date, by_terms boolean,
        due_on date, due_source text, due_source_name text, currency text, by_account boolean, total numeric(18,4), balance numeric(18,4), status text)
), updated AS (
    UPDATE invoice v SET
        number = i.number, issued_on = i.issued_on,
        due_on = CASE WHEN i.by_terms AND v.issued_on = i.issued_on THEN v.due_on ELSE i.due_on END,
        due_source = CASE WHEN i.by_terms AND v.issued_on = i.issued_on THEN v.due_source ELSE i.due_source END,
        due_source_name = CASE WHEN i.by_terms AND v.issued_on = i.issued_on THEN v.due_source_name ELSE i.due_source_name END,
        currency = CASE WHEN i.by_account THEN v.currency ELSE i.currency END, total = i.total, balance = i.balance, status = i.status,
        version = v.version + 1, updated_at = now()
    FROM given i
    WHERE v.id = i.id AND v.account_id = i.account_id AND (
        (v.number, v.issued_on, v.total, v.balance, v.status) <> (i.number, i.issued_on, i.total, i.balance, i.status)
        OR (NOT i.by_account AND v.currency <> i.currency)
        OR (NOT i.by_terms AND (v.due_on, v.due_source, v.due_source_name) <> (i.due_on, i.due_source, i.due_source_name)))
    RETURNING v.id
), inserted AS (
    INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, due_source_name, currency, total, balance, status)
    SELECT i.id, i.account_id, i.number, i.issued_on, i.due_on, i.due_source, i.due_source_name, i.currency, i.total, i.balance, i.status
    FROM given i
    WHERE NOT EXISTS (SELECT FROM invoice v WHERE v.id = i.id)
    ORDER BY i.id
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT i.ord, CASE WHEN n.id IS NOT NULL THEN 'Created' WHEN u.id IS NOT NULL THEN 'Updated'
                   WHEN v.id IS NOT NULL THEN 'Unchanged' ELSE '' END
FROM given i
LEFT JOIN inserted n ON n.id = i.id
LEFT JOIN updated u ON u.id = i.id
LEFT JOIN invoice v ON v.id = i.id AND v.account_id = i.account_id`

// UpsertInvoices creates and changes invoices, in one transaction.
func (s *Store) UpsertInvoices(ctx context.Context, invoices []InvoiceUpsert) ([]Result, error) {
	checked := newBatch(len(invoices))
	for i, v := range invoices {
		checkInvoice(checked, i, v)
	}
	return s.importBatch(ctx, "invoices", checked, func(ctx context.Context, tx pgx.Tx, b *batch) error {
		if err := checkInvoiceAccounts(ctx, tx, b, invoices); err != nil {
			return err
		}
		items := make([]invoiceItem, 0, len(invoices))
		for i, v := range invoices {
			if !b.refused(i) {
				items = append(items, v.item(i))
			}
		}
		return b.write(ctx, tx, upsertInvoicesSQL, items)
	})
}

func (v InvoiceUpsert) item(ord int) invoiceItem {
	item := invoiceItem{
		Ord: ord, ID: v.ID, AccountID: v.AccountID, Number: v.Number, IssuedOn: v.IssuedOn.Format(time.DateOnly),
		ByTerms: v.DueOn == nil, DueSource: DueByInvoice,
		Currency: v.Currency, ByAccount: v.CurrencyByAccount, Total: v.Total, Balance: v.Balance, Status: v.Status,
	}
	if v.DueOn != nil {
		item.DueOn = v.DueOn.Format(time.DateOnly)
		return item
	}
	item.DueOn = v.IssuedOn.AddDate(0, 0, int(v.TermsDays)).Format(time.DateOnly)
	item.DueSource, item.DueSourceName = v.DueSource, v.DueSourceName
	return item
}

var (
	amountPattern   = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

func checkInvoice(b *batch, i int, v InvoiceUpsert) {
	b.key(i, "id", v.ID)
	b.required(i, "accountId", v.AccountID, maxID)
	b.required(i, "number", v.Number, maxID)
	checkDate(b, i, "issuedOn", v.IssuedOn)
	if v.DueOn != nil {
		checkDate(b, i, "dueOn", *v.DueOn)
	} else {
		b.oneOf(i, "dueOn", v.DueSource, string(settings.SourceAccount), string(settings.SourceAccountProfile),
			string(settings.SourceTenant), string(settings.SourceBuiltIn))
		b.text(i, "dueOn", v.DueSourceName, maxEmail)
	}
	if !currencyPattern.MatchString(v.Currency) {
		b.refuse(i, "currency", "%q is not a currency, allowed is an ISO 4217 code such as EUR", v.Currency)
	}
	checkAmount(b, i, "total", v.Total)
	checkAmount(b, i, "balance", v.Balance)
	b.oneOf(i, "status", v.Status, InvoiceOpen, InvoicePaid, InvoiceVoid)
}

func checkDate(b *batch, i int, field string, t time.Time) {
	if t.Year() < 1900 || t.Year() > 9998 {
		b.refuse(i, field, "is required and must be a date between the years 1900 and 9998")
	}
}

func checkAmount(b *batch, i int, field, amount string) {
	if !amountPattern.MatchString(amount) {
		b.refuse(i, field, "%q is not an amount, allowed is a number such as 12.50 with at most four decimals", amount)
	}
}

// checkInvoiceAccounts refuses invoices of unknown accounts, and an invoice that would
// move to another account.
func checkInvoiceAccounts(ctx context.Context, tx pgx.Tx, b *batch, invoices []InvoiceUpsert) error {
	var accounts, ids []string
	for i, v := range invoices {
		if !b.refused(i) {
			accounts, ids = append(accounts, v.AccountID), append(ids, v.ID)
		}
	}
	known, err := knownAccounts(ctx, tx, accounts)
	if err != nil {
		return err
	}
	holders, err := pairs(ctx, tx, `SELECT id, account_id FROM invoice WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	for i, v := range invoices {
		if !known[v.AccountID] {
			b.refuse(i, "accountId", "there is no account %q", v.AccountID)
		}
		if holder, exists := holders[v.ID]; exists && holder != v.AccountID {
			b.refuse(i, "accountId", "invoice %q belongs to account %q, and an invoice never moves", v.ID, holder)
		}
	}
	return nil
}

// pairs reads two columns of text as a map.
func pairs(ctx context.Context, tx pgx.Tx, sql string, args ...any) (map[string]string, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	var key, value string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[key] = value
		return nil
	})
	return found, err
}
