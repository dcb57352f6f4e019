package locale

import "golang.org/x/text/language"

// symbolPlace says where the currency symbol stands.
type symbolPlace int

const (
	after        symbolPlace = iota // 12,00 €: most of the world
	before                          // €12.00
	beforeSpaced                    // € 12,00
)

// symbolPlaces holds the languages, and where it differs the regions, that do not
// write the symbol after the amount.
var symbolPlaces = map[string]symbolPlace{
	"en": before, "ja": before, "zh": before, "ko": before, "th": before, "tr": before,
	"hi": before, "bn": before, "ta": before, "te": before, "mr": before, "gu": before,
	"kn": before, "ml": before, "pa": before, "fil": before, "cy": before, "ga": before, "mt": before,
	"nl": beforeSpaced, "pt": beforeSpaced, "id": beforeSpaced, "ms": beforeSpaced, "sw": beforeSpaced,
	"pt-PT": after, "pt-AO": after, "pt-MZ": after,
	"de-AT": beforeSpaced, "de-CH": beforeSpaced, "de-LI": beforeSpaced, "it-CH": beforeSpaced,
	"es-MX": before, "es-US": before, "es-CL": before, "es-GT": before, "es-HN": before, "es-SV": before, "es-NI": before, "es-PR": before, "es-PE": before,
	"es-AR": beforeSpaced, "es-CO": beforeSpaced, "es-UY": beforeSpaced, "es-PY": beforeSpaced,
}

// datePattern holds layouts of package time. Only English ones name the month: the
// others are figures, in the order that the language expects.
type datePattern struct {
	date string
	time string
	join string // between date and time
}

const (
	clock24 = "15:04"
	clock12 = "3:04 PM"
	dotted  = "02.01.2006"
	slashed = "02/01/2006"
	iso     = "2006-01-02"
)

// unknownDate is for languages that datePatterns does not have.
var unknownDate = datePattern{iso, clock24, " "}

var datePatterns = map[string]datePattern{
	"en":    {"2 Jan 2006", clock24, ", "},
	"en-AU": {"2 Jan 2006", "3:04 pm", ", "},
	"en-NZ": {"2 Jan 2006", "3:04 pm", ", "},
	"en-US": {"Jan 2, 2006", clock12, ", "},
	"en-CA": {"Jan 2, 2006", clock12, ", "},
	"en-PH": {"Jan 2, 2006", clock12, ", "},
	"de":    {dotted, clock24, ", "},
	"fr":    {slashed, clock24, " "},
	"fr-CA": {iso, clock24, " "},
	"fr-CH": {dotted, clock24, " "},
	"es":    {slashed, clock24, ", "},
	"it":    {slashed, clock24, ", "},
	"it-CH": {dotted, clock24, ", "},
	"pt":    {slashed, clock24, " "},
	"ca":    {slashed, clock24, " "},
	"gl":    {slashed, clock24, " "},
	"el":    {slashed, clock24, " "},
	"vi":    {slashed, clock24, " "},
	"id":    {slashed, "15.04", " "},
	"nl":    {"02-01-2006", clock24, " "},
	"da":    {dotted, "15.04", " "},
	"nb":    {dotted, clock24, " "},
	"nn":    {dotted, clock24, " "},
	"no":    {dotted, clock24, " "},
	"sv":    {iso, clock24, " "},
	"fi":    {"2.1.2006", "15.04", " "},
	"et":    {dotted, clock24, " "},
	"lv":    {dotted, clock24, " "},
	"pl":    {dotted, clock24, " "},
	"cs":    {"2. 1. 2006", clock24, " "},
	"sk":    {"2. 1. 2006", clock24, " "},
	"sl":    {"2. 1. 2006", clock24, " "},
	"hr":    {"02. 01. 2006.", clock24, " "},
	"hu":    {"2006. 01. 02.", clock24, " "},
	"ro":    {dotted, clock24, " "},
	"ru":    {dotted, clock24, " "},
	"uk":    {dotted, clock24, " "},
	"tr":    {dotted, clock24, " "},
	"ja":    {"2006/01/02", clock24, " "},
	"zh":    {"2006/01/02", clock24, " "},
	"ko":    {"2006. 01. 02.", clock24, " "},
}

// byRegion looks a tag up with its region first, then by its language alone.
func byRegion[T any](table map[string]T, tag language.Tag) (T, bool) {
	base, _ := tag.Base()
	if region, confidence := tag.Region(); confidence == language.Exact {
		if found, ok := table[base.String()+"-"+region.String()]; ok {
			return found, true
		}
	}
	found, ok := table[base.String()]
	return found, ok
}
