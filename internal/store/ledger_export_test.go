package store

import "strings"

// LedgerQueries are the statements of the ledger and the planner whose plans are tested.
var LedgerQueries = map[string]string{
	"claim":             claimSQL,
	"went out":          outWithinHourSQL,
	"finish":            finishSQL,
	"rescue":            rescueSQL,
	"what waits":        waitingCountsSQL,
	"turns":             waitingSQL,
	"events to plan":    eventsToPlanSQL,
	"accounts that owe": dueAccountsSQL,
	"what they owe":     dueInvoicesSQL,
	"facts: contacts":   notifiedContactsSQL,
	"facts: debts":      notifiedDebtSQL,
	"facts: overdue":    notifiedOverdueSQL,
	"events of facts":   notifiedEventsSQL,
	"links of facts":    notifiedLinksSQL,
	"cancel messages":   cancelMessagesSQL,
	"delete attempts":   deleteAttemptsSQL,
	"delete messages":   deleteMessagesSQL,
}

// LedgerPageSQL is the statement of a page of the ledger.
func LedgerPageSQL(l LedgerList) string {
	sql, _ := l.sql()
	return strings.TrimSpace(sql)
}
