package store_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// fillBilling makes 10,000 accounts with two rows of each kind and more of account 77.
func fillBilling(t *testing.T, tn tenant) {
	t.Helper()
	const account = `CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END`
	for _, sql := range []string{
		`INSERT INTO account (id, name, status) SELECT n, 'Customer', 'Active' FROM generate_series(1, 10000) n`,
		`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status, updated_at)
		 SELECT n, ` + account + `, n, date '2026-01-01' + n % 300, date '2026-02-01' + n % 300, 'Tenant', 'EUR', n, n, CASE WHEN n % 3 = 0 THEN 'Open' ELSE 'Paid' END, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
		`INSERT INTO invoice_line SELECT n::text, p, 'x', 1, 1 FROM generate_series(1, 20000) n, generate_series(1, 3) p`,
		`INSERT INTO attachment SELECT '77', 'invoice', n::text, 'x.pdf', 'application/pdf', '', 1, 'x', now() FROM generate_series(1, 5000) n`,
		`INSERT INTO payment (id, account_id, status, amount, currency, paid_on, invoices, updated_at)
		 SELECT n, ` + account + `, 'Received', 1, 'EUR', '2026-01-01', jsonb_build_array(jsonb_build_object('id', n::text)), timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
		`INSERT INTO service (id, account_id, name, status, starts_on, updated_at)
		 SELECT n, ` + account + `, n, 'Active', '2026-01-01', timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
		`INSERT INTO customer_order (id, account_id, number, status, placed_at, total, currency, updated_at)
		 SELECT n, ` + account + `, n, 'Placed', now(), 1, 'EUR', timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
		`INSERT INTO service_request (id, account_id, number, subject, status, opened_by, opened_at, updated_at)
		 SELECT n, ` + account + `, n, n, 'New', 'x', now(), timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
}

// TestPlansOfInvoices: pages of every kind, of all accounts and of one, and what accounts
// have to pay follow indexes, with ten thousand accounts. Pages are never sorted.
func TestPlansOfInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	check := func(name, sql, arguments string, maySort bool) {
		t.Helper()
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, sql, arguments, mode, "COSTS")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || !maySort && strings.Contains(plan, "Sort") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
		}
	}
	for kind, of := range store.PagesOf {
		for _, page := range []struct {
			name      string
			list      store.List
			arguments string
		}{
			{"all", store.List{Limit: 100}, `'', 101`},
			{"all, later", store.List{After: store.Place{ID: "5000"}, Limit: 100}, `'5000', 101`},
			{"of an account", store.List{AccountID: "77", Limit: 100}, `'77', '', 101`},
			{"of an account, later", store.List{AccountID: "77", After: store.Place{ID: "5000"}, Limit: 100}, `'77', '5000', 101`},
			{"since", store.List{UpdatedSince: now, Limit: 100}, `'2026-01-10', 101`},
			{"since, later", store.List{UpdatedSince: now, After: store.Place{ID: "5000", UpdatedAt: now}, Limit: 100}, `'2026-01-10', '5000', 101`},
		} {
			check(kind+" "+page.name, store.PageSQL(of, page.list), page.arguments, false)
		}
	}
	check("debts", store.DebtQueries["debts"], `'{77,78,79}', '{EUR,EUR,USD}', '{2026-11-21,2026-11-21,2026-11-22}'`, false)
	check("overdue", store.DebtQueries["overdue"], `'{77,78,79}', '{EUR,EUR,USD}', '{2026-11-21,2026-11-21,2026-11-22}'`, true) // of one account's
	check("payments of an invoice", store.DebtQueries["payments of an invoice"], `'{20}'`, false)
}

// TestPlansOfPortalPages: what people see of their invoices and payments follows indexes,
// whatever they ask for, and nothing is sorted but the invoices of one payment.
func TestPlansOfPortalPages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	check := func(name, sql, arguments string) {
		t.Helper()
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, tn, sql, arguments, mode, "COSTS")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || strings.Contains(plan, "Sort") && name != "payments" {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
		}
	}
	const first = `'77', 'infinity', ''`
	for _, page := range []struct {
		name      string
		filter    store.InvoiceFilter
		arguments string
	}{
		{"all", store.InvoiceFilter{}, `, 26`},
		{"open", store.InvoiceFilter{State: store.OpenInvoices}, `, 26`},
		{"overdue", store.InvoiceFilter{State: store.OverdueInvoices}, `, '2026-11-21', 26`},
		{"paid", store.InvoiceFilter{State: store.PaidInvoices}, `, 26`},
		{"of a year", store.InvoiceFilter{From: now}, `, '2026-01-01', 26`},
		{"of a number", store.InvoiceFilter{Number: "7"}, `, '7', 26`},
		{"of everything", store.InvoiceFilter{State: store.OverdueInvoices, From: now, Number: "7"}, `, '2026-11-21', '2026-01-01', '7', 26`},
	} {
		check(page.name, store.FilterSQL(page.filter), first+page.arguments)
	}
	arguments := map[string]string{"an invoice": `'77', '77'`, "a document": `'77', '77', true`, "payments": first + `, 26`, "oldest invoice": `'77'`}
	for name, sql := range store.PortalPages {
		check(name, sql, arguments[name])
	}
}

// TestWhatAccountsOweReadsTheirInvoicesOnly: the cost of the sums grows with the invoices
// of an account, not with those of all.
func TestWhatAccountsOweReadsTheirInvoicesOnly(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	for name, sql := range store.DebtQueries {
		arguments := `'{78}', '{EUR}', '{2026-11-21}'`
		if name == "payments of an invoice" {
			arguments = `'{78}'`
		}
		plan := explain(t, tn, sql, arguments, "force_custom_plan", "ANALYZE, BUFFERS, TIMING OFF")
		if pages := buffers(t, plan); pages == 0 || pages > 20 {
			t.Errorf("%s reads %d pages:\n%s", name, pages, plan)
		}
	}
}
