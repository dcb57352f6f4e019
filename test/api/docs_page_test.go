package api

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// block is a fenced block of a page.
type block struct {
	place    string // as integration-api.md:12
	language string
	text     string
}

// blocksOf lists the fenced blocks of a page in docs, without those that are indented.
func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	var blocks []block
	inside := false
	for i, line := range strings.SplitAfter(content(t, filepath.Join(root(t), "docs", page)), "\n") {
		language, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && !inside:
			blocks = append(blocks, block{place: fmt.Sprintf("%s:%d", page, i+1), language: language})
			inside = true
		case fence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	return blocks
}

// exchange is a request and its answer, as HTTP writes them.
type exchange struct{ request, answer message }

type message struct {
	first  string // line
	header []header
	body   string
}

type header struct{ name, value string }

func (m message) head() string {
	text := m.first
	for _, h := range m.header {
		text += fmt.Sprintf("\n%s: %s", h.name, h.value)
	}
	return text
}

const answerBegins = "HTTP/1.1 "

func parseExchange(text string) (exchange, error) {
	request, answer, found := strings.Cut(text, "\n"+answerBegins)
	if !found {
		return exchange{}, errors.New("there is no answer, which begins with " + answerBegins)
	}
	return exchange{parseMessage(request), parseMessage(answerBegins + answer)}, nil
}

func parseMessage(text string) message {
	head, body, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	lines := strings.Split(head, "\n")
	m := message{first: lines[0], body: strings.TrimSpace(body)}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		m.header = append(m.header, header{name, value})
	}
	return m
}

// compare wants a text that is as the page shows it. Spaces outside of quotes do not
// count, and ... stands for anything, in quotes for anything up to their end.
func compare(t *testing.T, b block, what, shown, got string) {
	t.Helper()
	if !pattern(shown).MatchString(squeeze(got)) {
		t.Errorf("%s: %s\n%s\nand the page says\n%s", b.place, what, strings.TrimSpace(got), strings.TrimSpace(shown))
	}
}

func pattern(shown string) *regexp.Regexp {
	text := regexp.QuoteMeta(squeeze(shown))
	text = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`).ReplaceAllStringFunc(text, func(quoted string) string {
		return strings.ReplaceAll(quoted, `\.\.\.`, `[^"]*`)
	})
	return regexp.MustCompile(`(?s)^` + strings.ReplaceAll(text, `\.\.\.`, `.*`) + `$`)
}

// squeeze drops white space that is not in quotes.
func squeeze(text string) string {
	quoted, escaped := false, false
	return strings.Map(func(r rune) rune {
		if r == '"' && !escaped {
			quoted = !quoted
		}
		escaped = quoted && r == '\\' && !escaped
		if !quoted && unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// What finds lies must find them.
func TestCompareFindsDifferences(t *testing.T) {
	tests := []struct {
		shown, real string
		want        bool
	}{
		{`{"id": "a", "version": 1}`, "{\"id\":\"a\",\"version\":1}\n", true},
		{`{"id": "a", "version": 1}`, `{"id":"a","version":2}`, false},
		{`{"id": "a"}`, `{"id":"a","version":2}`, false},
		{`{"id": "a", ...}`, `{"id":"a","version":2}`, true},
		{`{"id": "...", "version": 1}`, `{"id":"a","name":"x","version":1}`, false},
		{`{"at": "...", "version": 1}`, `{"at":"now","version":1}`, true},
		{`{"name": "a b"}`, `{"name":"ab"}`, false},
		{`{"say": "\" ..."}`, `{"say":"\" x"}`, true},
		{"", "", true},
		{"", "{}", false},
	}
	for _, test := range tests {
		if got := pattern(test.shown).MatchString(squeeze(test.real)); got != test.want {
			t.Errorf("%s shows %s: %t, want %t", test.real, test.shown, got, test.want)
		}
	}
}
