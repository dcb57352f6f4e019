package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFloorAsksTheSame: the statements of the floor are those of the portal, word by word.
func TestFloorAsksTheSame(t *testing.T) {
	var source strings.Builder
	files, err := filepath.Glob("../../../internal/store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // a file of the repository
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for _, statement := range []string{sessionColumns, bannersOf, sessionTimes, accountColumns, sessionTables, invoicesOf, invoicesOrder, openSQL, oldestSQL} {
		if !strings.Contains(source.String(), statement) {
			t.Errorf("package store does not ask this any more:\n%s", statement)
		}
	}
}

func TestDollars(t *testing.T) {
	for amount, want := range map[string]string{"0": "$0.00", "7.5": "$7.50", "1234": "$1,234.00", "1234567.1234": "$1,234,567.1234", "999.99": "$999.99"} {
		if got := dollars(amount); got != want {
			t.Errorf("dollars(%s) = %s, want %s", amount, got, want)
		}
	}
}
