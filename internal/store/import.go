package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The outcomes of an item of an import.
const (
	Created   = "Created"
	Updated   = "Updated"
	Unchanged = "Unchanged" // equal to what is stored: nothing was written
	Refused   = "Refused"   // Field and Message say why; the other items are not affected
	Conflict  = "Conflict"  // it was written for another version than the one that is there
	Deleted   = "Deleted"
)

// Result is the outcome of one item of an import. Field is the item's field that was
// refused, in lower camel case and with dots for nested ones ("user.username").
type Result struct {
	Outcome string
	Field   string
	Message string
}

// maxID is the longest id, in characters.
const maxID = 64

// batch collects the results of one import, in the order of its items. The first
// refusal of an item counts.
type batch struct {
	results []Result
}

func newBatch(items int) *batch {
	return &batch{results: make([]Result, items)}
}

func (b *batch) refuse(i int, field, format string, args ...any) {
	if b.results[i].Outcome != Refused {
		b.results[i] = Result{Outcome: Refused, Field: field, Message: fmt.Sprintf(format, args...)}
	}
}

// text refuses what cannot be stored or is too long.
func (b *batch) text(i int, field, value string, longest int) {
	switch {
	case badText(value):
		b.refuse(i, field, "is not valid text")
	case utf8.RuneCountInString(value) > longest:
		b.refuse(i, field, "is longer than %d characters", longest)
	}
}

// required is text that must not be empty.
func (b *batch) required(i int, field, value string, longest int) {
	if value == "" {
		b.refuse(i, field, "is required")
	}
	b.text(i, field, value, longest)
}

// oneOf refuses a value that is not listed.
func (b *batch) oneOf(i int, field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		b.refuse(i, field, "%q is not allowed, allowed is one of %v", value, allowed)
	}
}

// errRaced says that another import wrote the same rows between our look and our
// write.
var errRaced = errors.New("another import wrote the same rows at the same time")

// raced: unique and foreign key violations, serialisation failures and deadlocks.
func raced(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return slices.Contains([]string{"23505", "23503", "40001", "40P01"}, pgErr.Code)
	}
	return errors.Is(err, errRaced)
}

// column reads one column of text.
func column(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]string, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// stringSet is a set of ids.
type stringSet map[string]bool

func setOf(list []string) stringSet {
	set := make(stringSet, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// knownAccounts returns those of the ids that are accounts.
func knownAccounts(ctx context.Context, tx pgx.Tx, ids []string) (stringSet, error) {
	known, err := column(ctx, tx, `SELECT id FROM account WHERE id = ANY($1)`, distinct(ids))
	return setOf(known), err
}
