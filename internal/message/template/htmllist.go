package template

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// elementList is what mail is made of. What runs, loads, embeds or asks for something is
// not among it.
const elementList = "a, abbr, address, article, b, big, blockquote, body, br, caption, center, cite, code, col, colgroup, dd, del, div, dl, dt, em, " +
	"figcaption, figure, font, footer, h1, h2, h3, h4, h5, h6, head, header, hr, html, i, img, ins, li, main, mark, meta, nav, ol, p, pre, q, s, " +
	"section, small, span, strike, strong, style, sub, sup, table, tbody, td, tfoot, th, thead, time, title, tr, tt, u, ul, wbr"

// markup is what the HTML of a format may be made of.
type markup struct {
	elements      map[string]bool
	anyAttributes map[string]bool            // that any element may have
	ownAttributes map[string]map[string]bool // those of one element
	schemes       []string                   // of links
	classes       map[string]bool            // nil: any
	balanced      bool                       // each element is closed, in the branch that opens it

	noElement   string // told of another element
	noAttribute string // told of another attribute, with its element
}

func (m markup) attribute(tag, key string) bool {
	return m.anyAttributes[key] || m.ownAttributes[tag][key] || strings.HasPrefix(key, "aria-") || !m.balanced && strings.HasPrefix(key, "xmlns:")
}

var mailMarkup = markup{
	elements: setOf(elementList), anyAttributes: anyAttributes, ownAttributes: ownAttributes, schemes: linkSchemes,
	noElement:   "the element <%s> is not allowed in a mail, which is made of texts, tables, lists, images and links, as p, table, ul, img and a",
	noAttribute: "the attribute %s of <%s> is not allowed in a mail, whose attributes are about looks, as class, style, width and title",
}

// attributes that any element may have.
var anyAttributes = setOf("abbr, align, alt, bgcolor, border, cellpadding, cellspacing, class, clear, color, colspan, compact, datetime, dir, face, " +
	"headers, height, hspace, id, lang, nowrap, role, rowspan, rules, scope, size, span, start, style, summary, title, translate, type, valign, value, " +
	"vspace, width, xml:lang, xmlns")

// ownAttributes are those of one element.
var ownAttributes = map[string]map[string]bool{
	"a":     setOf("href, name, rel, target"),
	"body":  setOf("alink, link, text, vlink, marginheight, marginwidth, leftmargin, topmargin"),
	"img":   setOf("src, loading"),
	"meta":  setOf("charset, content, http-equiv, name, property"),
	"style": setOf("media"),
	"table": setOf("frame"),
}

func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.SplitSeq(list, ", ") {
		set[name] = true
	}
	return set
}

// allowedForFields says whether a field may be in the quotes of an attribute that is no
// address.
func allowedForFields(key string) bool {
	return (anyAttributes[key] || strings.HasPrefix(key, "aria-")) && !slices.Contains([]string{"style", "type", "xml:lang", "xmlns"}, key)
}

// attributeName is the name of an attribute, and where in its tag it is.
type attributeName struct {
	name string
	at   int
}

var (
	tagName = regexp.MustCompile(`^<[^ \n\r\t\f/>]*`)
	// attribute is a name and a value, as HTML reads them.
	attribute = regexp.MustCompile(`^([ \n\r\t\f/]*)([^ \n\r\t\f/>][^ \n\r\t\f/>=]*)([ \n\r\t\f]*=[ \n\r\t\f]*("[^"]*"|'[^']*'|[^"' \n\r\t\f>][^ \n\r\t\f>]*|))?`)
)

// attributeNames lists the attributes of a tag. The tokenizer has only the first of each
// name and not its place, so that one that is there twice makes a difference.
func attributeNames(raw string) []attributeName {
	var names []attributeName
	at := len(tagName.FindString(raw))
	for {
		found := attribute.FindStringSubmatchIndex(raw[at:])
		if found == nil {
			return names
		}
		names = append(names, attributeName{strings.ToLower(raw[at+found[4] : at+found[5]]), at + found[4]})
		at += found[1]
	}
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?(\*/|$)`)
	cssURL     = regexp.MustCompile(`url\(\s*(.{0,9})`)
)

// unsafeCSS finds what in a style loads other styles or runs: mail programs that know it
// refuse the mail. It is looked for with and without comments, because what begins one
// begins none in quotes.
func unsafeCSS(css string) string {
	css = strings.ToLower(css)
	return cmp.Or(unsafeInCSS(css), unsafeInCSS(cssComment.ReplaceAllString(css, "")))
}

func unsafeInCSS(css string) string {
	for _, wrong := range []string{`\`, "<", "@import", "@charset", "@namespace", "expression(", "javascript:", "vbscript:", "-moz-binding", "image-set("} {
		if strings.Contains(css, wrong) {
			return wrong
		}
	}
	for _, found := range cssURL.FindAllStringSubmatch(css, -1) {
		if !strings.HasPrefix(strings.TrimLeft(found[1], `"'`), "https://") {
			return "a url() that does not begin with https://"
		}
	}
	return ""
}
