package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour in sRGB, each channel 0 to 1.
type rgb struct{ r, g, b float64 }

// oklch is a colour by perceived lightness (0 to 1), chroma and hue: lightness can be
// moved without the colour turning into another one.
type oklch struct{ l, c, h float64 }

func parseHex(text string) (rgb, bool) {
	digits, found := strings.CutPrefix(text, "#")
	if !found || len(digits) != 6 {
		return rgb{}, false
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return rgb{float64(v>>16) / 255, float64(v>>8&0xff) / 255, float64(v&0xff) / 255}, true
}

func mustHex(text string) rgb {
	c, ok := parseHex(text)
	if !ok {
		panic("web: not a colour: " + text) // a constant of this package
	}
	return c
}

func (c rgb) hex() string {
	channel := func(v float64) int { return int(math.Round(clamp(v) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", channel(c.r), channel(c.g), channel(c.b))
}

func clamp(v float64) float64 { return math.Max(0, math.Min(1, v)) }

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func encoded(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// luminance is the relative luminance of WCAG 2.
func (c rgb) luminance() float64 {
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

// mix moves from a to b by share, in sRGB as CSS does without a colour space.
func mix(a, b rgb, share float64) rgb {
	return rgb{a.r + (b.r-a.r)*share, a.g + (b.g-a.g)*share, a.b + (b.b-a.b)*share}
}

func (c rgb) oklch() oklch {
	r, g, b := linear(c.r), linear(c.g), linear(c.b)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	light := 0.2104542553*l + 0.7936177850*m - 0.0040720468*s
	x := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	y := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return oklch{light, math.Hypot(x, y), math.Atan2(y, x)}
}

func (c oklch) rgb() rgb {
	x, y := c.c*math.Cos(c.h), c.c*math.Sin(c.h)
	l := cube(c.l + 0.3963377774*x + 0.2158037573*y)
	m := cube(c.l - 0.1055613458*x - 0.0638541728*y)
	s := cube(c.l - 0.0894841775*x - 1.2914855480*y)
	return rgb{
		encoded(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		encoded(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		encoded(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

func cube(v float64) float64 { return v * v * v }

// inGamut lowers the chroma until a screen can show the colour.
func (c oklch) inGamut() rgb {
	for range 64 {
		v := c.rgb()
		if math.Min(v.r, math.Min(v.g, v.b)) >= -0.0005 && math.Max(v.r, math.Max(v.g, v.b)) <= 1.0005 {
			break
		}
		c.c *= 0.94
	}
	v := c.rgb()
	return rgb{clamp(v.r), clamp(v.g), clamp(v.b)}
}
