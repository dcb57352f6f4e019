package portal

import (
	"net/http"
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
