package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// rowChange is what put did to a row; before is nil for a new one.
type rowChange[R any] struct{ before, after *R }

// putAll is put for kinds that do something with all rows of a batch at once: it returns
// also the rows that were created and changed, with what they were. tidy brings a row
// into the form in which it is read back; old is nil for a new one.
func putAll[R any, P rowOf[R]](ctx context.Context, w *Writer, k *kind[R, P], items []Item[R], tidy func(old, next *R)) ([]Written[R], []rowChange[R], error) {
	before := make(map[string]*R, len(items))
	tidied := make([]Item[R], len(items))
	for i, item := range items {
		tidied[i] = item
		tidied[i].Decide = func(old *R) (R, *Refusal) {
			before[item.ID] = old
			next, refused := item.Decide(old)
			if refused == nil {
				tidy(old, &next)
			}
			return next, refused
		}
	}
	written, err := put(ctx, w, k, tidied)
	if err != nil {
		return nil, nil, err
	}
	var changes []rowChange[R]
	for i := range written {
		if o := written[i].Outcome; o == Created || o == Updated {
			changes = append(changes, rowChange[R]{before[items[i].ID], &written[i].Row})
		}
	}
	return written, changes, nil
}

// hold locks the rows of ids that are there, so that what the next statement reads of
// other tables belongs to them.
func (w *Writer) hold(ctx context.Context, table string, ids []string) error {
	_, err := w.tx.Exec(ctx, `SELECT FROM `+table+` WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, storable(ids))
	if err != nil {
		return fmt.Errorf("lock %s: %w", table, err)
	}
	return nil
}

// siteNames are the names of sites by their ids.
func (w *Writer) siteNames(ctx context.Context, ids []string) (map[string]string, error) {
	names, err := pairs(ctx, w.tx, `SELECT id, name FROM site WHERE id = ANY($1)`, distinct(ids))
	if err != nil {
		return nil, fmt.Errorf("read names of sites: %w", err)
	}
	return names, nil
}

// setText adds a text to the data of an event if there is one.
func setText(data map[string]any, name, text string) {
	if text != "" {
		data[name] = text
	}
}

// setDay adds a day to the data of an event if there is one.
func setDay(data map[string]any, name string, day *time.Time) {
	if day != nil {
		data[name] = day.Format(time.DateOnly)
	}
}

// sameDay says whether two optional days are the same.
func sameDay(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
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
