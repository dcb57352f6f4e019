package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// RequiredSchemaVersion is the newest migration that this release knows. A process
// is not ready on an older schema.
const RequiredSchemaVersion = 6

// DB is what a Store needs of a pool of connections.
type DB interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// querier is what reads: a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// executor is what writes: a pool or a transaction.
type executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

// Store reads and writes the schema of one tenant. It is safe for concurrent use.
type Store struct {
	db DB
}

// New returns a Store on connections of one of the tenant's login roles.
func New(db DB) *Store { return &Store{db: db} }

// ErrNotFound says that there is no such row, or none that the caller may see.
var ErrNotFound = errors.New("not found")

// fail wraps an error with what was being done; "no rows" becomes ErrNotFound.
func fail(doing string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// inTx runs work in one transaction and commits it.
func (s *Store) inTx(ctx context.Context, work func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{}, work)
}
