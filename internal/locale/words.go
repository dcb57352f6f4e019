package locale

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Catalogue has the texts of pages in other languages. The English text is in the code
// where it is used and is its own key, so that pages read as what they show; files of
// translations are JSON:
//
//	{
//	  "Sign in to %s": {"de": "Bei %s anmelden", "fr": "Se connecter à %s"},
//	  "%d open invoice|%d open invoices": {"de": "%d offene Rechnung|%d offene Rechnungen", "fr": "..."}
//	}
//
// A text in two numbers has | between them. Where one English text needs two
// translations, "#" and a word behind it tell them apart; they are not shown: "Open#invoice".
type Catalogue struct {
	matcher   language.Matcher
	languages []*Words

	mu     sync.RWMutex
	chosen map[string]*Words // by what was preferred; nil: it says nothing
}

// maxChosen and longestChosen bound what is remembered of what browsers prefer.
const (
	maxChosen     = 256
	longestChosen = 128 // bytes
)

// Words writes texts in one language. It is safe for concurrent use.
type Words struct {
	tag   language.Tag
	texts map[string]string // English -> translated; nil for English itself
}

// NewCatalogue reads the JSON files of the given folders. English comes first: it is what
// those get who read none of the languages.
func NewCatalogue(languages []string, folders ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{languages: []*Words{{tag: language.English}}, chosen: map[string]*Words{}}
	tags := []language.Tag{language.English}
	for _, name := range languages {
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("language %q: %w", name, err)
		}
		tags = append(tags, tag)
		c.languages = append(c.languages, &Words{tag: tag, texts: map[string]string{}})
	}
	c.matcher = language.NewMatcher(tags)
	for _, folder := range folders {
		if err := c.read(folder); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalogue) read(folder fs.FS) error {
	files, err := fs.Glob(folder, "*/*.json")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		var entries map[string]map[string]string
		if err := json.Unmarshal(text, &entries); err != nil {
			return fmt.Errorf("translations in %s: %w", path.Base(name), err)
		}
		for english, translations := range entries {
			for _, w := range c.languages[1:] {
				if translated := translations[w.tag.String()]; translated != "" {
					w.texts[english] = translated
				}
			}
		}
	}
	return nil
}

// For returns the words of the best language for whoever prefers those given, each a
// BCP 47 tag or a list as in Accept-Language; the first that says anything decides.
func (c *Catalogue) For(preferred ...string) *Words {
	for _, list := range preferred {
		if chosen := c.remembered(list); chosen != nil {
			return chosen
		}
	}
	return c.languages[0]
}

// remembered is choose, from memory where it can: a page asks several times.
func (c *Catalogue) remembered(list string) *Words {
	c.mu.RLock()
	chosen, known := c.chosen[list]
	c.mu.RUnlock()
	if known {
		return chosen
	}
	chosen = c.choose(list)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.chosen) < maxChosen && len(list) <= longestChosen {
		c.chosen[list] = chosen
	}
	return chosen
}

// choose returns the words of the best language of a list; nil: it says nothing.
func (c *Catalogue) choose(list string) *Words {
	tags, _, err := language.ParseAcceptLanguage(list)
	if err != nil || len(tags) == 0 {
		return nil
	}
	_, index, confidence := c.matcher.Match(tags...)
	if confidence == language.No {
		return nil
	}
	return c.languages[index]
}

// Language is the tag of the language, as "de".
func (w *Words) Language() string { return w.tag.String() }

// Has says whether there is a translation of a text.
func (w *Words) Has(text string) bool { return w.texts == nil || w.texts[text] != "" }

// T writes a text in the language, with arguments as those of fmt.Sprintf. A translation
// may take them in another order: %[2]s.
func (w *Words) T(text string, args ...any) string {
	return fill(w.look(text), args)
}

// N writes a text that depends on a number, in the form of the number: one is the English
// text for 1, other that for the rest. Its first argument is the number.
func (w *Words) N(n int, one, other string, args ...any) string {
	single, several, found := strings.Cut(w.look(one+"|"+other), "|")
	if !found || w.isOne(n) {
		return fill(single, append([]any{n}, args...))
	}
	return fill(several, append([]any{n}, args...))
}

func (w *Words) look(text string) string {
	if translated, found := w.texts[text]; found {
		return translated
	}
	text, _, _ = strings.Cut(text, "#")
	return text
}

func (w *Words) isOne(n int) bool {
	return plural.Cardinal.MatchPlural(w.tag, abs(n), 0, 0, 0, 0) == plural.One
}

func abs(n int) int { return max(n, -n) }

// fill leaves a text alone that takes no arguments: it may have a percent sign.
func fill(text string, args []any) string {
	if len(args) == 0 || !slices.Contains([]byte(text), '%') {
		return text
	}
	return fmt.Sprintf(text, args...)
}
