package admin_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/foyerhq/foyer/internal/store"
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

// atVersionOne takes a tenant back to the first migration, with accounts in it.
func atVersionOne(t *testing.T, root *pgx.Conn, uri string, tenant *storetest.Tenant, accounts int) {
	t.Helper()
	for _, drop := range query(t, root, `
SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p')
UNION ALL SELECT format('DROP SEQUENCE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'S'
UNION ALL SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = $1::text::regnamespace`, tenant.Schema) {
		if _, err := root.Exec(t.Context(), drop); err != nil {
			t.Fatal(err)
		}
	}
	config, err := pgx.ParseConfig(uri)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET ROLE "+tenant.Schema+"; SET search_path TO "+tenant.Schema)
		return err
	}))
	defer db.Close() //nolint:errcheck // nothing is left to lose
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO installation (cluster_uid, namespace, name) VALUES ('%s', '%s', '%s')`, tenant.Owner.ClusterUID, tenant.Owner.Namespace, tenant.Owner.Name),
		fmt.Sprintf(`INSERT INTO account (id, name, status, account_profile, groups, attributes, created_at)
		 SELECT n, 'Customer', 'Active', 'business', CASE WHEN n %% 10 = 0 THEN '{gold}' ELSE '{}' END::text[], '{"locale": "de"}', '2024-05-06 23:00+00' FROM generate_series(1, %d) n`, accounts),
		`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status)
		 SELECT id, id, id, '2026-01-01', '2026-02-01', 'Tenant', 'EUR', 1, 1, 'Open' FROM account`,
		`INSERT INTO contact (id, account_id, access) SELECT id, id, 'Active' FROM account`,
		`GRANT USAGE ON SCHEMA ` + tenant.Schema + ` TO ` + tenant.Schema + `_portal`,
		`GRANT SELECT ON account, invoice, contact TO ` + tenant.Schema + `_portal`,
	} {
		if _, err := db.ExecContext(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// TestMigrationsHoldUpNoReaders: customers read all the time while a schema with 100,000
// accounts is migrated, and while the migration waits for a long transaction; an index
// that an attempt before left unfinished is made again. Accounts that were there before
// began when they came, and are in the lists of their groups.
func TestMigrationsHoldUpNoReaders(t *testing.T) {
	t.Parallel()
	const accounts = 100_000
	tenant := storetest.New(t, oldest)
	uri := superuser(t, oldest, tenant.PortalURI)
	root := connect(t, uri)
	atVersionOne(t, root, uri, tenant, accounts)
	// A failed attempt to make a unique index leaves one that is not valid.
	if _, err := root.Exec(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY account_changed ON "+tenant.Schema+".account (status)"); err == nil {
		t.Fatal("an index that must fail was made")
	}
	long := connect(t, uri)
	if _, err := long.Exec(t.Context(), "BEGIN; LOCK TABLE "+tenant.Schema+".account IN ACCESS SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() {
		_, err := tenant.Server.Prepare(t.Context(), tenant.Owner, storetest.Logins(), nil)
		migrated <- err
	}()
	reader := connect(t, tenant.PortalURI) // which waits for no lock longer than five seconds
	var slowest time.Duration
	waited, gaveUp := false, false
	for done := false; !done; {
		select {
		case err := <-migrated:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
		began := time.Now()
		for _, table := range []string{"account", "invoice", "contact"} {
			if _, err := reader.Exec(t.Context(), "SELECT FROM "+table+" WHERE id = '77'"); err != nil {
				t.Fatalf("read %s after %s: %v", table, time.Since(began), err)
			}
		}
		slowest = max(slowest, time.Since(began))
		if gaveUp {
			continue
		}
		// The long transaction ends when the migration has waited for it and given up, which
		// a read that came after it may be the first to see.
		waiting := query(t, root, `SELECT 'waits' FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = $1::text::regclass`, tenant.Schema+".account")
		waited = waited || len(waiting) > 0 || slowest > tableLock/2
		if gaveUp = waited && len(waiting) == 0; gaveUp {
			if _, err := long.Exec(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !gaveUp {
		t.Error("the migration did not wait for the long transaction")
	}
	t.Logf("the slowest reads took %s", slowest)
	if invalid := query(t, root, `SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE c.relnamespace = $1::text::regnamespace AND NOT indisvalid`, tenant.Schema); len(invalid) > 0 {
		t.Errorf("indexes that are not valid: %v", invalid)
	}
	if owners := query(t, root, `SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = $1::text::regnamespace`, tenant.Schema); !slices.Equal(owners, []string{tenant.Schema}) {
		t.Errorf("what was made belongs to %v", owners)
	}
	if columns := query(t, root, `SELECT pg_get_indexdef($1::text::regclass)`, tenant.Schema+".account_changed"); !strings.Contains(columns[0], "(updated_at, id)") {
		t.Errorf("the unfinished index was kept: %s", columns[0])
	}
	page, _, err := tenant.Backoffice.Accounts(t.Context(), store.AccountFilter{Group: "gold"}, store.List{Limit: accounts})
	if err != nil || len(page) != accounts/10 {
		t.Fatalf("%d accounts are in the group: %v", len(page), err)
	}
	if began := page[0].StartsOn.Format(time.DateOnly); began != "2024-05-06" {
		t.Errorf("an account that was there before began on %s", began)
	}
}

// tableLock is how long a migration waits for a table.
const tableLock = time.Second
