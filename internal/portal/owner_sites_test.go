package portal

import (
	"net/http"
	"testing"
)

// TestSitesDoNotLimitAnOwner: whatever sites the provider wrote to an owner, they reach
// what is at every one of them, and at none.
func TestSitesDoNotLimitAnOwner(t *testing.T) {
	s := newTeam(t)
	if _, err := s.root(t).Exec(t.Context(), "UPDATE contact SET sites = '{barn}' WHERE id = 'c-dana'"); err != nil {
		t.Fatal(err)
	}
	dana := s.signedIn(t, "dana")
	dana.get("/services").is(t, http.StatusOK).hides(t, "Some sites only")
	dana.get("/requests").is(t, http.StatusOK).hides(t, "Some sites only")
	form := dana.get("/requests/new").is(t, http.StatusOK).shows(t, "No site in particular")
	form.has(t, `value="barn"`, `value="shop"`)
	dana.get("/portal-settings/contacts/new").is(t, http.StatusOK).has(t, `value="barn"`, `value="shop"`)
}
