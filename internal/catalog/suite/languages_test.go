package suite_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog/suite"
)

var (
	actions = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	fields  = regexp.MustCompile(`\$?\.[a-z][\w.]*`)
	texts   = regexp.MustCompile(`"[^"]*"`)
	targets = regexp.MustCompile(`href="([^"]*)"`)
)

// fieldsOf lists the fields that a template uses. Whom it greets is left out: languages
// greet by other names.
func fieldsOf(source string) []string {
	var found []string
	for _, action := range actions.FindAllString(source, -1) {
		for _, field := range fields.FindAllString(texts.ReplaceAllString(action, ""), -1) {
			if !strings.HasPrefix(field, ".recipient.") {
				found = append(found, field)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// linksOf lists where a page leads, in order.
func linksOf(page string) []string {
	var found []string
	for _, match := range targets.FindAllStringSubmatch(page, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestLanguagesSayTheSame(t *testing.T) {
	for _, name := range suite.Events() {
		m, _ := suite.For(name, "")
		english := m.Texts[0]
		for _, text := range m.Texts[1:] {
			for _, part := range [][2]string{{english.Subject, text.Subject}, {english.Plain, text.Plain}, {english.HTML, text.HTML}} {
				if diff := cmp.Diff(fieldsOf(part[0]), fieldsOf(part[1])); diff != "" {
					t.Errorf("%s uses other fields in English - than in %s +:\n%s", name, text.Locale, diff)
				}
			}
			if diff := cmp.Diff(linksOf(english.HTML), linksOf(text.HTML)); diff != "" {
				t.Errorf("%s leads elsewhere in English - than in %s +:\n%s", name, text.Locale, diff)
			}
		}
	}
}

// sameWords are spelled the same in another language.
var sameWords = map[string][]string{
	"de": {"Browser", "Ticket"},
	"fr": {"Total"},
}

// words are what a text says between its actions, links and line breaks.
func words(source string) []string {
	var found []string
	for _, part := range strings.FieldsFunc(actions.ReplaceAllString(source, "\n"), func(r rune) bool { return strings.ContainsRune("\n<>|:", r) }) {
		if part = strings.Trim(part, " \u00a0.,!?()"); strings.IndexFunc(part, unicode.IsLetter) >= 0 && !strings.HasPrefix(part, "/") {
			found = append(found, part)
		}
	}
	return found
}

func TestEverythingIsTranslated(t *testing.T) {
	for _, name := range suite.Events() {
		m, _ := suite.For(name, "")
		english := append(words(m.Texts[0].Subject), words(m.Texts[0].Plain)...)
		if len(english) < 10 {
			t.Errorf("%s has few words: %q", name, english)
		}
		for _, text := range m.Texts[1:] {
			for _, word := range append(words(text.Subject), words(text.Plain)...) {
				if slices.Contains(english, word) && !slices.Contains(sameWords[text.Locale], word) {
					t.Errorf("%s says %q in English and in %s", name, word, text.Locale)
				}
			}
			if strings.Contains(text.HTML, `<html lang="en">`) || !strings.Contains(text.HTML, `<html lang="`+text.Locale+`">`) {
				t.Errorf("%s does not say that it is in %s", name, text.Locale)
			}
		}
	}
}

// People are addressed as by somebody who does not know them: Sie, vous.
func TestPeopleAreAddressedPolitely(t *testing.T) {
	familiar := map[string][]string{
		"de": {"du", "dir", "dich", "dein", "deine", "deinem", "deinen", "deiner", "euch", "euer", "eure"},
		"fr": {"tu", "toi", "te", "ton", "ta", "tes"},
	}
	for _, name := range suite.Events() {
		m, _ := suite.For(name, "")
		for _, text := range m.Texts[1:] {
			said := actions.ReplaceAllString(text.Subject+" "+text.Plain, " ")
			for word := range strings.FieldsFuncSeq(said, func(r rune) bool { return !unicode.IsLetter(r) }) {
				if slices.Contains(familiar[text.Locale], strings.ToLower(word)) {
					t.Errorf("%s says %q in %s", name, word, text.Locale)
				}
			}
		}
	}
}

// Signs of the keyboard that a writer of the language would not use.
func TestPunctuation(t *testing.T) {
	wrong := map[string]*regexp.Regexp{
		"":   regexp.MustCompile(`[a-z]'[a-z]|"`),
		"de": regexp.MustCompile(`'|"|“[^“„]*”`),
		"fr": regexp.MustCompile(`'|"|[^\x{a0}](»|\?|!|;)|«[^\x{a0}]| :`),
	}
	for _, name := range suite.Events() {
		m, _ := suite.For(name, "")
		for _, text := range m.Texts {
			for _, source := range []string{text.Subject, text.Plain} {
				if found := wrong[text.Locale].FindString(actions.ReplaceAllString(source, "x")); found != "" {
					t.Errorf("%s has %q in %q", name, found, text.Locale)
				}
			}
		}
	}
}

func TestNoFileIsLeftOut(t *testing.T) {
	entries, err := os.ReadDir("texts")
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for _, entry := range entries {
		have = append(have, entry.Name())
	}
	for _, name := range append(suite.Events(), "frame") {
		for _, language := range []string{"en", "de", "fr"} {
			want = append(want, name+"."+language+".txt")
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("the files in texts: want -, have +:\n%s", diff)
	}
}
