package suite

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// standardAccent is the colour of a tenant that names none, that of its portal.
const standardAccent = "#3557c9"

// What text in the accent colour stands on; layout.html has the same values.
const (
	lightCard = "#ffffff"
	lightPage = "#f2f4f7"
	lightNote = "#fff6de"
	darkCard  = "#1a1e25"
)

// readable is what WCAG AA asks of text, and a little more, because colours are rounded.
const readable = 4.55

// palette is the colours of a tenant. The accent is the ground of the header, and in light
// mode of the button, as it is; else it is made darker or lighter as far as it must be.
type palette struct {
	accent, onAccent   string
	link, soft         string // soft: a tinted ground
	darkLink, darkSoft string // where the reader prefers dark
}

func paletteOf(accent string) palette {
	colour, ok := parseColour(accent)
	if !ok {
		colour, _ = parseColour(standardAccent)
	}
	black, white := rgb{}, rgb{1, 1, 1}
	ink := white
	if contrast(colour, black) > contrast(colour, white) {
		ink = black
	}
	light, _ := parseColour(lightCard)
	dark, _ := parseColour(darkCard)
	page, _ := parseColour(lightPage)
	note, _ := parseColour(lightNote)
	soft := light.mixed(colour, 0.07)
	darkSoft := dark.mixed(colour.mixed(white, 0.3), 0.12)
	return palette{
		accent: colour.String(), onAccent: ink.String(),
		link: textOn(colour, black, light, page, note, soft).String(), soft: soft.String(),
		darkLink: textOn(colour, white, dark, darkSoft).String(), darkSoft: darkSoft.String(),
	}
}

// textOn moves a colour towards another one until it can be read on all of some grounds.
func textOn(colour, towards rgb, grounds ...rgb) rgb {
	const step = 0.04
	for share := 0.0; share < 1; share += step {
		text := colour.mixed(towards, share)
		if !slices.ContainsFunc(grounds, func(ground rgb) bool { return contrast(text, ground) < readable }) {
			return text
		}
	}
	return towards
}

// replacer puts the colours in the place of their names.
func (p palette) replacer() *strings.Replacer {
	return strings.NewReplacer("@accent@", p.accent, "@onAccent@", p.onAccent,
		"@link@", p.link, "@soft@", p.soft, "@darkLink@", p.darkLink, "@darkSoft@", p.darkSoft)
}

// rgb is a colour in sRGB, each channel 0 to 1.
type rgb struct{ r, g, b float64 }

func parseColour(text string) (rgb, bool) {
	digits, found := strings.CutPrefix(text, "#")
	v, err := strconv.ParseUint(digits, 16, 32)
	if !found || len(digits) != 6 || err != nil {
		return rgb{}, false
	}
	return rgb{float64(v>>16) / 255, float64(v>>8&0xff) / 255, float64(v&0xff) / 255}, true
}

func (c rgb) String() string {
	channel := func(v float64) int { return int(math.Round(v * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", channel(c.r), channel(c.g), channel(c.b))
}

func (c rgb) mixed(other rgb, share float64) rgb {
	return rgb{c.r + (other.r-c.r)*share, c.g + (other.g-c.g)*share, c.b + (other.b-c.b)*share}
}

// luminance is the relative luminance of WCAG 2.
func (c rgb) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the ratio of WCAG 2, from 1 to 21.
func contrast(a, b rgb) float64 {
	high, low := a.luminance(), b.luminance()
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}
