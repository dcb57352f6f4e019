// Package colour reads and mixes colours, and says by the rules of WCAG 2 whether a text can
// be read on a ground. The portal and the mails of a tenant both follow its accent colour,
// and both move it as far as their readers need.
package colour

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// RGB is a colour in sRGB, each channel 0 to 1.
type RGB struct{ R, G, B float64 }

// readable is what WCAG AA asks of text, and a little more, because colours are rounded to
// eight bits.
const readable = 4.55

// Parse reads a colour of six hexadecimal digits, as "#0a5fb4".
func Parse(text string) (RGB, bool) {
	digits, found := strings.CutPrefix(text, "#")
	v, err := strconv.ParseUint(digits, 16, 32)
	if !found || len(digits) != 6 || err != nil {
		return RGB{}, false
	}
	return RGB{float64(v>>16) / 255, float64(v>>8&0xff) / 255, float64(v&0xff) / 255}, true
}

// MustParse is Parse for constants.
func MustParse(text string) RGB {
	c, ok := Parse(text)
	if !ok {
		panic("not a colour: " + text)
	}
	return c
}

// String writes the colour as Parse reads it.
func (c RGB) String() string {
	channel := func(v float64) int { return int(math.Round(math.Max(0, math.Min(1, v)) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", channel(c.R), channel(c.G), channel(c.B))
}

// Mixed moves a colour towards another one by a share of the way, in sRGB, as CSS does without
// a colour space.
func (c RGB) Mixed(other RGB, share float64) RGB {
	return RGB{c.R + (other.R-c.R)*share, c.G + (other.G-c.G)*share, c.B + (other.B-c.B)*share}
}

// Linear is the light of a channel of sRGB.
func Linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// luminance is the relative luminance of WCAG 2.
func (c RGB) luminance() float64 {
	return 0.2126*Linear(c.R) + 0.7152*Linear(c.G) + 0.0722*Linear(c.B)
}

// Contrast is the ratio of WCAG 2, from 1 to 21.
func Contrast(a, b RGB) float64 {
	high, low := a.luminance(), b.luminance()
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}

// Readable says whether a text in this colour can be read on each of some grounds.
func (c RGB) Readable(grounds ...RGB) bool {
	for _, ground := range grounds {
		if Contrast(c, ground) < readable {
			return false
		}
	}
	return true
}
