package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const notifiedInvoiceColumns = `i.id, i.account_id, i.number, i.issued_on, i.due_on, i.currency, trim_scale(i.total)::text, trim_scale(i.balance)::text,
coalesce(trim_scale(i.total_without_tax)::text, ''), i.payment_reference, i.pay_url, i.status = 'Open', i.created_at`

func (v *NotifiedInvoice) targets() []any {
	return []any{&v.ID, &v.AccountID, &v.Number, &v.IssuedOn, &v.DueOn, &v.Currency, &v.Total, &v.Balance,
		&v.TotalWithoutTax, &v.PaymentReference, &v.PayURL, &v.Open, &v.CreatedAt}
}

// Accounts are looked up one by one by index, however many there are. It is never the same
// date everywhere: what is overdue is counted for each of the three that it can be ($2 is
// the first), and the account's time zone says which it is.
const (
	notifiedAccountsSQL = `SELECT ` + accountColumns + ` FROM account a WHERE a.id = ANY($1)`

	notifiedContactsSQL = `
SELECT c.account_id, c.id, c.first_name, c.last_name, c.email,
       coalesce((SELECT u.email_verified_at IS NOT NULL AND lower(u.email) = lower(c.email) FROM app_user u WHERE u.id = c.user_id), false),
       c.phone, c.roles, c.owner, c.opted_out, c.user_id IS NOT NULL AND c.access = 'Active'
FROM contact c WHERE c.account_id = ANY($1) ORDER BY c.account_id, c.id`

	notifiedDebtSQL = `
SELECT a.id, o.* FROM unnest($1::text[]) a (id)
CROSS JOIN LATERAL (
    SELECT i.currency, count(*), trim_scale(sum(i.balance))::text,
           count(*) FILTER (WHERE i.due_on < $2::date AND i.balance > 0),
           trim_scale(coalesce(sum(i.balance) FILTER (WHERE i.due_on < $2::date AND i.balance > 0), 0))::text,
           count(*) FILTER (WHERE i.due_on < $2::date + 1 AND i.balance > 0),
           trim_scale(coalesce(sum(i.balance) FILTER (WHERE i.due_on < $2::date + 1 AND i.balance > 0), 0))::text,
           count(*) FILTER (WHERE i.due_on < $2::date + 2 AND i.balance > 0),
           trim_scale(coalesce(sum(i.balance) FILTER (WHERE i.due_on < $2::date + 2 AND i.balance > 0), 0))::text
    FROM invoice i WHERE i.account_id = a.id AND i.status = 'Open' AND i.balance <> 0
    GROUP BY i.currency) o
ORDER BY a.id, o.currency`

	notifiedOverdueSQL = `
SELECT o.* FROM unnest($1::text[]) a (id)
CROSS JOIN LATERAL (
    SELECT ` + notifiedInvoiceColumns + `
    FROM invoice i WHERE i.account_id = a.id AND i.status = 'Open' AND i.balance > 0 AND i.due_on < $2::date + 2
    ORDER BY i.currency, i.due_on, i.id LIMIT 200) o`

	notifiedLinksSQL = `
SELECT l.id::text, l.purpose, l.contact_id, l.addresses, l.expires_at, l.voided_at IS NOT NULL OR l.completed_at IS NOT NULL
FROM credential_link l WHERE l.id = ANY($1::uuid[])`

	notifiedEventsSQL = `
SELECT position, id, source, type, coalesce(account_id, ''), subject, actor, contact_id, data, at FROM event WHERE position = ANY($1)`

	notifiedInvoicesSQL = `SELECT ` + notifiedInvoiceColumns + ` FROM invoice i WHERE i.id = ANY($1)`
)

// mostOverdue bounds the overdue invoices that a message lists.
const mostOverdue = 50

// Read reads all that is wanted in one round trip. What does not exist is left out.
func (f Facts) Read(ctx context.Context, w Wanted) (Known, error) {
	k := Known{Accounts: map[string]*NotifiedAccount{}, Links: map[string]NotifiedLink{}, Events: map[int64]Event{}, Invoices: map[string]NotifiedInvoice{},
		Openers: map[string]string{}}
	batch := &pgx.Batch{}
	if ids := distinct(storable(w.Accounts)); len(ids) > 0 {
		first := f.firstDate()
		batch.Queue(notifiedAccountsSQL, ids).Query(k.readAccounts)
		batch.Queue(notifiedContactsSQL, ids).Query(k.readContacts)
		batch.Queue(notifiedDebtSQL, ids, first).Query(func(rows pgx.Rows) error { return k.readDebts(rows, first) })
		batch.Queue(notifiedOverdueSQL, ids, first).Query(k.readOverdue)
	}
	if ids := distinct(w.Links); len(ids) > 0 {
		batch.Queue(notifiedLinksSQL, ids).Query(k.readLinks)
	}
	if len(w.Events) > 0 {
		batch.Queue(notifiedEventsSQL, w.Events).Query(k.readEvents)
	}
	if ids := distinct(storable(w.Invoices)); len(ids) > 0 {
		batch.Queue(notifiedInvoicesSQL, ids).Query(k.readInvoices)
	}
	if ids := distinct(storable(w.Tickets)); len(ids) > 0 {
		batch.Queue(`SELECT id, contact_id FROM ticket WHERE id = ANY($1) AND contact_id IS NOT NULL`, ids).Query(k.readOpeners)
	}
	if batch.Len() == 0 {
		return k, nil
	}
	if err := f.db.SendBatch(ctx, batch).Close(); err != nil {
		return Known{}, fmt.Errorf("store: read what notifications tell: %w", err)
	}
	return k, nil
}

// firstDate is the earliest date that it is anywhere.
func (f Facts) firstDate() time.Time {
	const westmost = -12 * time.Hour
	year, month, day := f.now.UTC().Add(westmost).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func (k Known) readAccounts(rows pgx.Rows) error {
	for rows.Next() {
		a := &NotifiedAccount{}
		if err := rows.Scan(a.targets()...); err != nil {
			return err
		}
		k.Accounts[a.ID] = a
	}
	return rows.Err()
}

func (k Known) readContacts(rows pgx.Rows) error {
	for rows.Next() {
		var account string
		var c NotifiedContact
		if err := rows.Scan(&account, &c.ID, &c.FirstName, &c.LastName, &c.Email, &c.Verified, &c.Phone, &c.Roles, &c.Owner, &c.OptedOut, &c.SignsIn); err != nil {
			return err
		}
		if a := k.Accounts[account]; a != nil {
			a.Contacts = append(a.Contacts, c)
		}
	}
	return rows.Err()
}

func (k Known) readDebts(rows pgx.Rows, first time.Time) error {
	for rows.Next() {
		var account string
		o := owedIn{first: first}
		err := rows.Scan(&account, &o.Currency, &o.OpenCount, &o.OpenBalance, &o.overdue[0].count, &o.overdue[0].balance,
			&o.overdue[1].count, &o.overdue[1].balance, &o.overdue[2].count, &o.overdue[2].balance)
		if err != nil {
			return err
		}
		if a := k.Accounts[account]; a != nil {
			a.owed = append(a.owed, o)
		}
	}
	return rows.Err()
}

func (k Known) readOverdue(rows pgx.Rows) error {
	var v NotifiedInvoice
	targets := v.targets()
	_, err := pgx.ForEachRow(rows, targets, func() error {
		a := k.Accounts[v.AccountID]
		if a == nil {
			return nil
		}
		for i := range a.owed {
			if o := &a.owed[i]; o.Currency == v.Currency && len(o.Overdue) < mostOverdue {
				o.Overdue = append(o.Overdue, v)
			}
		}
		return nil
	})
	return err
}

func (k Known) readLinks(rows pgx.Rows) error {
	for rows.Next() {
		var l NotifiedLink
		if err := rows.Scan(&l.ID, &l.Purpose, &l.ContactID, &l.Addresses, &l.ExpiresAt, &l.Over); err != nil {
			return err
		}
		k.Links[l.ID] = l
	}
	return rows.Err()
}

func (k Known) readEvents(rows pgx.Rows) error {
	events, err := pgx.CollectRows(rows, scanEvent)
	for _, e := range events {
		k.Events[e.Position] = e
	}
	return err
}

func (k Known) readInvoices(rows pgx.Rows) error {
	var v NotifiedInvoice
	_, err := pgx.ForEachRow(rows, v.targets(), func() error {
		k.Invoices[v.ID] = v
		return nil
	})
	return err
}

func (k Known) readOpeners(rows pgx.Rows) error {
	var ticket, contact string
	_, err := pgx.ForEachRow(rows, []any{&ticket, &contact}, func() error {
		k.Openers[ticket] = contact
		return nil
	})
	return err
}
