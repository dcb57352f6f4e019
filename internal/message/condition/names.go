package condition

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

// names checks what CEL does not, or says less well: that every field and function
// exists, that a field which may be missing is asked for first, that nothing is in the
// condition that could fail for some payload, and that it is not too much work.
type names struct {
	source   []rune
	root     *object
	info     *ast.SourceInfo
	problems []message.Problem
	scopes   []scope          // of the lists that are gone through, the outermost first
	steps    map[int64]string // the function, as exists, of what CEL makes of its question
}

// scope is one list that is gone through.
type scope struct {
	variable, result string
	elements         *object // nil: they are written out
	bad              bool    // a problem with the list was told already
}

// thing is what an expression stands for, as far as its name says it.
type thing struct {
	path   string  // as written, as overdue.invoices; empty: a value that was worked out
	asked  string  // names it in what is known
	object *object // of an Object, or of the elements of a List
	field  *field  // nil: a value, or an element of a list
	bad    bool    // a problem was told already
}

func (n *names) refuse(at common.Location, format string, args ...any) thing {
	n.problems = append(n.problems, problemAt(at, fmt.Sprintf(format, args...)))
	return thing{bad: true}
}

// problemAt bounds what of a condition is repeated in a message.
func problemAt(at common.Location, text string) message.Problem {
	if letters := []rune(text); len(letters) > maxMessage {
		text = string(letters[:maxMessage]) + "…"
	}
	if at == nil || at.Line() < 1 || at.Column() < 0 {
		return message.Problem{Message: text}
	}
	return message.Problem{Line: at.Line(), Column: at.Column() + 1, Message: text}
}

// at is where an expression begins.
func (n *names) at(e ast.Expr) common.Location {
	for e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() {
		e = e.AsSelect().Operand()
	}
	return n.info.GetStartLocation(e.ID())
}

// callAt is where the name of a function is, or its operator. CEL knows a function by its
// first parenthesis.
func (n *names) callAt(id int64, function string) common.Location {
	place, found := n.info.GetOffsetRange(id)
	before := place.Start - int32(len(function)) //nolint:gosec // a name in a text of at most maxSource characters
	if found && before >= 0 && int(place.Start) <= len(n.source) && string(n.source[before:place.Start]) == function {
		return n.info.GetLocationByOffset(before)
	}
	return n.info.GetStartLocation(id)
}

// value checks an expression that is used as a value. The paths in known are there.
// It returns what working it out may cost.
func (n *names) value(e ast.Expr, known []string) cost {
	switch e.Kind() {
	case ast.LiteralKind:
		return n.literal(e)
	case ast.IdentKind, ast.SelectKind:
		return n.read(e, known)
	case ast.CallKind:
		return n.call(e, known)
	case ast.ComprehensionKind:
		return n.comprehension(e, known)
	case ast.ListKind:
		all := node
		for _, element := range e.AsList().Elements() {
			all = all.and(n.value(element, known))
		}
		return all
	default:
		n.refuse(n.at(e), "{ and } are not used in conditions")
		return node
	}
}

func (n *names) literal(e ast.Expr) cost {
	switch e.AsLiteral().Type() {
	case types.NullType:
		n.refuse(n.at(e), "there is no null: has(...) says whether a field is there")
	case types.UintType:
		n.refuse(n.at(e), "numbers are written without u, as 10")
	case types.BytesType:
		n.refuse(n.at(e), `texts are written without b, as "Ltd"`)
	}
	return node
}

// read checks a field that is used as a value.
func (n *names) read(e ast.Expr, known []string) cost {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		n.has(e, known)
		return node
	}
	switch t := n.resolve(e, known); {
	case t.bad || t.object == nil:
	case t.field != nil && t.field.Type == catalog.List:
		n.refuse(n.at(e), "%s is a list: ask %s.exists(...), %s.all(...) or size(%s)", t.path, t.path, t.path, t.path)
	default:
		n.refuse(n.at(e), "%s is an object: ask for one of its fields (%s)", t.path, list(t.object, ""))
	}
	return node
}

// has checks the question whether a field is there.
func (n *names) has(e ast.Expr, known []string) {
	sel := e.AsSelect()
	operand := n.resolve(sel.Operand(), known)
	asked := n.member(n.at(sel.Operand()), operand, sel.FieldName())
	if asked.field != nil && !asked.bad && !asked.field.Optional {
		n.refuse(n.at(sel.Operand()), "%s is always there: leave has(...) out", asked.path)
	}
}

// resolve finds what a name or a path stands for.
func (n *names) resolve(e ast.Expr, known []string) thing {
	switch {
	case e.Kind() == ast.IdentKind:
		return n.ident(e)
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		sel := e.AsSelect()
		t := n.member(n.at(e), n.resolve(sel.Operand(), known), sel.FieldName())
		if !t.bad && t.field != nil && t.field.Optional && !slices.Contains(known, t.asked) {
			n.refuse(n.at(e), "%s may be missing: ask for it first, as in has(%s) && ...", t.path, t.path)
		}
		return t
	}
	told := len(n.problems)
	n.value(e, known)
	return thing{bad: len(n.problems) > told}
}

func (n *names) ident(e ast.Expr) thing {
	name := e.AsIdent()
	for i := len(n.scopes) - 1; i >= 0; i-- {
		switch s := n.scopes[i]; name {
		case s.variable:
			return thing{path: name, asked: strconv.Itoa(i), object: s.elements, bad: s.bad}
		case s.result:
			return thing{}
		}
	}
	if f, exists := n.root.fields[name]; exists {
		return thing{path: name, asked: name, object: f.object, field: f}
	}
	if field, dotted := strings.CutPrefix(name, "."); dotted {
		return n.refuse(n.at(e), "fields are written without the first dot, as %s", field)
	}
	return n.refuse(n.at(e), "there is no %s (there are: %s)", name, list(n.root, name))
}

// member finds a field of what a path stands for.
func (n *names) member(at common.Location, of thing, name string) thing {
	path := of.path + "." + name
	switch {
	case of.bad:
		return of
	case of.field != nil && of.field.Type == catalog.List:
		return n.refuse(at, "%s is a list and has no fields: ask %s.exists(...) or %s.all(...)", of.path, of.path, of.path)
	case of.object == nil && of.path == "":
		return n.refuse(at, "what is before .%s has no fields", name)
	case of.object == nil:
		return n.refuse(at, "%s has no fields", of.path)
	}
	f, exists := of.object.fields[name]
	switch {
	case !exists:
		return n.refuse(at, "there is no field %s (there are: %s)", path, list(of.object, name))
	case f.Type == catalog.Link:
		return n.refuse(at, "%s is a secret address, which conditions cannot read", path)
	}
	return thing{path: path, asked: of.asked + "." + name, object: f.object, field: f}
}

// list names the fields of an object, those first that are most like a name.
func list(o *object, like string) string {
	fields := slices.Sorted(maps.Keys(o.fields))
	fields = slices.DeleteFunc(fields, func(name string) bool { return o.fields[name].Type == catalog.Link })
	if like != "" {
		fields = catalog.Nearest(like, fields)
	}
	if len(fields) > maxListed {
		fields = append(fields[:maxListed], "...")
	}
	return strings.Join(fields, ", ")
}

func (n *names) call(e ast.Expr, known []string) cost {
	c := e.AsCall()
	function, args := c.FunctionName(), c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	switch function {
	case operators.LogicalAnd, operators.LogicalOr, operators.Conditional:
		return n.logic(function, args, known)
	case operators.Index:
		n.refuse(n.at(e), "[ and ] do not take a value out of a list: ask with exists or all")
		return node
	case operators.Has, operators.Exists, operators.ExistsOne, operators.All: // with the right arguments it would be no call any more
		n.refuse(n.callAt(e.ID(), function), "%s is written as %s", function, usage[function])
		return node
	case overloads.Size:
		if len(args) == 1 {
			return n.size(args[0], known)
		}
	}
	if instead := meant[strings.ToLower(function)]; instead != "" {
		n.refuse(n.callAt(e.ID(), function), "%s is written instead of %s", instead, function)
		return node
	}
	_, isFunction := usage[function]
	if _, isOperator := symbols[function]; !isFunction && !isOperator && function != operators.NotStrictlyFalse {
		n.refuse(n.callAt(e.ID(), function), "there is no function %s (there are: %s)", function, strings.Join(catalog.Nearest(function, slices.Sorted(maps.Keys(usage))), ", "))
		return node
	}
	all := node
	for _, arg := range args {
		all = all.and(n.value(arg, known))
	}
	n.choices(function, args, known)
	return all.and(n.work(function, args))
}

// logic checks what is asked only if something else holds, with what is known then.
func (n *names) logic(function string, args []ast.Expr, known []string) cost {
	all := node
	for i, arg := range args {
		all = all.and(n.value(arg, known))
		switch {
		case function == operators.LogicalAnd:
			known = append(slices.Clip(known), n.whenTrue(arg)...)
		case function == operators.LogicalOr:
			known = append(slices.Clip(known), n.whenFalse(arg)...)
		case i == 0:
			yes, no := append(slices.Clip(known), n.whenTrue(arg)...), append(slices.Clip(known), n.whenFalse(arg)...)
			return all.and(n.value(args[1], yes)).and(n.value(args[2], no))
		}
	}
	return all
}
