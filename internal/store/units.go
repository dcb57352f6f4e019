package store

import "strings"

// unitsPerOne is how many units, ten-thousandths, are one. Amounts have four decimals.
const unitsPerOne = 10000

// parseUnits reads a decimal with at most 14 digits before and four behind the point.
func parseUnits(text string) (units int64, ok bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	const mostWhole, mostFraction = 14, 4
	if whole == "" || len(whole) > mostWhole || point && fraction == "" || len(fraction) > mostFraction {
		return 0, false
	}
	for _, part := range [...]string{whole, fraction, "0000"[len(fraction):]} {
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return 0, false
			}
			units = units*10 + int64(part[i]-'0')
		}
	}
	if negative {
		units = -units
	}
	return units, true
}
