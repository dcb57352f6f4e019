package store

// The queries whose plans are tested.
var Queries = map[string]string{
	"session":       sessionSQL,
	"sign-in":       signInUserSQL,
	"admission":     admissionSQL,
	"invoices":      invoicesSQL,
	"open invoices": openInvoicesSQL,
	"activity":      activitySQL,
}
