package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Writer changes customer state in one transaction: rows, and with them the change
// feed, the events and the audit trail. Its methods are the only way to change what the
// integration API serves, so that nothing is written without them.
//
// A transaction that raced another one is tried again, so the work given to [Store.Write]
// must depend on nothing but what it reads in it.
type Writer struct {
	tx     pgx.Tx
	origin Origin

	changes []Change
	events  []Event
	audit   []AuditEntry
	deleted int64 // the highest version of its tombstones
}

// Origin says who writes and when.
type Origin struct {
	Actor string // for the audit trail, as "token cli"
	IP    string
	Now   time.Time
	// UserID is the user who writes, in the portal, and ContactID who that is in the account;
	// empty: it is the provider, or a Stranger, who is not signed in, as with a link. Browser
	// is what the person is told of where it came from, as "Firefox on Windows".
	UserID    string
	ContactID string
	Stranger  bool
	Browser   string
	// Quiet leaves the events out: a bulk import notifies nobody unless asked. The
	// change feed has everything all the same.
	Quiet bool
	// Unaudited leaves the audit trail out: a bulk import has one entry per batch, not one per row.
	Unaudited bool
	// Patient waits for rows that others hold as long as the role may. A write that is
	// not gives up soon: while it waits it holds one of a few connections.
	Patient bool
}

// ofProvider says that the provider writes, and no person in the portal.
func (o Origin) ofProvider() bool { return o.UserID == "" && !o.Stranger }

// ErrRefused is returned by the work of [Store.Write] to write nothing.
var ErrRefused = errors.New("refused")

const (
	// writeAttempts bounds how often a transaction is tried when others get in its way.
	writeAttempts = 3
	// lockPatience is how long a write waits for a row that others hold.
	lockPatience = 3 * time.Second
)

// Write runs work in one transaction and commits it, with what it changed in the feeds.
// Nothing is written if work fails.
func (s *Store) Write(ctx context.Context, origin Origin, work func(context.Context, *Writer) error) error {
	origin.Now = origin.Now.Truncate(time.Microsecond) // as the database keeps it
	for try := 1; ; try++ {
		err := pgx.BeginTxFunc(ctx, s.db, origin.begin(), func(tx pgx.Tx) error {
			w := &Writer{tx: tx, origin: origin}
			if err := work(ctx, w); err != nil {
				return err
			}
			return w.flush(ctx)
		})
		if err == nil {
			return nil
		}
		if try == writeAttempts || !raced(err) {
			return fmt.Errorf("store: write: %w", err)
		}
	}
}

// begin is how a transaction begins: with a bound of its own in the same round trip.
func (o Origin) begin() pgx.TxOptions {
	if o.Patient {
		return pgx.TxOptions{}
	}
	return pgx.TxOptions{BeginQuery: fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = %d", lockPatience.Milliseconds())}
}

// flush appends what was written to the audit trail and, last of all, to the feeds.
func (w *Writer) flush(ctx context.Context) error {
	if err := w.appendAudit(ctx); err != nil {
		return fmt.Errorf("append to the audit trail: %w", err)
	}
	if err := w.appendFeeds(ctx); err != nil {
		return fmt.Errorf("append to the feeds: %w", err)
	}
	return nil
}

// Audit adds an entry to the audit trail of an account; "" is the tenant's own.
func (w *Writer) Audit(accountID, action string, detail map[string]string) {
	if !w.origin.Unaudited {
		w.addEntry(accountID, action, detail)
	}
}

// AuditBatch adds an entry of the tenant about all that a transaction changed, in place of
// those that an unaudited origin leaves out.
func (w *Writer) AuditBatch(action string, detail map[string]string) { w.addEntry("", action, detail) }

func (w *Writer) addEntry(accountID, action string, detail map[string]string) {
	w.audit = append(w.audit, AuditEntry{
		AccountID: accountID, UserID: w.origin.UserID, Actor: w.origin.Actor, Action: action, Detail: detail, IP: w.origin.IP, At: w.origin.Now,
	})
}

func (w *Writer) appendAudit(ctx context.Context) error {
	if len(w.audit) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, entry := range w.audit {
		entry.queue(batch)
	}
	return w.tx.SendBatch(ctx, batch).Close()
}
