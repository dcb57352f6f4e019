package template

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
)

// listInJSON is what the function json makes. Nothing takes it, it can only be written.
const listInJSON catalog.Type = "List in JSON"

// jsonList checks the function json, which writes a whole list: with range alone, commas
// cannot be put between elements only.
func (c *checker) jsonList(args []expr, at place) expr {
	list := args[0]
	if made := c.takes("json", listInJSON, at, args, want{catalog.List}); made.typ == "" {
		return made
	}
	if link := linkIn(list.ref.field.Fields); link != "" {
		c.problem(list.pos, "the elements of %s have a Link, %s, which lets in whoever has it: %s", list.text, link, noLink[JSON])
		return expr{}
	}
	return expr{typ: listInJSON}
}

// linkIn finds a Link among the fields of a list's elements.
func linkIn(fields []catalog.Field) string {
	for _, f := range fields {
		if f.Type == catalog.Link {
			return f.Name
		}
		if inner := linkIn(f.Fields); inner != "" {
			return f.Name + "." + inner
		}
	}
	return ""
}

// rawJSON needs no escaping.
type rawJSON string

// writeJSON writes a list as it is in the payload, without what the event does not have.
func writeJSON(list []any) (rawJSON, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(payloadOf(list)); err != nil {
		return "", err
	}
	return rawJSON(strings.TrimSuffix(out.String(), "\n")), nil
}

// payloadOf turns values back into what they were made of.
func payloadOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, inner := range v {
			if name != objectIsThere {
				object[name] = payloadOf(inner)
			}
		}
		return object
	case []any:
		list := slices.Clone(v)
		for i, element := range list {
			list[i] = payloadOf(element)
		}
		return list
	case *value:
		if v.typ == catalog.Integer {
			return json.Number(v.text)
		}
		return v.text
	}
	return v
}
