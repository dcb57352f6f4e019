package template

import (
	"cmp"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/message"
)

const (
	leftDelim  = "{{"
	rightDelim = "}}"
	// parseName is the name of the tree, with which the parser's errors begin.
	parseName = "t"
)

// problemAt makes a problem of a place in the source, a byte offset.
func problemAt(source string, offset int, format string, args ...any) message.Problem {
	before := source[:min(max(offset, 0), len(source))]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return message.Problem{
		Line:    strings.Count(before, "\n") + 1,
		Column:  utf8.RuneCountInString(before[lineStart:]) + 1,
		Message: fmt.Sprintf(format, args...),
	}
}

// whole makes a problem of the whole text.
func whole(format string, args ...any) message.Problem {
	return message.Problem{Message: fmt.Sprintf(format, args...)}
}

// parseSource parses a source. Names of functions are left to the checker, which tells
// all that are wrong at once.
func parseSource(source string) (*parse.Tree, *message.Problem) {
	tree, set, err := parseText(source)
	if err != nil {
		problem := syntaxProblem(source, parserWords(err))
		return nil, &problem
	}
	first := -1
	for _, other := range set {
		if other != tree && (first < 0 || int(other.Root.Pos) < first) {
			first = int(other.Root.Pos)
		}
	}
	if first >= 0 {
		// The root of a definition begins behind its first action.
		problem := problemAt(source, strings.LastIndex(source[:first], leftDelim), noDefinitions)
		return nil, &problem
	}
	return tree, nil
}

func parseText(source string) (*parse.Tree, map[string]*parse.Tree, error) {
	tree := parse.New(parseName)
	tree.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	if _, err := tree.Parse(source, leftDelim, rightDelim, set); err != nil {
		return nil, nil, err
	}
	return tree, set, nil
}

// syntaxProblem turns an error of the parser, which knows no columns, into a problem
// with a place: the first action that the parser stumbles over, or, where the source
// ends too early, the one that is not closed.
func syntaxProblem(source, words string) message.Problem {
	actions, open := scanActions(source)
	first := sort.Search(len(actions), func(i int) bool {
		_, _, err := parseText(source[:actions[i].end])
		if err == nil || parserWords(err) == endsEarly {
			return false
		}
		words = parserWords(err)
		return true
	})
	switch {
	case first < len(actions):
		action := actions[first]
		return problemAt(source, action.start, "%s", cmp.Or(hint(source[action.start:action.end]), readable(words)))
	case open >= 0:
		return problemAt(source, open, "this action is not closed: it ends with }}, and what is in quotes ends on the same line")
	case words == endsEarly:
		if at, word := lastOpen(source, actions); word != "" {
			return problemAt(source, at, "{{%s}} is not closed: {{end}} is missing", word)
		}
	}
	return problemAt(source, len(source), "%s", readable(words))
}

// action is a place of the source between delimiters.
type action struct{ start, end int }

// scanActions lists the actions of a source up to one that is not closed, whose place is
// open, else -1.
func scanActions(source string) (actions []action, open int) {
	for at := 0; ; {
		i := strings.Index(source[at:], leftDelim)
		if i < 0 {
			return actions, -1
		}
		start := at + i
		if at = actionEnd(source, start+len(leftDelim)); at < 0 {
			return actions, start
		}
		actions = append(actions, action{start, at})
	}
}

// actionEnd is where an action ends that begins at a place; -1 if it does not.
func actionEnd(source string, at int) int {
	if comment := commentStart.FindString(source[at:]); comment != "" {
		end := strings.Index(source[at+len(comment):], "*/")
		if end < 0 {
			return -1
		}
		at += len(comment) + end
	}
	for at < len(source) {
		if strings.HasPrefix(source[at:], rightDelim) {
			return at + len(rightDelim)
		}
		length := 1
		if c := source[at]; c == '"' || c == '`' || c == '\'' {
			if length = len(quoted.FindString(source[at:])); length == 0 {
				return -1
			}
		}
		at += length
	}
	return -1
}

var (
	commentStart = regexp.MustCompile(`^(-\s)?/\*`)
	quoted       = regexp.MustCompile("^(\"([^\"\\\\\n]|\\\\[^\n])*\"|'([^'\\\\\n]|\\\\[^\n])*'|`[^`]*`)")
	control      = regexp.MustCompile(`^\{\{(?:-\s)?\s*(if|with|range|define|block|end)\b`)
)

// lastOpen is the last branch without an end.
func lastOpen(source string, actions []action) (at int, word string) {
	var open []int
	for _, a := range actions {
		switch word := control.FindStringSubmatch(source[a.start:a.end]); {
		case word == nil:
		case word[1] != "end":
			open = append(open, a.start)
		case len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return 0, ""
	}
	at = open[len(open)-1]
	return at, control.FindStringSubmatch(source[at:])[1]
}

// endsEarly is what the parser says when the source ends inside of a branch.
const endsEarly = "unexpected EOF"

var parserPrefix = regexp.MustCompile(`^template: ` + parseName + `:\d+: `)

func parserWords(err error) string { return parserPrefix.ReplaceAllString(err.Error(), "") }

// readable turns the parser's words into ours.
func readable(words string) string {
	for _, known := range parserSays {
		if found := known.says.FindStringSubmatchIndex(words); found != nil {
			return string(known.says.ExpandString(nil, known.means, words, found))
		}
	}
	return "this cannot be read: " + words
}

const (
	noVariables   = "variables are not allowed: write the field where it is needed"
	noDefinitions = "define and block are not allowed: write the text where it is needed"
)

var parserSays = []struct {
	says  *regexp.Regexp
	means string
}{
	{regexp.MustCompile(`^missing value for (if|with|range|else if|else with)$`), "$1 needs a field, as {{$1 .account.name}}"},
	{regexp.MustCompile(`^(missing value for|empty) command`), "this action is empty: write a field, as {{.account.name}}"},
	{regexp.MustCompile(`^missing value for parenthesized pipeline$`), "these parentheses are empty"},
	{regexp.MustCompile(`^unexpected \{\{(end|else)\}\}$`), "there is no if, with or range for this {{$1}}"},
	{regexp.MustCompile(`^expected end; found`), "an if, with or range has one {{else}}, and after it an {{end}}"},
	{regexp.MustCompile(`^\{\{(break|continue)\}\} outside`), "$1 is not allowed"},
	{regexp.MustCompile(`^undefined variable|^range can only|^too many declarations|^expected :=|"(:=|=)" in `), noVariables},
	{regexp.MustCompile(`^(?:bad character|unrecognized character in action:) U\+[0-9A-F]+ '(.+)'$`), "the character $1 is not allowed here"},
	{regexp.MustCompile(`^(?:bad number syntax|illegal number syntax): (.*)$`), "$1 is not a number"},
	{regexp.MustCompile(`multiple definition of template`), noDefinitions},
	{regexp.MustCompile(`paren`), "the parentheses do not match"},
	{regexp.MustCompile(`^non executable command in pipeline`), "behind | stands a function"},
	{regexp.MustCompile(`^max expression depth`), "too many parentheses in each other"},
	{regexp.MustCompile(`^unexpected <?(.*?)>? in (?:operand|command|.* clause)$`), "$1 is not expected here"},
}
