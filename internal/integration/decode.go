package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// FieldProblem is why a field of a body or of a line is not allowed. Rule is the name of
// the rule as JSON Schema has it, where it is one: required, maxLength, pattern, enum.
type FieldProblem struct {
	Field   string `json:"field,omitempty" doc:"The field, with dots for nested ones, as attributes.currency. Missing: the whole."`
	Rule    string `json:"rule,omitempty" doc:"The rule that it breaks, as maxLength."`
	Message string `json:"message" doc:"What is wrong and what is allowed."`
}

// Decode reads one JSON object as a T: exact names that come once, valid UTF-8, nothing
// unknown, and every rule of the tags of T (see rules.go), which are those of the
// OpenAPI document. It returns every rule that is broken, up to twenty, and with them
// what could be read. What is not JSON is one problem of the whole.
func Decode[T any](text []byte) (T, []FieldProblem) {
	var value T
	problems := decode(text, rulesOf(reflect.TypeFor[T]()), reflect.ValueOf(&value).Elem())
	return value, problems
}

// reader is a decoder that is used again for the next text.
type reader struct {
	buffer  bytes.Buffer
	decoder *jsontext.Decoder
}

// Names that come twice are looked for by the rules, which then go on.
var textOptions = jsontext.AllowDuplicateNames(true)

var readers = sync.Pool{New: func() any { return &reader{decoder: jsontext.NewDecoder(strings.NewReader(""), textOptions)} }}

// decode reads text by rules.
func decode(text []byte, rule rule, into reflect.Value) []FieldProblem {
	r := readers.Get().(*reader) //nolint:forcetypeassert // the pool has no others
	defer readers.Put(r)
	r.buffer = *bytes.NewBuffer(text) // read in place
	r.decoder.Reset(&r.buffer, textOptions)
	problems, err := rule(r.decoder, into)
	if err == nil {
		err = end(r.decoder)
	}
	r.buffer = bytes.Buffer{}
	if err != nil {
		return []FieldProblem{syntaxProblem(text, err)}
	}
	return problems[:min(len(problems), maxProblems)]
}

// maxProblems bounds what is told of one text.
const maxProblems = 20

var errMore = errors.New("there is something after its end")

// end fails unless the decoder has read everything.
func end(d *jsontext.Decoder) error {
	switch _, err := d.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errMore
	default:
		return err
	}
}

// syntaxProblem says in the words of the API why a text is not JSON.
func syntaxProblem(text []byte, err error) FieldProblem {
	if !utf8.Valid(text) {
		return FieldProblem{"", "json", "is not valid UTF-8"}
	}
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		return FieldProblem{"", "json", "is not valid JSON: it is empty"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return FieldProblem{"", "json", "is not valid JSON: it ends too early"}
	case errors.As(err, &syntactic):
		return FieldProblem{"", "json", fmt.Sprintf("is not valid JSON: %s at byte %d", syntactic.Err, syntactic.ByteOffset+1)}
	default:
		return FieldProblem{"", "json", "is not valid JSON: " + err.Error()}
	}
}

// DecodePatch reads a T out of what a JSON merge patch (RFC 7396) makes of a document:
// what it leaves out stays, null clears. A nil document is an empty object. The rules
// are those of [Decode], for the patch as for what comes out of it.
func DecodePatch[T any](document, patch []byte) (T, []FieldProblem) {
	var none T
	rules := rulesOf(reflect.TypeFor[T]())
	if problems := checkPatch(patch, reflect.TypeFor[T]()); problems != nil {
		return none, problems
	}
	if document == nil {
		document = []byte("{}")
	}
	merged, err := mergePatch(document, patch)
	if err != nil {
		return none, []FieldProblem{syntaxProblem(patch, err)}
	}
	var value T
	problems := decode(merged, rules, reflect.ValueOf(&value).Elem())
	if problems == nil {
		markCleared(patch, reflect.ValueOf(&value).Elem())
	}
	return value, problems
}

// markCleared tells the fields of type [Optional] that a patch clears, which nothing is left
// of in what it was merged into, from those that it leaves out.
func markCleared(patch []byte, value reflect.Value) {
	fields, _ := membersOf(patch) // it was merged, so it can be read
	o := objectOf(value.Type())
	for _, m := range fields {
		if f := &o.fields[o.byName[m.name]]; f.optional && m.value.Kind() == 'n' {
			value.FieldByIndex(f.index).Field(0).SetBool(true)
			value.FieldByIndex(f.index).Field(1).SetBool(true)
		}
	}
}

// checkPatch finds what can no longer be seen once a patch was merged: that it is no
// object, that a name comes twice, and names that are not known and null.
func checkPatch(patch []byte, in reflect.Type) []FieldProblem {
	d := jsontext.NewDecoder(bytes.NewBuffer(patch), textOptions)
	problems, err := checkNames(d, in)
	if err == nil {
		err = end(d)
	}
	if err != nil {
		return []FieldProblem{syntaxProblem(patch, err)}
	}
	return problems[:min(len(problems), maxProblems)]
}

func checkNames(d *jsontext.Decoder, in reflect.Type) ([]FieldProblem, error) {
	o := objectOf(in)
	if d.PeekKind() != '{' {
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		return wrongType("an object", raw), nil
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var problems []FieldProblem
	var seen []string
	for d.PeekKind() != '}' {
		name, err := readName(d)
		if err != nil {
			return nil, err
		}
		i, known := o.byName[string(name)]
		text := string(name)
		var nested []FieldProblem
		switch {
		case len(problems) > maxProblems:
			err = d.SkipValue()
		case !known:
			nested, err = o.unknown(text), d.SkipValue()
		case slices.Contains(seen, text):
			nested, err = twice, d.SkipValue()
		case d.PeekKind() == '{' && o.fields[i].object != nil && !o.fields[i].readOnly:
			nested, err = checkNames(d, o.fields[i].object)
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return nil, err
		}
		seen = append(seen, text)
		problems = appendNested(problems, shorten(text), nested)
	}
	_, err := d.ReadToken()
	return problems, err
}

// member is a field of a JSON object as it is written.
type member struct {
	name  string
	value jsontext.Value
}

// mergePatch returns the object that a merge patch makes of a document. Fields stay in
// their order, new ones come last.
func mergePatch(document, patch jsontext.Value) (jsontext.Value, error) {
	before, err := membersOf(document)
	if err != nil {
		return nil, err
	}
	changes, err := membersOf(patch)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		at := slices.IndexFunc(before, func(m member) bool { return m.name == change.name })
		switch {
		case change.value.Kind() == 'n':
			before = slices.DeleteFunc(before, func(m member) bool { return m.name == change.name })
			continue
		case change.value.Kind() == '{':
			old := jsontext.Value("{}")
			if at >= 0 && before[at].value.Kind() == '{' {
				old = before[at].value
			}
			if change.value, err = mergePatch(old, change.value); err != nil {
				return nil, err
			}
		}
		if at < 0 {
			before = append(before, change)
		} else {
			before[at] = change
		}
	}
	return joined(before)
}

func membersOf(text jsontext.Value) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), textOptions)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var list []member
	for d.PeekKind() != '}' {
		name, err := readName(d)
		if err != nil {
			return nil, err
		}
		m := member{name: string(name)}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = value.Clone()
		list = append(list, m)
	}
	return list, nil
}

func joined(members []member) (jsontext.Value, error) {
	text := []byte{'{'}
	var err error
	for i, m := range members {
		if i > 0 {
			text = append(text, ',')
		}
		if text, err = jsontext.AppendQuote(text, m.name); err != nil {
			return nil, err
		}
		text = append(append(text, ':'), m.value...)
	}
	return append(text, '}'), nil
}

// readName reads the name of a field. It is valid until the next read.
func readName(d *jsontext.Decoder) ([]byte, error) {
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	return unquoted(raw)
}

// unquoted is the text of a JSON string; without escapes it is the same memory.
func unquoted(raw jsontext.Value) ([]byte, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	return jsontext.AppendUnquote(nil, raw)
}

// shorten keeps a message readable whatever was sent.
func shorten(value string) string {
	const most = 64
	if utf8.RuneCountInString(value) <= most {
		return value
	}
	return string([]rune(value)[:most]) + "..."
}
