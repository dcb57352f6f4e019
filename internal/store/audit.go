package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// AuditEntry is something that happened. AccountID and UserID may be empty; an entry
// with an account shows on its activity page. Detail must hold no secret.
type AuditEntry struct {
	AccountID string
	UserID    string
	Actor     string // the name shown
	Action    string
	Detail    map[string]string
	IP        string
	At        time.Time
}

const auditSQL = `
INSERT INTO audit (account_id, user_id, actor, action, detail, ip, at)
VALUES (nullif($1, ''), nullif($2, '')::uuid, $3, $4, $5, $6, $7)`

// arguments are those of auditSQL.
func (e AuditEntry) arguments() []any {
	detail := make(map[string]string, len(e.Detail)) // never null in the column
	for key, value := range e.Detail {
		detail[cleanText(key)] = cleanText(value)
	}
	return []any{cleanText(e.AccountID), cleanText(e.UserID), cleanText(e.Actor), e.Action, detail, cleanText(e.IP), e.At}
}

func (e AuditEntry) queue(batch *pgx.Batch) { batch.Queue(auditSQL, e.arguments()...) }

// Audit records an entry.
func (s *Store) Audit(ctx context.Context, e AuditEntry) error {
	if _, err := s.db.Exec(ctx, auditSQL, e.arguments()...); err != nil {
		return fail("write audit", err)
	}
	return nil
}

// Activity is one entry of an account's activity page. ByUser says whether a person of
// the account did it; if not, it was the provider, whose names are not for customers.
type Activity struct {
	At     time.Time
	Actor  string
	Action string
	IP     string
	Detail map[string]string
	ByUser bool
}

// ActivityPage is one page of activity, newest first. Next continues it; 0: it is the
// last page.
type ActivityPage struct {
	Entries []Activity
	Next    int64
}

// Notes are the provider's own.
const activitySQL = `
SELECT id, at, actor, action, ip, detail, user_id IS NOT NULL FROM audit
WHERE account_id = $1 AND action NOT LIKE 'note.%' AND id < coalesce(nullif($2::bigint, 0), 9223372036854775807)
ORDER BY id DESC LIMIT $3`

// Activity returns a page of what happened in an account: entries before the given
// Next of an earlier page, or the newest for 0.
func (s *Store) Activity(ctx context.Context, accountID string, before int64, limit int) (ActivityPage, error) {
	if badText(accountID) {
		return ActivityPage{}, nil
	}
	rows, err := s.db.Query(ctx, activitySQL, accountID, before, limit+1)
	if err != nil {
		return ActivityPage{}, fail("read activity", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[activityRow])
	if err != nil {
		return ActivityPage{}, fail("read activity", err)
	}
	var page ActivityPage
	if len(found) > limit {
		found = found[:limit]
		page.Next = found[limit-1].ID
	}
	for _, row := range found {
		page.Entries = append(page.Entries, row.Activity)
	}
	return page, nil
}

type activityRow struct {
	ID int64
	Activity
}
