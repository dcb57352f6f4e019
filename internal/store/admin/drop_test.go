package admin_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// leftOf names the schemas and roles that begin with a schema's name.
func leftOf(t *testing.T, root, schema string) []string {
	t.Helper()
	return query(t, connect(t, root), `
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE $1 || '%'
UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname LIKE $1 || '%' ORDER BY 1`, schema)
}

// TestDrop: data and roles go whoever is signed in, those of others stay, and what was
// interrupted is finished.
func TestDrop(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		for what, leave := range map[string][]string{
			"all of it":                 nil,
			"both logins of the portal": {"CREATE ROLE <schema>_portal_2 LOGIN", "GRANT <schema>_portal_2 TO <manager> WITH ADMIN OPTION", "GRANT SELECT ON <schema>.account TO <schema>_portal_2"},
			"roles only":                {"DROP SCHEMA <schema> CASCADE"},
			"the owner's role only":     {"DROP SCHEMA <schema> CASCADE", "DROP OWNED BY <schema>_portal, <schema>_backoffice, <schema>_dispatcher", "DROP ROLE <schema>_portal, <schema>_backoffice, <schema>_dispatcher"},
			"no row of the owner":       {"DELETE FROM <schema>.installation"},
			"no table of the owner":     {"DROP TABLE <schema>.installation"},
			"default privileges":        {"ALTER DEFAULT PRIVILEGES FOR ROLE <schema> IN SCHEMA <schema> GRANT SELECT ON TABLES TO <schema>_portal"},
		} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				uri := server.Manager(t)
				tenant, other := storetest.NewIn(t, uri, "acme"), storetest.NewIn(t, uri, "other")
				root := superuser(t, server, uri)
				for _, sql := range leave {
					execute(t, root, strings.NewReplacer("<schema>", tenant.Schema, "<manager>", mustParse(t, uri).User.Username()).Replace(sql))
				}
				user := connect(t, other.PortalURI)
				if what == "all of it" {
					user = connect(t, tenant.PortalURI)
					if _, err := user.Exec(t.Context(), "BEGIN; SELECT * FROM account"); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 { // the second finds nothing
					if err := tenant.Server.Drop(t.Context(), tenant.Owner); err != nil {
						t.Fatal(err)
					}
				}
				if left := leftOf(t, root, tenant.Schema); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
				if what == "all of it" && user.Ping(t.Context()) == nil {
					t.Error("a session of the tenant goes on")
				}
				if !signsIn(t, other.PortalURI) {
					t.Error("the other tenant is gone too")
				}
				prepareAndUse(t, tenant.Server, tenant.Owner)
			})
		}
	})
}

// TestDropKeepsToTheOwner: what the table installation does not call the Tenant's stays.
func TestDropKeepsToTheOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		for what, test := range map[string]struct{ sql, words string }{
			"another owner":     {"UPDATE <schema>.installation SET name = 'other'", "/other of cluster"},
			"another cluster":   {"UPDATE <schema>.installation SET cluster_uid = 'another'", "cluster another"},
			"somebody's schema": {"ALTER SCHEMA <schema> OWNER TO postgres", `role "postgres"`},
		} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				tenant := storetest.New(t, server)
				root := superuser(t, server, tenant.PortalURI)
				execute(t, root, strings.ReplaceAll(test.sql, "<schema>", tenant.Schema))
				before := leftOf(t, root, tenant.Schema)
				wantProblem(t, tenant.Server.Drop(t.Context(), tenant.Owner), admin.OwnedByAnother, test.words)
				if diff := cmp.Diff(before, leftOf(t, root, tenant.Schema)); diff != "" {
					t.Errorf("schemas and roles (-before +after):\n%s", diff)
				}
				if !signsIn(t, tenant.PortalURI) {
					t.Error("its people cannot sign in any more")
				}
			})
		}
	})
}

// TestOldClusterFindsItsDataTakenOver: what is signed in there is signed out, its manager
// stalls where it would begin with an empty schema, and can take the data back.
func TestOldClusterFindsItsDataTakenOver(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri := server.Manager(t)
		old := storetest.NewIn(t, uri, "acme")
		storetest.Accounts(t, old.Backoffice, store.Account{Row: store.Row{ID: "1"}, Name: "One", Status: "Active"})
		dispatcher := connect(t, old.DispatcherURI)
		if _, err := dispatcher.Exec(t.Context(), "SELECT state FROM notification"); err != nil {
			t.Fatal(err)
		}
		after := newOwner()
		manager := open(t, uri)
		if _, err := manager.Prepare(t.Context(), after, storetest.Logins(), []string{old.Schema}); err != nil {
			t.Fatal(err)
		}
		if _, err := dispatcher.Exec(t.Context(), "SELECT state FROM notification"); err == nil {
			t.Error("the old cluster's dispatcher still reads what is to be sent")
		}
		if signsIn(t, old.DispatcherURI) {
			t.Error("it can sign in")
		}
		if err := old.Admin.SaveDocument(t.Context(), "settings", "sha256:old", "old"); err == nil {
			t.Error("the old cluster's manager still writes")
		}
		for range 2 {
			_, err := old.Server.Prepare(t.Context(), old.Owner, storetest.Logins(), nil)
			wantProblem(t, err, admin.OwnedByAnother, "taken over", after.Schema(), "adopt")
		}
		wantProblem(t, old.Server.Drop(t.Context(), old.Owner), admin.OwnedByAnother, after.Schema())
		prepareAndUse(t, manager, after)

		_, err := old.Server.Prepare(t.Context(), old.Owner, storetest.Logins(), []string{"foyer_0123456789abcdef"})
		wantProblem(t, err, admin.OwnedByAnother, "taken over")
		back, err := old.Server.Prepare(t.Context(), old.Owner, storetest.Logins(), []string{after.Schema()})
		if err != nil || !back.Adopted {
			t.Fatalf("taken back: %+v, %v", back, err)
		}
		prepareAndUse(t, old.Server, old.Owner)
		if usage, err := old.Admin.Usage(t.Context(), nil); err != nil || usage.Accounts != 1 {
			t.Errorf("%d accounts, %v", usage.Accounts, err)
		}
		_, err = manager.Prepare(t.Context(), after, storetest.Logins(), nil)
		wantProblem(t, err, admin.OwnedByAnother, "taken over", old.Schema)

		// Who deletes its data for good leaves nothing of either name.
		if err := old.Server.Drop(t.Context(), old.Owner); err != nil {
			t.Fatal(err)
		}
		root := superuser(t, server, uri)
		if left := append(leftOf(t, root, old.Schema), leftOf(t, root, after.Schema())...); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestDropByHand: the lines of docs/databases.md leave nothing, whose turn it is of the logins.
func TestDropByHand(t *testing.T) {
	page, err := os.ReadFile("../../../docs/databases.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(page), "```sql\nDROP SCHEMA foyer_HASH")
	lines, _, found := strings.Cut("DROP SCHEMA foyer_HASH"+lines, "```")
	if !found {
		t.Fatal("the page has no such lines")
	}
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		uri := server.Manager(t)
		tenant := storetest.NewIn(t, uri, "acme")
		prepareLogin(t, tenant, admin.Login{Password: storetest.Password, Next: "second"})
		prepareLogin(t, tenant, admin.Login{Password: "second", Second: true})
		if err := tenant.Server.EndLogin(t.Context(), tenant.Owner, admin.Portal, false); err != nil {
			t.Fatal(err)
		}
		root := superuser(t, server, uri)
		execute(t, root, strings.ReplaceAll(lines, "foyer_HASH", tenant.Schema))
		if left := leftOf(t, root, tenant.Schema); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}
