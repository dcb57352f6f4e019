package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
)

// What people write who know another language, for actions that cannot be read.
var (
	comparedAs = map[string]string{"==": "eq", "=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
	joinedAs   = map[string]string{"&&": "and", "||": "or"}

	operand  = `(\$?\.?[\w.]{1,60}|"[^"]{0,60}"|'[^']{0,60}')`
	compared = regexp.MustCompile(operand + `\s*(==|!=|<=|>=|<|>|=)\s*` + operand)
	joined   = regexp.MustCompile(operand + `\s*(&&|\|\|)\s*` + operand)
	denied   = regexp.MustCompile(`!\s*` + operand)

	otherwiseWritten = []struct {
		says  *regexp.Regexp
		means string
	}{
		{regexp.MustCompile(`^\{\{\{`), "an action has two braces, as {{.account.name}}"},
		{regexp.MustCompile(`^\{\{-?\s*[#^]`), "write {{if .account.name}} or {{range .overdue.invoices}}, and {{end}} at its end"},
		{regexp.MustCompile(`^\{\{-?\s*/\s*\w`), "what if, with and range begin ends with {{end}}"},
		{regexp.MustCompile(`'[^']{2,}'|[“”„‘’]`), `a text stands in double quotes, as "Miller"`},
		{regexp.MustCompile(`\b(and|or|not)\(`), "a space stands between $1 and ("},
	}
)

// hint says how an action is written that cannot be read; empty: nothing is known.
func hint(action string) string {
	dotted := func(text string) string { return asText(asField(text)) }
	if m := compared.FindStringSubmatch(action); m != nil {
		return fmt.Sprintf("%s is written as %s, in front: {{if %s %s %s}}", m[2], comparedAs[m[2]], comparedAs[m[2]], dotted(m[1]), dotted(m[3]))
	}
	if m := joined.FindStringSubmatch(action); m != nil {
		return fmt.Sprintf("%s is written as %s, in front: {{if %s %s %s}}", m[2], joinedAs[m[2]], joinedAs[m[2]], dotted(m[1]), dotted(m[3]))
	}
	if m := denied.FindStringSubmatch(action); m != nil {
		return fmt.Sprintf("! is written as not: {{if not %s}}", dotted(m[1]))
	}
	for _, known := range otherwiseWritten {
		if found := known.says.FindStringSubmatchIndex(action); found != nil {
			return string(known.says.ExpandString(nil, strings.ReplaceAll(known.means, "{{$", "{{$$"), action, found))
		}
	}
	return ""
}

var fieldWithoutDot = regexp.MustCompile(`^[A-Za-z_]\w*\.\w`)

// asField begins a field with its dot.
func asField(text string) string {
	if fieldWithoutDot.MatchString(text) {
		return "." + text
	}
	return text
}

// asText puts a text into double quotes.
func asText(text string) string {
	if inner, single := strings.CutPrefix(text, "'"); single {
		return `"` + strings.TrimSuffix(inner, "'") + `"`
	}
	return text
}

// otherWords are those of other languages, with what is written here.
var otherWords = map[string]string{
	"elseif": "{{else if .account.name}}", "elsif": "{{else if .account.name}}", "elif": "{{else if .account.name}}",
	"endif": "{{end}}", "endfor": "{{end}}", "endforeach": "{{end}}", "endeach": "{{end}}",
	"for": "{{range .overdue.invoices}}", "foreach": "{{range .overdue.invoices}}", "each": "{{range .overdue.invoices}}",
	"unless": "{{if not .account.name}}",
}

// noFunction says what is wrong with a name that is no function.
func (c *checker) noFunction(f call) {
	switch {
	case otherWords[f.name] != "":
		c.problem(f.pos, "there is no %s: write %s", f.name, otherWords[f.name])
	case slices.Contains(fieldNames(c.fields), f.name):
		c.problem(f.pos, "a field begins with a dot, as .%s", f.name)
	case f.count() == 0:
		c.problem(f.pos, "there is no function %s, and a field begins with a dot, as {{.account.name}}", f.name)
	default:
		c.problem(f.pos, "there is no function %s (there are: %s)", f.name, nearest(f.name, c.functionNames()))
	}
}

// chain refuses fields of what is no field.
func (c *checker) chain(node *parse.ChainNode) {
	if name, is := node.Node.(*parse.IdentifierNode); is {
		c.problem(node.Pos-parse.Pos(len(name.Ident)), "a field begins with a dot, as .%s", node)
		return
	}
	c.problem(node.Pos, "write the whole field without parentheses, as .account.name")
}

// noArguments refuses what stands behind a field.
func (c *checker) noArguments(first, behind parse.Node) {
	if name, is := behind.(*parse.IdentifierNode); is && slices.Contains(c.functionNames(), name.Ident) {
		c.problem(name.Pos, "%s stands before what it takes, as in {{if %s A B}}", name.Ident, name.Ident)
		return
	}
	c.problem(behind.Position(), "%s takes no arguments: a function stands before its arguments, or behind a |", first)
}
