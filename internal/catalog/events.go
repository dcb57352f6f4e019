package catalog

import "slices"

// builtIn lists the event types of every tenant, by what they are about.
func builtIn() []Event {
	return slices.Concat(
		accountEvents(),
		invoiceEvents(),
		paymentEvents(),
		serviceEvents(),
		requestEvents(),
		ticketEvents(),
		contactEvents(),
		portalEvents(),
		settingsEvents(),
	)
}
