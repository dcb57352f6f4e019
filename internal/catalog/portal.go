package catalog

func portalEvents() []Event {
	events := []Event{
		{
			Name: "portal.credentialCreate", Title: "Create your sign-in", RequiredLink: "credential.link",
			Description: "Somebody is to choose a username and a password for the portal.",
			Fields: []Field{object("credential", "The sign-in.",
				optional(text("username", "dana.miller", "The username, if it is chosen already.")),
				link("link", samplePortal+"/credentials/c2FtcGxl", "The secret address where username and password are chosen. It works once, and is void when a newer one is sent."),
				moment("expiresAt", "2026-11-28T09:00:00Z", "Until when the link works."),
			)},
		},
		{
			Name: "portal.passwordReset", Title: "Reset your password", RequiredLink: "credential.link",
			Description: "Somebody forgot their password, or staff sent them the mail to choose a new one.",
			Fields: []Field{
				object("credential", "The sign-in.",
					text("username", "dana.miller", "The username."),
					link("link", samplePortal+"/credentials/cmVzZXQ", "The secret address where a new password is chosen. It works once, and is void when a newer one is sent."),
					moment("expiresAt", "2026-11-21T09:10:00Z", "Until when the link works."),
				),
				originObject(),
			},
		},
		{
			Name: "portal.credentialsChanged", Title: "Sign-in changed",
			Description: "A username, a password, the mail address of a sign-in or its second factor changed.",
			Fields: []Field{
				object("credential", "The sign-in.",
					optional(text("username", "dana.miller", "The username now. Missing: it was deleted.")),
					oneOf("changed", "Password", "What changed.", "Username", "Password", "Email", "SecondFactor"),
				),
				originObject(),
			},
		},
		{
			Name: "portal.newSignIn", Title: "New sign-in",
			Description: "Somebody signed in with a browser that they had not used before.",
			Fields: []Field{
				object("credential", "The sign-in.", text("username", "dana.miller", "The username.")),
				originObject(),
			},
		},
		{
			Name: "portal.accessRevoked", Title: "Portal access revoked",
			Description: "Somebody can no longer use the portal for an account.",
			Fields: []Field{
				object("access", "The access that ended.",
					optional(text("username", "dana.miller", "The username, if there was one.")),
					optional(text("reason", "You are no longer a contact of Miller Ltd.", "Why, in words for the person, if it is said.")),
				),
				originObject(),
			},
		},
	}
	for i := range events {
		events[i].Category, events[i].Critical, events[i].Inside, events[i].Message = Security, true, true, true
	}
	return events
}
