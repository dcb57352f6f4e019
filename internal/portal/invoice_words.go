package portal

import (
	"time"

	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// standing is how an invoice stands on the account's own day, and the days since it was
// due.
func standing(status string, owed bool, due, today time.Time) (standing string, days int) {
	year, month, day := today.Date()
	days = int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Sub(due).Hours() / 24)
	switch {
	case status == store.InvoicePaid:
		return template.InvoicePaid, days
	case status == store.InvoiceVoid:
		return template.InvoiceVoid, days
	case !owed:
		return template.InvoiceSettled, days // nothing is left to pay, or the provider owes it
	case days > 0:
		return template.InvoiceOverdue, days
	case days == 0:
		return template.InvoiceDueToday, days
	}
	return template.InvoiceOpen, days
}

// stateWords says how an invoice stands, with the tint of it.
func (v *visit) stateWords(standing string, days int) (words, kind string) {
	if standing == template.InvoiceOverdue {
		return v.N(days, "%d day overdue", "%d days overdue"), "bad"
	}
	s := standings[standing]
	return v.T(s.words), s.kind
}

var standings = map[string]state{
	template.InvoiceOpen:     {web.Text("Open#invoice"), "accent"},
	template.InvoiceDueToday: {web.Text("Due today"), "warn"},
	template.InvoiceSettled:  {web.Text("Nothing to pay"), "good"},
	template.InvoicePaid:     {web.Text("Paid#invoice"), "good"},
	template.InvoiceVoid:     {web.Text("Cancelled#invoice"), ""},
}

// dueWords says why invoices of a list are due when they are. Most have the same terms.
type dueWords struct {
	v     *visit
	known map[dueTerms]string
}

type dueTerms struct {
	days         int
	source, name string
}

func (v *visit) newDueWords() *dueWords { return &dueWords{v, map[dueTerms]string{}} }

func (d *dueWords) of(i *store.ListedInvoice) string {
	terms := dueTerms{int(i.DueOn.Sub(i.IssuedOn).Hours() / 24), i.DueSource, i.DueSourceName}
	words, found := d.known[terms]
	if !found {
		words = d.v.dueWords(i.IssuedOn, i.DueOn, i.DueSource, i.DueSourceName)
		d.known[terms] = words
	}
	return words
}
