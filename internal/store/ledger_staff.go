package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// LedgerEntry is a notification as staff see it.
type LedgerEntry struct {
	ID        string
	PlannedAt time.Time
	Addressed
	RedirectedTo string
	State        string
	TurnAt       time.Time // when it is tried next, in Planned and Retry
	Attempts     int
	Reason       string
	Detail       string
	ProviderID   string
	Receipt      string // Delivered, Failed or empty
	Subject      string
	SentAt       *time.Time
	UpdatedAt    time.Time
}

// Attempt is one attempt to deliver a notification, from when it has ended.
type Attempt struct {
	Number  int
	BeganAt time.Time
	EndedAt time.Time
	Outcome string
	Class   string
	Code    string
	Detail  string
}

// LedgerList says which notifications a page has: the newest first. The zero value of a
// field asks nothing.
type LedgerList struct {
	AccountID string
	ContactID string
	State     string
	Reason    string
	EventType string
	Channel   string
	From, To  time.Time // planned from, and before
	After     string    // the id of the last one of the page before
	Limit     int
}

// ledgerStateSQL is the state as staff see it.
const ledgerStateSQL = `CASE WHEN n.state IN ('Planned', 'Retry') AND (SELECT l.id FROM notification_lease l WHERE l.id = n.id) IS NOT NULL THEN 'Leased' ELSE n.state END`

const ledgerColumns = `n.id, n.account_id, n.contact_id, n.event_type, n.event_position, n.event_id, n.about, n.occurrence, n.category,
n.source, n.template, n.action, n.channel, n.address, n.cc, n.bcc, n.locale, n.settings_digest, n.routing_digest, n.suite, n.due_at,
n.redirected_to, ` + ledgerStateSQL + `, n.turn_at, n.attempts, n.reason, n.detail, n.provider_id, n.receipt, n.subject, n.sent_at, n.updated_at`

func scanLedgerEntry(row pgx.CollectableRow, more ...any) (LedgerEntry, error) {
	var e LedgerEntry
	var id pgtype.UUID
	targets := append([]any{&id}, e.Addressed.targets()...)
	targets = append(targets, &e.RedirectedTo, &e.State, &e.TurnAt, &e.Attempts, &e.Reason, &e.Detail, &e.ProviderID, &e.Receipt, &e.Subject, &e.SentAt, &e.UpdatedAt)
	err := row.Scan(append(targets, more...)...)
	e.ID, e.PlannedAt = id.String(), timeOf(id)
	return e, err
}

// Ledger returns a page of notifications, and the id to go on from; "": it is the last page.
func (s *Store) Ledger(ctx context.Context, list LedgerList) (entries []LedgerEntry, next string, err error) {
	for _, text := range []string{list.AccountID, list.ContactID, list.State, list.Reason, list.EventType, list.Channel} {
		if badText(text) {
			return nil, "", nil // no notification can have such a text
		}
	}
	sql, args := list.sql()
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, "", fail("list notifications", err)
	}
	entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (LedgerEntry, error) { return scanLedgerEntry(row) })
	if err != nil {
		return nil, "", fail("list notifications", err)
	}
	if len(entries) > list.Limit {
		entries = entries[:list.Limit]
		next = entries[list.Limit-1].ID
	}
	return entries, next, nil
}

// sql is the statement of a page, with only what is asked for.
func (l LedgerList) sql() (string, []any) {
	var where []string
	var args []any
	also := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	for _, field := range []struct{ column, value string }{
		{"account_id", l.AccountID}, {"contact_id", l.ContactID}, {"reason", l.Reason}, {"event_type", l.EventType}, {"channel", l.Channel},
	} {
		if field.value != "" {
			also("n."+field.column+" = $%d", field.value)
		}
	}
	switch l.State {
	case "":
	case StateLeased:
		where = append(where, "n.state IN ('Planned', 'Retry') AND n.id IN (SELECT id FROM notification_lease)")
	case StatePlanned, StateRetry:
		also("n.state = $%d AND (SELECT l.id FROM notification_lease l WHERE l.id = n.id) IS NULL", l.State)
	default:
		also("n.state = $%d", l.State)
	}
	if !l.From.IsZero() {
		also("n.id >= $%d::uuid", idAt(l.From))
	}
	switch {
	case l.After != "":
		also("n.id < $%d::uuid", l.After)
	case !l.To.IsZero():
		also("n.id < $%d::uuid", idAt(l.To))
	}
	if len(where) == 0 {
		where = []string{"true"}
	}
	args = append(args, l.Limit+1)
	return fmt.Sprintf(`SELECT %s FROM notification n WHERE %s ORDER BY n.id DESC LIMIT $%d`, ledgerColumns, strings.Join(where, " AND "), len(args)), args
}

// LedgerDetail is a notification with what was sent and each attempt.
type LedgerDetail struct {
	LedgerEntry
	Body string // empty where it is about signing in
	Log  []Attempt
}

// LedgerEntry returns a notification by its id, which is a UUID, or ErrNotFound.
func (s *Store) LedgerEntry(ctx context.Context, id string) (LedgerDetail, error) {
	var d LedgerDetail
	batch := &pgx.Batch{}
	batch.Queue(`SELECT `+ledgerColumns+`, CASE WHEN n.category = 'Security' THEN '' ELSE n.body END FROM notification n WHERE n.id = $1`, id).Query(func(rows pgx.Rows) (err error) {
		d.LedgerEntry, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (LedgerEntry, error) { return scanLedgerEntry(row, &d.Body) })
		return err
	})
	batch.Queue(`
SELECT number, began_at, ended_at, outcome, class, code, detail FROM notification_attempt WHERE notification_id = $1 ORDER BY number`, id).Query(func(rows pgx.Rows) (err error) {
		d.Log, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Attempt])
		return err
	})
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return LedgerDetail{}, fail("read notification", err)
	}
	return d, nil
}

// LedgerCount is how many notifications have a state, for a reason, by a channel.
type LedgerCount struct {
	State, Reason, Channel string
	Count                  int64
}

// LedgerCounts counts the notifications that were planned since a time.
func (s *Store) LedgerCounts(ctx context.Context, since time.Time) ([]LedgerCount, error) {
	rows, err := s.db.Query(ctx, `
SELECT state, CASE WHEN state = 'Sent' THEN '' ELSE reason END, channel, count(*) FROM notification WHERE id >= $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, idAt(since))
	if err != nil {
		return nil, fail("count notifications", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LedgerCount])
	if err != nil {
		return nil, fail("count notifications", err)
	}
	return list, nil
}

// Receipt notes what the provider of text messages said later of one that it took: Delivered
// or Failed. known is false if none has such an id of the provider.
func (s *Store) Receipt(ctx context.Context, providerID, receipt string, now time.Time) (known bool, err error) {
	if badText(providerID) || providerID == "" {
		return false, nil
	}
	tag, err := s.db.Exec(ctx, `UPDATE notification SET receipt = $2, updated_at = $3 WHERE provider_id = $1 AND provider_id <> '' AND channel = 'SMS'`, providerID, receipt, now)
	if err != nil {
		return false, fail("note a receipt", err)
	}
	return tag.RowsAffected() > 0, nil
}

// ErrHeld says that nothing is tried again while the mode of delivery is Hold: it would wait,
// and going Live would suppress it.
var ErrHeld = errors.New("delivery is on hold")

// Redrive has notifications that are dead or uncertain tried again, as if they had never
// been, and returns the ids of those, or ErrHeld. Ids are UUIDs.
func (w *Writer) Redrive(ctx context.Context, ids []string) ([]string, error) {
	state, err := readDelivery(ctx, w.tx, "")
	if err != nil {
		return nil, fmt.Errorf("read the state of delivery: %w", err)
	}
	if state.Mode == DeliveryHold {
		return nil, ErrHeld
	}
	return w.settleByStaff(ctx, "notification.redriven", ids, `state IN ('Dead', 'Uncertain') AND reason <> '`+ReasonUnplanned+`'`,
		`state = 'Retry', spared = attempts, due_at = $1, turn_at = $1, reason = '', detail = ''`)
}

// Cancel keeps notifications from being sent that wait and are with no worker, and returns
// the ids of those. Ids are UUIDs.
func (w *Writer) Cancel(ctx context.Context, ids []string) ([]string, error) {
	return w.settleByStaff(ctx, "notification.cancelled", ids, `state IN ('Planned', 'Held', 'Retry', 'Uncertain', 'Dead')`,
		`state = 'Cancelled', reason = 'byStaff'`)
}

// settleByStaff changes those of the notifications that meet a condition and are with no
// worker, and audits each. They are locked first, so that no worker takes them meanwhile.
func (w *Writer) settleByStaff(ctx context.Context, action string, ids []string, condition, becomes string) ([]string, error) {
	if _, err := w.tx.Exec(ctx, `SELECT FROM notification WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`, ids); err != nil {
		return nil, fmt.Errorf("lock notifications: %w", err)
	}
	rows, err := w.tx.Query(ctx, `
UPDATE notification SET `+becomes+`, updated_at = $1 WHERE id = ANY($2::uuid[]) AND `+condition+` AND `+unleasedSQL+`
RETURNING id::text, account_id`, w.origin.Now, ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	var done []string
	var id, account string
	_, err = pgx.ForEachRow(rows, []any{&id, &account}, func() error {
		done = append(done, id)
		w.Audit(account, action, map[string]string{"id": id})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	return done, nil
}
