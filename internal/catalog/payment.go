package catalog

func paymentEvents() []Event {
	return []Event{
		{
			Name: "payment.received", Title: "Payment received", Category: Invoice, Message: true,
			Description: "A payment of an account arrived.",
			Fields: []Field{
				paymentObject(),
				openInvoices(2, "209.90"),
			},
		},
		{
			Name: "payment.failed", Title: "Payment failed", Category: Invoice, Message: true,
			Description: "A payment of an account was refused or returned.",
			Fields: []Field{
				paymentObject(
					text("reason", "The card has expired.", "Why, in words for the customer."),
					optional(date("retryOn", "2026-11-24", "The day on which it is tried again. Missing: it is not.")),
				),
				openInvoices(3, "255.40"),
			},
		},
	}
}

// paymentObject is the payment that an event is about.
func paymentObject(more ...Field) Field {
	return object("payment", "The payment.", append([]Field{
		text("id", "pay-5501", "Its id, the key of the provider's system."),
		money("amount", "45.50", "How much it is."),
		currency(),
		date("paidOn", "2026-11-21", "The day of the payment or of the attempt."),
		optional(text("method", "Card ending in 4242", "How it was made, if that is known.")),
		optional(text("reference", "RF18 5390 0754", "What was named in it, if anything was.")),
		list("invoices", "The invoices that it is for. It may be empty.",
			text("number", paidInvoice.number(), "The number that people know it by."),
			money("amount", "45.50", "How much of the payment is for it."),
			currency(),
		),
	}, more...)...)
}
