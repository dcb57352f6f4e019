package store

import (
	"context"
	"fmt"
)

// EmitForeign adds events of the provider's own systems to the feed. Source, ID, Type and
// Data must be there; a duplicate is one whose source and id are on record, and is left out.
// An account that is named must exist: [Store.AccountsByID] says which do.
func (w *Writer) EmitForeign(ctx context.Context, events []Event) (duplicate []bool, err error) {
	sources, ids := make([]string, len(events)), make([]string, len(events))
	for i, e := range events {
		sources[i], ids[i] = e.Source, e.ID
	}
	known, err := w.knownEvents(ctx, sources, ids)
	if err != nil {
		return nil, fmt.Errorf("look for events that are on record: %w", err)
	}
	duplicate = make([]bool, len(events))
	for i, e := range events {
		key := [2]string{e.Source, e.ID}
		if duplicate[i] = known[key]; duplicate[i] {
			continue
		}
		known[key] = true
		e.Actor = w.origin.Actor
		if e.At.IsZero() {
			e.At = w.origin.Now
		}
		w.events = append(w.events, e)
	}
	return duplicate, nil
}

func (w *Writer) knownEvents(ctx context.Context, sources, ids []string) (map[[2]string]bool, error) {
	rows, err := w.tx.Query(ctx, `
SELECT k.source, k.id FROM unnest($1::text[], $2::text[]) k (source, id)
WHERE EXISTS (SELECT FROM event e WHERE e.source = k.source AND e.id = k.id)`, sources, ids)
	if err != nil {
		return nil, err
	}
	known := map[[2]string]bool{}
	for rows.Next() {
		var key [2]string
		if err := rows.Scan(&key[0], &key[1]); err != nil {
			return nil, err
		}
		known[key] = true
	}
	return known, rows.Err()
}
