package template

import (
	"cmp"
	"errors"
	htmltemplate "html/template"
	"io"
	"slices"
	"sort"
	"strings"
	"text/template/parse"

	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/catalog"
)

// HTML is checked twice, by two parsers, and both must agree.
//
// First the text of the template is read by the tokenizer of golang.org/x/net/html, with
// a mark in the place of each action: a character that no source may contain. Branches
// must stand between tags, so what the tokenizer sees of each tag is what every filled in
// text has, whichever branches it takes; there elements, attributes and addresses are
// held to lists.
//
// Then html/template escapes the tree, by its own reading of it. What it put behind an
// action is what it takes the place for, and only the places of safeContexts are allowed.

// Marks are from a plane of Unicode that is for private use.
const (
	firstMark = 0xF0000
	lastMark  = firstMark + 0xFFFD
)

// mark is what stands for an action, or for the begin, else or end of a branch.
type mark struct {
	pos    parse.Pos
	typ    catalog.Type // of what an action prints; empty: not known
	branch string       // if, with or range
}

// piece is where in the source a part of the text comes from.
type piece struct{ at, pos int }

type htmlChecker struct {
	*checker
	text    strings.Builder
	pieces  []piece
	marks   []mark
	at      int    // of the token in the text
	element string // title or style, where the text is its content
}

// html checks a template for HTML mail.
func (c *checker) html(root *parse.ListNode) {
	if at := strings.IndexFunc(c.source, isMark); at >= 0 {
		c.problem(parse.Pos(at), "characters for private use, from U+F0000 to U+FFFFD, are not allowed")
		return
	}
	h := &htmlChecker{checker: c}
	h.flatten(root)
	tokens := html.NewTokenizer(strings.NewReader(h.text.String()))
	for {
		kind := tokens.Next()
		raw := string(tokens.Raw())
		if kind == html.ErrorToken {
			if !errors.Is(tokens.Err(), io.EOF) || raw != "" {
				h.problemIn(h.at, "this tag is not closed")
			}
			return
		}
		h.token(kind, raw, tokens)
		h.at += len(raw)
	}
}

func isMark(r rune) bool { return r >= firstMark && r <= lastMark }

// flatten writes the text of the template with its marks.
func (h *htmlChecker) flatten(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.TextNode:
			h.pieces = append(h.pieces, piece{h.text.Len(), int(node.Pos)})
			h.text.Write(node.Text)
		case *parse.ActionNode:
			h.mark(mark{pos: node.Pos, typ: h.printed[node]})
		case *parse.IfNode:
			h.branch(&node.BranchNode, "if")
		case *parse.WithNode:
			h.branch(&node.BranchNode, "with")
		case *parse.RangeNode:
			h.branch(&node.BranchNode, "range")
		}
	}
}

func (h *htmlChecker) branch(node *parse.BranchNode, word string) {
	m := mark{pos: node.Pos, branch: word}
	h.mark(m)
	h.flatten(node.List)
	h.mark(m)
	h.flatten(node.ElseList)
	h.mark(m)
}

func (h *htmlChecker) mark(m mark) {
	h.text.WriteRune(rune(firstMark + len(h.marks)))
	h.marks = append(h.marks, m)
}

// marksIn lists the marks of a part of the text.
func (h *htmlChecker) marksIn(text string) []mark {
	var found []mark
	for _, r := range text {
		if isMark(r) {
			found = append(found, h.marks[r-firstMark])
		}
	}
	return found
}

// problemIn is a problem at a place of the text.
func (h *htmlChecker) problemIn(at int, format string, args ...any) {
	i := sort.Search(len(h.pieces), func(i int) bool { return h.pieces[i].at > at })
	if i == 0 {
		h.problem(0, format, args...)
		return
	}
	p := h.pieces[i-1]
	h.problem(parse.Pos(p.pos+at-p.at), format, args...)
}

// no refuses marks of a part of the text.
func (h *htmlChecker) no(text, where string) {
	for _, m := range h.marksIn(text) {
		if m.branch != "" {
			h.problem(m.pos, "{{%s}} stands %s: put it around whole tags", m.branch, where)
		} else {
			h.problem(m.pos, "a field cannot stand %s", where)
		}
	}
}

func (h *htmlChecker) token(kind html.TokenType, raw string, tokens *html.Tokenizer) {
	element := h.element
	h.element = ""
	switch kind {
	case html.TextToken:
		h.textToken(element, raw)
	case html.StartTagToken, html.SelfClosingTagToken:
		h.startTag(raw, tokens)
	case html.EndTagToken:
		h.no(raw, "inside of a tag")
	case html.CommentToken:
		h.no(raw, "in a comment, which is left out of the mail")
		if !strings.HasPrefix(raw, "<!--") {
			h.problemIn(h.at, "write a comment as <!-- this -->, and &lt; for < in a text")
		}
	case html.DoctypeToken:
		h.no(raw, "in the doctype")
		if strings.TrimSpace(h.text.String()[:h.at]) != "" {
			h.problemIn(h.at, "the doctype stands at the begin")
		}
	}
}

func (h *htmlChecker) textToken(element, raw string) {
	switch element {
	case "style":
		h.no(raw, "in a style")
		if wrong := unsafeCSS(raw); wrong != "" {
			h.problemIn(h.at, "%s is not allowed in a style", wrong)
		}
		return
	case "title":
		h.noLink(raw)
	}
	// With an action behind it, a < could become a tag.
	if i := strings.IndexByte(raw, '<'); i >= 0 {
		h.problemIn(h.at+i, "write &lt; for < in a text")
	}
}

func (h *htmlChecker) startTag(raw string, tokens *html.Tokenizer) {
	name, more := tokens.TagName()
	tag := string(name)
	if len(h.marksIn(tag)) > 0 {
		h.no(raw, "inside of a tag")
		return
	}
	if !allowedElements[tag] {
		h.problemIn(h.at, "the element <%s> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a", tag)
		return
	}
	if tag == "style" || tag == "title" {
		h.element = tag
	}
	from := len(tag) + 1
	lower := strings.ToLower(raw)
	for more {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		if i := strings.Index(lower[min(from, len(lower)):], string(key)); i >= 0 {
			from += i
		}
		h.attribute(tag, string(key), string(value), h.at+from)
		from += len(key)
	}
}

func (h *htmlChecker) attribute(tag, key, value string, at int) {
	if len(h.marksIn(key)) > 0 {
		h.no(key, "inside of a tag, outside of the quotes of an attribute")
		return
	}
	for _, m := range h.marksIn(value) {
		if m.branch != "" {
			h.problem(m.pos, "{{%s}} stands inside of a tag: put it around whole tags", m.branch)
		}
	}
	switch {
	case key == "href" && tag == "a":
		h.address(key, value, at, linkSchemes)
	case key == "src" && tag == "img", key == "background":
		h.address(key, value, at, imageSchemes)
	case key == "style":
		h.no(value, "in a style")
		if wrong := unsafeCSS(value); wrong != "" {
			h.problemIn(at, "%s is not allowed in a style", wrong)
		}
	case key == "http-equiv" && tag == "meta":
		if !slices.Contains([]string{"content-type", "x-ua-compatible"}, strings.ToLower(strings.TrimSpace(value))) {
			h.problemIn(at, "http-equiv is only allowed with Content-Type and X-UA-Compatible")
		}
	case !allowedAttribute(tag, key):
		h.problemIn(at, "the attribute %s of <%s> is not allowed in a mail, whose attributes are about looks, as class, style, width and title", key, tag)
	case !allowedForFields(key):
		h.no(value, "in the attribute "+key)
	default:
		h.noLink(value)
	}
}

// noLink refuses a Link where nobody can follow it, or where a program does by itself.
func (h *htmlChecker) noLink(text string) {
	for _, m := range h.marksIn(text) {
		if m.typ == catalog.Link {
			h.problem(m.pos, "a Link stands in the text or in the href of an <a>")
		}
	}
}

var (
	linkSchemes  = []string{"https://", "http://", "mailto:", "tel:", "cid:", "#"}
	imageSchemes = []string{"https://"}
)

// address checks a link or the source of an image.
func (h *htmlChecker) address(key, value string, at int, schemes []string) {
	marks := h.marksIn(value)
	if len(marks) == 0 {
		if !slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(strings.ToLower(value), scheme) }) {
			h.problemIn(at, "the address in %s must begin with %s", key, strings.Join(schemes, ", "))
		}
		return
	}
	for i, m := range marks {
		switch {
		case m.branch != "":
		case i > 0 || !strings.HasPrefix(value, string(rune(firstMark+slices.Index(h.marks, m)))):
			h.problem(m.pos, "a field in %s must be the whole address, or its begin", key)
		case m.typ == catalog.Link && key != "href":
			h.problem(m.pos, "a Link stands in the text or in the href of an <a>")
		case m.typ != "" && m.typ != catalog.URL && m.typ != catalog.Link:
			h.problem(m.pos, "a field in %s must be a URL, and this is %s", key, m.typ)
		}
	}
}

// safeContexts are the escapers of html/template in the places where a value may stand:
// in text, in a title, in the quotes of an attribute, and as an address.
var safeContexts = map[string]bool{
	"_html_template_htmlescaper":   true,
	"_html_template_rcdataescaper": true,
	"_html_template_attrescaper":   true,
	"_html_template_urlfilter _html_template_urlnormalizer _html_template_attrescaper": true,
}

// contexts looks at where html/template takes each action to be.
func (c *checker) contexts() {
	actions := make([]*parse.ActionNode, 0, len(c.printed))
	for node := range c.printed {
		actions = append(actions, node)
	}
	slices.SortFunc(actions, func(a, b *parse.ActionNode) int { return cmp.Compare(a.Pos, b.Pos) })
	for _, node := range actions {
		var escapers []string
		for _, command := range node.Pipe.Cmds {
			if name, is := command.Args[0].(*parse.IdentifierNode); is && strings.HasPrefix(name.Ident, "_html_template_") {
				escapers = append(escapers, name.Ident)
			}
		}
		if !safeContexts[strings.Join(escapers, " ")] {
			c.problem(node.Pos, "a field stands in the text, in the quotes of an attribute such as title, or is the address in a quoted href or src")
		}
	}
}

// escapeProblem is what html/template itself refuses.
func (c *checker) escapeProblem(err *htmltemplate.Error) {
	words := "the HTML cannot be understood here"
	switch err.ErrorCode {
	case htmltemplate.ErrBranchEnd, htmltemplate.ErrRangeLoopReentry:
		words = "what is inside of if, with and range must end where it begins, both in the text or both in the same title"
	case htmltemplate.ErrBadHTML:
		words += ": " + err.Description
	}
	if err.Node != nil {
		c.problem(err.Node.Position(), "%s", words)
		return
	}
	c.problems = append(c.problems, whole("%s", words))
}
