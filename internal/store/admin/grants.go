package admin

import (
	"fmt"
	"slices"
	"strings"
)

// login says what the login role of a component has.
type login struct {
	settings    []string // role settings, without search_path
	connections int      // for all replicas, twice during a rotation of the password
	grants      []string // "privileges ON object"
}

// logins is the one list of what the components may do. A privilege enters it with
// the method of the store that needs it.
var logins = map[string]login{
	Portal: {
		settings: []string{
			"statement_timeout TO '10s'", "lock_timeout TO '5s'",
			"idle_in_transaction_session_timeout TO '15s'",
		},
		connections: 60,
		grants: []string{
			"SELECT ON account", "SELECT ON account_group", "SELECT ON app_user", "SELECT ON contact", "SELECT ON invoice",
			"SELECT, INSERT ON audit",
			"SELECT, INSERT, UPDATE, DELETE ON session", "SELECT, INSERT, UPDATE, DELETE ON throttle",
			"UPDATE (password_hash, version, updated_at) ON app_user",
			"SELECT, INSERT, UPDATE ON replica", "SELECT ON goose_db_version",
		},
	},
	Backoffice: {
		settings: []string{
			"statement_timeout TO '30s'", "lock_timeout TO '10s'",
			"idle_in_transaction_session_timeout TO '30s'",
			// A first import fills empty tables: a plan that was made for them and kept
			// would read whole tables for each batch that follows.
			"plan_cache_mode TO 'force_custom_plan'",
		},
		connections: 40,
		grants: []string{
			"SELECT, INSERT, UPDATE ON account", "SELECT, INSERT, UPDATE ON account_group",
			"SELECT, INSERT, UPDATE ON app_user", "SELECT, INSERT, UPDATE ON contact", "SELECT, INSERT, UPDATE ON invoice",
			"SELECT, INSERT ON audit",
			"SELECT (contact_id), DELETE ON session",
			"SELECT, UPDATE (last_used_at) ON api_token",
			"SELECT, INSERT, UPDATE ON replica", "SELECT ON goose_db_version",
		},
	},
}

// roleSettings are the statements that set up a login role, its password apart.
func roleSettings(schema, component string) []string {
	role, l := name(loginRole(schema, component)), logins[component]
	statements := []string{
		fmt.Sprintf("ALTER ROLE %s LOGIN NOINHERIT CONNECTION LIMIT %d", role, l.connections),
		fmt.Sprintf("ALTER ROLE %s SET search_path TO %s, pg_temp", role, name(schema)),
	}
	for _, setting := range l.settings {
		statements = append(statements, fmt.Sprintf("ALTER ROLE %s SET %s", role, setting))
	}
	return statements
}

// grantStatements give a login role exactly its rights in the schema: all that it had
// goes first, in the same transaction.
func grantStatements(schema, component string) []string {
	role := name(loginRole(schema, component))
	statements := []string{
		fmt.Sprintf("REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("REVOKE ALL ON ALL SEQUENCES IN SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("REVOKE ALL ON SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", name(schema), role),
	}
	for _, grant := range logins[component].grants {
		statements = append(statements, fmt.Sprintf("GRANT %s TO %s", grant, role))
	}
	return statements
}

// quote writes a string literal.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// components lists the components of a set of logins in a fixed order, or names the
// one that has no rights declared.
func components(passwords map[string]string) ([]string, error) {
	var list []string
	for component := range passwords {
		if _, known := logins[component]; !known {
			return nil, fmt.Errorf("store: there is no login role for component %q", component)
		}
		list = append(list, component)
	}
	slices.Sort(list)
	return list, nil
}
