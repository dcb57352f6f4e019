package catalog

func contactEvents() []Event {
	return []Event{
		{
			Name: "contact.invited", Title: "Contact invited", Category: Security, Critical: true, Inside: true, Message: true,
			RequiredLink: "invitation.link",
			Description:  "A contact was invited to the portal, or invited again.",
			Fields: []Field{
				contactObject("Invited"),
				object("invitation", "The invitation.",
					link("link", samplePortal+"/invitation/c2FtcGxl", "The secret address that accepts it. It works once, and is void when a newer one is sent."),
					moment("expiresAt", "2026-11-28T09:00:00Z", "Until when the link works."),
					optional(text("invitedBy", "Robin Miller", "The name of who invited, if it was a person.")),
				),
			},
		},
		{
			Name: "contact.created", Title: "Contact created", Category: General,
			Description: "An account has a new contact.",
			Fields:      []Field{contactObject("NotInvited"), originObject()},
		},
		{
			Name: "contact.updated", Title: "Contact updated", Category: General,
			Description: "Something about a contact changed.",
			Fields: []Field{
				contactObject("Active",
					list("changes", "What changed.",
						text("field", "phone", "The name of the field of the contact."),
						optional(text("oldValue", "+44 7700 900100", "Its value before. Missing: it was empty.")),
						optional(text("newValue", "+44 7700 900142", "Its value now. Missing: it is empty.")),
					),
				),
				originObject(),
			},
		},
		{
			Name: "contact.deleted", Title: "Contact deleted", Category: General,
			Description: "A contact was deleted. The event has it as it was.",
			Fields:      []Field{contactObject("Revoked"), originObject()},
		},
		{
			Name: "contact.verifyEmail", Title: "Email address to be verified", Category: Security, Critical: true, Message: true,
			RequiredLink: "verification.link",
			Description:  "The mail address of a contact is new, and its holder has to confirm it.",
			Fields: []Field{
				contactObject("Active"),
				object("verification", "What is to be confirmed.",
					text("email", "dana@miller.example", "The mail address."),
					link("link", samplePortal+"/verify/c2FtcGxl", "The secret address that confirms it. It works once, and is void when a newer one is sent."),
					moment("expiresAt", "2026-11-22T09:00:00Z", "Until when the link works."),
				),
			},
		},
	}
}

// contactObject is the contact that an event is about.
func contactObject(access string, more ...Field) Field {
	return object("contact", "The contact.", append([]Field{
		text("id", "con-2201", "Its id."),
		optional(text("firstName", "Dana", "The first name, if it is known.")),
		optional(text("lastName", "Miller", "The last name, if it is known.")),
		optional(text("email", "dana@miller.example", "The mail address, if there is one.")),
		optional(text("phone", "+44 7700 900142", "The telephone number, if there is one.")),
		boolean("owner", false, "Whether it is the owner of the account."),
		list("roles", "What it is for. It may be empty.",
			oneOf("name", "Billing", "The role.", "Primary", "Secondary", "Billing", "Technical"),
		),
		oneOf("access", access, "Its access to the portal.", "NotInvited", "Invited", "Expired", "Active", "Disabled", "Revoked"),
	}, more...)...)
}
