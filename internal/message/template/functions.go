package template

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/foyerhq/foyer/internal/catalog"
)

// function is one that a template may call.
type function struct {
	name  string
	usage string // its arguments
	count int    // of its arguments; 0: one or more
	only  Format // empty: any
}

func (f function) takes(count int) bool { return count > 0 && (count == f.count || f.count == 0) }

// functions are all that there are, in the order of the manual.
var functions = []function{
	{"default", `"TEXT" FIELD`, 2, ""},
	{"upper", "TEXT", 1, ""},
	{"lower", "TEXT", 1, ""},
	{"date", `"short" or "iso" DATE`, 2, ""},
	{"plural", `INTEGER "ONE" "OTHER"`, 3, ""},
	{"len", "LIST", 1, ""},
	{"eq", "A B", 2, ""},
	{"ne", "A B", 2, ""},
	{"lt", "A B", 2, ""},
	{"le", "A B", 2, ""},
	{"gt", "A B", 2, ""},
	{"ge", "A B", 2, ""},
	{"and", "A B ...", 0, ""},
	{"or", "A B ...", 0, ""},
	{"not", "A", 1, ""},
	{"json", "LIST", 1, JSON},
}

// functionNames are those of the format.
func (c *checker) functionNames() []string {
	var names []string
	for _, f := range functions {
		if f.only == "" || f.only == c.format {
			names = append(names, f.name)
		}
	}
	return names
}

// call is a function with its arguments.
type call struct {
	name  string
	pos   parse.Pos
	text  string
	args  []parse.Node
	piped *expr // by |, the last argument
}

func (f call) count() int {
	if f.piped != nil {
		return len(f.args) + 1
	}
	return len(f.args)
}

func (c *checker) call(f call, at place) expr {
	i := slices.IndexFunc(functions, func(known function) bool { return known.name == f.name })
	if i < 0 {
		c.noFunction(f)
		return expr{}
	}
	known := functions[i]
	if known.only != "" && known.only != c.format {
		c.problem(f.pos, "%s is for the body of a webhook only", f.name)
		return expr{}
	}
	if !known.takes(f.count()) {
		c.problem(f.pos, "%s takes %s, as in {{%s %s}}: there are %d", f.name, arguments(known.count), f.name, known.usage, f.count())
		return expr{}
	}
	if f.name == "and" || f.name == "or" {
		return c.logic(f, at)
	}
	args := make([]expr, 0, f.count())
	for _, node := range f.args {
		args = append(args, c.argument(node, at))
	}
	if f.piped != nil {
		args = append(args, *f.piped)
	}
	if slices.ContainsFunc(args, func(e expr) bool { return e.typ == "" }) {
		return expr{}
	}
	result := c.apply(f, args, at)
	result.pos, result.text = f.pos, "("+f.text+")"
	return result
}

func arguments(count int) string {
	switch count {
	case 0:
		return "at least 1 argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", count)
}

// apply works out a call whose arguments are known.
func (c *checker) apply(f call, args []expr, at place) expr {
	switch f.name {
	case "default":
		return c.byDefault(args, at)
	case "not":
		asked := c.condition(args[0])
		return expr{typ: catalog.Boolean, yes: asked.no, no: asked.yes}
	case "upper", "lower":
		c.spend(f.pos, at, longText)
		return c.takes(f.name, catalog.Text, at, args, want{catalog.Text})
	case "date":
		if len(args) == 2 && (!args[0].literal || args[0].value != "short" && args[0].value != "iso") {
			c.problem(args[0].pos, `date takes "short" or "iso" first, not %s`, args[0].text)
			return expr{}
		}
		return c.takes(f.name, catalog.Text, at, args, want{catalog.Text}, want{catalog.Date, catalog.Time})
	case "plural":
		return c.takes(f.name, catalog.Text, at, args, want{catalog.Integer}, want{catalog.Text}, want{catalog.Text})
	case "json":
		return c.jsonList(args, at)
	case "len":
		return c.takes(f.name, catalog.Integer, at, args, want{catalog.List})
	}
	return c.comparison(f.name, args, at)
}

// want are the types that an argument may have.
type want []catalog.Type

// takes checks arguments by their types.
func (c *checker) takes(name string, result catalog.Type, at place, args []expr, wants ...want) expr {
	for i, types := range wants {
		arg := args[i]
		if !slices.Contains(types, arg.typ) {
			names := make([]string, len(types))
			for j, t := range types {
				names[j] = string(t)
			}
			c.problem(arg.pos, "%s takes %s here, and %s", name, withArticle(strings.Join(names, " or ")), arg.is())
			return expr{}
		}
		if !c.there(arg, at) {
			return expr{}
		}
	}
	return expr{typ: result}
}

// notForDefault are the types that have no other value: what is printed differently, or
// must be there.
var notForDefault = []catalog.Type{catalog.Object, catalog.List, catalog.Boolean, catalog.Link, listInJSON}

// byDefault is another value for a field that is missing or an empty text.
func (c *checker) byDefault(args []expr, at place) expr {
	other, value := args[0], args[1]
	if slices.Contains(notForDefault, value.typ) {
		c.problem(value.pos, "default takes a value that can be printed, and %s", value.is())
		return expr{}
	}
	if !c.there(other, at) {
		return expr{}
	}
	switch {
	case other.typ == value.typ:
		return expr{typ: value.typ}
	case other.literal && other.typ == catalog.Text:
		return expr{typ: orText(value.typ)}
	}
	c.problem(other.pos, "default takes a text in double quotes, or a field of the type of %s, and %s", value.text, other.is())
	return expr{}
}

// orText is the type of a value with a text for when it is missing. It is none that a
// function takes: it can be printed, and nothing else, because what it is is only known
// when it is filled in. A URL is a text then.
func orText(typ catalog.Type) catalog.Type {
	const suffix = " or " + catalog.Text
	if typ == catalog.Text || typ == catalog.URL {
		return catalog.Text
	}
	return catalog.Type(strings.TrimSuffix(string(typ), string(suffix))) + suffix
}

var numbers = []catalog.Type{catalog.Integer, catalog.Decimal, catalog.Money}

// comparison checks eq, ne, lt, le, gt and ge.
func (c *checker) comparison(name string, args []expr, at place) expr {
	a, b := args[0], args[1]
	bothNumbers := slices.Contains(numbers, a.typ) && slices.Contains(numbers, b.typ)
	bothTexts := a.typ == catalog.Text && b.typ == catalog.Text
	switch {
	case !bothNumbers && !bothTexts:
		c.problem(a.pos, "%s compares two numbers or two texts: %s, %s", name, a.is(), b.is())
		return expr{}
	case bothTexts && name != "eq" && name != "ne":
		c.problem(a.pos, "texts are compared by eq and ne only: %s", a.is())
		return expr{}
	}
	if !c.there(a, at) || !c.there(b, at) || !c.possible(a, b) || !c.possible(b, a) {
		return expr{}
	}
	return expr{typ: catalog.Boolean}
}

// possible refuses to compare a field with a text that it never is.
func (c *checker) possible(field, literal expr) bool {
	if field.ref == nil || !literal.literal || len(field.ref.field.Values) == 0 || slices.Contains(field.ref.field.Values, literal.value) {
		return true
	}
	c.problem(literal.pos, "%s is never %s (it is one of: %s)", field.text, literal.text, nearest(literal.value, field.ref.field.Values))
	return false
}

// logic checks and and or, which ask one after the other: what is known by the first is
// known to the second.
func (c *checker) logic(f call, at place) expr {
	if f.piped != nil {
		c.problem(f.pos, "%s takes what it asks behind it, as in {{if %s A B}}", f.name, f.name)
		return expr{}
	}
	result := expr{typ: catalog.Boolean, pos: f.pos, text: "(" + f.text + ")", onlyAsked: true}
	for _, node := range f.args {
		asked := c.condition(c.argument(node, at))
		if asked.typ == "" {
			return expr{}
		}
		if f.name == "and" {
			at = at.knowing(asked.yes)
			result.yes = append(result.yes, asked.yes...)
		} else {
			at = at.knowing(asked.no)
			result.no = append(result.no, asked.no...)
		}
		if len(f.args) == 1 {
			result.yes, result.no = asked.yes, asked.no
		}
	}
	return result
}

// condition checks what if, and, or and not ask. Asking for what is always there is a
// mistake: people mean to compare it.
func (c *checker) condition(e expr) expr {
	switch e.typ {
	case "", catalog.Boolean, catalog.List:
		return e
	case catalog.Text:
		if e.ref != nil {
			return e
		}
	}
	switch {
	case e.ref == nil:
		c.problem(e.pos, "%s: ask for a field or compare something, as in {{if .account.name}} or {{if eq .account.name \"Miller\"}}", e.is())
	case len(e.ref.optional) > 0:
		return e
	case slices.Contains(numbers, e.typ):
		c.problem(e.pos, "%s and always there, 0 too: compare it, as in {{if gt %s 0}}", e.is(), e.text)
	default:
		c.problem(e.pos, "%s and always there: leave the question out", e.is())
	}
	return expr{}
}
