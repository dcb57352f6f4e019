package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// The operations of a change.
const (
	Upsert = "Upsert"
	Delete = "Delete" // a tombstone: the row is gone
)

// Change is one entry of the change feed: that a row was written or deleted. Positions
// are in the order of commits, so whoever has read up to one has missed nothing before it.
type Change struct {
	Position  int64
	Kind      string // as the API names it in the singular: "account", "ticketMessage"
	ID        string
	AccountID string // empty for groups
	Operation string
	Version   int64
	At        time.Time
}

// Event is one event of the catalogue. Data is its payload but for the objects that
// every event has (tenant, account, event), which are added when it is used.
type Event struct {
	Position  int64
	ID        string
	Source    string // "foyer" for what Foyer itself saw happen
	Type      string // as "invoice.issued"
	AccountID string // empty: of more than one account
	Subject   string // the id of what it is about
	Actor     string
	Data      json.RawMessage
	At        time.Time
}

// SourceFoyer is the source of events that Foyer itself saw happen.
const SourceFoyer = "foyer"

// changed adds a row to the change feed.
func (w *Writer) changed(kind, id, accountID, operation string, version int64) {
	w.changes = append(w.changes, Change{Kind: kind, ID: id, AccountID: accountID, Operation: operation, Version: version, At: w.origin.Now})
}

// emit adds an event with data, its objects by name: {"invoice": {...}}.
func (w *Writer) emit(eventType, accountID, subject string, data map[string]any) error {
	if w.origin.Quiet {
		return nil
	}
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	w.events = append(w.events, Event{
		ID: rand.Text(), Source: SourceFoyer, Type: eventType, AccountID: accountID, Subject: subject,
		Actor: w.origin.Actor, Data: body, At: w.origin.Now,
	})
	return nil
}

const takePositionsSQL = `
UPDATE feed SET change = change + $1, event = event + $2 RETURNING change - $1, event - $2`

// appendFeeds numbers what was collected and writes it. It has to be the last thing of
// a transaction: from here on every other writer waits for its end.
func (w *Writer) appendFeeds(ctx context.Context) error {
	if len(w.changes) == 0 && len(w.events) == 0 {
		return nil
	}
	var change, event int64
	if err := w.tx.QueryRow(ctx, takePositionsSQL, len(w.changes), len(w.events)).Scan(&change, &event); err != nil {
		return err
	}
	_, err := w.tx.CopyFrom(ctx, pgx.Identifier{"change"},
		[]string{"position", "kind", "id", "account_id", "operation", "version", "at"},
		pgx.CopyFromSlice(len(w.changes), func(i int) ([]any, error) {
			c := w.changes[i]
			return []any{change + int64(i) + 1, c.Kind, c.ID, c.AccountID, c.Operation, c.Version, c.At}, nil
		}))
	if err != nil || len(w.events) == 0 {
		return err
	}
	_, err = w.tx.CopyFrom(ctx, pgx.Identifier{"event"},
		[]string{"position", "id", "source", "type", "account_id", "subject", "actor", "data", "at"},
		pgx.CopyFromSlice(len(w.events), func(i int) ([]any, error) {
			e := w.events[i]
			return []any{event + int64(i) + 1, e.ID, e.Source, e.Type, nullable(e.AccountID), e.Subject, e.Actor, e.Data, e.At}, nil
		}))
	return err
}

// nullable is nil for an empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
