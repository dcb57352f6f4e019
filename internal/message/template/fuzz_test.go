package template_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/message/template"
)

// FuzzCompile gives Compile texts that nobody meant to write. It refuses them with
// places that exist, or what it makes of them renders for every payload.
func FuzzCompile(f *testing.F) {
	for _, example := range accepted {
		f.Add(example.source, formatNumber(example.format))
	}
	for _, example := range refused {
		f.Add(example.source, formatNumber(example.format))
	}
	f.Fuzz(func(t *testing.T, source string, number byte) {
		format := allFormats[int(number)%len(allFormats)]
		compiled, problems := template.Compile(source, format, testEvent)
		if (compiled == nil) != (len(problems) > 0) || len(problems) > 20 {
			t.Fatalf("%d problems, template: %t", len(problems), compiled != nil)
		}
		for _, p := range problems {
			sourceLines := strings.Split(source, "\n")
			if p.Message == "" || strings.Contains(p.Message, "template: ") || p.Line > len(sourceLines) ||
				p.Line > 0 && (p.Column < 1 || p.Column > utf8.RuneCountInString(sourceLines[p.Line-1])+1) {
				t.Fatalf("a problem without a place or words: %q", p.Error())
			}
		}
		if compiled == nil {
			return
		}
		random := rand.New(rand.NewPCG(uint64(len(source)), 1))
		for range 3 {
			holds(t, compiled, source, format, randomPayload(random))
		}
	})
}

func formatNumber(format template.Format) byte {
	for i, f := range allFormats {
		if f == format {
			return byte(i)
		}
	}
	panic(format)
}

// FuzzRender gives templates payloads that may not be of the event. They are refused, or
// filled in like any other.
func FuzzRender(f *testing.F) {
	locales := []string{"en", "de-DE", "fa", "not a locale"} // more are a matter of package locale
	f.Add(string(testEvent.Sample), byte(0), "EUR")
	f.Add(`{"order":{"lines":[{"amount":"1e9"}]}}`, byte(1), "")
	f.Add(`{"order":null}`, byte(3), "XXX")
	random := rand.New(rand.NewPCG(7, 8))
	for range 5 {
		payload, err := json.Marshal(randomPayload(random))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(payload), byte(2), "JPY")
	}
	var templates []*template.Template
	for _, example := range accepted {
		templates = append(templates, mustCompile(f, example.source, example.format))
	}
	zone := time.FixedZone("", -3600)
	f.Fuzz(func(t *testing.T, document string, locale byte, currency string) {
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.UseNumber()
		var payload map[string]any
		if decoder.Decode(&payload) != nil {
			return
		}
		for i, compiled := range templates {
			text, err := compiled.Render(template.Data{Payload: payload, Locale: locales[int(locale)%len(locales)], Zone: zone, Currency: currency})
			switch {
			case err != nil && text != "":
				t.Fatalf("an error and a text: %v, %q", err, text)
			case err != nil && strings.Contains(err.Error(), "cannot be filled in"):
				t.Fatalf("%q: %v", accepted[i].source, err)
			case err == nil && accepted[i].format == template.JSON && !json.Valid([]byte(text)):
				t.Fatalf("%q: not JSON: %q", accepted[i].source, text)
			case err == nil && accepted[i].format == template.HTML && strange(text) != "":
				t.Fatalf("%q has %s: %q", accepted[i].source, strange(text), text)
			}
			if problems := testEvent.CheckPayload(payload); err != nil && len(problems) == 0 && !strings.Contains(err.Error(), "262144 bytes") {
				t.Fatalf("%q refuses a payload of the event: %v", accepted[i].source, err)
			}
		}
	})
}

// FuzzSegments demands that a text message is never counted too short or too long.
func FuzzSegments(f *testing.F) {
	for _, text := range []string{"", strings.Repeat("a", 161), strings.Repeat("€", 81), strings.Repeat("😀", 67)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		characters := utf8.RuneCountInString(text)
		if got := template.Segments(text); got < 1 || got > max(1, (characters+32)/33) || got < characters/160 {
			t.Fatalf("%d characters are %d segments", characters, got)
		}
	})
}
