package admin_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/foyerhq/foyer/internal/store/migrations"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// unfinished makes the next Prepare of a tenant migrate again.
func unfinished(t *testing.T, server *postgres.Server, tenant *storetest.Tenant) {
	t.Helper()
	execute(t, superuser(t, server, tenant.PortalURI), "DELETE FROM "+tenant.Schema+".installation")
}

// TestMigrationsWaitForEachOther: while one manager migrates a schema, another one waits.
func TestMigrationsWaitForEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		unfinished(t, server, tenant)
		root := superuser(t, server, tenant.PortalURI)
		first := connect(t, root)
		if _, err := first.Exec(t.Context(), "BEGIN; SET LOCAL ROLE "+tenant.Schema+"; COMMENT ON SCHEMA "+tenant.Schema+" IS 'being migrated'"); err != nil {
			t.Fatal(err)
		}
		second := make(chan error, 1)
		go func() {
			_, err := tenant.Server.Prepare(t.Context(), tenant.Owner, storetest.Logins(), nil)
			second <- err
		}()
		watch := connect(t, root)
		waiting := `SELECT 'waits' FROM pg_locks WHERE NOT granted AND classid = 'pg_namespace'::regclass AND objid = $1::text::regnamespace`
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for len(query(t, watch, waiting, tenant.Schema)) == 0 {
			select {
			case err := <-second:
				t.Fatalf("the second manager did not wait: %v", err)
			case <-tick.C:
			}
		}
		if _, err := first.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if err := <-second; err != nil {
			t.Error(err)
		}
		commented := query(t, watch, `SELECT 'yes' FROM pg_description WHERE classoid = 'pg_namespace'::regclass AND objoid = $1::text::regnamespace`, tenant.Schema)
		if len(commented) > 0 {
			t.Error("the lock left a comment behind")
		}
	})
}

// TestLoginRolesHoldUpNoMigration: what a login role, of the tenant itself or of another
// one, can reach of the lock is gone when the server has refused it.
func TestLoginRolesHoldUpNoMigration(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri := server.Manager(t)
		tenant, other := storetest.NewIn(t, uri, "acme"), storetest.NewIn(t, uri, "other")
		for _, login := range []string{tenant.PortalURI, tenant.BackofficeURI, other.PortalURI} {
			conn := connect(t, login)
			if _, err := conn.Exec(t.Context(), "BEGIN; SAVEPOINT before"); err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{"COMMENT ON SCHEMA " + tenant.Schema + " IS 'mine'", "LOCK TABLE " + tenant.Schema + ".installation",
				"LOCK TABLE " + tenant.Schema + ".goose_db_version IN SHARE MODE"} {
				if _, err := conn.Exec(t.Context(), sql); !denied(err) {
					t.Errorf("%s: got %v, want it denied", sql, err)
				}
				if _, err := conn.Exec(t.Context(), "ROLLBACK TO before"); err != nil {
					t.Fatal(err)
				}
			}
			if held := query(t, connect(t, uri), "SELECT mode FROM pg_locks WHERE classid = 'pg_namespace'::regclass AND pid = $1", conn.PgConn().PID()); len(held) > 0 {
				t.Errorf("a login role holds %v on a schema", held)
			}
		}
		unfinished(t, server, tenant)
		prepareAndUse(t, tenant.Server, tenant.Owner)
	})
}

// TestAccountsBeganWhenTheyCame: an upgrade makes nobody a customer of today.
func TestAccountsBeganWhenTheyCame(t *testing.T) {
	database, err := pgx.ParseConfig(oldest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*database)
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the test is over
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO account (id, name, status, created_at) VALUES ('A', 'Ada', 'Active', '2024-05-06 23:00+00')`); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var began string
	if err := db.QueryRowContext(t.Context(), `SELECT starts_on::text FROM account`).Scan(&began); err != nil || began != "2024-05-06" {
		t.Errorf("it began on %q: %v", began, err)
	}
}
