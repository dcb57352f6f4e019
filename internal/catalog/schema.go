package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schema is the part of JSON Schema that payloads need. The order of its fields is that
// in which people read them.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type"`
	Format      string             `json:"format,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	MaxLength   int                `json:"maxLength,omitempty"`
	MaxItems    int                `json:"maxItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  *bool              `json:"additionalProperties,omitempty"`
	Examples    []json.RawMessage  `json:"examples,omitempty"`
}

// JSONSchema describes the data of the event's CloudEvents, in draft 2020-12: the
// payload without the recipient and without links, which are made only when a message
// is rendered and never leave in another way.
func (e Event) JSONSchema() ([]byte, error) {
	fields := withoutLinks(e.ConditionFields())
	s := objectSchema(fields)
	s.Dialect = "https://json-schema.org/draft/2020-12/schema"
	s.Title = e.Title
	s.Description = e.Description
	s.Examples = []json.RawMessage{json.RawMessage(objectSample(fields))}

	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return nil, fmt.Errorf("write the JSON schema of %s: %w", e.Name, err)
	}
	return out.Bytes(), nil
}

func withoutLinks(fields []Field) []Field {
	kept := make([]Field, 0, len(fields))
	for _, f := range fields {
		if f.Type == Link {
			continue
		}
		f.Fields = withoutLinks(f.Fields)
		kept = append(kept, f)
	}
	return kept
}

func objectSchema(fields []Field) *schema {
	closed := false
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: &closed}
	for _, f := range fields {
		s.Properties[f.Name] = f.schema(fields)
		if !f.Optional {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

func (f Field) schema(beside []Field) *schema {
	s := &schema{Type: "string"}
	switch f.Type {
	case Object:
		s = objectSchema(f.Fields)
	case List:
		s = &schema{Type: "array", MaxItems: MaxList, Items: objectSchema(f.Fields)}
	case Boolean:
		s.Type = "boolean"
	case Integer:
		s.Type = "integer"
	default:
		form := forms[f.Type]
		s.Format, s.Enum, s.MaxLength = form.format, f.Values, form.longest
		switch {
		case isCurrency(f, beside):
			s.Pattern, s.MaxLength = currencyPattern.String(), 0
		case len(f.Values) > 0:
			s.MaxLength = 0
		case form.pattern != nil:
			s.Pattern = form.pattern.String()
		}
	}
	s.Description = f.Description
	return s
}
