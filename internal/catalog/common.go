package catalog

import "github.com/foyerhq/foyer/internal/settings"

// The world of the samples: Acme Telecom, its account Miller Ltd, the morning of
// Saturday, 21 November 2026.
const (
	sampleTime   = "2026-11-21T09:00:00Z"
	samplePortal = "https://my.acme.example"
)

// The objects that are the same in every event are made once.
var (
	tenant       = tenantObject()
	oneAccount   = accountObject(false)
	manyAccounts = accountObject(true)
	recipient    = recipientObject()
)

func tenantObject() Field {
	return object("tenant", "The provider.",
		text("name", "Acme Telecom", "Its name for customers."),
		optional(text("supportEmail", "help@acme.example", "The mail address for help, if the Tenant names one.")),
		optional(text("supportPhone", "+44 20 7946 0018", "The telephone number for help, if the Tenant names one.")),
		address("portalURL", samplePortal, "The address of the portal."),
	)
}

// accountObject is the account that an event is about. Where there may be more than one,
// nothing of it is certain.
func accountObject(many bool) Field {
	fields := []Field{
		text("id", "10042", "Its id, the key of the provider's system."),
		text("name", "Miller Ltd", "Its name."),
		text("profile", "business", "The AccountProfile that it is treated by, by the name of its object."),
		accountStatus("status", settings.Active, "Its status."),
	}
	if many {
		for i := range fields {
			fields[i].Optional = true
		}
	}
	return object("account", "The account that the event is about.", fields...)
}

func accountStatus(name string, sample settings.AccountStatus, description string) Field {
	var values []string
	for _, s := range settings.AccountStatuses() {
		values = append(values, string(s))
	}
	return oneOf(name, string(sample), description, values...)
}

func eventObject(name string) Field {
	return object("event", "The event itself.",
		text("id", "evt-20261121-0001", "Its id, by which a repetition is known."),
		oneOf("type", name, "Its type, as invoice.unpaid.", name),
		moment("time", sampleTime, "When it happened."),
	)
}

func recipientObject() Field {
	return object("recipient", "Whom the message goes to. Only templates have it: a condition is decided before.",
		optional(text("firstName", "Dana", "The first name, if it is known.")),
		optional(text("lastName", "Miller", "The last name, if it is known.")),
		optional(text("email", "dana@miller.example", "The mail address, if there is one.")),
		boolean("hasPortal", true, "Whether they can sign in to the portal: it is there for the account, and they have a sign-in."),
		optional(link("unsubscribeURL", samplePortal+"/unsubscribe/SAMPLE", "Where they opt out of messages of the event's category without signing in. Missing where they cannot: the message is about security, or goes to others as well.")),
	)
}

// originObject says who did something and from where.
func originObject() Field {
	return object("origin", "Who did it, when, and from where.",
		moment("at", sampleTime, "When it was done."),
		oneOf("by", "User", "User: the person of the sign-in. Contact: another contact of the account. Staff: the provider's staff. System: a rule, as of a closed account.",
			"User", "Contact", "Staff", "System"),
		optional(text("ip", "203.0.113.24", "The network address it came from, if it is known.")),
		optional(text("browser", "Firefox on Windows", "The browser and its system, if they are known.")),
	)
}
