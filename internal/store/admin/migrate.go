package admin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/migrations"
)

// migrateTimeout bounds all migrations of one tenant.
const migrateTimeout = 10 * time.Minute

// The wait for another manager that migrates the same schema: so long altogether, and in
// the database only so long at a time, because whoever makes an index waits for those
// who wait in the database.
const (
	lockPatience = 60 * time.Second
	lockTimeout  = "100ms"
	lockPause    = 400 * time.Millisecond
)

// A migration that waits for a lock on a table holds up all who come after it, readers as
// well. So it gives up soon, lets them through and is tried again.
const (
	tableLockTimeout = "1s"
	migrateAttempts  = 20
	migratePause     = 2 * time.Second
)

// migrate applies the migrations that the schema lacks, as its owner, so that all
// objects belong to it. It needs a session of its own: past a pooler.
func (s *Server) migrate(ctx context.Context, schema string) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	unlock, err := s.lockSchema(ctx, schema)
	if err != nil {
		return err
	}
	defer unlock()
	session := fmt.Sprintf("SET ROLE %s; SET search_path TO %s, pg_temp; SET lock_timeout TO '%s'; SET statement_timeout TO 0; "+
		"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", name(schema), name(schema), tableLockTimeout)
	db := stdlib.OpenDB(*s.direct.Copy(), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, session)
		return err
	}))
	defer db.Close()       //nolint:errcheck // nothing is left to lose
	db.SetMaxIdleConns(-1) // each attempt has a session as above
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := migrateUp(ctx, db, provider); err != nil {
		if store.Unavailable(err) {
			return err
		}
		return &Problem{MigrationFailed, "schema " + schema + " could not be migrated", redacted{s.scrub(err.Error()), err}}
	}
	return nil
}

// migrateUp tries again as long as others are in the way.
func migrateUp(ctx context.Context, db *sql.DB, provider *goose.Provider) error {
	for attempt := 1; ; attempt++ {
		err := dropUnfinishedIndexes(ctx, db)
		if err == nil {
			_, err = provider.Up(ctx)
		}
		if !inTheWay(err) || attempt == migrateAttempts || !pause(ctx, migratePause) {
			return err
		}
	}
}

// inTheWay: somebody held a lock for too long, or waited for ours.
func inTheWay(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "55P03" || pgErr.Code == "40P01")
}

// pause waits, and says whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// unfinishedIndexesSQL is a statement that drops the indexes of the schema which a failed
// CREATE INDEX CONCURRENTLY has left behind: they are kept up and never used.
const unfinishedIndexesSQL = `
SELECT coalesce(string_agg('DROP INDEX ' || c.oid::regclass, '; '), '')
FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'i' AND NOT i.indisvalid`

func dropUnfinishedIndexes(ctx context.Context, db *sql.DB) error {
	var drop string
	if err := db.QueryRowContext(ctx, unfinishedIndexesSQL).Scan(&drop); err != nil || drop == "" {
		return err
	}
	_, err := db.ExecContext(ctx, drop)
	return err
}

// lockSchema lets one session at a time migrate a schema, until unlock. The lock is the
// one that commenting on the schema takes, in a transaction that is rolled back: only
// the schema's owner can hold it. Advisory locks belong to the whole database, and any
// tenant's login role could hold one.
//
// The transaction is on a connection of its own, because migrations commit, and it
// locks no table, because a migration may change any.
func (s *Server) lockSchema(ctx context.Context, schema string) (unlock func(), err error) {
	conn, err := pgx.ConnectConfig(ctx, s.direct.Copy())
	if err != nil {
		return nil, err
	}
	unlock = func() { // closing the connection rolls back
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		conn.Close(ctx) //nolint:errcheck // nothing is left to lose
	}
	lock := fmt.Sprintf("BEGIN; SET LOCAL ROLE %s; SET LOCAL lock_timeout TO '%s'; "+
		"SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0; "+
		"COMMENT ON SCHEMA %s IS 'being migrated'", name(schema), lockTimeout, name(schema))
	for deadline := time.Now().Add(lockPatience); ; {
		_, err = conn.Exec(ctx, lock)
		if !inTheWay(err) || time.Now().After(deadline) || !pause(ctx, lockPause) {
			break
		}
		if _, err = conn.Exec(ctx, "ROLLBACK"); err != nil {
			break
		}
	}
	if err == nil {
		return unlock, nil
	}
	unlock()
	if inTheWay(err) {
		return nil, &Problem{MigrationFailed, "schema " + schema + " is being migrated by another manager", redacted{s.scrub(err.Error()), err}}
	}
	return nil, err
}
