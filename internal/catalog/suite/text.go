package suite

import (
	"regexp"
	"strings"
)

// link is a link in a text, and a button where it is a whole line.
var link = regexp.MustCompile(`\[([^\[\]]+)\]\((mailto:|tel:)?([.$][\w.]*)(/[\w/-]*)?\)`)

// target is where a link goes.
type target struct {
	label, scheme, field, path string
}

func targetOf(parts []string) target { return target{parts[1], parts[2], parts[3], parts[4]} }

// address is the template of where it goes.
func (t target) address() string { return t.scheme + "{{" + t.field + "}}" + t.path }

// plainText writes the links of a text for those who see no HTML.
func plainText(text string) string {
	return link.ReplaceAllStringFunc(text, func(found string) string {
		t := targetOf(link.FindStringSubmatch(found))
		if t.scheme != "" || t.label == t.address() {
			return t.label
		}
		return t.label + " <" + t.address() + ">"
	})
}

// plainWriter makes the plain text of a message.
type plainWriter struct {
	out   strings.Builder
	colon string // behind a label
}

func (w *plainWriter) paragraph(text string) { w.out.WriteString(plainText(text) + "\n\n") }

func (w *plainWriter) block(b block) {
	switch b.kind {
	case control:
		for _, l := range b.lines {
			w.out.WriteString(l.text)
		}
	case fact:
		for _, l := range b.lines {
			if l.control {
				w.out.WriteString(l.text)
				continue
			}
			label, value := l.pair()
			w.out.WriteString(plainText(label) + w.colon + " " + plainText(value) + "\n")
		}
		w.out.WriteString("\n")
	case figure:
		value, caption := b.lines[0].pair()
		w.paragraph(value + ", " + caption)
	case button:
		t := targetOf(link.FindStringSubmatch(b.lines[0].text))
		w.paragraph(t.label + w.colon + "\n" + t.address())
	default:
		w.paragraph(b.joined())
	}
}
