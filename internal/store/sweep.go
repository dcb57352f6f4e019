package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// DueAccount is an account with invoices of which something is left to pay, and which have
// one of the due dates that were asked for.
type DueAccount struct {
	AccountView
	Invoices []DueInvoice // sorted by id
}

// DueInvoice is an invoice with what is on record of it.
type DueInvoice struct {
	NotifiedInvoice
	Happened []Occurrence // of the dated event, in no order
}

// A page is of accounts in the order of their ids. Each due date gives the next accounts by
// the index invoice_due, so a page reads what it has and not what is due.
const (
	dueAccountsSQL = `
SELECT DISTINCT d.account_id FROM unnest($1::date[]) day (day)
CROSS JOIN LATERAL (
    SELECT DISTINCT i.account_id FROM invoice i
    WHERE i.due_on = day.day AND i.status = 'Open' AND i.balance > 0 AND i.account_id > $2
    ORDER BY i.account_id LIMIT $3) d
ORDER BY 1 LIMIT $3`

	dueInvoicesSQL = `
SELECT ` + notifiedInvoiceColumns + `,
       ARRAY(SELECT o.occurrence || ' ' || o.channel || ' ' || o.address FROM occurrence o
             WHERE o.account_id = i.account_id AND o.event_type = $3 AND o.about = i.id)
FROM unnest($1::text[]) a (id)
CROSS JOIN LATERAL (
    SELECT * FROM invoice v WHERE v.account_id = a.id AND v.status = 'Open' AND v.balance > 0 AND v.due_on = ANY($2::date[]) OFFSET 0) i
ORDER BY i.account_id, i.id`
)

// Sweep gives work a page of the accounts that have unpaid invoices with one of these due
// dates, after an account ("": from the first), at most so many accounts. All invoices of an
// account are on one page. next is where the page after begins; "": this was the last, and
// the sweep is over. ran is false if another replica plans right now.
//
// What is on record of the dated event is given with each invoice, so that those that were
// dealt with cost no more than that; what else messages tell is in [Facts.Read].
func (s *Store) Sweep(ctx context.Context, now time.Time, eventType string, dates []time.Time, after string, limit int, work func(context.Context, *Planning, []DueAccount) error) (next string, ran bool, err error) {
	ran, err = s.planning(ctx, now, func(ctx context.Context, p *Planning) error {
		var ids []string
		if len(dates) > 0 {
			rows, err := p.tx.Query(ctx, dueAccountsSQL, dates, after, limit)
			if err != nil {
				return err
			}
			if ids, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				return err
			}
		}
		if len(ids) == limit {
			next = ids[limit-1]
		}
		if len(ids) > 0 {
			due, err := dueAccounts(ctx, p.tx, ids, dates, eventType)
			if err != nil {
				return err
			}
			if err := work(ctx, p, due); err != nil {
				return err
			}
		}
		if next == "" {
			_, err := p.tx.Exec(ctx, `UPDATE delivery SET swept_at = $1`, p.now)
			return err
		}
		return nil
	})
	if err != nil {
		return "", ran, fmt.Errorf("store: sweep: %w", err)
	}
	return next, ran, nil
}

// dueAccounts reads accounts with their invoices of the due dates.
func dueAccounts(ctx context.Context, db batcher, ids []string, dates []time.Time, eventType string) ([]DueAccount, error) {
	list := make([]DueAccount, 0, len(ids))
	place := make(map[string]int, len(ids))
	batch := &pgx.Batch{}
	batch.Queue(notifiedAccountsSQL+` ORDER BY a.id`, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var a DueAccount
			if err := rows.Scan(a.targets()...); err != nil {
				return err
			}
			place[a.ID] = len(list)
			list = append(list, a)
		}
		return rows.Err()
	})
	batch.Queue(dueInvoicesSQL, ids, dates, eventType).Query(func(rows pgx.Rows) error {
		var v NotifiedInvoice
		var happened []string
		_, err := pgx.ForEachRow(rows, append(v.targets(), &happened), func() error {
			a := &list[place[v.AccountID]]
			a.Invoices = append(a.Invoices, DueInvoice{v, occurrencesOf(eventType, v.ID, happened)})
			return nil
		})
		return err
	})
	return list, db.SendBatch(ctx, batch).Close()
}

// occurrencesOf reads what is on record of an invoice: the day, the channel and the address
// of each.
func occurrencesOf(eventType, invoice string, happened []string) []Occurrence {
	if len(happened) == 0 {
		return nil
	}
	list := make([]Occurrence, len(happened))
	for i, text := range happened {
		day, rest, _ := strings.Cut(text, " ")
		channel, address, _ := strings.Cut(rest, " ")
		list[i] = Occurrence{eventType, invoice, day, channel, address}
	}
	return list
}
