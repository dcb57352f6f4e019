package store

// unitsPerOne is how many units, ten-thousandths, are one. Amounts have four decimals.
const unitsPerOne = 10000

// parseUnits reads a decimal with at most 14 digits before and four behind the point.
func parseUnits(text string) (units int64, ok bool) {
	rest, negative := text, false
	if rest != "" && rest[0] == '-' {
		rest, negative = rest[1:], true
	}
	const mostWhole, mostFraction = 14, 4
	whole, fraction, point := 0, 0, false
	for i := range len(rest) {
		c := rest[i]
		switch {
		case c == '.' && !point && whole > 0:
			point = true
			continue
		case c < '0' || c > '9':
			return 0, false
		case point:
			fraction++
		default:
			whole++
		}
		if whole > mostWhole || fraction > mostFraction {
			return 0, false
		}
		units = units*10 + int64(c-'0')
	}
	if whole == 0 || point && fraction == 0 {
		return 0, false
	}
	for ; fraction < mostFraction; fraction++ {
		units *= 10
	}
	if negative {
		units = -units
	}
	return units, true
}
