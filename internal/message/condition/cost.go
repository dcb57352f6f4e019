package condition

import (
	"errors"
	"math"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/catalog"
)

// cost is how much work an evaluation may be, for the longest texts and lists that a
// payload holds. One is about five nanoseconds. What a condition may cost is known when
// it is checked, so evaluating it needs neither a limit nor a deadline.
type cost uint64

const (
	node     cost = 20                    // any operation
	longText cost = catalog.MaxText / 10  // one that looks at every character of a text
	search   cost = catalog.MaxText / 100 // one that compares many characters at once
	maxCost  cost = 200_000_000           // about a second, for a payload that nobody sends
	maxPlan       = 1_000                 // steps of a pattern
)

func (c cost) and(other cost) cost {
	if c > math.MaxUint64-other {
		return math.MaxUint64
	}
	return c + other
}

func (c cost) times(n int) cost {
	factor := cost(n) //nolint:gosec // a length
	if factor > 0 && c > math.MaxUint64/factor {
		return math.MaxUint64
	}
	return c * factor
}

// work checks the arguments of a function that have to be written out, and returns what
// the function costs beside its arguments.
func (n *names) work(function string, args []ast.Expr) cost {
	switch function {
	case overloads.Contains:
		return search
	case operators.In:
		if len(args) == 2 && args[1].Kind() == ast.ListKind {
			return node.times(len(args[1].AsList().Elements()))
		}
	case overloads.TypeConvertTimestamp, overloads.TypeConvertDuration:
		if len(args) == 1 && args[0].Kind() != ast.LiteralKind {
			n.refuse(n.at(args[0]), "%s takes a text that is written out, as %s", function, usage[function])
		}
	case overloads.Matches:
		if len(args) == 2 {
			return n.pattern(args[1])
		}
	}
	return 0
}

// pattern checks the pattern of matches. Matching never takes longer than the length of
// the text times that of the pattern's plan.
func (n *names) pattern(e ast.Expr) cost {
	if e.Kind() != ast.LiteralKind {
		n.refuse(n.at(e), "matches takes a pattern that is written out, as %s", usage[overloads.Matches])
		return 0
	}
	pattern, isText := e.AsLiteral().(types.String)
	if !isText {
		return 0 // told by the check of types
	}
	tree, err := syntax.Parse(string(pattern), syntax.Perl)
	if err != nil {
		n.refuse(n.at(e), "the pattern of matches cannot be used: %s", explainPattern(err))
		return 0
	}
	plan, err := syntax.Compile(tree.Simplify())
	if err != nil || len(plan.Inst) > maxPlan {
		n.refuse(n.at(e), "the pattern of matches is too large: repeat less")
		return 0
	}
	return cost(catalog.MaxText).times(len(plan.Inst))
}

func explainPattern(err error) string {
	var broken *syntax.Error
	if !errors.As(err, &broken) || !utf8.ValidString(broken.Expr) {
		return "it is not a regular expression of RE2"
	}
	if broken.Expr == "" || strings.ContainsAny(broken.Expr, "\r\n") {
		return broken.Code.String()
	}
	return broken.Code.String() + " at " + broken.Expr
}
