package suite_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
)

func TestEveryEventThatWantsAMessageHasOne(t *testing.T) {
	var want []string
	for _, name := range catalog.BuiltIn().Names() {
		event, _ := catalog.BuiltIn().Lookup(name)
		if event.Message {
			want = append(want, name)
		}
		if suite.Has(name) != event.Message {
			t.Errorf("Has(%s) = %t", name, suite.Has(name))
		}
		if _, found := suite.For(name, ""); found != event.Message {
			t.Errorf("For(%s) found one: %t", name, found)
		}
	}
	if diff := cmp.Diff(want, suite.Events()); diff != "" {
		t.Errorf("Events: want -, have +:\n%s", diff)
	}
}

var roles = []string{"Primary", "Secondary", "Billing", "Technical", "Owner", "Initiator"}

func TestMessages(t *testing.T) {
	for _, name := range suite.Events() {
		event, _ := catalog.BuiltIn().Lookup(name)
		m, _ := suite.For(name, "")
		about, _ := suite.About(name)
		about.Texts = m.Texts
		if diff := cmp.Diff(m, about); diff != "" {
			t.Errorf("%s, For and About: want -, have +:\n%s", name, diff)
		}
		var locales []string
		for _, text := range m.Texts {
			locales = append(locales, text.Locale)
		}
		if diff := cmp.Diff([]string{"", "de", "fr"}, locales); diff != "" || m.Event != name {
			t.Errorf("%s is of %q, locales: want -, have +:\n%s", name, m.Event, diff)
		}
		if toOnePerson := event.Category == catalog.Security; toOnePerson != (len(m.To) == 0) {
			t.Errorf("%s, of the category %s, goes to %v", name, event.Category, m.To)
		}
		for _, role := range m.To {
			if !slices.Contains(roles, role) {
				t.Errorf("%s goes to %s, which is no role", name, role)
			}
		}
		if dated := event.Anchor != ""; dated != (len(m.Days) > 0) || !slices.IsSorted(m.Days) {
			t.Errorf("%s, dated: %t, has the days %v", name, dated, m.Days)
		}
		_, ofInvoice := fieldNamed(event.Fields, "invoice")
		for _, attached := range m.Attach {
			if attached != "Invoice" || !ofInvoice {
				t.Errorf("%s attaches %s", name, attached)
			}
		}
	}
}

func fieldNamed(fields []catalog.Field, name string) (catalog.Field, bool) {
	i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == name })
	if i < 0 {
		return catalog.Field{}, false
	}
	return fields[i], true
}

func TestNobodyChangesTheMessagesOfOthers(t *testing.T) {
	before, _ := suite.For("invoice.unpaid", "")
	changed, _ := suite.For("invoice.unpaid", "")
	changed.To[0], changed.Attach[0], changed.Days[0], changed.Texts[0].Subject = "x", "x", 99, "x"
	after, _ := suite.For("invoice.unpaid", "")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("what somebody did to a message is in the next: before -, after +:\n%s", diff)
	}
}
