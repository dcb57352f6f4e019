package template_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

var allFormats = []template.Format{template.Subject, template.Plain, template.HTML, template.SMS, template.JSON, template.Note, template.Banner}

// TestWhatCompilesRenders makes templates and payloads up, with optional fields missing,
// and demands that what compiles renders.
func TestWhatCompilesRenders(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	compiledCount := map[template.Format]int{}
	for range 2000 {
		format := allFormats[random.IntN(len(allFormats))]
		source := (&author{random, format}).text(3)
		compiled, problems := template.Compile(source, format, testEvent)
		if compiled == nil && len(problems) == 0 {
			t.Fatalf("%q: neither a template nor problems", source)
		}
		if compiled == nil {
			continue
		}
		compiledCount[format]++
		for range 3 {
			holds(t, compiled, source, format, randomPayload(random))
		}
		if t.Failed() {
			return
		}
	}
	for _, format := range allFormats {
		if compiledCount[format] < 50 {
			t.Errorf("%s: only %d templates compiled", format, compiledCount[format])
		}
	}
}

// TestAcceptedRender does it for the templates of the table.
func TestAcceptedRender(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, example := range accepted {
		compiled := mustCompile(t, example.source, example.format)
		for range 50 {
			holds(t, compiled, example.source, example.format, randomPayload(random))
		}
	}
}

// holds demands what is true of every filled in template.
func holds(t *testing.T, compiled *template.Template, source string, format template.Format, payload map[string]any) {
	t.Helper()
	text, err := compiled.Render(template.Data{Payload: payload, Locale: "de-DE", Zone: time.FixedZone("", 3600), Currency: "CHF"})
	if err != nil {
		if message := err.Error(); !strings.Contains(message, "has more than 262144 bytes") {
			t.Errorf("%s %q with %s: %v", format, source, document(t, payload), err)
		}
		return
	}
	switch {
	case strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "<nil>"):
		t.Errorf("%s %q with %s has no value: %q", format, source, document(t, payload), text)
	case !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) >= 0:
		t.Errorf("%s %q with %s has characters that databases refuse: %q", format, source, document(t, payload), text)
	case format == template.SMS && utf8.RuneCountInString(text) > template.MaxSMS, format == template.Subject && utf8.RuneCountInString(text) > template.MaxSubject:
		t.Errorf("%s %q with %s is too long: %q", format, source, document(t, payload), text)
	case format == template.JSON && !json.Valid([]byte(text)):
		t.Errorf("%q with %s is not JSON: %q", source, document(t, payload), text)
	case format == template.Subject && strings.ContainsAny(text, "\r\n\x00"):
		t.Errorf("%q is not one line: %q", source, text)
	case format == template.HTML:
		if wrong := strange(text); wrong != "" {
			t.Errorf("%q with %s has %s: %q", source, document(t, payload), wrong, text)
		}
	}
	if link := payload["credential"].(map[string]any)["link"].(string); compiled.Uses("credential.link") && format != template.HTML && utf8.RuneCountInString(text) < template.MaxSMS-3 && !strings.Contains(text, link) {
		t.Errorf("%q with %s is without the link", source, document(t, payload))
	}
}

func document(t *testing.T, payload map[string]any) string {
	t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// strange finds what no mail may have. Payloads try to put it there: each of their texts
// has a script, and an attribute on*.
func strange(text string) string {
	tokens := html.NewTokenizer(strings.NewReader(text))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			if slices.Contains([]string{"script", "iframe", "object", "embed", "form", "input", "base", "link", "svg", "math"}, tag.Data) {
				return "a <" + tag.Data + ">"
			}
			for _, a := range tag.Attr {
				if address, err := url.Parse(a.Val); a.Key == "href" && err == nil && strings.HasPrefix(address.Scheme, "http") && strings.Contains(address.Host, "evil") {
					return "an address of another host"
				}
				if strings.HasPrefix(a.Key, "on") || (a.Key == "href" || a.Key == "src") && strings.HasPrefix(a.Val, "javascript") {
					return "a " + a.Key
				}
			}
		}
	}
}

// author writes templates at random that are right most of the time.
type author struct {
	random *rand.Rand
	format template.Format
}

func (a *author) one(of ...string) string { return of[a.random.IntN(len(of))] }

func (a *author) text(depth int) string {
	if a.format == template.JSON && depth == 3 {
		return `{"a":"` + a.pieces(depth) + `","b":` + a.one("1", "{{.order.items}}", "{{.order.total}}", "{{json .order.lines}}", "{{or .order.number .order.comment}}", "{{not (and .order.comment .order.number)}}", "[{{range .order.lines}}{{.amount}},{{end}}0]") +
			a.one("", `{{if .order.gift}},"c":"`+a.pieces(1)+`"{{end}}`) + "}"
	}
	return a.pieces(depth)
}

func (a *author) pieces(depth int) string {
	var out strings.Builder
	for range 1 + a.random.IntN(3) {
		out.WriteString(a.piece(depth))
	}
	return out.String()
}

func (a *author) piece(depth int) string {
	choice := a.random.IntN(10)
	switch {
	case depth == 0 || choice < 4:
		return a.value()
	case choice == 4:
		return a.markup(depth)
	case choice < 7:
		asked := a.one(".order.comment", ".order.discount", ".order.gift", ".order.address.note", ".order.shippedAt", ".recipient.firstName", ".order.coupons")
		return "{{if " + a.one("", "and .order.express ", "or ", "and (not .order.gift) (gt .order.total 5) ", "and (gt .order.total 1000000) ") + asked + "}}" + a.maybe(asked) + a.pieces(depth-1) +
			a.one("", "{{else}}"+a.pieces(depth-1), "{{else if not "+asked+"}}"+a.pieces(depth-1)) + "{{end}}"
	case choice == 7:
		asked := a.one(".order.comment", ".order.discount", ".recipient.lastName", ".order.pictureURL", ".credential.second")
		return "{{with " + asked + "}}{{.}}{{else}}" + a.pieces(depth-1) + "{{end}}"
	case choice == 8:
		return "{{range .order.lines}}{{.name}}{{if .serial}}{{.serial}}{{end}}{{.amount}}{{range .parts}}{{.name}}{{else}}-{{end}}" + a.one("", "{{$.order.number}}") + "{{end}}"
	}
	return "{{with .order.address}}{{.city}}{{with .note}}{{.}}{{end}}{{else}}" + a.pieces(depth-1) + "{{end}}"
}

func (a *author) maybe(asked string) string {
	if asked == ".order.gift" || asked == ".order.coupons" {
		return ""
	}
	return a.one("", "{{"+asked+"}}")
}

func (a *author) value() string {
	field := a.one(".order.number", ".order.state", ".order.items", ".order.weight", ".order.total", ".order.placedOn", ".event.time", ".order.pageURL", ".account.name",
		".credential.link", ".order.comment", ".order.lines", ".order.express")
	return a.one("x ", "{{"+field+"}}", `{{.order.comment | default "-" | upper}}`, `{{date "iso" (default .event.time .order.shippedAt)}}`, `{{plural (len .order.lines) "a" "b"}}`,
		`{{upper (.order.discount | default "x")}}`, `{{if eq "y" (.order.discount | default "x")}}a{{end}}`, `{{plural 2 "b" (.order.shippedAt | default "x")}}`, `{{upper (.order.pictureURL | default "x")}}`,
		`{{.order.discount | default "x"}}`, `{{.order.discount | default .order.total}}`, "{{$"+field+"}}")
}

func (a *author) markup(depth int) string {
	if a.format != template.HTML {
		return " - "
	}
	return a.one(
		`<p class="{{.order.number}}" title='`+a.value()+`'>`+a.pieces(depth-1)+"</p>",
		`<a href="{{.credential.link}}">`+a.pieces(depth-1)+"</a>",
		`<a href='{{.order.pictureURL | default .order.pageURL}}?a=b' title="{{.order.total}}">`+a.pieces(depth-1)+"</a>",
		`<a href="{{.order.pictureURL | default .order.pageURL}}/{{.order.number}}?a={{.order.number}}#{{.order.items}}">`+a.pieces(depth-1)+"</a>",
		`<a href="{{.order.pageURL}}`+a.one("/", "?", ".", "x")+`{{.order.number}}">x</a>`, `<a href="https:`+a.one("//", "//x.example", "//x.example/", "//x@")+`{{.order.number}}">x</a>`,
		`<a href='mailto:{{.order.number}}?subject=x'>mail</a>`,
		`<title>{{.order.number}}</title><style>p { color: red }</style>`,
		"<!-- comment --><br>", `{{if .order.gift}}<ul>{{range .order.lines}}<li id="{{.name}}">{{.name}}</li>{{end}}</ul>{{end}}`,
	)
}

// randomPayload is one of the event, by its own fields.
func randomPayload(random *rand.Rand) map[string]any {
	return randomObject(random, testEvent.TemplateFields())
}

func randomObject(random *rand.Rand, fields []catalog.Field) map[string]any {
	object := map[string]any{}
	for _, f := range fields {
		if !f.Optional || random.IntN(2) == 0 {
			object[f.Name] = randomValue(random, f)
		}
	}
	return object
}

func randomValue(random *rand.Rand, f catalog.Field) any {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	number := func() string {
		return one("", "-") + strconv.Itoa(random.IntN(2000)) + one("", "", "000000") + one("", "."+fmt.Sprintf("%02d", random.IntN(100)))
	}
	switch f.Type {
	case catalog.Object:
		return randomObject(random, f.Fields)
	case catalog.List:
		list := []any{}
		for range random.IntN(4) {
			list = append(list, randomObject(random, f.Fields))
		}
		return list
	case catalog.Boolean:
		return random.IntN(2) == 0
	case catalog.Integer:
		return json.Number(strconv.Itoa(random.IntN(5) - 1))
	case catalog.Decimal, catalog.Money:
		return number()
	case catalog.Date:
		return one("2026-11-21", "1999-01-31", "2028-02-29")
	case catalog.Time:
		return one("2026-11-21T23:59:59Z", "2026-03-29T02:30:00+01:00", "2026-11-21T09:00:00.123456789-11:00")
	case catalog.URL, catalog.Link:
		return "https://x.example/" + one("", "a?b=c&d=e#f", `"onload="x`, "'><script>", "%0d%0a", strconv.Itoa(random.IntN(1000)))
	}
	if len(f.Values) > 0 {
		return one(f.Values...)
	}
	if f.Name == "currency" {
		return one("EUR", "USD", "JPY")
	}
	return one("", "plain", "A-100", "[1,2]", `1,"a":2`, "true", "7", `"onload="x`, "'onload='x", "<script>x</script>", "a\r\nb: c", "\\", "\\u0022", "\u2028", "ünï", "</title><script>", "<!--", "javascript:x", "\"}", strings.Repeat("long ", 50), ".evil.test/", "@evil.test/", "//evil.test", "/../\\evil.test", strings.Repeat("ü", 800), "a\u202eb")
}

// TestRandomPayloadsAreOfTheEvent keeps the properties about the payloads of the catalog.
func TestRandomPayloadsAreOfTheEvent(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		if problems := testEvent.CheckPayload(randomPayload(random)); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
}

// TestEveryEvent fills a template of every field of every event in.
func TestEveryEvent(t *testing.T) {
	known := catalog.BuiltIn()
	for _, name := range known.Names() {
		event, _ := known.Lookup(name)
		source := everyField("", event.TemplateFields())
		for _, format := range []template.Format{template.Plain, template.HTML} {
			if _, problems := template.Compile(source, format, event); len(problems) > 0 {
				t.Errorf("%s: %s", name, lines(problems))
			}
		}
	}
}

func everyField(path string, fields []catalog.Field) string {
	var out strings.Builder
	for _, f := range fields {
		at := path + "." + f.Name
		body := "{{" + at + "}}\n"
		switch f.Type {
		case catalog.Object:
			body = everyField(at, f.Fields)
		case catalog.List:
			body = "{{range " + at + "}}" + everyField("", f.Fields) + "{{end}}"
		case catalog.Boolean:
			body = "{{if " + at + "}}yes{{else}}no{{end}}\n"
		}
		if f.Optional {
			body = "{{if " + at + "}}" + body + "{{end}}"
		}
		out.WriteString(body)
	}
	return out.String()
}
