package admin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/store"
)

// login says what the login role of a component has.
type login struct {
	settings []string // role settings, without search_path
	grants   []string // "privileges ON object"
}

// logins is the one list of what the components may do. A privilege enters it with
// the method of the store that needs it. No statement is compiled (jit): they take
// milliseconds, and to compile one that is thought to be large takes a hundred.
var logins = map[string]login{
	Portal: {
		settings: []string{
			"statement_timeout TO '10s'", "lock_timeout TO '5s'",
			"idle_in_transaction_session_timeout TO '15s'", "jit TO off",
		},
		grants: []string{
			"SELECT ON account", "SELECT ON account_group",
			"SELECT ON invoice", "SELECT ON invoice_line", "SELECT ON attachment", "SELECT ON payment",
			// A row is locked by who may update some of it: FOR SHARE of the sites that grants are limited to.
			"SELECT, INSERT, UPDATE, DELETE ON contact", "SELECT, INSERT, UPDATE, DELETE ON app_user", "SELECT, UPDATE (updated_at) ON site",
			"SELECT (id, account_id, contact_id, version), UPDATE (contact_id, version, updated_at) ON ticket",
			"SELECT, INSERT, UPDATE ON credential_link", "SELECT, INSERT, UPDATE, DELETE ON ceremony",
			// What is written is locked first, which takes the right to update some of it.
			"SELECT ON service", "SELECT ON product", "SELECT, UPDATE (closed_by) ON banner",
			// Of a contact that is deleted.
			"SELECT, UPDATE (state, reason, address, cc, bcc, updated_at), DELETE ON notification", "SELECT (notification_id), DELETE ON notification_attempt",
			"SELECT, INSERT, UPDATE (updated_at) ON customer_order", "USAGE ON SEQUENCE order_number",
			"SELECT, INSERT, UPDATE (contact_id, updated_at) ON service_request", "USAGE ON SEQUENCE request_number",
			"UPDATE (address, phone, tax_id, attributes, version, updated_at) ON account",
			"SELECT, UPDATE ON feed", "INSERT ON change", "INSERT ON event",
			"SELECT, INSERT ON audit",
			"SELECT, INSERT, UPDATE, DELETE ON session", "SELECT, INSERT, UPDATE, DELETE ON throttle",
			"SELECT, INSERT, UPDATE, DELETE ON device",
			"SELECT, INSERT, UPDATE, DELETE ON totp", "SELECT, INSERT, DELETE ON recovery_code", "SELECT, INSERT, UPDATE, DELETE ON passkey",
			"SELECT, INSERT, UPDATE ON replica", "SELECT ON goose_db_version",
		},
	},
	Backoffice: {
		settings: []string{
			"statement_timeout TO '30s'", "lock_timeout TO '10s'",
			"idle_in_transaction_session_timeout TO '30s'", "jit TO off",
			// A first import fills empty tables: a plan that was made for them and kept
			// would read whole tables for each batch that follows.
			"plan_cache_mode TO 'force_custom_plan'",
		},
		grants: []string{
			"SELECT, INSERT, UPDATE ON account", "SELECT, INSERT, UPDATE, DELETE ON account_group",
			"SELECT ON account_bucket", "SELECT ON attribute_use", "SELECT ON group_member",
			"SELECT, INSERT, UPDATE, DELETE ON app_user", "SELECT, INSERT, UPDATE, DELETE ON contact",
			"SELECT, INSERT, UPDATE, DELETE ON site", "SELECT, INSERT, UPDATE, DELETE ON campaign",
			"SELECT, INSERT, UPDATE, DELETE ON phone_number", "SELECT, INSERT, UPDATE, DELETE ON service",
			"SELECT, INSERT, UPDATE, DELETE ON customer_order", "SELECT, INSERT, UPDATE, DELETE ON service_request",
			"SELECT, INSERT, UPDATE, DELETE ON product",
			"SELECT, INSERT, UPDATE, DELETE ON invoice", "SELECT, INSERT, UPDATE, DELETE ON invoice_line",
			"SELECT, INSERT, UPDATE, DELETE ON payment", "SELECT, INSERT, UPDATE, DELETE ON attachment",
			"SELECT, INSERT, UPDATE ON ticket", "SELECT, INSERT, UPDATE ON ticket_message", "USAGE ON SEQUENCE ticket_number",
			"SELECT, INSERT, UPDATE, DELETE ON note",
			"SELECT, INSERT ON call", "SELECT, INSERT, UPDATE ON call_day",
			"SELECT, UPDATE ON feed", "SELECT, UPDATE ON whole_import", "SELECT, INSERT ON change", "SELECT, INSERT ON event",
			"SELECT, INSERT, UPDATE ON idempotency",
			"SELECT, INSERT ON audit",
			"SELECT (contact_id), DELETE ON session", "SELECT, INSERT, UPDATE ON credential_link",
			"SELECT, UPDATE (state, reason, detail, address, cc, bcc, spared, due_at, turn_at, receipt, updated_at), DELETE ON notification",
			"SELECT, DELETE ON notification_attempt", "SELECT ON notification_lease", "SELECT ON delivery", "SELECT ON sweep", "SELECT ON webhook",
			// What would be sent in the coming days.
			"SELECT ON occurrence", "SELECT ON document",
			"SELECT, INSERT, DELETE, UPDATE (last_used_at) ON api_token",
			"SELECT, INSERT, UPDATE ON replica", "SELECT ON goose_db_version",
		},
	},
	Dispatcher: {
		settings: []string{
			"statement_timeout TO '60s'", "lock_timeout TO '10s'",
			"idle_in_transaction_session_timeout TO '60s'", "jit TO off",
			// It asks the same few questions for ever, for a few rows of large tables by an index
			// each time. They are planned once; and a plan that was made while a table was small
			// must not read all of it later.
			"plan_cache_mode TO 'force_generic_plan'", "enable_seqscan TO off",
		},
		grants: []string{
			"SELECT ON event", "SELECT ON account", "SELECT ON contact", "SELECT ON invoice",
			"SELECT (id, email, email_verified_at) ON app_user", "SELECT (id, contact_id) ON ticket",
			// What is attached to mails.
			"SELECT ON attachment",
			"SELECT (id, purpose, contact_id, addresses, expires_at, voided_at, completed_at) ON credential_link",
			"SELECT, UPDATE ON delivery", "SELECT, UPDATE ON sweep", "SELECT, INSERT ON occurrence",
			"SELECT, INSERT, UPDATE ON notification", "SELECT, INSERT, UPDATE, DELETE ON notification_lease", "INSERT ON notification_attempt", "USAGE ON SEQUENCE lease_number",
			"SELECT, UPDATE ON hourly_limit",
			"INSERT ON banner", "SELECT, INSERT, UPDATE, DELETE ON webhook",
			// A note on the customer, with what is written of it.
			"SELECT, INSERT, UPDATE (updated_at) ON note", "SELECT, UPDATE ON feed", "INSERT ON change", "INSERT ON audit",
			"SELECT, INSERT, UPDATE ON replica", "SELECT ON goose_db_version",
		},
	},
}

// ConnectionLimit is for all pods of a component and the one more that there is while
// they are replaced; twice, because each has two pools while a password is rotated.
func ConnectionLimit(replicas int32) int {
	return (int(replicas) + 1) * store.ConnectionsPerPod * 2
}

// roleSettings are the statements that set up a login role, its password apart.
func roleSettings(schema string, l signIn) []string {
	role := name(l.role)
	statements := []string{
		fmt.Sprintf("ALTER ROLE %s LOGIN NOINHERIT CONNECTION LIMIT %d", role, ConnectionLimit(l.replicas)),
		fmt.Sprintf("ALTER ROLE %s SET search_path TO %s, pg_temp", role, name(schema)),
	}
	for _, setting := range logins[l.component].settings {
		statements = append(statements, fmt.Sprintf("ALTER ROLE %s SET %s", role, setting))
	}
	return statements
}

// grantStatements give a login role exactly its rights in the schema: all that it had
// goes first, in the same transaction.
func grantStatements(schema string, l signIn) []string {
	role := name(l.role)
	statements := []string{
		fmt.Sprintf("REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("REVOKE ALL ON ALL SEQUENCES IN SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("REVOKE ALL ON SCHEMA %s FROM %s", name(schema), role),
		fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", name(schema), role),
	}
	for _, grant := range logins[l.component].grants {
		statements = append(statements, fmt.Sprintf("GRANT %s TO %s", grant, role))
	}
	return statements
}

// quote writes a string literal.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// components lists the components of a set of logins in a fixed order, or names the
// one that has no rights declared.
func components(wanted map[string]Login) ([]string, error) {
	var list []string
	for component := range wanted {
		if err := checkComponent(component); err != nil {
			return nil, err
		}
		list = append(list, component)
	}
	slices.Sort(list)
	return list, nil
}

func checkComponent(component string) error {
	if _, known := logins[component]; !known {
		return fmt.Errorf("store: there is no login role for component %q", component)
	}
	return nil
}
