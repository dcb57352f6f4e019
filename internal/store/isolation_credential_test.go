package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// credentialAttempts are those of links, set-ups and ceremonies.
func credentialAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	links, setUps := map[string]string{}, map[string][]byte{}
	for account, prefix := range map[string]string{"A": "a-", "B": "b-"} {
		tn.contacts(t, nobody(prefix+"none", account))
		links[prefix] = tn.sendLink(t, prefix+"none", store.LinkInvite)
		setUps[prefix] = tn.mustOpen(t, links[prefix], store.LinkInvite, 0)
	}
	p := tn.Portal
	mine := func(t *testing.T) store.Ceremony {
		t.Helper()
		return must[store.Ceremony](t)(p.Ceremony(t.Context(), setUps["a-"], store.CeremonySetUp, now))
	}
	return map[string]func(*testing.T){
		"Link": func(t *testing.T) {
			got := must[store.Link](t)(p.Link(t.Context(), links["a-"], store.LinkInvite))
			if got.ContactID != "a-none" || got.Account.ID != "A" || strings.Contains(strings.Join(got.Addresses, " "), "b-") {
				t.Errorf("got %+v", got)
			}
		},
		"NewestLink": func(t *testing.T) {
			got := must[store.SentLink](t)(tn.Backoffice.NewestLink(t.Context(), "a-none"))
			if got.ID != links["a-"] || got.ContactID != "a-none" || !got.SentAt.Equal(now) {
				t.Errorf("got %+v", got)
			}
		},
		"SetUp": func(t *testing.T) {
			if got := must[store.SetUp](t)(p.SetUp(t.Context(), mine(t))); got.ContactID != "a-none" || got.Account.ID != "A" {
				t.Errorf("got %+v", got)
			}
		},
		"Credentials": func(t *testing.T) {
			if got := must[store.Credentials](t)(p.Credentials(t.Context(), "a-none")); got.ContactID != "a-none" || got.Account.ID != "A" {
				t.Errorf("got %+v", got)
			}
		},
		"Ceremony": func(t *testing.T) {
			if got := mine(t); got.LinkID != links["a-"] {
				t.Errorf("got %+v", got)
			}
			if _, err := p.Ceremony(t.Context(), setUps["b-"], store.CeremonySignIn, now); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("B's set-up as a sign-in: %v", err)
			}
		},
		"StartCeremony": func(t *testing.T) {
			begun := store.Ceremony{Kind: store.CeremonySignIn, UserID: tn.userID(t, "a-owner"), ExpiresAt: now.Add(time.Minute)}
			if err := p.StartCeremony(t.Context(), []byte("a-begun"), begun, now); err != nil {
				t.Error(err)
			}
		},
		"TakeAttempt": func(t *testing.T) {
			if err := p.TakeAttempt(t.Context(), setUps["a-"], 5, now); err != nil {
				t.Error(err)
			}
		},
		"EndCeremony": func(t *testing.T) {
			if ended, err := p.EndCeremony(t.Context(), []byte("a-begun")); err != nil {
				t.Error(ended, err)
			}
		},
	}
}
