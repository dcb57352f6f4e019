package colour

import (
	"math"
	"testing"
)

func TestContrast(t *testing.T) {
	for _, test := range []struct {
		a, b     string
		want     float64
		readable bool
	}{
		{"#000000", "#ffffff", 21, true},
		{"#ffffff", "#ffffff", 1, false},
		{"#777777", "#ffffff", 4.48, false},
		{"#767676", "#ffffff", 4.54, false},
		{"#757575", "#ffffff", 4.61, true},
	} {
		a, b := MustParse(test.a), MustParse(test.b)
		if got := Contrast(a, b); math.Abs(got-test.want) > 0.01 || got != Contrast(b, a) {
			t.Errorf("contrast of %s and %s is %.2f, want %.2f", a, b, got, test.want)
		}
		if got := a.Readable(b); got != test.readable {
			t.Errorf("%s on %s can be read: %t", a, b, got)
		}
	}
	black, grey, white := MustParse("#000000"), MustParse("#808080"), MustParse("#ffffff")
	if !black.Readable(white, grey) || white.Readable(black, grey) {
		t.Error("what can be read on several grounds can be read on each")
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"#000000", "#0a5fb4", "#ffffff"} {
		if c, ok := Parse(text); !ok || c.String() != text {
			t.Errorf("%s became %s (%t)", text, c, ok)
		}
	}
	for _, text := range []string{"", "blue", "#12", "#gggggg", "0a5fb4", "#0a5fb40", "#-12345"} {
		if c, ok := Parse(text); ok {
			t.Errorf("%q became %s", text, c)
		}
	}
}

func TestMixed(t *testing.T) {
	black, white := MustParse("#000000"), MustParse("#ffffff")
	for share, want := range map[float64]string{0: "#000000", 0.5: "#808080", 1: "#ffffff", 2: "#ffffff", -1: "#000000"} {
		if got := black.Mixed(white, share).String(); got != want {
			t.Errorf("by %v: %s, want %s", share, got, want)
		}
	}
}
