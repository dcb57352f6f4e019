package store_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// TestPlansOfContacts: pages of contacts, notes and tickets, and what is looked up when
// they are written, follow indexes, with ten thousand accounts. Pages are never sorted.
func TestPlansOfContacts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const account = `CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END`
	const changed = `timestamptz '2026-01-01' + n * interval '1 minute'`
	for _, sql := range []string{
		`INSERT INTO account (id, name, status) SELECT n, 'Customer', 'Active' FROM generate_series(1, 10000) n`,
		`INSERT INTO app_user (id, username) SELECT gen_random_uuid(), 'user' || n FROM generate_series(1, 10000) n`,
		`INSERT INTO contact (id, account_id, user_id, access, owner, updated_at)
		 SELECT substr(username, 5), substr(username, 5), id, 'Active', true, timestamptz '2026-01-01' + substr(username, 5)::int * interval '1 minute' FROM app_user`,
		`INSERT INTO contact (id, account_id, access, updated_at) SELECT n, ` + account + `, 'Active', ` + changed + ` FROM generate_series(10001, 40000) n`,
		`UPDATE contact SET email = 'user' || id || '@example.com'`,
		`INSERT INTO credential_link (id, purpose, account_id, contact_id, addresses, created_at, expires_at)
		 SELECT gen_random_uuid(), 'Invite', account_id, id, ARRAY[email], updated_at, updated_at FROM contact WHERE NOT owner`,
		`INSERT INTO site (id, account_id, name) SELECT n, 1 + n % 10000, 'x' FROM generate_series(1, 20000) n`,
		`INSERT INTO phone_number (id, account_id, number) SELECT n, 1 + n % 10000, n FROM generate_series(1, 20000) n`,
		`INSERT INTO note (id, account_id, text, author, at, updated_at) SELECT n, ` + account + `, 'x', 'x', now(), ` + changed + ` FROM generate_series(1, 20000) n`,
		`INSERT INTO ticket (id, account_id, number, subject, status, contact_id, opened_by, opened_at, updated_at)
		 SELECT id, account_id, 'T-' || id, 'x', 'Open', id, 'x', now(), updated_at FROM contact`,
		`INSERT INTO ticket_message (id, account_id, ticket_id, author, by_staff, text, at) SELECT id, account_id, id, 'x', false, 'x', now() FROM ticket`,
		`INSERT INTO ticket_message (id, account_id, ticket_id, author, by_staff, text, at)
		 SELECT 'm' || n, '77', '77', 'x', false, 'x', ` + changed + ` FROM generate_series(1, 20000) n`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	check := func(name, sql, arguments string, maySort bool) {
		t.Helper()
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, sql, arguments, mode, "COSTS")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || !maySort && strings.Contains(plan, "Sort") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
		}
	}
	for kind, of := range store.PagesOfPeople {
		for _, page := range []struct {
			name      string
			list      store.List
			arguments string
		}{
			{"all", store.List{Limit: 100}, `'', 101`},
			{"of an account, later", store.List{AccountID: "77", After: store.Place{ID: "11"}, Limit: 100}, `'77', '11', 101`},
			{"since", store.List{UpdatedSince: now, Limit: 100}, `'2026-01-10', 101`},
			{"since, later", store.List{UpdatedSince: now, After: store.Place{ID: "5000", UpdatedAt: now}, Limit: 100}, `'2026-01-10', '5000', 101`},
		} {
			check(kind+" "+page.name, store.PageSQL(of, page.list), page.arguments, false)
		}
	}
	check("by email", store.FindContactsSQL(store.ContactFilter{Email: "x"}, store.List{}), `'User77@Example.com', '', 101`, false)
	check("by email of an account", store.FindContactsSQL(store.ContactFilter{Email: "x"}, store.List{AccountID: "77"}), `'User77@Example.com', '77', '', 101`, true)
	check("by username", store.FindContactsSQL(store.ContactFilter{Username: "x"}, store.List{}), `'User77', '', 101`, true)
	check("by number", store.FindNumberSQL(), `'77', '', 101`, true)
	for name, arguments := range map[string]string{
		"lock users":      `'{user77,user78}', '{00000000-0000-4000-8000-000000000000}'`,
		"known contacts":  `'{77,78}', '{00000000-0000-4000-8000-000000000000}'`,
		"other contacts":  `now(), '{00000000-0000-4000-8000-000000000000}', '{77}'`,
		"tickets of":      `now(), '77', '77'`,
		"ticket messages": `'77', '77', '2026-01-10', 'm5', 101`,
		"of an account":   `'77'`,
		"one of account":  `'77', '77'`,
		"sub-accounts":    `'77', '77', now()`,
		"void links":      `now(), '{77,78}'`,
	} {
		check(name, store.PeopleQueries[name], arguments, name != "ticket messages")
	}
}
