package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/settings"
)

// maxProblems bounds what is told of one payload.
const maxProblems = 100

// CheckPayload returns why a payload, JSON decoded with UseNumber, is not one of the
// event; nil: it is. Each problem has the path of its field, as overdue.invoices[3].url.
// The recipient may be missing; links must be there, as when a message is rendered.
// Nothing may be there that the event does not have, and nothing may be null.
func (e Event) CheckPayload(payload map[string]any) []settings.Problem {
	fields := e.TemplateFields()
	fields[len(fields)-1].Optional = true // the recipient
	var c checker
	c.fields("", payload, fields)
	return c.problems
}

type checker struct{ problems []settings.Problem }

func (c *checker) full() bool { return len(c.problems) > maxProblems }

func (c *checker) refuse(path, rule, format string, args ...any) {
	switch {
	case c.full():
	case len(c.problems) == maxProblems:
		c.problems = append(c.problems, settings.Problem{Field: path, Rule: rule, Message: fmt.Sprintf("here and further on there is more, only the first %d problems are listed", maxProblems)})
	default:
		c.problems = append(c.problems, settings.Problem{Field: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
}

func (c *checker) fields(path string, value map[string]any, fields []Field) {
	found := 0
	known := make([]string, 0, len(fields))
	for _, f := range fields {
		known = append(known, f.Name)
		if v, given := value[f.Name]; given {
			found++
			c.value(join(path, f.Name), v, f, fields)
		} else if !f.Optional {
			c.refuse(join(path, f.Name), "required", "is missing: must be %s", f.allowed(fields))
		}
	}
	if found == len(value) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if c.full() {
			return
		}
		if !slices.Contains(known, name) {
			c.refuse(join(path, name), "additionalProperties", "there is no such field, the nearest is %s", Nearest(name, known)[0])
		}
	}
}

// value checks one value. What is beside a field decides whether it names a currency.
func (c *checker) value(path string, value any, f Field, beside []Field) {
	switch typed := value.(type) {
	case map[string]any:
		if f.Type == Object {
			c.fields(path, typed, f.Fields)
			return
		}
	case []any:
		if f.Type == List && len(typed) <= MaxList {
			c.elements(path, typed, f)
			return
		}
	default:
		if f.Type.Fits(value) && f.holds(value, beside) {
			return
		}
	}
	if value == nil && f.Optional {
		c.refuse(path, "type", "must be %s, or be left out, not null", f.allowed(beside))
		return
	}
	c.refuse(path, f.broken(value), "must be %s, not %s", f.allowed(beside), shown(value))
}

func (c *checker) elements(path string, elements []any, f Field) {
	for i, element := range elements {
		if c.full() {
			return
		}
		c.value(path+"["+strconv.Itoa(i)+"]", element, Field{Type: Object, Fields: f.Fields}, nil)
	}
}

// broken is the rule that a value breaks, as JSON Schema calls it.
func (f Field) broken(value any) string {
	switch value.(type) {
	case string:
		if len(f.Values) > 0 {
			return "enum"
		}
		if !slices.Contains([]Type{Integer, Boolean, Object, List}, f.Type) {
			return "format"
		}
	case []any:
		if f.Type == List {
			return "maxItems"
		}
	}
	return "type"
}

// holds says whether the field may hold a value of its type.
func (f Field) holds(value any, beside []Field) bool {
	s, isText := value.(string)
	if !isText {
		return true
	}
	if isCurrency(f, beside) && !knownCurrency(s) {
		return false
	}
	return len(f.Values) == 0 || slices.Contains(f.Values, s)
}

func (f Field) allowed(beside []Field) string {
	switch {
	case len(f.Values) == 1:
		return f.Values[0]
	case len(f.Values) > 1:
		return "one of " + strings.Join(f.Values, ", ")
	case isCurrency(f, beside):
		return currencyAllowed
	default:
		return forms[f.Type].allowed
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// join extends a path. A name from outside may hold anything and is quoted then.
func join(path, name string) string {
	if !plainName.MatchString(name) {
		name = shown(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is a value as a message has it.
func shown(value any) string {
	const longest = 60
	switch typed := value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "a list of " + strconv.Itoa(len(typed))
	case json.Number:
		return shorten(typed.String(), longest)
	case string:
		return strconv.Quote(shorten(typed, longest))
	default:
		return shorten(fmt.Sprint(typed), longest)
	}
}

// shorten cuts a text to a number of characters, without looking at all of a long one.
func shorten(text string, longest int) string {
	count := 0
	for i := range text {
		if count == longest {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
