package catalog

import "github.com/foyerhq/foyer/internal/settings"

func accountEvents() []Event {
	return []Event{
		{
			Name: "account.created", Title: "Account created", Category: General, Message: true,
			Description: "A new account came from the provider's system.",
			Fields: []Field{object("opening", "How the account begins.",
				date("startsOn", "2026-11-21", "The day from which it is a customer."),
				optional(text("username", "dana.miller", "The username of its owner, if there is one already.")),
			)},
		},
		{
			Name: "account.statusChanged", Title: "Account status changed", Category: General, Message: true,
			Description: "The status of an account changed, as from Active to Suspended.",
			Fields: []Field{object("change", "What changed.",
				accountStatus("oldStatus", settings.Suspended, "The status before."),
				accountStatus("newStatus", settings.Active, "The status now."),
				optional(text("reason", "The overdue invoices were paid.", "Why, in words for the customer, if the provider says so.")),
			)},
		},
		{
			Name: "account.profileChanged", Title: "Account profile changed", Category: General,
			Description: "An account is treated by another account profile.",
			Fields: []Field{object("change", "What changed.",
				text("oldProfile", "residential", "The AccountProfile before, by the name of its object, which is for systems rather than for customers."),
				text("newProfile", "business", "The AccountProfile now, by the name of its object."),
			)},
		},
	}
}

func settingsEvents() []Event {
	return []Event{{
		Name: "settings.changed", Title: "Settings changed", Category: General, ManyAccounts: true,
		Description: "The settings of an account, of a profile or of the Tenant changed.",
		Fields: []Field{object("settings", "The settings.",
			oneOf("kind", "Account", "What changed. For an AccountProfile, of account there is only profile; for a MyAccountProfile or the Tenant, nothing.", "Account", "AccountProfile", "MyAccountProfile", "Tenant"),
			text("name", "10042", "The id of the account, or the name of the object."),
			optional(text("digest", "sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a",
				"The settings document that has the change. Missing for Account, which is not in the document.")),
			list("changes", "The attributes and features that changed, and which profile is named.",
				text("key", "tradingTermsDays", "The attribute, the feature, or the field of the object as myAccountProfile."),
				optional(text("oldValue", "14", "Its value before in this layer. Missing: it was not set.")),
				optional(text("newValue", "21", "Its value now in this layer. Missing: it is no longer set.")),
			),
		)},
	}}
}
