package portal

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

func TestLanguageOfAPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	for _, test := range []struct{ account, browser, want string }{
		{"fr-FR", "de", "Se déconnecter"},
		{"nl-NL", "de", "Abmelden"}, // none of ours: the browser knows better than we do
		{"nl-NL", "nl", "Sign out"},
		{"nl-NL", "", "Sign out"},
		{"", "de", "Abmelden"},
	} {
		s.elsewhere(t, func(a *store.Account) { a.Attributes.Locale = test.account })
		page := dana.do(http.MethodGet, "/", nil, "Accept-Language", test.browser).is(t, http.StatusOK)
		t.Logf("account %q, browser %q", test.account, test.browser)
		page.shows(t, test.want)
	}
}

// otherWords are words for things that have another word on all pages, by language. What
// stands behind each is the one.
var otherWords = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`(?i)account number` + // customer number
		`|user name` + // username
		`|web portal`), // portal
	"de": regexp.MustCompile(`(?i)kontonummer` + // Kundennummer
		`|kundenkonto` + // Konto
		`|\bdienste?\b` + // Leistung
		`|eigentümer` + // Inhaber
		`|\bnutzername|anmeldename`), // Benutzername
	"fr": regexp.MustCompile(`(?i)numéro de compte` + // numéro de client
		`|demandes? de service` + // demande d’intervention
		`|espace client` + // portail
		`|propriétaire|responsable` + // titulaire
		`|nom d[’']utilisateur`), // identifiant
}

// TestOneWordForEachThing: who reads another word looks for another thing.
func TestOneWordForEachThing(t *testing.T) {
	for file, entries := range translations(t) {
		for english, translated := range entries {
			texts := map[string]string{"en": english, "de": translated["de"], "fr": translated["fr"]}
			for language, text := range texts {
				if found := otherWords[language].FindString(text); found != "" {
					t.Errorf("%s: %q has %q, which has another name elsewhere", file, text, found)
				}
			}
		}
	}
}

// TestCategoriesHaveOneName: people opt out of what they read on their messages.
func TestCategoriesHaveOneName(t *testing.T) {
	for _, category := range append(slices.Clone(store.OptOutCategories), securityMessages) {
		if categoryTitles[category] == "" {
			t.Errorf("%s has no name", category)
		}
	}
	if len(categoryTitles) != len(store.OptOutCategories)+1 {
		t.Errorf("%d names", len(categoryTitles))
	}
}
