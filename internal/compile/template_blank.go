package compile

import (
	"errors"
	"io"
	"strings"
	"text/template/parse"
	"unicode"

	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/template"
)

// A text that people get must have something in it, whatever the event carries: nobody
// can make anything of a mail without a subject, or of an empty text message.

// blank says why people could get an empty text; none: they cannot. A body for a webhook
// is read by programs, and checked by its format.
func blank(compiled *template.Template, source string, key checkKey, event catalog.Event) []message.Problem {
	if key.kind.format == template.JSON {
		return nil
	}
	certain := visibleText
	if key.kind.format == template.HTML {
		certain = visibleHTML
	}
	tree := parse.New("text")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(source, "", "", map[string]*parse.Tree{}); err != nil {
		return []message.Problem{{Message: err.Error()}} // template.Compile has read it
	}
	if !certain(alwaysPrinted(tree.Root, certain)) {
		return []message.Problem{{Message: "it would be empty: there is no text in it, or only between {{if}}, {{with}} or {{range}} and {{end}}; write something outside of them, or after {{else}} as well"}}
	}
	text, err := fillIn(compiled, key.sample.orBuiltIn(), event)
	switch {
	case err != nil:
		return []message.Problem{{Message: err.Error()}}
	case !certain(text):
		return []message.Problem{{Message: "with the sample of the event it is empty"}}
	}
	return nil
}

// alwaysPrinted is what a template prints whichever way it goes, with a letter for each
// field: of branches the first, if all of them print something.
func alwaysPrinted(list *parse.ListNode, visible func(string) bool) string {
	if list == nil {
		return ""
	}
	var out strings.Builder
	either := func(branch *parse.BranchNode) {
		first := alwaysPrinted(branch.List, visible)
		if visible(first) && visible(alwaysPrinted(branch.ElseList, visible)) {
			out.WriteString(first)
		}
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			out.Write(n.Text)
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				out.WriteString("x")
			}
		case *parse.IfNode:
			either(&n.BranchNode)
		case *parse.WithNode:
			either(&n.BranchNode)
		case *parse.RangeNode:
			either(&n.BranchNode)
		}
	}
	return out.String()
}

func visibleText(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// visibleHTML looks for text or an image in what a reader of mail shows.
func visibleHTML(text string) bool {
	tokens := html.NewTokenizer(strings.NewReader(text))
	hidden := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return !errors.Is(tokens.Err(), io.EOF) // what cannot be read was checked before
		case html.TextToken:
			if hidden == 0 && visibleText(html.UnescapeString(string(tokens.Raw()))) {
				return true
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			switch string(name) {
			case "img":
				return true
			case "head", "style", "title":
				hidden++
			}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == "head" || string(name) == "style" || string(name) == "title" {
				hidden--
			}
		}
	}
}
