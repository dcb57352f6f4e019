package locale_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/locale"
)

func TestNearest(t *testing.T) {
	translations := []string{"fr", "de-AT", "de", "zh-Hant"}
	for wanted, want := range map[string]int{
		"de-AT": 1, "de-at": 1, "DE": 2, "de-CH": 2, "de-AT-x-old": 1, "fr-CA": 0, "zh-Hant-TW": 3, "zh-TW": -1, "zh": -1, "en": -1, "": -1, "-": -1,
	} {
		if got := locale.Nearest(wanted, translations); got != want {
			t.Errorf("%q: %d, want %d", wanted, got, want)
		}
	}
	if got := locale.Nearest("de", nil); got != -1 {
		t.Errorf("of none: %d", got)
	}
}
