package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"slices"
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
	ContactID string // the contact who did it, or of a service request who asked for it; empty: none
	Data      json.RawMessage
	At        time.Time
}

// SourceFoyer is the source of events that Foyer itself saw happen.
const SourceFoyer = "foyer"

// changed adds a row to the change feed.
func (w *Writer) changed(kind, id, accountID, operation string, version int64) {
	if operation == Delete {
		w.deleted = max(w.deleted, version)
	}
	w.changes = append(w.changes, Change{Kind: kind, ID: id, AccountID: accountID, Operation: operation, Version: version, At: w.origin.Now})
}

// emit adds an event with data, its objects by name: {"invoice": {...}}.
func (w *Writer) emit(eventType, accountID, subject string, data map[string]any) error {
	if w.origin.Quiet {
		return nil
	}
	return w.emitAlways(eventType, accountID, subject, data)
}

// emitAlways adds an event that was asked for by itself, as by sending a link.
func (w *Writer) emitAlways(eventType, accountID, subject string, data map[string]any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	w.events = append(w.events, Event{
		ID: rand.Text(), Source: SourceFoyer, Type: eventType, AccountID: accountID, Subject: subject,
		Actor: w.origin.Actor, ContactID: w.origin.ContactID, Data: body, At: w.origin.Now,
	})
	return nil
}

const takePositionsSQL = `
UPDATE feed SET change = change + $1, event = event + $2, deleted = greatest(deleted, $3) RETURNING change - $1, event - $2`

// appendFeeds numbers what was collected and writes it. It has to be the last thing of
// a transaction: from here on every other writer waits for its end.
func (w *Writer) appendFeeds(ctx context.Context) error {
	if len(w.changes) == 0 && len(w.events) == 0 {
		return nil
	}
	var change, event int64
	if err := w.tx.QueryRow(ctx, takePositionsSQL, len(w.changes), len(w.events), w.deleted).Scan(&change, &event); err != nil {
		return err
	}
	return w.copyFeeds(ctx, change, event)
}

// copyFeeds writes what was collected to the feeds, numbered on from a position of each.
func (w *Writer) copyFeeds(ctx context.Context, change, event int64) error {
	if len(w.changes) > 0 {
		_, err := w.tx.CopyFrom(ctx, pgx.Identifier{"change"},
			[]string{"position", "kind", "id", "account_id", "operation", "version", "at"},
			pgx.CopyFromSlice(len(w.changes), func(i int) ([]any, error) {
				c := &w.changes[i]
				return []any{change + int64(i) + 1, c.Kind, c.ID, c.AccountID, c.Operation, c.Version, c.At}, nil
			}))
		if err != nil {
			return err
		}
	}
	if len(w.events) == 0 {
		return nil
	}
	_, err := w.tx.CopyFrom(ctx, pgx.Identifier{"event"},
		[]string{"position", "id", "source", "type", "account_id", "subject", "actor", "contact_id", "data", "at"},
		pgx.CopyFromSlice(len(w.events), func(i int) ([]any, error) {
			e := &w.events[i]
			return []any{event + int64(i) + 1, e.ID, e.Source, e.Type, nullable(e.AccountID), e.Subject, e.Actor, e.ContactID, e.Data, e.At}, nil
		}))
	return err
}

// Feed is a page of a feed.
type Feed[E any] struct {
	Entries []E
	// Next is the position to go on from: everything up to it was read.
	Next int64
	// Head is the newest position and Purged the last that is not kept any more, both when
	// the page was read. A reader that has read less than Purged, or more than Head (a
	// restored database), has missed something.
	Head, Purged int64
	// Name is that of the tenant's schema: positions of another one mean nothing here.
	Name string
}

// Gone says whether a reader that has read up to a position has missed something.
func (f Feed[E]) Gone(after int64) bool { return after < f.Purged || after > f.Head }

// FeedPage says which entries of a feed are read: after a position and at most Limit.
// The zero value of a filter is none. After FromOldest starts with the oldest that is
// kept, After AtHead reads nothing but the position of the newest.
type FeedPage struct {
	After     int64
	Limit     int
	Kinds     []string // of changes
	AccountID string   // of events
	Types     []string // of events
}

// Where a reader may start that has no position yet.
const (
	FromOldest int64 = -1
	AtHead     int64 = -2
)

// feedWindow bounds how many positions one page looks at, so that a filter that few of
// them pass costs no more than one that all pass.
const feedWindow = 20_000

// feedSQL reads a page in one statement, and so in one snapshot: entries up to the head
// are all there, because a position is visible only with its entries. It begins where the
// next entry is (%[4]s): [Store.WriteWhole] leaves gaps that are wider than a window. The
// others are the feed's table, its columns and its filter. OFFSET 0 keeps the look for it
// in one place: it would be copied to wherever b.start is.
const feedSQL = `
SELECT b.name, b.head, b.purged, b.start, e.*
FROM (SELECT q.name, q.head, q.purged, %[4]s AS start
      FROM (SELECT p.*, CASE $1::bigint WHEN -1 THEN p.purged WHEN -2 THEN p.head ELSE $1 END AS start
            FROM (SELECT current_schema()::text AS name, f.%[1]s AS head, f.%[1]s_purged AS purged FROM feed f LIMIT 1) p) q
      OFFSET 0) b
LEFT JOIN LATERAL (
    SELECT %[2]s FROM %[1]s x
    WHERE x.position > b.start AND x.position <= least(b.head, b.start + $3)%[3]s
    ORDER BY x.position LIMIT $2) e ON true`

// maxPosition is further than any feed gets: twice of it is still a number.
const maxPosition = math.MaxInt64 / 2

// nextEntrySQL is the position before the next entry. What is after the head belongs to a
// transaction that is not committed, or never was.
const nextEntrySQL = `greatest(q.start, coalesce((SELECT min(position) - 1 FROM %[1]s WHERE position > q.start AND position <= q.head), q.head))`

// sql is the statement of a page. filter is of more, whose first is $4.
func (p FeedPage) sql(feed, columns, filter string, more []any) (string, []any) {
	start := "q.start"
	if p.AccountID == "" {
		start = fmt.Sprintf(nextEntrySQL, feed)
	}
	return fmt.Sprintf(feedSQL, feed, columns, filter, start), append([]any{min(p.After, maxPosition), p.Limit, p.window()}, more...)
}

// window is how many positions a page looks at. Those of an account have an index of
// their own.
func (p FeedPage) window() int64 {
	if p.AccountID != "" {
		return maxPosition
	}
	return feedWindow
}

func (p FeedPage) changesSQL() (string, []any) {
	filter, more := "", []any(nil)
	if len(p.Kinds) > 0 {
		filter, more = " AND x.kind = ANY($4)", []any{storable(p.Kinds)}
	}
	return p.sql("change", `x.position, x.kind, x.id, x.account_id, x.operation, x.version, x.at`, filter, more)
}

func (p FeedPage) eventsSQL() (string, []any) {
	filter, more := "", []any(nil)
	argument := func(condition string, value any) {
		more = append(more, value)
		filter += fmt.Sprintf(condition, len(more)+3)
	}
	if p.AccountID != "" {
		account := p.AccountID
		if badText(account) {
			account = "" // no event has such an account
		}
		argument(" AND x.account_id = $%d", account)
	}
	if len(p.Types) > 0 {
		argument(" AND x.type = ANY($%d)", storable(p.Types))
	}
	return p.sql("event", `x.position, x.id, x.source, x.type, coalesce(x.account_id, ''), x.subject, x.actor, x.contact_id,
CASE x.source WHEN '`+SourceFoyer+`' THEN x.data - '`+PreviousEmail+`' ELSE x.data END, x.at`, filter, more)
}

// readFeed reads a page. targets are where the columns of an entry go, all of which are
// null if there is none; entry makes one of them and returns its position.
func readFeed[E any](ctx context.Context, s *Store, page FeedPage, sql string, args, targets []any, entry func() (E, int64)) (Feed[E], error) {
	var f Feed[E]
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return f, fail("read a feed", err)
	}
	var start, last int64
	_, err = pgx.ForEachRow(rows, append([]any{&f.Name, &f.Head, &f.Purged, &start}, targets...), func() error {
		if e, position := entry(); position > 0 {
			f.Entries, last = append(f.Entries, e), position
		}
		return nil
	})
	if err != nil {
		return f, fail("read a feed", err)
	}
	f.Next = max(start, min(f.Head, start+page.window()))
	if len(f.Entries) == page.Limit {
		f.Next = last
	}
	return f, nil
}

// Changes reads a page of the change feed.
func (s *Store) Changes(ctx context.Context, page FeedPage) (Feed[Change], error) {
	var position, version *int64
	var kind, id, account, operation *string
	var at *time.Time
	sql, args := page.changesSQL()
	targets := []any{&position, &kind, &id, &account, &operation, &version, &at}
	return readFeed(ctx, s, page, sql, args, targets, func() (Change, int64) {
		if position == nil {
			return Change{}, 0
		}
		return Change{Position: *position, Kind: *kind, ID: *id, AccountID: *account, Operation: *operation, Version: *version, At: *at}, *position
	})
}

// Events reads a page of the events.
func (s *Store) Events(ctx context.Context, page FeedPage) (Feed[Event], error) {
	var position *int64
	var id, source, eventType, account, subject, actor, contact *string
	var data *json.RawMessage
	var at *time.Time
	sql, args := page.eventsSQL()
	targets := []any{&position, &id, &source, &eventType, &account, &subject, &actor, &contact, &data, &at}
	return readFeed(ctx, s, page, sql, args, targets, func() (Event, int64) {
		if position == nil {
			return Event{}, 0
		}
		return Event{
			Position: *position, ID: *id, Source: *source, Type: *eventType, AccountID: *account,
			Subject: *subject, Actor: *actor, ContactID: *contact, Data: slices.Clone(*data), At: *at,
		}, *position
	})
}

// nullable is nil for an empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
