package condition

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/catalog"
)

// comprehension checks what CEL makes of exists, exists_one and all: a step for each
// element, in which the question about it is the only thing that a person wrote.
func (n *names) comprehension(e ast.Expr, known []string) cost {
	c := e.AsComprehension()
	function, question := quantifier(c.LoopStep())
	n.steps[c.LoopStep().ID()] = function
	list, count, work := n.elements(function, c.IterRange(), known)
	variable := c.IterVar()
	if _, taken := n.root.fields[variable]; taken || n.isVariable(variable) {
		n.refuse(n.at(c.IterRange()), "%s(%s, ...): %s means something else already, choose another name", function, variable, variable)
		return work
	}
	if len(n.scopes) == maxNesting {
		n.refuse(n.at(c.IterRange()), "lists are gone through inside each other %d times, at most %d are allowed", maxNesting+1, maxNesting)
		return work
	}
	list.variable, list.result = variable, c.AccuVar()
	n.scopes = append(n.scopes, list)
	each := n.value(question, known)
	n.scopes = n.scopes[:len(n.scopes)-1]
	return work.and(each.and(node).times(count))
}

// quantifier tells from the step which function was written, and with what question.
func quantifier(step ast.Expr) (function string, question ast.Expr) {
	call := step.AsCall()
	switch call.FunctionName() {
	case operators.LogicalOr:
		return operators.Exists, call.Args()[1]
	case operators.LogicalAnd:
		return operators.All, call.Args()[1]
	default:
		return operators.ExistsOne, call.Args()[0]
	}
}

func (n *names) isVariable(name string) bool {
	for _, s := range n.scopes {
		if s.variable == name {
			return true
		}
	}
	return false
}

// elements checks what is gone through: what its elements are, how many there may be, and
// what getting it may cost.
func (n *names) elements(function string, e ast.Expr, known []string) (scope, int, cost) {
	if e.Kind() == ast.ListKind {
		return scope{}, len(e.AsList().Elements()), n.value(e, known)
	}
	t := n.resolve(e, known)
	switch {
	case t.bad:
	case t.field != nil && t.field.Type == catalog.List:
		return scope{elements: t.object}, catalog.MaxList, node
	case t.path != "":
		n.refuse(n.at(e), "%s goes through a list, and %s is none", function, t.path)
	default:
		n.refuse(n.at(e), "%s goes through a list", function)
	}
	return scope{bad: true}, 0, node
}

// size checks the one use of a list as a value.
func (n *names) size(e ast.Expr, known []string) cost {
	if e.Kind() != ast.IdentKind && (e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly()) {
		return n.value(e, known).and(longText)
	}
	switch t := n.resolve(e, known); {
	case t.bad:
	case t.object != nil && (t.field == nil || t.field.Type != catalog.List):
		n.refuse(n.at(e), "%s is an object: ask for one of its fields (%s)", t.path, list(t.object, ""))
	}
	return longText
}

// choices checks what a field of which only some values exist is compared with.
func (n *names) choices(function string, args []ast.Expr, known []string) {
	if len(args) != 2 {
		return
	}
	switch function {
	case operators.Equals, operators.NotEquals:
		n.choice(args[0], args[1], known)
		n.choice(args[1], args[0], known)
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, element := range args[1].AsList().Elements() {
				n.choice(args[0], element, known)
			}
		}
	}
}

func (n *names) choice(path, literal ast.Expr, known []string) {
	if literal.Kind() != ast.LiteralKind || path.Kind() != ast.SelectKind || path.AsSelect().IsTestOnly() {
		return
	}
	text, isText := literal.AsLiteral().(types.String)
	t := n.resolve(path, known) // what is wrong with it was told, and is told once
	if isText && t.field != nil && len(t.field.Values) > 0 && !slices.Contains(t.field.Values, string(text)) {
		n.refuse(n.at(literal), "%s is never %q (there are: %s)", t.path, string(text), strings.Join(catalog.Nearest(string(text), t.field.Values), ", "))
	}
}

// whenTrue lists what is there if the expression is true.
func (n *names) whenTrue(e ast.Expr) []string {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return []string{n.asked(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()}
	}
	return n.when(e, operators.LogicalAnd, n.whenTrue, n.whenFalse)
}

// whenFalse lists what is there if the expression is false.
func (n *names) whenFalse(e ast.Expr) []string {
	return n.when(e, operators.LogicalOr, n.whenFalse, n.whenTrue)
}

func (n *names) when(e ast.Expr, joined string, same, opposite func(ast.Expr) []string) []string {
	if e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalNot:
		return opposite(call.Args()[0])
	case joined:
		return append(same(call.Args()[0]), same(call.Args()[1])...)
	}
	return nil
}

// asked names a path as [names.resolve] does.
func (n *names) asked(e ast.Expr) string {
	switch {
	case e.Kind() == ast.IdentKind:
		return n.ident(e).asked
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		return n.asked(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	}
	return ""
}
