package deliver

import (
	"bytes"
	"context"
	"encoding/base64"
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
			w.invoice(t, "INV/7", "89.00", test.document)
			w.run(t)
			w.moved.Store(int64(4 * 24 * time.Hour))
			m := w.mails.Wait(t, 1)[0]
			w.states(t, "Sent 1")
			text := string(m.Text)
			if got := strings.Contains(text, "Content-Type: application/pdf"); got != test.attached {
				t.Errorf("attached: %t, want %t:\n%.2000s", got, test.attached, text)
			}
			if linked := strings.Contains(text, "https://my.acme.example/invoices/INV%2F7"); !linked && !test.attached || strings.Contains(text, "invoices/INV/7") {
				t.Errorf("the text does not say where the invoice is:\n%.2000s", text)
			}
		})
	}
}

// invoice writes an invoice that is due today, and its document unless that is nil. Who owes
// nothing has paid.
func (w *world) invoice(t *testing.T, id, balance string, document []byte) {
	t.Helper()
	today := time.Now().UTC().Truncate(24 * time.Hour)
	v := store.Invoice{Row: store.Row{ID: id, AccountID: "A"}, Number: "N-" + id, IssuedOn: today.AddDate(0, 0, -14), DueOn: today, Currency: "AUD", Total: "89.00", Balance: balance,
		Status: store.InvoiceOpen, DueSource: string(settings.SourceBuiltIn), Today: today}
	if balance == "0.00" {
		v.Status = store.InvoicePaid
	}
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		written, err := tx.PutInvoices(ctx, always(v.ID, v))
		if err = put(t, written, err); err != nil || document == nil {
			return err
		}
		_, err = tx.PutInvoiceDocument(ctx, v.ID, document, store.DocumentSeen{})
		return err
	})
}

// A reminder of several invoices of which one was paid meanwhile carries the document of the
// one that it still is about.
func TestTheAttachmentIsOfTheInvoiceOfTheText(t *testing.T) {
	w := newWorld(t)
	documents := map[string][]byte{}
	for _, id := range []string{"i1", "i2"} {
		documents[id] = []byte("%PDF-1.7\n" + id + strings.Repeat("x", 1000) + "\n%%EOF\n")
		w.invoice(t, id, "89.00", documents[id])
	}
	theDay := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 3).Add(10 * time.Hour) // the suite reminds on the third
	w.moved.Store(int64(time.Until(theDay)))
	planner, _ := w.dispatcher(t)
	planner.sweepOnce(t.Context())
	if about := w.rows(t, `SELECT about FROM notification`); len(about) != 1 || about[0] != "i1" {
		t.Fatalf("reminders are planned of %v", about)
	}
	w.invoice(t, "i1", "0.00", nil)
	w.run(t)
	text := string(w.mails.Wait(t, 1)[0].Text)
	w.states(t, "Sent 1")
	encoded := base64.StdEncoding.EncodeToString(documents["i2"])[:60]
	if !strings.Contains(text, encoded) || !strings.Contains(text, "N-i2") || strings.Contains(text, "N-i1") {
		t.Errorf("the document of the other invoice is attached, or none:\n%.3000s", text)
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
