package store

// The queries whose plans are tested.
var Queries = map[string]string{
	"session":       sessionSQL,
	"sign-in":       signInUserSQL,
	"admission":     admissionSQL,
	"open invoices": openInvoicesSQL,
	"activity":      activitySQL,
}

// The statements of a page of the feeds.
func (p FeedPage) ChangesSQL() (string, []any) { return p.changesSQL() }

func (p FeedPage) EventsSQL() (string, []any) { return p.eventsSQL() }
