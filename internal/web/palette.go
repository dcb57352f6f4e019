package web

import (
	"bytes"
	"fmt"

	"github.com/foyerhq/foyer/internal/colour"
)

// DefaultAccent is the accent of a tenant that names none.
const DefaultAccent = "#3557c9"

// Surfaces that the accent is seen on; foyer.css has the same values.
const (
	lightPage    = "#f5f6f8"
	lightSurface = "#ffffff"
	darkPage     = "#101317"
	darkSurface  = "#1a1e25"
)

// Shades are the accent colours of one colour scheme.
type Shades struct {
	Accent   string // links, and the ground of buttons
	Hover    string // the same under the pointer
	OnAccent string // text on Accent and on Hover
	Soft     string // a tinted ground; text in Accent is readable on it
}

// Palette derives the shades of both schemes from a tenant's accent colour. It moves
// only the lightness, and only as far as WCAG AA needs; a text that is not a colour
// yields the default accent.
func Palette(accent string) (light, dark Shades) {
	own, ok := colour.Parse(accent)
	if !ok {
		own = colour.MustParse(DefaultAccent)
	}
	return lightShades(own), darkShades(own)
}

func lightShades(own colour.RGB) Shades {
	white, page := colour.MustParse(lightSurface), colour.MustParse(lightPage)
	c := oklchOf(own)
	for ; c.l > 0; c.l -= 0.005 {
		accent := c.inGamut()
		soft := white.Mixed(accent, 0.09)
		if accent.Readable(white, page, soft) {
			return Shades{accent.String(), darker(c, 0.07).String(), lightSurface, soft.String()}
		}
	}
	return Shades{"#000000", "#222222", lightSurface, "#ebebeb"}
}

func darkShades(own colour.RGB) Shades {
	surface, ink := colour.MustParse(darkSurface), colour.MustParse(darkPage)
	c := oklchOf(own)
	c.l = max(c.l, 0.68) // saturated mid tones glare on black
	c.c = min(c.c, 0.15)
	for ; c.l < 1; c.l += 0.005 {
		accent := c.inGamut()
		soft := surface.Mixed(accent, 0.14)
		if accent.Readable(surface, ink, soft) {
			return Shades{accent.String(), darker(c, -0.05).String(), darkPage, soft.String()}
		}
	}
	return Shades{"#ffffff", "#eeeeee", darkPage, "#3a3e44"}
}

func darker(c oklch, by float64) colour.RGB {
	c.l = clamp(c.l - by)
	return c.inGamut()
}

// brandCSS is the stylesheet of one accent colour.
func brandCSS(accent string) []byte {
	light, dark := Palette(accent)
	var b bytes.Buffer
	fmt.Fprintf(&b, ":root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n", light.properties(), dark.properties())
	return b.Bytes()
}

func (s Shades) properties() string {
	return fmt.Sprintf("--accent:%s;--accent-hover:%s;--on-accent:%s;--accent-soft:%s", s.Accent, s.Hover, s.OnAccent, s.Soft)
}
