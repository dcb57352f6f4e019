package admin

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// minVersion is the oldest PostgreSQL that works, as server_version_num.
const minVersion = 150000

// found is what the catalogue says before anything is done.
type found struct {
	Version      int    // server_version_num
	Role         string // the role that the manager works as
	Superuser    bool
	CreateRole   bool
	CreateSchema bool     // may make schemas in the database
	OwnsDatabase bool     // may change who connects to the database
	OwnerRole    bool     // the tenant's owner role exists
	ActAsOwner   bool     // and the manager may SET ROLE to it
	SchemaOwner  string   // empty: there is no schema
	Installed    bool     // the schema has the table installation
	Logins       []string // the tenant's login roles that exist
}

const inspectSQL = `
SELECT current_setting('server_version_num')::int, r.rolname::text, r.rolsuper, r.rolcreaterole,
       has_database_privilege(d.oid, 'CREATE'), d.datdba = r.oid OR (NOT r.rolsuper AND pg_has_role(r.oid, d.datdba, 'USAGE')),
       o.oid IS NOT NULL,
       coalesce(pg_has_role(r.oid, o.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false),
       coalesce(pg_get_userbyid(n.nspowner)::text, ''),
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'installation'),
       ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY($2) ORDER BY rolname)
FROM pg_roles r
JOIN pg_database d ON d.datname = current_database()
LEFT JOIN pg_roles o ON o.rolname = $1
LEFT JOIN pg_namespace n ON n.nspname = $1
WHERE r.rolname = current_user`

// inspect looks, in one round trip, at the server and at what there is of a tenant.
func (s *Server) inspect(ctx context.Context, schema string) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, inspectSQL, schema, loginRoles(schema))
	if err != nil {
		return found{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[found])
}

// tables are those that rights are given on, or must not be. Partitions have none of
// their own: what is asked of the whole table is allowed or refused there.
var tables = []string{
	"account", "account_bucket", "account_group", "api_token", "app_user", "attachment", "attribute_use", "audit",
	"banner", "call", "call_day", "campaign", "ceremony", "change", "contact", "credential_link", "customer_order", "delivery", "device",
	"document", "event", "feed", "goose_db_version", "group_member", "hourly_limit", "idempotency", "installation", "invoice",
	"invoice_line", "note", "notification", "notification_attempt", "notification_lease", "occurrence", "passkey", "payment", "phone_number", "product", "recovery_code", "replica",
	"service", "service_request", "session", "site", "sweep", "throttle", "ticket", "ticket_message", "totp", "webhook", "whole_import",
}

// actualSQL is an expression: a digest of the rights and role settings that there are,
// so that Prepare finds what somebody changed by hand, passwords apart. Schema $1,
// tables $2 and login roles $3 are looked up by index, because a server may hold
// hundreds of thousands of relations.
const actualSQL = `(
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
    SELECT concat_ws(' ', c.relname, c.relacl) AS part FROM pg_class c
    WHERE c.relnamespace = $1::text::regnamespace AND c.relname = ANY($2)
    UNION ALL
    SELECT concat_ws(' ', c.relname, a.attname, a.attacl) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = $1::text::regnamespace AND c.relname = ANY($2) AND a.attacl IS NOT NULL
    UNION ALL
    SELECT nspacl::text FROM pg_namespace WHERE nspname = $1
    UNION ALL
    SELECT concat_ws(' ', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
                     r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil, r.rolconfig, has_database_privilege(r.oid, current_database(), 'CONNECT'),
                     (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid))
    FROM pg_roles r WHERE r.rolname = ANY($3)
) parts)`

// checkVersion refuses a server that is too old.
func checkVersion(version int) error {
	if version >= minVersion {
		return nil
	}
	return problem(TooOld, "the server runs PostgreSQL %s, Foyer needs %d or newer", versionText(version), minVersion/10000)
}

// versionText writes server_version_num as people do: 150018 is 15.18, 90624 is 9.6.24.
func versionText(version int) string {
	if version < 100000 {
		return fmt.Sprintf("%d.%d.%d", version/10000, version/100%100, version%100)
	}
	return fmt.Sprintf("%d.%d", version/10000, version%10000)
}

// checkRights refuses a manager's role that cannot make roles and schemas, and says
// what helps.
func (s *Server) checkRights(f found) error {
	switch {
	case f.Superuser:
		return nil
	case !f.CreateRole:
		return problem(MissingRights, "role %q cannot make roles: run ALTER ROLE %s CREATEROLE", f.Role, name(f.Role))
	case !f.CreateSchema && f.SchemaOwner == "":
		return problem(MissingRights, "role %q cannot make schemas in database %q: run GRANT CREATE ON DATABASE %s TO %s",
			f.Role, s.database, name(s.database), name(f.Role))
	}
	return nil
}
