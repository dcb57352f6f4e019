package admin_test

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

func newOwner() admin.Owner {
	return admin.Owner{ClusterUID: rand.Text(), Namespace: "customers", Name: "acme"}
}

func TestPrepareWritesOnlyWhatIsMissing(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		uri, owner := server.Manager(t), newOwner()
		manager := open(t, uri)
		first, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if first.Migration <= 0 {
			t.Errorf("the first migrations took %s", first.Migration)
		}
		first.Migration = 0
		want := admin.Prepared{Schema: owner.Schema(), SchemaVersion: store.RequiredSchemaVersion}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("first: %s", diff)
		}

		// A transaction that writes takes an id; the test runs alone on its server.
		watch := connect(t, uri)
		nextID := `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`
		before := query(t, watch, nextID)
		again, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("again: %s", diff)
		}
		if diff := cmp.Diff(before, query(t, watch, nextID)); diff != "" {
			t.Errorf("a Prepare with nothing to do wrote: %s", diff)
		}
		if strings.Contains(server.Log(), storetest.Password) {
			t.Error("the server's log holds the password of a login role")
		}
	})
}

func TestPrepareAsSuperuser(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.NewIn(t, server.Database(t), "acme")
		if _, err := tenant.Portal.SchemaVersion(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestPrepareFinishesWhatWasInterrupted leaves behind what each step of a first
// Prepare would, and more.
func TestPrepareFinishesWhatWasInterrupted(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		for what, leave := range map[string][]string{
			"owner role":           {"CREATE ROLE <schema>"},
			"login role":           {"CREATE ROLE <schema>", "CREATE ROLE <schema>_portal LOGIN"},
			"schema":               {"CREATE ROLE <schema>", "GRANT <schema> TO CURRENT_USER", "CREATE SCHEMA <schema> AUTHORIZATION <schema>"},
			"migration half-done":  {"PREPARE", "DELETE FROM <schema>.installation"},
			"login role dropped":   {"PREPARE", "DROP OWNED BY <schema>_backoffice", "DROP ROLE <schema>_backoffice"},
			"right taken away":     {"PREPARE", "REVOKE ALL ON <schema>.account FROM <schema>_portal"},
			"right on a column":    {"PREPARE", "REVOKE ALL ON <schema>.app_user FROM <schema>_portal", "GRANT SELECT ON <schema>.app_user TO <schema>_portal"},
			"right on the schema":  {"PREPARE", "REVOKE ALL ON SCHEMA <schema> FROM <schema>_backoffice"},
			"right given too many": {"PREPARE", "GRANT ALL ON <schema>.invoice TO <schema>_portal"},
			"no login":             {"PREPARE", "ALTER ROLE <schema>_portal NOLOGIN"},
			"search path":          {"PREPARE", "ALTER ROLE <schema>_backoffice RESET search_path"},
			"connect":              {"PREPARE", "REVOKE CONNECT ON DATABASE <database> FROM <schema>_backoffice"},
		} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				uri, owner := server.Manager(t), newOwner()
				manager := open(t, uri)
				for _, sql := range leave {
					if sql == "PREPARE" {
						if _, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil); err != nil {
							t.Fatal(err)
						}
						uri = superuser(t, server, uri)
						continue
					}
					execute(t, uri, strings.NewReplacer("<schema>", owner.Schema(), "<database>", mustParse(t, uri).Path[1:]).Replace(sql))
				}
				prepareAndUse(t, manager, owner)
			})
		}
	})
}

func prepareAndUse(t *testing.T, manager *admin.Server, owner admin.Owner) {
	t.Helper()
	if _, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil); err != nil {
		t.Fatal(err)
	}
	for component := range storetest.Logins() {
		uri, err := manager.LoginURI(owner, component, storetest.Password)
		if err != nil {
			t.Fatal(err)
		}
		conn := connect(t, uri)
		query(t, conn, "SELECT id FROM account")
		if component == admin.Portal {
			if _, err := conn.Exec(t.Context(), "UPDATE app_user SET password_hash = NULL"); err != nil {
				t.Error(err)
			}
			if _, err := conn.Exec(t.Context(), "DELETE FROM invoice"); !denied(err) {
				t.Errorf("the portal deletes invoices: %v", err)
			}
		}
	}
}

func TestPrepareChangesPasswords(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		rotated := storetest.Logins()
		rotated[admin.Portal] = admin.Login{Password: "another one", Replicas: 2}
		if _, err := tenant.Server.Prepare(t.Context(), tenant.Owner, rotated, nil); err != nil {
			t.Fatal(err)
		}
		if conn, err := pgx.Connect(t.Context(), tenant.PortalURI); err == nil {
			t.Error("the old password still works")
			conn.Close(t.Context()) //nolint:errcheck // the test failed
		}
		uri, err := tenant.Server.LoginURI(tenant.Owner, admin.Portal, "another one")
		if err != nil {
			t.Fatal(err)
		}
		connect(t, uri)
		connect(t, tenant.BackofficeURI)
	})
}

// TestConnectionsFollowTheReplicas: all pods of a component, the one more of a rollout,
// and the second pool of each during a rotation of the password can connect.
func TestConnectionsFollowTheReplicas(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		watch := connect(t, superuser(t, server, tenant.PortalURI))
		for _, replicas := range []int32{1, 3, 50, 2} {
			logins := storetest.Logins()
			logins[admin.Portal] = admin.Login{Password: storetest.Password, Replicas: replicas}
			if _, err := tenant.Server.Prepare(t.Context(), tenant.Owner, logins, nil); err != nil {
				t.Fatal(err)
			}
			limits := query(t, watch, `SELECT rolconnlimit::text FROM pg_roles WHERE rolname LIKE $1 || '\_%' ORDER BY rolname`, tenant.Schema)
			one := fmt.Sprint(2 * 2 * store.ConnectionsPerPod) // of backoffice and dispatcher
			want := []string{one, one, fmt.Sprint(2 * (int(replicas) + 1) * store.ConnectionsPerPod)}
			if diff := cmp.Diff(want, limits); diff != "" {
				t.Errorf("%d replicas: %s", replicas, diff)
			}
		}
	})
}

// TestPrepareByTwoManagers: for a moment there can be two leaders.
func TestPrepareByTwoManagers(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri, owner := server.Manager(t), newOwner()
		var wait sync.WaitGroup
		for range 3 {
			manager := open(t, uri)
			wait.Go(func() {
				if _, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	})
}

func TestPrepareKeepsToTheOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri, owner := server.Manager(t), newOwner()
		manager := open(t, uri)
		prepareAndUse(t, manager, owner)
		change := func(sql string) { execute(t, superuser(t, server, uri), sql) }
		change("INSERT INTO " + owner.Schema() + ".account (id, name, status) VALUES ('1', 'Kept', 'Active')")

		change("UPDATE " + owner.Schema() + ".installation SET cluster_uid = 'another', name = 'other'")
		_, err := manager.Prepare(t.Context(), owner, storetest.Logins(), []string{"foyer_0123456789abcdef"})
		wantProblem(t, err, admin.OwnedByAnother, owner.Schema(), "customers/other", "another", "adopt")

		held := func(when string, adopt []string, want bool) {
			t.Helper()
			prepared, err := manager.Prepare(t.Context(), owner, storetest.Logins(), adopt)
			if err != nil || prepared.Adopted != want {
				t.Errorf("%s: %+v, %v", when, prepared, err)
			}
		}
		change("UPDATE " + owner.Schema() + ".delivery SET mode = 'Live', live_since = now()")
		held("adopted", []string{owner.Schema()}, true)
		prepareAndUse(t, manager, owner) // it is its own now, without adopt
		held("a look later", nil, true)
		state := query(t, connect(t, superuser(t, server, uri)), "SELECT concat_ws(' ', mode, adopted, settled) FROM "+owner.Schema()+".delivery")
		if diff := cmp.Diff([]string{"Hold t f"}, state); diff != "" {
			t.Errorf("delivery (-want +got):\n%s", diff)
		}
		change("UPDATE " + owner.Schema() + ".delivery SET adopted = false") // as a document with mode Hold does
		held("when somebody has looked", nil, false)
		kept := query(t, connect(t, superuser(t, server, uri)), "SELECT name FROM "+owner.Schema()+".account")
		if diff := cmp.Diff([]string{"Kept"}, kept); diff != "" {
			t.Error(diff)
		}
	})
}

// TestPrepareInARebuiltCluster: the cluster has another UID, so the tenant's schema has
// another name; data, rights and counts move with it.
func TestPrepareInARebuiltCluster(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		for what, database := range map[string]func(testing.TB) string{"manager": server.Manager, "superuser": server.Database} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				uri := database(t)
				before, other := storetest.NewIn(t, uri, "acme"), storetest.NewIn(t, uri, "other")
				one := store.Account{Row: store.Row{ID: "1"}, Name: "One", Status: "Active"}
				storetest.Accounts(t, before.Backoffice, one)
				after, adopt := newOwner(), []string{"foyer_0123456789abcdef", "public", other.Schema, before.Schema}
				manager := open(t, uri)
				stranger := newOwner()
				stranger.Name = "stranger"
				if _, err := manager.Prepare(t.Context(), stranger, storetest.Logins(), adopt); err != nil {
					t.Fatal(err)
				}
				if _, err := before.Portal.SchemaVersion(t.Context()); err != nil {
					t.Fatalf("a tenant of another name took the schema: %v", err)
				}
				if prepared, err := manager.Prepare(t.Context(), after, storetest.Logins(), adopt); err != nil || !prepared.Adopted {
					t.Fatalf("%+v, %v", prepared, err)
				}
				prepareAndUse(t, manager, after)
				if conn, err := pgx.Connect(t.Context(), before.PortalURI); err == nil {
					t.Error("the old cluster's portal can still sign in")
					conn.Close(t.Context()) //nolint:errcheck // the test failed
				}
				login, err := manager.LoginURI(after, admin.Backoffice, storetest.Password)
				if err != nil {
					t.Fatal(err)
				}
				two := store.Account{Row: store.Row{ID: "2"}, Name: "Two", Status: "Active"}
				storetest.Accounts(t, store.New(storetest.Pool(t, login)), one, two)
				usage, err := manager.Tenant(after.Schema()).Usage(t.Context(), nil)
				if err != nil || usage.Accounts != 2 {
					t.Errorf("%d accounts, %v", usage.Accounts, err)
				}
				if _, err := other.Portal.SchemaVersion(t.Context()); err != nil {
					t.Errorf("the other tenant: %v", err)
				}
				if server.Version() < 16 {
					return // there, members always inherit
				}
				if kept := query(t, connect(t, uri), "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = $1::text::regrole AND inherit_option", after.Schema()); len(kept) > 0 {
					t.Errorf("%v keep the owner's rights", kept)
				}
			})
		}
	})
}

func TestPrepareLeavesForeignSchemas(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri, owner := server.Manager(t), newOwner()
		execute(t, superuser(t, server, uri), "CREATE SCHEMA "+owner.Schema())
		_, err := open(t, uri).Prepare(t.Context(), owner, storetest.Logins(), nil)
		wantProblem(t, err, admin.OwnedByAnother, owner.Schema(), "postgres")
	})
}

func TestMissingRights(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		tests := map[string]struct {
			role  string // attributes of the manager's role
			setUp []string
			words []string
		}{
			"no CREATEROLE":       {role: "LOGIN", words: []string{"ALTER ROLE", "CREATEROLE"}},
			"no CREATE":           {role: "LOGIN CREATEROLE", words: []string{"GRANT CREATE ON DATABASE"}},
			"nobody may connect":  {role: "LOGIN CREATEROLE", setUp: []string{"GRANT CREATE, CONNECT ON DATABASE DB TO ROLE", "REVOKE CONNECT ON DATABASE DB FROM PUBLIC"}, words: []string{"may not connect", "OWNER TO"}},
			"CREATE is enough":    {role: "LOGIN CREATEROLE", setUp: []string{"GRANT CREATE ON DATABASE DB TO ROLE"}},
			"a role of a manager": {role: "LOGIN CREATEROLE", setUp: []string{"GRANT pg_read_all_data TO ROLE", "GRANT CREATE ON DATABASE DB TO ROLE"}},
		}
		for what, test := range tests {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				root := server.Database(t)
				database := mustParse(t, root).Path[1:]
				role := "limited_" + database
				execute(t, root, "CREATE ROLE "+role+" "+test.role+" PASSWORD '"+secret+"'")
				for _, sql := range test.setUp {
					execute(t, root, strings.NewReplacer("DB", database, "TO ROLE", "TO "+role).Replace(sql))
				}
				_, err := open(t, as(t, root, role, secret)).Prepare(t.Context(), newOwner(), storetest.Logins(), nil)
				if test.words == nil {
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantProblem(t, err, admin.MissingRights, append(test.words, role)...)
			})
		}
	})
}

// TestRolesOfAnotherManager: the tenant was prepared by one role of the server and the
// Secret now has another. From PostgreSQL 16 on it has no rights on the first's roles.
func TestRolesOfAnotherManager(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		root, owner := server.Database(t), newOwner()
		prepareAndUse(t, open(t, root), owner)
		database := mustParse(t, root).Path[1:]
		role := "second_" + database
		execute(t, root, "CREATE ROLE "+role+" LOGIN CREATEROLE PASSWORD '"+secret+"'", "GRANT CREATE ON DATABASE "+database+" TO "+role)
		manager := open(t, as(t, root, role, secret))
		_, err := manager.Prepare(t.Context(), owner, storetest.Logins(), nil)
		wantProblem(t, err, admin.MissingRights, "GRANT CONNECT ON DATABASE", database, role)
		execute(t, root, "GRANT CONNECT ON DATABASE "+database+" TO "+role)
		_, err = manager.Prepare(t.Context(), owner, storetest.Logins(), nil)
		if server.Version() < 16 {
			if err != nil {
				t.Error(err)
			}
			return
		}
		wantProblem(t, err, admin.MissingRights, role, "GRANT", owner.Schema(), "SET TRUE")
		execute(t, root, `GRANT `+owner.Schema()+` TO `+role+` WITH SET TRUE, INHERIT FALSE`)
		_, err = manager.Prepare(t.Context(), owner, map[string]admin.Login{admin.Portal: {Password: "new"}, admin.Backoffice: {Password: "new"}}, nil)
		wantProblem(t, err, admin.MissingRights, role, "ADMIN OPTION", owner.Schema()+"_backoffice")
		for component := range storetest.Logins() {
			execute(t, root, `GRANT `+owner.Schema()+`_`+component+` TO `+role+` WITH ADMIN OPTION`)
		}
		prepareAndUse(t, manager, owner)
	})
}

func TestPrepareRefusesOddLogins(t *testing.T) {
	manager := open(t, oldest.Manager(t))
	for what, logins := range map[string]map[string]admin.Login{
		"unknown component": {"archive": {Password: "x"}},
		"no password":       {admin.Portal: {}},
		"not ASCII":         {admin.Portal: {Password: "pässword"}},
	} {
		if _, err := manager.Prepare(t.Context(), newOwner(), logins, nil); err == nil {
			t.Errorf("%s: want an error", what)
		}
	}
}

func TestLoginURI(t *testing.T) {
	owner := admin.Owner{ClusterUID: "c", Namespace: "n", Name: "t"}
	role := owner.Schema() + "_portal"
	tests := map[string]string{
		"postgres://m:s@db.example:6432/foyer":                                                   "postgres://" + role + ":p%40ss@db.example:6432/foyer",
		"postgresql://m:s@db.example":                                                            "postgres://" + role + ":p%40ss@db.example/m",
		"postgres://m:s@db/foyer?sslmode=verify-full&pool_max_conns=9&search_path=x":             "postgres://" + role + ":p%40ss@db/foyer?sslmode=verify-full",
		"postgres://m:s@a:1,b:2/foyer?target_session_attrs=read-write":                           "postgres://" + role + ":p%40ss@a:1,b:2/foyer?target_session_attrs=read-write",
		"postgres://m:s@[::1]:5432/foyer?sslmode=verify-full&sslrootcert=system&user=a&options=": "postgres://" + role + ":p%40ss@[::1]:5432/foyer?sslmode=verify-full&sslrootcert=system",
	}
	for uri, want := range tests {
		got, err := open(t, uri).LoginURI(owner, admin.Portal, "p@ss")
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", uri, got, err, want)
		}
		if parsed, err := url.Parse(got); err != nil || parsed.User.Username() != role {
			t.Errorf("%s: %v", got, err)
		}
	}
	if _, err := open(t, "postgres://db/foyer").LoginURI(owner, "nobody", "x"); err == nil {
		t.Error("a component that does not exist has a URI")
	}
}
