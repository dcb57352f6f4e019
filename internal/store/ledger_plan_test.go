package store_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// smallTables are read whole: they have one row, or as many as there are workers' messages.
var smallTables = regexp.MustCompile(`Seq Scan on (delivery|feed|notification_lease)\b`)

// ofDispatcher are asked by the dispatcher alone, whose role has enable_seqscan off: a whole
// table is read only where no index would do.
func ofDispatcher(name string) bool {
	return name != "page" && !strings.HasSuffix(name, "messages") && !strings.HasSuffix(name, "attempts")
}

// TestPlansOfTheLedger: with 20,000 notifications in five partitions, and 10,000 accounts,
// nothing reads a whole table, neither with a plan for these values nor with the general one
// that a prepared statement gets.
func TestPlansOfTheLedger(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	fillBilling(t, tn)
	for _, sql := range []string{
		`INSERT INTO app_user (id, username) SELECT gen_random_uuid(), 'user' || n FROM generate_series(1, 10000) n`,
		`INSERT INTO contact (id, account_id, user_id, access) SELECT substr(username, 5), substr(username, 5), id, 'Active' FROM app_user`,
		`INSERT INTO credential_link (id, purpose, account_id, contact_id, addresses, created_at, expires_at) SELECT gen_random_uuid(), 'Create', id, id, '{x}', now(), now() FROM contact`,
		`INSERT INTO event (position, id, source, type, data, at) SELECT n, n, 'x', 'x', '{}', now() FROM generate_series(1, 20000) n`,
		`UPDATE feed SET event = 20000`,
		`INSERT INTO occurrence SELECT account_id, 'invoice.unpaid', id, '3', 'Email', 'x' FROM invoice`,
		`INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, state, due_at, turn_at, sent_at, updated_at)
		 SELECT ` + idOverMonths + `, CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END, 'c', 'invoice.issued', 'e', 'Invoice', 'Standard', 'x', 'Email', 'x',
			CASE WHEN n % 7 = 0 THEN 'Planned' WHEN n % 11 = 0 THEN 'Retry' WHEN n % 13 = 0 THEN 'Dead' WHEN n % 17 = 0 THEN 'Held' ELSE 'Sent' END, now(), now(), now(), now()
		 FROM generate_series(1, 20000) n`,
		`INSERT INTO notification_attempt SELECT id, 1, now(), now(), 'Sent' FROM notification WHERE state = 'Sent'`,
		`INSERT INTO notification_lease SELECT id, 1, now(), now() FROM notification WHERE state = 'Planned' LIMIT 500`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	array := func(sql string) string {
		return "'" + tn.column(t, `SELECT array_agg(x)::text FROM (`+sql+` LIMIT 200) y (x)`)[0] + "'"
	}
	leased := array(`SELECT id FROM notification_lease`)
	same := func(value string) string { return array(`SELECT ` + value + ` FROM notification_lease`) }
	accounts, texts := array(`SELECT id FROM account`), same(`''::text`)
	for name, arguments := range map[string]string{
		"claim":             `now(), 1, '{Email,SMS}', 200, now()`,
		"went out":          `now()`,
		"finish":            `now(), ` + leased + `, ` + same(`1`) + `, ` + same(`'Sent'::text`) + `, ` + same(`NULL::timestamptz`) + strings.Repeat(`, `+texts, 11),
		"rescue":            `now(), 100, '{SMS}', '{Webhook}'`,
		"what waits":        `now()`,
		"turns":             accounts + `, 6000`,
		"events to plan":    `19000, 500`,
		"accounts that owe": `'{2026-03-01,2026-04-01,2026-05-01}', '5000', 1000`,
		"what they owe":     accounts + `, '{2026-03-01,2026-04-01,2026-05-01}', 'invoice.unpaid'`,
		"facts: contacts":   accounts,
		"facts: debts":      accounts + `, '2026-11-20'`,
		"facts: overdue":    accounts + `, '2026-11-20'`,
		"events of facts":   `'{1,2,3}'`,
		"links of facts":    leased,
		"cancel messages":   `'77', 'c', now()`,
		"delete attempts":   `'77', 'c'`,
		"delete messages":   `'77', 'c'`,
	} {
		tn.checkLedgerPlan(t, name, store.LedgerQueries[name], arguments)
	}
	const newest = `'ffffffff-ffff-ffff-ffff-ffffffffffff', 26`
	for arguments, list := range map[string]store.LedgerList{
		`'77', ` + newest:      {AccountID: "77"},
		`'Dead', ` + newest:    {State: store.StateDead},
		newest:                 {},
		`'c', '77', ` + newest: {AccountID: "c", ContactID: "77"},
	} {
		list.After, list.Limit = "ffffffff-ffff-ffff-ffff-ffffffffffff", 25
		tn.checkLedgerPlan(t, "page", store.LedgerPageSQL(list), arguments)
	}
}

func (tn tenant) checkLedgerPlan(t *testing.T, name, sql, arguments string) {
	t.Helper()
	tn.exec(t, fmt.Sprint("SET enable_seqscan = ", !ofDispatcher(name)))
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		plan := explain(t, tn, sql, arguments, mode, "COSTS")
		if strings.Contains(smallTables.ReplaceAllString(plan, ""), "Seq Scan") {
			t.Errorf("%s with %s:\n%s", name, mode, plan)
		}
	}
}
