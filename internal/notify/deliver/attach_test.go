package deliver

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// A reminder of the standard suite carries the PDF of its invoice; without one, or with one
// that is too big for a mail, it says where the invoice is.
func TestAttachments(t *testing.T) {
	pdf := []byte("%PDF-1.7\n" + strings.Repeat("x", 1000) + "\n%%EOF\n")
	for name, test := range map[string]struct {
		document []byte
		attached bool
	}{
		"with a document": {pdf, true},
		"with none":       {nil, false},
		"with a big one":  {append(bytes.Clone(pdf), bytes.Repeat([]byte("x"), channel.MaxAttachments)...), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			today := time.Now().UTC().Truncate(24 * time.Hour)
			v := store.Invoice{Row: store.Row{ID: "i1", AccountID: "A"}, Number: "1001", IssuedOn: today.AddDate(0, 0, -14), DueOn: today, Currency: "AUD", Total: "89.00", Balance: "89.00",
				Status: store.InvoiceOpen, DueSource: string(settings.SourceBuiltIn), Today: today}
			w.write(t, func(ctx context.Context, tx *store.Writer) error {
				written, err := tx.PutInvoices(ctx, always(v.ID, v))
				if err = put(t, written, err); err != nil || test.document == nil {
					return err
				}
				_, err = tx.PutInvoiceDocument(ctx, v.ID, test.document, store.DocumentSeen{})
				return err
			})
			w.run(t)
			w.moved.Store(int64(4 * 24 * time.Hour))
			m := w.mails.Wait(t, 1)[0]
			w.states(t, "Sent 1")
			text := string(m.Text)
			if got := strings.Contains(text, "Content-Type: application/pdf"); got != test.attached {
				t.Errorf("attached: %t, want %t:\n%.2000s", got, test.attached, text)
			}
			if !strings.Contains(text, "https://my.acme.example/invoices/i1") {
				t.Error("the text does not say where the invoice is")
			}
		})
	}
}

func TestAddLink(t *testing.T) {
	const url = "https://my.acme.example/invoices/a&b"
	m := channel.Message{Text: "Hello\n", HTML: "<html><body><p>Hello</p></body></html>"}
	addLink(&m, url)
	if want := "Hello\n\n" + url + "\n"; m.Text != want {
		t.Errorf("text %q, want %q", m.Text, want)
	}
	const shown = "https://my.acme.example/invoices/a&amp;b"
	if want := `<html><body><p>Hello</p><p><a href="` + shown + `">` + shown + `</a></p></body></html>`; m.HTML != want {
		t.Errorf("HTML %q, want %q", m.HTML, want)
	}
	before := m
	addLink(&m, url)
	if m.Text != before.Text || m.HTML != before.HTML {
		t.Error("it is added twice")
	}
}

// A changed document is asked from the next message on, and only then.
func TestRulesAreMadeOncePerDocuments(t *testing.T) {
	w := newWorld(t)
	d, _ := w.dispatcher(t)
	first := d.inForce()
	if d.inForce() != first {
		t.Error("the rules are made again without a change")
	}
	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryLive, MaxPerHour: 7}
	w.apply(t)
	if d.inForce() == first {
		t.Error("a changed settings document changes no rules")
	}
	w.run(t)
	w.say(t, "A", "1")
	w.states(t, "Sent 1")
	w.routes.Templates = nil
	w.template("other", "custom.said", `data.words != "2"`, w.mail("mail"))
	w.apply(t)
	w.say(t, "A", "2", "3")
	w.states(t, "Sent 2")
}
