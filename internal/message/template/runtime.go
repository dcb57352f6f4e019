package template

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/locale"
)

// runtimeFunctions are the functions when a template is filled in. The checker has made
// sure of their arguments. and, or and not are those of the standard library, of which
// the first two stop at the first argument that decides.
var runtimeFunctions = map[string]any{
	"default": otherwise,
	"upper":   strings.ToUpper,
	"lower":   strings.ToLower,
	"date":    day,
	"plural":  plural,
	"len": func(list []any) *value {
		return &value{in: &values{}, typ: catalog.Integer, text: strconv.Itoa(len(list))}
	},
	"eq":        func(a, b any) bool { return compare(a, b) == 0 },
	"ne":        func(a, b any) bool { return compare(a, b) != 0 },
	"lt":        func(a, b any) bool { return compare(a, b) < 0 },
	"le":        func(a, b any) bool { return compare(a, b) <= 0 },
	"gt":        func(a, b any) bool { return compare(a, b) > 0 },
	"ge":        func(a, b any) bool { return compare(a, b) >= 0 },
	"json":      writeJSON,
	jsonEscaper: escapeJSONValue,
}

func otherwise(other, v any) any {
	if v != nil && v != "" {
		return v
	}
	switch other.(type) {
	case int, float64: // a number of the template, which Go would write as 1e+06
		return &value{in: &values{}, typ: catalog.Decimal, text: number(other)}
	}
	return other
}

// day writes the day of a date, or of a time in the zone of the account.
func day(form string, v *value) string {
	t := v.time
	if v.typ == catalog.Time {
		t = t.In(v.in.zone)
	}
	if form == "iso" {
		return t.Format(time.DateOnly)
	}
	return locale.Date(v.in.locale, t)
}

func plural(count any, one, other string) string {
	if number(count) == "1" {
		return one
	}
	return other
}

// compare tells which of two texts or numbers comes first, as slices.SortFunc asks for.
func compare(a, b any) int {
	if text, is := a.(string); is {
		return strings.Compare(text, b.(string))
	}
	return compareDecimals(number(a), number(b))
}

// number is the decimal string of a number of the payload or of the template.
func number(v any) string {
	switch v := v.(type) {
	case *value:
		return v.text
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// compareDecimals compares decimal strings of any length exactly.
func compareDecimals(a, b string) int {
	aNegative, aWhole, aFraction := splitDecimal(a)
	bNegative, bWhole, bFraction := splitDecimal(b)
	switch {
	case aNegative && !bNegative:
		return -1
	case bNegative && !aNegative:
		return 1
	case aNegative:
		return compareDigits(bWhole, bFraction, aWhole, aFraction)
	}
	return compareDigits(aWhole, aFraction, bWhole, bFraction)
}

func compareDigits(aWhole, aFraction, bWhole, bFraction string) int {
	if len(aWhole) != len(bWhole) {
		return len(aWhole) - len(bWhole)
	}
	return slices.Compare([]string{aWhole, aFraction}, []string{bWhole, bFraction})
}

// splitDecimal takes a decimal string apart, without the zeros that do not count. Zero
// is not negative.
func splitDecimal(s string) (negative bool, whole, fraction string) {
	s, negative = strings.CutPrefix(s, "-")
	whole, fraction, _ = strings.Cut(s, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	return negative && whole+fraction != "", whole, fraction
}

// escapeJSONValue writes a value so that it can stand in a JSON string; numbers and
// truth values need no escaping and may stand alone.
func escapeJSONValue(v any) string {
	if raw, is := v.(rawJSON); is {
		return string(raw)
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fmt.Sprint(v)); err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(out.String(), "\n"), `"`), `"`)
}
