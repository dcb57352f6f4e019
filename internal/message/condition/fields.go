package condition

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/foyerhq/foyer/internal/catalog"
)

// maxNumber bounds the characters of a decimal number. The bounds of texts and lists are
// those of package catalog: the work that a condition may be is reckoned with them.
const maxNumber = 32

// object is the type of an object of the payload, or of the elements of a list: its name
// for CEL, which cannot be written in a condition, and its fields.
type object struct {
	name   string
	fields map[string]*field
}

type field struct {
	catalog.Field
	path   string // in the payload, as overdue.invoices[].balance
	in     string // the path of its object
	object *object
	cel    *types.FieldType
}

// newObject makes the types of an object, and of all objects in it.
func newObject(path string, declared []catalog.Field) *object {
	o := &object{name: "@" + path, fields: make(map[string]*field, len(declared))}
	for _, d := range declared {
		f := &field{Field: d, path: joined(path, d.Name), in: path}
		switch d.Type {
		case catalog.Object:
			f.object = newObject(f.path, d.Fields)
		case catalog.List:
			f.object = newObject(f.path+"[]", d.Fields)
		}
		f.cel = &types.FieldType{Type: f.celType(), IsSet: f.isSet, GetFrom: f.from}
		o.fields[d.Name] = f
	}
	return o
}

// spreadOptional makes the fields optional of an object that is. has() asks for a field of
// an object, so nobody can ask for an object of the payload itself.
func (f *field) spreadOptional() {
	if f.Optional && f.object != nil {
		for _, inner := range f.object.fields {
			inner.Optional = true
		}
	}
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (f *field) celType() *cel.Type {
	switch f.Type {
	case catalog.Integer:
		return cel.IntType
	case catalog.Decimal, catalog.Money:
		return cel.DoubleType
	case catalog.Date, catalog.Time:
		return cel.TimestampType
	case catalog.Boolean:
		return cel.BoolType
	case catalog.Object:
		return cel.ObjectType(f.object.name)
	case catalog.List:
		return cel.ListType(cel.ObjectType(f.object.name))
	default:
		return cel.StringType
	}
}

func (f *field) isSet(parent any) bool {
	fields, _ := parent.(map[string]any)
	return fields[f.Name] != nil
}

// from reads the field out of the JSON of its object. It alone looks at the payload, so
// that only the fields that a condition needs are looked at.
func (f *field) from(parent any) (any, error) {
	fields, ok := parent.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", f.in)
	}
	value := fields[f.Name]
	if value == nil {
		return nil, fmt.Errorf("%s is missing", f.path)
	}
	if read, ok := f.read(value); ok {
		return read, nil
	}
	return nil, fmt.Errorf("%s is not %s", f.path, f.form())
}

func (f *field) read(value any) (any, bool) {
	switch f.Type {
	case catalog.Object:
		fields, ok := value.(map[string]any)
		return fields, ok
	case catalog.List:
		elements, ok := value.([]any)
		return elements, ok && len(elements) <= catalog.MaxList
	case catalog.Boolean:
		yes, ok := value.(bool)
		return types.Bool(yes), ok
	case catalog.Integer:
		return readInteger(value)
	}
	text, ok := value.(string)
	if !ok {
		return nil, false
	}
	return f.readText(text)
}

func (f *field) readText(text string) (ref.Val, bool) {
	switch f.Type {
	case catalog.Decimal, catalog.Money:
		number, err := strconv.ParseFloat(text, 64)
		// ParseFloat takes more than decimals, as 0x1p-2 and Inf.
		return types.Double(number), err == nil && len(text) <= maxNumber && strings.Trim(text, "-.0123456789") == ""
	case catalog.Date:
		day, err := time.Parse(time.DateOnly, text)
		return types.Timestamp{Time: day}, err == nil
	case catalog.Time:
		moment, err := time.Parse(time.RFC3339, text)
		return types.Timestamp{Time: moment}, err == nil
	default:
		return types.String(text), len(text) <= catalog.MaxText || utf8.RuneCountInString(text) <= catalog.MaxText
	}
}

// readInteger reads a number of JSON, decoded with UseNumber or without.
func readInteger(value any) (ref.Val, bool) {
	switch number := value.(type) {
	case json.Number:
		i, err := number.Int64()
		return types.Int(i), err == nil
	case float64:
		return types.Int(int64(number)), math.Trunc(number) == number && math.Abs(number) < 1<<63
	}
	return nil, false
}

func (f *field) form() string {
	switch f.Type {
	case catalog.Integer:
		return "a whole number"
	case catalog.Decimal, catalog.Money:
		return `a decimal number in quotes, as "12.50"`
	case catalog.Date:
		return `a date, as "2026-11-21"`
	case catalog.Time:
		return `a time in RFC 3339, as "2026-11-21T09:00:00Z"`
	case catalog.Boolean:
		return "true or false"
	case catalog.Object:
		return "an object"
	case catalog.List:
		return fmt.Sprintf("a list of at most %d objects", catalog.MaxList)
	default:
		return fmt.Sprintf("a text of at most %d characters", catalog.MaxText)
	}
}
