package catalog_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
)

var update = flag.Bool("update", false, "write docs/events.md")

const page = "../../docs/events.md"

func TestThePageIsCurrent(t *testing.T) {
	want := catalog.BuiltIn().Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("docs/events.md is stale, write it with: go test ./internal/catalog -update\nwant -, have +:\n%s", diff)
	}
}

func TestOwnEventsCannotBreakThePage(t *testing.T) {
	c, problems := catalog.New([]catalog.Own{{
		Name: "custom.a", Description: "One\n\n## two | `three` <script>",
		Fields: []catalog.OwnField{{Name: "x", Type: catalog.Text, Description: "a | b\nc"}},
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	markdown := c.Markdown()
	for _, want := range []string{
		"| [custom.a](#customa) | One ## two \\| 'three' &lt;script> | General |\n",
		"\n**A.** One ## two \\| 'three' &lt;script>\n",
		"| `data.x` | Text | a \\| b c |\n",
	} {
		if !strings.Contains(markdown, want) {
			t.Errorf("there is no %q in:\n%s", want, markdown)
		}
	}
}

// The schema says of every sample and of many changes of it what CheckPayload says.
func TestJSONSchemaAgreesWithTheCheck(t *testing.T) {
	own, problems := catalog.New([]catalog.Own{{Name: "custom.price", Fields: []catalog.OwnField{
		{Name: "amount", Type: catalog.Money}, {Name: "currency", Type: catalog.Text}, {Name: "factor", Type: catalog.Decimal}, {Name: "at", Type: catalog.Time},
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	price, _ := own.Lookup("custom.price")
	for _, e := range append(builtIn(), price) {
		raw, err := e.JSONSchema()
		if err != nil {
			t.Fatal(err)
		}
		schema := decode(t, raw)
		if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" || schema["title"] != e.Title || schema["description"] != e.Description {
			t.Errorf("%s: schema of\n%s", e.Name, raw)
		}
		example := schema["examples"].([]any)[0]
		if !valid(t, schema, example) {
			t.Errorf("%s: the example is not of the schema:\n%s", e.Name, raw)
		}
		walk("", e.ConditionFields(), func(path string, f catalog.Field, _ []catalog.Field) {
			if f.Type == catalog.Link {
				if lookup(example.(map[string]any), path) != nil || strings.Contains(string(raw), `"`+f.Name+`": {`) {
					t.Errorf("%s: the link %s is in the schema", e.Name, path)
				}
				return
			}
			common := !slices.ContainsFunc(e.Fields, func(f catalog.Field) bool { return strings.HasPrefix(path+".", f.Name+".") })
			if common && !e.ManyAccounts && e.Name != "invoice.unpaid" {
				return // the same in every event
			}
			if !strings.Contains(path, "[]") {
				agrees(t, e, schema, path, f)
			}
		})
	}
}

// agrees changes one field of the sample to anything.
func agrees(t *testing.T, e catalog.Event, schema map[string]any, path string, f catalog.Field) {
	t.Helper()
	values := []any{
		"1.5", "-1.50000", "1e3", "2026-11-21", "2026-11-21T09:00:00+02:00", "https://a.example/b", "https:///b", "EUR", "eur", "Active", "Open",
		json.Number("7"), json.Number("7.5"), true, nil, map[string]any{}, []any{"a"}, make([]any, 1_001),
	}
	if path == "tenant.name" { // once for each type: long texts take long
		values = append(values, strings.Repeat("é", 10_000), strings.Repeat("é", 10_001))
	}
	full, sent := decode(t, e.Sample), decode(t, e.Sample)
	withoutLinks(e.ConditionFields(), sent)
	delete(sent, "recipient")
	inFull, inSent := full, sent
	steps := strings.Split(path, ".")
	last := steps[len(steps)-1]
	for _, step := range steps[:len(steps)-1] {
		inFull, inSent = inFull[step].(map[string]any), inSent[step].(map[string]any)
	}
	if f.Type == catalog.Object && hasLink(f) {
		return // the check misses its link where the schema misses nothing
	}
	judge := func(change string, value any) {
		if bySchema, byCheck := valid(t, schema, sent), len(e.CheckPayload(full)) == 0; bySchema != byCheck {
			t.Errorf("%s: %s %s %.40v: by the schema %v, by CheckPayload %v", e.Name, path, change, value, bySchema, byCheck)
		}
	}
	judge("is", inSent[last])
	for _, value := range values {
		inFull[last], inSent[last] = value, value
		judge("=", value)
	}
	delete(inFull, last)
	delete(inSent, last)
	judge("without", nil)
}

func hasLink(f catalog.Field) bool {
	return slices.ContainsFunc(f.Fields, func(f catalog.Field) bool { return f.Type == catalog.Link })
}

func withoutLinks(fields []catalog.Field, payload map[string]any) {
	for _, f := range fields {
		if f.Type == catalog.Link {
			delete(payload, f.Name)
		}
		if inner, ok := payload[f.Name].(map[string]any); ok {
			withoutLinks(f.Fields, inner)
		}
	}
}

// valid judges by the keywords that our schemas have, and knows no other.
func valid(t *testing.T, schema map[string]any, value any) bool {
	t.Helper()
	ok := true
	for keyword, rule := range schema {
		switch keyword {
		case "$schema", "title", "description", "format", "examples":
		case "type":
			ok = ok && kind(value) == rule
		case "enum":
			ok = ok && slices.Contains(rule.([]any), value)
		case "pattern":
			s, isText := value.(string)
			ok = ok && (!isText || pattern(rule.(string)).MatchString(s))
		case "maxLength":
			s, _ := value.(string)
			ok = ok && utf8.RuneCountInString(s) <= number(t, rule)
		case "maxItems":
			list, _ := value.([]any)
			ok = ok && len(list) <= number(t, rule)
		case "items":
			list, _ := value.([]any)
			for _, element := range list {
				ok = ok && valid(t, rule.(map[string]any), element)
			}
		case "properties":
			object, _ := value.(map[string]any)
			for name, property := range rule.(map[string]any) {
				if v, given := object[name]; given {
					ok = ok && valid(t, property.(map[string]any), v)
				}
			}
		case "required":
			object, _ := value.(map[string]any)
			for _, name := range rule.([]any) {
				_, given := object[name.(string)]
				ok = ok && given
			}
		case "additionalProperties":
			properties := schema["properties"].(map[string]any)
			object, _ := value.(map[string]any)
			for name := range object {
				_, known := properties[name]
				ok = ok && known && rule == false
			}
		default:
			t.Fatalf("unknown keyword %s", keyword)
		}
	}
	return ok
}

var patterns = map[string]*regexp.Regexp{}

func pattern(source string) *regexp.Regexp {
	if patterns[source] == nil {
		patterns[source] = regexp.MustCompile(source)
	}
	return patterns[source]
}

func number(t *testing.T, rule any) int {
	t.Helper()
	n, err := rule.(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func kind(value any) string {
	switch typed := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if _, err := typed.Int64(); err == nil {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return "null"
	}
}
