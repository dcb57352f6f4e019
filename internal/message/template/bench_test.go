package template_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

// reminder is a mail of usual length.
const reminder = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Invoice {{.invoice.number}}</title>
<style>body { font-family: sans-serif; color: #222 } .button { background: #0a5; color: #fff; padding: 12px 20px }</style></head>
<body>
<table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" style="border-collapse: collapse">
<tr><td style="padding: 24px"><img src="https://static.acme.example/logo.png" alt="{{.tenant.name}}" width="120" height="40"></td></tr>
<tr><td style="padding: 24px">
<p>Dear {{.recipient.firstName | default "customer"}},</p>
<p>invoice <strong>{{.invoice.number}}</strong> of {{.account.name}} over <strong>{{.invoice.balance}}</strong> was due on {{.invoice.dueOn}}.</p>
{{if gt .invoice.balance 1000}}<p>As the amount is large, you can pay it in parts: answer to this mail.</p>{{else}}<p>Please pay it in the next days.</p>{{end}}
<p><a class="button" href="{{.tenant.portalURL}}/invoices">See the invoice</a></p>
<p>If you have paid already, there is nothing to do. Questions? Write to <a href="mailto:billing@acme.example">billing@acme.example</a>.</p>
</td></tr>
<tr><td style="padding: 24px; font-size: 12px">{{.tenant.name}}, account {{.account.id}}</td></tr>
</table>
</body>
</html>
`

func invoiceUnpaid(b *testing.B) catalog.Event {
	b.Helper()
	event, known := catalog.BuiltIn().Lookup("invoice.unpaid")
	if !known {
		b.Fatal("there is no invoice.unpaid")
	}
	return event
}

// BenchmarkCompile is what a template costs in the pass of a tenant.
func BenchmarkCompile(b *testing.B) {
	event := invoiceUnpaid(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := template.Compile(reminder, template.HTML, event); len(problems) > 0 {
			b.Fatal(lines(problems))
		}
	}
}

func BenchmarkCompileSMS(b *testing.B) {
	event := invoiceUnpaid(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := template.Compile("{{.tenant.name}}: {{.invoice.balance}} was due on {{.invoice.dueOn}}", template.SMS, event); len(problems) > 0 {
			b.Fatal(lines(problems))
		}
	}
}

// BenchmarkRender is what a mail costs when it is sent.
func BenchmarkRender(b *testing.B) {
	event := invoiceUnpaid(b)
	compiled, problems := template.Compile(reminder, template.HTML, event)
	if len(problems) > 0 {
		b.Fatal(lines(problems))
	}
	data := template.Data{Payload: decode(b, string(event.Sample)), Locale: "de-DE", Currency: "EUR"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compiled.Render(data); err != nil {
			b.Fatal(err)
		}
	}
}
