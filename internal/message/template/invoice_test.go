package template_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

// shown is what every invoice has to show.
const shown = `{{.invoice.number}} {{.invoice.total}}`

var acceptedInvoices = []struct{ source, want string }{
	{shown, "INV-1001 €120.00"},
	{`<h2 class="title">{{.invoice.number}}</h2><p>{{.invoice.total}}</p>`, `<h2 class="title">INV-1001</h2><p>€120.00</p>`},
	{shown + `<p class="address">{{.account.address | default "-"}}</p>`, "INV-1001 €120.00<p class=\"address\">12 Harbour Street\nSpringfield SP1 4QT</p>"},
	{shown + `{{range .invoice.lines}} {{.position}}: {{.description}} {{.quantity}} {{.amount}}{{else}}none{{end}}`,
		"INV-1001 €120.00 1: Fibre 250, November 1 €69.90 2: Calls to mobile networks, minutes 167.5 €50.10"},
	{shown + `<table class="lines"><caption>Lines</caption><colgroup><col><col span="2"></colgroup><thead><tr><th scope="col">A</th></tr></thead>` +
		`<tbody>{{range .invoice.lines}}<tr><td class="number">{{.amount}}</td></tr>{{end}}</tbody></table>`,
		`INV-1001 €120.00<table class="lines"><caption>Lines</caption><colgroup><col><col span="2"></colgroup><thead><tr><th scope="col">A</th></tr></thead>` +
			`<tbody><tr><td class="number">€69.90</td></tr><tr><td class="number">€50.10</td></tr></tbody></table>`},
	{shown + `<dl class="facts"><div><dt>Due</dt><dd><time datetime="{{date "iso" .invoice.dueOn}}">{{.invoice.dueOn}}</time></dd></div></dl>`,
		`INV-1001 €120.00<dl class="facts"><div><dt>Due</dt><dd><time datetime="2026-11-18">18 Nov 2026</time></dd></div></dl>`},
	{shown + `{{if .invoice.payURL}}<a href="{{.invoice.payURL}}">Pay {{.invoice.balance}}</a>{{end}}`, `INV-1001 €120.00<a href="https://pay.acme.example/1001">Pay €100.00</a>`},
	{shown + `<a href="https://acme.example/?n={{.invoice.number}}">x</a><a href="mailto:help@acme.example">y</a>`, `INV-1001 €120.00<a href="https://acme.example/?n=INV-1001">x</a><a href="mailto:help@acme.example">y</a>`},
	{shown + `{{if eq .invoice.status "Overdue"}}<span class="badge bad">{{.invoice.daysOverdue}} days</span>{{end}}`, `INV-1001 €120.00<span class="badge bad">3 days</span>`},
	{`{{if .invoice.creditNote}}Credit note ` + shown + `{{else}}Invoice ` + shown + `{{end}}`, "Invoice INV-1001 €120.00"},
	{shown + `{{if eq .reader.language "de"}}Rechnung{{else}}Invoice{{end}}<!-- no comment --><br><hr>`, "INV-1001 €120.00Invoice<br><hr>"},
	{shown + `<p dir="auto" lang="en" title="{{.account.name}}" aria-label="x">a <b>b <i>c</i></b></p>`, `INV-1001 €120.00<p dir="auto" lang="en" title="Miller Ltd" aria-label="x">a <b>b <i>c</i></b></p>`},
}

func TestAcceptedInvoices(t *testing.T) {
	for _, test := range acceptedInvoices {
		compiled, problems := template.CompileInvoice(test.source)
		if len(problems) > 0 {
			t.Errorf("%q: %s", test.source, lines(problems))
			continue
		}
		got, err := compiled.Render(template.Data{Payload: decode(t, template.InvoiceSample), Locale: "en", Currency: "EUR"})
		if got = plain.Replace(got); got != test.want || err != nil {
			t.Errorf("%q = %q %v, want %q", test.source, got, err, test.want)
		}
	}
}

const looks = ` is not allowed in an invoice: its looks come from the attribute class`

var refusedInvoices = []struct {
	source string
	want   []string
}{
	{"", []string{
		"an invoice shows its number and its total, whatever it asks for: write {{.invoice.number}}",
		"an invoice shows its number and its total, whatever it asks for: write {{.invoice.total}}",
	}},
	{`{{.invoice.number}}{{if .invoice.creditNote}}{{.invoice.total}}{{end}}`, []string{
		"an invoice shows its number and its total, whatever it asks for: write {{.invoice.total}}",
	}},
	{`{{.invoice.totl}} {{.account.taxID}} {{.overdue.count}} {{.invoice.lines}}`, []string{
		"line 1, column 3: there is no field .invoice.totl (there are: total, tax, id, paid, status, dueOn, lines, payURL, number, paidOn, balance, creditNote, termDays, currency, issuedOn, daysOverdue, totalWithoutTax, paymentReference)",
		`line 1, column 21: .account.taxID may be missing: ask first, as in {{if .account.taxID}}, or write {{.account.taxID | default "..."}}`,
		"line 1, column 40: there is no field .overdue.count (there are: reader, invoice, tenant, account)",
		"line 1, column 59: .invoice.lines is a List: go through it, as in {{range .invoice.lines}}",
	}},
	{`<script>x</script><style>p{}</style><form><input></form><iframe></iframe><base><meta><link><img><svg></svg><h1>x</h1><html>`, []string{
		element(1, "script"), element(19, "style"), element(37, "form"), element(43, "input"), element(57, "iframe"), element(74, "base"), element(80, "meta"), element(86, "link"), element(92, "img"),
		element(97, "svg"), element(108, "h1"), element(118, "html"),
	}},
	{`<p style="color:red" onclick="x" id="content" data-label="x" xmlns:a="b">` + shown + `</p>`, []string{
		"line 1, column 4: the attribute style of <p>" + looks, "line 1, column 22: the attribute onclick of <p>" + looks, "line 1, column 34: the attribute id of <p>" + looks,
		"line 1, column 47: the attribute data-label of <p>" + looks, "line 1, column 62: the attribute xmlns:a of <p>" + looks,
	}},
	{`<a href="http://a.example">x</a><a href="/invoices">x</a><a href="#content">x</a><a href="javascript:x">x</a><a target="_top" rel="x" ping="https://x">x</a>`, []string{
		"line 1, column 4: the address in href must begin with https://, mailto:, tel:", "line 1, column 36: the address in href must begin with https://, mailto:, tel:",
		"line 1, column 61: the address in href must begin with https://, mailto:, tel:", "line 1, column 85: the address in href must begin with https://, mailto:, tel:",
		"line 1, column 113: the attribute target of <a>" + looks, "line 1, column 127: the attribute rel of <a>" + looks, "line 1, column 135: the attribute ping of <a>" + looks,
	}},
	{`<p class="muted numbr skip">` + shown + `</p><p class="{{.invoice.number}}">x</p>`, []string{
		"line 1, column 4: there is no class numbr (there are: " + nearestClasses("numbr") + ")",
		"line 1, column 4: there is no class skip (there are: " + nearestClasses("skip") + ")",
		"line 1, column 83: a field cannot stand in the attribute class",
	}},
	{`<!DOCTYPE html>` + shown, []string{"line 1, column 1: an invoice is a part of a page, which has a doctype already"}},
	{`<div>` + shown, []string{"line 1, column 1: <div> is not closed: </div> is missing, in the same if, with or range"}},
	{shown + `</div></main>`, []string{
		"line 1, column 39: </div> closes nothing that is open here",
	}},
	{`<div><p>` + shown + `</div></p>`, []string{
		"line 1, column 47: </div> stands where </p> is expected", "line 1, column 53: </p> stands where </div> is expected",
	}},
	{`{{if .invoice.creditNote}}<div>{{else}}<p>{{end}}` + shown + `{{if .invoice.creditNote}}</div>{{else}}</p>{{end}}`, []string{
		"line 1, column 27: <div> is not closed: </div> is missing, in the same if, with or range", "line 1, column 40: <p> is not closed: </p> is missing, in the same if, with or range",
		"line 1, column 114: </div> closes nothing that is open here", "line 1, column 128: </p> closes nothing that is open here",
	}},
	{`<div>{{range .invoice.lines}}</div><div>{{end}}</div>` + shown, []string{
		"line 1, column 30: </div> closes nothing that is open here", "line 1, column 36: <div> is not closed: </div> is missing, in the same if, with or range",
	}},
	{shown + `<table><tr><td>a</td></tr><tbody><td>b</td><tr>{{.invoice.number}}</tr></tbody></table><td>c</td>`, []string{
		"line 1, column 46: <tr> stands directly in <tbody>, <tfoot> or <thead>", "line 1, column 72: <td> stands directly in <tr>",
		"line 1, column 86: a text cannot stand directly in <tr>, which holds only <td> or <th>", "line 1, column 126: <td> stands directly in <tr>",
	}},
	{shown + `<ul><li><div><li>a</li></div></li>b</ul><dl><dd><div><dd>c</dd></div></dd></dl>`, []string{
		"line 1, column 52: <li> stands directly in <ol> or <ul>", "line 1, column 73: a text cannot stand directly in <ul>, which holds only <li>", "line 1, column 92: <dd> stands directly in <dl>",
	}},
	{shown + `<p><span><div>a</div></span></p><h2><h3>b</h3></h2><a href="tel:1"><b><a href="tel:2">c</a></b></a>`, []string{
		"line 1, column 48: <p> holds text, and <div> cannot stand in it", "line 1, column 75: <h2> holds text, and <h3> cannot stand in it", "line 1, column 109: a link cannot stand in another one",
	}},
	{shown + `<td background="https://x">`, []string{
		"line 1, column 39: <td> stands directly in <tr>", "line 1, column 39: <td> is not closed: </td> is missing, in the same if, with or range",
		"line 1, column 43: the attribute background of <td>" + looks,
	}},
	{strings.Repeat(" ", 64<<10) + shown, []string{"the template has 65574 bytes, allowed are 65536"}},
}

func element(column int, tag string) string {
	return fmt.Sprintf("line 1, column %d: the element <%s> is not allowed in an invoice, which is made of texts, tables, lists and links, as p, h2, table, dl, ul and a", column, tag)
}

func nearestClasses(wrong string) string {
	return strings.Join(catalog.Nearest(wrong, strings.Split(template.InvoiceClasses, ", ")), ", ")
}

func TestRefusedInvoices(t *testing.T) {
	for _, test := range refusedInvoices {
		var got []string
		for _, p := range template.CheckInvoice(test.source) {
			got = append(got, p.Error())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%.200q (-want +got):\n%s", test.source, diff)
		}
	}
}

// staysInside demands that a filled in invoice is a part of the page that it stands in,
// for a browser too: what stands behind it is beside it, and what it has was allowed.
func staysInside(t *testing.T, compiled *template.Template, source string, payload map[string]any) {
	t.Helper()
	text, err := compiled.Render(template.Data{Payload: payload, Locale: "de-DE", Zone: time.UTC, Currency: "CHF"})
	if err != nil {
		if !strings.Contains(err.Error(), "has more than 4194304 bytes") {
			t.Errorf("%q: %v", source, err)
		}
		return
	}
	if strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") || !utf8.ValidString(text) {
		t.Errorf("%q has no value: %q", source, text)
	}
	if wrong := strange(text); wrong != "" {
		t.Errorf("%q has %s: %q", source, wrong, text)
	}
	page, err := html.Parse(strings.NewReader(`<!DOCTYPE html><body><main><div class="inner"><div class="stack"><article>` + text + `</article><p id="behind"></p></div></div></main><footer></footer>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := outline(page, "article"); got != "html body main div.inner div.stack article p behind, footer" {
		t.Errorf("%q leaves its place: %s: %q", source, got, text)
	}
}

// outline is where in a page an element is, and what stands behind it.
func outline(page *html.Node, tag string) string {
	var found *html.Node
	for n := range page.Descendants() {
		if n.Data == tag && n.Type == html.ElementNode && found == nil {
			found = n
		}
	}
	var path []string
	for n := found; n.Parent != nil; n = n.Parent {
		name := n.Data
		for _, a := range n.Attr {
			name += "." + a.Val
		}
		path = append([]string{name}, path...)
	}
	after := func(n *html.Node) string {
		if n == nil {
			return "nothing"
		}
		name := n.Data
		for _, a := range n.Attr {
			name += " " + a.Val
		}
		return name
	}
	return strings.Join(path, " ") + " " + after(found.NextSibling) + ", " + after(found.Parent.Parent.Parent.NextSibling)
}

// TestInvoicesStayInside makes invoice templates and invoices up.
func TestInvoicesStayInside(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	compiledCount, refusedCount := 0, 0
	for range 20_000 {
		source := shown + invoicePieces(random, 4)
		compiled, problems := template.CompileInvoice(source)
		if (compiled == nil) != (len(problems) > 0) {
			t.Fatalf("%q: %d problems", source, len(problems))
		}
		if compiled == nil {
			refusedCount++
			continue
		}
		compiledCount++
		staysInside(t, compiled, source, randomObject(random, template.InvoiceFields))
		if t.Failed() {
			return
		}
	}
	if compiledCount < 1000 || refusedCount < 1000 {
		t.Errorf("%d compiled, %d were refused", compiledCount, refusedCount)
	}
}

// invoicePieces writes HTML at random that nests as it should most of the time.
func invoicePieces(random *rand.Rand, depth int) string {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	var out strings.Builder
	for range 1 + random.IntN(2) {
		if depth == 0 || random.IntN(4) == 0 {
			out.WriteString(one("a", "{{.invoice.number}}", `{{.account.address | default "x"}}`, "<br>", "", "<td>", "</div>", "{{.reader.language}}"))
			continue
		}
		inner := func() string { return invoicePieces(random, depth-1) }
		switch tag := one("div", "p", "span", "a", "b", "table", "ul", "dl", "h2", "section", "i", "if", "range", "li", "td", "dd"); tag {
		case "table":
			out.WriteString("<table>" + one("", "<caption>"+inner()+"</caption>") + "<tbody><tr>" + one("", inner()) + "<td>" + inner() + "</td></tr></tbody></table>")
		case "ul":
			out.WriteString("<ul><li>" + inner() + "</li>" + one("", inner()) + "</ul>")
		case "dl":
			out.WriteString("<dl><div><dt>" + inner() + "</dt><dd>" + inner() + "</dd></div></dl>")
		case "a":
			out.WriteString(`<a href="{{.tenant.portalURL}}/{{.invoice.number}}">` + inner() + "</a>")
		case "if":
			out.WriteString("{{if .invoice.creditNote}}" + inner() + one("", "{{else}}"+inner()) + "{{end}}")
		case "range":
			out.WriteString("{{range .invoice.lines}}{{.description}}{{.amount}}{{else}}" + inner() + "{{end}}")
		default:
			out.WriteString("<" + tag + ` class="` + one("", "muted", "columns") + `">` + inner() + "</" + tag + ">")
		}
	}
	return out.String()
}

// FuzzInvoice gives CompileInvoice texts that nobody meant to write.
func FuzzInvoice(f *testing.F) {
	for _, example := range acceptedInvoices {
		f.Add(example.source)
	}
	for _, example := range refusedInvoices {
		f.Add(example.source)
	}
	for _, example := range accepted {
		f.Add(shown + example.source)
	}
	random := rand.New(rand.NewPCG(13, 14))
	for range 20 {
		f.Add(shown + invoicePieces(random, 4))
	}
	f.Fuzz(func(t *testing.T, source string) {
		compiled, problems := template.CompileInvoice(source)
		if (compiled == nil) != (len(problems) > 0) || len(problems) > 20 {
			t.Fatalf("%d problems, template: %t", len(problems), compiled != nil)
		}
		if compiled == nil {
			return
		}
		random := rand.New(rand.NewPCG(uint64(len(source)), 1))
		for range 3 {
			staysInside(t, compiled, source, randomObject(random, template.InvoiceFields))
		}
	})
}

// TestLongestInvoices: an invoice that the API takes fits, whatever is in it.
func TestLongestInvoices(t *testing.T) {
	compiled, problems := template.CompileInvoice(shown + `<table><tbody>{{range .invoice.lines}}<tr><td>{{.description}}</td><td class="number">{{.quantity}}</td><td class="number">{{.amount}}</td></tr>{{end}}</tbody></table>`)
	if len(problems) > 0 {
		t.Fatal(lines(problems))
	}
	payload := decode(t, template.InvoiceSample)
	var many []any
	for range catalog.MaxList {
		many = append(many, map[string]any{"position": json.Number("1000"), "description": strings.Repeat(`"`, 500), "quantity": "99999999999999.9999", "amount": "-99999999999999.9999"})
	}
	payload["invoice"].(map[string]any)["lines"] = many
	text, err := compiled.Render(template.Data{Payload: payload, Locale: "de-DE"})
	if err != nil || len(text) < 2<<20 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
