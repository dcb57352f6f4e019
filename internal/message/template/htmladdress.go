package template

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
)

var (
	linkSchemes  = []string{"https://", "http://", "mailto:", "tel:", "#"}
	imageSchemes = []string{"https://"}
)

// What fields may stand behind in an address. Its host ends there, so that no payload makes
// it another one.
var (
	fixedHost  = regexp.MustCompile(`^(?i:https?)://[^/?#\\]+[/?#]`)
	endOfHost  = regexp.MustCompile(`^[/?#]`) // of a URL that begins the address
	toSomebody = regexp.MustCompile(`^(?i:mailto|tel):`)
)

const linkPlaces = "a Link stands in the text, or begins the href of an <a>"

func isAddress(typ catalog.Type) bool { return typ == catalog.URL || typ == catalog.Link }

func isPartOfAddress(typ catalog.Type) bool {
	return typ == catalog.Text || typ == catalog.Integer || typ == catalog.URL
}

// address checks a link or the source of an image.
func (h *htmlChecker) address(key, value string, at int, schemes []string) {
	marks := h.marksIn(value)
	first := strings.IndexFunc(value, isMark)
	if first == 0 {
		h.startOfAddress(key, marks[0])
		_, size := utf8.DecodeRuneInString(value)
		h.partsOfAddress(key, marks[1:], endOfHost.MatchString(value[size:]))
		return
	}
	if !slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(strings.ToLower(value), scheme) }) {
		h.problemIn(at, "the address in %s must begin with %s", key, strings.Join(schemes, ", "))
		return
	}
	if first > 0 {
		h.partsOfAddress(key, marks, fixedHost.MatchString(value[:first]) || len(marks) == 1 && toSomebody.MatchString(value))
	}
}

func (h *htmlChecker) startOfAddress(key string, m mark) {
	switch {
	case m.typ == catalog.Link && key != "href":
		h.problem(m.pos, "%s", linkPlaces)
	case m.typ != "" && !isAddress(m.typ):
		h.problem(m.pos, "a field that begins the address in %s must be a URL, and this is %s: write what stands before it, as mailto:{{.tenant.supportEmail}}", key, withArticle(string(m.typ)))
	}
}

// partsOfAddress checks the fields behind the start.
func (h *htmlChecker) partsOfAddress(key string, marks []mark, allowed bool) {
	for _, m := range marks {
		switch {
		case m.typ == catalog.Link:
			h.problem(m.pos, "%s", linkPlaces)
		case !allowed:
			h.problem(m.pos, "a field in %s must begin the address or stand behind its host, as {{.tenant.portalURL}}/invoices/{{.invoice.number}}, or alone behind mailto: or tel:", key)
		case m.typ != "" && !isPartOfAddress(m.typ):
			h.problem(m.pos, "a field in an address must be a Text, Integer or URL, and this is %s", withArticle(string(m.typ)))
		}
	}
}
