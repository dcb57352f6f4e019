// Package locale writes money and dates the way that people of a locale read them.
// It is pure: every function is given the locale, as the resolved attribute of the
// account has it, and nothing is taken from the machine.
//
//	locale.Money("de-DE", "EUR", "1234.5")         // 1.234,50 €
//	locale.Date("en-AU", day)                      // 9 Mar 2026
//	locale.DateTime("en-US", instant, zone)        // Mar 9, 2026, 3:04 PM
//
// Nothing fails: a locale that is not known is written like "en", a currency that
// is not known by its code. What is shown for money is always exact: an amount
// never passes through a float, and digits beyond those of the currency are shown
// when they are not zero, so that nothing that is owed is hidden by rounding.
//
// Symbols, digits and separators come from golang.org/x/text. It has no currency
// patterns and no date patterns, so those are here, from CLDR, in patterns.go. A
// language without a date pattern has ISO 8601 dates, which nobody misreads.
package locale
