package integration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// notA reads a value of the wrong type.
func notA(wanted string, d *jsontext.Decoder) ([]FieldProblem, error) {
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	return wrongType(wanted, raw), nil
}

func wrongType(wanted string, raw jsontext.Value) []FieldProblem {
	kinds := map[jsontext.Kind]string{'{': "an object", '[': "a list", '"': "a string", 't': "true", 'f': "false", 'n': "null", '0': "a number"}
	return one("type", "must be %s, but is %s", wanted, kinds[raw.Kind()])
}

// ruleOf is the rule of a type with the tags of its field.
func ruleOf(t reflect.Type, tag reflect.StructTag) rule {
	if t == reflect.TypeFor[time.Time]() {
		return readTime
	}
	switch t.Kind() {
	case reflect.Pointer:
		element := ruleOf(t.Elem(), tag)
		return func(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
			into.Set(reflect.New(t.Elem()))
			return element(d, into.Elem())
		}
	case reflect.String:
		return newTextRule(tag).read
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int32, reflect.Int64:
		return numberRule(tag)
	case reflect.Slice:
		if t != reflect.TypeFor[json.RawMessage]() {
			return newListRule(t, tag).read
		}
	case reflect.Struct:
		return objectOf(t).read
	}
	return readAny
}

// readAny is for what has no rules but those of its type, as maps.
func readAny(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	if err := jsonv2.Unmarshal(raw, into.Addr().Interface()); err != nil {
		into.SetZero()
		return wrongType("another value", raw), nil
	}
	return nil, nil
}

func readBool(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	kind := d.PeekKind()
	if kind != 't' && kind != 'f' {
		return notA("true or false", d)
	}
	into.SetBool(kind == 't')
	return nil, d.SkipValue()
}

func numberRule(tag reflect.StructTag) rule {
	least, most := number(tag, "minimum", -1<<53), number(tag, "maximum", 1<<53)
	return func(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
		if d.PeekKind() != '0' {
			return notA("a whole number", d)
		}
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		switch {
		case err != nil:
			return one("type", "must be a whole number, but is %s", shorten(string(raw))), nil
		case n < least:
			return one("minimum", "%d is less than %d", n, least), nil
		case n > most || into.OverflowInt(n):
			return one("maximum", "%d is more than %d", n, most), nil
		}
		into.SetInt(n)
		return nil, nil
	}
}

// number is a tag that is a whole number.
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

type listRule struct {
	least, most int64
	unique      bool
	element     rule
}

func newListRule(t reflect.Type, tag reflect.StructTag) *listRule {
	return &listRule{number(tag, "minItems", 0), number(tag, "maxItems", 1000), tag.Get("uniqueItems") == "true", ruleOf(t.Elem(), tag)}
}

func (l *listRule) read(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	if d.PeekKind() != '[' {
		return notA("a list", d)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	list := reflect.MakeSlice(into.Type(), 0, 0)
	var problems []FieldProblem
	count := int64(0)
	for ; d.PeekKind() != ']'; count++ {
		if count >= l.most || len(problems) > maxProblems {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		nested, err := l.item(d, &list)
		if err != nil {
			return nil, err
		}
		problems = appendNested(problems, fmt.Sprintf("[%d]", count), nested)
	}
	_, err := d.ReadToken()
	into.Set(list)
	switch {
	case count > l.most:
		problems = append(problems, one("maxItems", "has %d items, allowed are at most %d", count, l.most)...)
	case count < l.least:
		problems = append(problems, one("minItems", "has %d items, needed are at least %d", count, l.least)...)
	}
	return problems, err
}

func (l *listRule) item(d *jsontext.Decoder, list *reflect.Value) ([]FieldProblem, error) {
	item := reflect.New(list.Type().Elem()).Elem()
	problems, err := l.element(d, item)
	if problems != nil || err != nil {
		return problems, err
	}
	if item.Kind() == reflect.String && item.Len() == 0 {
		return one("minLength", "must not be empty"), nil
	}
	if l.unique {
		for i := range list.Len() {
			if list.Index(i).Equal(item) {
				return one("uniqueItems", "%q is there twice", fmt.Sprint(item)), nil
			}
		}
	}
	*list = reflect.Append(*list, item)
	return nil, nil
}

type textRule struct {
	least, most    int
	lines          bool
	allowed        []string
	pattern        *regexp.Regexp
	patternMeaning string
	format         func(string) string
	decimal        bool
}

func newTextRule(tag reflect.StructTag) *textRule {
	r := &textRule{
		least: int(number(tag, "minLength", 0)), most: int(number(tag, "maxLength", MaxLineBytes)), lines: tag.Get("lines") == "true",
		patternMeaning: tag.Get("patternDescription"), decimal: tag.Get("format") == "decimal",
	}
	if p := tag.Get("pattern"); p != "" {
		r.pattern = regexp.MustCompile(p)
	}
	if e := tag.Get("enum"); e != "" {
		r.allowed = strings.Split(e, ",")
	}
	if f := tag.Get("format"); f != "" {
		if r.format = formats[f]; r.format == nil {
			panic("integration: there is no format " + f)
		}
	}
	return r
}

func (r *textRule) read(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	kind := d.PeekKind()
	raw, err := d.ReadValue()
	switch {
	case err != nil:
		return nil, err
	case kind == '0' && r.decimal:
		return one("type", "must be a string, not a number, which may lose digits on the way: %s", decimalAllowed), nil
	case kind != '"':
		return wrongType("a string", raw), nil
	}
	text, err := unquoted(raw)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, nil
	}
	value := string(text)
	if problem := r.check(value); problem != nil {
		return problem, nil
	}
	into.SetString(value)
	return nil, nil
}

func (r *textRule) check(text string) []FieldProblem {
	if len(text) > r.most || r.least > 0 { // there are no more characters than bytes
		switch length := utf8.RuneCountInString(text); {
		case length > r.most:
			return one("maxLength", "is longer than %d characters", r.most)
		case length < r.least:
			return one("minLength", "is shorter than %d characters", r.least)
		}
	}
	switch {
	case !r.plain(text):
		return one("pattern", "must not contain control characters")
	case spaceAround(text):
		return one("pattern", "must not begin or end with a space")
	case r.allowed != nil && !slices.Contains(r.allowed, text):
		return one("enum", "%q is not allowed, allowed are %s", shorten(text), strings.Join(r.allowed, ", "))
	case r.pattern != nil && !r.pattern.MatchString(text):
		return one("pattern", "%q is not allowed, allowed is %s", shorten(text), r.patternMeaning)
	case r.format != nil:
		if problem := r.format(text); problem != "" {
			return one("format", "%q %s", shorten(text), problem)
		}
	}
	return nil
}

// plain says whether text has no control characters but the ends of lines, where it may
// have them.
func (r *textRule) plain(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf: // the slow way
			return !strings.ContainsFunc(text, func(r0 rune) bool {
				return unicode.IsControl(r0) && (!r.lines || r0 != '\n') || !r.lines && turnsText(r0)
			})
		case c < ' ' && (!r.lines || c != '\n'), c == 0x7f:
			return false
		}
	}
	return true
}

// turnsText says whether a character changes the direction of the text after it, as that of
// a sentence that a name is put into. It ends with the line, so text of lines may have it.
func turnsText(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

func spaceAround(text string) bool {
	first, last := text[0], text[len(text)-1]
	if first < utf8.RuneSelf && last < utf8.RuneSelf {
		return first == ' ' || last == ' ' || first == '\n' || last == '\n'
	}
	return strings.TrimSpace(text) != text
}
