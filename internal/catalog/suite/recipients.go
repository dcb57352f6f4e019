package suite

// recipients says of each message whom it goes to, what is attached, and on which days it
// is sent. Their texts are in the files.
var recipients = []Message{
	{Event: "account.created", To: []string{"Primary"}},
	{Event: "account.statusChanged", To: []string{"Primary", "Billing"}},
	{Event: "contact.invited"},
	{Event: "contact.verifyEmail"},
	{Event: "invoice.issued", To: []string{"Billing"}, Attach: []string{"Invoice"}},
	{Event: "invoice.unpaid", To: []string{"Billing"}, Attach: []string{"Invoice"}, Days: []int32{3, 7, 14}, PerAccount: true},
	{Event: "invoice.paid", To: []string{"Billing"}},
	{Event: "payment.received", To: []string{"Billing"}},
	{Event: "payment.failed", To: []string{"Billing"}},
	{Event: "service.activated", To: []string{"Primary"}},
	{Event: "service.cancelled", To: []string{"Primary"}},
	{Event: "order.placed", To: []string{"Primary", "Initiator"}},
	{Event: "request.created", To: []string{"Primary", "Initiator"}},
	{Event: "request.updated", To: []string{"Primary", "Initiator"}},
	{Event: "ticket.opened", To: []string{"Owner", "Initiator"}},
	{Event: "ticket.replied", To: []string{"Owner", "Initiator"}},
	{Event: "ticket.closed", To: []string{"Owner", "Initiator"}},
	{Event: "portal.credentialCreate"},
	{Event: "portal.passwordReset"},
	{Event: "portal.credentialsChanged"},
	{Event: "portal.newSignIn"},
	{Event: "portal.accessRevoked"},
}
