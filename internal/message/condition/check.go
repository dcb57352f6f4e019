package condition

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"

	"github.com/foyerhq/foyer/internal/message"
)

// check finds all problems of a condition: first whether it can be read at all, then its
// names, by our own rules, and its types, by those of CEL.
func (e *environment) check(source string) (*cel.Ast, []message.Problem) {
	parsed, issues := e.cel.Parse(source)
	if err := issues.Err(); err != nil {
		return nil, syntaxProblems(source, issues.Errors())
	}
	tree := parsed.NativeRep()
	n := &names{source: []rune(source), root: e.root, info: tree.SourceInfo(), steps: map[int64]string{}}
	work := n.value(tree.Expr(), nil)
	if work > maxCost {
		n.problems = append(n.problems, message.Problem{Message: "for the longest lists and texts it is too much work: go through fewer lists, or use a shorter pattern"})
	}
	if len(n.problems) > maxProblems {
		return nil, n.problems // more than is told
	}
	checked, issues := e.cel.Check(parsed)
	for _, issue := range issues.Errors() {
		if text := n.explain(issue); text != "" {
			n.problems = append(n.problems, problemAt(n.place(issue, tree), text))
		}
	}
	if issues.Err() != nil || len(n.problems) > 0 {
		return nil, n.problems
	}
	if kind := checked.OutputType(); !kind.IsExactType(cel.BoolType) {
		n.problems = append(n.problems, message.Problem{Message: "it must say yes or no, this is " + kindOf(kind.TypeName())})
	}
	divisors(n, checked.NativeRep())
	return checked, n.problems
}

// place is where a finding of CEL's checks belongs: where the expression begins, or the
// operator or function is.
func (n *names) place(issue *cel.Error, tree *ast.AST) common.Location {
	if m := noOverload.FindStringSubmatch(issue.Message); m != nil {
		return n.callAt(issue.ExprID, m[1])
	}
	place := issue.Location
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == issue.ExprID && e.Kind() == ast.SelectKind {
			place = n.at(e)
		}
	}))
	return place
}
