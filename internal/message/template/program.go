package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"
)

// program is a template of the standard library.
type program interface {
	Execute(w io.Writer, data any) error
}

// jsonEscaper is the function that each printed value of a JSON template goes through.
const jsonEscaper = "_json"

func newProgram(tree *parse.Tree, format Format) (program, error) {
	switch format {
	case HTML, Invoice:
		return htmltemplate.New(parseName).Funcs(htmltemplate.FuncMap(runtimeFunctions)).AddParseTree(parseName, tree)
	case JSON:
		escapeJSON(tree.Root)
	}
	return template.New(parseName).Funcs(runtimeFunctions).AddParseTree(parseName, tree)
}

// escapeJSON puts the escaper behind each printed value, as html/template does.
func escapeJSON(list *parse.ListNode) {
	walk(list, func(node *parse.ActionNode) {
		escaper := parse.NewIdentifier(jsonEscaper).SetPos(node.Pos)
		node.Pipe.Cmds = append(node.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: node.Pos, Args: []parse.Node{escaper}})
	})
}

// walk visits each action that prints, in the order of the source.
func walk(list *parse.ListNode, visit func(*parse.ActionNode)) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.ActionNode:
			visit(node)
		case *parse.IfNode:
			walk(node.List, visit)
			walk(node.ElseList, visit)
		case *parse.WithNode:
			walk(node.List, visit)
			walk(node.ElseList, visit)
		case *parse.RangeNode:
			walk(node.List, visit)
			walk(node.ElseList, visit)
		}
	}
}

// Render fills a template in. A subject or text message that is too long is cut. It fails
// for a payload that is not one of the event, and where another result than these is longer
// than MaxRendered, or an invoice than MaxInvoice.
func (t *Template) Render(data Data) (string, error) {
	text, err := t.fillIn(data)
	if err != nil {
		return "", err
	}
	switch t.format {
	case Subject:
		text = cut(text, MaxSubject, "…")
	case SMS:
		text = cut(text, MaxSMS, "...") // "…" is not in the alphabet of text messages
	}
	return text, nil
}

// RenderSample is Render for a payload that stands for all others: it fails where Render
// would cut.
func (t *Template) RenderSample(data Data) (string, error) {
	text, err := t.fillIn(data)
	if err != nil {
		return "", err
	}
	switch length := utf8.RuneCountInString(text); {
	case t.format == Subject && length > MaxSubject:
		return "", fmt.Errorf("the subject has %d characters, allowed are %d", length, MaxSubject)
	case t.format == SMS && length > MaxSMS:
		return "", fmt.Errorf("the text message has %d characters, allowed are %d", length, MaxSMS)
	}
	return text, nil
}

func (t *Template) fillIn(data Data) (string, error) {
	values, err := t.values(data)
	if err != nil {
		return "", err
	}
	longest := t.format.longest()
	out := &limited{left: longest}
	err = t.program.Execute(out, values)
	isCut := t.format == Subject || t.format == SMS
	switch {
	case errors.Is(err, errTooLong) && !isCut:
		return "", fmt.Errorf("%w than %d bytes", errTooLong, longest)
	case err != nil && !errors.Is(err, errTooLong):
		return "", fmt.Errorf("the template cannot be filled in: %w", err)
	}
	text := out.text.String()
	switch t.format {
	case Subject:
		text = oneLine(text)
	case SMS:
		text = strings.TrimSpace(plainSpaces.Replace(strings.ToValidUTF8(text, "")))
	}
	return text, nil
}

// values are what the template is given. Those of JSON and of invoices are written in their
// own way.
func (t *Template) values(data Data) (map[string]any, error) {
	kept := data.Kept
	if kept == nil || t.format == JSON || t.format == Invoice {
		return newValues(t.fields, data, t.format)
	}
	if kept.values == nil {
		var err error
		if kept.values, err = newValues(t.fields, data, t.format); err != nil {
			return nil, err
		}
	}
	return kept.values, nil
}

// cut shortens a text to a number of characters, of which the end is one.
func cut(text string, longest int, end string) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	kept := []rune(text)[:longest-utf8.RuneCountInString(end)]
	return strings.TrimRight(string(kept), " \n\t") + end
}

// plainSpaces takes away what is not in the alphabet of text messages: one no-break space,
// as amounts have it, would more than double the segments that a message costs.
var plainSpaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ")

var errTooLong = errors.New("the filled in template has more")

// limited keeps what is written up to a number of bytes, and then stops the template.
type limited struct {
	text strings.Builder
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		l.text.Write(p[:l.left])
		l.left = 0
		return 0, errTooLong
	}
	l.left -= len(p)
	return l.text.Write(p)
}

// oneLine makes a subject of a text: line breaks and the like become a space, and what
// turns its direction is left out.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if turnsText(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029'
	})
	return strings.Join(words, " ")
}

// proof fills the sample in.
func (c *checker) proof(t *Template, of subject) {
	decoder := json.NewDecoder(bytes.NewReader(of.sample))
	decoder.UseNumber()
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		c.problems = append(c.problems, whole("the sample of %s is not JSON: %v", of.name, err))
		return
	}
	sample, err := t.RenderSample(Data{Payload: payload, Locale: sampleLocale, Currency: sampleCurrency})
	var escape *htmltemplate.Error
	switch {
	case errors.As(err, &escape):
		c.escapeProblem(escape)
	case err != nil:
		c.problems = append(c.problems, whole("with the sample of %s: %v", of.name, err))
	case t.format == JSON && !json.Valid([]byte(sample)):
		c.problems = append(c.problems, whole("with the sample of %s, the result is not valid JSON", of.name))
	}
	if t.format.isHTML() && len(c.problems) == 0 {
		c.contexts()
	}
}
