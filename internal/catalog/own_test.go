package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
)

func TestOwnEvents(t *testing.T) {
	c, problems := catalog.New([]catalog.Own{
		{
			Name: "custom.meterReading", Description: "A meter was read.", Category: catalog.Product,
			Fields: []catalog.OwnField{
				{Name: "reading", Type: catalog.Decimal, Description: "Kilowatt hours.", Sample: "1234.5"},
				{Name: "meter", Type: catalog.Text, Sample: `The "old" one & <more>`},
				{Name: "count", Type: catalog.Integer, Sample: "-12"},
				{Name: "estimated", Type: catalog.Boolean, Sample: "false"},
			},
		},
		{
			Name: "custom.everyType",
			Fields: []catalog.OwnField{
				{Name: "a", Type: catalog.Text}, {Name: "b", Type: catalog.Integer}, {Name: "c", Type: catalog.Decimal},
				{Name: "d", Type: catalog.Money}, {Name: "e", Type: catalog.Date}, {Name: "f", Type: catalog.Time},
				{Name: "g", Type: catalog.Boolean}, {Name: "h", Type: catalog.URL}, {Name: "currency", Type: catalog.Text},
			},
		},
		{Name: "custom.bare"},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, want := len(c.Names()), len(builtInNames)+3; got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	if _, leaked := catalog.BuiltIn().Lookup("custom.bare"); leaked {
		t.Error("a tenant's own event is in the built-in catalogue")
	}
	tests := []struct {
		name, title, description string
		category                 catalog.Category
		data                     string
	}{
		{
			"custom.meterReading", "Meter reading", "A meter was read.", catalog.Product,
			`{"data":{"reading":"1234.5","meter":"The \"old\" one & <more>","count":-12,"estimated":false}}`,
		},
		{
			"custom.everyType", "Every type", "An event of the provider's own.", catalog.General,
			`{"data":{"a":"Sample text","b":3,"c":"12.5","d":"120.00","e":"2026-11-21","f":"2026-11-21T09:00:00Z","g":true,"h":"https://acme.example/","currency":"EUR"}}`,
		},
		{"custom.bare", "Bare", "An event of the provider's own.", catalog.General, `{}`},
	}
	for _, test := range tests {
		e, ok := c.Lookup(test.name)
		if !ok || e.Name != test.name || e.Title != test.title || e.Description != test.description || e.Category != test.category || e.Critical || e.Inside || !e.Message {
			t.Errorf("%s is %+v", test.name, e)
			continue
		}
		payload := decode(t, e.Sample)
		if problems := e.CheckPayload(payload); len(problems) > 0 {
			t.Errorf("%s: the sample is no payload: %v", test.name, problems)
		}
		if diff := cmp.Diff(decode(t, []byte(test.data))["data"], payload["data"]); diff != "" {
			t.Errorf("%s: data: want -, have +:\n%s", test.name, diff)
		}
	}
}

func TestOwnEventsThatCannotBeUsed(t *testing.T) {
	const typeAllowed = "is not allowed, allowed is Text, Integer, Decimal, Money, Date, Time, Boolean or URL"
	field := func(name string, kind catalog.Type, sample string) []catalog.Own {
		return []catalog.Own{{Name: "custom.a", Fields: []catalog.OwnField{{Name: name, Type: kind, Sample: sample}}}}
	}
	nameRefused := func(name string) string {
		return "spec.events[0].name: " + name + " is not allowed, allowed is custom. and a word of letters and digits that begins with a lower case letter, at most 64 characters, as custom.meterReading"
	}
	tests := []struct {
		name string
		own  []catalog.Own
		want []string
	}{
		{"no name", []catalog.Own{{}}, []string{nameRefused(`""`)}},
		{"built-in name", []catalog.Own{{Name: "invoice.unpaid"}}, []string{nameRefused(`"invoice.unpaid"`)}},
		{"name of two dots", []catalog.Own{{Name: "custom.a.b"}}, []string{nameRefused(`"custom.a.b"`)}},
		{"two lines", []catalog.Own{{Name: "custom.a\n"}}, []string{nameRefused(`"custom.a\n"`)}},
		{"long name", []catalog.Own{{Name: "custom." + strings.Repeat("a", 58)}}, []string{nameRefused(`"custom.` + strings.Repeat("a", 53) + `…"`)}},
		{"twice", []catalog.Own{{Name: "custom.a"}, {Name: "custom.b"}, {Name: "custom.a"}}, []string{"spec.events[2].name: custom.a is declared twice"}},
		{"category", []catalog.Own{{Name: "custom.a", Category: catalog.Security}}, []string{
			`spec.events[0].category: "Security" is not allowed, allowed is General, Invoice, Product or Support`,
		}},
		{"field without name", field("", catalog.Text, ""), []string{
			`spec.events[0].fields[0].name: "" is not allowed, allowed is a word of letters and digits that begins with a lower case letter, at most 63 characters, as reading`,
		}},
		{"field of a condition's words", field("in", catalog.Text, ""), []string{
			"spec.events[0].fields[0].name: in is not allowed, because it means something else in conditions",
		}},
		{"field twice", []catalog.Own{{Name: "custom.a"}, {Name: "custom.b", Fields: []catalog.OwnField{{Name: "x", Type: catalog.Text}, {Name: "x", Type: catalog.Date}}}}, []string{
			"spec.events[1].fields[1].name: x is declared twice",
		}},
		{"no type", field("x", "", ""), []string{`spec.events[0].fields[0].type: "" ` + typeAllowed}},
		{"secret link", field("x", catalog.Link, ""), []string{`spec.events[0].fields[0].type: "Link" ` + typeAllowed}},
		{"object", field("x", catalog.Object, ""), []string{`spec.events[0].fields[0].type: "Object" ` + typeAllowed}},
		{"integer", field("x", catalog.Integer, "007"), []string{`spec.events[0].fields[0].sample: must be a whole number, as 3, not "007"`}},
		{"boolean", field("x", catalog.Boolean, "yes"), []string{`spec.events[0].fields[0].sample: must be true or false, not "yes"`}},
		{"date", field("x", catalog.Date, "2026-13-01"), []string{`spec.events[0].fields[0].sample: must be a date, as "2026-11-21", from 1900-01-01 to 2199-12-31, not "2026-13-01"`}},
		{"currency of money", []catalog.Own{{Name: "custom.a", Fields: []catalog.OwnField{{Name: "currency", Type: catalog.Text, Sample: "euro"}, {Name: "price", Type: catalog.Money}}}}, []string{
			`spec.events[0].fields[0].sample: must be an ISO 4217 code, as "EUR", not "euro"`,
		}},
		{"currency without money", field("currency", catalog.Text, "shells"), nil},
		{"currency that is none", []catalog.Own{{Name: "custom.a", Fields: []catalog.OwnField{{Name: "currency", Type: catalog.Integer}, {Name: "price", Type: catalog.Money}}}}, []string{
			"spec.events[0].fields[0].type: Integer is not allowed, because currency names the currency of the amounts beside it: allowed is Text",
		}},
		{
			"all at once",
			[]catalog.Own{{Name: "a"}, {Name: "custom.b", Category: "x", Fields: []catalog.OwnField{{Name: "B", Type: catalog.Text}, {Name: "c", Type: "Float"}, {Name: "d", Type: catalog.URL, Sample: "acme.example"}}}},
			[]string{
				nameRefused(`"a"`),
				`spec.events[1].category: "x" is not allowed, allowed is General, Invoice, Product or Support`,
				`spec.events[1].fields[0].name: "B" is not allowed, allowed is a word of letters and digits that begins with a lower case letter, at most 63 characters, as reading`,
				`spec.events[1].fields[1].type: "Float" ` + typeAllowed,
				`spec.events[1].fields[2].sample: must be an address that begins with https://, in ASCII, of at most 2,048 characters, not "acme.example"`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, problems := catalog.New(test.own)
			if diff := cmp.Diff(test.want, told(problems)); diff != "" {
				t.Errorf("want -, have +:\n%s", diff)
			}
			for _, name := range c.Names() { // what is left can be used
				e, _ := c.Lookup(name)
				if problems := e.CheckPayload(decode(t, e.Sample)); len(problems) > 0 {
					t.Errorf("%s: the sample is no payload: %v", name, problems)
				}
			}
		})
	}
}

// What can be used of a declaration stays, so that the templates of its event are not
// told of its faults as well.
func TestWhatIsWrongIsLeftOut(t *testing.T) {
	c, problems := catalog.New([]catalog.Own{
		{Name: "custom.a", Fields: []catalog.OwnField{{Name: "good", Type: catalog.Date, Sample: "2027-01-01"}, {Name: "bad", Type: "x"}, {Name: "slip", Type: catalog.Integer, Sample: "x"}}},
		{Name: "custom.a"},
		{Name: "other"},
	})
	if len(problems) != 4 {
		t.Errorf("problems: %v", problems)
	}
	e, _ := c.Lookup("custom.a")
	data, _ := find(e.Fields, "data")
	if diff := cmp.Diff([]string{"good", "slip"}, names(data.Fields)); diff != "" {
		t.Errorf("fields: want -, have +:\n%s", diff)
	}
	want := map[string]any{"good": "2027-01-01", "slip": "3"}
	for name, value := range want {
		if got := fmt.Sprint(lookup(decode(t, e.Sample), "data."+name)); got != value {
			t.Errorf("sample of %s is %s, want %s", name, got, value)
		}
	}
	if _, known := c.Lookup("other"); known {
		t.Error("an event of a name that is not allowed is known")
	}
}

// Whatever is in an old object, what is left of it can be used.
func FuzzOwnEvents(f *testing.F) {
	f.Add("custom.meterReading", "Product", "reading", "Decimal", "1234.5")
	f.Add("custom.a", "", "count", "Integer", "-0")
	f.Add("custom.a", "", "currency", "Text", "\xff\"\u2028")
	f.Fuzz(func(t *testing.T, name, category, field, kind, sample string) {
		c, problems := catalog.New([]catalog.Own{{Name: name, Category: catalog.Category(category), Fields: []catalog.OwnField{
			{Name: field, Type: catalog.Type(kind), Sample: sample}, {Name: "price", Type: catalog.Money},
		}}})
		e, known := c.Lookup(name)
		if !known {
			if len(problems) == 0 {
				t.Errorf("%q is not known, and nobody says why", name)
			}
			return
		}
		payload := decode(t, e.Sample)
		if wrong := e.CheckPayload(payload); len(wrong) > 0 {
			t.Errorf("the sample is no payload: %v", wrong)
		}
		if len(problems) == 0 && sample != "" && fmt.Sprint(lookup(payload, "data."+field)) != sample {
			t.Errorf("sample %q became %v", sample, lookup(payload, "data."+field))
		}
	})
}
