package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// The turn of a notification comes later by turnStep for each that its account has waiting,
// at most by longestTurn: an account with a thousand messages does not keep others waiting.
const (
	turnStep    = 100 * time.Millisecond
	longestTurn = 10 * time.Minute
)

const addOccurrencesSQL = `
INSERT INTO occurrence (account_id, event_type, about, occurrence, channel, address)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT DO NOTHING RETURNING account_id, event_type, about, occurrence, channel, address`

// Waiting ones are counted up to where they make no difference any more.
const waitingSQL = `
SELECT a.id, w.waiting FROM unnest($1::text[]) a (id)
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting FROM (SELECT FROM notification n WHERE n.account_id = a.id AND n.state IN ('Planned', 'Retry') LIMIT $2) x) w
WHERE w.waiting > 0`

// Add keeps notifications and what happened with them. One of which all is on record
// already is kept as a duplicate; of a dated event, which is asked for again every minute,
// it is left out.
func (p *Planning) Add(ctx context.Context, list []NewNotification) error {
	if len(list) == 0 {
		return nil
	}
	isNew, waiting, err := p.record(ctx, list)
	if err != nil {
		return fmt.Errorf("store: record what happened: %w", err)
	}
	rows := make([]*newRow, 0, len(list))
	for i := range list {
		if row := p.row(&list[i], isNew[i], waiting); row != nil {
			rows = append(rows, row)
		}
	}
	ids := newIDs(p.now, len(rows))
	_, err = p.tx.CopyFrom(ctx, pgx.Identifier{"notification"}, newRowColumns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
		return rows[i].values(ids[i], p.now), nil
	}))
	if err != nil {
		return fmt.Errorf("store: keep notifications: %w", err)
	}
	return nil
}

type occurrenceKey struct {
	accountID string
	Occurrence
}

// What an occurrence is kept by must fit an index entry: about 2,700 bytes for all of it. What
// is longer, which only what comes from outside can be, is kept by its hash.
const (
	mostOfKey     = 256
	mostOfAddress = 1024 // of a webhook
)

func keyOf(accountID string, o Occurrence) occurrenceKey {
	return occurrenceKey{accountID, Occurrence{o.EventType, bounded(o.About, mostOfKey), bounded(o.Occurrence, mostOfKey), o.Channel, bounded(o.Address, mostOfAddress)}}
}

// bounded is a text, or of one that is too long what is as good to tell it from others.
func bounded(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))
}

// record writes the occurrences in one round trip. It says which notifications have a new
// one, or none at all, and how many notifications of each account wait.
func (p *Planning) record(ctx context.Context, list []NewNotification) (isNew []bool, waiting map[string]int, err error) {
	first := map[occurrenceKey]int{} // the notification that records it
	var columns [6][]string
	var accounts []string
	isNew = make([]bool, len(list))
	for i := range list {
		n := &list[i]
		isNew[i] = len(n.Occurrences) == 0
		accounts = append(accounts, n.AccountID)
		for _, o := range n.Occurrences {
			key := keyOf(n.AccountID, o)
			if _, twice := first[key]; twice {
				continue
			}
			first[key] = i
			for c, text := range [...]string{key.accountID, key.EventType, key.About, key.Occurrence.Occurrence, key.Channel, key.Address} {
				columns[c] = append(columns[c], text)
			}
		}
	}
	waiting = map[string]int{}
	batch := &pgx.Batch{}
	batch.Queue(waitingSQL, distinct(accounts), int(longestTurn/turnStep)).Query(func(rows pgx.Rows) error {
		var account string
		var count int
		_, err := pgx.ForEachRow(rows, []any{&account, &count}, func() error {
			waiting[account] = count
			return nil
		})
		return err
	})
	if len(first) > 0 {
		batch.Queue(addOccurrencesSQL, columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]).Query(func(rows pgx.Rows) error {
			var key occurrenceKey
			targets := []any{&key.accountID, &key.EventType, &key.About, &key.Occurrence.Occurrence, &key.Channel, &key.Address}
			_, err := pgx.ForEachRow(rows, targets, func() error {
				isNew[first[key]] = true
				return nil
			})
			return err
		})
	}
	return isNew, waiting, p.tx.SendBatch(ctx, batch).Close()
}

// newRow is a notification as it is kept first.
type newRow struct {
	*NewNotification
	state, reason string
	lane          int16
	turnAt        time.Time
}

// row decides what a notification becomes; nil: it is left out.
func (p *Planning) row(n *NewNotification, isNew bool, waiting map[string]int) *newRow {
	row := &newRow{NewNotification: n, state: StatePlanned, reason: n.Suppressed, lane: 1, turnAt: n.DueAt}
	if n.Security {
		row.lane = 0
	}
	switch {
	case !isNew && n.EventPosition == 0:
		return nil
	case !isNew:
		row.state, row.reason = StateSuppressed, "duplicate"
	case n.Unplanned:
		row.state, row.reason = StateDead, ReasonUnplanned
	case n.Suppressed != "":
		row.state = StateSuppressed
	case p.state.Mode == DeliveryHold:
		row.state = StateHeld
	}
	if row.state != StateSuppressed && row.state != StateDead && !n.Security {
		row.turnAt = n.DueAt.Add(min(time.Duration(waiting[n.AccountID])*turnStep, longestTurn))
		waiting[n.AccountID]++
	}
	return row
}

var newRowColumns = []string{
	"id", "account_id", "contact_id", "event_type", "event_position", "event_id", "about", "occurrence", "category", "source", "template", "action",
	"channel", "address", "cc", "bcc", "locale", "settings_digest", "routing_digest", "suite", "state", "lane", "due_at", "turn_at", "reason", "detail", "updated_at",
}

func (r *newRow) values(id pgtype.UUID, now time.Time) []any {
	n := r.NewNotification
	return []any{
		id, n.AccountID, n.ContactID, n.EventType, n.EventPosition, n.EventID, n.About, n.Occurrence, n.Category, n.Source, n.Template, n.Action,
		n.Channel, n.Address, notNil(n.CC), notNil(n.BCC), n.Locale, n.SettingsDigest, n.RoutingDigest, n.Suite, r.state, r.lane, n.DueAt, r.turnAt, r.reason, cleanText(n.Detail), now,
	}
}

// notNil is the list as a column takes it that takes no null.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// newIDs returns UUIDs of version 7 of a time, in their order: 48 bits of milliseconds, 24
// that count, 50 that are random.
func newIDs(now time.Time, count int) []pgtype.UUID {
	const version, variant = 0x70, 0x80
	ids := make([]pgtype.UUID, count)
	for i := range ids {
		id := &ids[i]
		id.Valid = true
		rand.Read(id.Bytes[8:]) // it never fails: the process ends instead
		binary.BigEndian.PutUint64(id.Bytes[:8], uint64(now.UnixMilli())<<16|uint64(i>>12&0xfff))
		id.Bytes[6] |= version
		id.Bytes[8] = variant | byte(i>>6&0x3f)
		id.Bytes[9] = byte(i<<2) | id.Bytes[9]&0x3
	}
	return ids
}

// idAt is the least id of notifications that were planned at a time.
func idAt(t time.Time) pgtype.UUID {
	id := pgtype.UUID{Valid: true}
	binary.BigEndian.PutUint64(id.Bytes[:8], uint64(max(t.UnixMilli(), 0))<<16)
	return id
}

// timeOf is when a notification was planned, by its id.
func timeOf(id pgtype.UUID) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id.Bytes[:8]) >> 16)).UTC()
}
