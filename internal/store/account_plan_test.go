package store_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// fillAccounts adds accounts up to a number: a tenth is in group "many", five are in group
// "few", the last are in group "newest", half have a profile, and every twentieth is pinned.
func fillAccounts(t *testing.T, tn tenant, from, to int) {
	t.Helper()
	tn.exec(t, fmt.Sprintf(`
INSERT INTO account (id, name, status, account_profile, my_account_profile, groups, attributes, updated_at)
SELECT lpad(n::text, 9, '0'), 'Customer number ' || n, 'Active', CASE WHEN n %% 2 = 0 THEN 'business' END, CASE WHEN n %% 20 = 0 THEN 'full' END,
       CASE WHEN n <= 5 THEN '{few}' WHEN n > 192000 THEN '{many,newest}' WHEN n %% 10 = 0 THEN '{many}' ELSE '{}' END::text[],
       CASE WHEN n %% 3 = 0 THEN '{"locale": "de"}' ELSE '{}' END::jsonb, timestamptz '2026-01-01' + n * interval '1 second'
FROM generate_series(%d, %d) n`, from, to))
	tn.vacuum(t)
}

type accountQuery struct {
	sql, arguments string
	sorts          bool // some accounts are looked up and sorted
	more           int  // so many pages more are touched among many, where few have nothing or trees are lower
}

func accountQueries() map[string]accountQuery {
	page := func(filter store.AccountFilter, list store.List) string {
		list.Limit = 100
		return store.AccountPageSQL(filter, list)
	}
	return map[string]accountQuery{
		"one":             {store.OneAccountSQL, `'000007777'`, false, 0},
		"first page":      {page(store.AccountFilter{}, store.List{}), `'', 101`, false, 0},
		"later page":      {page(store.AccountFilter{}, store.List{After: store.Place{ID: "x"}}), `'000005000', 101`, false, 0},
		"of a profile":    {page(store.AccountFilter{AccountProfile: "x"}, store.List{}), `'business', '000002000', 101`, false, 0},
		"pinned":          {page(store.AccountFilter{MyAccountProfile: "x"}, store.List{}), `'full', '000002000', 101`, false, 0},
		"of a group":      {store.MembersSQL, `'many', '000002000', 101`, true, 150},
		"of a rare group": {store.MembersSQL, `'few', '', 101`, true, 150},
		"of the newest":   {store.MembersSQL, `'newest', '', 101`, true, 600},
		"the last page":   {store.MembersSQL, `'newest', '000199990', 101`, true, 150},
		"some":            {page(store.AccountFilter{IDs: []string{"x"}}, store.List{}), `'{000000001,000004000,none}', '', 101`, true, 0},
		"changed":         {page(store.AccountFilter{}, store.List{UpdatedSince: now}), `'2026-01-01 01:00:00Z', 101`, false, 0},
		"changed later":   {page(store.AccountFilter{}, store.List{UpdatedSince: now, After: store.Place{ID: "x", UpdatedAt: now}}), `'2026-01-01 01:00:00Z', '000001234', 101`, false, 0},
	}
}

// TestAccountsCostTheSameAmongMany: what reads accounts follows indexes, and touches as
// many pages of the database among 200,000 accounts as among 10,000, but for the depth of
// the trees. The settings of accounts are read by nothing else.
func TestAccountsCostTheSameAmongMany(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	touched := map[string]int{}
	for _, size := range [][2]int{{1, 10_000}, {10_001, 200_000}} {
		fillAccounts(t, tn, size[0], size[1])
		for name, query := range accountQueries() {
			plan := explain(t, tn, query.sql, query.arguments, "force_custom_plan", "ANALYZE, BUFFERS, TIMING OFF")
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || !query.sorts && strings.Contains(plan, "Sort") {
				t.Errorf("%s among %d:\n%s", name, size[1], plan)
			}
			pages := buffers(t, plan)
			if before, measured := touched[name]; measured && pages > before+6+query.more {
				t.Errorf("%s touches %d pages among 10,000 accounts and %d among %d:\n%s", name, before, pages, size[1], plan)
			}
			touched[name] = pages
		}
	}
	t.Logf("pages touched: %v", touched)
}

// TestCountsScanNoAccounts: the counts come from their tables.
func TestCountsScanNoAccounts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillAccounts(t, tn, 1, 1000)
	plan := strings.Join(tn.column(t, "EXPLAIN "+store.AttributeUseSQL), "\n")
	if strings.Contains(plan, " on account ") || !strings.Contains(plan, "attribute_use") {
		t.Error(plan)
	}
}

// bufferCount is how EXPLAIN says what a plan touched: pages found in memory, pages read,
// or both.
var bufferCount = regexp.MustCompile(`Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?`)

// buffers is how many pages a plan touched. Its first line is the sum.
func buffers(t *testing.T, plan string) (pages int) {
	t.Helper()
	found := bufferCount.FindStringSubmatch(plan)
	if found == nil {
		t.Fatalf("no buffers in\n%s", plan)
	}
	for _, count := range found[1:] {
		n, err := strconv.Atoi("0" + count)
		if err != nil {
			t.Fatal(err)
		}
		pages += n
	}
	return pages
}
