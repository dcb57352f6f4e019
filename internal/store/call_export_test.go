package store

// CallQueries are the queries of calls whose plans are tested.
var CallQueries = map[string]string{
	"calls":      callsSQL,
	"call days":  callDaysSQL,
	"call known": knownCallsSQL,
}

// PagesOfNumbers are more lists whose plans are tested.
var PagesOfNumbers = map[string][2]string{
	"numbers":   {numbers.sel, numbers.table},
	"campaigns": {campaigns.sel, campaigns.table},
}

// ParseUnits is parseUnits.
func ParseUnits(text string) (int64, bool) { return parseUnits(text) }

// CopiedNumeric is what COPY is sent for a decimal of ten-thousandths.
func CopiedNumeric(units int64) []byte {
	var b copyBuffer
	b.numeric(units)
	return b
}
