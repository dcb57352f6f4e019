package store_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// idOverMonths is the id of notification n: in one of the months that have a partition, and
// a few in none.
const idOverMonths = `(lpad(to_hex((extract(epoch FROM now() + (n % 5) * interval '1 month' + n * interval '1 second') * 1000)::bigint), 12, '0')
	|| '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid`

// TestPlansOfReach: what people of the portal read follows indexes, with ten thousand
// accounts. Services, orders and requests are those of one account, found by an index, and
// only they are sorted; products and messages are never sorted.
func TestPlansOfReach(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	for _, sql := range []string{
		`INSERT INTO site (id, account_id, name) SELECT n, n, 'Site' FROM generate_series(1, 10000) n`,
		`INSERT INTO product (id, name, price, currency, state) SELECT n, 'Product ' || n, 1, 'EUR', CASE WHEN n % 5 = 0 THEN 'Withdrawn' ELSE 'Offered' END FROM generate_series(1, 10000) n`,
		`INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, subject, body, state, due_at, turn_at, sent_at, updated_at)
		 SELECT ` + idOverMonths + `, CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END, 'c', 'invoice.issued', 'e', 'Invoice', 'Standard', 'x', 'Email', 'x', 'x', 'x', 'Sent', now(), now(), now() - n * interval '1 minute', now() FROM generate_series(1, 20000) n`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	const last = `'ffffffff-ffff-ffff-ffff-ffffffffffff'`
	type query struct {
		sql, arguments string
		sorts          bool
	}
	queries := map[string]query{
		"products":       {store.ProductPageSQL(store.List{Limit: 9}), `'', 10`, false},
		"products since": {store.ProductPageSQL(store.List{UpdatedSince: now, Limit: 9}), `'2026-01-10', 10`, false},
	}
	for name, one := range map[string]query{
		"services":       {"", `'77', '{}', '', '', '', 26`, true},
		"service counts": {"", `'77', '{}'`, true},
		"orders":         {"", `'77', 'infinity', '', 26`, true},
		"requests":       {"", `'77', '{}', 'infinity', '', 26`, true},
		"request":        {"", `'77', '{}', '20'`, false},
		"sites":          {"", `'77', '{}'`, true},
		"offers":         {"", `'EUR', '', '', 51`, false},
		"offers by id":   {"", `'EUR', '{1,2,3}'`, false},
		"notifications":  {"", `'77', 'c', 'infinity', ` + last + `, 26`, false},
		"notification":   {"", `'77', 'c', ` + last, false},
	} {
		queries[name] = query{store.ReachQueries[name], one.arguments, one.sorts}
	}
	if len(queries) != len(store.ReachQueries)+2 {
		t.Errorf("there are %d queries", len(store.ReachQueries))
	}
	for name, q := range queries {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, q.sql, q.arguments, mode, "COSTS")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || !q.sorts && strings.Contains(plan, "Sort  (") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
		}
	}
}

// TestReachCostsWhatTheAccountHas: an account with little reads little, however much others
// have.
func TestReachCostsWhatTheAccountHas(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	for name, arguments := range map[string]string{
		"services": `'78', '{}', '', '', '', 26`, "service counts": `'78', '{}'`, "orders": `'78', 'infinity', '', 26`, "requests": `'78', '{}', 'infinity', '', 26`,
	} {
		plan := explain(t, tn, store.ReachQueries[name], arguments, "force_custom_plan", "ANALYZE, BUFFERS, TIMING OFF")
		if pages := buffers(t, plan); pages == 0 || pages > 20 {
			t.Errorf("%s reads %d pages:\n%s", name, pages, plan)
		}
	}
}
