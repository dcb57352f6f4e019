package catalog

func serviceEvents() []Event {
	return []Event{
		{
			Name: "service.activated", Title: "Service activated", Category: Product, Message: true,
			Description: "A service of an account can be used from now on.",
			Fields:      []Field{serviceObject()},
		},
		{
			Name: "service.cancelled", Title: "Service cancelled", Category: Product, Message: true,
			Description: "A service of an account ends.",
			Fields: []Field{serviceObject(
				date("endsOn", "2026-12-31", "The last day on which it can be used."),
				optional(text("reason", "Cancelled as requested.", "Why, in words for the customer, if the provider says so.")),
			)},
		},
		{
			Name: "order.placed", Title: "Order placed", Category: Product, Message: true,
			Description: "An order was placed for an account.",
			Fields: []Field{object("order", "The order.",
				text("id", "ord-7003", "Its id."),
				text("number", "ORD-7003", "The number that people know it by."),
				moment("placedAt", sampleTime, "When it was placed."),
				optional(text("placedBy", "Dana Miller", "The name of the person who placed it, if it is known.")),
				money("total", "39.90", "Its amount, taxes included."),
				currency(),
				list("items", "What was ordered.",
					text("description", "Fibre 500, monthly", "What it is."),
					integer("quantity", 1, "How many."),
					money("amount", "39.90", "The amount of all of them, taxes included."),
					currency(),
				),
				address("url", samplePortal+"/orders/7003", "Its page in the portal, behind sign-in."),
			)},
		},
	}
}

// serviceObject is the service that an event is about.
func serviceObject(more ...Field) Field {
	return object("service", "The service.", append([]Field{
		text("id", "svc-3120", "Its id, the key of the provider's system."),
		text("name", "Fibre 500", "The name that people know it by."),
		optional(text("number", "+44 20 7946 0123", "The number or identifier of the line, if it has one.")),
		optional(text("site", "Harbour Road 12", "The site where it is, if it is at one.")),
		date("startsOn", "2026-11-21", "The first day on which it can be used."),
	}, more...)...)
}
