package portal

import (
	"embed"
	"net/http"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/web"
)

//go:embed words/*.json
var wordFiles embed.FS

// texts are the texts of all pages in the languages of the portal.
func texts() *locale.Catalogue {
	c, err := locale.NewCatalogue(web.Languages, web.WordFiles, wordFiles)
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	return c
}

// T writes a text in the person's language.
func (v *visit) T(text string, args ...any) string { return v.words.T(text, args...) }

// N writes a text that depends on a number in the person's language.
func (v *visit) N(n int, one, other string, args ...any) string {
	return v.words.N(n, one, other, args...)
}

// speak chooses the language: that of the account if any layer sets it to one that the
// portal has, else what the browser asks for, else the provider's own.
func (p *Portal) speak(r *http.Request, v *visit) {
	var account string
	if v.session != nil && v.effective.Attributes.Locale.Source != settings.SourceBuiltIn {
		account = v.locale()
	}
	v.words = p.texts.For(account, r.Header.Get("Accept-Language"), v.live.Tenant.Attributes.Locale)
}
