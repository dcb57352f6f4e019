package catalog

func requestEvents() []Event {
	return []Event{
		{
			Name: "request.created", Title: "Service request created", Category: Support, Message: true,
			Description: "Somebody of an account asked for a service, as a visit or a pick-up.",
			Fields:      []Field{requestObject("New")},
		},
		{
			Name: "request.updated", Title: "Service request updated", Category: Support, Message: true,
			Description: "A service request has another status, another day or a comment.",
			Fields: []Field{
				requestObject("Scheduled"),
				object("update", "What is new.",
					text("author", "Sam at Acme Telecom", "The name of who updated it."),
					boolean("byStaff", true, "Whether that is the provider's staff."),
					optional(text("oldStatus", "New", "The status before. Missing: the status is the same.")),
					optional(text("comment", "Our engineer comes between 9 and 11.", "What was said, if anything was.")),
				),
			},
		},
	}
}

// requestObject is the service request that an event is about.
func requestObject(status string) Field {
	return object("request", "The service request.",
		text("id", "req-8801", "Its id."),
		text("number", "SR-8801", "The number that people know it by."),
		text("subject", "Move the router to another room", "What is asked for."),
		text("status", status, "How far it is, in words for the customer."),
		text("openedBy", "Dana Miller", "The name of the person who asked."),
		moment("openedAt", "2026-11-20T16:20:00Z", "When it was asked for."),
		optional(text("site", "Harbour Road 12", "The site that it is for, if it is for one.")),
		optional(date("scheduledOn", "2026-11-25", "The day for which it is planned, if it is.")),
		address("url", samplePortal+"/requests/8801", "Its page in the portal, behind sign-in."),
	)
}
