package suite

import (
	"strings"

	"github.com/foyerhq/foyer/internal/colour"
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

// palette is the colours of a tenant. The accent is the ground of the header, and in light
// mode of the button, as it is; else it is made darker or lighter as far as it must be.
type palette struct {
	accent, onAccent   string
	link, soft         string // soft: a tinted ground
	darkLink, darkSoft string // where the reader prefers dark
}

func paletteOf(accent string) palette {
	own, ok := colour.Parse(accent)
	if !ok {
		own = colour.MustParse(standardAccent)
	}
	black, white := colour.MustParse("#000000"), colour.MustParse("#ffffff")
	ink := white
	if colour.Contrast(own, black) > colour.Contrast(own, white) {
		ink = black
	}
	light, dark := colour.MustParse(lightCard), colour.MustParse(darkCard)
	page, note := colour.MustParse(lightPage), colour.MustParse(lightNote)
	soft := light.Mixed(own, 0.07)
	darkSoft := dark.Mixed(own.Mixed(white, 0.3), 0.12)
	return palette{
		accent: own.String(), onAccent: ink.String(),
		link: textOn(own, black, light, page, note, soft).String(), soft: soft.String(),
		darkLink: textOn(own, white, dark, darkSoft).String(), darkSoft: darkSoft.String(),
	}
}

// textOn moves a colour towards another one until it can be read on all of some grounds.
func textOn(own, towards colour.RGB, grounds ...colour.RGB) colour.RGB {
	const step = 0.04
	for share := 0.0; share < 1; share += step {
		if text := own.Mixed(towards, share); text.Readable(grounds...) {
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
