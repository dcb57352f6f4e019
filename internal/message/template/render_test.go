package template_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/message/template"
)

// with is the sample with one field replaced; nil takes it out.
func with(t testing.TB, path string, value any) map[string]any {
	t.Helper()
	payload := decode(t, string(testEvent.Sample))
	object, names := payload, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		object = object[name].(map[string]any)
	}
	if last := names[len(names)-1]; value == nil {
		delete(object, last)
	} else {
		object[last] = value
	}
	return payload
}

func render(t testing.TB, source string, format template.Format, payload map[string]any) string {
	t.Helper()
	text, err := mustCompile(t, source, format).Render(template.Data{Payload: payload, Locale: "en", Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestValuesAreLocalised(t *testing.T) {
	sydney, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	source := `{{.order.total}}|{{.order.placedOn}}|{{.order.shippedAt | default "-"}}|{{.order.shippedAt | default .event.time | date "iso"}}|{{date "short" .event.time}}|{{.order.weight}}`
	tests := []struct {
		data template.Data
		want string
	}{
		{template.Data{}, "€1,234.50|21 Nov 2026|21 Nov 2026, 22:30|2026-11-21|21 Nov 2026|2.50"},
		{template.Data{Locale: "de-DE", Currency: "USD"}, "1.234,50 €|21.11.2026|21.11.2026, 22:30|2026-11-21|21.11.2026|2.50"},
		{template.Data{Locale: "en-AU", Zone: sydney}, "EUR 1,234.50|21 Nov 2026|22 Nov 2026, 9:30 am|2026-11-22|21 Nov 2026|2.50"},
	}
	for _, test := range tests {
		test.data.Payload = decode(t, string(testEvent.Sample))
		got, err := mustCompile(t, source, template.Plain).Render(test.data)
		if err != nil {
			t.Fatal(err)
		}
		if plain.Replace(got) != test.want {
			t.Errorf("%s: %q, want %q", test.data.Locale, got, test.want)
		}
	}
	own := with(t, "order.currency", "USD")
	if got := plain.Replace(render(t, "{{.order.total}}{{range .order.lines}} {{.amount}}{{end}}", template.Plain, own)); got != "$1,234.50 €1,200.00 €34.50" {
		t.Errorf("the currency beside an amount, or else that of the account: %q", got)
	}
}

// TestInjection fills in what people type to break messages.
func TestInjection(t *testing.T) {
	const evil = "\"'><script>alert(1)</script>\r\nBcc: x@y\x00\u2028\\ {{.order.number}} &amp;"
	tests := []struct {
		format       template.Format
		source, want string
	}{
		{template.HTML, `<p>{{.order.number}}</p>`, "<p>&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nBcc: x@y\u2028\\ {{.order.number}} &amp;amp;</p>"},
		{template.HTML, `<title>{{.order.number}}</title>`, "<title>&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nBcc: x@y\u2028\\ {{.order.number}} &amp;amp;</title>"},
		{template.HTML, `<p title="{{.order.number}}">`, "<p title=\"&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nBcc: x@y\u2028\\ {{.order.number}} &amp;amp;\">"},
		{template.HTML, `<p title='{{.order.number | lower}}'>`, "<p title='&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nbcc: x@y\u2028\\ {{.order.number}} &amp;amp;'>"},
		{template.HTML, `<p>{{default "x" .order.number}}</p>`, "<p>&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nBcc: x@y\u2028\\ {{.order.number}} &amp;amp;</p>"},
		{template.JSON, `{"a":"{{.order.number}}"}`, `{"a":"\"'><script>alert(1)</script>\nBcc: x@y\u2028\\ {{.order.number}} &amp;"}`},
		{template.JSON, `{"{{.order.number | upper}}":1}`, `{"\"'><SCRIPT>ALERT(1)</SCRIPT>\nBCC: X@Y\u2028\\ {{.ORDER.NUMBER}} &AMP;":1}`},
		{template.Subject, "Order {{.order.number}}!", "Order \"'><script>alert(1)</script> Bcc: x@y \\ {{.order.number}} &amp;!"},
		{template.Plain, "{{.order.number}}", "\"'><script>alert(1)</script>\nBcc: x@y\u2028\\ {{.order.number}} &amp;"},
		{template.SMS, "{{.order.number}}", "\"'><script>alert(1)</script>\nBcc: x@y\u2028\\ {{.order.number}} &amp;"},
		{template.Note, "{{.order.number}}", "\"'><script>alert(1)</script>\nBcc: x@y\u2028\\ {{.order.number}} &amp;"},
	}
	for _, test := range tests {
		if got := render(t, test.source, test.format, with(t, "order.number", evil)); got != test.want {
			t.Errorf("%s %q = %q, want %q", test.format, test.source, got, test.want)
		}
	}
}

func TestInjectionInAddresses(t *testing.T) {
	evil := `https://x.example/"onclick="x'><script>&lt;`
	got := render(t, `<a href="{{.order.pageURL}}" title='{{.order.pageURL}}'>{{.order.pageURL}}</a>`, template.HTML, with(t, "order.pageURL", evil))
	tokens := html.NewTokenizer(strings.NewReader(got))
	tokens.Next()
	tag := tokens.Token()
	if len(tag.Attr) != 2 || tag.Attr[0].Val != `https://x.example/%22onclick=%22x%27%3e%3cscript%3e&lt;` || tag.Attr[1].Val != evil {
		t.Errorf("%q is read as %v", got, tag.Attr)
	}
	tokens.Next()
	if text := tokens.Token(); text.Data != evil {
		t.Errorf("the text is %q", text.Data)
	}
	if tokens.Next() != html.EndTagToken {
		t.Errorf("behind the text is more: %q", got)
	}
}

// TestAddressesOfLinks keeps a link what it is, in every place that it can stand.
func TestAddressesOfLinks(t *testing.T) {
	link := "https://my.acme.example/set-up/0198?id=a-b_c~d&mac=Zm9v%2B=#x"
	payload := with(t, "credential.link", link)
	got := render(t, `<a href="{{.credential.link}}">{{.credential.link}}</a>`, template.HTML, payload)
	tokens := html.NewTokenizer(strings.NewReader(got))
	tokens.Next()
	if tag := tokens.Token(); tag.Attr[0].Val != link {
		t.Errorf("the href is %q", tag.Attr[0].Val)
	}
	tokens.Next()
	if text := tokens.Token(); text.Data != link {
		t.Errorf("the text is %q", text.Data)
	}
	for _, format := range []template.Format{template.Plain, template.SMS} {
		if got := render(t, "{{.credential.link}}", format, payload); got != link {
			t.Errorf("in %s it is %q", format, got)
		}
	}
}

func TestWrongPayloads(t *testing.T) {
	const notOne = "the payload is not one of the event: "
	line := func(amount any) []any {
		return []any{map[string]any{"name": "a", "amount": "1", "parts": []any{}}, map[string]any{"name": "b", "amount": amount, "parts": []any{}}}
	}
	tests := []struct {
		path  string
		value any
		want  string
	}{
		{"order", nil, "order is missing"},
		{"order", "x", "order is not an object"},
		{"order", []any{}, "order is not an object"},
		{"order.number", nil, "order.number is missing"},
		{"order.number", json.Number("1"), "order.number is not a text of at most 10,000 characters"},
		{"order.number", []byte("x"), "order.number is not a text of at most 10,000 characters"},
		{"order.number", func() {}, "order.number is not a text of at most 10,000 characters"},
		{"order.number", strings.Repeat("x", 10_001), "order.number is not a text of at most 10,000 characters"},
		{"order.items", "3", "order.items is not a whole number, as 3"},
		{"order.items", 3, "order.items is not a whole number, as 3"},
		{"order.items", 3.0, "order.items is not a whole number, as 3"},
		{"order.items", json.Number("3.5"), "order.items is not a whole number, as 3"},
		{"order.items", json.Number("1e3"), "order.items is not a whole number, as 3"},
		{"order.items", json.Number("03"), "order.items is not a whole number, as 3"},
		{"order.weight", json.Number("2.5"), `order.weight is not a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point`},
		{"order.weight", ".5", `order.weight is not a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point`},
		{"order.weight", "1e9", `order.weight is not a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point`},
		{"order.weight", strings.Repeat("9", 65), `order.weight is not a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point`},
		{"order.total", "12,50", `order.total is not an amount in quotes, as "120.00", with at most 14 digits before and 4 after the point`},
		{"order.placedOn", "2026-02-30", `order.placedOn is not a date, as "2026-11-21", from 1900-01-01 to 2199-12-31`},
		{"order.placedOn", "2026-11-21T00:00:00Z", `order.placedOn is not a date, as "2026-11-21", from 1900-01-01 to 2199-12-31`},
		{"order.shippedAt", "2026-11-21", `order.shippedAt is not a time in RFC 3339, as "2026-11-21T09:00:00Z", from 1900 to 2199`},
		{"order.express", "true", "order.express is not true or false"},
		{"order.pageURL", "http://x.example", "order.pageURL is not an address that begins with https://, in ASCII, of at most 2,048 characters"},
		{"order.pageURL", "https://", "order.pageURL is not an address that begins with https://, in ASCII, of at most 2,048 characters"},
		{"order.pageURL", "https://x.example/a b", "order.pageURL is not an address that begins with https://, in ASCII, of at most 2,048 characters"},
		{"order.pageURL", "https://x.example/\nb", "order.pageURL is not an address that begins with https://, in ASCII, of at most 2,048 characters"},
		{"credential.link", "javascript:alert(1)", "credential.link is not an address that begins with https://, in ASCII, of at most 2,048 characters"},
		{"order.address.city", nil, "order.address.city is missing"},
		{"order.lines", map[string]any{}, "order.lines is not a list of at most 1,000 objects"},
		{"order.lines", []any{"x"}, "order.lines[0] is not an object"},
		{"order.lines", line(nil), "order.lines[1].amount is missing"},
		{"order.lines", line("x"), `order.lines[1].amount is not an amount in quotes, as "120.00", with at most 14 digits before and 4 after the point`},
		{"order.lines", make([]any, 1001), "order.lines is not a list of at most 1,000 objects"},
	}
	compiled := mustCompile(t, "text", template.Plain)
	for _, test := range tests {
		text, err := compiled.Render(template.Data{Payload: with(t, test.path, test.value)})
		if err == nil || err.Error() != notOne+test.want || text != "" {
			t.Errorf("with %s = %v: %q, %v; want %s", test.path, test.value, text, err, test.want)
		}
	}
	if _, err := compiled.Render(template.Data{}); err == nil {
		t.Error("no payload is accepted")
	}
}

// TestErrorsHoldNoSecrets has a link that is not one: its error is logged.
func TestErrorsHoldNoSecrets(t *testing.T) {
	_, err := mustCompile(t, "{{.credential.link}}", template.Plain).Render(template.Data{Payload: with(t, "credential.link", "http://secret.example/hunter2")})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

// TestOddValues has payloads of the event that are unusual.
func TestOddValues(t *testing.T) {
	tests := []struct {
		source, path string
		value        any
		want         string
	}{
		{"{{.order.number}}", "order.number", "", ""},
		{"{{if .order.number}}a{{else}}b{{end}}", "order.number", "", "b"},
		{"{{.order.number | default \"none\"}}", "order.number", "", "none"},
		{"{{.order.number}}", "order.number", "a\xffb\x1b[1m\u0085c", "a\ufffdb[1mc"},
		{"{{.order.number}}", "order.number", "a\r\nb\rc\td", "a\nb\nc\td"},
		{"{{if .order.discount}}{{.order.discount}}{{end}}", "order.discount", "0", "€0.00"},
		{"{{if .order.gift}}a{{else}}b{{end}}", "order.gift", false, "b"},
		{"{{if .order.coupons}}a{{else}}b{{end}}", "order.coupons", []any{}, "b"},
		{"{{with .recipient}}a{{else}}b{{end}}", "recipient", map[string]any{"hasPortal": false}, "a"},
		{"{{.order.total}} {{if eq .order.total 7}}same{{end}}", "order.total", "007.00", "€7.00 same"},
		{"{{if lt .order.total 0}}less{{else}}not{{end}}", "order.total", "-0.00", "not"},
		{"{{if lt .order.total -9.5}}less{{else}}not{{end}}", "order.total", "-9.51", "less"},
		{"{{if gt .order.total .order.weight}}more{{end}}", "order.total", "99999999999999.1", "more"},
		{"{{plural .order.items \"one\" \"other\"}}", "order.items", json.Number("1"), "one"},
		{"{{plural .order.items \"one\" \"other\"}}", "order.items", json.Number("-1"), "other"},
		{"{{.order.comment | default \"none\"}}", "order.comment", nil, "none"},
		{"{{.order.state}}", "order.state", "Lost", "Lost"},
	}
	for _, test := range tests {
		if got := plain.Replace(render(t, test.source, template.Plain, with(t, test.path, test.value))); got != test.want {
			t.Errorf("%q with %s = %v: %q, want %q", test.source, test.path, test.value, got, test.want)
		}
	}
	null := decode(t, string(testEvent.Sample))
	null["order"].(map[string]any)["address"] = nil
	if got := render(t, "{{if .order.address}}a{{else}}b{{end}}", template.Plain, null); got != "b" {
		t.Errorf("null is %q", got)
	}
	if got := render(t, `{"a":{{.order.total}}}`, template.JSON, with(t, "order.total", "-007.10")); got != `{"a":-7.10}` {
		t.Errorf("leading zeros in JSON: %s", got)
	}
}

func TestRenderedIsBounded(t *testing.T) {
	list := make([]any, 1000)
	for i := range list {
		list[i] = map[string]any{"name": "x", "amount": "1", "parts": []any{}}
	}
	payload := with(t, "order.lines", list)
	long := "{{range .order.lines}}" + strings.Repeat("x", 263) + "{{end}}"
	for _, format := range []template.Format{template.Plain, template.HTML, template.Note} {
		text, err := mustCompile(t, long, format).Render(template.Data{Payload: payload})
		if err == nil || err.Error() != "the filled in template has more than 262144 bytes" || text != "" {
			t.Errorf("%s: %d bytes, %v", format, len(text), err)
		}
	}
	if text := render(t, "{{range .order.lines}}"+strings.Repeat("x", 262)+"{{end}}", template.Plain, payload); len(text) != 262_000 {
		t.Errorf("%d bytes", len(text))
	}
}

// TestCut has payloads that make a subject or a text message too long: they are cut, so
// that they are sent.
func TestCut(t *testing.T) {
	n := strings.Repeat
	many := make([]any, 1000)
	for i := range many {
		many[i] = map[string]any{"name": n("é", 300), "amount": "1", "parts": []any{}}
	}
	tests := []struct {
		format       template.Format
		source, path string
		value        any
		want         string
	}{
		{template.SMS, "Dear {{.order.number}}", "order.number", n("é", 695), "Dear " + n("é", 695)},
		{template.SMS, "Dear {{.order.number}}", "order.number", n("é", 696), "Dear " + n("é", 692) + "..."},
		{template.SMS, "{{.order.number}} end", "order.number", n("x", 690) + n(" ", 20), n("x", 690) + "..."},
		{template.SMS, "{{range .order.lines}}{{.name}}{{end}}", "order.lines", many, n("é", 697) + "..."},
		{template.Subject, "Dear {{.order.number}}", "order.number", n("é", 495), "Dear " + n("é", 495)},
		{template.Subject, "Dear {{.order.number}}", "order.number", n("é", 496), "Dear " + n("é", 494) + "…"},
		{template.Subject, "x{{range .order.lines}}{{.name}}{{end}}", "order.lines", many, "x" + n("é", 498) + "…"},
		{template.Subject, "a {{.order.number}}", "order.number", "b\u202egpj\u2066.exe", "a bgpj.exe"},
	}
	for _, test := range tests {
		payload := with(t, test.path, test.value)
		compiled := mustCompile(t, test.source, test.format)
		got, err := compiled.Render(template.Data{Payload: payload})
		if err != nil || got != test.want {
			t.Errorf("%s %q = %q, %v; want %q", test.format, test.source, got, err, test.want)
		}
		if _, err := compiled.RenderSample(template.Data{Payload: payload}); (err != nil) != (strings.HasSuffix(test.want, "…") || strings.HasSuffix(test.want, "...")) {
			t.Errorf("%s %q as a sample: %v", test.format, test.source, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	for _, example := range accepted {
		compiled := mustCompile(t, example.source, example.format)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 5 {
					if got := plain.Replace(fill(t, compiled)); got != example.want {
						t.Errorf("%q = %q", example.source, got)
					}
				}
			})
		}
		all.Wait()
	}
}

// A no-break space is not in the alphabet of text messages, so one would cost a segment.
func TestTextMessagesHaveNoOddSpaces(t *testing.T) {
	got, err := mustCompile(t, "Pay\u202f{{.order.total}} ", template.SMS).Render(template.Data{
		Payload: decode(t, string(testEvent.Sample)), Locale: "en-AU", Currency: "EUR",
	})
	if err != nil || got != "Pay EUR 1,234.50" {
		t.Errorf("got %q, %v", got, err)
	}
}
