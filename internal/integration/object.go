package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// refused is a problem of one field of a line; the reader adds line and id.
type refused struct {
	field   string
	message string
}

func refuse(field, format string, args ...any) *refused {
	return &refused{field, fmt.Sprintf(format, args...)}
}

// object is one JSON object with its fields in order, read more strictly than
// encoding/json does: names are exact and come once.
type object struct {
	prefix string // of the fields' names in messages
	names  []string
	values map[string]json.RawMessage
	read   map[string]bool
}

// parseObject reads an object that stands alone in text.
func parseObject(prefix string, text []byte) (*object, *refused) {
	at := strings.TrimSuffix(prefix, ".")
	if !utf8.Valid(text) {
		return nil, refuse(at, "is not valid UTF-8")
	}
	if !json.Valid(text) {
		return nil, refuse(at, "is not valid JSON: %s", syntaxProblem(text))
	}
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); trimmed[0] != '{' {
		return nil, refuse(at, "must be a JSON object, but is %s", kindOf(trimmed))
	}
	o := &object{prefix: prefix, values: map[string]json.RawMessage{}, read: map[string]bool{}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.Token() //nolint:errcheck // valid JSON that begins with {
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, refuse(at, "is not valid JSON: %s", err)
		}
		name, _ := token.(string) // a key of an object is a string
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, refuse(at, "is not valid JSON: %s", err)
		}
		if _, twice := o.values[name]; twice {
			return nil, refuse(o.prefix+shorten(name), "is there twice")
		}
		o.names = append(o.names, name)
		o.values[name] = value
	}
	return o, nil
}

func syntaxProblem(text []byte) string {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	if err == nil {
		return "it cannot be read"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func kindOf(value []byte) string {
	switch value[0] {
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
	}
	return "a number"
}

// onlyFields refuses the first field that no line of the kind has.
func (o *object) onlyFields(allowed ...string) *refused {
	for _, name := range o.names {
		if !slices.Contains(allowed, name) {
			return refuse(o.prefix+shorten(name), "is not a known field, allowed are %s", strings.Join(allowed, ", "))
		}
	}
	return nil
}

// has says whether a field is there, null or not.
func (o *object) has(name string) bool {
	_, present := o.values[name]
	return present
}

func (o *object) isNull(name string) bool { return string(o.values[name]) == "null" }

// given says whether a field is there and not null.
func (o *object) given(name string) bool { return o.has(name) && !o.isNull(name) }

// text reads a string of at most most characters without control characters; a field
// that is left out or null is empty.
func (o *object) text(name string, most int) (string, *refused) {
	if !o.given(name) {
		return "", nil
	}
	var value string
	if err := json.Unmarshal(o.values[name], &value); err != nil {
		return "", refuse(o.prefix+name, "must be a string, but is %s", kindOf(o.values[name]))
	}
	if problem := checkText(value, most); problem != "" {
		return "", refuse(o.prefix+name, "%s", problem)
	}
	return value, nil
}

// required is text that must be there.
func (o *object) required(name string, most int) (string, *refused) {
	value, problem := o.text(name, most)
	if problem == nil && value == "" {
		return "", refuse(o.prefix+name, "is missing")
	}
	return value, problem
}

func checkText(value string, most int) string {
	switch {
	case utf8.RuneCountInString(value) > most:
		return fmt.Sprintf("is longer than %d characters", most)
	case strings.ContainsFunc(value, unicode.IsControl):
		return "must not contain control characters"
	case strings.TrimSpace(value) != value:
		return "must not begin or end with a space"
	}
	return ""
}

func (o *object) boolean(name string) (bool, *refused) {
	if !o.given(name) {
		return false, nil
	}
	var value bool
	if err := json.Unmarshal(o.values[name], &value); err != nil {
		return false, refuse(o.prefix+name, "must be true or false, but is %s", kindOf(o.values[name]))
	}
	return value, nil
}

// texts reads a list of strings, each once; a field that is left out or null is nil.
func (o *object) texts(name string, mostItems, most int) ([]string, *refused) {
	if !o.given(name) {
		return nil, nil
	}
	var values []*string
	if err := json.Unmarshal(o.values[name], &values); err != nil || slices.Contains(values, nil) {
		return nil, refuse(o.prefix+name, "must be a list of strings")
	}
	if len(values) > mostItems {
		return nil, refuse(o.prefix+name, "has %d items, allowed are at most %d", len(values), mostItems)
	}
	list := make([]string, 0, len(values))
	for _, v := range values {
		problem := checkText(*v, most)
		switch {
		case *v == "":
			problem = "must not hold an empty string"
		case problem != "":
			problem = fmt.Sprintf("%q %s", shorten(*v), problem)
		case slices.Contains(list, *v):
			problem = fmt.Sprintf("has %q twice", *v)
		}
		if problem != "" {
			return nil, refuse(o.prefix+name, "%s", problem)
		}
		list = append(list, *v)
	}
	return list, nil
}

// oneOf reads a string out of a few; a field that is left out or null is empty.
func oneOf[T ~string](o *object, name string, allowed []T) (T, *refused) {
	value, problem := o.text(name, MaxLineBytes)
	if problem != nil || !o.given(name) {
		return "", problem
	}
	if !slices.Contains(allowed, T(value)) {
		return "", refuse(o.prefix+name, "%q is not allowed, allowed are %s", shorten(value), joined(allowed))
	}
	return T(value), nil
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// shorten keeps a refusal readable whatever was sent.
func shorten(value string) string {
	const most = 64
	if utf8.RuneCountInString(value) <= most {
		return value
	}
	return string([]rune(value)[:most]) + "..."
}
