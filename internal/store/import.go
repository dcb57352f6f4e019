package store

import (
	"context"
	"encoding/json"
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

// The longest texts that imports take, in characters.
const (
	maxID    = 64
	maxName  = 200
	maxEmail = 254
	maxHash  = 512
)

// batch collects the results of one import, in the order of its items. The first
// refusal of an item counts.
type batch struct {
	results []Result
	seen    map[string]int
}

func newBatch(items int) *batch {
	return &batch{results: make([]Result, items), seen: make(map[string]int, items)}
}

func (b *batch) refuse(i int, field, format string, args ...any) {
	if b.results[i].Outcome != Refused {
		b.results[i] = Result{Outcome: Refused, Field: field, Message: fmt.Sprintf(format, args...)}
	}
}

func (b *batch) refused(i int) bool { return b.results[i].Outcome == Refused }

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

// key is required text that only one item of a batch may have. The first keeps it.
func (b *batch) key(i int, field, value string) {
	b.required(i, field, value, maxID)
	if b.refused(i) {
		return
	}
	if _, twice := b.seen[value]; twice {
		b.refuse(i, field, "%q is already in this batch", value)
		return
	}
	b.seen[value] = i
}

// oneOf refuses a value that is not listed.
func (b *batch) oneOf(i int, field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		b.refuse(i, field, "%q is not allowed, allowed is one of %v", value, allowed)
	}
}

// clone lets an attempt add refusals that the next attempt finds out again.
func (b *batch) clone() *batch { return &batch{results: slices.Clone(b.results), seen: b.seen} }

// errRaced says that another import wrote the same rows between our look and our
// write.
var errRaced = errors.New("another import wrote the same rows at the same time")

// importAttempts bounds how often a batch is tried when other imports get in its way.
const importAttempts = 3

// importBatch runs one attempt in one transaction, and again when it raced.
func (s *Store) importBatch(ctx context.Context, what string, checked *batch, attempt func(context.Context, pgx.Tx, *batch) error) ([]Result, error) {
	for try := 1; ; try++ {
		b := checked.clone()
		err := s.inTx(ctx, func(tx pgx.Tx) error { return attempt(ctx, tx, b) })
		if err == nil {
			return b.results, nil
		}
		if try == importAttempts || !raced(err) {
			return nil, fail("import "+what, err)
		}
	}
}

// raced: unique and foreign key violations, serialisation failures and deadlocks.
func raced(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return slices.Contains([]string{"23505", "23503", "40001", "40P01"}, pgErr.Code)
	}
	return errors.Is(err, errRaced)
}

// write runs a statement that takes items as JSON and returns for each its position
// in the batch and its outcome.
func (b *batch) write(ctx context.Context, tx pgx.Tx, sql string, items any) error {
	body, err := json.Marshal(items)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, sql, string(body))
	if err != nil {
		return err
	}
	var i int
	var outcome string
	_, err = pgx.ForEachRow(rows, []any{&i, &outcome}, func() error {
		if outcome == "" { // neither there before nor written now
			return errRaced
		}
		b.results[i].Outcome = outcome
		return nil
	})
	return err
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
