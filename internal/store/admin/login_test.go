package admin_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// signsIn says whether a URI works, and may read what its component may.
func signsIn(t *testing.T, uri string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		return false
	}
	defer conn.Close(t.Context()) //nolint:errcheck // it was only looked at
	if _, err := conn.Exec(t.Context(), "SELECT id FROM account"); err != nil {
		t.Errorf("signed in, and may read nothing: %v", err)
	}
	return true
}

// prepareLogin prepares with another login of the portal, and says of which components a
// former one is left.
func prepareLogin(t *testing.T, tenant *storetest.Tenant, l admin.Login) []string {
	t.Helper()
	logins := storetest.Logins()
	l.Replicas = 2
	logins[admin.Portal] = l
	prepared, err := tenant.Server.Prepare(t.Context(), tenant.Owner, logins, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tenant.Server.Prepare(t.Context(), tenant.Owner, logins, nil)
	if err != nil || !slices.Equal(prepared.Former, again.Former) {
		t.Errorf("another look finds %v (%v), the first found %v", again.Former, err, prepared.Former)
	}
	return prepared.Former
}

// TestLoginsTakeTurns: at every moment there is a login that works, and the former one goes
// when it is told to.
func TestLoginsTakeTurns(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		second, err := tenant.Server.SecondLoginURI(tenant.Owner, admin.Portal, "second")
		if err != nil {
			t.Fatal(err)
		}
		third, err := tenant.Server.LoginURI(tenant.Owner, admin.Portal, "third")
		if err != nil {
			t.Fatal(err)
		}
		works := func(when string, want ...bool) {
			t.Helper()
			got := []bool{signsIn(t, tenant.PortalURI), signsIn(t, second), signsIn(t, third)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, of the first, the second and the third (-want +got):\n%s", when, diff)
			}
		}
		works("before", true, false, false)
		former := prepareLogin(t, tenant, admin.Login{Password: storetest.Password, Next: "second"})
		if len(former) > 0 {
			t.Errorf("%v are left before it is their turn", former)
		}
		works("the second is made", true, true, false)
		former = prepareLogin(t, tenant, admin.Login{Password: "second", Second: true})
		if diff := cmp.Diff([]string{admin.Portal}, former); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		works("it is its turn", true, true, false)

		user := connect(t, tenant.PortalURI)
		end := func() {
			t.Helper()
			if err := tenant.Server.EndLogin(t.Context(), tenant.Owner, admin.Portal, true); err != nil {
				t.Fatal(err)
			}
		}
		end()
		if err := user.Ping(t.Context()); err == nil {
			t.Error("a session of the former login goes on")
		}
		works("the first has ended", false, true, false)
		end() // once more changes nothing
		former = prepareLogin(t, tenant, admin.Login{Password: "second", Second: true})
		roles := query(t, connect(t, superuser(t, server, second)), `SELECT rolname::text FROM pg_roles WHERE rolname LIKE $1 || '%' ORDER BY 1`, tenant.Schema)
		want := []string{tenant.Schema, tenant.Schema + "_backoffice", tenant.Schema + "_dispatcher", tenant.Schema + "_portal_2"}
		if diff := cmp.Diff([][]string{nil, want}, [][]string{former, roles}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("left, and roles (-want +got):\n%s", diff)
		}

		prepareLogin(t, tenant, admin.Login{Password: "second", Second: true, Next: "third"})
		works("the first is made again", false, true, true)
		prepareLogin(t, tenant, admin.Login{Password: "third"})
		if err := tenant.Server.EndLogin(t.Context(), tenant.Owner, admin.Portal, false); err != nil {
			t.Fatal(err)
		}
		works("a round later", false, false, true)
	})
}

// TestEndedLoginOfAnotherManager: from PostgreSQL 16 on a role is ended by who may
// administer it only, and the Problem says how to.
func TestEndedLoginOfAnotherManager(t *testing.T) {
	tenant := storetest.NewIn(t, newest.Database(t), "acme")
	database := mustParse(t, tenant.PortalURI).Path[1:]
	role := "ender_" + database
	root := superuser(t, newest, tenant.PortalURI)
	execute(t, root, "CREATE ROLE "+role+" LOGIN CREATEROLE PASSWORD '"+secret+"'", "GRANT CONNECT ON DATABASE "+database+" TO "+role)
	stranger := open(t, as(t, root, role, secret))
	err := stranger.EndLogin(t.Context(), tenant.Owner, admin.Portal, true)
	wantProblem(t, err, admin.MissingRights, role, tenant.Schema+"_portal", "ADMIN OPTION")
	if !signsIn(t, tenant.PortalURI) {
		t.Error("the login does not work any more")
	}
}
