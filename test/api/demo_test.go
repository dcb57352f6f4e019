package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/internal/integration"
)

// TestTheDemoIsTaken sends the customers of the demo, twice on one day and once on the
// next: none of them is refused.
func TestTheDemoIsTaken(t *testing.T) {
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWtleXNvbWVrZXlzb21la2V5c29tZWtleXNvbWU"
	now := time.Now()
	for name, provider := range map[string]people.Provider{"acme": people.Acme(), "nordlicht": people.Nordlicht()} {
		t.Run(name, func(t *testing.T) {
			tenant := newSample(t, name)
			client := &integration.Client{BaseURL: tenant.url, Token: tenant.token, HTTP: http.DefaultClient}
			for _, day := range []time.Time{now, now, now.AddDate(0, 0, 1)} {
				if err := people.Send(t.Context(), client, provider, hash, day, t.Logf); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
