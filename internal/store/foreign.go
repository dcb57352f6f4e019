package store

import (
	"context"
	"fmt"
)

// OnRecord is what is known of an event that was there before; the zero value: there was none.
type OnRecord struct{ Type, AccountID string }

// EmitForeign adds events of the provider's own systems to the feed. Source, ID, Type and
// Data must be there; one whose source and id are on record already is left out, and told.
// An account that is named must exist: [Store.AccountsByID] says which do.
func (w *Writer) EmitForeign(ctx context.Context, events []Event) (before []OnRecord, err error) {
	sources, ids := make([]string, len(events)), make([]string, len(events))
	for i, e := range events {
		sources[i], ids[i] = e.Source, e.ID
	}
	known, err := w.knownEvents(ctx, sources, ids)
	if err != nil {
		return nil, fmt.Errorf("look for events that are on record: %w", err)
	}
	before = make([]OnRecord, len(events))
	for i, e := range events {
		key := [2]string{e.Source, e.ID}
		var repeated bool
		if before[i], repeated = known[key]; repeated {
			continue
		}
		known[key] = OnRecord{e.Type, e.AccountID}
		e.Actor = w.origin.Actor
		if e.At.IsZero() {
			e.At = w.origin.Now
		}
		w.events = append(w.events, e)
	}
	return before, nil
}

func (w *Writer) knownEvents(ctx context.Context, sources, ids []string) (map[[2]string]OnRecord, error) {
	rows, err := w.tx.Query(ctx, `
SELECT e.source, e.id, e.type, coalesce(e.account_id, '') FROM unnest($1::text[], $2::text[]) k (source, id)
CROSS JOIN LATERAL (SELECT * FROM event e WHERE e.source = k.source AND e.id = k.id LIMIT 1) e`, sources, ids)
	if err != nil {
		return nil, err
	}
	known := map[[2]string]OnRecord{}
	for rows.Next() {
		var key [2]string
		var on OnRecord
		if err := rows.Scan(&key[0], &key[1], &on.Type, &on.AccountID); err != nil {
			return nil, err
		}
		known[key] = on
	}
	return known, rows.Err()
}
