package suite

import (
	"fmt"
	"regexp"
	"strings"
)

// source is a file of texts, read.
type source struct {
	head   map[string]string
	blocks []block
}

// block is one or more lines of one kind.
type block struct {
	kind  kind
	lines []line
}

// line is one of a block, without what told its kind.
type line struct {
	text    string
	control bool // only if, else, range or end
}

// kind is what a block is, by how its lines begin.
type kind string

const (
	paragraph kind = ""
	heading   kind = "## "
	figure    kind = "= "
	fact      kind = "| "
	quote     kind = "> "
	note      kind = "! "
	button    kind = "["
	control   kind = "{{" // only lines of if, else, range or end
)

var controlLine = regexp.MustCompile(`^\{\{(if|else|range|with|end)\b[^{}]*\}\}$`)

// readSource reads a file of texts.
func readSource(path, language string) source {
	text := read(path)
	if language == "fr" {
		text = frenchSpaces(text)
	}
	head, body, _ := strings.Cut(text, "\n\n")
	s := source{head: readHead(path, head)}
	for part := range strings.SplitSeq(body, "\n\n") {
		if part = strings.Trim(part, "\n"); part != "" {
			s.blocks = append(s.blocks, readBlock(path, strings.Split(part, "\n")))
		}
	}
	return s
}

func readHead(path, text string) map[string]string {
	head, last := map[string]string{}, ""
	for l := range strings.SplitSeq(text, "\n") {
		if more := strings.TrimLeft(l, " "); more != l {
			head[last] += " " + more
			continue
		}
		key, value, found := strings.Cut(l, ":")
		if !found {
			panic(fmt.Sprintf("%s: %q is no line of a head, as subject: TEXT", path, l))
		}
		last = key
		head[key] = strings.TrimSpace(value)
	}
	return head
}

func readBlock(path string, texts []string) block {
	b := block{kind: control}
	for _, text := range texts {
		if controlLine.MatchString(text) {
			b.lines = append(b.lines, line{text, true})
			continue
		}
		kind := kindOf(text)
		if b.kind != control && b.kind != kind {
			panic(fmt.Sprintf("%s: %q is of another kind than the line before: put an empty line between them", path, text))
		}
		b.kind = kind
		if kind != button {
			text = strings.TrimPrefix(text, string(kind))
		}
		b.lines = append(b.lines, line{text, false})
	}
	for _, l := range b.lines {
		if l.control && b.kind != control && b.kind != fact {
			panic(fmt.Sprintf("%s: %s stands in a block: put empty lines around it", path, l.text))
		}
	}
	return b
}

// kindOf tells the kind of a line. What begins with a link is a paragraph, unless the link
// is all there is.
func kindOf(text string) kind {
	for _, k := range []kind{heading, figure, fact, quote, note} {
		if strings.HasPrefix(text, string(k)) {
			return k
		}
	}
	if found := link.FindString(text); found != "" && found == text {
		return button
	}
	return paragraph
}

// joined are the lines of a paragraph as one.
func (b block) joined() string {
	texts := make([]string, len(b.lines))
	for i, l := range b.lines {
		texts[i] = l.text
	}
	return strings.Join(texts, " ")
}

// pair are the two parts of a line with | between them.
func (l line) pair() (first, second string) {
	first, second, _ = strings.Cut(l.text, " | ")
	return strings.TrimSpace(first), strings.TrimSpace(second)
}

const noBreak = "\u00a0"

// frenchSpaces keeps the signs that French puts a space before on the line of their word.
func frenchSpaces(text string) string {
	return frenchSigns.Replace(text)
}

var frenchSigns = strings.NewReplacer(" ?", noBreak+"?", " !", noBreak+"!", " :", noBreak+":", " ;", noBreak+";", "« ", "«"+noBreak, " »", noBreak+"»", " €", noBreak+"€")
