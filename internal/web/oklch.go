package web

import (
	"math"

	"github.com/foyerhq/foyer/internal/colour"
)

// oklch is a colour by perceived lightness (0 to 1), chroma and hue: lightness can be
// moved without the colour turning into another one.
type oklch struct{ l, c, h float64 }

func clamp(v float64) float64 { return math.Max(0, math.Min(1, v)) }

func encoded(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func oklchOf(c colour.RGB) oklch {
	r, g, b := colour.Linear(c.R), colour.Linear(c.G), colour.Linear(c.B)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	light := 0.2104542553*l + 0.7936177850*m - 0.0040720468*s
	x := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	y := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return oklch{light, math.Hypot(x, y), math.Atan2(y, x)}
}

func (c oklch) rgb() colour.RGB {
	x, y := c.c*math.Cos(c.h), c.c*math.Sin(c.h)
	l := cube(c.l + 0.3963377774*x + 0.2158037573*y)
	m := cube(c.l - 0.1055613458*x - 0.0638541728*y)
	s := cube(c.l - 0.0894841775*x - 1.2914855480*y)
	return colour.RGB{
		R: encoded(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		G: encoded(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		B: encoded(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

func cube(v float64) float64 { return v * v * v }

// inGamut lowers the chroma until a screen can show the colour.
func (c oklch) inGamut() colour.RGB {
	for range 64 {
		v := c.rgb()
		if math.Min(v.R, math.Min(v.G, v.B)) >= -0.0005 && math.Max(v.R, math.Max(v.G, v.B)) <= 1.0005 {
			break
		}
		c.c *= 0.94
	}
	v := c.rgb()
	return colour.RGB{R: clamp(v.R), G: clamp(v.G), B: clamp(v.B)}
}
