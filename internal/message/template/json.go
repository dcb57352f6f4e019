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
	end, ok := j.endWord(j.list(root, jsonState{want: wantValue}))
	if !j.failed && (!ok || end.text || end.want != wantEnd) {
		want := end.want
		if end.text {
			want = `a "`
		}
		j.fail(parse.Pos(len(c.source)), "the JSON ends too early: it goes on with %s", want)
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
	s, ok := j.endWord(s)
	a, okA := j.endWord(j.list(node.List, s))
	b, okB := j.endWord(j.list(node.ElseList, s))
	joined, same := join(a, b)
	if !ok || !okA || !okB || !same {
		j.fail(node.Pos, "with and without what is inside of {{%s}}, the JSON must go on in the same way: %s, or %s", word, a.goesOn(), b.goesOn())
	}
	return joined
}

// loop follows the body until another time makes no difference.
func (j *jsonChecker) loop(node *parse.BranchNode, s jsonState) jsonState {
	s, ok := j.endWord(s)
	joined := s
	for range 2 {
		after, okAfter := j.endWord(j.list(node.List, joined))
		next, same := join(joined, after)
		if !ok || !okAfter || !same {
			j.fail(node.Pos, "before and after what is inside of {{range}}, the JSON must go on in the same way: %s, or %s", joined.goesOn(), after.goesOn())
			return joined
		}
		if next == joined {
			break
		}
		joined = next
	}
	if node.ElseList == nil {
		return joined
	}
	other, okOther := j.endWord(j.list(node.ElseList, s))
	result, same := join(joined, other)
	if !okOther || !same {
		j.fail(node.Pos, "with and without elements of {{range}}, the JSON must go on in the same way: %s, or %s", joined.goesOn(), other.goesOn())
	}
	return result
}

func (s jsonState) goesOn() string {
	if s.text {
		return "inside of double quotes"
	}
	return "with " + s.want
}

// join is the place where two ways meet. Where one allows an empty list or object and
// the other does not, it is not allowed any more.
func join(a, b jsonState) (jsonState, bool) {
	if a == b {
		return a, true
	}
	strict := func(s jsonState) jsonState {
		switch s.want {
		case wantValueOrNo:
			s.want = wantValue
		case wantKeyOrNo:
			s.want = wantKey
		}
		return s
	}
	a, b = strict(a), strict(b)
	return a, a == b
}

// action follows a printed value.
func (j *jsonChecker) action(node *parse.ActionNode, s jsonState) jsonState {
	if s.text {
		if s.escape > 0 {
			j.fail(node.Pos, `a \ cannot stand before an action`)
		}
		return s
	}
	next, ok := j.endWord(s)
	if !ok || next.want != wantValue && next.want != wantValueOrNo {
		j.fail(node.Pos, "the JSON goes on with %s here, or put the field between double quotes", next.want)
		return s
	}
	switch typ := j.printed[node]; typ {
	case "", catalog.Integer, catalog.Decimal, catalog.Money, catalog.Boolean:
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
		next, ok := j.character(r, s)
		if !ok {
			at := node.Pos + parse.Pos(i)
			switch {
			case s.text && r < ' ':
				j.fail(at, `a line break or tab inside of double quotes is written \n or \t in JSON`)
			case s.text:
				j.fail(at, `\%c is not allowed in JSON`, r)
			default:
				j.fail(at, "the JSON goes on with %s here", s.want)
			}
			return s
		}
		s = next
	}
	return s
}

// character follows one character.
func (j *jsonChecker) character(r rune, s jsonState) (jsonState, bool) {
	if s.text {
		return s.inText(r)
	}
	if strings.ContainsRune(" \t\r\n", r) {
		return j.endWord(s)
	}
	if r < utf8.RuneSelf && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("+-.", r)) {
		s.word += string(r)
		return s, len(s.word) <= 32 && (s.want == wantValue || s.want == wantValueOrNo)
	}
	s, ok := j.endWord(s)
	if !ok {
		return s, false
	}
	return s.structure(r)
}

// endWord ends a number or word.
func (j *jsonChecker) endWord(s jsonState) (jsonState, bool) {
	if s.word == "" {
		return s, true
	}
	ok := json.Valid([]byte(s.word))
	s.word = ""
	return s.afterValue(), ok
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
	switch {
	case r == '"' && (value || key):
		s.text, s.key = true, key
	case r == '{' && value && len(s.stack) < maxJSONDepth:
		s.stack, s.want = s.stack+"{", wantKeyOrNo
	case r == '[' && value && len(s.stack) < maxJSONDepth:
		s.stack, s.want = s.stack+"[", wantValueOrNo
	case r == '}' && strings.HasSuffix(s.stack, "{") && (s.want == wantKeyOrNo || s.want == wantNext),
		r == ']' && strings.HasSuffix(s.stack, "[") && (s.want == wantValueOrNo || s.want == wantNext):
		s.stack = s.stack[:len(s.stack)-1]
		return s.afterValue(), true
	case r == ':' && s.want == wantColon:
		s.want = wantValue
	case r == ',' && s.want == wantNext && strings.HasSuffix(s.stack, "{"):
		s.want = wantKey
	case r == ',' && s.want == wantNext:
		s.want = wantValue
	default:
		return s, false
	}
	return s, true
}
