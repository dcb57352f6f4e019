package suite_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/message/template"
)

const (
	longestSubject = 78     // of one line of a mail's head, with the sample
	largestHTML    = 60_000 // mail programs cut what is much larger
	accent         = "#0a5fb4"
)

// compiled is a text that can be filled in.
type compiled struct {
	event   catalog.Event
	message suite.Message
	locale  string
	forms   map[template.Format]*template.Template
}

func (c compiled) String() string { return c.event.Name + " in " + c.locale }

// everyText compiles all messages in all languages.
func everyText(t *testing.T) []compiled {
	t.Helper()
	var all []compiled
	for _, name := range suite.Events() {
		event, _ := catalog.BuiltIn().Lookup(name)
		m, _ := suite.For(name, accent)
		for _, text := range m.Texts {
			c := compiled{event, m, text.Locale, map[template.Format]*template.Template{}}
			if c.locale == "" {
				c.locale = "en"
			}
			for format, source := range map[template.Format]string{template.Subject: text.Subject, template.Plain: text.Plain, template.HTML: text.HTML} {
				made, problems := template.Compile(source, format, event)
				for _, problem := range problems {
					t.Errorf("%s, %s: %v", c, format, problem)
				}
				c.forms[format] = made
			}
			all = append(all, c)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return all
}

func (c compiled) fill(t *testing.T, format template.Format, payload map[string]any) string {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.forms[format].Render(template.Data{Payload: payload, Locale: c.locale, Zone: berlin, Currency: "EUR"})
	if err != nil {
		t.Fatalf("%s, %s: %v", c, format, err)
	}
	return text
}

func sampleOf(t *testing.T, event catalog.Event) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(event.Sample)))
	decoder.UseNumber()
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		t.Fatal(err)
	}
	return payload
}

// payloadsOf are the sample of an event, the same without anything that may be missing, and
// for each field of it those that read differently.
func payloadsOf(t *testing.T, event catalog.Event) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{"the sample": sampleOf(t, event), "nothing optional": sampleOf(t, event)}
	withoutOptional(event.TemplateFields(), all["nothing optional"])
	var walk func(at string, fields []catalog.Field)
	walk = func(at string, fields []catalog.Field) {
		for _, f := range fields {
			path := strings.TrimPrefix(at+"."+f.Name, ".")
			for _, value := range othersOf(f) {
				for _, base := range []string{"the sample", "nothing optional"} {
					if value, is := value.(string); is && value == missing && base == "nothing optional" {
						continue
					}
					payload := clone(t, all[base])
					if set(payload, path, value) {
						all[fmt.Sprintf("%s, %s = %v", base, path, value)] = payload
					}
				}
			}
			if f.Type == catalog.Object {
				walk(path, f.Fields)
			}
		}
	}
	for _, name := range []string{"tenant", "recipient"} { // of what every event has, the rest is only written
		common, _ := fieldNamed(event.TemplateFields(), name)
		walk("", []catalog.Field{common})
	}
	walk("", event.Fields)
	return all
}

// missing stands for the field not being there.
const missing = "(missing)"

func othersOf(f catalog.Field) []any {
	var others []any
	for _, value := range f.Values {
		others = append(others, value)
	}
	if f.Optional {
		others = append(others, missing)
	}
	switch f.Type {
	case catalog.Boolean:
		others = append(others, true, false)
	case catalog.Integer:
		for _, n := range []string{"-3", "0", "1", "7", "14"} {
			others = append(others, json.Number(n))
		}
	case catalog.Money:
		others = append(others, "-20.00", "0.00")
	case catalog.List:
		others = append(others, []any{})
	}
	return others
}

func withoutOptional(fields []catalog.Field, payload map[string]any) {
	for _, f := range fields {
		if f.Optional {
			delete(payload, f.Name)
		} else if inner, is := payload[f.Name].(map[string]any); is {
			withoutOptional(f.Fields, inner)
		}
	}
}

func clone(t *testing.T, payload map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return sampleOf(t, catalog.Event{Sample: raw})
}

// set changes a field, and says whether its object is there.
func set(payload map[string]any, path string, value any) bool {
	first, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner, is := payload[first].(map[string]any)
		return is && set(inner, rest, value)
	}
	if value == missing {
		delete(payload, first)
	} else {
		payload[first] = value
	}
	return true
}

// signature is before the footer of a plain text.
const signature = "\n-- \n"

var (
	leftOver = []string{"{{", "}}", "[[", "]]", "](", "<no value>", "@accent@", "@onAccent@", "@link@", "@soft@", "@darkLink@", "@darkSoft@"}
	untidy   = []string{"\n\n\n", " \n", "\n ", "  ", " .", " ,", ".."}
)

// firstOf is the first of some texts that is in another one.
func firstOf(parts []string, text string) string {
	i := slices.IndexFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	if i < 0 {
		return ""
	}
	return parts[i]
}

func TestEveryTextIsTidyWhateverTheEventHas(t *testing.T) {
	payloads := map[string]map[string]map[string]any{}
	for _, c := range everyText(t) {
		if payloads[c.event.Name] == nil {
			payloads[c.event.Name] = payloadsOf(t, c.event)
		}
		for state, payload := range payloads[c.event.Name] {
			subject, plain, page := c.fill(t, template.Subject, payload), c.fill(t, template.Plain, payload), c.fill(t, template.HTML, payload)
			if found := firstOf(leftOver, subject+plain+page); found != "" {
				t.Errorf("%s, with %s: %q was left over", c, state, found)
			}
			body, footer, signed := strings.Cut(plain, signature)
			if found := firstOf(untidy, "\n"+body+"\n"+footer); found != "" || !signed {
				t.Errorf("%s, with %s: there is %q in:\n%s", c, state, found, plain)
			}
			if length := utf8.RuneCountInString(subject); length == 0 || length > longestSubject {
				t.Errorf("%s, with %s: the subject has %d characters: %s", c, state, length, subject)
			}
			if len(page) > largestHTML {
				t.Errorf("%s, with %s: the HTML has %d bytes", c, state, len(page))
			}
			notBalanced(t, fmt.Sprintf("%s, with %s", c, state), page)
		}
	}
}

// alone are the elements that have no end.
var alone = []string{"meta", "br"}

// notBalanced finds an element that is not closed where it was opened: mail programs guess
// differently then.
func notBalanced(t *testing.T, what, page string) {
	t.Helper()
	var open []string
	for _, tag := range tagsOf(t, page) {
		name, closing := strings.CutPrefix(strings.Fields(tag)[0], "/")
		switch {
		case slices.Contains(alone, name):
		case !closing:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Errorf("%s: </%s> closes %v", what, name, open)
			return
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %v are not closed", what, open)
	}
}

// tagsOf are the tags of a page, with the names of their attributes.
func tagsOf(t *testing.T, page string) []string {
	t.Helper()
	var tags []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if !errors.Is(tokens.Err(), io.EOF) {
				t.Fatal(tokens.Err())
			}
			return tags
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			tag := token.Data
			for _, a := range token.Attr {
				tag += " " + a.Key
			}
			tags = append(tags, tag)
		case html.EndTagToken:
			tags = append(tags, "/"+tokens.Token().Data)
		}
	}
}

const hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\r\nBcc: all@victim.example\r\n{{.tenant.name}} --> [a](.b) &amp;"

func TestHostileNamesAreOnlyText(t *testing.T) {
	for _, c := range everyText(t) {
		payload := sampleOf(t, c.event)
		var poison func(fields []catalog.Field, in map[string]any)
		poison = func(fields []catalog.Field, in map[string]any) {
			for _, f := range fields {
				switch value := in[f.Name].(type) {
				case string:
					if f.Type == catalog.Text && len(f.Values) == 0 && f.Name != "currency" {
						in[f.Name] = value + hostile
					}
				case map[string]any:
					poison(f.Fields, value)
				case []any:
					for _, element := range value {
						poison(f.Fields, element.(map[string]any))
					}
				}
			}
		}
		poison(c.event.TemplateFields(), payload)
		honest := c.fill(t, template.HTML, sampleOf(t, c.event))
		page := c.fill(t, template.HTML, payload)
		if diff := cmp.Diff(tagsOf(t, honest), tagsOf(t, page)); diff != "" {
			t.Errorf("%s: names make other HTML: honest -, hostile +:\n%s", c, diff)
		}
		if subject := c.fill(t, template.Subject, payload); strings.ContainsAny(subject, "\r\n") {
			t.Errorf("%s: the subject has more than one line: %q", c, subject)
		}
	}
}

func TestSecretLinksAreInEveryText(t *testing.T) {
	for _, c := range everyText(t) {
		if c.event.RequiredLink == "" {
			continue
		}
		for _, format := range []template.Format{template.Plain, template.HTML} {
			if !c.forms[format].Uses(c.event.RequiredLink) {
				t.Errorf("%s, %s: %s is not in all that can be made of it", c, format, c.event.RequiredLink)
			}
		}
	}
}

// Whoever may choose is told where, and nobody else: in the portal, or by the link that is
// signed for those who have none.
func TestPreferencesAreOfferedWhereThereIsAChoice(t *testing.T) {
	const preferences, unsubscribe = "https://my.acme.example/preferences", "https://my.acme.example/unsubscribe/"
	for _, c := range everyText(t) {
		choice := c.event.Category != catalog.Security && !c.event.Critical
		for _, test := range []struct {
			portal, link bool
			want         string
		}{{true, true, preferences}, {true, false, preferences}, {false, true, unsubscribe}, {false, false, ""}} {
			payload := sampleOf(t, c.event)
			set(payload, "recipient.hasPortal", test.portal)
			if !test.link {
				set(payload, "recipient.unsubscribeURL", missing)
			}
			for _, format := range []template.Format{template.Plain, template.HTML} {
				text := c.fill(t, format, payload)
				for _, link := range []string{preferences, unsubscribe} {
					if got := strings.Contains(text, link); got != (choice && link == test.want) {
						t.Errorf("%s, %s, portal %t, link %t: leads to %s: %t", c, format, test.portal, test.link, link, got)
					}
				}
			}
		}
	}
}

// Nobody is sent to a portal that they cannot sign in to. Links that let somebody in, and what
// is about a sign-in, are for those who have or get one.
func TestNoPortalIsPromisedToThoseWithout(t *testing.T) {
	words := map[string][]string{"en": {"portal"}, "de": {"Kundenportal"}, "fr": {"portail"}}
	for _, c := range everyText(t) {
		if c.event.Category == catalog.Security {
			continue
		}
		for state, payload := range payloadsOf(t, c.event) {
			set(payload, "recipient.hasPortal", false)
			set(payload, "recipient.unsubscribeURL", missing)
			for _, format := range []template.Format{template.Subject, template.Plain, template.HTML} {
				text := c.fill(t, format, payload)
				if found := firstOf(append(words[c.locale], "https://my.acme.example"), strings.ReplaceAll(text, "pay.acme.example", "")); found != "" {
					t.Errorf("%s, %s, with %s: there is %q in:\n%s", c, format, state, found, text)
				}
			}
		}
	}
}

// Who reads of a ticket may not be who wrote it, and the portal has no page of it: without an
// address there is no button, and nothing says to open it.
func TestTicketsWithoutAPage(t *testing.T) {
	for _, c := range everyText(t) {
		if !strings.HasPrefix(c.event.Name, "ticket.") {
			continue
		}
		for _, there := range []bool{true, false} {
			payload := sampleOf(t, c.event)
			if !there {
				set(payload, "ticket.url", missing)
			}
			page, text := c.fill(t, template.HTML, payload), c.fill(t, template.Plain, payload)
			if has := strings.Contains(page, `class="button"`); has != there {
				t.Errorf("%s, with an address: %t: there is a button: %t", c, there, has)
			}
			if found := firstOf([]string{"help.acme.example/tickets", "To reply", "Zum Antworten", "Pour répondre"}, text); (found != "") != there {
				t.Errorf("%s, with an address: %t: there is %q in:\n%s", c, there, found, text)
			}
		}
	}
}

func TestWhereToGetHelp(t *testing.T) {
	tests := []struct {
		without    string
		has, hasNo []string
	}{
		{"nothing", []string{"help@acme.example", "mailto:help@acme.example", "tel:&#43;44%2020%207946%200018"}, nil},
		{"tenant.supportEmail", []string{"tel:&#43;44%2020%207946%200018"}, []string{"mailto:"}},
		{"tenant.supportPhone", []string{"mailto:help@acme.example"}, []string{"tel:"}},
	}
	for _, c := range everyText(t) {
		for _, test := range tests {
			payload := sampleOf(t, c.event)
			set(payload, test.without, missing)
			page := c.fill(t, template.HTML, payload)
			for _, want := range test.has {
				if !strings.Contains(page, want) {
					t.Errorf("%s without %s: there is no %s", c, test.without, want)
				}
			}
			for _, not := range test.hasNo {
				if strings.Contains(page, not) {
					t.Errorf("%s without %s: there is %s", c, test.without, not)
				}
			}
		}
	}
}
