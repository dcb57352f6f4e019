package template

import (
	"maps"
	"slices"
	"strings"
	"text/template/parse"
	"unicode"

	"golang.org/x/net/html"
)

// An invoice is a part of a page of the portal, whose policy allows no styles of its own
// and whose frame it must not end: so its looks come from the classes of the portal, and
// its elements stand in each other as browsers keep them, whichever branches are taken.

// invoiceClasses are what the portal's stylesheet knows inside of an invoice.
const invoiceClasses = "accent, address, bad, badge, box, columns, fact, facts, good, head, keep, label, large, lines, middle, muted, nowrap, number, " +
	"print-only, right, screen-only, small, spaced, strong, sums, title, total, warn"

var invoiceMarkup = markup{
	elements: setOf("a, abbr, address, b, bdi, blockquote, br, caption, cite, code, col, colgroup, dd, del, div, dl, dt, em, footer, h2, h3, h4, header, hr, i, " +
		"ins, li, ol, p, q, s, section, small, span, strong, sub, sup, table, tbody, td, tfoot, th, thead, time, tr, u, ul, wbr"),
	anyAttributes: setOf("class, dir, lang, title, translate"),
	ownAttributes: map[string]map[string]bool{
		"a": setOf("href"), "ol": setOf("start"), "time": setOf("datetime"), "col": setOf("span"), "colgroup": setOf("span"),
		"td": setOf("colspan, rowspan"), "th": setOf("colspan, rowspan, scope, abbr"),
	},
	schemes:     []string{"https://", "mailto:", "tel:"},
	classes:     setOf(invoiceClasses),
	balanced:    true,
	noElement:   "the element <%s> is not allowed in an invoice, which is made of texts, tables, lists and links, as p, h2, table, dl, ul and a",
	noAttribute: "the attribute %s of <%s> is not allowed in an invoice: its looks come from the attribute class",
}

// voidElements have no end tag.
var voidElements = setOf("br, col, hr, wbr")

// insideOf are elements that stand directly in certain others. Browsers move what stands
// elsewhere, or close what it stands in.
var insideOf = map[string]map[string]bool{
	"caption": setOf("table"), "colgroup": setOf("table"), "thead": setOf("table"), "tbody": setOf("table"), "tfoot": setOf("table"),
	"tr": setOf("thead, tbody, tfoot"), "th": setOf("tr"), "td": setOf("tr"), "col": setOf("colgroup"),
	"li": setOf("ol, ul"), "dt": setOf("dl"), "dd": setOf("dl"),
}

// holdOnly are elements that hold certain others and nothing else.
var holdOnly = map[string]map[string]bool{
	"table": setOf("caption, colgroup, thead, tbody, tfoot"), "thead": setOf("tr"), "tbody": setOf("tr"), "tfoot": setOf("tr"), "tr": setOf("td, th"),
	"colgroup": setOf("col"), "ol": setOf("li"), "ul": setOf("li"), "dl": setOf("dt, dd, div"),
}

// Texts hold no blocks: a browser ends a paragraph where one begins.
var (
	textElements = setOf("p, h2, h3, h4")
	blocks       = setOf("address, blockquote, caption, dd, div, dl, dt, footer, h2, h3, h4, header, hr, li, ol, p, section, table, ul")
)

// nesting is which elements and branches are open.
type nesting struct {
	open     []openElement
	branches []openBranch
}

type openElement struct {
	tag string
	at  int // of its tag in the text
}

type openBranch struct {
	pos    parse.Pos
	atElse bool // or behind it
	depth  int  // of the elements where it begins
}

// startElement opens an element.
func (h *htmlChecker) startElement(tag string) {
	if !h.is.balanced {
		return
	}
	if wrong := h.misplaced(tag); wrong != "" {
		h.problemIn(h.at, "%s", wrong)
	}
	if !voidElements[tag] {
		h.nesting.open = append(h.nesting.open, openElement{tag, h.at})
	}
}

// misplaced says why an element cannot stand in those that are open; empty: it can.
func (h *htmlChecker) misplaced(tag string) string {
	parent := h.nesting.parent()
	switch {
	case (tag == "dt" || tag == "dd") && parent == "div" && h.nesting.up(2) == "dl":
	case insideOf[tag] != nil && !insideOf[tag][parent]:
		return "<" + tag + "> stands directly in " + anyOf(insideOf[tag])
	case holdOnly[parent] != nil && !holdOnly[parent][tag]:
		return "<" + parent + "> holds only " + anyOf(holdOnly[parent])
	}
	for _, outer := range h.nesting.open {
		if tag == "a" && outer.tag == "a" {
			return "a link cannot stand in another one"
		}
		if textElements[outer.tag] && blocks[tag] {
			return "<" + outer.tag + "> holds text, and <" + tag + "> cannot stand in it"
		}
	}
	return ""
}

// up is the element that many above, empty if there is none.
func (n *nesting) up(count int) string {
	if len(n.open) < count {
		return ""
	}
	return n.open[len(n.open)-count].tag
}

func (n *nesting) parent() string { return n.up(1) }

// anyOf lists elements, as "<ol> or <ul>".
func anyOf(tags map[string]bool) string {
	names := slices.Sorted(maps.Keys(tags))
	for i, name := range names {
		names[i] = "<" + name + ">"
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// endTag closes the element that is open, in the branch that opened it.
func (h *htmlChecker) endTag(tokens *html.Tokenizer) {
	name, _ := tokens.TagName()
	tag, base := string(name), 0
	if !h.is.balanced || !h.is.elements[tag] {
		return
	}
	if branches := h.nesting.branches; len(branches) > 0 {
		base = branches[len(branches)-1].depth
	}
	last := len(h.nesting.open) - 1
	switch {
	case last < base:
		h.problemIn(h.at, "</%s> closes nothing that is open here", tag)
	case h.nesting.open[last].tag != tag:
		h.problemIn(h.at, "</%s> stands where </%s> is expected", tag, h.nesting.open[last].tag)
		h.nesting.open = h.nesting.open[:last]
	default:
		h.nesting.open = h.nesting.open[:last]
	}
}

// nestedText looks at a text, in which branches begin and end: each leaves the elements as
// they were.
func (h *htmlChecker) nestedText(text string) {
	if !h.is.balanced {
		return
	}
	n := &h.nesting
	if parent := n.parent(); holdOnly[parent] != nil && h.writes(text) {
		h.problemIn(h.at, "a text cannot stand directly in <%s>, which holds only %s", parent, anyOf(holdOnly[parent]))
	}
	for _, m := range h.marksIn(text) {
		last := len(n.branches) - 1
		switch {
		case m.branch == "":
		case last < 0 || n.branches[last].pos != m.pos:
			n.branches = append(n.branches, openBranch{pos: m.pos, depth: len(n.open)})
		case n.branches[last].atElse:
			h.allClosed(n.branches[last].depth)
			n.branches = n.branches[:last]
		default:
			h.allClosed(n.branches[last].depth)
			n.branches[last].atElse = true
		}
	}
}

// writes says whether a text is more than spaces and branches.
func (h *htmlChecker) writes(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !(isMark(r) && h.marks[r-firstMark].branch != "")
	})
}

// allClosed refuses elements that are open above a depth.
func (h *htmlChecker) allClosed(depth int) {
	if !h.is.balanced || len(h.nesting.open) <= depth {
		return
	}
	for _, element := range h.nesting.open[depth:] {
		h.problemIn(element.at, "<%s> is not closed: </%s> is missing, in the same if, with or range", element.tag, element.tag)
	}
	h.nesting.open = h.nesting.open[:depth]
}

// knownClasses refuses classes that the portal does not know.
func (h *htmlChecker) knownClasses(value string, at int) {
	if h.is.classes == nil {
		return
	}
	for class := range strings.FieldsSeq(value) {
		if !h.is.classes[class] && !strings.ContainsFunc(class, isMark) {
			h.problemIn(at, "there is no class %s (there are: %s)", class, nearest(class, slices.Sorted(maps.Keys(h.is.classes))))
		}
	}
}
