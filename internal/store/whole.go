package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Whole is one transaction of many batches, of which all are committed or none: an
// import that is applied whole. It takes as long as its lines take to come in, and holds
// the rows that it wrote. Its memory does not grow. A tenant has one at a time.
//
// What it adds to the feeds it writes with its batches, at positions far above all others.
// At its end the feeds jump there, so that it holds them no longer than any other
// transaction.
type Whole struct {
	tx              pgx.Tx
	origin          Origin
	block           int64 // its positions come after this one, in both feeds
	changes, events int64 // how many of them it has used
	deleted         int64 // the highest version of its tombstones
}

const (
	// WholeIdle is how long a whole transaction waits for its next batch.
	WholeIdle = 2 * time.Minute
	// wholeStatement is how long one of its statements takes at most.
	wholeStatement = 5 * time.Minute
	// blockSize is how far above all others its positions begin: further than others get
	// while it runs.
	blockSize = 1 << 32
)

// ErrWholeRuns is returned by [Store.WriteWhole] while there is another one.
var ErrWholeRuns = errors.New("another import is being applied whole")

// WriteWhole runs work in one transaction and commits it, with what its batches changed
// in the feeds. Nothing is written if work fails. Unlike [Store.Write] it is tried once:
// its batches are tried again.
func (s *Store) WriteWhole(ctx context.Context, origin Origin, work func(context.Context, *Whole) error) error {
	origin.Now = origin.Now.Truncate(time.Microsecond) // as the database keeps it
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		w := &Whole{tx: tx, origin: origin}
		if err := w.begin(ctx); err != nil {
			return err
		}
		if err := work(ctx, w); err != nil {
			return err
		}
		return w.publish(ctx)
	})
	if err != nil {
		return fmt.Errorf("store: write whole: %w", err)
	}
	return nil
}

// begin makes sure that there is no other whole transaction, and finds its positions. The
// lock is a row of the tenant: an advisory one belongs to the whole database, and any
// tenant's role could hold it.
func (w *Whole) begin(ctx context.Context) error {
	for setting, value := range map[string]time.Duration{"idle_in_transaction_session_timeout": WholeIdle, "statement_timeout": wholeStatement} {
		if _, err := w.tx.Exec(ctx, fmt.Sprintf("SET LOCAL %s = %d", setting, value.Milliseconds())); err != nil {
			return fmt.Errorf("set %s: %w", setting, err)
		}
	}
	tag, err := w.tx.Exec(ctx, `SELECT FROM whole_import FOR UPDATE SKIP LOCKED`)
	if err != nil {
		return fmt.Errorf("look for another one: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrWholeRuns
	}
	if err := w.tx.QueryRow(ctx, `SELECT greatest(change, event) + $1 FROM feed`, int64(blockSize)).Scan(&w.block); err != nil {
		return fmt.Errorf("read the positions of the feeds: %w", err)
	}
	return nil
}

// Batch runs work as a part of the transaction, again if it raced others. What work wrote
// is taken back if it fails, and the locks on it are let go; the transaction goes on.
func (w *Whole) Batch(ctx context.Context, work func(context.Context, *Writer) error) error {
	for try := 1; ; try++ {
		b := &Writer{origin: w.origin, deleted: w.deleted}
		err := pgx.BeginFunc(ctx, w.tx, func(part pgx.Tx) error {
			b.tx = part
			if err := work(ctx, b); err != nil {
				return err
			}
			if err := b.appendAudit(ctx); err != nil {
				return fmt.Errorf("append to the audit trail: %w", err)
			}
			if err := b.copyFeeds(ctx, w.block+w.changes, w.block+w.events); err != nil {
				return fmt.Errorf("append to the feeds: %w", err)
			}
			return nil
		})
		if err == nil {
			w.changes += int64(len(b.changes))
			w.events += int64(len(b.events))
			w.deleted = b.deleted
			return nil
		}
		if try == writeAttempts || !raced(err) {
			return err
		}
	}
}

// Audit adds an entry about the whole to the audit trail.
func (w *Whole) Audit(ctx context.Context, action string, detail map[string]string) error {
	entry := AuditEntry{Actor: w.origin.Actor, Action: action, Detail: detail, IP: w.origin.IP, At: w.origin.Now}
	if _, err := w.tx.Exec(ctx, auditSQL, entry.arguments()...); err != nil {
		return fmt.Errorf("append to the audit trail: %w", err)
	}
	return nil
}

const publishSQL = `
UPDATE feed SET change = CASE WHEN $2 > 0 THEN $1::bigint + $2::bigint ELSE change END,
    event = CASE WHEN $3 > 0 THEN $1::bigint + $3::bigint ELSE event END, deleted = greatest(deleted, $4)`

// publish lets the feeds jump behind the positions of the transaction. It is its last
// statement: from here on every other writer waits for its end.
func (w *Whole) publish(ctx context.Context) error {
	if w.changes+w.events == 0 {
		return nil
	}
	if _, err := w.tx.Exec(ctx, publishSQL, w.block, w.changes, w.events, w.deleted); err != nil {
		return fmt.Errorf("append to the feeds: %w", err)
	}
	return nil
}

// Raced says whether an error means that others wrote the same rows at the same time, so
// often that it was given up.
func Raced(err error) bool { return raced(err) }
