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

// Text marks a text that is translated where it is shown, for the test that looks for
// texts without a translation.
func Text(text string) string { return text }
