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

// Marks are from a plane of Unicode that is for private use, which has more than a
// template can have parts.
const (
	firstMark = rune(0xF0000)
	lastMark  = rune(0xFFFFD)
)

// mark is what stands for an action, or for the start, else or end of a branch.
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
	next    rune   // that stands for the next mark
	at      int    // of the token in the text
	element string // title or style, where the text is its content
	is      markup // what the HTML may be made of
	nesting nesting
}

// html checks a template for HTML mail, or for an invoice.
func (c *checker) html(root *parse.ListNode) {
	h := &htmlChecker{checker: c, next: firstMark, is: mailMarkup}
	if c.format == Invoice {
		h.is = invoiceMarkup
	}
	h.flatten(root)
	if h.forged() {
		c.problems = append(c.problems, whole("characters for private use, from U+F0000 to U+FFFFD, are not allowed"))
		return
	}
	tokens := html.NewTokenizer(strings.NewReader(h.text.String()))
	for {
		kind := tokens.Next()
		raw := string(tokens.Raw())
		if kind == html.ErrorToken {
			if !errors.Is(tokens.Err(), io.EOF) || raw != "" {
				h.problemIn(h.at, "this tag is not closed")
			}
			h.allClosed(0)
			return
		}
		h.token(kind, raw, tokens)
		h.at += len(raw)
	}
}

// forged says whether the template itself has marks, as they are or as &#xF0000;.
func (h *htmlChecker) forged() bool {
	count := 0
	for _, r := range html.UnescapeString(h.text.String()) {
		if isMark(r) {
			count++
		}
	}
	return count != len(h.marks)
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
	h.text.WriteRune(h.next)
	h.next++
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
		h.endTag(tokens)
	case html.CommentToken:
		h.no(raw, "in a comment, which is left out")
		if !strings.HasPrefix(raw, "<!--") {
			h.problemIn(h.at, "write a comment as <!-- this -->, and &lt; for < in a text")
		}
	case html.DoctypeToken:
		h.no(raw, "in the doctype")
		if h.is.balanced {
			h.problemIn(h.at, "an invoice is a part of a page, which has a doctype already")
		} else if strings.TrimSpace(h.text.String()[:h.at]) != "" {
			h.problemIn(h.at, "the doctype stands at the start")
		}
	}
}

func (h *htmlChecker) textToken(element, raw string) {
	h.nestedText(raw)
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
	if !h.is.elements[tag] {
		h.problemIn(h.at, h.is.noElement, tag)
		return
	}
	h.startElement(tag)
	if tag == "style" || tag == "title" {
		h.element = tag
	}
	for _, a := range attributeNames(raw) {
		var key, value []byte
		if more {
			key, value, more = tokens.TagAttr()
		}
		if a.name != string(key) {
			h.problemIn(h.at+a.at, "the attributes of a tag may be there once each, as name=\"value\"")
			return
		}
		h.attribute(tag, a.name, string(value), h.at+a.at)
	}
	if more {
		h.problemIn(h.at, "the attributes of this tag cannot be read")
	}
}

func (h *htmlChecker) attribute(tag, key, value string, at int) {
	if len(h.marksIn(key)) > 0 {
		h.no(key, "inside of a tag, outside of the quotes of an attribute")
		return
	}
	if slices.ContainsFunc(h.marksIn(value), func(m mark) bool { return m.branch != "" }) {
		h.no(value, "inside of a tag")
		return
	}
	switch {
	case key == "href" && tag == "a":
		h.address(key, value, at, h.is.schemes)
	case key == "src" && tag == "img", key == "background" && h.format == HTML:
		h.address(key, value, at, imageSchemes)
	case !h.is.attribute(tag, key):
		h.problemIn(at, h.is.noAttribute, key, tag)
	case !allowedForFields(key) || key == "class" && h.is.classes != nil:
		h.no(value, "in the attribute "+key)
		h.fixed(key, value, at)
	default:
		h.noLink(value)
	}
}

// fixed checks an attribute that has no fields.
func (h *htmlChecker) fixed(key, value string, at int) {
	switch key {
	case "class":
		h.knownClasses(value, at)
	case "style":
		if wrong := unsafeCSS(value); wrong != "" {
			h.problemIn(at, "%s is not allowed in a style", wrong)
		}
	case "http-equiv":
		if known := strings.ToLower(strings.TrimSpace(value)); known != "content-type" && known != "x-ua-compatible" {
			h.problemIn(at, "http-equiv is only allowed with Content-Type and X-UA-Compatible")
		}
	}
}

// noLink refuses a Link where nobody can follow it, or where a program does by itself.
func (h *htmlChecker) noLink(text string) {
	for _, m := range h.marksIn(text) {
		if m.typ == catalog.Link {
			h.problem(m.pos, "%s", linkPlaces)
		}
	}
}

// The escapers of html/template for an address in quotes: for its start, for its path, and
// for what is behind ? or #.
const (
	addressStart = "_html_template_urlfilter _html_template_urlnormalizer _html_template_attrescaper"
	addressPath  = "_html_template_urlnormalizer _html_template_attrescaper"
	addressQuery = "_html_template_urlescaper _html_template_attrescaper"
)

// safeContexts are those in the places where a value may stand, with the types that may: in
// text, in a title, in the quotes of an attribute, and in an address.
var safeContexts = map[string]func(typ catalog.Type) bool{
	"_html_template_htmlescaper":   anyType,
	"_html_template_rcdataescaper": anyType,
	"_html_template_attrescaper":   anyType,
	addressStart:                   isAddress,
	addressPath:                    isPartOfAddress,
	addressQuery:                   isPartOfAddress,
}

func anyType(catalog.Type) bool { return true }

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
		context, typ := strings.Join(escapers, " "), c.printed[node]
		if safe := safeContexts[context]; safe == nil || !safe(typ) {
			c.problem(node.Pos, "a field stands in the text, in the quotes of an attribute such as title, or in the address in a quoted href or src")
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
