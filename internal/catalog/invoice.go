package catalog

func invoiceEvents() []Event {
	return []Event{
		{
			Name: "invoice.issued", Title: "Invoice issued", Category: Invoice, Message: true,
			Description: "An account has a new invoice.",
			Fields: []Field{
				invoiceObject(newInvoice),
				openInvoices(3, "255.40"),
				overdueInvoices(),
			},
		},
		{
			Name: "invoice.unpaid", Title: "Invoice unpaid", Category: Invoice, Message: true, Anchor: "invoice.dueOn",
			Description: "An invoice has a balance, on days before, on and after its due date. It no longer happens once the invoice is paid.",
			Fields: []Field{
				invoiceObject(unpaidInvoice,
					integer("daysOverdue", 3, "Days since the due date: 0 on it, negative before it."),
					boolean("disputed", false, "Whether the account is marked as disputing what it owes."),
				),
				openInvoices(3, "255.40"),
				overdueInvoices(),
			},
		},
		{
			Name: "invoice.paid", Title: "Invoice paid", Category: Invoice, Message: true,
			Description: "The balance of an invoice became zero.",
			Fields: []Field{
				invoiceObject(paidInvoice, date("paidOn", "2026-11-21", "The day on which it was paid.")),
				openInvoices(2, "209.90"),
			},
		},
	}
}

// invoiceSample is what the samples of invoices differ in.
type invoiceSample struct {
	id, issuedOn, dueOn, status, total, net, balance string
}

var (
	newInvoice    = invoiceSample{"1002", "2026-11-21", "2026-12-12", "Open", "89.90", "75.55", "89.90"}
	unpaidInvoice = invoiceSample{"1001", "2026-10-28", "2026-11-18", "Open", "120.00", "100.84", "120.00"}
	paidInvoice   = invoiceSample{"0964", "2026-09-23", "2026-10-14", "Paid", "45.50", "38.24", "0.00"}
)

func (s invoiceSample) number() string { return "INV-" + s.id }
func (s invoiceSample) url() string    { return samplePortal + "/invoices/" + s.id }

// invoiceObject is the invoice that an event is about.
func invoiceObject(s invoiceSample, more ...Field) Field {
	return object("invoice", "The invoice.", append([]Field{
		text("id", s.id, "Its id, the key of the provider's system."),
		text("number", s.number(), "The number that people know it by."),
		oneOf("status", s.status, "Its status.", "Open", "Paid", "Void"),
		date("issuedOn", s.issuedOn, "The day on which it was issued."),
		date("dueOn", s.dueOn, "The day by which it is to be paid."),
		currency(),
		money("total", s.total, "Its amount, taxes included."),
		optional(money("totalWithoutTax", s.net, "Its amount without taxes, if the provider's system tells it.")),
		money("balance", s.balance, "What is still to be paid of it."),
		optional(text("paymentReference", "RF18 5390 0754", "What to name in a bank transfer, if the provider's system tells it.")),
		address("url", s.url(), "Its page in the portal, behind sign-in."),
		optional(address("payURL", "https://pay.acme.example/"+s.id, "Where it can be paid online, if it can.")),
	}, more...)...)
}

// openInvoices is all that an account has to pay.
func openInvoices(count int, balance string) Field {
	return object("open", "All invoices of the account with a balance, in the currency of this event.",
		integer("count", count, "How many there are."),
		money("balance", balance, "What is still to be paid of all of them."),
		currency(),
	)
}

// overdueInvoices is what of it is late.
func overdueInvoices() Field {
	older := overdueInvoice(paidInvoice, 38, "45.50")
	newer := overdueInvoice(unpaidInvoice, 3, unpaidInvoice.balance)
	invoices := list("invoices", "The oldest of them, at most 50, oldest first.", older...)
	invoices.Sample = "[" + objectSample(older) + "," + objectSample(newer) + "]"
	return object("overdue", "The invoices of the account with a balance whose due date has passed, in the currency of this event.",
		integer("count", 2, "How many there are."),
		money("balance", "165.50", "What is still to be paid of all of them."),
		currency(),
		invoices,
	)
}

func overdueInvoice(s invoiceSample, days int, balance string) []Field {
	return []Field{
		text("id", s.id, "Its id, the key of the provider's system."),
		text("number", s.number(), "The number that people know it by."),
		date("dueOn", s.dueOn, "The day by which it was to be paid."),
		integer("daysOverdue", days, "Days since then."),
		money("balance", balance, "What is still to be paid of it."),
		currency(),
		address("url", s.url(), "Its page in the portal, behind sign-in."),
	}
}
