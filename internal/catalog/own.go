package catalog

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/foyerhq/foyer/internal/settings"
)

var (
	ownName      = regexp.MustCompile(`^custom\.[a-z][A-Za-z0-9]{0,56}$`)
	ownFieldName = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)

	ownCategories = []Category{General, Invoice, Product, Support}

	// Words of the language of conditions, which cannot be names in it.
	conditionWords = []string{"in", "true", "false", "null"}
)

// ownTypes are the types of the fields of a tenant's own events, with the sample of a
// field that comes without one.
var ownTypes = []struct {
	name   Type
	sample string
}{
	{Text, "Sample text"},
	{Integer, "3"},
	{Decimal, "12.5"},
	{Money, "120.00"},
	{Date, "2026-11-21"},
	{Time, sampleTime},
	{Boolean, "true"},
	{URL, "https://acme.example/"},
}

func (c *Catalog) add(own []Own) []settings.Problem {
	var p problems
	for i, o := range own {
		path := fmt.Sprintf("spec.events[%d]", i)
		if !ownName.MatchString(o.Name) {
			p.add(path+".name", "%s is not allowed, allowed is custom. and a word of letters and digits that begins with a lower case letter, at most 64 characters, as custom.meterReading", shown(o.Name))
			continue
		}
		if _, twice := c.events[o.Name]; twice {
			p.add(path+".name", "%s is declared twice", o.Name)
			continue
		}
		c.events[o.Name] = o.event(path, &p)
	}
	return p
}

// problems collects what is wrong with a tenant's own events.
type problems []settings.Problem

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, settings.Problem{Field: path, Message: fmt.Sprintf(format, args...)})
}

// event makes the event type of a declaration, with what of it can be used.
func (o Own) event(path string, p *problems) Event {
	e := Event{Name: o.Name, Title: title(o.Name), Description: o.Description, Category: o.Category, Message: true}
	if e.Category == "" {
		e.Category = General
	}
	if !slices.Contains(ownCategories, e.Category) {
		p.add(path+".category", "%s is not allowed, allowed is General, Invoice, Product or Support", shown(string(e.Category)))
		e.Category = General
	}
	if e.Description == "" {
		e.Description = "An event of the provider's own."
	}
	if fields := ownFields(path, o.Fields, p); len(fields) > 0 {
		e.Fields = []Field{object("data", "What the event carries.", fields...)}
	}
	return e.withSample()
}

func ownFields(path string, declared []OwnField, p *problems) []Field {
	var fields []Field
	samples := map[string]int{} // name -> index in declared
	hasMoney := slices.ContainsFunc(declared, func(f OwnField) bool { return f.Type == Money })
	for i, f := range declared {
		at := fmt.Sprintf("%s.fields[%d]", path, i)
		_, twice := samples[f.Name]
		switch {
		case !ownFieldName.MatchString(f.Name):
			p.add(at+".name", "%s is not allowed, allowed is a word of letters and digits that begins with a lower case letter, at most 63 characters, as reading", shown(f.Name))
		case slices.Contains(conditionWords, f.Name):
			p.add(at+".name", "%s is not allowed, because it means something else in conditions", f.Name)
		case twice:
			p.add(at+".name", "%s is declared twice", f.Name)
		case defaultSample(f.Type) == "":
			p.add(at+".type", "%s is not allowed, allowed is Text, Integer, Decimal, Money, Date, Time, Boolean or URL", shown(string(f.Type)))
		case f.Name == "currency" && f.Type != Text && hasMoney:
			p.add(at+".type", "%s is not allowed, because currency names the currency of the amounts beside it: allowed is Text", f.Type)
		default:
			samples[f.Name] = i
			fields = append(fields, Field{Name: f.Name, Type: f.Type, Description: f.Description})
		}
	}
	for i, f := range fields { // only now it is known what is beside each
		at := fmt.Sprintf("%s.fields[%d].sample", path, samples[f.Name])
		fields[i].Sample = ownSample(at, declared[samples[f.Name]].Sample, f, fields, p)
	}
	return fields
}

// ownSample is the sample of a field in JSON: the declared one, or one by its type.
func ownSample(path, declared string, f Field, beside []Field, p *problems) string {
	if declared != "" {
		var c checker
		value, written := f.Type.read(declared)
		if c.value(path, value, f, beside); len(c.problems) == 0 {
			return written
		}
		*p = append(*p, c.problems...)
	}
	sample := defaultSample(f.Type)
	if isCurrency(f, beside) {
		sample = "EUR"
	}
	_, written := f.Type.read(sample)
	return written
}

// read takes a sample, which is always a string in YAML, as a value of the type: the
// value, and how JSON writes it. What is not of the type stays the string.
func (t Type) read(sample string) (value any, written string) {
	switch {
	case t == Boolean && (sample == "true" || sample == "false"):
		return sample == "true", sample
	case t == Integer && t.Fits(json.Number(sample)):
		return json.Number(sample), sample
	default:
		return sample, quote(sample)
	}
}

func defaultSample(t Type) string {
	for _, own := range ownTypes {
		if own.name == t {
			return own.sample
		}
	}
	return ""
}

// title makes words of a name: custom.meterReading is a "Meter reading".
func title(name string) string {
	var out strings.Builder
	for i, r := range strings.TrimPrefix(name, "custom.") {
		switch {
		case i == 0:
			out.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			out.WriteByte(' ')
			out.WriteRune(unicode.ToLower(r))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
