package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/colour"
)

func TestOKLCHRoundTrip(t *testing.T) {
	for _, hex := range []string{"#000000", "#ffffff", "#3557c9", "#ff0000", "#00ff00", "#0000ff", "#ffd400"} {
		if got := oklchOf(colour.MustParse(hex)).rgb().String(); got != hex {
			t.Errorf("%s came back as %s", hex, got)
		}
	}
}

// Every accent that a tenant can choose must be readable in both schemes.
func TestPaletteMeetsAA(t *testing.T) {
	const aa = 4.5
	steps := []int{0, 51, 102, 128, 153, 204, 255}
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				accent := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				light, dark := Palette(accent)
				checkShades(t, accent+" light", light, lightSurface, lightPage, aa)
				checkShades(t, accent+" dark", dark, darkSurface, darkPage, aa)
			}
		}
	}
}

func checkShades(t *testing.T, name string, s Shades, surface, page string, want float64) {
	t.Helper()
	for _, pair := range [][2]string{
		{s.Accent, surface}, {s.Accent, page}, {s.Accent, s.Soft}, {s.OnAccent, s.Accent}, {s.OnAccent, s.Hover},
	} {
		if got := colour.Contrast(colour.MustParse(pair[0]), colour.MustParse(pair[1])); got < want {
			t.Errorf("%s: %s on %s has contrast %.2f, want at least %.1f", name, pair[0], pair[1], got, want)
		}
	}
}

func TestPaletteKeepsAReadableAccent(t *testing.T) {
	light, _ := Palette("#0a5fb4")
	if light.Accent != "#0a5fb4" {
		t.Errorf("light accent = %s, want the tenant's own #0a5fb4", light.Accent)
	}
}

func TestPaletteOfNoColour(t *testing.T) {
	want, _ := Palette(DefaultAccent)
	for _, accent := range []string{"", "blue", "#12", "#gggggg", "0a5fb4"} {
		if got, _ := Palette(accent); got != want {
			t.Errorf("Palette(%q) = %v, want the default's %v", accent, got, want)
		}
	}
}

// properties are the colours of the stylesheet in one scheme.
func properties(css string, dark bool) map[string]string {
	light, rest, _ := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	found := map[string]string{}
	blocks := []string{light}
	if dark {
		blocks = append(blocks, rest[:strings.Index(rest, "/*")])
	}
	for _, block := range blocks {
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
			found[m[1]] = m[2]
		}
	}
	return found
}

// What is written in the stylesheet's own colours can be read, and the edge of what can be
// operated can be seen.
func TestStylesheetMeetsAA(t *testing.T) {
	for _, dark := range []bool{false, true} {
		colours := properties(string(stylesheet), dark)
		check := func(a, b string, want float64) {
			if got := colour.Contrast(colour.MustParse(colours[a]), colour.MustParse(colours[b])); got < want {
				t.Errorf("dark %t: %s on %s has contrast %.2f, want at least %.1f", dark, a, b, got, want)
			}
		}
		for _, ground := range []string{"page", "surface", "sunken", "neutral-soft", "good-soft", "warn-soft", "bad-soft"} {
			check("text", ground, 4.5)
		}
		for _, ground := range []string{"page", "surface", "sunken", "neutral-soft"} {
			check("muted", ground, 4.5)
		}
		for _, ground := range []string{"page", "surface"} {
			check("line-strong", ground, 3)
			check("bad", ground, 4.5)
		}
		for _, tone := range []string{"neutral", "good", "warn", "bad"} {
			check(tone, tone+"-soft", 4.5)
		}
		check("on-bad", "bad", 4.5)
		check("on-bad", "bad-hover", 4.5)
	}
}

func TestStylesheetHasTheSurfacesOfThePalette(t *testing.T) {
	css := string(stylesheet)
	for _, colour := range []string{lightPage, lightSurface, darkPage, darkSurface} {
		if !strings.Contains(css, colour) {
			t.Errorf("foyer.css does not use %s, on which the palette's contrast is measured", colour)
		}
	}
}
