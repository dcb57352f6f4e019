package condition

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/message"
)

// What CEL says, where it is said in other words here. A message that none of them matches
// is told as it is.
var (
	noOverload   = regexp.MustCompile(`^found no matching overload for '([^']+)' applied to '(.*)'$`)
	otherType    = regexp.MustCompile(`^expected type '([^']+)' but found '([^']+)'$`)
	aboutNames   = regexp.MustCompile(`^(undeclared reference to|undefined field|type '.*' does not support field selection|expression of type '.*' cannot be range)`)
	badLiteral   = regexp.MustCompile(`^invalid (timestamp|duration) argument$`)
	atToken      = regexp.MustCompile(`^Syntax error: (?:token recognition error at: |mismatched input |extraneous input |no viable alternative at input )'((?s).*?)'(?: expecting .*)?$`)
	missingToken = regexp.MustCompile(`^Syntax error: missing ('.*?'|.*?) at '`)
	reserved     = regexp.MustCompile(`^reserved identifier: (\w+)$`)
)

// explain says a finding of CEL's checks in words of ours; empty: names said it already.
func (n *names) explain(issue *cel.Error) string {
	if len(n.problems) > 0 && (aboutNames.MatchString(issue.Message) || strings.Contains(issue.Message, "@")) {
		return "" // "@": an object that is used as a value
	}
	if m := noOverload.FindStringSubmatch(issue.Message); m != nil {
		return n.explainCall(issue.ExprID, m[1], m[2])
	}
	if m := otherType.FindStringSubmatch(issue.Message); m != nil {
		return fmt.Sprintf("this is %s, and %s is expected here", kindOf(m[2]), kindOf(m[1]))
	}
	switch m := badLiteral.FindStringSubmatch(issue.Message); {
	case m != nil && m[1] == overloads.TypeConvertDuration:
		return `duration takes hours, minutes and seconds, as duration("36h") or duration("1h30m"); a day has 24h`
	case m != nil:
		return `timestamp takes a time in RFC 3339, as timestamp("2026-11-21T09:00:00Z")`
	}
	return issue.Message
}

// explainCall says why an operator or a function does not go with what it was given, which
// CEL writes as (double, string), or as string.(int) for what stands before the dot.
func (n *names) explainCall(id int64, function, signature string) string {
	receiver, arguments, member := strings.Cut(signature, ".(")
	if !member {
		arguments = strings.TrimPrefix(signature, "(")
	}
	given := kinds(strings.TrimSuffix(arguments, ")"))
	if len(n.problems) > 0 && slices.Contains(given, otherKind) {
		return ""
	}
	both := strings.Join(given, " and ")
	if written, isStep := n.steps[id]; isStep {
		asked := given[len(given)-1]
		if written == operators.ExistsOne {
			asked = given[0]
		}
		return fmt.Sprintf("%s asks a question of yes or no about each element, this is %s", written, asked)
	}
	switch function {
	case operators.LogicalAnd, operators.LogicalOr:
		return fmt.Sprintf("%s joins two answers of yes or no, not %s", symbols[function], both)
	case operators.LogicalNot:
		return "! turns yes into no, and does not go with " + both
	case operators.Conditional:
		return "? : takes yes or no, and two values of one kind, not " + strings.Join(given, ", ")
	case operators.In:
		return fmt.Sprintf("in looks for a value in a list of its kind, as in account.id in [\"1\", \"2\"], not for %s", strings.Join(given, " in "))
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return fmt.Sprintf("%s does not compare %s", symbols[function], both) + mixed(given)
	}
	if symbol, ok := symbols[function]; ok {
		return fmt.Sprintf("%s does not go with %s", symbol, both) + mixed(given)
	}
	if member {
		return fmt.Sprintf("%s is written as %s, not with %s before it and (%s) after it", function, usage[function], kindOf(receiver), strings.Join(given, ", "))
	}
	return fmt.Sprintf("%s is written as %s, not with (%s)", function, usage[function], strings.Join(given, ", "))
}

// mixed helps with whole and decimal numbers.
func mixed(given []string) string {
	if len(given) == 2 && slices.Contains(given, wholeNumber) && slices.Contains(given, decimalNumber) {
		return ": write 10.0 instead of 10, and double(...) around a field"
	}
	return ""
}

const (
	wholeNumber   = "a whole number"
	decimalNumber = "a decimal number"
	otherKind     = "a value of another kind" // which conditions do not have, as names tells
)

// kindOf names a type of CEL.
func kindOf(name string) string {
	switch {
	case name == "int":
		return wholeNumber
	case name == "double":
		return decimalNumber
	case name == "string":
		return "a text"
	case name == "bool":
		return "yes or no"
	case strings.HasSuffix(name, "timestamp"), strings.HasSuffix(name, "Timestamp"):
		return "a time"
	case strings.HasSuffix(name, "duration"), strings.HasSuffix(name, "Duration"):
		return "a span of time"
	case strings.HasPrefix(name, "list"):
		return "a list"
	case strings.HasPrefix(name, "@"):
		return "an object"
	default:
		return otherKind
	}
}

// kinds names the types in a list of them.
func kinds(names string) []string {
	var all []string
	depth, start := 0, 0
	for i, c := range names + "," {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			if name := strings.TrimSpace(names[start:i]); name != "" {
				all = append(all, kindOf(name))
			}
			start = i + 1
		}
	}
	return all
}

// syntaxProblems says why a condition cannot be read. What CEL finds after the first place
// that cannot be read is guesswork.
func syntaxProblems(source string, issues []*cel.Error) []message.Problem {
	if problem, known := otherLanguage(source); known {
		return []message.Problem{problem}
	}
	var problems []message.Problem
	for _, issue := range issues {
		problem := problemAt(issue.Location, explainSyntax(issue.Message))
		if strings.HasPrefix(issue.Message, "Syntax error: ") {
			return []message.Problem{problem}
		}
		problems = append(problems, problem)
	}
	return problems
}

// Of these, CEL finds the place only where it does not make sense any more.
var (
	literal    = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)
	braces     = regexp.MustCompile(`\{\{`)
	notInWords = regexp.MustCompile(`(?i)\bnot\s+[a-z_!]`)
)

// otherLanguage finds what is written as in templates, or as in SQL.
func otherLanguage(source string) (message.Problem, bool) {
	masked := literal.ReplaceAllStringFunc(source, func(text string) string { return strings.Repeat("_", len(text)) })
	if at := braces.FindStringIndex(masked); at != nil {
		return problemIn(source, at[0], "fields are written without braces and without the first dot, as invoice.balance >= 10.0"), true
	}
	if at := notInWords.FindStringIndex(masked); at != nil {
		word := source[at[0] : at[0]+len("not")]
		return problemIn(source, at[0], "! is written instead of "+word+", as !invoice.disputed"), true
	}
	return message.Problem{}, false
}

func problemIn(source string, offset int, text string) message.Problem {
	before := source[:offset]
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return message.Problem{Line: strings.Count(before, "\n") + 1, Column: column, Message: text}
}

func explainSyntax(text string) string {
	if m := missingToken.FindStringSubmatch(text); m != nil {
		return strings.Trim(m[1], "'") + " is missing here"
	}
	if m := atToken.FindStringSubmatch(text); m != nil {
		return unreadable(strings.TrimSpace(m[1]))
	}
	if m := reserved.FindStringSubmatch(text); m != nil {
		return m[1] + " is a word of the language, and no field"
	}
	switch {
	case strings.HasPrefix(text, "invalid argument to has() macro"):
		return "has asks for a field of an object, as " + usage[operators.Has]
	case strings.HasPrefix(text, "argument must be a simple name"), strings.HasPrefix(text, "iteration variable overwrites"):
		return "the first argument is a name for the element, as in " + usage[operators.Exists]
	case strings.HasPrefix(text, "invalid int literal"), strings.HasPrefix(text, "invalid double literal"):
		return "the number is too large"
	case strings.HasPrefix(text, "unsupported syntax "):
		return "it cannot be read from here: " + strings.Trim(strings.TrimPrefix(text, "unsupported syntax "), "'")
	case strings.HasPrefix(text, "expression recursion limit exceeded"):
		return fmt.Sprintf("its parts are inside each other more than %d times", maxDepth)
	}
	return strings.TrimPrefix(text, "Syntax error: ")
}

// meant is what people write who know another language.
var meant = map[string]string{"≥": ">=", "≤": "<=", "≠": "!=", "=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "&": "&&", "|": "||", "and": "&&", "or": "||", "not": "!"}

func unreadable(token string) string {
	switch {
	case token == "<EOF>":
		return "it ends too early"
	case strings.HasPrefix(token, `"`), strings.HasPrefix(token, "'"):
		return "the text that begins here has no end"
	case meant[strings.ToLower(token)] != "":
		return fmt.Sprintf("it cannot be read from here: %s, instead of which %s is written", token, meant[strings.ToLower(token)])
	case strings.ContainsAny(token, "“”„‘’"):
		return "it cannot be read from here: texts stand in straight quotes, as \"Ltd\""
	}
	return "it cannot be read from here: " + token
}

// divisors refuses what could be a division by zero. That of decimal numbers has a result.
func divisors(n *names, checked *ast.AST) {
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		if call.FunctionName() != operators.Divide && call.FunctionName() != operators.Modulo {
			return
		}
		divisor := call.Args()[1]
		if !checked.GetType(divisor.ID()).IsExactType(cel.IntType) {
			return
		}
		if divisor.Kind() != ast.LiteralKind {
			n.refuse(n.at(divisor), "a whole number is divided by a number that is written out, because another could be 0: use double(...) on both sides of %s", symbols[call.FunctionName()])
		} else if divisor.AsLiteral() == types.IntZero {
			n.refuse(n.at(divisor), "nothing is divided by 0")
		}
	}))
}

// bounded puts problems in order, each once, and not more than people read.
func bounded(problems []message.Problem) []message.Problem {
	slices.SortStableFunc(problems, func(a, b message.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	problems = slices.Compact(problems)
	if more := len(problems) - maxProblems; more > 0 {
		problems = append(problems[:maxProblems], message.Problem{Message: fmt.Sprintf("and %d more", more)})
	}
	return problems
}
