package store

import (
	"context"
	"errors"
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

// SweepTurn says when a replica wants to make a sweep.
type SweepTurn struct {
	Now      time.Time
	Every    time.Duration // after the last whole one
	Anew     bool          // at once, however long ago the last one was
	LeaseFor time.Duration // of one page, and of what comes between two
}

// BeginSweep takes the sweep. lease proves that it is the caller's, until it ends or a page
// is too late; 0: another replica makes it, or it is not due yet. Times of the future are of
// another clock.
func (s *Store) BeginSweep(ctx context.Context, turn SweepTurn) (lease int64, err error) {
	err = s.db.QueryRow(ctx, `
UPDATE sweep SET lease = nextval('lease_number'), leased_until = $2 FROM (
    SELECT one FROM sweep
    WHERE (leased_until IS NULL OR leased_until <= $1 OR leased_until > $3) AND ($4 OR swept_at IS NULL OR swept_at <= $5 OR swept_at > $1)
    FOR UPDATE SKIP LOCKED) free
WHERE sweep.one = free.one RETURNING sweep.lease`,
		turn.Now, turn.Now.Add(turn.LeaseFor), turn.Now.Add(2*turn.LeaseFor), turn.Anew, turn.Now.Add(-turn.Every)).Scan(&lease)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fail("begin a sweep", err)
	}
	return lease, nil
}

// EndSweep gives back a sweep that is not whole, for another replica to make.
func (s *Store) EndSweep(ctx context.Context, lease int64) error {
	if _, err := s.db.Exec(ctx, `UPDATE sweep SET leased_until = NULL WHERE lease = $1`, lease); err != nil {
		return fail("end a sweep", err)
	}
	return nil
}

// SweepPage says which accounts are looked at next.
type SweepPage struct {
	Lease     int64
	LeaseFor  time.Duration
	Now       time.Time
	EventType string
	Dates     []time.Time // the due dates
	After     string      // the last account of the page before; "": from the first
	Limit     int         // accounts
}

// Sweep gives work a page of the accounts that have unpaid invoices with one of the due
// dates. All invoices of an account are on one page. next is where the page after begins;
// "": this was the last, and the sweep is over. ran is false if the lease was lost.
//
// What is on record of the dated event is given with each invoice, so that those that were
// dealt with cost no more than that; what else messages tell is in [Facts.Read].
func (s *Store) Sweep(ctx context.Context, page SweepPage, work func(context.Context, *Planning, []DueAccount) error) (next string, ran bool, err error) {
	_, err = s.planning(ctx, page.Now, asSweep, func(ctx context.Context, p *Planning) error {
		// From here on nobody else makes this sweep, however long the page takes.
		tag, err := p.tx.Exec(ctx, `UPDATE sweep SET leased_until = $2 WHERE lease = $1 AND leased_until IS NOT NULL`, page.Lease, p.now.Add(page.LeaseFor))
		if ran = err == nil && tag.RowsAffected() > 0; !ran {
			return err
		}
		var ids []string
		if len(page.Dates) > 0 {
			if ids, err = dueIDs(ctx, p.tx, page.Dates, page.After, page.Limit); err != nil {
				return err
			}
		}
		if len(ids) == page.Limit {
			next = ids[len(ids)-1]
		}
		if len(ids) > 0 {
			due, err := dueAccounts(ctx, p.tx, ids, page.Dates, page.EventType)
			if err != nil {
				return err
			}
			if err := work(ctx, p, due); err != nil {
				return err
			}
		}
		if next == "" {
			_, err := p.tx.Exec(ctx, `UPDATE sweep SET swept_at = $1, leased_until = NULL`, p.now)
			return err
		}
		return nil
	})
	if err != nil {
		return "", ran, fmt.Errorf("store: sweep: %w", err)
	}
	return next, ran, nil
}

// dueIDs are the next accounts with one of the due dates.
func dueIDs(ctx context.Context, db querier, dates []time.Time, after string, limit int) ([]string, error) {
	rows, err := db.Query(ctx, dueAccountsSQL, dates, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
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
