package suite

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/colour"
)

func TestBlocks(t *testing.T) {
	tests := []struct {
		text  string
		kind  kind
		lines []line
	}{
		{"One\ntwo", paragraph, []line{{"One", false}, {"two", false}}},
		{"{{if .a}}One{{end}}", paragraph, []line{{"{{if .a}}One{{end}}", false}}},
		{"[One](.a.b) two", paragraph, []line{{"[One](.a.b) two", false}}},
		{"[One](.a.b/c)", button, []line{{"[One](.a.b/c)", false}}},
		{"{{if .a}}", control, []line{{"{{if .a}}", true}}},
		{"{{end}}\n{{else}}", control, []line{{"{{end}}", true}, {"{{else}}", true}}},
		{"{{if .a}}\n| A | {{.a}}\n{{end}}", fact, []line{{"{{if .a}}", true}, {"A | {{.a}}", false}, {"{{end}}", true}}},
		{"## Head", heading, []line{{"Head", false}}},
		{"> {{.text}}", quote, []line{{"{{.text}}", false}}},
		{"! Look", note, []line{{"Look", false}}},
		{"= 1 | one", figure, []line{{"1 | one", false}}},
	}
	for _, test := range tests {
		b := readBlock("test", strings.Split(test.text, "\n"))
		if b.kind != test.kind || !cmp.Equal(test.lines, b.lines, cmp.AllowUnexported(line{})) {
			t.Errorf("%q is %q %v, want %q %v", test.text, b.kind, b.lines, test.kind, test.lines)
		}
	}
}

func TestBlocksThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"One\n| A | b":            `"| A | b" is of another kind`,
		"{{if .a}}\nOne\n{{end}}": "{{if .a}} stands in a block",
		"> a\n{{end}}":            "{{end}} stands in a block",
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.HasPrefix(said, "a.en.txt: "+want) {
					t.Errorf("%q: %q, want %q", text, said, want)
				}
			}()
			readBlock("a.en.txt", strings.Split(text, "\n"))
		}()
	}
}

func TestHead(t *testing.T) {
	have := readHead("a.en.txt", "subject: One: {{.a}}\n  and two\ntitle: Three")
	if diff := cmp.Diff(map[string]string{"subject": "One: {{.a}} and two", "title": "Three"}, have); diff != "" {
		t.Errorf("want -, have +:\n%s", diff)
	}
}

func TestLinks(t *testing.T) {
	l := readLayout()
	tests := []struct{ text, plain, start string }{
		{"a & b", "a & b", "a &amp; b"},
		{`{{if eq .a "<"}}<{{end}}`, `{{if eq .a "<"}}<{{end}}`, `{{if eq .a "<"}}&lt;{{end}}`},
		{"see [it & all](.a.url), now", "see it & all <{{.a.url}}>, now", `see <a class="link" href="{{.a.url}}" style="`},
		{"[{{.n}}](.tenant.portalURL/a-b/c)", "{{.n}} <{{.tenant.portalURL}}/a-b/c>", `<a class="link" href="{{.tenant.portalURL}}/a-b/c" style="`},
		{"[{{.u}}](.u)", "{{.u}}", `<a class="link" href="{{.u}}" style="`},
		{"[{{$.m}}](mailto:$.m)", "{{$.m}}", `<a class="link" href="mailto:{{$.m}}" style="`},
		{"[no](link)", "[no](link)", "[no](link)"},
	}
	for _, test := range tests {
		if have := plainText(test.text); have != test.plain {
			t.Errorf("%q as plain text: %q, want %q", test.text, have, test.plain)
		}
		if have := l.rich(test.text); !strings.HasPrefix(have, test.start) {
			t.Errorf("%q as HTML: %q, want it to begin with %q", test.text, have, test.start)
		}
	}
}

func TestFrenchSpaces(t *testing.T) {
	have := frenchSpaces("« Quoi ? » Oui : non ! Ou ; a:b")
	if want := "«\u00a0Quoi\u00a0?\u00a0» Oui\u00a0: non\u00a0! Ou\u00a0; a:b"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
}

// Whatever the accent, what is written can be read.
func TestColours(t *testing.T) {
	is := colour.MustParse
	ink := is("#101317")        // of the button in dark mode
	text := is("#17202c")       // of the figure
	lightText := is("#e9ecf1")  // of the figure in dark mode
	muted := is("#4d5868")      // below it
	lightMuted := is("#a9b2bf") // below it in dark mode
	for _, accent := range []string{"", "#000000", "#ffffff", "#ffd400", "#0a5fb4", "#1b0e3a", "#808080", "#777777", "#00ff00", "#ff0000", "#0000ff", "#e20074", "red", "#12345"} {
		p := paletteOf(accent)
		for what, pair := range map[string][2]colour.RGB{
			"the header":               {is(p.onAccent), is(p.accent)},
			"links":                    {is(p.link), is(lightCard)},
			"links of the footer":      {is(p.link), is(lightPage)},
			"links of notes":           {is(p.link), is(lightNote)},
			"links in dark mode":       {is(p.darkLink), is(darkCard)},
			"the button in dark mode":  {ink, is(p.darkLink)},
			"the figure":               {text, is(p.soft)},
			"the figure in dark mode":  {lightText, is(p.darkSoft)},
			"its caption":              {muted, is(p.soft)},
			"its caption in dark mode": {lightMuted, is(p.darkSoft)},
		} {
			if c := colour.Contrast(pair[0], pair[1]); c < 4.5 {
				t.Errorf("accent %q: the contrast of %s is %.2f", accent, what, c)
			}
		}
	}
	if p := paletteOf("#0A5FB4"); p.accent != "#0a5fb4" || p.onAccent != "#ffffff" || p.link != "#0a5fb4" {
		t.Errorf("a readable accent is not used as it is: %+v", p)
	}
	if paletteOf("red") != paletteOf("") {
		t.Error("what is no colour is not the standard one")
	}
}
