package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Whole is one transaction of many batches, of which all are committed or none: an
// import that is applied whole. It takes as long as its lines take to come in, and holds
// the rows that it wrote; the feeds it takes only at its end. What goes into them is kept
// in tables of drafts meanwhile, so its memory does not grow.
type Whole struct {
	tx              pgx.Tx
	origin          Origin
	id              string // of its drafts
	changes, events int64  // drafted
}

// Bounds of a whole transaction.
const (
	// WholeIdle is how long it waits for its next batch, or for being committed.
	WholeIdle = 2 * time.Minute
	// wholeStatement is how long the feeds take to write at most.
	wholeStatement = time.Minute
	// maxDrafts bounds what it may add to the feeds, for which others wait.
	maxDrafts = 4_000_000
)

// ErrWholeTooLarge says that a whole transaction changes too much.
var ErrWholeTooLarge = fmt.Errorf("more than %d rows and events are changed in one transaction", maxDrafts)

// WriteWhole runs work in one transaction and commits it, with what its batches changed
// in the feeds. Nothing is written if work fails. Unlike [Store.Write] it is tried once:
// its batches are tried again.
func (s *Store) WriteWhole(ctx context.Context, origin Origin, work func(context.Context, *Whole) error) error {
	origin.Now = origin.Now.Truncate(time.Microsecond) // as the database keeps it
	if err := s.dropDrafts(ctx); err != nil {
		return fmt.Errorf("store: write whole: %w", err)
	}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL idle_in_transaction_session_timeout = %d", WholeIdle.Milliseconds())); err != nil {
			return err
		}
		w := &Whole{tx: tx, origin: origin, id: rand.Text()}
		if err := work(ctx, w); err != nil {
			return err
		}
		return w.publish(ctx)
	})
	if err != nil {
		return fmt.Errorf("store: write whole: %w", err)
	}
	if err := s.dropDrafts(ctx); err != nil {
		return nil //nolint:nilerr // all is committed, and the next one drops them
	}
	return nil
}

// dropDrafts deletes the drafts of transactions that are committed. Those of others
// cannot be seen.
func (s *Store) dropDrafts(ctx context.Context) error {
	for _, table := range []string{"change_draft", "event_draft"} {
		if _, err := s.db.Exec(ctx, "DELETE FROM "+table); err != nil {
			return err
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
			return w.draft(ctx, b)
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

// draft keeps what a batch adds to the feeds, numbered within the transaction.
func (w *Whole) draft(ctx context.Context, b *Writer) error {
	if w.changes+w.events+int64(len(b.changes)+len(b.events)) > maxDrafts {
		return ErrWholeTooLarge
	}
	err := copyChanges(ctx, b.tx, "change_draft", w.id, b.changes, w.changes)
	if err == nil {
		err = copyEvents(ctx, b.tx, "event_draft", w.id, b.events, w.events)
	}
	if err != nil {
		return fmt.Errorf("draft the feeds: %w", err)
	}
	return nil
}

const publishChangesSQL = `
INSERT INTO change (position, kind, id, account_id, operation, version, at)
SELECT $1 + position, kind, id, account_id, operation, version, at FROM change_draft WHERE draft = $2`

const publishEventsSQL = `
INSERT INTO event (position, id, source, type, account_id, subject, actor, data, at)
SELECT $1 + position, id, source, type, account_id, subject, actor, data, at FROM event_draft WHERE draft = $2`

// publish moves the drafts to the feeds. It is the last thing of the transaction: from
// here on every other writer waits for its end.
func (w *Whole) publish(ctx context.Context) error {
	if w.changes == 0 && w.events == 0 {
		return nil
	}
	if _, err := w.tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", wholeStatement.Milliseconds())); err != nil {
		return err
	}
	var change, event int64
	err := w.tx.QueryRow(ctx, takePositionsSQL, w.changes, w.events).Scan(&change, &event)
	if err == nil && w.changes > 0 {
		_, err = w.tx.Exec(ctx, publishChangesSQL, change, w.id)
	}
	if err == nil && w.events > 0 {
		_, err = w.tx.Exec(ctx, publishEventsSQL, event, w.id)
	}
	if err != nil {
		return fmt.Errorf("append to the feeds: %w", err)
	}
	return nil
}

// Raced says whether an error means that others wrote the same rows at the same time, so
// often that it was given up.
func Raced(err error) bool { return raced(err) && !errors.Is(err, context.Canceled) }
