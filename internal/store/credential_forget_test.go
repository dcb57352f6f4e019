package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// TestWhoTakesTheirSignInBack: an address that somebody else asked for, in a session that
// was stolen, is confirmed by nobody after that, in none of the person's accounts.
func TestWhoTakesTheirSignInBack(t *testing.T) {
	t.Parallel()
	putUser := func(change func(*store.Contact)) func(*testing.T, tenant) {
		return func(t *testing.T, tn tenant) { t.Helper(); tn.write(t, changeContact("dana", change)) }
	}
	for _, test := range []struct {
		name     string
		accounts int
		takeBack func(*testing.T, tenant)
	}{
		{"a reset by mail", 2, func(t *testing.T, tn tenant) {
			setUp := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkReset), store.LinkReset, 0)
			if err := tn.complete(t, now, setUp, "", otherHash); err != nil {
				t.Fatal(err)
			}
		}},
		{"another password", 2, func(t *testing.T, tn tenant) {
			err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
				return w.SetPassword(ctx, store.NewPassword{ContactID: "dana", UserID: tn.userID(t, "dana"), Hash: otherHash})
			})
			if err != nil {
				t.Fatal(err)
			}
		}},
		{"another address by the provider", 1, putUser(func(c *store.Contact) {
			c.User = &store.ContactUser{Username: "dana", Email: "dana@new.example", EmailVerified: true}
		})},
		{"another username by the provider", 1, putUser(func(c *store.Contact) {
			c.User = &store.ContactUser{Username: "dana2", Email: "dana@example.com", EmailVerified: true}
		})},
		{"no sign-in any more", 1, putUser(func(c *store.Contact) { c.User = nil })},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.accounts(t, "1001", "1002")
			dana := person("dana", "1001")
			tn.contacts(t, dana)
			if test.accounts > 1 {
				also := contact("also", "1002")
				also.User = dana.User
				tn.contacts(t, also)
			}
			links := []string{tn.askEmail(t, "dana", "dana", "thief@evil.example", true)}
			if test.accounts > 1 {
				links = append(links, tn.askEmail(t, "dana", "also", "thief@evil.example", false))
			}
			test.takeBack(t, tn)
			for _, link := range links {
				if err := tn.confirm(t, link, now); !errors.Is(err, store.ErrLinkOver) && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("the thief's link: %v", err)
				}
			}
			evil := tn.column(t, "SELECT id FROM contact WHERE pending_email <> '' OR email LIKE '%evil%' UNION SELECT username FROM app_user WHERE email LIKE '%evil%'")
			if len(evil) > 0 {
				t.Errorf("the thief's address is still there: %v", evil)
			}
		})
	}
}
