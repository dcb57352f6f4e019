package template_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

// refused are templates with all that is wrong with them.
var refused = []struct {
	format template.Format
	source string
	want   []string
}{

	// Syntax.
	{template.Plain, `{{if .order.number}}`, []string{
		`line 1, column 1: {{if}} is not closed: {{end}} is missing`,
	}},
	{template.Plain, `a {{range .order.lines}}{{if .serial}}b{{end}}`, []string{
		`line 1, column 3: {{range}} is not closed: {{end}} is missing`,
	}},
	{template.Plain, `{{if}}x{{end}}`, []string{
		`line 1, column 1: if needs a field, as {{if .account.name}}`,
	}},
	{template.Plain, `{{}}`, []string{
		`line 1, column 1: this action is empty: write a field, as {{.account.name}}`,
	}},
	{template.Plain, `{{.order.number`, []string{
		`line 1, column 1: this action is not closed: it ends with }}, and what is in quotes ends on the same line`,
	}},
	{template.Plain, `é {{end}}`, []string{
		`line 1, column 3: there is no if, with or range for this {{end}}`,
	}},
	{template.Plain, "a\né é {{else}}", []string{
		`line 2, column 5: there is no if, with or range for this {{else}}`,
	}},
	{template.Plain, `x {{if .order.number}}{{else}}{{else}}{{end}}`, []string{
		`line 1, column 31: an if, with or range has one {{else}}, and after it an {{end}}`,
	}},
	{template.Plain, `{{@}}`, []string{
		`line 1, column 1: "@" is not expected here`,
	}},
	{template.Plain, `{{.order.number | 5}}`, []string{
		`line 1, column 1: behind | stands a function`,
	}},
	{template.Plain, `{{.order.number | .account.name}}`, []string{
		`line 1, column 27: behind | stands a function (there are: default, upper, lower, date, plural, len, eq, ne, lt, le, gt, ge, and, or, not)`,
	}},
	{template.Plain, `{{"abc}}`, []string{
		`line 1, column 1: this action is not closed: it ends with }}, and what is in quotes ends on the same line`,
	}},
	{template.Plain, "{{\"abc\n\"}}", []string{
		`line 1, column 1: this action is not closed: it ends with }}, and what is in quotes ends on the same line`,
	}},
	{template.Plain, `{{/* comment }}`, []string{
		`line 1, column 1: this action is not closed: it ends with }}, and what is in quotes ends on the same line`,
	}},
	{template.Plain, `{{.order.number}`, []string{
		`line 1, column 1: this action is not closed: it ends with }}, and what is in quotes ends on the same line`,
	}},
	{template.Plain, `{{ .order. }}`, []string{
		`line 1, column 1: . is not expected here`,
	}},
	{template.Plain, `{{(.order.number}}`, []string{
		`line 1, column 1: the parentheses do not match`,
	}},
	{template.Plain, `{{.order.number)}}`, []string{
		`line 1, column 1: the parentheses do not match`,
	}},
	{template.Plain, `{{08x}}`, []string{
		`line 1, column 1: "08x" is not a number`,
	}},
	{template.Plain, `{{.order.number}} {{.order.number}} {{if}} {{.order.number}}`, []string{
		`line 1, column 37: if needs a field, as {{if .account.name}}`,
	}},
	{template.Plain, "a\xffb", []string{
		`line 1, column 2: this is not text in UTF-8`,
	}},
	{template.Plain, "\n\x00", []string{
		`line 2, column 1: the character U+0000 is not allowed`,
	}},

	{template.Plain, "a\r\nb", []string{
		`line 1, column 2: the character U+000D is not allowed: a line ends with \n alone`,
	}},
	{template.SMS, "a\n\x1b[31mb", []string{
		`line 2, column 1: the character U+001B is not allowed`,
	}},
	{template.JSON, "{}\u0085", []string{
		`line 1, column 3: the character U+0085 is not allowed`,
	}},
	{template.Plain, `a{{"\u0000"}}b{{"\xff"}}{{.recipient.email | default "\x00"}}{{default "a\r" .recipient.email}}{{upper "\a"}}`, []string{
		`line 1, column 4: the character U+0000 is not allowed`,
		`line 1, column 17: this is not text in UTF-8`,
		`line 1, column 54: the character U+0000 is not allowed`,
		`line 1, column 72: the character U+000D is not allowed: a line ends with \n alone`,
		`line 1, column 104: the character U+0007 is not allowed`,
	}},
	{template.Subject, "a \u202egpj.exe", []string{
		`line 1, column 3: the character U+202E, which turns the direction of a text, is not allowed in a subject`,
	}},
	{template.Subject, `{{"\u2066"}}`, []string{
		`line 1, column 3: the character U+2066, which turns the direction of a text, is not allowed in a subject`,
	}},

	// What people write who know another language.
	{template.Plain, `{{ if .order.total > 10 }}a{{end}}`, []string{
		`line 1, column 1: > is written as gt, in front: {{if gt .order.total 10}}`,
	}},
	{template.Plain, `{{if .order.total >= 10.5 && .order.gift}}a{{end}}`, []string{
		`line 1, column 1: >= is written as ge, in front: {{if ge .order.total 10.5}}`,
	}},
	{template.Plain, `{{if (.order.total == 10)}}a{{end}}`, []string{
		`line 1, column 1: == is written as eq, in front: {{if eq .order.total 10}}`,
	}},
	{template.Plain, `{{if .order.total<=10}}a{{end}}`, []string{
		`line 1, column 1: <= is written as le, in front: {{if le .order.total 10}}`,
	}},
	{template.Plain, `{{if order.state != 'Open'}}a{{end}}`, []string{
		`line 1, column 1: != is written as ne, in front: {{if ne .order.state "Open"}}`,
	}},
	{template.Plain, `a {{if .order.comment && .order.gift}}a{{end}}`, []string{
		`line 1, column 3: && is written as and, in front: {{if and .order.comment .order.gift}}`,
	}},
	{template.Plain, `{{if .order.comment||.order.gift}}a{{end}}`, []string{
		`line 1, column 1: || is written as or, in front: {{if or .order.comment .order.gift}}`,
	}},
	{template.Plain, `{{if !.order.gift}}a{{end}}`, []string{
		`line 1, column 1: ! is written as not: {{if not .order.gift}}`,
	}},
	{template.Plain, `{{order.number}} {{upper order.number}} {{if order.gift}}{{end}} {{order}} {{client_name}}`, []string{
		`line 1, column 3: a field begins with a dot, as .order.number`,
		`line 1, column 26: a field begins with a dot, as .order.number`,
		`line 1, column 46: a field begins with a dot, as .order.gift`,
		`line 1, column 68: a field begins with a dot, as .order`,
		`line 1, column 78: there is no function client_name, and a field begins with a dot, as {{.account.name}}`,
	}},
	{template.Plain, `{{#if .order.gift}}a{{/if}}`, []string{
		`line 1, column 1: write {{if .account.name}} or {{range .overdue.invoices}}, and {{end}} at its end`,
	}},
	{template.Plain, `a{{ /if}}`, []string{
		`line 1, column 2: what if, with and range begin ends with {{end}}`,
	}},
	{template.Plain, `{{{.order.number}}}`, []string{
		`line 1, column 1: an action has two braces, as {{.account.name}}`,
	}},
	{template.Plain, `{{if .order.gift and .order.gift}}{{end}}`, []string{
		`line 1, column 18: and stands before what it takes, as in {{if and A B}}`,
	}},
	{template.Plain, `{{if not(.order.gift)}}{{end}}`, []string{
		`line 1, column 1: a space stands between not and (`,
	}},
	{template.Plain, `{{elseif .order.gift}} {{endif}} {{foreach .order.lines}}`, []string{
		`line 1, column 3: there is no elseif: write {{else if .account.name}}`,
		`line 1, column 26: there is no endif: write {{end}}`,
		`line 1, column 36: there is no foreach: write {{range .overdue.invoices}}`,
	}},
	{template.Plain, `{{if eq .order.state 'Open'}}a{{end}}`, []string{
		`line 1, column 1: a text stands in double quotes, as "Miller"`,
	}},
	{template.Plain, `{{“x”}}`, []string{
		`line 1, column 1: a text stands in double quotes, as "Miller"`,
	}},

	// What the language has and templates have not.
	{template.Plain, `{{define "x"}}a{{end}}`, []string{
		`line 1, column 1: define and block are not allowed: write the text where it is needed`,
	}},
	{template.Plain, `a {{define "t"}}a{{end}} {{define "t"}}b{{end}}`, []string{
		`line 1, column 41: define and block are not allowed: write the text where it is needed`,
	}},
	{template.Plain, `{{block "x" .}}a{{end}}`, []string{
		`line 1, column 1: define and block are not allowed: write the text where it is needed`,
	}},
	{template.Plain, `{{template "x"}}`, []string{
		`line 1, column 1: template is not allowed: write the text where it is needed`,
	}},
	{template.Plain, ` {{break}}`, []string{
		`line 1, column 2: break is not allowed`,
	}},
	{template.Plain, `{{range .order.lines}}{{break}}{{continue}}{{end}}`, []string{
		`line 1, column 23: break is not allowed`,
		`line 1, column 32: continue is not allowed`,
	}},
	{template.Plain, `{{$x := .order}}{{$x}}`, []string{
		`line 1, column 3: variables are not allowed: write the field where it is needed`,
		`line 1, column 19: variables are not allowed: write the field where it is needed`,
	}},
	{template.Plain, `{{$x}}`, []string{
		`line 1, column 1: variables are not allowed: write the field where it is needed`,
	}},
	{template.Plain, `{{with $x := .order}}{{end}}`, []string{
		`line 1, column 8: variables are not allowed: write the field where it is needed`,
	}},
	{template.Plain, `{{range $i, $e := .order.lines}}{{end}}`, []string{
		`line 1, column 9: variables are not allowed: write the field where it is needed`,
	}},
	{template.Plain, `{{.order.number := 5}}`, []string{
		`line 1, column 1: variables are not allowed: write the field where it is needed`,
	}},
	{template.Plain, `{{.order.number = 5}}`, []string{
		`line 1, column 1: = is written as eq, in front: {{if eq .order.number 5}}`,
	}},
	{template.Plain, `{{range 1000000000}}x{{end}}`, []string{
		`line 1, column 9: 1000000000 is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it`,
	}},
	{template.Plain, `{{range "abc"}}x{{end}}`, []string{
		`line 1, column 9: range goes through a List, and "abc" is a Text`,
	}},
	{template.Plain, `{{range .order.number}}{{end}}`, []string{
		`line 1, column 9: range goes through a List, and .order.number is a Text`,
	}},
	{template.Plain, `{{range .order}}{{end}}`, []string{
		`line 1, column 9: range goes through a List, and .order is an Object`,
	}},
	{template.Plain, `{{range .order.lines}}{{range $.order.lines}}{{end}}{{with $.order}}{{range .coupons}}{{end}}{{end}}{{range .parts}}{{range $.order.coupons}}{{end}}{{end}}{{end}}`, []string{
		`line 1, column 31: inside of a range, another one goes through a List of its element, which $.order.lines is not`,
		`line 1, column 77: inside of a range, another one goes through a List of its element, which .coupons is not`,
		`line 1, column 125: inside of a range, another one goes through a List of its element, which $.order.coupons is not`,
	}},
	{template.Plain, `{{printf "%d" 5}}`, []string{
		`line 1, column 3: there is no function printf (there are: and, date, gt, len, lt, ne, not, or, plural, eq, ge, le, lower, upper, default)`,
	}},
	{template.Plain, `{{html .order.number}} {{js .order.number}} {{call .order.number}} {{index .order.lines 0}} {{_json .order.number}}`, []string{
		`line 1, column 3: there is no function html (there are: gt, lt, and, date, eq, ge, le, len, ne, not, or, lower, plural, upper, default)`,
		`line 1, column 26: there is no function js (there are: eq, ge, gt, le, lt, ne, or, and, len, not, date, lower, upper, plural, default)`,
		`line 1, column 47: there is no function call (there are: and, date, le, lt, eq, ge, gt, len, ne, not, or, default, lower, plural, upper)`,
		`line 1, column 70: there is no function index (there are: and, ne, date, eq, ge, le, len, lower, not, upper, gt, lt, or, plural, default)`,
		`line 1, column 95: there is no function _json (there are: len, not, or, and, date, eq, ge, gt, le, lower, lt, ne, upper, plural, default)`,
	}},
	{template.Plain, `{{true}} {{nil}} {{'a'}} {{1e5}} {{0x10}} {{1i}} {{1234567890}}`, []string{
		`line 1, column 3: true is not allowed: write a field, a text in double quotes or a number`,
		`line 1, column 12: nil is not allowed: write a field, a text in double quotes or a number`,
		`line 1, column 20: 'a': a text stands in double quotes, as "Miller"`,
		`line 1, column 28: 1e5 is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it`,
		`line 1, column 36: 0x10 is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it`,
		`line 1, column 45: 1i is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it`,
		`line 1, column 52: 1234567890 is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it`,
	}},
	{template.Plain, `{{(.order).number}}`, []string{
		`line 1, column 11: write the whole field without parentheses, as .account.name`,
	}},
	{template.Plain, `{{with upper .order.number}}{{end}}`, []string{
		`line 1, column 8: with takes a field, as {{with .account}}`,
	}},

	// Fields.
	{template.Plain, "a\n{{.order.numbr}} {{.x}}", []string{
		`line 2, column 3: there is no field .order.numbr (there are: number, gift, items, lines, state, total, comment, coupons, pageURL, weight, address, currency, express, discount, pictureURL, placedOn, shippedAt)`,
		`line 2, column 20: there is no field .x (there are: event, order, tenant, account, recipient, credential)`,
	}},
	{template.Plain, `{{.Order.number}}`, []string{
		`line 1, column 3: there is no field .Order.number (there are: order, event, tenant, account, credential, recipient)`,
	}},
	{template.Plain, `{{.order.number.x}}`, []string{
		`line 1, column 3: there is no field .order.number.x: .order.number is a Text`,
	}},
	{template.Plain, `{{.order.number.x.y}} {{.order.lines.name}}`, []string{
		`line 1, column 3: there is no field .order.number.x.y: .order.number is a Text`,
		`line 1, column 25: .order.lines is a List: go through it, as in {{range .order.lines}}{{.name}}{{end}}`,
	}},
	{template.Plain, `{{range .order.lines}}{{.account.name}} {{.nam}} {{$.order.nam}} {{.parts.name}}{{end}}`, []string{
		`line 1, column 25: there is no field .account.name in .order.lines (there are: amount, name, parts, serial, and $.account.name from the whole payload)`,
		`line 1, column 43: there is no field .nam in .order.lines (there are: name, parts, amount, serial)`,
		`line 1, column 52: there is no field $.order.nam (there are: gift, items, lines, number, state, total, comment, pageURL, weight, address, coupons, currency, express, placedOn, discount, shippedAt, pictureURL)`,
		`line 1, column 68: .order.lines.parts is a List: go through it, as in {{range .order.lines.parts}}{{.name}}{{end}}`,
	}},
	{template.Plain, `{{with .order.address}}{{.town}}{{.order.number}}{{end}}`, []string{
		`line 1, column 26: there is no field .town in .order.address (there are: note, city)`,
		`line 1, column 35: there is no field .order.number in .order.address (there are: note, city, and $.order.number from the whole payload)`,
	}},
	{template.Plain, `{{with .order.number}}{{.x}}{{end}}`, []string{
		`line 1, column 25: there is no field .x: .order.number is a Text`,
	}},
	{template.Plain, `{{with .account}}{{if .nme}}{{end}}{{end}}`, []string{
		`line 1, column 23: there is no field .nme in .account (there are: name, id, profile, status)`,
	}},

	// Printing.
	{template.Plain, `{{.}} {{$}}`, []string{
		`line 1, column 3: . is an Object: print one of its fields (there are: tenant, account, event, order, credential, recipient)`,
		`line 1, column 9: $ is an Object: print one of its fields (there are: tenant, account, event, order, credential, recipient)`,
	}},
	{template.Plain, `{{.account}}`, []string{
		`line 1, column 3: .account is an Object: print one of its fields (there are: id, name, profile, status)`,
	}},
	{template.Plain, `{{.order.lines}}`, []string{
		`line 1, column 3: .order.lines is a List: go through it, as in {{range .order.lines}}`,
	}},
	{template.Plain, `{{range .order.lines}}{{.}}{{end}}`, []string{
		`line 1, column 25: . is an Object: print one of its fields (there are: name, amount, serial, parts)`,
	}},
	{template.Plain, `{{.order.express}} {{eq .order.items 5}}`, []string{
		`line 1, column 3: .order.express is a Boolean: ask for it, as in {{if .order.express}}yes{{else}}no{{end}}`,
		`line 1, column 22: (eq .order.items 5) is a Boolean: ask for it, as in {{if (eq .order.items 5)}}yes{{else}}no{{end}}`,
	}},
	{template.Plain, `{{.order.comment}}`, []string{
		`line 1, column 3: .order.comment may be missing: ask first, as in {{if .order.comment}}, or write {{.order.comment | default "..."}}`,
	}},
	{template.Plain, `{{.order.address.city}}`, []string{
		`line 1, column 3: .order.address.city may be missing: ask first, as in {{if .order.address.city}}, or write {{.order.address.city | default "..."}}`,
	}},
	{template.Plain, `{{if .order.address}}{{.order.address.city}}{{.order.address.note}}{{end}}`, []string{
		`line 1, column 47: .order.address.note may be missing: ask first, as in {{if .order.address.note}}, or write {{.order.address.note | default "..."}}`,
	}},
	{template.Plain, `{{if .order.address}}{{else}}{{.order.address.city}}{{end}}{{.order.address.city}}`, []string{
		`line 1, column 32: .order.address.city may be missing: ask first, as in {{if .order.address.city}}, or write {{.order.address.city | default "..."}}`,
		`line 1, column 62: .order.address.city may be missing: ask first, as in {{if .order.address.city}}, or write {{.order.address.city | default "..."}}`,
	}},
	{template.Plain, `{{if or .order.comment .order.discount}}{{.order.comment}}{{end}}`, []string{
		`line 1, column 43: .order.comment may be missing: ask first, as in {{if .order.comment}}, or write {{.order.comment | default "..."}}`,
	}},
	{template.Plain, `{{if and .order.comment .order.discount}}{{else}}{{.order.discount}}{{end}}`, []string{
		`line 1, column 52: .order.discount may be missing: ask first, as in {{if .order.discount}}, or write {{.order.discount | default "..."}}`,
	}},
	{template.Plain, `{{range .order.lines}}{{.serial}}{{if .serial}}{{end}}{{end}}{{range .order.lines}}{{.serial}}{{end}}`, []string{
		`line 1, column 25: .serial may be missing: ask first, as in {{if .serial}}, or write {{.serial | default "..."}}`,
		`line 1, column 86: .serial may be missing: ask first, as in {{if .serial}}, or write {{.serial | default "..."}}`,
	}},
	{template.Plain, `{{with .order.address}}{{else}}{{$.order.address.city}}{{end}}`, []string{
		`line 1, column 34: $.order.address.city may be missing: ask first, as in {{if $.order.address.city}}, or write {{$.order.address.city | default "..."}}`,
	}},
	{template.Plain, `{{.credential.second}}`, []string{
		`line 1, column 3: .credential.second may be missing: ask first, as in {{if .credential.second}}`,
	}},

	// Questions.
	{template.Plain, `{{if .order.total}}{{end}}`, []string{
		`line 1, column 6: .order.total is a Money and always there, 0 too: compare it, as in {{if gt .order.total 0}}`,
	}},
	{template.Plain, `{{if .order.items}}{{end}}{{if .order.placedOn}}{{end}}{{if .order.pageURL}}{{end}}{{if .order}}{{end}}`, []string{
		`line 1, column 6: .order.items is an Integer and always there, 0 too: compare it, as in {{if gt .order.items 0}}`,
		`line 1, column 32: .order.placedOn is a Date and always there: leave the question out`,
		`line 1, column 61: .order.pageURL is a URL and always there: leave the question out`,
		`line 1, column 89: .order is an Object and always there: leave the question out`,
	}},
	{template.Plain, `{{if not .order.placedOn}}{{end}}`, []string{
		`line 1, column 10: .order.placedOn is a Date and always there: leave the question out`,
	}},
	{template.Plain, `{{if and .order.total .order.comment}}{{end}}`, []string{
		`line 1, column 10: .order.total is a Money and always there, 0 too: compare it, as in {{if gt .order.total 0}}`,
	}},
	{template.Plain, `{{if upper .order.number}}x{{end}}`, []string{
		`line 1, column 6: (upper .order.number) is a Text: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name "Miller"}}`,
	}},
	{template.Plain, `{{if 1}}{{end}}{{if "a"}}{{end}}`, []string{
		`line 1, column 6: 1 is an Integer: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name "Miller"}}`,
		`line 1, column 21: "a" is a Text: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name "Miller"}}`,
	}},

	// Functions.
	{template.Plain, `{{uper .order.number}}`, []string{
		`line 1, column 3: there is no function uper (there are: upper, eq, ge, le, len, lower, ne, or, and, date, gt, lt, not, plural, default)`,
	}},
	{template.Plain, `{{.order.number | uper}}`, []string{
		`line 1, column 19: there is no function uper (there are: upper, eq, ge, le, len, lower, ne, or, and, date, gt, lt, not, plural, default)`,
	}},
	{template.Plain, `{{upper}} {{upper .order.number .order.number}} {{.order.number | upper .order.number}} {{and}}`, []string{
		`line 1, column 3: upper takes 1 argument, as in {{upper TEXT}}: there are 0`,
		`line 1, column 13: upper takes 1 argument, as in {{upper TEXT}}: there are 2`,
		`line 1, column 67: upper takes 1 argument, as in {{upper TEXT}}: there are 2`,
		`line 1, column 91: and takes at least 1 argument, as in {{and A B ...}}: there are 0`,
	}},
	{template.Plain, `{{upper 5}} {{upper .order.items}} {{upper .order.comment}} {{upper upper}}`, []string{
		`line 1, column 9: upper takes a Text here, and 5 is an Integer`,
		`line 1, column 21: upper takes a Text here, and .order.items is an Integer`,
		`line 1, column 44: .order.comment may be missing: ask first, as in {{if .order.comment}}, or write {{.order.comment | default "..."}}`,
		`line 1, column 69: upper takes 1 argument, as in {{upper TEXT}}: there are 0`,
	}},
	{template.Plain, `{{.order.number x}}`, []string{
		`line 1, column 17: .order.number takes no arguments: a function stands before its arguments, or behind a |`,
	}},
	{template.Plain, `{{.order.number .account.name}}`, []string{
		`line 1, column 25: .order.number takes no arguments: a function stands before its arguments, or behind a |`,
	}},
	{template.Plain, `{{date "long" .order.placedOn}} {{date .order.number .order.placedOn}} {{date "iso" .order.number}} {{date "iso" .order.shippedAt}}`, []string{
		`line 1, column 8: date takes "short" or "iso" first, not "long"`,
		`line 1, column 40: date takes "short" or "iso" first, not .order.number`,
		`line 1, column 85: date takes a Date or Time here, and .order.number is a Text`,
		`line 1, column 114: .order.shippedAt may be missing: ask first, as in {{if .order.shippedAt}}, or write {{.order.shippedAt | default "..."}}`,
	}},
	{template.Plain, `{{plural .order.total "a" "b"}} {{plural .order.items 1 2}} {{plural .order.items "a"}}`, []string{
		`line 1, column 10: plural takes an Integer here, and .order.total is a Money`,
		`line 1, column 55: plural takes a Text here, and 1 is an Integer`,
		`line 1, column 63: plural takes 3 arguments, as in {{plural INTEGER "ONE" "OTHER"}}: there are 2`,
	}},
	{template.Plain, `{{len .order.number}} {{len .order.coupons}}`, []string{
		`line 1, column 7: len takes a List here, and .order.number is a Text`,
		`line 1, column 29: .order.coupons may be missing: ask first, as in {{if .order.coupons}}`,
	}},
	{template.Plain, `{{.order.total | default 5}} {{.order.comment | default .order.discount}} {{default "a" .order.lines}} {{default "a" .credential.link}} {{default .order.comment .order.comment}}`, []string{
		`line 1, column 26: default takes a text in double quotes, or a field of the type of .order.total, and 5 is an Integer`,
		`line 1, column 57: .order.discount may be missing: ask first, as in {{if .order.discount}}, or write {{.order.discount | default "..."}}`,
		`line 1, column 89: default takes a value that can be printed, and .order.lines is a List`,
		`line 1, column 118: default takes a value that can be printed, and .credential.link is a Link`,
		`line 1, column 147: .order.comment may be missing: ask first, as in {{if .order.comment}}, or write {{.order.comment | default "..."}}`,
	}},
	{template.Plain, `{{if gt .order.total 1000000}}{{upper (.order.discount | default "x")}}{{end}}`, []string{
		`line 1, column 58: upper takes a Text here, and (default "x") is a Money or Text`,
	}},
	{template.Plain, `{{if eq "y" (.order.discount | default "x")}}{{end}}{{if eq (.order.discount | default "x") "100.84"}}{{end}}`, []string{
		`line 1, column 9: eq compares two numbers or two texts: "y" is a Text, (default "x") is a Money or Text`,
		`line 1, column 80: eq compares two numbers or two texts: (default "x") is a Money or Text, "100.84" is a Text`,
	}},
	{template.Plain, `{{plural 2 "b" (.order.discount | default "x")}} {{date (.order.shippedAt | default "iso") .order.placedOn}}`, []string{
		`line 1, column 35: plural takes a Text here, and (default "x") is a Money or Text`,
		`line 1, column 77: date takes "short" or "iso" first, not (default "iso")`,
	}},
	{template.Plain, `{{date "iso" (.order.shippedAt | default "never")}} {{if .order.shippedAt | default "x"}}{{end}}`, []string{
		`line 1, column 34: date takes a Date or Time here, and (default "never") is a Time or Text`,
		`line 1, column 77: (default "x") is a Time or Text: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name "Miller"}}`,
	}},
	{template.Plain, `{{if eq .order.total .order.number}}{{end}}`, []string{
		`line 1, column 9: eq compares two numbers or two texts: .order.total is a Money, .order.number is a Text`,
	}},
	{template.Plain, `{{if eq .order.placedOn "2026-11-21"}}{{end}}`, []string{
		`line 1, column 9: eq compares two numbers or two texts: .order.placedOn is a Date, "2026-11-21" is a Text`,
	}},
	{template.Plain, `{{if eq .order.items "3"}}{{end}}`, []string{
		`line 1, column 9: eq compares two numbers or two texts: .order.items is an Integer, "3" is a Text`,
	}},
	{template.Plain, `{{if lt .order.number "a"}}{{end}}`, []string{
		`line 1, column 9: texts are compared by eq and ne only: .order.number is a Text`,
	}},
	{template.Plain, `{{if eq .order.state "Closed"}}{{else if ne "open" .order.state}}{{end}}`, []string{
		`line 1, column 22: .order.state is never "Closed" (it is one of: Open, Shipped, Cancelled)`,
		`line 1, column 45: .order.state is never "open" (it is one of: Open, Shipped, Cancelled)`,
	}},
	{template.Plain, `{{if eq .order.comment "a"}}{{end}}`, []string{
		`line 1, column 9: .order.comment may be missing: ask first, as in {{if .order.comment}}, or write {{.order.comment | default "..."}}`,
	}},
	{template.Plain, `{{if eq .order.express true}}{{end}}`, []string{
		`line 1, column 24: true is not allowed: write a field, a text in double quotes or a number`,
	}},
	{template.Plain, `{{if eq .order.items 1 2}}{{end}}`, []string{
		`line 1, column 6: eq takes 2 arguments, as in {{eq A B}}: there are 3`,
	}},
	{template.Plain, `{{if .order.comment | and .order.gift}}{{end}}`, []string{
		`line 1, column 23: and takes what it asks behind it, as in {{if and A B}}`,
	}},
	{template.Plain, `{{if (eq .order.itms 5)}}{{end}}`, []string{
		`line 1, column 10: there is no field .order.itms (there are: items, lines, gift, state, total, number, weight, address, comment, coupons, express, discount, pageURL, currency, pictureURL, placedOn, shippedAt)`,
	}},

	{template.Subject, `{{.credential.link}}`, []string{
		`line 1, column 3: .credential.link is a Link, which lets in whoever has it: a subject is shown and stored in many places, put it into the text of the mail`,
	}},

	{template.Note, `{{.credential.link}}`, []string{
		`line 1, column 3: .credential.link is a Link, which lets in whoever has it: a note may not carry it`,
	}},

	{template.Banner, `{{.credential.link}}`, []string{
		`line 1, column 3: .credential.link is a Link, which lets in whoever has it: a banner may not hold it`,
	}},

	{template.HTML, "<p>\n<script>x</script><IFRAME src=\"x\"></iframe><object data=\"x\"><embed src=\"x\"><form action=\"x\"><input><button>", []string{
		`line 2, column 1: the element <script> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 19: the element <iframe> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 44: the element <object> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 61: the element <embed> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 76: the element <form> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 93: the element <input> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 2, column 100: the element <button> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
	}},
	{template.HTML, `<svg><math><base href="x"><link rel="stylesheet" href="https://x"><video src="x"><noscript><textarea><select><template>`, []string{
		`line 1, column 1: the element <svg> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 6: the element <math> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 12: the element <base> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 27: the element <link> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 67: the element <video> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 82: the element <noscript> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
		`line 1, column 92: write &lt; for < in a text`,
	}},
	{template.HTML, `<b onclick="x" ONLOAD='x' formaction=x srcset="x" contenteditable data-x="y">`, []string{
		`line 1, column 4: the attribute onclick of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 16: the attribute onload of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 27: the attribute formaction of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 40: the attribute srcset of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 51: the attribute contenteditable of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 67: the attribute data-x of <b> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
	}},
	{template.HTML, `<a href="javascript:alert(1)"> <a href=" https://x"> <a href="java&#10;script:x"> <a href="JAVASCRIPT&colon;x"> <a href="data:text/html,x"> <a href="//x.example"> <a href="/x"> <a href="">`, []string{
		`line 1, column 4: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 35: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 57: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 86: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 116: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 144: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 167: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 181: the address in href must begin with https://, http://, mailto:, tel:, #`,
	}},
	{template.HTML, `<img src="http://x.example/a.png"><img src="cid:a"><img src="data:image/png;base64,x">`, []string{
		`line 1, column 6: the address in src must begin with https://`,
		`line 1, column 40: the address in src must begin with https://`,
		`line 1, column 57: the address in src must begin with https://`,
	}},
	{template.HTML, `<td background="http://x"> <div href="https://x"> <p src="https://x">`, []string{
		`line 1, column 5: the address in background must begin with https://`,
		`line 1, column 33: the attribute href of <div> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
		`line 1, column 54: the attribute src of <p> is not allowed in a mail, whose attributes are about looks, as class, style, width and title`,
	}},
	{template.HTML, `<meta http-equiv="refresh" content="0;url=https://x"><meta HTTP-EQUIV=" Refresh ">`, []string{
		`line 1, column 7: http-equiv is only allowed with Content-Type and X-UA-Compatible`,
		`line 1, column 60: http-equiv is only allowed with Content-Type and X-UA-Compatible`,
	}},
	{template.HTML, `<style>@import "https://x";</style><style>a{background:url(http://x)}</style><p style="background:u\72l(x)"><p style="width:expression(x)"><p style="background: URL( 'javascript:x')">`, []string{
		`line 1, column 8: @import is not allowed in a style`,
		`line 1, column 43: a url() that does not begin with https:// is not allowed in a style`,
		`line 1, column 81: \ is not allowed in a style`,
		`line 1, column 112: expression( is not allowed in a style`,
		`line 1, column 143: javascript: is not allowed in a style`,
	}},
	{template.HTML, `<a href="{{.order.number}}"> <a href='x{{.order.pageURL}}'> <a href='{{.order.pageURL}}{{.order.pageURL}}'> <a href="{{.order.pageURL | lower}}"> <a href="cid:a">`, []string{
		`line 1, column 12: a field that begins the address in href must be a URL, and this is a Text: write what stands before it, as mailto:{{.tenant.supportEmail}}`,
		`line 1, column 33: the address in href must begin with https://, http://, mailto:, tel:, #`,
		`line 1, column 90: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 120: lower takes a Text here, and .order.pageURL is a URL`,
		`line 1, column 150: the address in href must begin with https://, http://, mailto:, tel:, #`,
	}},
	{template.HTML, `<a href="https://{{.order.number}}/"> <a href="https://a.example{{.order.number}}"> <a href="https://a\{{.order.number}}/"> <a href="{{.order.pageURL}}{{.order.number}}/"> <a href="{{.order.pageURL}}.{{.order.items}}/">`, []string{
		`line 1, column 20: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 67: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 106: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 154: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 203: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
	}},
	{template.HTML, `<a href="mailto:{{.order.number}}@{{.order.number}}"> <a href="#{{.order.number}}"> <a href="https://x/{{.order.total}}"> <a href="https://x/?{{.credential.link}}"> <img src="mailto:{{.order.number}}">`, []string{
		`line 1, column 19: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 37: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 67: a field in href must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:`,
		`line 1, column 106: a field in an address must be a Text, Integer or URL, and this is a Money`,
		`line 1, column 145: a Link stands in the text, or begins the href of an <a>`,
		`line 1, column 171: the address in src must begin with https://`,
	}},
	{template.HTML, `<p style='a:"/*";background:url(http://evil/x);b:"*/"'><style>a{content:"/*"} @import "x"; b{content:"*/"}</style>`, []string{
		`line 1, column 4: a url() that does not begin with https:// is not allowed in a style`,
		`line 1, column 63: @import is not allowed in a style`,
	}},
	{template.HTML, `<img src='{{.credential.link}}'> <p title='{{.credential.link}}'> <title>{{.credential.link}}</title>`, []string{
		`line 1, column 13: a Link stands in the text, or begins the href of an <a>`,
		`line 1, column 46: a Link stands in the text, or begins the href of an <a>`,
		`line 1, column 76: a Link stands in the text, or begins the href of an <a>`,
	}},
	{template.HTML, `<a href={{.order.pageURL}}>`, []string{
		`line 1, column 11: a field stands in the text, in the quotes of an attribute such as title, or in the address in a quoted href or src`,
	}},
	{template.HTML, `<b class={{.order.number}}> <b id="a"class={{.order.number}}>`, []string{
		`line 1, column 12: a field stands in the text, in the quotes of an attribute such as title, or in the address in a quoted href or src`,
		`line 1, column 46: a field stands in the text, in the quotes of an attribute such as title, or in the address in a quoted href or src`,
	}},
	{template.HTML, `<b style='color:{{.order.number}}'> <style>{{.order.number}}</style> <style>{{if .order.gift}}a{{end}}</style>`, []string{
		`line 1, column 19: a field cannot stand in the attribute style`,
		`line 1, column 46: a field cannot stand in a style`,
		`line 1, column 82: {{if}} stands in a style: put it around whole tags`,
	}},
	{template.HTML, `<!-- {{.order.number}} {{if .order.gift}}{{end}} --> <!DOCTYPE {{.order.number}}> <? {{.order.number}} >`, []string{
		`line 1, column 8: a field cannot stand in a comment, which is left out`,
		`line 1, column 29: {{if}} stands in a comment, which is left out: put it around whole tags`,
		`line 1, column 54: the doctype stands at the start`,
		`line 1, column 66: a field cannot stand in the doctype`,
		`line 1, column 83: write a comment as <!-- this -->, and &lt; for < in a text`,
		`line 1, column 88: a field cannot stand in a comment, which is left out`,
	}},
	{template.HTML, `<{{.order.number}}>`, []string{
		`line 1, column 1: write &lt; for < in a text`,
	}},
	{template.HTML, `</{{.order.number}}>`, []string{
		`line 1, column 1: write a comment as <!-- this -->, and &lt; for < in a text`,
		`line 1, column 5: a field cannot stand in a comment, which is left out`,
	}},
	{template.HTML, `<b{{.order.number}}> <b {{.order.number}}> <b {{.order.number}}='x'> <b a{{.order.number}}="x">`, []string{
		`line 1, column 5: a field cannot stand inside of a tag`,
		`line 1, column 27: a field cannot stand inside of a tag, outside of the quotes of an attribute`,
		`line 1, column 49: a field cannot stand inside of a tag, outside of the quotes of an attribute`,
		`line 1, column 76: a field cannot stand inside of a tag, outside of the quotes of an attribute`,
	}},
	{template.HTML, `<b {{if .order.express}}class='x'{{end}}> <a href='{{if .order.express}}https://x{{end}}'> <b class="{{range .order.lines}}x{{end}}">`, []string{
		`line 1, column 9: {{if}} stands inside of a tag, outside of the quotes of an attribute: put it around whole tags`,
		`line 1, column 57: {{if}} stands inside of a tag: put it around whole tags`,
		`line 1, column 110: {{range}} stands inside of a tag: put it around whole tags`,
	}},
	{template.HTML, `<{{if .order.express}}script{{end}}> </b {{if .order.gift}}{{end}}>`, []string{
		`line 1, column 1: write &lt; for < in a text`,
		`line 1, column 47: {{if}} stands inside of a tag: put it around whole tags`,
	}},
	{template.HTML, `{{if .order.gift}}<title>{{else}}</title>{{end}}`, []string{
		`line 1, column 6: what is inside of if, with and range must end where it begins, both in the text or both in the same title`,
	}},
	{template.HTML, `<title></{{if .order.gift}}title>{{end}}</title>`, []string{
		`line 1, column 8: write &lt; for < in a text`,
	}},
	{template.HTML, `<a href='`, []string{
		`line 1, column 1: this tag is not closed`,
	}},
	{template.HTML, `<b class='{{.order.number}}`, []string{
		`line 1, column 1: this tag is not closed`,
	}},
	{template.HTML, `<p title="{{.order.numbr}}"><script>`, []string{
		`line 1, column 13: there is no field .order.numbr (there are: number, gift, items, lines, state, total, comment, coupons, pageURL, weight, address, currency, express, discount, pictureURL, placedOn, shippedAt)`,
		`line 1, column 29: the element <script> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a`,
	}},
	{template.HTML, `<meta name="x" content="{{.order.number}}">`, []string{
		`line 1, column 27: a field cannot stand in the attribute content`,
	}},
	{template.HTML, `<a rel="{{.order.number}}">`, []string{
		`line 1, column 11: a field cannot stand in the attribute rel`,
	}},
	{template.HTML, `<a xmlns="{{.order.number}}">`, []string{
		`line 1, column 13: a field cannot stand in the attribute xmlns`,
	}},
	{template.HTML, `<p>` + "\U000F0000" + `</p>`, []string{
		`characters for private use, from U+F0000 to U+FFFFD, are not allowed`,
	}},
	{template.HTML, `<p title="&#xF0005;">`, []string{
		`characters for private use, from U+F0000 to U+FFFFD, are not allowed`,
	}},
	{template.HTML, `<p title="&#xF00{{/* a */}}00;">{{.order.number}}`, []string{
		`characters for private use, from U+F0000 to U+FFFFD, are not allowed`,
	}},
	{template.HTML, `<p aria-url="{{.order.number}}">`, []string{
		`line 1, column 16: a field stands in the text, in the quotes of an attribute such as title, or in the address in a quoted href or src`,
	}},
	{template.HTML, `<a href="https://x" HREF="javascript:x">`, []string{
		`line 1, column 21: the attributes of a tag may be there once each, as name="value"`,
	}},
	{template.HTML, `<a title="a" href="https://x" title="{{.credential.link}}">`, []string{
		`line 1, column 31: the attributes of a tag may be there once each, as name="value"`,
	}},
	{template.HTML, `<p title="x" {{.order.number}} class="x" {{.order.number}}>`, []string{
		`line 1, column 16: a field cannot stand inside of a tag, outside of the quotes of an attribute`,
		`line 1, column 44: a field cannot stand inside of a tag, outside of the quotes of an attribute`,
	}},
	{template.HTML, `a < b <= c <3 <!> <p/> </> <![if !mso]>`, []string{
		`line 1, column 3: write &lt; for < in a text`,
		`line 1, column 15: write a comment as <!-- this -->, and &lt; for < in a text`,
		`line 1, column 24: write a comment as <!-- this -->, and &lt; for < in a text`,
		`line 1, column 28: write a comment as <!-- this -->, and &lt; for < in a text`,
	}},
	{template.HTML, `x <!DOCTYPE html> <!DOCTYPE html>`, []string{
		`line 1, column 3: the doctype stands at the start`,
		`line 1, column 19: the doctype stands at the start`,
	}},

	{template.JSON, `{"a":{{.order.number}}, "b": {{.order.placedOn}}}`, []string{
		`line 1, column 8: a Text stands between double quotes, as "{{.account.name}}"`,
		`line 1, column 32: a Date stands between double quotes, as "{{.account.name}}"`,
	}},
	{template.JSON, `{"a": {{or .account.id .account.name}}, "b": "{{or .order.comment .order.comment}}", "c": {{and .order.express}}}`, []string{
		`line 1, column 9: (or .account.id .account.name) is a Boolean: ask for it, as in {{if (or .account.id .account.name)}}yes{{else}}no{{end}}`,
		`line 1, column 49: (or .order.comment .order.comment) is a Boolean: ask for it, as in {{if (or .order.comment .order.comment)}}yes{{else}}no{{end}}`,
		`line 1, column 93: (and .order.express) is a Boolean: ask for it, as in {{if (and .order.express)}}yes{{else}}no{{end}}`,
	}},
	{template.JSON, `[{{.order.discount | default "x"}}]`, []string{
		`line 1, column 4: a Money or Text stands between double quotes, as "{{.account.name}}"`,
	}},
	{template.JSON, `{"a":1,}`, []string{
		`line 1, column 8: the JSON goes on with a key in double quotes here`,
	}},
	{template.JSON, `{"a" 1}`, []string{
		`line 1, column 6: the JSON goes on with a : here`,
	}},
	{template.JSON, `{a: 1}`, []string{
		`line 1, column 2: the JSON goes on with a key in double quotes or } here`,
	}},
	{template.JSON, `[1 2]`, []string{
		`line 1, column 4: the JSON goes on with a , or the end of the object or list here`,
	}},
	{template.JSON, `[01]`, []string{
		`line 1, column 4: 01 is neither a number nor true, false or null`,
	}},
	{template.JSON, `[nul]`, []string{
		`line 1, column 5: nul is neither a number nor true, false or null`,
	}},
	{template.JSON, `{"a":1}}`, []string{
		`line 1, column 8: the JSON goes on with nothing more here`,
	}},
	{template.JSON, `{"a":tru{{.order.items}}}`, []string{
		`line 1, column 11: tru is neither a number nor true, false or null`,
	}},
	{template.JSON, `{"a":tru{{if .order.gift}}e{{end}}}`, []string{
		`line 1, column 14: tru is neither a number nor true, false or null`,
	}},
	{template.JSON, `1.{{if .order.gift}}{{end}}`, []string{
		`line 1, column 8: 1. is neither a number nor true, false or null`,
	}},
	{template.JSON, `[{{range .order.lines}}nul{{end}}]`, []string{
		`line 1, column 10: nul is neither a number nor true, false or null`,
	}},
	{template.JSON, `[{"a":1} tru`, []string{
		`line 1, column 10: the JSON goes on with a , or the end of the object or list here`,
	}},
	{template.JSON, `[{{range .order.lines}}"{{.name}}",{{end}}]`, []string{
		`line 1, column 43: the JSON goes on with a value here`,
	}},
	{template.JSON, `[{{range .order.lines}}"{{.name}}"{{end}}]`, []string{
		`line 1, column 10: before and after what is inside of {{range}}, the JSON must go on in the same way: with a value, or a , or the end of the object or list`,
	}},
	{template.JSON, `[{{range .order.lines}}1{{else}}2{{end}}]`, []string{
		`line 1, column 10: before and after what is inside of {{range}}, the JSON must go on in the same way: with a value, or a , or the end of the object or list`,
	}},
	{template.JSON, `{"a":1{{if .order.express}}2{{end}}}`, []string{
		`line 1, column 28: the JSON goes on with a , or the end of the object or list here`,
	}},
	{template.JSON, `{"a":1{{if .order.express}},{{end}}}`, []string{
		`line 1, column 12: with and without what is inside of {{if}}, the JSON must go on in the same way: with a key in double quotes, or a , or the end of the object or list`,
	}},
	{template.JSON, `{"a":"{{if .order.express}}"{{end}}}`, []string{
		`line 1, column 12: with and without what is inside of {{if}}, the JSON must go on in the same way: with a , or the end of the object or list, or more of the text`,
	}},
	{template.JSON, `{"a":"x`, []string{
		`line 1, column 8: the JSON ends too early: it goes on with a "`,
	}},
	{template.JSON, `{"a":"\{{.order.number}}"}`, []string{
		`line 1, column 10: a \ cannot stand before an action`,
	}},
	{template.JSON, `"{{.credential.link}}"`, []string{
		`line 1, column 4: .credential.link is a Link, which lets in whoever has it: a webhook may not carry it`,
	}},
	{template.JSON, `{`, []string{
		`line 1, column 2: the JSON ends too early: it goes on with a key in double quotes or }`,
	}},
	{template.JSON, ` `, []string{
		`line 1, column 2: the JSON ends too early: it goes on with a value`,
	}},
	{template.JSON, "\"a\nb\"", []string{
		`line 1, column 3: a line break or tab inside of double quotes is written \n or \t in JSON`,
	}},
	{template.JSON, `"\q"`, []string{
		`line 1, column 3: \q is not allowed in JSON`,
	}},
	{template.JSON, `"\u12g4"`, []string{
		`line 1, column 6: \g is not allowed in JSON`,
	}},
	{template.JSON, `{{.order.items}}{{.order.items}}`, []string{
		`line 1, column 19: the JSON goes on with nothing more here`,
	}},
	{template.JSON, `{{.order}}`, []string{
		`line 1, column 3: .order is an Object: print one of its fields (there are: number, comment, state, items, weight, total, discount, currency, placedOn, shippedAt, express, gift, pageURL, pictureURL, address, lines, coupons)`,
	}},
	{template.JSON, `[{{.order.lines}}]`, []string{
		`line 1, column 4: .order.lines is a List: write it whole, as in {{json .order.lines}}, or go through it, as in {{range .order.lines}}`,
	}},
	{template.JSON, `["{{json .order.lines}}", {{json .order.coupons}}, {{json .order}}, {{json .order.lines | default "x"}}, {{if json .order.lines}}1{{end}}, {{jsn .order.lines}}]`, []string{
		`line 1, column 5: a List in JSON stands without double quotes around it`,
		`line 1, column 34: .order.coupons may be missing: ask first, as in {{if .order.coupons}}`,
		`line 1, column 59: json takes a List here, and .order is an Object`,
		`line 1, column 71: default takes a value that can be printed, and (json .order.lines) is a List in JSON`,
		`line 1, column 111: (json .order.lines) is a List in JSON: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name "Miller"}}`,
		`line 1, column 111: with and without what is inside of {{if}}, the JSON must go on in the same way: with a , or the end of the object or list, or a value`,
		`line 1, column 142: there is no function jsn (there are: json, len, and, eq, ge, gt, le, lt, ne, not, or, date, lower, upper, plural, default)`,
	}},
	{template.JSON, `{ {{json .order.lines}}: 1}`, []string{
		`line 1, column 5: the JSON goes on with a key in double quotes or } here`,
	}},
	{template.Plain, `{{json .order.lines}}`, []string{
		`line 1, column 3: json is for the body of a webhook only`,
	}},
}

func TestRefused(t *testing.T) {
	for _, test := range refused {
		compiled, problems := template.Compile(test.source, test.format, testEvent)
		if compiled != nil {
			t.Errorf("%s %q is accepted", test.format, test.source)
			continue
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.Error())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", test.format, test.source, diff)
		}
	}
}

// TestNoLinkInLists has an event whose list has secret addresses.
func TestNoLinkInLists(t *testing.T) {
	event := testEvent
	event.Fields = []catalog.Field{{Name: "doors", Type: catalog.List, Fields: []catalog.Field{
		{Name: "door", Type: catalog.Object, Fields: []catalog.Field{{Name: "key", Type: catalog.Link}}},
	}}}
	_, problems := template.Compile(`{{json .doors}}`, template.JSON, event)
	if want := "line 1, column 8: the elements of .doors have a Link, door.key, which lets in whoever has it: a webhook may not carry it"; lines(problems) != want {
		t.Errorf("%s, want %s", lines(problems), want)
	}
}

// TestBounds has what is too large for the table.
func TestBounds(t *testing.T) {
	n := strings.Repeat
	deep := func(depth int) string { return n("{{if .order.express}}", depth) + "x" + n("{{end}}", depth) }
	tests := []struct {
		name, source string
		format       template.Format
		want         string // empty: accepted
	}{
		{"source", n("x", template.MaxSource), template.Plain, ""},
		{"source", n("x", template.MaxSource+1), template.Plain, "the template has 65537 bytes, allowed are 65536"},
		{"depth", deep(8), template.Plain, ""},
		{"depth", deep(9), template.Plain, "line 1, column 174: too deep: at most 8 of if, with and range may be in each other"},
		{"depth of JSON", n("{{range .order.lines}}", 2900), template.JSON, "line 1, column 63779: {{range}} is not closed: {{end}} is missing"},
		{"depth of JSON", n("{{if .order.gift}}", 2500) + n("{{end}}", 2500), template.JSON, "line 1, column 150: too deep: at most 8 of if, with and range may be in each other"},
		{"else if is not deeper", "{{if .order.express}}" + n("{{else if .order.gift}}x", 100) + "{{end}}", template.Plain, ""},
		{"else with is not deeper", "{{with .order.gift}}" + n("{{else with .order.comment}}x", 100) + "{{end}}", template.Plain, ""},
		{"parts", n("{{.order.number}}", 1333), template.Plain, ""},
		{"parts", n("{{.order.number}}", 1334), template.Plain, "line 1, column 22664: the template has more than 4000 parts: make it shorter"},
		{"parts of HTML", n("{{.order.number}}", 3000), template.HTML, "line 1, column 22664: the template has more than 4000 parts: make it shorter"},
		{"parts of a pipeline", "{{.order.number" + n("|upper", 5000) + "}}", template.Plain, "line 1, column 23999: the template has more than 4000 parts: make it shorter"},
		{"work", n("{{upper .order.number}}", 900), template.Plain, ""},
		{"work", "{{range .order.lines}}{{if eq \"x\" (.name" + n("|upper", 4) + ")}}{{end}}{{end}}", template.Plain, ""},
		{"work", "{{range .order.lines}}{{if eq \"x\" (.name" + n("|upper", 1900) + ")}}{{end}}{{end}}", template.Plain, "line 1, column 66: for the longest lists and texts this is too much work: put less inside of range, above all of upper and lower"},
		{"work", "{{range .order.lines}}{{range .parts}}{{upper .name}}{{end}}{{end}}", template.Plain, "line 1, column 41: for the longest lists and texts this is too much work: put less inside of range, above all of upper and lower"},
		{"work", "{{range .order.lines}}{{range .parts}}" + n("{{if .name}}{{end}}", 3) + "{{end}}{{end}}", template.Plain, ""},
		{"work", "{{range .order.lines}}{{range .parts}}" + n("{{if .name}}{{end}}", 4) + "{{end}}{{end}}", template.Plain, "line 1, column 101: for the longest lists and texts this is too much work: put less inside of range, above all of upper and lower"},
		{"parentheses", "{{" + n("(", 12000) + ".order.number" + n(")", 12000) + "}}", template.Plain, "line 1, column 1: too many parentheses in each other"},
		{"JSON depth", n("[", 64) + n("]", 64), template.JSON, ""},
		{"JSON depth", n("[", 65) + n("]", 65), template.JSON, "line 1, column 65: the JSON is too deep: at most 64 objects and lists may be in each other"},
		{"subject", n("x", template.MaxSubject-12) + "{{.tenant.name}}", template.Subject, ""},
		{"subject", n("x", template.MaxSubject-11) + "{{.tenant.name}}", template.Subject, "with the sample of order.placed: the subject has 501 characters, allowed are 500"},
		{"text message", n("x", template.MaxSMS), template.SMS, ""},
		{"text message", n("é", template.MaxSMS-12) + "{{.tenant.name}}", template.SMS, ""},
		{"text message", n("é", template.MaxSMS-11) + "{{.tenant.name}}", template.SMS, "with the sample of order.placed: the text message has 701 characters, allowed are 700"},
	}
	for _, test := range tests {
		_, problems := template.Compile(test.source, test.format, testEvent)
		if got := lines(problems); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var want []string
	for i := range 20 {
		want = append(want, "line "+strconv.Itoa(i+1)+", column 3: there is no field .x (there are: event, order, tenant, account, recipient, credential)")
	}
	_, problems := template.Compile(strings.Repeat("{{.x}}\n", 900), template.Plain, testEvent)
	if diff := cmp.Diff(strings.Join(want, "\n"), lines(problems)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSampleIsProof gives Compile events whose sample is not one of them.
func TestSampleIsProof(t *testing.T) {
	for sample, want := range map[string]string{
		"":   "the sample of order.placed is not JSON: EOF",
		"{}": "with the sample of order.placed: the payload is not one of the event: tenant is missing",
	} {
		event := catalog.Event{Name: "order.placed", Sample: []byte(sample)}
		if _, problems := template.Compile("x", template.Plain, event); lines(problems) != want {
			t.Errorf("with the sample %q: %s, want %s", sample, lines(problems), want)
		}
	}
}
