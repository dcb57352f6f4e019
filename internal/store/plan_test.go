package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
)

// TestPlansUseIndexes: with ten thousand accounts, one of them with a long history, no
// request of a customer reads a whole table, neither with a plan for these values nor
// with the general one that a prepared statement may get.
func TestPlansUseIndexes(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for _, sql := range []string{
		`INSERT INTO account (id, name, status) SELECT n, 'Customer', 'Active' FROM generate_series(1, 10000) n`,
		`INSERT INTO app_user (id, username, email, email_verified_at) SELECT gen_random_uuid(), 'user' || n, 'user' || n || '@example.com', now() FROM generate_series(1, 10000) n`,
		`INSERT INTO contact (id, account_id, user_id, access) SELECT substr(username, 5), substr(username, 5), id, 'Active' FROM app_user`,
		`INSERT INTO session SELECT sha256(id::bytea), user_id, id, now(), now(), now() + interval '1 day' FROM contact`,
		`INSERT INTO totp SELECT id, 'sealed', 0, now() FROM app_user`,
		`INSERT INTO passkey SELECT sha256(id::text::bytea), id, 'phone', '{}', now() FROM app_user`,
		`INSERT INTO service (id, account_id, name, status, starts_on) SELECT id, id, 'Fibre', 'Active', date '2026-01-01' FROM account`,
		`INSERT INTO service_request (id, account_id, number, subject, status, opened_at, opened_by) SELECT id, id, id, 'Repair', 'New', now(), 'Dana' FROM account`,
		`INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to, feature, about)
		 SELECT gen_random_uuid(), a.id, 'x', '{}', now(), now() + interval '1 day', f, a.id FROM account a, unnest('{ViewInvoices,ViewServices,RequestService}'::text[]) f`,
		`INSERT INTO device SELECT sha256(id::bytea), user_id, now() FROM contact`,
		`INSERT INTO throttle SELECT 'own:' || id, 6, now(), now() FROM contact`,
		`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status)
		 SELECT n, CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END, n, date '2026-01-01' + n % 300, date '2026-02-01' + n % 300, 'Tenant', 'EUR', n, n, CASE WHEN n % 3 = 0 THEN 'Open' ELSE 'Paid' END FROM generate_series(1, 20000) n`,
		`INSERT INTO audit (account_id, actor, action, at) SELECT CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END, 'x', 'x', now() FROM generate_series(1, 20000) n`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	arguments := map[string]string{
		"session":       `sha256('77'), now(), now() - interval '1 hour'`,
		"sign-in":       `'user77'`,
		"admission":     `'user77', sha256('77'), now() - interval '1 day', '{own:77,own:78}', '{own:79}', now()`,
		"open invoices": `'77', '2026-11-21'`,
		"activity":      `'77', 0, 21`,
	}
	for name, sql := range store.Queries {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, sql, arguments[name], mode, "COSTS")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
			if strings.Contains(plan, "Sort") && name != "sign-in" && name != "open invoices" {
				t.Errorf("%s with %s sorts instead of following the index:\n%s", name, mode, plan)
			}
		}
	}
}

// TestStrangersDoNotTimeUsers: without a device that is known, admission does not look for
// the user, so the time it takes says nothing about whether there is one.
func TestStrangersDoNotTimeUsers(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	tn.remember(t, "dana", "dana's", now)
	for device, want := range map[string]int{"null": 0, "'made up'": 0, "'dana''s'": 1} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, store.Queries["admission"], "'dana', "+device+", '2026-01-01', '{a}', '{b}', '2026-11-21'", mode, "ANALYZE")
			looked := 0
			for line := range strings.Lines(plan) {
				if strings.Contains(line, " on app_user") && !strings.Contains(line, "never executed") {
					looked++
				}
			}
			if looked != want {
				t.Errorf("device %s with %s: looks for users %d times, want %d:\n%s", device, mode, looked, want, plan)
			}
		}
	}
}

func explain(t *testing.T, tn tenant, sql, arguments, mode, options string) string {
	t.Helper()
	tn.exec(t, "SET plan_cache_mode = "+mode)
	tn.exec(t, "PREPARE query AS "+sql)
	defer tn.exec(t, "DEALLOCATE query")
	rows, err := tn.root.Query(t.Context(), fmt.Sprintf("EXPLAIN (%s) EXECUTE query(%s)", options, arguments), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
