package admin

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/migrations"
)

// migrateTimeout bounds all migrations of one tenant.
const migrateTimeout = 10 * time.Minute

// How often a migration asks for the lock while another manager migrates the same
// schema.
const (
	lockPeriodSeconds = 1
	lockAttempts      = 60
)

// migrate applies the migrations that the schema lacks, as its owner, so that all
// objects belong to it. It needs a session of its own: past a pooler.
func (s *Server) migrate(ctx context.Context, schema string) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	session := fmt.Sprintf("SET ROLE %s; SET search_path TO %s, pg_temp; SET lock_timeout TO '30s'; "+
		"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", name(schema), name(schema))
	db := stdlib.OpenDB(*s.direct.Copy(), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, session)
		return err
	}))
	defer db.Close() //nolint:errcheck // nothing is left to lose
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID(schema)), lock.WithLockTimeout(lockPeriodSeconds, lockAttempts))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
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

// lockID gives each schema its own lock, so that tenants migrate beside each other.
func lockID(schema string) int64 {
	h := fnv.New64a()
	h.Write([]byte("foyer migration of " + schema))
	return int64(h.Sum64()) //nolint:gosec // any 64 bits do
}
