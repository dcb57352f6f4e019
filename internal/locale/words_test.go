package locale_test

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/foyerhq/foyer/internal/locale"
)

const wordsJSON = `{
  "Sign in to %s": {"de": "Bei %s anmelden", "fr": "Se connecter à %s"},
  "%s of %s": {"de": "%[2]s: %[1]s", "fr": "%s de %s"},
  "Open#invoice": {"de": "Offen", "fr": "Ouverte"},
  "Open#account": {"de": "Geöffnet"},
  "%d invoice|%d invoices": {"de": "%d Rechnung|%d Rechnungen", "fr": "%d facture|%d factures"},
  "one for %[2]s|%d for %s": {"de": "eine für %[2]s|%d für %s"},
  "100% sure": {"de": "100% sicher"}
}`

func catalogue(t *testing.T, files ...string) *locale.Catalogue {
	t.Helper()
	folder := fstest.MapFS{}
	for i, text := range files {
		folder["words/"+string(rune('a'+i))+".json"] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := locale.NewCatalogue([]string{"de", "fr"}, folder)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTexts(t *testing.T) {
	c := catalogue(t, wordsJSON)
	for _, test := range []struct {
		language, text string
		args           []any
		want           string
	}{
		{"en", "Sign in to %s", []any{"Acme"}, "Sign in to Acme"},
		{"de", "Sign in to %s", []any{"Acme"}, "Bei Acme anmelden"},
		{"fr", "Sign in to %s", []any{"Acme"}, "Se connecter à Acme"},
		{"de", "%s of %s", []any{"page", "book"}, "book: page"},
		{"en", "Open#invoice", nil, "Open"},
		{"de", "Open#invoice", nil, "Offen"},
		{"de", "Open#account", nil, "Geöffnet"},
		{"fr", "Open#account", nil, "Open"}, // no translation: English, without what tells it apart
		{"de", "Not in any file", nil, "Not in any file"},
		{"de", "100% sure", nil, "100% sicher"}, // no arguments: the sign is only a sign
		{"de", "", nil, ""},
	} {
		if got := c.For(test.language).T(test.text, test.args...); got != test.want {
			t.Errorf("%s: T(%q) = %q, want %q", test.language, test.text, got, test.want)
		}
	}
}

// French says one of nothing, too.
func TestNumbers(t *testing.T) {
	c := catalogue(t, wordsJSON)
	for _, test := range []struct {
		language string
		n        int
		want     string
	}{
		{"en", 0, "0 invoices"}, {"en", 1, "1 invoice"}, {"en", 2, "2 invoices"}, {"en", -1, "-1 invoice"},
		{"de", 0, "0 Rechnungen"}, {"de", 1, "1 Rechnung"}, {"de", 21, "21 Rechnungen"},
		{"fr", 0, "0 facture"}, {"fr", 1, "1 facture"}, {"fr", 2, "2 factures"}, {"fr", 1000000, "1000000 factures"},
	} {
		if got := c.For(test.language).N(test.n, "%d invoice", "%d invoices"); got != test.want {
			t.Errorf("%s: N(%d) = %q, want %q", test.language, test.n, got, test.want)
		}
	}
	for n, want := range map[int]string{1: "eine für Dana", 7: "7 für Dana"} {
		if got := c.For("de").N(n, "one for %[2]s", "%d for %s", "Dana"); got != want {
			t.Errorf("N(%d) = %q, want %q", n, got, want)
		}
	}
	if got := c.For("fr").N(3, "%d page", "%d pages"); got != "3 pages" {
		t.Errorf("without a translation: %q", got)
	}
}

func TestLanguages(t *testing.T) {
	c := catalogue(t, wordsJSON)
	for _, test := range []struct {
		preferred []string
		want      string
	}{
		{nil, "en"},
		{[]string{""}, "en"},
		{[]string{"de"}, "de"},
		{[]string{"de-AT"}, "de"},
		{[]string{"fr-CA"}, "fr"},
		{[]string{"en-AU", "de"}, "en"},
		{[]string{"ja"}, "en"},
		{[]string{"ja", "de"}, "de"}, // the first says nothing that there is
		{[]string{"", "fr"}, "fr"},
		{[]string{"nonsense!!", "de"}, "de"},
		{[]string{"fr;q=0.3, de;q=0.9"}, "de"},
		{[]string{"ja, fr;q=0.5"}, "fr"},
		{[]string{strings.Repeat("x-", 5000), "fr"}, "fr"},
	} {
		if got := c.For(test.preferred...).Language(); got != test.want {
			t.Errorf("For(%.40q) speaks %s, want %s", test.preferred, got, test.want)
		}
	}
}

func TestHas(t *testing.T) {
	c := catalogue(t, wordsJSON)
	for _, test := range []struct {
		language, text string
		want           bool
	}{
		{"de", "Sign in to %s", true}, {"de", "Something else", false}, {"fr", "Open#account", false}, {"en", "Something else", true},
	} {
		if got := c.For(test.language).Has(test.text); got != test.want {
			t.Errorf("%s has %q: %t, want %t", test.language, test.text, got, test.want)
		}
	}
}

func TestSeveralFilesAreOneCatalogue(t *testing.T) {
	c := catalogue(t, `{"a": {"de": "ä"}}`, `{"b": {"de": "β"}, "c": {"ja": "ignored"}}`)
	if got := c.For("de").T("a") + c.For("de").T("b") + c.For("de").T("c"); got != "äβc" {
		t.Errorf("got %q", got)
	}
}

func TestBadFiles(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "words", "a list": `["a"]`, "a text": `{"a": "b"}`, "cut off": `{"a": {"de": "b"`} {
		folder := fstest.MapFS{"words/broken.json": &fstest.MapFile{Data: []byte(text)}}
		if _, err := locale.NewCatalogue([]string{"de"}, folder); err == nil || !strings.Contains(err.Error(), "broken.json") {
			t.Errorf("%s: error = %v, want one that names the file", name, err)
		}
	}
	if _, err := locale.NewCatalogue([]string{"no language"}); err == nil || !strings.Contains(err.Error(), "no language") {
		t.Errorf("error = %v, want one that names the language", err)
	}
}

func TestConcurrentUseOfWords(t *testing.T) {
	c := catalogue(t, wordsJSON)
	var all sync.WaitGroup
	for _, language := range []string{"de", "fr", "en", "de-CH, en;q=0.5"} {
		all.Go(func() {
			for n := range 200 {
				w := c.For(language)
				w.N(n, "%d invoice", "%d invoices")
				w.T("Sign in to %s", "Acme")
			}
		})
	}
	all.Wait()
}
