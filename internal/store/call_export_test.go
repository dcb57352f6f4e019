package store

// CallQueries are the queries of calls whose plans are tested.
var CallQueries = map[string]string{
	"calls":      callsSQL,
	"call days":  callDaysSQL,
	"call known": knownCallsSQL,
}
