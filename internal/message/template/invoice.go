package template

import (
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

// CompileInvoice checks an invoice template: HTML that is filled in with an invoice and
// what is around it, and shown as a part of a page of the portal. Its looks are those of
// the portal, by the classes that it offers.
func CompileInvoice(source string) (*Template, []message.Problem) {
	t, problems := compile(source, Invoice, invoiceSubject)
	if t == nil {
		return nil, problems
	}
	for _, path := range []string{"invoice.number", "invoice.total"} {
		if !t.Uses(path) {
			problems = append(problems, whole("an invoice shows its number and its total, whatever it asks for: write {{.%s}}", path))
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

// CheckInvoice returns what is wrong with an invoice template.
func CheckInvoice(source string) []message.Problem {
	_, problems := CompileInvoice(source)
	return problems
}

// invoiceSubject is what an invoice template is filled in with.
var invoiceSubject = subject{name: "an invoice", fields: invoiceFields, sample: []byte(invoiceSample)}

func field(name string, typ catalog.Type, description string) catalog.Field {
	return catalog.Field{Name: name, Type: typ, Description: description}
}

func maybe(f catalog.Field) catalog.Field {
	f.Optional = true
	return f
}

func oneOf(name, description string, values ...string) catalog.Field {
	return catalog.Field{Name: name, Type: catalog.Text, Description: description, Values: values}
}

func object(name, description string, fields ...catalog.Field) catalog.Field {
	return catalog.Field{Name: name, Type: catalog.Object, Description: description, Fields: fields}
}

// The statuses of an invoice for people: an open one is overdue when its due date has
// passed and something is left to pay, and settled when nothing is.
const (
	InvoiceOpen     = "Open"
	InvoiceDueToday = "DueToday"
	InvoiceOverdue  = "Overdue"
	InvoiceSettled  = "Settled"
	InvoicePaid     = "Paid"
	InvoiceVoid     = "Void"
)

var invoiceFields = []catalog.Field{
	object("tenant", "The provider.",
		field("name", catalog.Text, "Its name for customers."),
		maybe(field("supportEmail", catalog.Text, "The mail address for help.")),
		maybe(field("supportPhone", catalog.Text, "The telephone number for help.")),
		field("portalURL", catalog.URL, "The address of the portal."),
	),
	object("account", "Who is billed.",
		field("id", catalog.Text, "Its id, the customer number."),
		field("name", catalog.Text, "Its name."),
		maybe(field("address", catalog.Text, "Its postal address, in lines.")),
		maybe(field("taxID", catalog.Text, "Its tax number.")),
	),
	object("reader", "Who looks at it.",
		oneOf("language", "The language of the pages around the invoice.", "en", "de", "fr"),
	),
	object("invoice", "The invoice.",
		field("id", catalog.Text, "Its id, the key of the provider's system."),
		field("number", catalog.Text, "The number that people know it by."),
		oneOf("status", "How it stands today. DueToday and Overdue: something is to be paid. Settled: nothing is, and the provider has not marked it as paid.",
			InvoiceOpen, InvoiceDueToday, InvoiceOverdue, InvoiceSettled, InvoicePaid, InvoiceVoid),
		field("creditNote", catalog.Boolean, "Whether it gives money back: its total is negative."),
		field("issuedOn", catalog.Date, "The day on which it was issued."),
		field("dueOn", catalog.Date, "The day by which it is to be paid."),
		field("termDays", catalog.Integer, "Days from issuedOn to dueOn."),
		field("daysOverdue", catalog.Integer, "Days since dueOn: 0 on it, negative before it."),
		maybe(field("paidOn", catalog.Date, "The day on which it was paid.")),
		field("currency", catalog.Text, "The ISO 4217 code of its amounts."),
		maybe(field("totalWithoutTax", catalog.Money, "Its amount without taxes.")),
		maybe(field("tax", catalog.Money, "The taxes in its total.")),
		field("total", catalog.Money, "Its amount, taxes included."),
		maybe(field("paid", catalog.Money, "What of it was paid or credited, if that is more than 0: total less balance.")),
		field("balance", catalog.Money, "What is still to be paid of it."),
		maybe(field("paymentReference", catalog.Text, "What to name in a bank transfer.")),
		maybe(field("payURL", catalog.URL, "Where it can be paid online: there when it is to be paid, and the person may pay.")),
		catalog.Field{Name: "lines", Type: catalog.List, Description: "What it consists of, in order; it may have none.", Fields: []catalog.Field{
			field("position", catalog.Integer, "From 1."),
			field("description", catalog.Text, "What it is."),
			field("quantity", catalog.Decimal, "How many or how much."),
			field("amount", catalog.Money, "The amount of the line, with taxes or without, as the provider prints it."),
		}},
	),
}

const invoiceSample = `{
	"tenant": {"name": "Acme Telecom", "supportEmail": "help@acme.example", "supportPhone": "+44 20 7946 0018", "portalURL": "https://my.acme.example"},
	"account": {"id": "10042", "name": "Miller Ltd", "address": "12 Harbour Street\nSpringfield SP1 4QT", "taxID": "GB 123 4567 89"},
	"reader": {"language": "en"},
	"invoice": {
		"id": "1001", "number": "INV-1001", "status": "Overdue", "creditNote": false,
		"issuedOn": "2026-10-28", "dueOn": "2026-11-18", "termDays": 21, "daysOverdue": 3, "currency": "EUR",
		"totalWithoutTax": "100.84", "tax": "19.16", "total": "120.00", "paid": "20.00", "balance": "100.00",
		"paymentReference": "RF18 5390 0754", "payURL": "https://pay.acme.example/1001",
		"lines": [
			{"position": 1, "description": "Fibre 250, November", "quantity": "1", "amount": "69.90"},
			{"position": 2, "description": "Calls to mobile networks, minutes", "quantity": "167.5", "amount": "50.10"}
		]
	}
}`
