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
	CreateSchema bool   // may make schemas in the database
	OwnsDatabase bool   // may change who connects to the database
	OwnerRole    bool   // the tenant's owner role exists
	ActAsOwner   bool   // and the manager may SET ROLE to it
	Logins       int    // how many of the login roles exist
	SchemaOwner  string // empty: there is no schema
	Installed    bool   // the schema has the table installation
}

const inspectSQL = `
SELECT current_setting('server_version_num')::int, r.rolname::text, r.rolsuper, r.rolcreaterole,
       has_database_privilege(d.oid, 'CREATE'), d.datdba = r.oid OR (NOT r.rolsuper AND pg_has_role(r.oid, d.datdba, 'USAGE')),
       o.oid IS NOT NULL,
       coalesce(pg_has_role(r.oid, o.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false),
       (SELECT count(*)::int FROM pg_roles WHERE rolname = ANY($2)),
       coalesce(pg_get_userbyid(n.nspowner)::text, ''),
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'installation')
FROM pg_roles r
JOIN pg_database d ON d.datname = current_database()
LEFT JOIN pg_roles o ON o.rolname = $1
LEFT JOIN pg_namespace n ON n.nspname = $1
WHERE r.rolname = current_user`

// inspect looks, in one round trip, at the server and at what there is of a tenant.
func (s *Server) inspect(ctx context.Context, schema string, roles []string) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, inspectSQL, schema, roles)
	if err != nil {
		return found{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[found])
}

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
