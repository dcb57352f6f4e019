package portal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// TestBuiltInInvoices: both built-in templates are complete in every language.
func TestBuiltInInvoices(t *testing.T) {
	for _, name := range []string{settings.StandardInvoice, settings.BusinessInvoice} {
		source, err := builtInInvoices.ReadFile("invoice_" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		marked := translated.FindAllStringSubmatch(string(source), -1)
		if len(marked) < 15 {
			t.Errorf("%s: only %d texts are translated", name, len(marked))
		}
		for _, language := range []string{"en", "de", "fr"} {
			words := texts().For(language)
			for _, text := range marked {
				if !words.Has(text[1]) {
					t.Errorf("%s: %q has no translation for %s", name, text[1], language)
				}
			}
			if _, err := builtInInvoice(name, words); err != nil {
				t.Error(err)
			}
		}
		left := translated.ReplaceAllString(string(source), "")
		inActions := false
		for i, r := range left { // what is not in tags, actions or marks is the same for everybody
			switch {
			case r == '<' || r == '{':
				inActions = true
			case r == '>' || r == '}':
				inActions = false
			case !inActions && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'):
				t.Fatalf("%s has a text that is not translated: %.40q", name, left[i:])
			}
		}
	}
}

// oddInvoices are invoices as they should not be, and are.
func oddInvoices() []store.Invoice {
	tax := func(net string) *string { return &net }
	full := payable("full", "10042", "2026-11-20", "1234.5")
	full.TotalWithoutTax, full.Total, full.PaymentReference = tax("1037.3950"), "1434.5000", "RF18 5390 0754"
	full.Lines = []store.InvoiceLine{{Description: "Fibre 250", Quantity: "1", Amount: "1400"}, {Description: "Calls", Quantity: "1234.5", Amount: "34.5678"}}
	empty := invoice("empty", "10042", "2026-11-01", "2026-11-01", "Invoice", "", "0", "0", "Open")
	credit := invoice("credit", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "-50.25", "-50.25", "Open")
	paid, on := invoice("paid", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "10", "0", "Paid"), day("2026-11-10")
	paid.PaidOn = &on
	void := invoice("void", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "10", "10", "Void")
	nothing := invoice("nothing", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "120", "0", "Void")
	left := invoice("left", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "-50", "-20", "Open")
	used := invoice("used", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "-50", "0", "Paid")
	used.PaidOn = &on
	noCredit := invoice("nocredit", "10042", "2026-11-01", "2026-11-15", "Invoice", "", "-50", "0", "Void")
	odd := payable("odd", "10042", "2026-12-15", "99999999999999.9999")
	odd.Number, odd.Total, odd.TotalWithoutTax = "حساب \u202e 7", "99999999999999.9999", tax("-99999999999999.9999")
	odd.Lines = []store.InvoiceLine{
		{Description: `<script>alert(1)</script>" onload="x {{.invoice.total}} [[Total]] %s`, Quantity: "0.0001", Amount: "-0.0001"},
		{Description: "حزمة الإنترنت 🚀", Quantity: "1", Amount: "0"},
		{Description: strings.Repeat("Donaudampfschifffahrtsgesellschaft", 14), Quantity: "1", Amount: "1"},
	}
	jpy := invoice("jpy", "10042", "2026-11-01", "2026-11-22", "Invoice", "", "1200", "1200", "Open")
	jpy.Currency = "JPY"
	return []store.Invoice{full, empty, credit, paid, void, odd, jpy, nothing, left, used, noCredit}
}

// TestInvoicesByTheirTemplate shows invoices of every kind by both templates.
func TestInvoicesByTheirTemplate(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.invoices(t, oddInvoices()...)
	dana := s.signedIn(t, "dana")
	for template, shows := range map[string]map[string][]string{
		settings.StandardInvoice: {
			"full": {"Invoice INV-full Was to be paid by 20 Nov 2026 $1,234.50 For Harbour Lane Coffee 12 Harbour Lane Melbourne VIC 3000 Customer number 10042 Issued 1 Nov 2026 Due 20 Nov 2026",
				"Fibre 250 1 $1,400.00 Calls 1,234.5 $34.5678", "Without taxes $1,037.395 Taxes $397.105 Total $1,434.50 Paid so far $200.00 To pay $1,234.50", "Payment reference: RF18 5390 0754",
				"Questions about this invoice? help@acme.example"},
			"empty":    {"Nothing to pay $0.00", "Total $0.00"},
			"credit":   {"Credit note INV-credit You get back -$50.25", "Total -$50.25"},
			"paid":     {"Paid on 10 Nov 2026 $10.00", "Paid so far $10.00"},
			"void":     {"Cancelled, nothing to pay $10.00"},
			"nothing":  {"Cancelled, nothing to pay $120.00 For", "Total $120.00 Questions"},
			"left":     {"You get back -$20.00", "Total -$50.00 In your favour -$20.00 Questions"},
			"used":     {"Used up or paid out -$50.00", "Total -$50.00 Questions"},
			"nocredit": {"Cancelled, nothing to pay -$50.00", "Total -$50.00 Questions"},
			"odd":      {"حساب", "🚀", `<script>alert(1)</script>" onload="x {{.invoice.total}} [[Total]] %s 0.0001 -$0.0001`, "$99,999,999,999,999.9999"},
			"jpy":      {"To pay today", "1,200"},
		},
		settings.BusinessInvoice: {
			"full": {"Invoice to Harbour Lane Coffee 12 Harbour Lane Melbourne VIC 3000 Tax number ABN 51 824 From Acme Telecom help@acme.example", "Invoice INV-full Overdue since 20 Nov 2026",
				"Customer number 10042 Invoice date 1 Nov 2026 Terms 19 days net Due date 20 Nov 2026 Payment reference RF18 5390 0754", "No. Description Quantity Amount in AUD 1 Fibre 250 1 $1,400.00 2 Calls 1,234.5",
				"Net total $1,037.395 Taxes $397.105 Total $1,434.50 Paid so far $200.00 Amount due $1,234.50", "Payment terms Please pay $1,234.50 by 20 Nov 2026 and name the reference RF18 5390 0754."},
			"empty":    {"Terms On receipt", "Acme Telecom lists no items for it.", "Amount due $0.00"},
			"credit":   {"Credit note INV-credit", "In your favour -$50.25"},
			"paid":     {"Paid on 10 Nov 2026", "Amount due $0.00"},
			"void":     {"Cancelled"},
			"nothing":  {"INV-nothing Cancelled Customer", "Total $120.00 Thank you"},
			"left":     {"Total -$50.00 In your favour -$20.00"},
			"used":     {"INV-used Used up or paid out Customer", "Total -$50.00 Amount due $0.00"},
			"nocredit": {"INV-nocredit Cancelled Customer", "Total -$50.00 Thank you"},
			"odd":      {"حساب", "🚀", "$99,999,999,999,999.9999", "name the invoice number"},
			"jpy":      {"Due today", "Amount due JPY 1,200"},
		},
	} {
		s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business",
			Address: "12 Harbour Lane\nMelbourne VIC 3000", TaxID: "ABN 51 824", Attributes: settings.Attributes{Locale: "en-AU", InvoiceTemplate: template}})
		for id, texts := range shows {
			page := dana.get("/invoices/"+id).is(t, http.StatusOK).hides(t, "<script>", "ZgotmplZ", "no value", "[[Inv")
			seen := unescaped.Replace(words(page.body))
			for _, text := range texts {
				if !strings.Contains(seen, text) {
					t.Errorf("%s, %s: no %q:\n%s", template, id, text, seen)
				}
			}
		}
	}
	if strings.Contains(s.logged.String(), "invoice is shown by the standard template") {
		t.Error("a built-in template failed")
	}
}

// unescaped is what the escaper of templates writes beyond what words reads, and the
// spaces that do not break.
var unescaped = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#43;", "+", "\u00a0", " ", "\u202f", " ")

// TestInvoicesInOtherLanguages: words follow the language, amounts and dates the locale.
func TestInvoicesInOtherLanguages(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, billing...)
	full := oddInvoices()[0]
	full.Currency = "EUR"
	s.invoices(t, full)
	dana := s.signedIn(t, "dana")
	for locale, shows := range map[string][2][]string{
		"de-DE": {
			{"Rechnung INV-full", "19 Tage netto", "Fällig am 20.11.2026", "1.234,5 34,5678 €", "Nettobetrag 1.037,395 € Steuern 397,105 €", "Zu zahlender Betrag 1.234,50 €", "1.234,50 € bezahlen", "2 Tage überfällig"},
			{"Offener Betrag 1.234,50 €", "2 Tage überfällig", "20.11.2026", "Bezahlen", "Alle Rechnungen Offene Überfällige Bezahlte"},
		},
		"fr-FR": {
			{"Facture INV-full", "19 jours net", "Date d’échéance 20/11/2026", "1 234,5 34,5678 €", "Total hors taxes 1 037,395 € Taxes 397,105 €", "Montant à payer 1 234,50 €", "Payer 1 234,50 €", "2 jours de retard"},
			{"1 234,50 €", "2 jours de retard", "20/11/2026", "Toutes les factures Ouvertes En retard Payées"},
		},
		"en-AU": {
			{"Invoice INV-full", "19 days net", "Due date 20 Nov 2026", "1,234.5 EUR 34.5678", "Net total EUR 1,037.395", "Pay EUR 1,234.50", "2 days overdue"},
			{"Open balance EUR 1,234.50", "2 days overdue"},
		},
	} {
		s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business",
			Attributes: settings.Attributes{Locale: locale, InvoiceTemplate: settings.BusinessInvoice}})
		for i, path := range []string{"/invoices/full", "/invoices"} {
			seen := unescaped.Replace(words(dana.get(path).is(t, http.StatusOK).body))
			for _, text := range shows[i] {
				if !strings.Contains(seen, text) {
					t.Errorf("%s, %s: no %q:\n%s", locale, path, text, seen)
				}
			}
		}
	}
}

// TestOwnInvoiceTemplates: the tenant's own templates show invoices, and the standard one
// where there is none of that name, or where it cannot be used.
func TestOwnInvoiceTemplates(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.invoices(t, oddInvoices()[0])
	own := func(html string) []string {
		return []string{`"session":{`, `"invoiceTemplates":[{"name":"own","html":"` + html + `"}],"session":{`}
	}
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business",
		Attributes: settings.Attributes{Locale: "en-AU", InvoiceTemplate: "own"}})
	dana := s.signedIn(t, "dana")
	const isStandard = "Was to be paid by"
	dana.get("/invoices/full").is(t, http.StatusOK).shows(t, isStandard)
	s.apply(t, own("<p>Ours: {{.invoice.number}} {{.invoice.total}}</p>")...)
	dana.get("/invoices/full").is(t, http.StatusOK).shows(t, "Ours: INV-full $1,434.50").hides(t, isStandard)
	s.apply(t, own("<p>Changed: {{.invoice.number}} {{.invoice.total}}</p>")...)
	dana.get("/invoices/full").is(t, http.StatusOK).shows(t, "Changed: INV-full").hides(t, isStandard)
	if strings.Contains(s.logged.String(), "standard template") {
		t.Error("an own template failed")
	}
	s.apply(t, own("<script>{{.invoice.number}} {{.invoice.total}}</script>")...)
	dana.get("/invoices/full").is(t, http.StatusOK).shows(t, isStandard).hides(t, "<script>")
	if !strings.Contains(s.logged.String(), "standard template instead of the account's") {
		t.Error("nobody is told that the template cannot be used")
	}
}

// TestLongestInvoice: an invoice of a thousand long lines is shown, by both templates.
func TestLongestInvoice(t *testing.T) {
	longest := store.ShownInvoice{Invoice: oddInvoices()[0], Paid: "0"}
	longest.Lines = nil
	for range 1000 {
		longest.Lines = append(longest.Lines, store.InvoiceLine{Description: strings.Repeat(`"`, 500), Quantity: "1", Amount: "1"})
	}
	v := &visit{words: texts().For("de"), session: &store.SessionView{}, live: &config.Live{Tenant: config.Tenant{DisplayName: "Acme", Hostname: "my.acme.example"}}}
	payload := v.invoicePayload(&longest, template.InvoiceOverdue, 3)
	for _, name := range []string{settings.StandardInvoice, settings.BusinessInvoice} {
		compiled, err := builtInInvoice(name, v.words)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := compiled.Render(template.Data{Payload: payload, Locale: "de-DE", Zone: time.UTC, Currency: "EUR"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
