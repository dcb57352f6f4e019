package integration

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/settings"
)

// The rules of a field are its tags, the same that the OpenAPI document is made of:
//
//	json       a field without omitempty or omitzero is required: there, not null, and
//	           a text not empty
//	maxLength, minLength, pattern (with patternDescription), enum
//	format     date, date-time, decimal, currency, email, uri (https): see formats.go
//	minimum, maximum
//	minItems, maxItems, uniqueItems; the others are then those of each item
//	readOnly   the server's own: accepted and ignored
//	lines      text that may have more than one line
//
// Text has no control characters and no space around it. An empty one is left out, but in
// the settings of an account it is refused: there null inherits. A field of type [Optional]
// knows null from left out; for every other one null is left out. A type with a method
// Validate, as settings.Attributes, brings its own rules.

// rule reads one JSON value. It returns what is not allowed, by fields below the value;
// an error only for what is not JSON.
type rule func(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error)

// object is how a struct is read.
type object struct {
	fields   []field
	byName   map[string]int
	validate bool // it has rules of its own
}

type field struct {
	name     string
	index    []int
	required bool
	readOnly bool
	optional bool         // knows null
	text     bool         // a text: if it is required, it is not empty
	filled   bool         // a text of a layer of settings: it has a value, or is not there
	object   reflect.Type // of a nested object; nil: it is none
	read     rule
}

// validator is a type with rules that tags cannot say.
type validator interface{ Validate() []settings.Problem }

// optionalField is what fields of type Optional offer.
type optionalField interface{ innerType() reflect.Type }

var (
	objects sync.Map // reflect.Type -> *object
	rules   sync.Map // reflect.Type -> rule
)

func rulesOf(t reflect.Type) rule {
	if known, ok := rules.Load(t); ok {
		return known.(rule) //nolint:forcetypeassert // the map has no others
	}
	compiled := objectOf(t).read
	rules.Store(t, rule(compiled))
	return compiled
}

func objectOf(t reflect.Type) *object {
	if known, ok := objects.Load(t); ok {
		return known.(*object) //nolint:forcetypeassert // the map has no others
	}
	o := &object{byName: map[string]int{}, validate: t.Implements(reflect.TypeFor[validator]())}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		o.byName[name] = len(o.fields)
		made := newField(f, name, strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"))
		made.filled = t.PkgPath() == reflect.TypeFor[settings.Attributes]().PkgPath()
		o.fields = append(o.fields, made)
	}
	if len(o.fields) > 64 {
		panic("integration: " + t.String() + " has more fields than can be counted")
	}
	objects.Store(t, o)
	return o
}

func newField(f reflect.StructField, name string, omitted bool) field {
	inner := f.Type
	if optional, ok := reflect.Zero(f.Type).Interface().(optionalField); ok {
		inner = optional.innerType()
	}
	made := field{
		name: name, index: f.Index, required: !omitted, readOnly: f.Tag.Get("readOnly") == "true",
		optional: inner != f.Type, text: f.Type.Kind() == reflect.String, read: ruleOf(inner, f.Tag),
	}
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
		made.object = inner
	}
	return made
}

// reading is what is known of an object that is being read.
type reading struct {
	problems    []FieldProblem
	seen, given uint64 // bits of fields; null is seen, but not given
}

// read reads an object and everything below it.
func (o *object) read(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	if d.PeekKind() != '{' {
		return notA("an object", d)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var r reading
	for d.PeekKind() != '}' {
		if err := o.readMember(d, into, &r); err != nil {
			return nil, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for i := range o.fields {
		if f := &o.fields[i]; f.required && !f.readOnly && r.given&(1<<i) == 0 {
			r.problems = append(r.problems, FieldProblem{f.name, "required", "is missing"})
		}
	}
	if o.validate && r.problems == nil {
		r.problems = validated(into)
	}
	return r.problems, nil
}

// readMember reads one name and its value.
func (o *object) readMember(d *jsontext.Decoder, into reflect.Value, r *reading) error {
	name, err := readName(d)
	if err != nil {
		return err
	}
	i, known := o.byName[string(name)]
	var problems []FieldProblem
	switch {
	case len(r.problems) > maxProblems: // enough is told
		return d.SkipValue()
	case !known:
		text := string(name)
		r.problems = appendNested(r.problems, shorten(text), o.unknown(text))
		return d.SkipValue()
	case r.seen&(1<<i) != 0:
		problems, err = twice, d.SkipValue()
	default:
		r.seen |= 1 << i
		if d.PeekKind() != 'n' {
			r.given |= 1 << i
		}
		problems, err = o.fields[i].readInto(d, into)
	}
	r.problems = appendNested(r.problems, o.fields[i].name, problems)
	return err
}

// readInto reads the field of an object.
func (f *field) readInto(d *jsontext.Decoder, object reflect.Value) ([]FieldProblem, error) {
	if f.readOnly {
		return nil, d.SkipValue()
	}
	into := object.Field(f.index[0])
	if len(f.index) > 1 {
		into = object.FieldByIndex(f.index)
	}
	null := d.PeekKind() == 'n'
	if f.optional {
		into.Field(0).SetBool(true)
		into.Field(1).SetBool(null)
		into = into.Field(2)
	}
	if null {
		return nil, d.SkipValue()
	}
	problems, err := f.read(d, into)
	if f.text && problems == nil && err == nil && into.Len() == 0 {
		switch {
		case f.required:
			problems = one("required", "is missing")
		case f.filled:
			problems = one("minLength", "must not be empty: null, or leaving it out, inherits it")
		}
	}
	return problems, err
}

func (o *object) unknown(name string) []FieldProblem {
	var names []string
	for _, f := range o.fields {
		if !f.readOnly {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return one("additionalProperties", "is not a known field")
	}
	return one("additionalProperties", "is not a known field, the nearest is %s; allowed are %s", catalog.Nearest(name, names)[0], strings.Join(names, ", "))
}

var twice = one("uniqueItems", "is there twice")

func validated(value reflect.Value) []FieldProblem {
	var problems []FieldProblem
	for _, p := range value.Interface().(validator).Validate() { //nolint:forcetypeassert // its object says so
		problems = append(problems, FieldProblem{p.Field, "allowed", p.Message})
	}
	return problems
}

// appendNested adds the problems of a field or of an item.
func appendNested(problems []FieldProblem, name string, nested []FieldProblem) []FieldProblem {
	for _, p := range nested {
		switch {
		case p.Field == "" || p.Field[0] == '[':
			p.Field = name + p.Field
		default:
			p.Field = name + "." + p.Field
		}
		problems = append(problems, p)
	}
	return problems
}

func one(rule, format string, args ...any) []FieldProblem {
	return []FieldProblem{{Rule: rule, Message: fmt.Sprintf(format, args...)}}
}
