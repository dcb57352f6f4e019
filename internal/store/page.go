package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// List says which rows of a kind a page has. Rows come in the order of their ids, or
// with UpdatedSince in the order of their last change.
type List struct {
	AccountID    string // empty: of all accounts
	UpdatedSince time.Time
	After        Place // the last row of the page before
	Limit        int
}

// Place is the place of a row in a list. The zero value is before the first.
type Place struct {
	ID        string
	UpdatedAt time.Time
}

// condition is one more filter of a list; its SQL has one %s for the number of its
// argument.
type condition struct {
	sql   string
	value any
}

// one reads a row by id. ErrNotFound: there is none.
func one[R any, P rowOf[R]](ctx context.Context, s *Store, k *kind[R, P], id string) (R, error) {
	var none R
	if badText(id) {
		return none, fail("read "+k.name, ErrNotFound)
	}
	rows, err := s.db.Query(ctx, `SELECT `+k.sel+` FROM `+k.table+` t WHERE t.`+k.id()+` = $1`, id)
	if err != nil {
		return none, fail("read "+k.name, err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[R])
	if err != nil {
		return none, fail("read "+k.name, err)
	}
	return row, nil
}

// page reads a page of rows and the place to go on from; nil: it is the last page.
func page[R any, P rowOf[R]](ctx context.Context, s *Store, k *kind[R, P], list List, more ...condition) ([]R, *Place, error) {
	if badText(list.AccountID) || badText(list.After.ID) {
		return nil, nil, nil // no row can have such an id
	}
	sql, args := list.sql(k.sel, k.table, k.id(), more)
	return collectPage(ctx, s, k, list.Limit, sql, args...)
}

// collectPage reads a page of so many rows by a statement that asks for one more.
func collectPage[R any, P rowOf[R]](ctx context.Context, s *Store, k *kind[R, P], limit int, sql string, args ...any) ([]R, *Place, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, fail("list "+k.table, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
	if err != nil {
		return nil, nil, fail("list "+k.table, err)
	}
	if len(found) <= limit {
		return found, nil, nil
	}
	found = found[:limit]
	last := P(&found[limit-1]).row()
	return found, &Place{ID: last.ID, UpdatedAt: last.UpdatedAt}, nil
}

// sql is the statement of a page. It asks for one row more than the page has, to see
// whether there is another page.
func (l List) sql(sel, table, id string, more []condition) (string, []any) {
	var where []string
	var args []any
	argument := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	for _, c := range more {
		where = append(where, fmt.Sprintf(c.sql, argument(c.value)))
	}
	if l.AccountID != "" {
		where = append(where, "t.account_id = "+argument(l.AccountID))
	}
	order := "t." + id
	switch {
	case l.UpdatedSince.IsZero():
		where = append(where, order+" > "+argument(l.After.ID))
	case l.After.ID != "":
		order = "t.updated_at, " + order
		where = append(where, fmt.Sprintf("(%s) > (%s, %s)", order, argument(l.After.UpdatedAt), argument(l.After.ID)))
	default:
		order = "t.updated_at, " + order
		where = append(where, "t.updated_at >= "+argument(l.UpdatedSince))
	}
	return fmt.Sprintf(`SELECT %s FROM %s t WHERE %s ORDER BY %s LIMIT %s`,
		sel, table, strings.Join(where, " AND "), order, argument(l.Limit+1)), args
}
