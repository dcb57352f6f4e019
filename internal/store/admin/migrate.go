package admin

import (
	"context"
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

// lockTimeout bounds the wait for another manager that migrates the same schema.
const lockTimeout = "60s"

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
	session := fmt.Sprintf("SET ROLE %s; SET search_path TO %s, pg_temp; SET lock_timeout TO '30s'; "+
		"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", name(schema), name(schema))
	db := stdlib.OpenDB(*s.direct.Copy(), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, session)
		return err
	}))
	defer db.Close() //nolint:errcheck // nothing is left to lose
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		if store.Unavailable(err) {
			return err
		}
		return &Problem{MigrationFailed, "schema " + schema + " could not be migrated", redacted{s.scrub(err.Error()), err}}
	}
	return nil
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
	_, err = conn.Exec(ctx, fmt.Sprintf("BEGIN; SET LOCAL ROLE %s; SET LOCAL lock_timeout TO '%s'; "+
		"SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0; "+
		"COMMENT ON SCHEMA %s IS 'being migrated'", name(schema), lockTimeout, name(schema)))
	if err == nil {
		return unlock, nil
	}
	unlock()
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "55P03" {
		return nil, &Problem{MigrationFailed, "schema " + schema + " is being migrated by another manager", redacted{s.scrub(err.Error()), err}}
	}
	return nil, err
}
