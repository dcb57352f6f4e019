package template

import (
	"fmt"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/message"
)

// isControl says whether mail, text messages or databases may not hold a character: a
// control character other than a line break or tab.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f
}

// turnsText says whether a character turns the direction of what is behind it, by which a
// subject can be made to look like another one.
func turnsText(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// unreadable finds what keeps a source from being looked at.
func unreadable(source string, format Format) (message.Problem, bool) {
	if len(source) > MaxSource {
		return whole("the template has %d bytes, allowed are %d", len(source), MaxSource), true
	}
	if !utf8.ValidString(source) {
		return problemAt(source, strings.IndexRune(strings.ToValidUTF8(source, "\x00"), 0), "this is not text in UTF-8"), true
	}
	if at, wrong := badCharacter(source, format); wrong != "" {
		return problemAt(source, at, "%s", wrong), true
	}
	return message.Problem{}, false
}

// badCharacter finds the first character that a text may not hold, and says so.
func badCharacter(text string, format Format) (at int, wrong string) {
	for at, r := range text {
		switch {
		case r == '\r':
			return at, `the character U+000D is not allowed: a line ends with \n alone`
		case isControl(r):
			return at, fmt.Sprintf("the character U+%04X is not allowed", r)
		case format == Subject && turnsText(r):
			return at, fmt.Sprintf("the character U+%04X, which turns the direction of a text, is not allowed in a subject", r)
		}
	}
	return 0, ""
}

// literal checks a text in quotes, which may be written with escapes.
func (c *checker) literal(node *parse.StringNode) bool {
	wrong := "this is not text in UTF-8"
	if utf8.ValidString(node.Text) {
		_, wrong = badCharacter(node.Text, c.format)
	}
	if wrong != "" {
		c.problem(node.Pos, "%s", wrong)
	}
	return wrong == ""
}
