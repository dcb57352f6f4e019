package store

import (
	"math/big"
	"regexp"
	"strings"
)

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

// Amounts are decimal strings all the way, and PostgreSQL computes with them: nothing
// here is ever a float.

// amount writes a decimal as it is read back: without needless zeros.
func amount(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	switch {
	case fraction != "":
		whole += "." + fraction
	case whole == "0":
		return whole
	}
	if negative {
		return "-" + whole
	}
	return whole
}

// optionalAmount is amount of what may be missing.
func optionalAmount(text *string) *string {
	if text == nil {
		return nil
	}
	short := amount(*text)
	return &short
}

// Sum adds decimals; an empty one is zero.
func Sum(amounts ...string) string {
	sum := new(big.Rat)
	for _, text := range amounts {
		sum.Add(sum, decimal(text))
	}
	return amount(sum.FloatString(4))
}

// decimal is a number that was read from the database, exactly; what is none is zero.
func decimal(text string) *big.Rat {
	if n, ok := new(big.Rat).SetString(text); ok {
		return n
	}
	return new(big.Rat)
}

// positive says whether a decimal is more than zero.
func positive(text string) bool {
	return !strings.HasPrefix(text, "-") && amount(text) != "0"
}

// samePointer says whether two optional values are equal.
func samePointer[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
