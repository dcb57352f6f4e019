package portal

import (
	"net/http"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// One passkey more than there can be is a sentence, and no failure.
func TestTooManyPasskeys(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	b := s.signedIn(t, "dana")
	s.withPasskey(t, b, "First")
	s.change(t, `INSERT INTO passkey (id, user_id, name, credential, created_at)
SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), p.user_id, 'More', p.credential, p.created_at FROM passkey p, generate_series(2, $1::int) n`, store.MaxPasskeys)
	b.post("/security/passkeys").goesTo(t, "/security/passkeys/new")
	answer := newAuthenticator(t).create(b.get("/security/passkeys/new").options(t))
	b.post("/security/passkeys/new", "name", "Another", "answer", answer).is(t, http.StatusUnprocessableEntity).shows(t, "You have as many passkeys as there can be")
}
