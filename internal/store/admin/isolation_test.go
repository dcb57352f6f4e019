package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// privilegesSQL lists whatever a role may do with anything in a schema, with the
// schema itself, with its roles. It asks the server about each object and each
// privilege there is, so rights that come by PUBLIC or by membership count too.
const privilegesSQL = `
WITH of_table(privilege) AS (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')),
of_sequence(privilege) AS (VALUES ('USAGE'), ('SELECT'), ('UPDATE')),
of_schema(privilege) AS (VALUES ('USAGE'), ('CREATE'))
SELECT privilege || ' ON ' || relname FROM pg_class, of_table
WHERE relnamespace = $2::text::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege($1::text::name, pg_class.oid, privilege)
UNION ALL
SELECT privilege || '(' || attname || ') ON ' || relname
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) of_column(privilege)
WHERE relnamespace = $2::text::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
  AND has_column_privilege($1::text::name, pg_class.oid, attnum, privilege) AND NOT has_table_privilege($1::text::name, pg_class.oid, privilege)
UNION ALL
SELECT privilege || ' ON SEQUENCE ' || relname FROM pg_class, of_sequence
WHERE relnamespace = $2::text::regnamespace AND relkind = 'S' AND has_sequence_privilege($1::text::name, pg_class.oid, privilege)
UNION ALL
SELECT 'EXECUTE ON FUNCTION ' || proname FROM pg_proc
WHERE pronamespace = $2::text::regnamespace AND has_function_privilege($1::text::name, oid, 'EXECUTE')
UNION ALL
SELECT privilege || ' ON SCHEMA' FROM of_schema WHERE has_schema_privilege($1::text::name, $2::text, privilege)
UNION ALL
SELECT 'MEMBER OF ' || rolname FROM pg_roles
WHERE (rolname = $2 OR rolname LIKE $2 || '\_%') AND rolname <> $1 AND pg_has_role($1::text::name, oid, 'MEMBER')`

func privileges(t *testing.T, conn *pgx.Conn, role, schema string) []string {
	t.Helper()
	list := query(t, conn, privilegesSQL, role, schema)
	slices.Sort(list)
	return list
}

// TestLoginRolesHaveExactlyTheirRights lists the rights, so that each change of them
// shows in review.
func TestLoginRolesHaveExactlyTheirRights(t *testing.T) {
	want := map[string][]string{
		admin.Portal: {
			"DELETE ON app_user", "DELETE ON ceremony", "DELETE ON contact", "DELETE ON device", "DELETE ON notification",
			"DELETE ON notification_attempt", "DELETE ON passkey", "DELETE ON recovery_code", "DELETE ON session",
			"DELETE ON throttle", "DELETE ON totp", "INSERT ON app_user", "INSERT ON audit", "INSERT ON ceremony",
			"INSERT ON change", "INSERT ON contact", "INSERT ON credential_link", "INSERT ON customer_order", "INSERT ON device",
			"INSERT ON event", "INSERT ON passkey", "INSERT ON recovery_code", "INSERT ON replica", "INSERT ON service_request",
			"INSERT ON session", "INSERT ON throttle", "INSERT ON totp", "SELECT ON account", "SELECT ON account_group",
			"SELECT ON app_user", "SELECT ON attachment", "SELECT ON audit", "SELECT ON banner", "SELECT ON ceremony",
			"SELECT ON contact", "SELECT ON credential_link", "SELECT ON customer_order", "SELECT ON device", "SELECT ON feed",
			"SELECT ON goose_db_version", "SELECT ON invoice", "SELECT ON invoice_line", "SELECT ON notification",
			"SELECT ON passkey", "SELECT ON payment", "SELECT ON product", "SELECT ON recovery_code", "SELECT ON replica",
			"SELECT ON service", "SELECT ON service_request", "SELECT ON session", "SELECT ON site", "SELECT ON throttle",
			"SELECT ON totp", "SELECT(account_id) ON ticket", "SELECT(contact_id) ON ticket", "SELECT(id) ON ticket",
			"SELECT(notification_id) ON notification_attempt", "SELECT(version) ON ticket", "UPDATE ON app_user",
			"UPDATE ON ceremony", "UPDATE ON contact", "UPDATE ON credential_link", "UPDATE ON device", "UPDATE ON feed",
			"UPDATE ON passkey", "UPDATE ON replica", "UPDATE ON session", "UPDATE ON throttle", "UPDATE ON totp",
			"UPDATE(address) ON account", "UPDATE(address) ON notification", "UPDATE(attributes) ON account",
			"UPDATE(bcc) ON notification", "UPDATE(cc) ON notification", "UPDATE(closed_by) ON banner",
			"UPDATE(contact_id) ON service_request", "UPDATE(contact_id) ON ticket", "UPDATE(phone) ON account", "UPDATE(reason) ON notification",
			"UPDATE(state) ON notification", "UPDATE(tax_id) ON account", "UPDATE(updated_at) ON account",
			"UPDATE(updated_at) ON customer_order", "UPDATE(updated_at) ON notification", "UPDATE(updated_at) ON service_request",
			"UPDATE(updated_at) ON site", "UPDATE(updated_at) ON ticket", "UPDATE(version) ON account", "UPDATE(version) ON ticket",
			"USAGE ON SCHEMA", "USAGE ON SEQUENCE order_number", "USAGE ON SEQUENCE request_number",
		},
		admin.Backoffice: {
			"DELETE ON account_group", "DELETE ON api_token", "DELETE ON app_user", "DELETE ON attachment", "DELETE ON campaign",
			"DELETE ON contact", "DELETE ON customer_order", "DELETE ON invoice", "DELETE ON invoice_line", "DELETE ON note",
			"DELETE ON notification", "DELETE ON notification_attempt", "DELETE ON payment", "DELETE ON phone_number",
			"DELETE ON product", "DELETE ON service", "DELETE ON service_request", "DELETE ON session", "DELETE ON site",
			"INSERT ON account", "INSERT ON account_group", "INSERT ON api_token", "INSERT ON app_user", "INSERT ON attachment",
			"INSERT ON audit", "INSERT ON call", "INSERT ON call_day", "INSERT ON campaign", "INSERT ON change", "INSERT ON contact",
			"INSERT ON credential_link", "INSERT ON customer_order", "INSERT ON event", "INSERT ON idempotency", "INSERT ON invoice",
			"INSERT ON invoice_line", "INSERT ON note", "INSERT ON payment", "INSERT ON phone_number", "INSERT ON product",
			"INSERT ON replica", "INSERT ON service", "INSERT ON service_request", "INSERT ON site", "INSERT ON ticket",
			"INSERT ON ticket_message", "SELECT ON account", "SELECT ON account_bucket", "SELECT ON account_group",
			"SELECT ON api_token", "SELECT ON app_user", "SELECT ON attachment", "SELECT ON attribute_use", "SELECT ON audit",
			"SELECT ON call", "SELECT ON call_day", "SELECT ON campaign", "SELECT ON change", "SELECT ON contact",
			"SELECT ON credential_link", "SELECT ON customer_order", "SELECT ON delivery", "SELECT ON document", "SELECT ON event",
			"SELECT ON feed", "SELECT ON goose_db_version", "SELECT ON group_member", "SELECT ON idempotency", "SELECT ON invoice",
			"SELECT ON invoice_line", "SELECT ON note", "SELECT ON notification", "SELECT ON notification_attempt",
			"SELECT ON notification_lease", "SELECT ON occurrence", "SELECT ON payment", "SELECT ON phone_number",
			"SELECT ON product", "SELECT ON replica", "SELECT ON service", "SELECT ON service_request", "SELECT ON site",
			"SELECT ON sweep", "SELECT ON ticket", "SELECT ON ticket_message", "SELECT ON webhook", "SELECT ON whole_import",
			"SELECT(contact_id) ON session", "UPDATE ON account", "UPDATE ON account_group", "UPDATE ON app_user",
			"UPDATE ON attachment", "UPDATE ON call_day", "UPDATE ON campaign", "UPDATE ON contact", "UPDATE ON credential_link",
			"UPDATE ON customer_order", "UPDATE ON feed", "UPDATE ON idempotency", "UPDATE ON invoice", "UPDATE ON invoice_line",
			"UPDATE ON note", "UPDATE ON payment", "UPDATE ON phone_number", "UPDATE ON product", "UPDATE ON replica",
			"UPDATE ON service", "UPDATE ON service_request", "UPDATE ON site", "UPDATE ON ticket", "UPDATE ON ticket_message",
			"UPDATE ON whole_import", "UPDATE(address) ON notification", "UPDATE(bcc) ON notification", "UPDATE(cc) ON notification",
			"UPDATE(detail) ON notification", "UPDATE(due_at) ON notification", "UPDATE(last_used_at) ON api_token",
			"UPDATE(reason) ON notification", "UPDATE(receipt) ON notification", "UPDATE(spared) ON notification",
			"UPDATE(state) ON notification", "UPDATE(turn_at) ON notification", "UPDATE(updated_at) ON notification",
			"USAGE ON SCHEMA", "USAGE ON SEQUENCE ticket_number",
		},
		admin.Dispatcher: {
			"DELETE ON notification_lease", "DELETE ON webhook", "INSERT ON audit", "INSERT ON banner", "INSERT ON change",
			"INSERT ON note", "INSERT ON notification", "INSERT ON notification_attempt", "INSERT ON notification_lease",
			"INSERT ON occurrence", "INSERT ON replica", "INSERT ON webhook", "SELECT ON account", "SELECT ON attachment",
			"SELECT ON contact", "SELECT ON delivery", "SELECT ON event", "SELECT ON feed", "SELECT ON goose_db_version",
			"SELECT ON hourly_limit", "SELECT ON invoice", "SELECT ON note", "SELECT ON notification", "SELECT ON notification_lease",
			"SELECT ON occurrence", "SELECT ON replica", "SELECT ON sweep", "SELECT ON webhook", "SELECT(addresses) ON credential_link",
			"SELECT(completed_at) ON credential_link", "SELECT(contact_id) ON credential_link", "SELECT(contact_id) ON ticket",
			"SELECT(email) ON app_user", "SELECT(email_verified_at) ON app_user", "SELECT(expires_at) ON credential_link",
			"SELECT(id) ON app_user", "SELECT(id) ON credential_link", "SELECT(id) ON ticket", "SELECT(purpose) ON credential_link",
			"SELECT(voided_at) ON credential_link", "UPDATE ON delivery", "UPDATE ON feed", "UPDATE ON hourly_limit",
			"UPDATE ON notification", "UPDATE ON notification_lease", "UPDATE ON replica", "UPDATE ON sweep", "UPDATE ON webhook", "UPDATE(updated_at) ON note",
			"USAGE ON SCHEMA", "USAGE ON SEQUENCE lease_number",
		},
	}
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		root := connect(t, superuser(t, server, tenant.PortalURI))
		for component, list := range want {
			if diff := cmp.Diff(list, privileges(t, root, tenant.Schema+"_"+component, tenant.Schema)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", component, diff)
			}
		}
		everyone := query(t, root, `
SELECT a.privilege_type FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() AND a.grantee = 0
UNION ALL
SELECT 'EXECUTE ' || p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE p.pronamespace = $1::text::regnamespace AND a.grantee = 0`, tenant.Schema)
		if len(everyone) > 0 {
			t.Errorf("everyone has %v", everyone)
		}
		settings := query(t, root, `SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = $1::text::regrole`, tenant.Schema+"_portal")
		if diff := cmp.Diff([]string{"search_path=" + tenant.Schema + ", pg_temp", "statement_timeout=10s", "lock_timeout=5s",
			"idle_in_transaction_session_timeout=15s", "jit=off"}, settings); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTenantsCannotReachEachOther: no login role of tenant A has any privilege on
// anything of tenant B, in the same database or in another, and every attempt fails.
func TestTenantsCannotReachEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri := server.Manager(t)
		a, b := storetest.NewIn(t, uri, "a"), storetest.NewIn(t, uri, "b")
		elsewhere := storetest.New(t, server)
		root := connect(t, superuser(t, server, uri))
		for component, uri := range map[string]string{admin.Portal: a.PortalURI, admin.Backoffice: a.BackofficeURI, admin.Dispatcher: a.DispatcherURI} {
			t.Run(component, func(t *testing.T) {
				role := a.Schema + "_" + component
				if list := privileges(t, root, role, b.Schema); len(list) > 0 {
					t.Errorf("%s has %v", role, list)
				}
				conn := connect(t, uri)
				for _, sql := range attempts(t, root, a.Schema, b.Schema) {
					if _, err := conn.Exec(t.Context(), sql); !denied(err) {
						t.Errorf("%s: got %v, want permission denied", sql, err)
					}
				}
				other := mustParse(t, uri)
				other.Path = mustParse(t, elsewhere.PortalURI).Path
				if conn, err := pgx.Connect(t.Context(), other.String()); !denied(err) {
					t.Errorf("connect to another tenant's database: got %v %v, want permission denied", conn, err)
				}
				if _, err := pgx.Connect(t.Context(), as(t, uri, b.Schema+"_"+component, "guess")); err == nil {
					t.Error("signs in as the other tenant with a wrong password")
				}
				if _, err := pgx.Connect(t.Context(), as(t, uri, b.Schema, storetest.Password)); err == nil {
					t.Error("signs in as the owner of the other tenant")
				}
			})
		}
	})
}

// TestTablesAreAllWatched: a table that a migration adds has to be watched by Prepare.
func TestTablesAreAllWatched(t *testing.T) {
	t.Parallel()
	tenant := storetest.New(t, newest)
	root := connect(t, superuser(t, newest, tenant.PortalURI))
	all := query(t, root, `SELECT relname::text FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition ORDER BY 1`, tenant.Schema)
	if diff := cmp.Diff(all, admin.Tables); diff != "" {
		t.Errorf("(-there +watched):\n%s", diff)
	}
}

// attempts are statements that a broken-into process of tenant a could try: on
// everything of tenant b, and to gain rights.
func attempts(t *testing.T, root *pgx.Conn, a, b string) []string {
	t.Helper()
	tables := query(t, root, `SELECT relname::text FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'r'`, b)
	sequences := query(t, root, `SELECT relname::text FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'S'`, b)
	functions := query(t, root, `SELECT proname::text FROM pg_proc WHERE pronamespace = $1::text::regnamespace`, b)
	if len(tables) < 14 || len(sequences) < 1 || len(functions) < 1 {
		t.Fatalf("found only %v %v %v", tables, sequences, functions)
	}
	var list []string
	for _, name := range tables {
		for _, sql := range []string{"SELECT FROM %s", "INSERT INTO %s DEFAULT VALUES", "DELETE FROM %s", "TRUNCATE %s", "COPY %s TO STDOUT",
			"DO $$ BEGIN LOCK TABLE %s; END $$", "ALTER TABLE %s ADD x text", "DROP TABLE %s", "CREATE INDEX ON %s ((1))"} {
			list = append(list, fmt.Sprintf(sql, b+"."+name))
		}
	}
	for _, name := range sequences {
		list = append(list, fmt.Sprintf("SELECT nextval('%s.%s')", b, name))
	}
	for _, name := range functions {
		list = append(list, fmt.Sprintf("SELECT %s.%s()", b, name))
	}
	const rest = `SET ROLE <b>
SET ROLE <b>_portal
SET ROLE <a>
SET SESSION AUTHORIZATION <b>_portal
CREATE TABLE <b>.mine (x text)
CREATE TABLE <a>.mine (x text)
CREATE TABLE public.mine (x text)
CREATE TEMP TABLE mine (x text)
CREATE SCHEMA mine
CREATE ROLE mine
CREATE DATABASE mine
DROP SCHEMA <b> CASCADE
ALTER ROLE <b>_portal PASSWORD 'mine'
GRANT <b> TO <a>_portal
GRANT <b>_portal TO <a>_portal
GRANT USAGE ON SCHEMA <b> TO <a>_portal
ALTER FUNCTION <a>.count_accounts() SECURITY INVOKER
SELECT rolpassword FROM pg_authid
SELECT pg_read_file('/etc/passwd')
COPY account TO PROGRAM 'true'
SELECT FROM installation
DELETE FROM account_bucket
DELETE FROM group_member
DELETE FROM document
DELETE FROM account
SELECT FROM call_default
DELETE FROM call
UPDATE call SET account_id = 'mine'
UPDATE installation SET name = 'mine'
UPDATE api_token SET secret_hash = 'x'`
	return append(list, strings.Split(strings.NewReplacer("<a>", a, "<b>", b).Replace(rest), "\n")...)
}
