package stored

import (
	"maps"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// What the store has of the days of an invoice is what plan takes as dealt with: the latest
// by each channel, whomever it went to, and by each address of a webhook.
func TestOpen(t *testing.T) {
	written := time.Date(2026, time.November, 2, 8, 30, 0, 0, time.UTC)
	record := func(invoice, day, channel, address string) store.Occurrence {
		return store.Occurrence{EventType: "invoice.unpaid", About: invoice, Occurrence: day, Channel: channel, Address: address}
	}
	invoices, dealt := Open(store.DueAccount{Invoices: []store.DueInvoice{
		{NotifiedInvoice: store.NotifiedInvoice{ID: "1", CreatedAt: written}, Happened: []store.Occurrence{
			record("1", "3@2026-11-18", "Email", "dana@miller.example"), record("1", "7@2026-11-18", "Email", ""), record("1", "3@2026-11-18", "Email", "tim@miller.example"),
			record("1", "3@2026-11-18", "Webhook", "https://a.example/"),
		}},
		{NotifiedInvoice: store.NotifiedInvoice{ID: "2"}},
	}})
	if len(invoices) != 2 || invoices[0].ID != "1" || !invoices[0].CreatedAt.Equal(written) {
		t.Errorf("%+v", invoices)
	}
	want := plan.Dealt{}
	want.Add(plan.Occurrence{About: "1", Occurrence: "0@2026-11-25", Channel: "Email", Address: "anybody"}) // the same date
	want.Add(plan.Occurrence{About: "1", Occurrence: "3@2026-11-18", Channel: "Webhook", Address: "https://a.example/"})
	if !maps.Equal(want, dealt) {
		t.Errorf("%v, want %v", dealt, want)
	}
}
