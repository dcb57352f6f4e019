package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func TestSignInUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002", "1003")
	dana := person("dana", "1002")
	tn.contacts(t, dana,
		store.Contact{Row: store.Row{ID: "dana-2", AccountID: "1001"}, Access: store.AccessActive, User: dana.User},
		store.Contact{Row: store.Row{ID: "dana-3", AccountID: "1003"}, Access: store.AccessDisabled, User: dana.User},
		store.Contact{Row: store.Row{ID: "new", AccountID: "1001"}, Access: store.AccessActive, User: &store.ContactUser{Username: "new", Email: "new@example.com"}},
		store.Contact{Row: store.Row{ID: "gone", AccountID: "1001"}, Access: store.AccessDisabled, User: &store.ContactUser{Username: "gone", PasswordHash: hash}},
		// Two people with one email, both verified; and one who only claims dana's.
		store.Contact{Row: store.Row{ID: "kim", AccountID: "1001"}, Access: store.AccessActive, User: &store.ContactUser{Username: "kim", Email: "Office@example.com", EmailVerified: true}},
		store.Contact{Row: store.Row{ID: "lee", AccountID: "1002"}, Access: store.AccessActive, User: &store.ContactUser{Username: "lee", Email: "office@example.com", EmailVerified: true}},
		store.Contact{Row: store.Row{ID: "eve", AccountID: "1003"}, Access: store.AccessActive, User: &store.ContactUser{Username: "eve", Email: "dana@example.com"}},
		// A username wins over another person's email.
		store.Contact{Row: store.Row{ID: "max", AccountID: "1001"}, Access: store.AccessActive, User: &store.ContactUser{Username: "max@example.com", Email: "max@example.com", EmailVerified: true}},
		store.Contact{Row: store.Row{ID: "moritz", AccountID: "1002"}, Access: store.AccessActive, User: &store.ContactUser{Username: "moritz", Email: "max@example.com", EmailVerified: true}},
	)
	both := []store.SignInContact{{ContactID: "dana-2", AccountID: "1001"}, {ContactID: "dana", AccountID: "1002", Name: "First Last"}}
	for login, want := range map[string]store.SignInUser{
		"dana":               {Username: "dana", PasswordHash: hash, Contacts: both},
		"DANA":               {Username: "dana", PasswordHash: hash, Contacts: both},
		"Dana@Example.com":   {Username: "dana", PasswordHash: hash, Contacts: both},
		"new":                {Username: "new", Contacts: []store.SignInContact{{ContactID: "new", AccountID: "1001"}}},
		"gone":               {Username: "gone", PasswordHash: hash},
		"max@example.com":    {Username: "max@example.com", Contacts: []store.SignInContact{{ContactID: "max", AccountID: "1001"}}},
		"new@example.com":    {}, // not verified
		"office@example.com": {}, // not unique
		"nobody":             {},
		"":                   {},
		"dana\x00":           {},
		"dana\xff":           {},
		"d%":                 {},
		"' OR true --":       {},
	} {
		if want.Username != "" {
			want.UserID = tn.userID(t, want.Username)
		}
		got, err := tn.Portal.SignInUser(t.Context(), login)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", login, diff)
		}
		if missing := errors.Is(err, store.ErrNotFound); missing != (want.Username == "") {
			t.Errorf("%q: got error %v", login, err)
		}
	}
}

// A late rehash does not bring a password back that was changed meanwhile.
func TestRehash(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	for _, test := range []struct {
		user, old, hash string
		want            bool
	}{
		{tn.userID(t, "dana"), hash, "$argon2id$new", true},
		{tn.userID(t, "dana"), hash, "$argon2id$late", false},
		{"00000000-0000-4000-8000-000000000000", hash, "$argon2id$nobody", false},
	} {
		if got, err := tn.Portal.Rehash(t.Context(), test.user, test.old, test.hash); got != test.want || err != nil {
			t.Errorf("%s: got %v, %v", test.hash, got, err)
		}
	}
	got := tn.column(t, "SELECT concat(username, ' ', version, ' ', password_hash) FROM app_user ORDER BY username")
	if diff := cmp.Diff([]string{"dana 2 $argon2id$new", "kim 1 " + hash}, got); diff != "" {
		t.Error(diff)
	}
}
