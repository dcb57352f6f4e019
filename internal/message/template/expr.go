package template

import (
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/foyerhq/foyer/internal/catalog"
)

// expr is what a field, a literal or a call of a function amounts to.
type expr struct {
	typ     catalog.Type // empty: there was a problem with it already
	pos     parse.Pos
	text    string // as it is written
	ref     *ref   // of a field as it is
	literal bool   // a text or number of the template itself
	value   string // of a literal
	// onlyAsked: by and or or, whose result is one of their arguments, of any type.
	onlyAsked bool
	// yes and no are the fields that are there where it holds, and where it does not.
	yes, no []fact
}

// is says what it is, for messages.
func (e expr) is() string {
	return e.text + " is " + withArticle(string(e.typ))
}

func withArticle(typ string) string {
	if strings.HasPrefix(typ, "I") || strings.HasPrefix(typ, "O") { // Integer, Object
		return "an " + typ
	}
	return "a " + typ
}

// pipe works out a pipeline: the value of each command is the last argument of the next.
func (c *checker) pipe(pipe *parse.PipeNode, at place) expr {
	var value expr
	for i, command := range pipe.Cmds {
		if i == 0 {
			value = c.command(command, nil, at)
			continue
		}
		piped := value
		value = c.command(command, &piped, at)
	}
	return value
}

func (c *checker) command(command *parse.CommandNode, piped *expr, at place) expr {
	first, args := command.Args[0], command.Args[1:]
	if c.tooLarge(command.Pos) {
		return expr{}
	}
	c.spend(command.Pos, at, step)
	if name, is := first.(*parse.IdentifierNode); is {
		return c.call(call{name: name.Ident, pos: name.Pos, text: command.String(), args: args, piped: piped}, at)
	}
	if piped != nil {
		c.problem(first.Position(), "behind | stands a function (there are: %s)", strings.Join(c.functionNames(), ", "))
		return expr{}
	}
	value := c.argument(first, at)
	if len(args) > 0 && value.typ != "" {
		c.noArguments(first, args[0])
		return expr{}
	}
	return value
}

// decimalLiteral is a number as people write it, short enough to be exact.
var decimalLiteral = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$`)

// argument works out one operand.
func (c *checker) argument(node parse.Node, at place) expr {
	if c.tooLarge(node.Position()) {
		return expr{}
	}
	switch node := node.(type) {
	case *parse.DotNode:
		return c.field(at.dot, nil, node.Pos, ".")
	case *parse.FieldNode:
		return c.field(at.dot, node.Ident, chainStart(node.Pos, node.Ident, "."), node.String())
	case *parse.VariableNode:
		if node.Ident[0] != "$" {
			c.problem(node.Pos, noVariables)
			return expr{}
		}
		return c.field(at.root, node.Ident[1:], chainStart(node.Pos, node.Ident, ""), node.String())
	case *parse.StringNode:
		if !c.literal(node) {
			return expr{}
		}
		return expr{typ: catalog.Text, pos: node.Pos, text: node.Quoted, literal: true, value: node.Text}
	case *parse.NumberNode:
		return c.number(node)
	case *parse.PipeNode:
		if len(node.Decl) > 0 {
			c.problem(node.Pos, noVariables)
			return expr{}
		}
		return c.pipe(node, at)
	case *parse.IdentifierNode:
		c.call(call{name: node.Ident, pos: node.Pos, text: node.Ident}, at)
	case *parse.ChainNode:
		c.chain(node)
	default: // true, false, nil
		c.problem(node.Position(), "%s is not allowed: write a field, a text in double quotes or a number", node)
	}
	return expr{}
}

// chainStart is where a chain of fields begins: the parser gives the place of its second
// part.
func chainStart(pos parse.Pos, idents []string, prefix string) parse.Pos {
	if len(idents) == 1 {
		return pos
	}
	return pos - parse.Pos(len(prefix+idents[0]))
}

func (c *checker) number(node *parse.NumberNode) expr {
	if strings.HasPrefix(node.Text, "'") {
		c.problem(node.Pos, `%s: a text stands in double quotes, as "Miller"`, node.Text)
		return expr{}
	}
	if !decimalLiteral.MatchString(node.Text) {
		c.problem(node.Pos, "%s is not a number that is allowed: write it as 1000 or 9.95, with at most 9 digits before the point and 6 behind it", node.Text)
		return expr{}
	}
	e := expr{typ: catalog.Integer, pos: node.Pos, text: node.Text, literal: true, value: node.Text}
	if strings.Contains(node.Text, ".") {
		e.typ = catalog.Decimal
	}
	return e
}

// field finds a field, from a place of the payload.
func (c *checker) field(from ref, names []string, pos parse.Pos, text string) expr {
	found := from
	for i, name := range names {
		next, exists := lookup(found, name)
		if !exists {
			c.noField(from, found, i, names, expr{pos: pos, text: text})
			return expr{}
		}
		found = next
	}
	return expr{typ: found.field.Type, pos: pos, text: text, ref: &found, yes: found.optional}
}

func lookup(in ref, name string) (ref, bool) {
	if in.field.Type != catalog.Object {
		return ref{}, false
	}
	for _, f := range in.field.Fields {
		if f.Name == name {
			return in.child(f), true
		}
	}
	return ref{}, false
}

func fieldNames(fields []catalog.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// nearest lists names by how near they are to one that does not exist.
func nearest(wrong string, names []string) string {
	return strings.Join(catalog.Nearest(wrong, names), ", ")
}

// noField says what is wrong with the i-th name of a chain.
func (c *checker) noField(from, in ref, i int, names []string, written expr) {
	name, pos, text := names[i], written.pos, written.text
	switch {
	case in.field.Type == catalog.List:
		c.problem(pos, "%s is a List: go through it, as in {{range %s}}{{.%s}}{{end}}", in.name(), in.name(), name)
		return
	case in.field.Type != catalog.Object:
		c.problem(pos, "there is no field %s: %s", text, expr{typ: in.field.Type, text: in.name()}.is())
		return
	}
	where, root := "", ""
	if from.shown != "" {
		where = " in " + in.name()
		if i == 0 && slices.Contains(fieldNames(c.fields), name) {
			root = ", and $" + text + " from the whole payload"
		}
	}
	c.problem(pos, "there is no field %s%s (there are: %s%s)", text, where, nearest(name, fieldNames(in.field.Fields)), root)
}
