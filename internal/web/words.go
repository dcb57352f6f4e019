package web

import (
	"context"
	"embed"

	"github.com/foyerhq/foyer/internal/locale"
)

// WordFiles are the translations of what both sites share.
//
//go:embed words/*.json
var WordFiles embed.FS

// Languages are the languages of the sites beside English.
var Languages = []string{"de", "fr"}

type wordsKey struct{}

var english = func() *locale.Words {
	c, err := locale.NewCatalogue(nil)
	if err != nil {
		panic(err) // it reads nothing
	}
	return c.For()
}()

// WithWords makes the pages that are rendered with a context speak a language.
func WithWords(ctx context.Context, w *locale.Words) context.Context {
	return context.WithValue(ctx, wordsKey{}, w)
}

func wordsOf(ctx context.Context) *locale.Words {
	if w, ok := ctx.Value(wordsKey{}).(*locale.Words); ok {
		return w
	}
	return english
}

// T writes a text in the language of the page ([locale.Words.T]).
func T(ctx context.Context, text string, args ...any) string { return wordsOf(ctx).T(text, args...) }

// N writes a text that depends on a number in the language of the page ([locale.Words.N]).
func N(ctx context.Context, n int, one, other string, args ...any) string {
	return wordsOf(ctx).N(n, one, other, args...)
}

// Language is the tag of the language of the page.
func Language(ctx context.Context) string { return wordsOf(ctx).Language() }

// A slot stands in a text for a component, as a link: a translation has it where its
// language wants it.
func slot(n rune) string { return string(firstSlot + n) }

// firstSlot begins the characters of Unicode that mean nothing.
const firstSlot = '\ue000'

// textPart is a piece of a text, or the number of a slot.
type textPart struct {
	text string
	slot int // -1: it is text
}

func cutSlots(text string) []textPart {
	var parts []textPart
	rest := 0
	for i, r := range text {
		if r < firstSlot || r > firstSlot+9 {
			continue
		}
		parts = append(parts, textPart{text[rest:i], -1}, textPart{slot: int(r - firstSlot)})
		rest = i + len(string(r))
	}
	return append(parts, textPart{text[rest:], -1})
}

// Text marks a text that is translated where it is shown, for the test that looks for
// texts without a translation.
func Text(text string) string { return text }
