package catalog

func ticketEvents() []Event {
	return []Event{
		{
			Name: "ticket.opened", Title: "Ticket opened", Category: Support, Message: true,
			Description: "A ticket was opened by or for somebody of an account.",
			Fields: []Field{ticketObject(
				text("text", "Since this morning the line drops every few minutes.", "The first message."),
			)},
		},
		{
			Name: "ticket.replied", Title: "Ticket replied", Category: Support, Message: true,
			Description: "A ticket has a new message.",
			Fields: []Field{
				ticketObject(),
				object("reply", "The message.",
					text("author", "Sam at Acme Telecom", "The name of who wrote it."),
					boolean("byStaff", true, "Whether that is the provider's staff."),
					moment("at", sampleTime, "When it was written."),
					text("text", "We found a fault at the exchange, and it is repaired by noon.", "What was written."),
				),
			},
		},
		{
			Name: "ticket.closed", Title: "Ticket closed", Category: Support, Message: true,
			Description: "A ticket was closed.",
			Fields: []Field{
				ticketObject(),
				object("closing", "How it was closed.",
					text("author", "Sam at Acme Telecom", "The name of who closed it."),
					boolean("byStaff", true, "Whether that is the provider's staff."),
					optional(text("text", "The exchange was repaired at 11:40.", "What was written with it, if anything was.")),
				),
			},
		},
	}
}

// ticketObject is the ticket that an event is about.
func ticketObject(more ...Field) Field {
	return object("ticket", "The ticket.", append([]Field{
		text("id", "tic-6120", "Its id."),
		text("number", "T-6120", "The number that people know it by."),
		text("subject", "The line drops", "What it is about."),
		optional(text("department", "Technical support", "Who at the provider looks after it, if that is decided.")),
		text("openedBy", "Dana Miller", "The name of the person who opened it, or for whom it was opened."),
		moment("openedAt", "2026-11-21T08:15:00Z", "When it was opened."),
		optional(address("url", "https://help.acme.example/tickets/6120", "Its page, where whoever sent the event in said so. The portal has none.")),
	}, more...)...)
}
