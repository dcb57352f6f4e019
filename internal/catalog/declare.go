package catalog

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The makers of fields: name, sample, description.

func text(name, sample, description string) Field {
	return Field{Name: name, Type: Text, Sample: quote(sample), Description: description}
}

// oneOf is a text of which only some values exist.
func oneOf(name, sample, description string, values ...string) Field {
	return Field{Name: name, Type: Text, Sample: quote(sample), Description: description, Values: values}
}

func integer(name string, sample int, description string) Field {
	return Field{Name: name, Type: Integer, Sample: strconv.Itoa(sample), Description: description}
}

func money(name, sample, description string) Field {
	return Field{Name: name, Type: Money, Sample: quote(sample), Description: description}
}

// currency is beside every amount of the built-in types.
func currency() Field {
	return text("currency", "EUR", "The ISO 4217 code of the amounts beside it.")
}

func date(name, sample, description string) Field {
	return Field{Name: name, Type: Date, Sample: quote(sample), Description: description}
}

func moment(name, sample, description string) Field {
	return Field{Name: name, Type: Time, Sample: quote(sample), Description: description}
}

func boolean(name string, sample bool, description string) Field {
	return Field{Name: name, Type: Boolean, Sample: strconv.FormatBool(sample), Description: description}
}

func address(name, sample, description string) Field {
	return Field{Name: name, Type: URL, Sample: quote(sample), Description: description}
}

func link(name, sample, description string) Field {
	return Field{Name: name, Type: Link, Sample: quote(sample), Description: description}
}

func object(name, description string, fields ...Field) Field {
	return Field{Name: name, Type: Object, Description: description, Fields: fields}
}

func list(name, description string, fields ...Field) Field {
	return Field{Name: name, Type: List, Description: description, Fields: fields}
}

func optional(f Field) Field {
	f.Optional = true
	return f
}

// withSample makes the sample of an event from those of its fields, in their order.
func (e Event) withSample() Event {
	e.Sample = indent(objectSample(e.TemplateFields()))
	return e
}

func (f Field) sample() string {
	switch {
	case f.Sample != "":
		return f.Sample
	case f.Type == List:
		return "[" + objectSample(f.Fields) + "]"
	default:
		return objectSample(f.Fields)
	}
}

func objectSample(fields []Field) string {
	var out bytes.Buffer
	for i, f := range fields {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(quote(f.Name) + ":" + f.sample())
	}
	return "{" + out.String() + "}"
}

// quote writes a text as JSON, with < and & as they are, because people read samples.
func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("a string cannot be written as JSON: " + err.Error()) // encoding/json has no such string
	}
	return string(bytes.TrimRight(out.Bytes(), "\n"))
}

func indent(compact string) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(compact), "", "  "); err != nil {
		panic("a sample in the catalogue is not JSON: " + err.Error()) // ours, and in a test
	}
	return out.Bytes()
}
