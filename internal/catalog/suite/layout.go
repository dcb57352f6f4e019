package suite

import (
	"cmp"
	"html"
	"regexp"
	"strings"
	"text/template"

	"github.com/foyerhq/foyer/internal/catalog"
)

// layout makes HTML. Its own templates are in double brackets, because double braces are
// for those that are filled in with an event.
type layout struct{ templates *template.Template }

func readLayout() layout {
	return layout{template.Must(template.New("layout").Delims("[[", "]]").Parse(read("layout.html")))}
}

// text makes the message of an event in one language.
func (l layout) text(event catalog.Event, language string) Text {
	s := readSource("texts/"+event.Name+"."+language+".txt", language)
	frame := readSource("texts/frame."+language+".txt", language).head
	frame["break"] = ifChoice + "\n{{end}}" // before the preferences, in plain text
	switch {
	case s.head["why"] != "":
		frame["preferences"], frame["break"] = "", "" // it says all that there is to say
	case event.Category == catalog.Security:
		frame["preferences"], frame["break"] = frame["always"], "\n"
	}
	s.head["why"] = cmp.Or(s.head["why"], frame["why"])
	return Text{
		Locale:  language,
		Subject: s.head["subject"],
		Plain:   plain(s, frame, colon(language)),
		HTML:    l.html(s, frame, event, language),
	}
}

const (
	// ifHelp asks whether the tenant says where to ask for help.
	ifHelp = "{{if or .tenant.supportEmail .tenant.supportPhone}}"
	// ifPortal asks whether the reader can sign in to the portal, ifChoice whether they can
	// say which mails they get.
	ifPortal = "{{if .recipient.hasPortal}}"
	ifChoice = "{{if or .recipient.hasPortal .recipient.unsubscribeURL}}"
	// signature is what mail programs know the footer by.
	signature = "-- \n"
)

// colon stands behind a label.
func colon(language string) string {
	if language == "fr" {
		return noBreak + ":"
	}
	return ":"
}

func plain(s source, frame map[string]string, colon string) string {
	w := plainWriter{colon: colon}
	w.paragraph(s.head["title"])
	w.paragraph(frame["hello"])
	for _, b := range s.blocks {
		w.block(b)
	}
	w.out.WriteString(ifHelp + plainText(frame["help"]) + "\n\n{{end}}")
	w.out.WriteString(signature)
	w.out.WriteString("{{.tenant.name}}" + ifPortal + "\n{{.tenant.portalURL}}{{end}}\n\n" + plainText(s.head["why"]) + frame["break"] + plainText(frame["preferences"]) + "\n")
	return w.out.String()
}

// page is what the whole of a mail is made of, all of it HTML.
type page struct {
	Language, Subject, Preview, Title, Hello string
	Body, IfHelp, Help, Why, Preferences     string
}

// part is what one block is made of.
type part struct{ Text, Label, Value, Href, Link, Style string }

// htmlWriter makes the blocks of a message.
type htmlWriter struct {
	layout
	out      strings.Builder
	required string // the field of the secret link of the event
	copyLink string // said before it, for those whose button does not work
}

func (l layout) html(s source, frame map[string]string, event catalog.Event, language string) string {
	w := htmlWriter{layout: l, required: event.RequiredLink, copyLink: frame["copyLink"]}
	for _, b := range s.blocks {
		w.block(b)
	}
	return l.execute("page", page{
		Language: language, Subject: escape(s.head["subject"]), Preview: escape(s.head["preview"]),
		Title: l.rich(s.head["title"]), Hello: l.rich(frame["hello"]), Body: w.out.String(),
		IfHelp: ifHelp, Help: l.rich(frame["help"]), Why: l.rich(s.head["why"]), Preferences: l.rich(frame["preferences"]),
	})
}

func (l layout) execute(name string, data any) string {
	var out strings.Builder
	if err := l.templates.ExecuteTemplate(&out, name, data); err != nil {
		panic("the layout of the standard suite: " + err.Error()) // ours, and in a test
	}
	return strings.TrimSpace(out.String())
}

func (w *htmlWriter) write(name string, p part) { w.out.WriteString(w.execute(name, p) + "\n") }

func (w *htmlWriter) block(b block) {
	switch b.kind {
	case control:
		for _, l := range b.lines {
			w.out.WriteString(l.text)
		}
	case fact:
		w.write("facts-start", part{})
		for _, l := range b.lines {
			if l.control {
				w.out.WriteString(l.text)
				continue
			}
			label, value := l.pair()
			w.write("fact", part{Label: w.rich(label), Value: w.rich(value)})
		}
		w.write("facts-end", part{})
	case figure:
		value, caption := b.lines[0].pair()
		w.write("figure", part{Label: w.rich(caption), Value: w.rich(value)})
	case button:
		t := targetOf(link.FindStringSubmatch(b.lines[0].text))
		p := part{Label: escape(t.label), Href: t.address()}
		if w.required != "" && t.field == "."+w.required {
			p.Text, p.Link = escape(w.copyLink), "{{"+t.field+"}}"
		}
		w.write("button", p)
	default:
		w.write(names[b.kind], part{Text: w.rich(b.joined())})
	}
}

var names = map[kind]string{paragraph: "paragraph", heading: "heading", quote: "quote", note: "note"}

// rich is a text with links as HTML.
func (l layout) rich(text string) string {
	var out strings.Builder
	at := 0
	for _, found := range link.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(escape(text[at:found[0]]))
		at = found[1]
		t := targetOf(link.FindStringSubmatch(text[found[0]:found[1]]))
		p := part{Label: escape(t.label), Href: t.address()}
		if t.scheme == "tel:" {
			p.Style = "white-space:nowrap;" // a number in two parts is hard to read
		}
		out.WriteString(l.execute("link", p))
	}
	out.WriteString(escape(text[at:]))
	return out.String()
}

var action = regexp.MustCompile(`\{\{.*?\}\}`)

// escape writes a text as HTML; what is between braces is a template's and stays.
func escape(text string) string {
	var out strings.Builder
	at := 0
	for _, found := range action.FindAllStringIndex(text, -1) {
		out.WriteString(html.EscapeString(text[at:found[0]]) + text[found[0]:found[1]])
		at = found[1]
	}
	out.WriteString(html.EscapeString(text[at:]))
	return out.String()
}
