package store_test

import (
	"math/big"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/foyerhq/foyer/internal/store"
)

var decimal = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)

// FuzzUnits: whatever a text is, it is read as the decimal that it says or not at all, and
// the database is sent that decimal.
func FuzzUnits(f *testing.F) {
	for _, text := range []string{"0", "-0", "1", "-1.5", "0.0001", "00012.3400", "99999999999999.9999", "-99999999999999.9999", "10000", "9999.9999",
		"", "-", ".5", "5.", "1e3", "1.00001", "123456789012345", "1.2.3", "+1", " 1", "１"} {
		f.Add(text)
	}
	types := pgtype.NewMap()
	f.Fuzz(func(t *testing.T, text string) {
		units, ok := store.ParseUnits(text)
		if ok != decimal.MatchString(text) {
			t.Fatalf("%q is read: %t", text, ok)
		}
		if !ok {
			return
		}
		want, _ := new(big.Rat).SetString(text)
		if got := big.NewRat(units, 10000); got.Cmp(want) != 0 {
			t.Fatalf("%q is read as %s", text, got)
		}
		var sent pgtype.Numeric
		copied := store.CopiedNumeric(units)
		if err := types.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, copied[4:], &sent); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		back, err := sent.Value()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := new(big.Rat).SetString(back.(string)); !ok || got.Cmp(want) != 0 {
			t.Fatalf("%q is sent as %v", text, back)
		}
	})
}
