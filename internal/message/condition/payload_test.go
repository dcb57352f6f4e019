package condition_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/condition"
)

// Every field of every event can be asked for, but for the secret addresses.
func TestEveryFieldOfEveryEvent(t *testing.T) {
	catalogue, problems := catalog.New([]catalog.Own{{Name: "custom.meterReading", Fields: []catalog.OwnField{
		{Name: "text", Type: catalog.Text}, {Name: "integer", Type: catalog.Integer}, {Name: "decimal", Type: catalog.Decimal}, {Name: "money", Type: catalog.Money},
		{Name: "date", Type: catalog.Date}, {Name: "time", Type: catalog.Time}, {Name: "boolean", Type: catalog.Boolean}, {Name: "url", Type: catalog.URL},
		{Name: "while", Type: catalog.Integer}, {Name: "size", Type: catalog.Integer}, {Name: "int", Type: catalog.Integer}, // words of the language elsewhere
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	links := 0
	for _, name := range catalogue.Names() {
		event, _ := catalogue.Lookup(name)
		for _, source := range questions("", event.ConditionFields()) {
			c, problems := condition.Compile(source, event)
			if strings.Contains(source, "SECRET") {
				links++
				path, _, _ := strings.Cut(source, " ")
				if want := []string{"line 1, column 1: " + path + " is a secret address, which conditions cannot read"}; !cmp.Equal(want, told(problems)) {
					t.Errorf("%s: %s: %q", name, source, told(problems))
				}
				continue
			}
			if len(problems) > 0 {
				t.Errorf("%s: %s: %q", name, source, told(problems))
			} else if holds, err := c.Holds(sample(t, event)); err != nil || !holds {
				t.Errorf("%s: %s is %v, %v", name, source, holds, err)
			}
		}
	}
	if links == 0 {
		t.Error("no event has a secret address")
	}
}

// questions has one for each field, whose answer is yes for every payload.
func questions(path string, fields []catalog.Field) []string {
	var all []string
	for _, f := range fields {
		at := f.Name
		if path != "" {
			at = path + "." + f.Name
		}
		ask := map[catalog.Type]string{
			catalog.Text: `%[1]s >= ""`, catalog.URL: `%[1]s.startsWith("https://")`, catalog.Integer: `%[1]s %% 1 == 0`, catalog.Decimal: `%[1]s < 1000000000000000.0`,
			catalog.Money: `%[1]s < 1000000000000000`, catalog.Boolean: `%[1]s || !%[1]s`, catalog.Link: `%[1]s == "SECRET"`,
			catalog.Date: `%[1]s > timestamp("1800-01-01T00:00:00Z")`, catalog.Time: `%[1]s > timestamp("1800-01-01T00:00:00Z")`,
		}[f.Type]
		var inner []string
		switch f.Type {
		case catalog.Object:
			inner = questions(at, f.Fields)
		case catalog.List:
			variable := fmt.Sprint("x", strings.Count(at, "."))
			for _, q := range questions(variable, f.Fields) {
				inner = append(inner, fmt.Sprintf("%s.all(%s, %s)", at, variable, q))
			}
		default:
			inner = []string{fmt.Sprintf(ask, at)}
		}
		for _, q := range inner {
			if f.Optional {
				q = fmt.Sprintf("!has(%s) || %s", at, q)
			}
			all = append(all, q)
		}
	}
	return all
}

func TestHoldsNamesWhatThePayloadLacks(t *testing.T) {
	const none = "the condition has no answer: "
	tests := map[string]struct {
		source string
		change func(payload map[string]any)
		want   string
	}{
		"a missing object":  {`invoice.balance > 1.0`, func(p map[string]any) { delete(p, "invoice") }, none + `invoice is not an object`},
		"no object":         {`invoice.balance > 1.0`, func(p map[string]any) { p["invoice"] = "INV-1" }, none + `invoice is not an object`},
		"null":              {`invoice.balance > 1.0`, func(p map[string]any) { p["invoice"] = nil }, none + `invoice is not an object`},
		"a missing field":   {`invoice.balance > 1.0`, func(p map[string]any) { delete(p["invoice"].(map[string]any), "balance") }, none + `invoice.balance is missing`},
		"a null field":      {`invoice.balance > 1.0`, set("invoice", "balance", nil), none + `invoice.balance is missing`},
		"money as a number": {`invoice.balance > 1.0`, set("invoice", "balance", 120.0), none + `invoice.balance is not a decimal number in quotes, as "12.50"`},
		"money as words":    {`invoice.balance > 1.0`, set("invoice", "balance", "a lot"), none + `invoice.balance is not a decimal number in quotes, as "12.50"`},
		"infinite money":    {`invoice.balance > 1.0`, set("invoice", "balance", "Inf"), none + `invoice.balance is not a decimal number in quotes, as "12.50"`},
		"long money":        {`invoice.balance > 1.0`, set("invoice", "balance", strings.Repeat("1", 33)), none + `invoice.balance is not a decimal number in quotes, as "12.50"`},
		"half an integer":   {`invoice.daysOverdue > 1`, set("invoice", "daysOverdue", 1.5), none + `invoice.daysOverdue is not a whole number`},
		"half a number":     {`invoice.daysOverdue > 1`, set("invoice", "daysOverdue", json.Number("1.5")), none + `invoice.daysOverdue is not a whole number`},
		"a huge integer":    {`invoice.daysOverdue > 1`, set("invoice", "daysOverdue", 1e300), none + `invoice.daysOverdue is not a whole number`},
		"a quoted integer":  {`invoice.daysOverdue > 1`, set("invoice", "daysOverdue", "1"), none + `invoice.daysOverdue is not a whole number`},
		"no date":           {`invoice.dueOn < event.time`, set("invoice", "dueOn", "2026-02-30"), none + `invoice.dueOn is not a date, as "2026-11-21"`},
		"no time":           {`invoice.dueOn < event.time`, set("event", "time", "2026-11-21"), none + `event.time is not a time in RFC 3339, as "2026-11-21T09:00:00Z"`},
		"no boolean":        {`invoice.disputed`, set("invoice", "disputed", "true"), none + `invoice.disputed is not true or false`},
		"no text":           {`account.name > ""`, set("account", "name", true), none + `account.name is not a text of at most 10000 characters`},
		"a long text":       {`account.name > ""`, set("account", "name", strings.Repeat("é", 10_001)), none + `account.name is not a text of at most 10000 characters`},
		"no list":           {`size(overdue.invoices) > 1`, set("overdue", "invoices", map[string]any{}), none + `overdue.invoices is not a list of at most 1000 objects`},
		"a long list":       {`size(overdue.invoices) > 1`, set("overdue", "invoices", make([]any, 1001)), none + `overdue.invoices is not a list of at most 1000 objects`},
		"no object in it":   {`overdue.invoices.exists(i, i.balance > 1.0)`, set("overdue", "invoices", []any{"INV-1"}), none + `overdue.invoices[] is not an object`},
		"null in it":        {`overdue.invoices.exists(i, i.balance > 1.0)`, set("overdue", "invoices", []any{nil}), none + `overdue.invoices[] is not an object`},
		"a field in it":     {`overdue.invoices.all(i, i.balance > 1.0)`, set("overdue", "invoices", []any{map[string]any{"balance": "x"}}), none + `overdue.invoices[].balance is not a decimal number in quotes, as "12.50"`},
		"what is not asked": {`account.name == "Miller Ltd"`, set("invoice", "balance", "a lot"), ""},
		"answered before":   {`account.name == "Miller Ltd" || invoice.balance > 1.0`, set("invoice", "balance", "a lot"), ""},
		"floats of JSON":    {`invoice.daysOverdue == 3`, set("invoice", "daysOverdue", 3.0), ""},
		"the longest text":  {`account.name.size() == 10000`, set("account", "name", strings.Repeat("é", 10_000)), ""},
	}
	event := lookup(t, "invoice.unpaid")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			payload := full(t)
			test.change(payload)
			holds, err := compile(t, test.source, event).Holds(payload)
			switch {
			case test.want == "" && (err != nil || !holds):
				t.Errorf("%v, %v", holds, err)
			case test.want != "" && (err == nil || err.Error() != test.want):
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	if _, err := compile(t, `invoice.balance > 1.0`, event).Holds(nil); err == nil {
		t.Error("no payload at all has an answer")
	}
}

func set(object, field string, value any) func(map[string]any) {
	return func(payload map[string]any) { payload[object].(map[string]any)[field] = value }
}

// What compiles has an answer for every payload of its event: random conditions, that use
// everything of the language, on random payloads.
func TestWhatCompilesHasAnAnswer(t *testing.T) {
	compiled := map[bool]int{}
	for seed := range uint64(600) {
		g := generator{rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // repeatable is what a test wants
		names := catalog.BuiltIn().Names()
		event := lookup(t, names[g.IntN(len(names))])
		source := g.boolean(event.ConditionFields(), 4)
		c, problems := condition.Compile(source, event)
		compiled[c != nil]++
		if (c == nil) != (len(problems) > 0) {
			t.Fatalf("%s: %v", source, problems)
		}
		if c == nil {
			continue
		}
		for range 3 {
			payload := g.object(event.ConditionFields())
			if unfit := event.CheckPayload(payload); len(unfit) > 0 {
				t.Fatalf("%s: the payload is none: %v", event.Name, unfit)
			}
			if _, err := c.Holds(payload); err != nil {
				t.Fatalf("seed %d, %s: %s: %v", seed, event.Name, source, err)
			}
		}
	}
	if compiled[true] < 200 || compiled[false] < 100 {
		t.Errorf("%d conditions compiled and %d did not: the test shows little", compiled[true], compiled[false])
	}
}

// generator makes payloads and conditions.
type generator struct{ *rand.Rand }

func (g generator) object(fields []catalog.Field) map[string]any {
	o := map[string]any{}
	for _, f := range fields {
		if f.Optional && g.IntN(2) == 0 {
			continue
		}
		o[f.Name] = g.value(f)
	}
	return o
}

func (g generator) value(f catalog.Field) any {
	digits := func(n int) string { return strconv.FormatUint(g.Uint64(), 10)[:n] }
	sign := g.of("", "-")
	switch f.Type {
	case catalog.Object:
		return g.object(f.Fields)
	case catalog.List:
		list := make([]any, g.IntN(4))
		for i := range list {
			list[i] = g.object(f.Fields)
		}
		return list
	case catalog.Integer:
		return json.Number(g.of("0", "3", "-1", "9223372036854775807", "-9223372036854775808"))
	case catalog.Decimal, catalog.Money:
		return sign + digits(1+g.IntN(14)) + g.of("", ".5", ".0025")
	case catalog.Date:
		return g.of("1900-01-01", "2026-11-21", "2199-12-31")
	case catalog.Time:
		return g.of("1900-01-01T00:00:00Z", "2026-11-21T09:00:00+10:30", "2199-12-31T23:59:59.999999999-23:59")
	case catalog.Boolean:
		return g.IntN(2) == 0
	case catalog.URL, catalog.Link:
		return "https://acme.example/" + digits(3)
	}
	switch {
	case len(f.Values) > 0:
		return g.of(f.Values...)
	case f.Name == "currency":
		return "EUR"
	default:
		return g.of("", "Miller Ltd", "é\U0001F600", strings.Repeat("a", 10_000))
	}
}

func (g generator) of(choices ...string) string { return choices[g.IntN(len(choices))] }

// term is a value of a type, as often as not a field of the payload. What may be missing is
// sometimes asked for first.
func (g generator) term(fields []catalog.Field, wanted ...catalog.Type) string {
	if path := g.path(fields, wanted, ""); path != "" && g.IntN(4) > 0 {
		return path
	}
	switch wanted[0] {
	case catalog.Integer:
		return g.of("0", "3", "9223372036854775807", "size(account.name)")
	case catalog.Decimal:
		return g.of("0.0", "1.5", "1e308", "double(3)")
	case catalog.Date:
		return g.of(`timestamp("0001-01-01T00:00:00Z")`, `timestamp("9999-12-31T23:59:59Z")`, "event.time")
	default:
		return g.of(`""`, `"Miller Ltd"`, "account.name", "event.id")
	}
}

func (g generator) path(fields []catalog.Field, wanted []catalog.Type, before string) string {
	for _, i := range g.Perm(len(fields)) {
		f := fields[i]
		for _, w := range wanted {
			if f.Type == w {
				return before + f.Name
			}
		}
		if f.Type == catalog.Object {
			if path := g.path(f.Fields, wanted, before+f.Name+"."); path != "" {
				return path
			}
		}
	}
	return ""
}

// optional leaves out what is always there.
func optional(fields []catalog.Field) []catalog.Field {
	var found []catalog.Field
	for _, f := range fields {
		f.Fields = optional(f.Fields)
		if f.Optional || f.Type == catalog.Object && len(f.Fields) > 0 {
			found = append(found, f)
		}
	}
	return found
}

func (g generator) number(fields []catalog.Field, depth int, kinds ...catalog.Type) string {
	if depth == 0 || g.IntN(2) == 0 {
		return g.term(fields, kinds...)
	}
	operator := g.of("+", "-", "*", "/")
	right := g.number(fields, depth-1, kinds...)
	if operator == "/" && kinds[0] == catalog.Integer {
		right = g.of("-1", "3")
	}
	return fmt.Sprintf("%s(%s %s %s)", g.of("", "-"), g.number(fields, depth-1, kinds...), operator, right)
}

func (g generator) boolean(fields []catalog.Field, depth int) string {
	if depth > 0 {
		a, b := g.boolean(fields, depth-1), g.boolean(fields, depth-1)
		switch g.IntN(6) {
		case 0:
			return fmt.Sprintf("(%s && %s)", a, b)
		case 1:
			return fmt.Sprintf("(%s || %s)", a, b)
		case 2:
			return "!" + a
		case 3:
			return fmt.Sprintf("(%s ? %s : %s)", g.boolean(fields, 0), a, b)
		case 4:
			path := g.path(optional(fields), []catalog.Type{catalog.Text, catalog.Money, catalog.URL, catalog.Date}, "")
			if path == "" {
				return a
			}
			return fmt.Sprintf("(has(%s) && %s)", path, a)
		}
	}
	compare := g.of("==", "!=", "<", "<=", ">", ">=")
	switch g.IntN(9) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", g.number(fields, 2, catalog.Integer), compare, g.number(fields, 2, catalog.Integer))
	case 1:
		return fmt.Sprintf("(%s %s %s)", g.number(fields, 2, catalog.Decimal, catalog.Money), compare, g.number(fields, 2, catalog.Decimal, catalog.Money))
	case 2:
		return fmt.Sprintf("(%s < %s)", g.number(fields, 2, catalog.Integer), g.number(fields, 2, catalog.Decimal, catalog.Money))
	case 3:
		return fmt.Sprintf("(%s - %s %s duration(%q))", g.term(fields, catalog.Date, catalog.Time), g.term(fields, catalog.Date, catalog.Time), compare, g.of("0s", "-2562047h", "2562047h"))
	case 4:
		return fmt.Sprintf("(%s + duration(%q) %s %s)", g.term(fields, catalog.Date, catalog.Time), g.of("0s", "-2562047h", "2562047h"), compare, g.term(fields, catalog.Date, catalog.Time))
	case 5:
		return fmt.Sprintf("%s.%s(%q)", g.term(fields, catalog.Text), g.of("contains", "startsWith", "endsWith", "matches"), g.of("", "a", "é", "Mil+"))
	case 6:
		return fmt.Sprintf("(%s in [%s, %s])", g.term(fields, catalog.Text, catalog.URL), g.term(fields, catalog.Text), g.term(fields, catalog.Text))
	case 7:
		if list := g.path(fields, []catalog.Type{catalog.List}, ""); list != "" {
			return fmt.Sprintf("%s.%s(x, x.balance > 10.0 && x.daysOverdue * 9 > 5)", list, g.of("exists", "all", "exists_one"))
		}
	}
	return fmt.Sprintf("(%s %s %s)", g.term(fields, catalog.Text, catalog.URL), compare, g.term(fields, catalog.Text, catalog.URL))
}

// Environments come and go while conditions are compiled and evaluated.
func TestManyEventsAtOnce(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	payload := full(t)
	shared := compile(t, `overdue.invoices.exists(i, i.balance > 100.0)`, event)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 100 {
				other := event
				other.Fields = []catalog.Field{own(worker*100 + i)}
				c, problems := condition.Compile(fmt.Sprintf(`data.field%d == "x"`, worker*100+i), other)
				if len(problems) > 0 {
					t.Error(problems)
					return
				}
				holds, err := c.Holds(map[string]any{"data": map[string]any{fmt.Sprint("field", worker*100+i): "x"}})
				if err != nil || !holds {
					t.Error(holds, err)
				}
				if holds, err := shared.Holds(payload); err != nil || !holds {
					t.Error(holds, err)
				}
			}
		})
	}
	group.Wait()
}

// An own event that changed under its name is another one.
func TestFieldsAndNotTheNameOfAnEventDecide(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	for _, test := range []struct {
		field catalog.Field
		want  []string
	}{
		{catalog.Field{Name: "reading", Type: catalog.Integer}, nil},
		{catalog.Field{Name: "reading", Type: catalog.Text}, []string{"line 1, column 14: > does not compare a text and a whole number"}},
		{catalog.Field{Name: "reading", Type: catalog.Integer, Optional: true}, []string{"line 1, column 1: data.reading may be missing: ask for it first, as in has(data.reading) && ..."}},
		{catalog.Field{Name: "Reading", Type: catalog.Integer}, []string{"line 1, column 1: there is no field data.reading (there are: Reading)"}},
		{catalog.Field{Name: "reading", Type: catalog.Integer}, nil},
	} {
		event.Fields = []catalog.Field{{Name: "data", Type: catalog.Object, Fields: []catalog.Field{test.field}}}
		_, problems := condition.Compile(`data.reading > 3`, event)
		if diff := cmp.Diff(test.want, told(problems)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.field, diff)
		}
	}
}

func TestAnObjectThatMayBeMissingIsAskedForByItsFields(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	event.Fields = []catalog.Field{{Name: "data", Type: catalog.Object, Optional: true, Fields: []catalog.Field{{Name: "reading", Type: catalog.Integer}}}}
	if _, problems := condition.Compile(`data.reading > 3`, event); len(problems) != 1 {
		t.Error(problems)
	}
	c := compile(t, `has(data.reading) && data.reading > 3`, event)
	for _, test := range []struct {
		payload map[string]any
		want    bool
	}{{map[string]any{}, false}, {map[string]any{"data": map[string]any{"reading": 4.0}}, true}} {
		if holds, err := c.Holds(test.payload); err != nil || holds != test.want {
			t.Errorf("%v: %v, %v", test.payload, holds, err)
		}
	}
}

// What is known of one element is not known of another one.
func TestElementsAreAskedForOneByOne(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	event.Fields = []catalog.Field{{Name: "data", Type: catalog.Object, Fields: []catalog.Field{
		{Name: "meters", Type: catalog.List, Optional: true, Fields: []catalog.Field{{Name: "reading", Type: catalog.Integer, Optional: true}}},
	}}}
	const missing = " may be missing: ask for it first, as in has("
	for source, want := range map[string][]string{
		`has(data.meters) && data.meters.exists(a, has(a.reading) && a.reading > 3)`: nil,
		`data.meters.exists(a, has(a.reading) && a.reading > 3)`:                     {"line 1, column 1: data.meters" + missing + "data.meters) && ..."},
		`has(data.meters) && data.meters.exists(a, has(a.reading) && data.meters.exists(b, a.reading > 3 && b.reading > 3))`: {
			"line 1, column 100: b.reading" + missing + "b.reading) && ...",
		},
		`has(data.meters) && data.meters.exists(a, has(a.reading)) && data.meters.exists(a, a.reading > 3)`: {"line 1, column 84: a.reading" + missing + "a.reading) && ..."},
	} {
		_, problems := condition.Compile(source, event)
		if diff := cmp.Diff(want, told(problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	_, problems := condition.Compile(strings.TrimSuffix(strings.Repeat("a.b || ", 140), " || "), event)
	if len(problems) != 11 || problems[10].Message != "and 130 more" {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
	var fields []catalog.Field
	for i := range 64 {
		fields = append(fields, catalog.Field{Name: fmt.Sprint("field", i, strings.Repeat("x", 50)), Type: catalog.Text})
	}
	event.Fields = []catalog.Field{{Name: "data", Type: catalog.Object, Fields: fields}}
	_, problems = condition.Compile(`data.`+strings.Repeat("y", 900)+` == ""`, event)
	if len(problems) != 1 || len([]rune(problems[0].Message)) > 1001 {
		t.Errorf("%q", told(problems))
	}
}

// FuzzCompile: whatever is written, Compile answers, and what it compiles has an answer.
func FuzzCompile(f *testing.F) {
	f.Fuzz(func(t *testing.T, name, source string) {
		event, exists := catalog.BuiltIn().Lookup(name)
		if !exists {
			event = lookup(t, "invoice.unpaid")
		}
		c, problems := condition.Compile(source, event)
		if (c == nil) != (len(problems) > 0) || len(problems) > 11 {
			t.Fatalf("%v, %v", c, problems)
		}
		for _, p := range problems {
			if p.Message == "" || p.Line < 0 || p.Column < 0 || (p.Line > 0) != (p.Column > 0) {
				t.Errorf("%#v", p)
			}
		}
		if c == nil {
			return
		}
		if _, err := c.Holds(sample(t, event)); err != nil {
			t.Error(err)
		}
	})
}
