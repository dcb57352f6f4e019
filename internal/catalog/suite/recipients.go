package suite

// recipients says of each message whom it goes to, what is attached, and on which days it
// is sent. Their texts are in the files.
var recipients = []Message{
	{Event: "invoice.issued", To: []string{"Billing"}, Attach: []string{"Invoice"}},
}
