package portal

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// The built-in invoice templates. What stands in [[ ]] is translated.
//
//go:embed invoice_standard.html invoice_business.html
var builtInInvoices embed.FS

var translated = regexp.MustCompile(`(?s)\[\[(.+?)\]\]`)

// builtInInvoice is a built-in template in a language.
func builtInInvoice(name string, words *locale.Words) (*template.Template, error) {
	source, err := builtInInvoices.ReadFile("invoice_" + name + ".html")
	if err != nil {
		return nil, fmt.Errorf("invoice template %s: %w", name, err)
	}
	inLanguage := translated.ReplaceAllStringFunc(string(source), func(marked string) string {
		return words.T(marked[2 : len(marked)-2])
	})
	compiled, problems := template.CompileInvoice(inLanguage)
	if len(problems) > 0 {
		return nil, fmt.Errorf("invoice template %s in %s: %w", name, words.Language(), problems[0])
	}
	return compiled, nil
}

// invoiceTemplates keeps templates that were compiled: the built-in ones by their language,
// and those of the tenant for as long as the settings document is the same.
type invoiceTemplates struct {
	mu      sync.Mutex
	builtIn map[[2]string]*template.Template // by name and language
	digest  string
	own     map[string]*template.Template
}

// of finds the template of a name; an unknown one is the standard template.
func (t *invoiceTemplates) of(name string, v *visit) (*template.Template, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own, err := t.ownTemplate(name, v); own != nil || err != nil {
		return own, err
	}
	if name != settings.BusinessInvoice {
		name = settings.StandardInvoice
	}
	key := [2]string{name, v.words.Language()}
	if known := t.builtIn[key]; known != nil {
		return known, nil
	}
	compiled, err := builtInInvoice(name, v.words)
	if err != nil {
		return nil, err
	}
	if t.builtIn == nil {
		t.builtIn = map[[2]string]*template.Template{}
	}
	t.builtIn[key] = compiled
	return compiled, nil
}

// ownTemplate is one of the tenant's own; nil: it has none of that name.
func (t *invoiceTemplates) ownTemplate(name string, v *visit) (*template.Template, error) {
	if t.digest != v.live.Digest || t.own == nil {
		t.digest, t.own = v.live.Digest, map[string]*template.Template{}
	}
	if known := t.own[name]; known != nil {
		return known, nil
	}
	for _, own := range v.live.Tenant.InvoiceTemplates {
		if own.Name != name {
			continue
		}
		compiled, problems := template.CompileInvoice(own.HTML)
		if len(problems) > 0 { // it was checked when it was applied, by another release
			return nil, fmt.Errorf("invoice template %s: %w", name, problems[0])
		}
		t.own[name] = compiled
		return compiled, nil
	}
	return nil, nil
}

// invoiceHTML fills the account's invoice template in. One that fails is logged, and the
// standard template shows the invoice.
func (p *Portal) invoiceHTML(r *http.Request, v *visit, invoice *store.ShownInvoice, standing string, days int) (string, error) {
	data := template.Data{Payload: v.invoicePayload(invoice, standing, days), Locale: v.locale(), Zone: v.zone(), Currency: invoice.Currency}
	name := v.effective.Attributes.InvoiceTemplate.Value
	html, err := p.fillIn(name, v, data)
	if err != nil && name != settings.StandardInvoice {
		p.Log.WarnContext(r.Context(), "an invoice is shown by the standard template instead of the account's",
			"id", process.RequestID(r.Context()), "template", name, "error", err)
		html, err = p.fillIn(settings.StandardInvoice, v, data)
	}
	return html, err
}

func (p *Portal) fillIn(name string, v *visit, data template.Data) (string, error) {
	compiled, err := p.invoiceTemplates.of(name, v)
	if err != nil {
		return "", err
	}
	return compiled.Render(data)
}

// invoicePayload is what package template says of an invoice.
func (v *visit) invoicePayload(i *store.ShownInvoice, standing string, days int) map[string]any {
	brand, account := v.brand(), v.session.Account
	payload := map[string]any{
		"tenant":  withTexts(map[string]any{"name": brand.Name, "portalURL": v.portalURL()}, "supportEmail", brand.SupportEmail, "supportPhone", brand.SupportPhone),
		"account": withTexts(map[string]any{"id": account.ID, "name": account.Name}, "address", i.AccountAddress, "taxID", i.AccountTaxID),
		"reader":  map[string]any{"language": v.words.Language()},
	}
	lines := make([]any, len(i.Lines))
	for n, line := range i.Lines {
		lines[n] = map[string]any{"position": number(n + 1), "description": line.Description, "quantity": line.Quantity, "amount": line.Amount}
	}
	fields := withTexts(map[string]any{
		"id": i.ID, "number": i.Number, "status": standing, "creditNote": i.CreditNote(),
		"issuedOn": i.IssuedOn.Format(time.DateOnly), "dueOn": i.DueOn.Format(time.DateOnly),
		"termDays": number(int(i.DueOn.Sub(i.IssuedOn).Hours() / 24)), "daysOverdue": number(days),
		"currency": i.Currency, "total": i.Total, "balance": i.Balance, "lines": lines,
	}, "paymentReference", i.PaymentReference)
	if i.PaidOn != nil {
		fields["paidOn"] = i.PaidOn.Format(time.DateOnly)
	}
	if i.TotalWithoutTax != nil {
		fields["totalWithoutTax"] = *i.TotalWithoutTax
	}
	if i.Tax != nil && catalog.Money.Fits(*i.Tax) {
		fields["tax"] = *i.Tax
	}
	if i.PartlyPaid() && catalog.Money.Fits(i.Paid) {
		fields["paid"] = i.Paid
	}
	if pay := v.payAction(i); pay.Locked == "" && catalog.URL.Fits(pay.Path) {
		fields["payURL"] = pay.Path
	}
	payload["invoice"] = fields
	return payload
}

// withTexts adds those texts that are not empty: name, text, name, text ...
func withTexts(fields map[string]any, more ...string) map[string]any {
	for pair := range slices.Chunk(more, 2) {
		if pair[1] != "" {
			fields[pair[0]] = pair[1]
		}
	}
	return fields
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }
