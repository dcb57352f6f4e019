package plan

import (
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
)

// What did not change is not compiled again, and what did is.
func TestNext(t *testing.T) {
	billing := []string{"Billing"}
	declare := func(change func(*documents)) *documents {
		d := newDocuments()
		d.tenant.Events = []catalog.Own{{Name: "custom.reading", Category: catalog.Product, Fields: []catalog.OwnField{{Name: "meter", Type: catalog.Text}}}}
		d.template("new", "invoice.issued", []string{"business"}, d.mail("mail", billing))
		d.edit("new", func(t *config.EventTemplate) { t.When = "invoice.balance > 1.0" })
		own := d.mail("own", billing)
		own.Email.Text = d.body("Meter {{.data.meter}}")
		d.template("reading", "custom.reading", []string{"business"}, own)
		if change != nil {
			change(d)
		}
		return d
	}
	before := declare(nil).rules(t)
	account := miller("business", person("dana", "Billing"))
	reading := happening("custom.reading", map[string]any{"data": map[string]any{"meter": "M1"}})
	for name, test := range map[string]struct {
		change             func(*documents)
		text, when, suite  bool // not compiled again
		invoice, ofReading string
	}{
		"nothing": {nil, true, true, true, "Text of mail for Miller Ltd", "Meter M1"},
		"the text": {func(d *documents) {
			d.edit("new", func(t *config.EventTemplate) { t.Actions[0].Email.Text = d.body("Other text") })
		}, false, true, true, "Other text", "Meter M1"},
		"the condition": {func(d *documents) {
			d.edit("new", func(t *config.EventTemplate) { t.When = "invoice.balance > 2.0" })
		}, true, false, true, "Text of mail for Miller Ltd", "Meter M1"},
		"the colour": {func(d *documents) { d.tenant.Branding.AccentColor = "#004466" }, true, true, false, "Text of mail for Miller Ltd", "Meter M1"},
		"an event": {func(d *documents) {
			d.tenant.Events[0].Fields[0].Type = catalog.Integer
		}, false, false, true, "Text of mail for Miller Ltd", ""},
	} {
		next, errs := before.Next(declare(test.change).load(t))
		if len(errs) > 0 {
			t.Fatalf("%s: %v", name, errs)
		}
		text := func(r *Rules) any {
			all, err := r.own[pair{"invoice.issued", "business"}].firings[0].texts()
			if err != nil {
				t.Fatal(err)
			}
			return all[0].text
		}
		when := func(r *Rules) any { return r.own[pair{"invoice.issued", "business"}].firings[0].when }
		kept := [3]bool{text(next) == text(before), when(next) == when(before), next.standard[unpaid] == before.standard[unpaid]}
		if want := [3]bool{test.text, test.when, test.suite}; kept != want {
			t.Errorf("%s: kept are text, condition, suite: %v, want %v", name, kept, want)
		}
		for want, e := range map[string]Event{test.invoice: issued(), test.ofReading: reading} {
			for _, n := range next.Plan(e, account, now) {
				content, err := next.Compose(n, account, links{})
				if (err != nil) != (want == "") || content.Text != want {
					t.Errorf("%s: %v, %q, want %q", name, err, content.Text, want)
				}
			}
		}
	}
}
