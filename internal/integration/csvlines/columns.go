package csvlines

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/foyerhq/foyer/internal/integration"
)

// form is how a cell becomes a value.
type form int

const (
	asText form = iota
	asNumber
	asWholeNumber
	asBoolean
	asTexts  // a list of texts, separated by semicolons
	asCustom // a list of {name, value}: the column has the name
	asObject // a list of objects or what has any form: not in a cell
)

// field is one thing that a line can hold, by its path as user.username.
type field struct {
	path      string
	form      form
	clearable bool // null is not the same as left out
}

// lineTypes are the types of the lines of each kind.
var lineTypes = map[integration.Kind]reflect.Type{
	integration.Groups:   reflect.TypeFor[integration.Group](),
	integration.Products: reflect.TypeFor[integration.Product](),
	integration.Accounts: reflect.TypeFor[integration.Account](),
	integration.Contacts: reflect.TypeFor[integration.Contact](),
	integration.Invoices: reflect.TypeFor[integration.Invoice](),
	integration.Payments: reflect.TypeFor[integration.Payment](),
	integration.Calls:    reflect.TypeFor[integration.Call](),
}

// columnNames lists what a file of a kind can have, in the order of the line's fields.
func columnNames(kind integration.Kind) []string {
	var names []string
	for _, f := range fieldsOf(kind) {
		switch f.form {
		case asObject:
		case asCustom:
			names = append(names, f.path+".NAME")
		default:
			names = append(names, f.path)
		}
	}
	return names
}

// fieldsOf lists what a line of a kind can hold. Of an account a field that is left out
// stays as it is, so that null, which clears it, is another thing; of other kinds a line
// is all there is, and both are the same.
func fieldsOf(kind integration.Kind) []field {
	fields := appendFields(nil, lineTypes[kind], "")
	for i := range fields {
		fields[i].clearable = kind == integration.Accounts && fields[i].path != "id"
	}
	return fields
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// appendFields adds the fields of a struct, and of the structs in it, but for those that
// only the server writes.
func appendFields(fields []field, structure reflect.Type, prefix string) []field {
	for i := range structure.NumField() {
		f := structure.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch how := formOf(inner); {
		case name == "-", f.Tag.Get("readOnly") == "true":
		case f.Anonymous && name == "":
			fields = appendFields(fields, inner, prefix)
		case how == asObject && inner.Kind() == reflect.Struct:
			fields = appendFields(fields, inner, prefix+name+".")
		default:
			fields = append(fields, field{path: prefix + name, form: how})
		}
	}
	return fields
}

func formOf(t reflect.Type) form {
	if t.Implements(textMarshaler) {
		return asText
	}
	switch t.Kind() {
	case reflect.String:
		return asText
	case reflect.Bool:
		return asBoolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return asWholeNumber
	case reflect.Float32, reflect.Float64:
		return asNumber
	case reflect.Slice:
		return formOfList(t)
	case reflect.Struct:
		if t.Implements(jsonMarshaler) {
			return asText // of an own form, which is no object
		}
	}
	return asObject
}

func formOfList(list reflect.Type) form {
	item := list.Elem()
	if item.Kind() == reflect.String {
		return asTexts
	}
	if item.Kind() != reflect.Struct || item.NumField() != 2 {
		return asObject
	}
	if item.Field(0).Tag.Get("json") == "name" && item.Field(1).Tag.Get("json") == "value" {
		return asCustom
	}
	return asObject
}

// UnknownColumnError is a column that a line of the kind has no field for.
type UnknownColumnError struct {
	Column string
	Kind   integration.Kind
	Known  []string // every column that there is
}

func (e *UnknownColumnError) Error() string {
	return fmt.Sprintf("column %q is not known, %s can have: %s", e.Column, e.Kind, strings.Join(e.Known, ", "))
}

// column is a column of the file.
type column struct {
	field
	title string // as written in the file
	name  string // of the provider's own attribute
}

// columnFor finds the field that a title names; capitals do not matter.
func columnFor(kind integration.Kind, title string) (column, error) {
	for _, f := range fieldsOf(kind) {
		switch {
		case f.form == asObject && strings.EqualFold(firstPart(title, f.path), f.path):
			return column{}, fmt.Errorf("column %q cannot be a cell, because it is no single value or list of texts: send these lines as NDJSON", title)
		case f.form == asCustom:
			prefix := firstPart(title, f.path)
			if strings.EqualFold(prefix, f.path) && len(title) > len(prefix)+1 {
				return column{f, title, title[len(prefix)+1:]}, nil
			}
		case strings.EqualFold(title, f.path):
			return column{f, title, ""}, nil
		}
	}
	return column{}, &UnknownColumnError{title, kind, columnNames(kind)}
}

// firstPart is the beginning of a title that is as long as path and ends before a dot, or
// the whole title.
func firstPart(title, path string) string {
	if len(title) > len(path) && title[len(path)] == '.' {
		return title[:len(path)]
	}
	return title
}
