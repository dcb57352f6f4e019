package store

// LedgerQueries are the statements of the ledger whose plans are tested.
var LedgerQueries = map[string]string{
	"claim":  claimSQL,
	"finish": finishSQL,
	"rescue": rescueSQL,
}
