package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/settings"
)

// maxInvoiceTemplates is the number of templates of the tenant's own, as in the schema.
const maxInvoiceTemplates = 8

var invoiceHTML = textKind{format: template.Invoice}

func renderInvoiceTemplates(t *v1alpha1.Tenant) []config.InvoiceTemplate {
	var own []config.InvoiceTemplate
	for _, declared := range t.Spec.InvoiceTemplates {
		own = append(own, config.InvoiceTemplate{Name: declared.Name, HTML: declared.HTML})
	}
	slices.SortStableFunc(own, func(a, b config.InvoiceTemplate) int { return strings.Compare(a.Name, b.Name) })
	return own
}

// checkInvoiceTemplates looks at the object itself, so that a problem names its place.
func (p *pass) checkInvoiceTemplates() {
	declared := p.in.Tenant.Spec.InvoiceTemplates
	refuse := func(problem Problem) { p.tenant.refuse(&p.tenant.accepted, ReasonInvalid, problem) }
	if len(declared) > maxInvoiceTemplates {
		refuse(problemAt("spec.invoiceTemplates", "%d are too many, allowed are %d", len(declared), maxInvoiceTemplates))
		return
	}
	names := map[string]bool{}
	for i, t := range declared {
		at := fmt.Sprintf("spec.invoiceTemplates[%d]", i)
		if why := wrongInvoiceName(t.Name, names[t.Name]); why != "" {
			refuse(Problem{Field: at + ".name", Message: why})
		}
		names[t.Name] = true
		p.checkInvoiceTemplate(at+".html", config.InvoiceTemplate{Name: t.Name, HTML: t.HTML})
	}
}

func wrongInvoiceName(name string, twice bool) string {
	switch {
	case name == "":
		return "an invoice template needs a name, as acme"
	case isBuiltInInvoice(name):
		return fmt.Sprintf("%q is built in: choose another name", name)
	case twice:
		return fmt.Sprintf("%q is there twice", name)
	}
	for _, problem := range (settings.Attributes{InvoiceTemplate: name}).Validate() {
		return problem.Message
	}
	return ""
}

// checkInvoiceTemplate refuses a text that cannot be filled in. What is live by an older,
// laxer release only warns.
func (p *pass) checkInvoiceTemplate(field string, t config.InvoiceTemplate) {
	key := checkKey{kind: invoiceHTML, text: config.BodyOf(t.HTML)}
	found := p.checks.of(key, func() checked { return checked{problems: template.CheckInvoice(t.HTML)} })
	isLive := p.live.tenant != nil && slices.Contains(p.live.tenant.content.InvoiceTemplates, t)
	for _, problem := range found.problems {
		fault := Problem{Field: field, Line: problem.Line, Column: problem.Column, Message: problem.Message}
		if isLive {
			p.tenant.warn("%s; it stays as it is live already", fault.Error())
			continue
		}
		p.tenant.refuse(&p.tenant.accepted, ReasonInvalid, fault)
	}
}

func isBuiltInInvoice(name string) bool {
	return name == settings.StandardInvoice || name == settings.BusinessInvoice
}

// hasInvoiceTemplate says whether attribute invoiceTemplate can name it.
func hasInvoiceTemplate(t *config.Tenant, name string) bool {
	return isBuiltInInvoice(name) ||
		t != nil && slices.ContainsFunc(t.InvoiceTemplates, func(own config.InvoiceTemplate) bool { return own.Name == name })
}

// noInvoiceTemplate says what can be named instead.
func noInvoiceTemplate(t *config.Tenant, name string) string {
	names := []string{settings.StandardInvoice, settings.BusinessInvoice}
	if t != nil {
		for _, own := range t.InvoiceTemplates {
			if !slices.Contains(names, own.Name) { // one that is there twice is refused by itself
				names = append(names, own.Name)
			}
		}
	}
	return fmt.Sprintf("the Tenant has no invoice template %q, there are: %s", name, listed(names))
}

const invoiceTemplateField = "spec.attributes.invoiceTemplate"

// resolveInvoiceTemplate finds the invoice template of an account profile. One that was
// live with it stays: it is the Tenant that would take it away.
func (p *pass) resolveInvoiceTemplate(o *object[config.AccountProfile]) {
	name, t := o.content.Attributes.InvoiceTemplate, p.tenantContent()
	if name == "" || hasInvoiceTemplate(t, name) {
		return
	}
	switch held := o.live != nil && o.live.content.Attributes.InvoiceTemplate == name; {
	case !held:
		o.refuse(&o.resolved, ReasonRefNotFound, Problem{Field: invoiceTemplateField, Message: noInvoiceTemplate(t, name)})
	case !hasInvoiceTemplate(p.liveTenant(), name):
		o.warn("%s: %s; the template standard applies", invoiceTemplateField, noInvoiceTemplate(t, name))
	}
}

// protectInvoiceTemplates refuses to take away a template by which the accounts of a live
// profile see their invoices, unless the profile's newest generation goes with the edit.
// A profile that was deleted holds nothing up.
func (p *pass) protectInvoiceTemplates() {
	o := p.tenant
	for _, name := range sortedNames(p.accountProfiles) {
		profile := p.accountProfiles[name]
		content := profile.content
		if profile.refused() {
			if profile.live == nil {
				continue
			}
			content = profile.live.content
		}
		used := content.Attributes.InvoiceTemplate
		if used != "" && !hasInvoiceTemplate(&o.content, used) && hasInvoiceTemplate(p.liveTenant(), used) {
			o.refuse(&o.accepted, ReasonInvalid, problemAt("spec.invoiceTemplates",
				"AccountProfile %q is live with invoice template %q: leave the template, or change the profile first", name, used))
		}
	}
	for _, name := range sortedNames(p.live.accountProfiles) {
		used := p.live.accountProfiles[name].content.Attributes.InvoiceTemplate
		if p.accountProfiles[name] == nil && used != "" && !hasInvoiceTemplate(&o.content, used) {
			o.warn("spec.invoiceTemplates: the deleted AccountProfile %q still names %q; its accounts see the template standard", name, used)
		}
	}
}

// liveTenant is what customers have; nil: nothing.
func (p *pass) liveTenant() *config.Tenant {
	if p.live.tenant == nil {
		return nil
	}
	return &p.live.tenant.content
}
