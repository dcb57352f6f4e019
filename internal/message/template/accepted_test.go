package template_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/message/template"
)

// plain makes the spaces that must not break readable in a table.
var plain = strings.NewReplacer("\u00a0", " ", "\u202f", " ")

type example struct {
	format       template.Format
	source, want string
}

// accepted are templates with what the sample makes of them. The properties and the
// fuzzers begin with them.
var accepted = []example{
	{template.Plain, "", ""},
	{template.Plain, "no field at all }} { {", "no field at all }} { {"},
	{template.Plain, `{{"{{"}}{{/* a comment */}}`, "{{"},
	{template.Plain, "a \n {{- .order.number -}} \n b", "aORD-7b"},

	// Values by their type.
	{template.Plain, "{{.order.number}} {{.order.items}} {{.order.weight}}", "ORD-7 3 2.50"},
	{template.Plain, "{{.order.total}}", "€1,234.50"},
	{template.Plain, "{{.order.placedOn}}, {{.event.time}}", "21 Nov 2026, 21 Nov 2026, 09:00"},
	{template.Plain, "{{.order.pageURL}} {{.credential.link}}", "https://my.acme.example/orders/7?a=1&b=2 https://my.acme.example/set-up/abc?s=1"},
	{template.Plain, "{{(((.order.number)))}}{{$.order.number}}", "ORD-7ORD-7"},

	// Questions.
	{template.Plain, "{{if .order.express}}fast{{else}}slow{{end}}", "fast"},
	{template.Plain, "{{if .order.comment}}{{.order.comment}}{{else if .order.gift}}gift{{else}}none{{end}}", "none"},
	{template.Plain, "{{if .order.address}}{{.order.address.city}}{{end}}", "Bern"},
	{template.Plain, "{{if .order.address.note}}{{.order.address.city}}: {{.order.address.note}}{{else}}no{{end}}", "no"},
	{template.Plain, "{{if not .order.address}}{{else}}{{.order.address.city}}{{end}}", "Bern"},
	{template.Plain, "{{if not .order.comment}}no{{else}}{{.order.comment}}{{end}}", "no"},
	{template.Plain, "{{if .order.comment | not}}no{{end}}", "no"},
	{template.Plain, `{{if and .order.address (eq .order.address.city "Bern")}}{{.order.address.city}}{{end}}`, "Bern"},
	{template.Plain, `{{if and .order.address.note .order.comment (ne .order.comment .order.address.note)}}both{{end}}`, ""},
	{template.Plain, `{{if or (not .order.shippedAt) (not .order.address)}}{{else}}{{.order.shippedAt}} {{.order.address.city}}{{end}}`, "21 Nov 2026, 22:30 Bern"},
	{template.Plain, `{{if or (not .order.comment) (eq .order.comment "")}}empty{{end}}`, "empty"},
	{template.Plain, `{{if and (.order.shippedAt)}}{{.order.shippedAt}}{{end}}`, "21 Nov 2026, 22:30"},
	{template.Plain, `{{if or .order.discount}}{{.order.discount}}{{end}}`, ""},
	{template.Plain, "{{with .order}}{{.number}} {{$.account.name}}{{end}}", "ORD-7 Miller Ltd"},
	{template.Plain, "{{with .recipient.firstName}}{{.}}{{else}}customer{{end}}", "Dana"},
	{template.Plain, "{{with .order.comment}}{{.}}{{else with .order.address}}{{.city}}{{end}}", "Bern"},
	{template.Plain, "{{with .order.address}}{{.city}}{{if .note}}{{.note}}{{end}}{{end}}", "Bern"},
	{template.Plain, "{{if .order.lines}}lines{{end}}{{if .order.coupons}}coupons{{end}}", "lines"},
	{template.Plain, "{{range .order.lines}}{{.name}} {{.amount}}{{if .serial}} ({{.serial}}){{end}}; {{end}}", "Phone €1,200.00 (S1); Cable €34.50; "},
	{template.Plain, "{{range .order.lines}}{{range .parts}}{{.name}} of {{$.order.number}}{{else}}no part{{end}};{{end}}", "Box of ORD-7;no part;"},
	{template.Plain, "{{range .order.coupons}}{{.code}}{{else}}none{{end}}", "none"},
	{template.Plain, "{{range .order.coupons}}{{len $.order.coupons}}{{if $.order.coupons}}{{.code}}{{end}}{{else}}none{{end}}", "none"},
	{template.Plain, "{{range .order.lines}}{{.name | upper}} {{lower .name | default \"-\"}} {{if eq (upper .name) \"PHONE\"}}!{{end}}{{end}}", "PHONE phone !CABLE cable "},
	{template.Plain, "{{with .order.lines}}{{range .}}{{.name}} {{end}}{{end}}", "Phone Cable "},

	// Functions.
	{template.Plain, `{{.recipient.firstName | default "customer"}} {{default "none" .order.comment}}`, "Dana none"},
	{template.Plain, `{{.order.discount | default .order.total}} {{.order.discount | default "no discount"}}`, "€1,234.50 no discount"},
	{template.Plain, `{{.order.discount | default "no" | default "none"}} {{.order.pictureURL | default "no picture" | upper}} {{if lt (default 7 .order.items) 4}}few{{end}}`, "no NO PICTURE few"},
	{template.Plain, `{{.order.comment | default "none" | upper}} {{upper .account.name | lower}}`, "NONE miller ltd"},
	{template.Plain, `{{date "short" .order.placedOn}} {{.event.time | date "iso"}} {{.event.time | date "short"}}`, "21 Nov 2026 2026-11-21 21 Nov 2026"},
	{template.Plain, `{{.order.items}} {{plural .order.items "item" "items"}}, {{plural 1 "one" "many"}}`, "3 items, one"},
	{template.Plain, `{{len .order.lines}} {{plural (len .order.lines) "line" "lines"}}`, "2 lines"},
	{template.Plain, "{{if eq .order.items 3}}1{{end}}{{if ne .order.items 3}}2{{end}}{{if lt .order.weight 2.51}}3{{end}}{{if le 2.5 .order.weight}}4{{end}}{{if gt .order.total -5}}5{{end}}{{if ge .order.total 1234.50}}6{{end}}{{if gt .order.total 1234.5}}7{{end}}", "13456"},
	{template.Plain, `{{if eq .order.state "Open"}}open{{else if eq .order.state "Shipped"}}shipped{{end}}`, "open"},
	{template.Plain, "{{range .order.lines}}{{if gt .amount 100}}{{.name}}{{end}}{{end}}", "Phone"},
	{template.Plain, "{{if gt (len .order.lines) 1}}several{{end}}", "several"},

	{template.Subject, "  Order {{.order.number}}\n of {{.account.name}} \n", "Order ORD-7 of Miller Ltd"},
	{template.SMS, "\nYour link: {{.credential.link}}\n", "Your link: https://my.acme.example/set-up/abc?s=1"},
	{template.Note, "Order {{.order.number}},\nof {{.order.placedOn}}", "Order ORD-7,\nof 21 Nov 2026"},

	{template.Banner, "{{.order.total}} of\n{{.order.placedOn}}", "€1,234.50 of\n21 Nov 2026"},

	{template.HTML, `<p class="x">{{.account.name}} &amp; {{.order.total}}</p>`, `<p class="x">Miller Ltd &amp; €1,234.50</p>`},
	{template.HTML, `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{{if .order.express}}{{.order.number}}{{end}}</title></head><body></body></html>`,
		`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>ORD-7</title></head><body></body></html>`},
	{template.HTML, `<a href="{{.credential.link}}">go</a> {{.credential.link}}`, `<a href="https://my.acme.example/set-up/abc?s=1">go</a> https://my.acme.example/set-up/abc?s=1`},
	{template.HTML, `<a title='{{.order.number}}' href='{{.order.pageURL}}&amp;c=3'>go</a>`, `<a title='ORD-7' href='https://my.acme.example/orders/7?a=1&amp;b=2&amp;c=3'>go</a>`},
	{template.HTML, `<a href="{{.order.pictureURL | default .tenant.portalURL}}/x#y">go</a>`, `<a href="https://my.acme.example/x#y">go</a>`},
	{template.HTML, `<a href="mailto:{{.recipient.email | default "a"}}?subject=x">1</a><a href='tel:{{.order.number}}'>2</a><a href="{{.tenant.portalURL}}/orders/{{.order.number}}?n={{.order.items}}&amp;u={{.order.pageURL}}#{{.order.number}}">3</a><a href="https://x.example/{{.order.number}}/{{len .order.lines}}">4</a><img src="https://x.example/?{{.order.number}}">`,
		`<a href="mailto:dana@miller.example?subject=x">1</a><a href='tel:ORD-7'>2</a><a href="https://my.acme.example/orders/ORD-7?n=3&amp;u=https%3a%2f%2fmy.acme.example%2forders%2f7%3fa%3d1%26b%3d2#ORD-7">3</a><a href="https://x.example/ORD-7/2">4</a><img src="https://x.example/?ORD-7">`},
	{template.HTML, `<style>/* mobile */ a { color: red }</style>`, `<style>  a { color: red }</style>`},
	{template.HTML, `<a href="http://x.example">1</a><a href="MAILTO:a@x.example">2</a><a href="tel:+49">3</a><a href="#top">4</a><img src="https://x.example/a.png" alt="{{.order.number}}">`,
		`<a href="http://x.example">1</a><a href="MAILTO:a@x.example">2</a><a href="tel:+49">3</a><a href="#top">4</a><img src="https://x.example/a.png" alt="ORD-7">`},
	{template.HTML, `{{with .order.pictureURL}}<img src="{{.}}">{{end}}<table>{{range .order.lines}}<tr><td>{{.name}}</td></tr>{{end}}</table>`,
		`<table><tr><td>Phone</td></tr><tr><td>Cable</td></tr></table>`},
	{template.HTML, `<style>@media (max-width: 600px) { .a > .b { background: url("https://x.example/a.png") } }</style><p style="color: red; background: url(https://x.example/b.png)">`,
		`<style>@media (max-width: 600px) { .a > .b { background: url("https://x.example/a.png") } }</style><p style="color: red; background: url(https://x.example/b.png)">`},
	{template.HTML, `a<!-- left out --> &lt; b > c <br/>`, `a &lt; b > c <br/>`},
	{template.HTML, `<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><td background="https://x.example/a.png" aria-label="{{.order.number}}">`,
		`<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><td background="https://x.example/a.png" aria-label="ORD-7">`},

	{template.JSON, `{"name": "{{.account.name}}", "total": {{.order.total}}, "text": "{{.order.total}}", "day": "{{.order.placedOn}}", "at": "{{.event.time}}"}`,
		`{"name": "Miller Ltd", "total": 1234.5, "text": "1234.5", "day": "2026-11-21", "at": "2026-11-21T09:00:00Z"}`},
	{template.JSON, `[{{.order.items}}, {{.order.weight}}, {{.order.express}}, {{len .order.lines}}, "{{.order.express}}", -1.5e3, null]`, `[3, 2.50, true, 2, "true", -1.5e3, null]`},
	{template.JSON, `[{{not .order.gift}}, {{not (or .order.comment .order.gift)}}, "{{.order.discount | default "none"}}"]`, `[true, true, "none"]`},
	{template.JSON, `{"a":1{{if .order.comment}},"b":"{{.order.comment}}"{{else}},"c":[]{{end}}}`, `{"a":1,"c":[]}`},
	{template.JSON, `{"text":"{{range .order.lines}}{{.name}} \u00e4\n{{else}}\"{{end}}"}`, `{"text":"Phone \u00e4\nCable \u00e4\n"}`},
	{template.JSON, `[{{range .order.lines}}"{{.name}}",{{end}}null]`, `["Phone","Cable",null]`},
	{template.JSON, `{ {{range .order.lines}}"{{.name}}":{{.amount}},{{end}} "end": {} }`, `{ "Phone":1200,"Cable":34.5, "end": {} }`},
	{template.JSON, `{"lines": {{json .order.lines}}{{if .order.coupons}}, "coupons": {{.order.coupons | json}}{{end}}}`,
		`{"lines": [{"amount":"1200","name":"Phone","parts":[{"name":"Box"}],"serial":"S1"},{"amount":"34.5","name":"Cable","parts":[]}]}`},
	{template.JSON, `[{{range .order.lines}}{{json .parts}},{{end}}{{json .order.lines}}]`,
		`[[{"name":"Box"}],[],[{"amount":"1200","name":"Phone","parts":[{"name":"Box"}],"serial":"S1"},{"amount":"34.5","name":"Cable","parts":[]}]]`},
	{template.JSON, `{{if .order.gift}}{}{{else}}[]{{end}}`, `[]`},
	{template.JSON, `{"{{.order.number}}": "{{date "short" .order.placedOn}}"}`, `{"ORD-7": "21 Nov 2026"}`},
	{template.JSON, `{{if .order.gift}}1{{else}}2{{end}}`, `2`},
}

func TestAccepted(t *testing.T) {
	for _, test := range accepted {
		if got := plain.Replace(fill(t, mustCompile(t, test.source, test.format))); got != test.want {
			t.Errorf("%s %q = %q, want %q", test.format, test.source, got, test.want)
		}
	}
}

func TestUses(t *testing.T) {
	tests := []struct {
		source string
		want   bool
	}{
		{"{{.credential.link}}", true},
		{"{{$.credential.link}}", true},
		{"{{with .credential}}{{.link}}{{end}}", true},
		{"{{with .credential.link}}{{.}}{{end}}", false},
		{"{{with .credential.link}}{{.}}{{else}}{{.credential.link}}{{end}}", true},
		{"{{if .order.express}}{{.credential.link}}{{end}}", false},
		{"{{if .order.express}}{{.credential.link}}{{else}}no{{end}}", false},
		{"{{if .order.express}}a {{.credential.link}}{{else}}b {{.credential.link}}{{end}}", true},
		{"{{if .order.express}}{{.credential.link}}{{else if .order.gift}}{{.credential.link}}{{else}}{{.credential.link}}{{end}}", true},
		{"{{if .order.express}}{{.credential.link}}{{else if .order.gift}}{{else}}{{.credential.link}}{{end}}", false},
		{"{{range .order.lines}}{{$.credential.link}}{{end}}", false},
		{"{{range .order.lines}}{{else}}{{$.credential.link}}{{end}}", false},
		{"{{with .order.address}}{{$.credential.link}}{{end}}", false},
		{"{{if .credential.second}}{{.credential.second}}{{end}}", false},
		{"{{if .order.gift}}{{.credential.link}}{{end}}{{.credential.link}}", true},
		{"{{/* .credential.link */}} .credential.link", false},
	}
	for _, test := range tests {
		for _, format := range []template.Format{template.Plain, template.SMS, template.HTML} {
			if got := mustCompile(t, test.source, format).Uses("credential.link"); got != test.want {
				t.Errorf("%s %q uses credential.link: %t, want %t", format, test.source, got, test.want)
			}
		}
	}
	inTag := mustCompile(t, `<a href="{{.credential.link}}">go</a>`, template.HTML)
	if !inTag.Uses("credential.link") || inTag.Uses("credential") || inTag.Uses("order.number") {
		t.Error("a link in an href is used, and nothing else")
	}
	if loop := mustCompile(t, "{{range .order.lines}}{{.name}}{{end}}", template.Plain); loop.Uses("name") || loop.Uses("order.lines.name") {
		t.Error("what a range prints is not in every text")
	}
}
