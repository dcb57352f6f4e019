package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Whole is one transaction of many batches, of which all are committed or none: an
// import that is applied whole. It takes as long as its lines take to come in, and holds
// the rows that it wrote. Its memory does not grow.
//
// What it adds to the feeds it writes with its batches, at positions that are reserved
// for it, far above all others. At its end the feeds jump there, so that it holds them no
// longer than any other transaction.
type Whole struct {
	store           *Store
	tx              pgx.Tx
	origin          Origin
	block           int64 // its positions come after this one, in both feeds
	changes, events int64 // how many of them it has used
}

const (
	// WholeIdle is how long a whole transaction waits for its next batch.
	WholeIdle = 2 * time.Minute
	// wholeStatement is how long one of its statements takes at most.
	wholeStatement = 5 * time.Minute
	// blockSize is how many positions are reserved for one: more than it can use, and few
	// enough for two thousand million of them.
	blockSize = 1 << 32
)

// WriteWhole runs work in one transaction and commits it, with what its batches changed
// in the feeds. Nothing is written if work fails. Unlike [Store.Write] it is tried once:
// its batches are tried again.
func (s *Store) WriteWhole(ctx context.Context, origin Origin, work func(context.Context, *Whole) error) error {
	origin.Now = origin.Now.Truncate(time.Microsecond) // as the database keeps it
	block, err := s.reserveBlock(ctx)
	if err != nil {
		return fmt.Errorf("store: write whole: %w", err)
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		w := &Whole{store: s, tx: tx, origin: origin, block: block}
		if err := w.setTimeouts(ctx); err != nil {
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

// reserveBlock returns the position after which a whole transaction may number.
func (s *Store) reserveBlock(ctx context.Context) (block int64, err error) {
	err = s.db.QueryRow(ctx, `
UPDATE feed SET block = greatest(block, change / $1, event / $1) + 1 RETURNING block * $1::bigint`, int64(blockSize)).Scan(&block)
	if err != nil {
		return 0, fmt.Errorf("reserve positions of the feeds: %w", err)
	}
	return block, nil
}

func (w *Whole) setTimeouts(ctx context.Context) error {
	for setting, value := range map[string]time.Duration{"idle_in_transaction_session_timeout": WholeIdle, "statement_timeout": wholeStatement} {
		if _, err := w.tx.Exec(ctx, fmt.Sprintf("SET LOCAL %s = %d", setting, value.Milliseconds())); err != nil {
			return fmt.Errorf("set %s: %w", setting, err)
		}
	}
	return nil
}

// Batch runs work as a part of the transaction, again if it raced others.
func (w *Whole) Batch(ctx context.Context, work func(context.Context, *Writer) error) error {
	for try := 1; ; try++ {
		var b *Writer
		err := pgx.BeginFunc(ctx, w.tx, func(part pgx.Tx) error {
			b = &Writer{tx: part, origin: w.origin}
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

// The feeds jump only ahead: positions below theirs were read by others.
const publishSQL = `
UPDATE feed SET change = CASE WHEN $2 > 0 THEN $1 + $2 ELSE change END, event = CASE WHEN $3 > 0 THEN $1 + $3 ELSE event END
WHERE greatest(change, event) < $1`

// publish lets the feeds jump behind the positions of the transaction. It is its last
// statement: from here on every other writer waits for its end.
func (w *Whole) publish(ctx context.Context) error {
	for w.changes+w.events > 0 {
		tag, err := w.tx.Exec(ctx, publishSQL, w.block, w.changes, w.events)
		if err != nil {
			return fmt.Errorf("append to the feeds: %w", err)
		}
		if tag.RowsAffected() == 1 {
			return nil
		}
		if err := w.renumber(ctx); err != nil {
			return fmt.Errorf("append to the feeds: %w", err)
		}
	}
	return nil
}

// renumber moves to a new block: another transaction that began later has ended before.
func (w *Whole) renumber(ctx context.Context) error {
	block, err := w.store.reserveBlock(ctx)
	if err != nil {
		return err
	}
	for table, used := range map[string]int64{"change": w.changes, "event": w.events} {
		_, err := w.tx.Exec(ctx, `UPDATE `+table+` SET position = position + $1 WHERE position > $2 AND position <= $3`, block-w.block, w.block, w.block+used)
		if err != nil {
			return err
		}
	}
	w.block = block
	return nil
}

// Raced says whether an error means that others wrote the same rows at the same time, so
// often that it was given up.
func Raced(err error) bool { return raced(err) }
