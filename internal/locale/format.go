package locale

import (
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// noBreak keeps an amount and its symbol on one line.
const noBreak = "\u00a0"

// maxCached bounds the cache of locales. Tags come from the provider's own data,
// which may hold more spellings than anybody uses; past the bound they are worked
// out each time.
const maxCached = 256

// style is everything that is known of one locale.
type style struct {
	printer   *message.Printer
	digits    [10]string
	group     string // between groups of digits
	primary   int    // digits of the last group; 0: no groups
	secondary int    // digits of the groups before it
	decimal   string
	minus     string
	place     symbolPlace
	date      datePattern

	currencies sync.Map // code -> money; only codes that exist, so it stays small
}

// money is how one currency is written in one locale.
type money struct {
	symbol string
	scale  int // the usual number of decimals
}

var (
	stylesMutex sync.RWMutex
	styles      = map[string]*style{}
)

// Date writes the day of t, in the zone that t has.
func Date(locale string, t time.Time) string {
	return t.Format(styleOf(locale).date.date)
}

// DateTime writes t to the minute, in the given zone; nil means UTC.
func DateTime(locale string, t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	d := styleOf(locale).date
	return t.In(zone).Format(d.date + d.join + d.time)
}

// Money writes an amount, a decimal string such as "-1234.5000", with the symbol of
// its currency. An amount that is not a decimal is returned as it is, with the code.
func Money(locale, code, amount string) string {
	negative, whole, fraction, ok := splitDecimal(amount)
	if !ok {
		return strings.TrimSpace(amount + noBreak + code)
	}
	s := styleOf(locale)
	m := s.money(code)
	fraction = atLeast(strings.TrimRight(fraction, "0"), m.scale)

	var out strings.Builder
	if negative && strings.Trim(whole+fraction, "0") != "" {
		out.WriteString(s.minus)
	}
	if s.place != after {
		out.WriteString(m.symbol)
		if s.place == beforeSpaced || endsInLetter(m.symbol) {
			out.WriteString(noBreak)
		}
	}
	s.writeNumber(&out, whole, fraction)
	if s.place == after {
		out.WriteString(noBreak)
		out.WriteString(m.symbol)
	}
	return out.String()
}

// Decimal writes a decimal string such as "1234.50", without the zeros that do not count.
// What is not a decimal stays as it is.
func Decimal(locale, number string) string {
	negative, whole, fraction, ok := splitDecimal(number)
	if !ok {
		return number
	}
	s := styleOf(locale)
	fraction = strings.TrimRight(fraction, "0")
	var out strings.Builder
	if negative && strings.Trim(whole+fraction, "0") != "" {
		out.WriteString(s.minus)
	}
	s.writeNumber(&out, whole, fraction)
	return out.String()
}

// Amount writes an amount for programs: a decimal string with at least the decimals of
// its currency, as "120.00" and in JPY "120". What is not a decimal stays as it is.
func Amount(code, amount string) string {
	negative, whole, fraction, ok := splitDecimal(amount)
	if !ok {
		return amount
	}
	fraction = atLeast(strings.TrimRight(fraction, "0"), Decimals(code))
	if fraction != "" {
		fraction = "." + fraction
	}
	if negative && strings.Trim(whole+fraction, "0.") != "" {
		return "-" + whole + fraction
	}
	return whole + fraction
}

// usualDecimals are those of most currencies, and of codes that nobody knows.
const usualDecimals = 2

// Decimals is how many digits a currency has after the point: 2 of EUR, none of JPY.
func Decimals(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return usualDecimals
	}
	return decimals(unit)
}

// decimals is how many decimals amounts of a currency have at least.
func decimals(unit currency.Unit) int {
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// money returns how a currency is written. x/text gives a currency another symbol
// where the plain one would be misread: "$" is AUD in Australia and USD in the
// United States, and each has the other's by code.
func (s *style) money(code string) money {
	if known, ok := s.currencies.Load(code); ok {
		return known.(money)
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return money{symbol: code, scale: usualDecimals}
	}
	m := money{s.printer.Sprint(currency.Symbol(unit)), decimals(unit)}
	s.currencies.Store(code, m)
	return m
}

func (s *style) writeNumber(out *strings.Builder, whole, fraction string) {
	s.writeWhole(out, whole)
	if fraction != "" {
		out.WriteString(s.decimal)
		s.writeDigits(out, fraction)
	}
}

// writeWhole writes the digits before the decimal mark, in groups.
func (s *style) writeWhole(out *strings.Builder, whole string) {
	for i := range len(whole) {
		left := len(whole) - i
		if i > 0 && s.startsGroup(left) {
			out.WriteString(s.group)
		}
		s.writeDigits(out, whole[i:i+1])
	}
}

// startsGroup says whether a group begins where that many digits are left.
func (s *style) startsGroup(left int) bool {
	if s.primary == 0 || left < s.primary {
		return false
	}
	return (left-s.primary)%s.secondary == 0
}

func (s *style) writeDigits(out *strings.Builder, digits string) {
	for i := range len(digits) {
		out.WriteString(s.digits[digits[i]-'0'])
	}
}

// splitDecimal takes a decimal string apart. The whole part has no leading zeros
// beyond one.
func splitDecimal(amount string) (negative bool, whole, fraction string, ok bool) {
	rest, negative := strings.CutPrefix(amount, "-")
	whole, fraction, pointed := strings.Cut(rest, ".")
	if whole == "" || pointed && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return false, "", "", false
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	return negative, whole, fraction, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// atLeast fills a fraction up with zeros.
func atLeast(fraction string, scale int) string {
	if missing := scale - len(fraction); missing > 0 {
		return fraction + strings.Repeat("0", missing)
	}
	return fraction
}

func endsInLetter(symbol string) bool {
	last, _ := utf8.DecodeLastRuneInString(symbol)
	return unicode.IsLetter(last)
}

// styleOf returns what is known of a locale, from the cache where it can.
func styleOf(locale string) *style {
	stylesMutex.RLock()
	s, found := styles[locale]
	stylesMutex.RUnlock()
	if found {
		return s
	}
	s = newStyle(locale)
	stylesMutex.Lock()
	defer stylesMutex.Unlock()
	if len(styles) < maxCached {
		styles[locale] = s
	}
	return s
}

func newStyle(locale string) *style {
	tag, err := language.Parse(locale)
	if err != nil {
		tag = language.English
	}
	s := &style{printer: message.NewPrinter(tag)}
	s.place, _ = byRegion(symbolPlaces, tag)
	date, known := byRegion(datePatterns, tag)
	if !known {
		date = unknownDate
	}
	s.date = date
	s.learnNumbers()
	return s
}

// learnNumbers reads digits, separators and group sizes off numbers that x/text
// wrote: it does not give them away, and it cannot write a decimal string itself
// without a float in between.
func (s *style) learnNumbers() {
	for d := range s.digits {
		s.digits[d] = s.printer.Sprint(number.Decimal(d))
	}
	s.minus = strings.TrimSuffix(s.printer.Sprint(number.Decimal(-1)), s.digits[1])
	half := s.printer.Sprint(number.Decimal(1.5))
	s.decimal = strings.TrimSuffix(strings.TrimPrefix(half, s.digits[1]), s.digits[5])

	var sizes []int // of the runs of digits, from the left
	run := 0
	rest := s.printer.Sprint(number.Decimal(1111111111))
	for rest != "" {
		if after, isDigit := strings.CutPrefix(rest, s.digits[1]); isDigit {
			run++
			rest = after
			continue
		}
		next := strings.Index(rest, s.digits[1])
		if next < 0 {
			break
		}
		s.group = rest[:next]
		sizes, run = append(sizes, run), 0
		rest = rest[next:]
	}
	if len(sizes) > 0 {
		s.primary, s.secondary = run, run
		if len(sizes) > 1 {
			s.secondary = sizes[len(sizes)-1]
		}
	}
}
