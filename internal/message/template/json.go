package template

import (
	"encoding/json"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
)

// maxJSONDepth bounds objects and lists in each other.
const maxJSONDepth = 64

// What JSON goes on with.
const (
	wantValue     = "a value"
	wantValueOrNo = "a value or ]"
	wantKey       = "a key in double quotes"
	wantKeyOrNo   = "a key in double quotes or }"
	wantColon     = "a :"
	wantNext      = "a , or the end of the object or list"
	wantEnd       = "nothing more"
)

// jsonState is where in a JSON text a template is. Templates are checked by following it
// through all branches, so that every filled in text is JSON, whatever the payload.
type jsonState struct {
	stack  string // the { and [ that are open
	want   string
	text   bool   // inside of a string
	key    bool   // which is a key
	escape int    // of a string: 1 behind \, 2 to 5 hexadecimal digits to come, plus 1
	word   string // the number or word that has begun
}

// jsonChecker follows the state.
type jsonChecker struct {
	*checker
	failed bool // nothing more is said
}

// json checks a template for JSON.
func (c *checker) json(root *parse.ListNode) {
	j := &jsonChecker{checker: c}
	at := parse.Pos(len(c.source))
	end := j.ended(j.list(root, jsonState{want: wantValue}), at)
	switch {
	case end.text:
		j.fail(at, `the JSON ends too early: it goes on with a "`)
	case end.want != wantEnd:
		j.fail(at, "the JSON ends too early: it goes on with %s", end.want)
	}
}

func (j *jsonChecker) fail(pos parse.Pos, format string, args ...any) {
	if !j.failed {
		j.problem(pos, format, args...)
	}
	j.failed = true
}

func (j *jsonChecker) list(list *parse.ListNode, s jsonState) jsonState {
	if list == nil {
		return s
	}
	for _, node := range list.Nodes {
		if j.failed {
			return s
		}
		switch node := node.(type) {
		case *parse.TextNode:
			s = j.text(node, s)
		case *parse.ActionNode:
			s = j.action(node, s)
		case *parse.IfNode:
			s = j.branch(&node.BranchNode, "if", s)
		case *parse.WithNode:
			s = j.branch(&node.BranchNode, "with", s)
		case *parse.RangeNode:
			s = j.loop(&node.BranchNode, s)
		}
	}
	return s
}

// branch follows both ways, which must lead to the same place.
func (j *jsonChecker) branch(node *parse.BranchNode, word string, s jsonState) jsonState {
	s = j.ended(s, node.Pos)
	a := j.ended(j.list(node.List, s), node.Pos)
	b := j.ended(j.list(node.ElseList, s), node.Pos)
	joined, same := join(a, b)
	if !same {
		j.fail(node.Pos, "with and without what is inside of {{%s}}, the JSON must go on in the same way: with %s, or %s", word, a.goesOn(), b.goesOn())
	}
	return joined
}

// loop follows the body, which must lead back to where it begins. Behind a [ or {, that
// is the place where one more element must come: a comma cannot be put between elements
// only.
func (j *jsonChecker) loop(node *parse.BranchNode, s jsonState) jsonState {
	s = j.ended(s, node.Pos)
	before := s.strict()
	after := j.ended(j.list(node.List, before), node.Pos)
	if after.strict() != before {
		j.fail(node.Pos, "before and after what is inside of {{range}}, the JSON must go on in the same way: with %s, or %s", before.goesOn(), after.goesOn())
	}
	if node.ElseList == nil {
		return before
	}
	other := j.ended(j.list(node.ElseList, s), node.Pos)
	joined, same := join(before, other)
	if !same {
		j.fail(node.Pos, "with and without elements of {{range}}, the JSON must go on in the same way: with %s, or %s", before.goesOn(), other.goesOn())
	}
	return joined
}

// ended ends the number or word before an action.
func (j *jsonChecker) ended(s jsonState, pos parse.Pos) jsonState {
	end, ok := s.endWord()
	if !ok {
		j.fail(pos, "%s", s.expected())
	}
	return end
}

// expected is what is wrong with something else at a place.
func (s jsonState) expected() string {
	if s.word != "" && !json.Valid([]byte(s.word)) {
		return s.word + " is neither a number nor true, false or null"
	}
	if s.word != "" {
		s = s.afterValue()
	}
	return "the JSON goes on with " + s.want + " here"
}

func (s jsonState) goesOn() string {
	if s.text {
		return "more of the text"
	}
	return s.want
}

// join is the place where two ways meet. Where one allows an empty list or object and
// the other does not, it is not allowed any more.
func join(a, b jsonState) (jsonState, bool) {
	if a == b {
		return a, true
	}
	return a.strict(), a.strict() == b.strict()
}

// strict is the place where an empty list or object is not allowed.
func (s jsonState) strict() jsonState {
	switch s.want {
	case wantValueOrNo:
		s.want = wantValue
	case wantKeyOrNo:
		s.want = wantKey
	}
	return s
}

// action follows a printed value.
func (j *jsonChecker) action(node *parse.ActionNode, s jsonState) jsonState {
	if s.text {
		switch {
		case s.escape > 0:
			j.fail(node.Pos, `a \ cannot stand before an action`)
		case j.printed[node] == listInJSON:
			j.problem(node.Pos, "a List in JSON stands without double quotes around it")
		}
		return s
	}
	next := j.ended(s, node.Pos)
	if next.want != wantValue && next.want != wantValueOrNo {
		j.fail(node.Pos, "%s", next.expected())
		return s
	}
	switch typ := j.printed[node]; typ {
	case "", catalog.Integer, catalog.Decimal, catalog.Money, catalog.Boolean, listInJSON:
	default:
		j.problem(node.Pos, `a %s stands between double quotes, as "{{.account.name}}"`, typ)
	}
	return next.afterValue()
}

func (s jsonState) afterValue() jsonState {
	s.want = wantNext
	if s.stack == "" {
		s.want = wantEnd
	}
	return s
}

func (j *jsonChecker) text(node *parse.TextNode, s jsonState) jsonState {
	for i, r := range string(node.Text) {
		next, ok := s.character(r)
		if !ok {
			at := node.Pos + parse.Pos(i)
			switch {
			case len(s.stack) == maxJSONDepth && (r == '{' || r == '['):
				j.fail(at, "the JSON is too deep: at most %d objects and lists may be in each other", maxJSONDepth)
			case s.text && r < ' ':
				j.fail(at, `a line break or tab inside of double quotes is written \n or \t in JSON`)
			case s.text:
				j.fail(at, `\%c is not allowed in JSON`, r)
			default:
				j.fail(at, "%s", s.expected())
			}
			return s
		}
		s = next
	}
	return s
}

// character follows one character.
func (s jsonState) character(r rune) (jsonState, bool) {
	if s.text {
		return s.inText(r)
	}
	if strings.ContainsRune(" \t\r\n", r) {
		return s.endWord()
	}
	if r < utf8.RuneSelf && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("+-.", r)) {
		s.word += string(r)
		return s, len(s.word) <= 32 && (s.want == wantValue || s.want == wantValueOrNo)
	}
	s, ok := s.endWord()
	if !ok {
		return s, false
	}
	return s.structure(r)
}

// endWord ends a number or word.
func (s jsonState) endWord() (jsonState, bool) {
	if s.word == "" {
		return s, true
	}
	if !json.Valid([]byte(s.word)) {
		return s, false
	}
	s.word = ""
	return s.afterValue(), true
}

func (s jsonState) inText(r rune) (jsonState, bool) {
	switch {
	case s.escape > 1:
		s.escape--
		if s.escape == 1 {
			s.escape = 0
		}
		return s, strings.ContainsRune("0123456789abcdefABCDEF", r)
	case s.escape == 1 && r == 'u':
		s.escape = 5
		return s, true
	case s.escape == 1:
		s.escape = 0
		return s, strings.ContainsRune(`"\/bfnrt`, r)
	case r == '\\':
		s.escape = 1
	case r == '"' && s.key:
		s.text, s.key, s.want = false, false, wantColon
	case r == '"':
		s.text = false
		return s.afterValue(), true
	case r < ' ':
		return s, false
	}
	return s, true
}

// structure follows what is not inside of a string, number or word.
func (s jsonState) structure(r rune) (jsonState, bool) {
	value := s.want == wantValue || s.want == wantValueOrNo
	key := s.want == wantKey || s.want == wantKeyOrNo
	switch r {
	case '"':
		s.text, s.key = true, key
		return s, value || key
	case '{':
		return s.open("{", wantKeyOrNo), value && len(s.stack) < maxJSONDepth
	case '[':
		return s.open("[", wantValueOrNo), value && len(s.stack) < maxJSONDepth
	case '}':
		return s.closed("{", wantKeyOrNo)
	case ']':
		return s.closed("[", wantValueOrNo)
	case ':':
		ok := s.want == wantColon
		s.want = wantValue
		return s, ok
	case ',':
		ok := s.want == wantNext
		s.want = wantValue
		if strings.HasSuffix(s.stack, "{") {
			s.want = wantKey
		}
		return s, ok
	}
	return s, false
}

func (s jsonState) open(what, want string) jsonState {
	s.stack, s.want = s.stack+what, want
	return s
}

func (s jsonState) closed(what, empty string) (jsonState, bool) {
	stack, ok := strings.CutSuffix(s.stack, what)
	if !ok || s.want != empty && s.want != wantNext {
		return s, false
	}
	s.stack = stack
	return s.afterValue(), true
}
