package backoffice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// curl is a request to an operation that can be pasted into a shell.
func (d docsOf) curl(o *huma.Operation) string {
	address := o.Path
	for _, p := range o.Parameters {
		if p.In == "path" {
			address = strings.ReplaceAll(address, "{"+p.Name+"}", fmt.Sprint(d.value(p.Name, p.Schema, 0)))
		}
	}
	var b strings.Builder
	b.WriteString("curl")
	if o.Method != http.MethodGet {
		b.WriteString(" -X " + o.Method)
	}
	fmt.Fprintf(&b, " \"$FOYER_API%s\" \\\n  -H \"Authorization: Bearer $FOYER_TOKEN\"", address)
	if o.RequestBody == nil {
		return b.String()
	}
	types := slices.Sorted(maps.Keys(o.RequestBody.Content))
	fmt.Fprintf(&b, " \\\n  -H \"Content-Type: %s\"", types[0])
	schema := o.RequestBody.Content[types[0]].Schema
	if objectOf(schema) == "" {
		fmt.Fprintf(&b, " \\\n  --data-binary @%s", fileOf(o, types[0]))
		return b.String()
	}
	fmt.Fprintf(&b, " \\\n  -d '%s'", indented(d.value("", schema, 0)))
	return b.String()
}

// fileOf names the file of a body that is not JSON.
func fileOf(o *huma.Operation, media string) string {
	_, kind, _ := strings.Cut(media, "/")
	return o.Path[strings.LastIndex(o.Path, "/")+1:] + "." + strings.TrimPrefix(kind, "x-")
}

func indented(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("  ", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err) // made of strings, numbers, lists and maps
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "'", `'\''`)
}

// exampleDepth bounds how deep an example goes.
const exampleDepth = 4

// value is an example of a schema. Fields that the server writes itself are left out.
func (d docsOf) value(name string, s *huma.Schema, depth int) any {
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Ref != "":
		return d.value(name, d.document.Components.Schemas.SchemaFromRef(s.Ref), depth)
	case len(s.AnyOf) > 0:
		return d.value(name, s.AnyOf[0], depth)
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeArray && s.Items != nil:
		return []any{d.value(strings.TrimSuffix(name, "s"), s.Items, depth+1)}
	case len(s.Properties) > 0:
		return d.object(s, depth)
	case s.Type == huma.TypeBoolean:
		return true
	case s.Type == huma.TypeInteger:
		if s.Minimum != nil && *s.Minimum > 1 {
			return int64(*s.Minimum)
		}
		return 1
	case s.Type == huma.TypeObject:
		return map[string]any{}
	}
	return exampleText(name, s)
}

func (d docsOf) object(s *huma.Schema, depth int) map[string]any {
	example := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		needed := slices.Contains(s.Required, name) || (len(s.Required) == 0 && len(example) < 2)
		if !property.ReadOnly && name != "id" && depth < exampleDepth && needed {
			example[name] = d.value(name, property, depth+1)
		}
	}
	return example
}

// exampleText is an example by the name of a field and by its format.
func exampleText(name string, s *huma.Schema) string {
	switch s.Format {
	case "date":
		return "2026-11-22"
	case "date-time":
		return "2026-11-22T10:00:00Z"
	case "uri":
		return "https://billing.example/pay/1"
	case "email":
		return "ada@example.com"
	}
	known := map[string]string{
		"accountId": "10042", "id": "K-1", "name": "Home", "number": "2026-0042", "currency": "EUR", "scope": "accounts:read",
		"amount": "49.90", "total": "49.90", "balance": "49.90", "price": "49.90", "subject": "No dial tone", "text": "Since this morning.",
		"description": "Internet 100", "author": "Support", "firstName": "Ada", "lastName": "Adams", "email": "ada@example.com",
	}
	if text, ok := known[name]; ok {
		return text
	}
	return "text"
}
