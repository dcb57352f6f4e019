package integration

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The rules of a field are its tags, the same that the OpenAPI document is made of:
//
//	json       a field without omitempty or omitzero is required (not empty, not null)
//	maxLength, minLength, pattern, enum, format (date, date-time, uri, email)
//	minimum, maximum, maxItems
//	readOnly   the server's own: accepted and ignored
//	lines      text that may have more than one line
//
// Every text has no control characters and no space around it.
type rules struct{ fields []fieldRule }

type fieldRule struct {
	index    []int
	name     string
	required bool
	check    func(reflect.Value) []FieldProblem // nil: nothing to check
}

var compiledRules sync.Map // reflect.Type -> *rules

func rulesOf(t reflect.Type) *rules {
	if known, ok := compiledRules.Load(t); ok {
		return known.(*rules)
	}
	compiled := &rules{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" || f.Tag.Get("readOnly") == "true" {
			continue
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		compiled.fields = append(compiled.fields, fieldRule{f.Index, name, !optional, checkOf(f.Type, f.Tag)})
	}
	compiledRules.Store(t, compiled)
	return compiled
}

func (r *rules) check(value reflect.Value) []FieldProblem {
	var problems []FieldProblem
	for _, f := range r.fields {
		field := value.FieldByIndex(f.index)
		if field.IsZero() {
			if f.required && field.Kind() != reflect.Bool {
				problems = append(problems, FieldProblem{f.name, "required", "is missing"})
			}
			continue
		}
		if f.check == nil {
			continue
		}
		for _, p := range f.check(field) {
			p.Field = joinField(f.name, p.Field)
			problems = append(problems, p)
		}
	}
	return problems
}

func joinField(name, nested string) string {
	if nested == "" || strings.HasPrefix(nested, "[") {
		return name + nested
	}
	return name + "." + nested
}

// optionalValue is what fields of type Optional offer.
type optionalValue interface{ inner() (reflect.Value, bool) }

func checkOf(t reflect.Type, tag reflect.StructTag) func(reflect.Value) []FieldProblem {
	if t.Implements(reflect.TypeFor[optionalValue]()) {
		element := checkOf(reflect.Zero(t).Interface().(interface{ innerType() reflect.Type }).innerType(), tag)
		return func(v reflect.Value) []FieldProblem {
			inner, given := v.Interface().(optionalValue).inner()
			if !given || element == nil {
				return nil
			}
			return element(inner)
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		element := checkOf(t.Elem(), tag)
		return func(v reflect.Value) []FieldProblem {
			if v.IsNil() || element == nil {
				return nil
			}
			return element(v.Elem())
		}
	case reflect.String:
		return textRules(tag)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return numberRules(tag)
	case reflect.Slice:
		return listRules(t, tag)
	case reflect.Struct:
		return func(v reflect.Value) []FieldProblem { return rulesOf(t).check(v) }
	}
	return nil
}

func textRules(tag reflect.StructTag) func(reflect.Value) []FieldProblem {
	least, most := number(tag, "minLength", 0), number(tag, "maxLength", MaxLineBytes)
	var pattern *regexp.Regexp
	if p := tag.Get("pattern"); p != "" {
		pattern = regexp.MustCompile(p)
	}
	var allowed []string
	if e := tag.Get("enum"); e != "" {
		allowed = strings.Split(e, ",")
	}
	format, lines := formats[tag.Get("format")], tag.Get("lines") == "true"
	described := tag.Get("patternDescription")
	return func(v reflect.Value) []FieldProblem {
		text := v.String()
		length := int64(utf8.RuneCountInString(text))
		switch {
		case length > most:
			return one("maxLength", "is longer than %d characters", most)
		case length < least:
			return one("minLength", "is shorter than %d characters", least)
		case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && (!lines || r != '\n') }):
			return one("pattern", "must not contain control characters")
		case strings.TrimSpace(text) != text:
			return one("pattern", "must not begin or end with a space")
		case allowed != nil && !slices.Contains(allowed, text):
			return one("enum", "%q is not allowed, allowed are %s", shorten(text), strings.Join(allowed, ", "))
		case pattern != nil && !pattern.MatchString(text):
			return one("pattern", "%q is not allowed, allowed is %s", shorten(text), described)
		case format != nil:
			if problem := format(text); problem != "" {
				return one("format", "%q %s", shorten(text), problem)
			}
		}
		return nil
	}
}

func numberRules(tag reflect.StructTag) func(reflect.Value) []FieldProblem {
	least, most := number(tag, "minimum", -1<<53), number(tag, "maximum", 1<<53)
	return func(v reflect.Value) []FieldProblem {
		switch n := v.Int(); {
		case n < least:
			return one("minimum", "%d is less than %d", n, least)
		case n > most:
			return one("maximum", "%d is more than %d", n, most)
		}
		return nil
	}
}

func listRules(t reflect.Type, tag reflect.StructTag) func(reflect.Value) []FieldProblem {
	most := number(tag, "maxItems", 1000)
	unique := tag.Get("uniqueItems") == "true"
	element := checkOf(t.Elem(), tag)
	return func(v reflect.Value) []FieldProblem {
		if int64(v.Len()) > most {
			return one("maxItems", "has %d items, allowed are at most %d", v.Len(), most)
		}
		var problems []FieldProblem
		seen := map[any]bool{}
		for i := range v.Len() {
			item := v.Index(i)
			if unique && seen[item.Interface()] {
				problems = append(problems, one("uniqueItems", "has %q twice", item.Interface())...)
			}
			if unique {
				seen[item.Interface()] = true
			}
			if element == nil {
				continue
			}
			for _, p := range element(item) {
				p.Field = joinField(fmt.Sprintf("[%d]", i), p.Field)
				problems = append(problems, p)
			}
		}
		return problems
	}
}

func one(rule, format string, args ...any) []FieldProblem {
	return []FieldProblem{{Rule: rule, Message: fmt.Sprintf(format, args...)}}
}

func number(tag reflect.StructTag, key string, otherwise int64) int64 {
	text := tag.Get(key)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("integration: tag " + key + " is not a number: " + text)
	}
	return n
}

// formats are the checks of tag format; the answer is what is wrong.
var formats = map[string]func(string) string{
	"date": func(text string) string {
		if _, err := ParseDate(text); err != nil {
			return err.Error()
		}
		return ""
	},
}

// fieldNames lists the fields of the object in which a pointer's last name is.
func fieldNames(in reflect.Type, pointer jsontext.Pointer) []string {
	for token := range pointer.Parent().Tokens() {
		in = fieldType(in, token)
	}
	for in != nil && (in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice) {
		in = in.Elem()
	}
	var names []string
	if in == nil || in.Kind() != reflect.Struct {
		return names
	}
	for _, f := range reflect.VisibleFields(in) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" && f.Tag.Get("readOnly") != "true" {
			names = append(names, name)
		}
	}
	return names
}

// fieldType is the type of a field of a struct or of an element of a list.
func fieldType(in reflect.Type, token string) reflect.Type {
	for in != nil && in.Kind() == reflect.Pointer {
		in = in.Elem()
	}
	if in == nil {
		return nil
	}
	if in.Implements(reflect.TypeFor[optionalValue]()) {
		return fieldType(reflect.Zero(in).Interface().(interface{ innerType() reflect.Type }).innerType(), token)
	}
	switch in.Kind() {
	case reflect.Slice:
		return in.Elem()
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(in) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == token {
				return f.Type
			}
		}
	}
	return nil
}

// wanted says what a Go type wants to see in JSON.
func wanted(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return "an object"
}

func kindName(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	case '0':
		return "a number"
	}
	return "something else"
}
