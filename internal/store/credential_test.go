package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// sendLink sends a link of an hour to a contact and returns its id.
func (tn tenant) sendLink(t *testing.T, contactID string, purpose store.LinkPurpose) (id string) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		c, err := w.Credentials(ctx, contactID)
		if err != nil {
			return err
		}
		id, err = w.SendLink(ctx, c, purpose, "Robin Miller", now.Add(time.Hour))
		return err
	})
	return id
}

// inPortal writes as a browser of nobody who is signed in.
func (tn tenant) inPortal(t *testing.T, at time.Time, work func(context.Context, *store.Writer) error) error {
	t.Helper()
	return tn.Portal.Write(t.Context(), store.Origin{Actor: "Somebody", IP: "192.0.2.9", Browser: "Firefox on Linux", Now: at}, work)
}

// open spends a link and opens a set-up, whose secret's hash it returns.
func (tn tenant) open(t *testing.T, id string, purpose store.LinkPurpose, address int) ([]byte, error) {
	t.Helper()
	hash := store.TokenHash(fmt.Sprint(id, address))
	return hash, tn.inPortal(t, now, func(ctx context.Context, w *store.Writer) error {
		if _, err := w.SpendLink(ctx, id, purpose, address); err != nil {
			return err
		}
		return w.BeginSetUp(ctx, hash, id, address)
	})
}

// mustOpen is open of a link that works.
func (tn tenant) mustOpen(t *testing.T, id string, purpose store.LinkPurpose, address int) []byte {
	t.Helper()
	return must[[]byte](t)(tn.open(t, id, purpose, address))
}

func (tn tenant) complete(t *testing.T, at time.Time, setUp []byte, username, hash string) error {
	t.Helper()
	return tn.inPortal(t, at, func(ctx context.Context, w *store.Writer) error {
		_, err := w.CompleteSetUp(ctx, setUp, store.Chosen{Username: username, PasswordHash: hash})
		return err
	})
}

// users lists the users in short form.
func (tn tenant) users(t *testing.T) []string {
	t.Helper()
	return tn.column(t, `
SELECT concat_ws(' ', username, nullif(email, ''), CASE WHEN email_verified_at IS NOT NULL THEN 'verified' END, CASE WHEN password_hash IS NOT NULL THEN 'password' END)
FROM app_user ORDER BY username`)
}

func wantUsers(t *testing.T, tn tenant, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), tn.users(t)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

// nobody is a contact with an address and without a user.
func nobody(id, account string) store.Contact {
	c := person(id, account)
	c.User = nil
	return c
}

const otherHash = "$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJvdGhlcm90aGVy$b3RoZXI"

// TestWhoGetsTheMails is the one table of it.
func TestWhoGetsTheMails(t *testing.T) {
	primary := []string{"a@x.example", "A@X.example", "b@x.example"}
	for _, test := range []struct {
		name          string
		c             store.Credentials
		create, reset []string
	}{
		{"the owner's go to the primary contacts", store.Credentials{Owner: true, Email: "o@x.example", Primary: primary},
			[]string{"a@x.example", "b@x.example"}, []string{"a@x.example", "b@x.example"}},
		{"the owner's, without primary contacts", store.Credentials{Owner: true, Email: "o@x.example"}, []string{"o@x.example"}, []string{"o@x.example"}},
		{"an owner without address", store.Credentials{Owner: true, UserEmail: "u@x.example", EmailVerified: true}, []string{"u@x.example"}, []string{"u@x.example"}},
		{"another contact", store.Credentials{Email: "c@x.example", UserEmail: "u@x.example", EmailVerified: true, Primary: primary, Accounts: 1},
			[]string{"c@x.example"}, []string{"u@x.example"}},
		{"another contact, whose address is not verified", store.Credentials{Email: "c@x.example", UserEmail: "u@x.example", Primary: primary, Accounts: 1},
			[]string{"c@x.example"}, nil},
		{"a contact without address", store.Credentials{Primary: primary}, nil, nil},
		{"a user of several accounts", store.Credentials{Owner: true, Email: "c@x.example", UserEmail: "u@x.example", EmailVerified: true, Primary: primary, Accounts: 2},
			[]string{"u@x.example"}, []string{"u@x.example"}},
		{"one of several accounts, not verified", store.Credentials{Owner: true, Email: "c@x.example", UserEmail: "u@x.example", Primary: primary, Accounts: 2}, nil, nil},
	} {
		if diff := cmp.Diff(test.create, test.c.Addresses(store.LinkCreate)); diff != "" {
			t.Errorf("%s, create mail (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.create, test.c.Addresses(store.LinkInvite)); diff != "" {
			t.Errorf("%s, invitation (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.reset, test.c.Addresses(store.LinkReset)); diff != "" {
			t.Errorf("%s, reset mail (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestPortalAccess(t *testing.T) {
	later, earlier := now.Add(time.Minute), now.Add(-time.Minute)
	for _, test := range []struct {
		access      string
		hasPassword bool
		until       *time.Time
		want        string
	}{
		{store.AccessActive, false, nil, "NotInvited"},
		{store.AccessActive, false, &later, "Invited"},
		{store.AccessActive, false, &now, "Expired"},
		{store.AccessActive, false, &earlier, "Expired"},
		{store.AccessActive, true, nil, "Active"},
		{store.AccessActive, true, &later, "Active"},
		{store.AccessDisabled, false, &later, "Disabled"},
		{store.AccessDisabled, true, nil, "Disabled"},
	} {
		if got := store.PortalAccess(test.access, test.hasPassword, test.until, now); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}

// TestAccessFollowsTheLinks: what a contact says of its access is what its links allow.
func TestAccessFollowsTheLinks(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, nobody("dana", "1001"))
	want := func(when string, at time.Time, want string) {
		t.Helper()
		c := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "dana"))
		if got := c.PortalAccess(at); got != want {
			t.Errorf("%s it is %s, want %s", when, got, want)
		}
	}
	want("before all", now, "NotInvited")
	tn.sendLink(t, "dana", store.LinkInvite)
	want("after the invitation", now, "Invited")
	want("after its time", now.Add(time.Hour), "Expired")
	link := tn.sendLink(t, "dana", store.LinkCreate)
	setUp := tn.mustOpen(t, link, store.LinkCreate, 0)
	want("during the set-up", now.Add(14*time.Minute), "Invited")
	want("after a set-up that was not finished", now.Add(15*time.Minute), "Expired")
	if err := tn.complete(t, now, setUp, "dana", hash); err != nil {
		t.Fatal(err)
	}
	want("after the set-up", now, "Active")
	tn.write(t, func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "dana") })
	want("without a username", now, "NotInvited")
}

// TestALinkIsSpentOnce: of any number of attempts at the same moment one goes on.
func TestALinkIsSpentOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, nobody("dana", "1001"))
	link := tn.sendLink(t, "dana", store.LinkCreate)
	var together sync.WaitGroup
	outcomes := make(chan error, 8)
	for range cap(outcomes) {
		together.Go(func() {
			outcomes <- tn.Portal.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
				_, err := w.SpendLink(ctx, link, store.LinkCreate, 0)
				return err
			})
		})
	}
	together.Wait()
	close(outcomes)
	went := 0
	for err := range outcomes {
		if err == nil {
			went++
		} else if !errors.Is(err, store.ErrLinkOver) {
			t.Error(err)
		}
	}
	if went != 1 {
		t.Errorf("%d went on", went)
	}
}

// TestLinksThatDoNotWork: a link works for its purpose and its addresses, while nothing
// has happened to it or to whom it was for.
func TestLinksThatDoNotWork(t *testing.T) {
	t.Parallel()
	write := func(tn tenant, work func(context.Context, *store.Writer) error) func(*testing.T) {
		return func(t *testing.T) { t.Helper(); tn.write(t, work) }
	}
	change := func(tn tenant, id string, f func(*store.Contact)) func(*testing.T) {
		return write(tn, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
				next := *old
				f(&next)
				return next, nil
			}}})
			return err
		})
	}
	for _, test := range []struct {
		name    string
		purpose store.LinkPurpose
		between func(tenant) func(*testing.T)
		address int
		want    store.LinkState
	}{
		{"a newer one", store.LinkCreate, func(tn tenant) func(*testing.T) {
			return func(t *testing.T) { tn.sendLink(t, "none", store.LinkInvite) }
		}, 0, store.LinkVoided},
		{"access taken away", store.LinkCreate, func(tn tenant) func(*testing.T) {
			return change(tn, "none", func(c *store.Contact) { c.Access = store.AccessDisabled })
		}, 0, store.LinkVoided},
		{"the billing contact is another person now", store.LinkCreate, func(tn tenant) func(*testing.T) {
			return change(tn, "none", func(c *store.Contact) { c.Email = "new@example.com" })
		}, 0, store.LinkVoided},
		{"it has a password meanwhile", store.LinkCreate, func(tn tenant) func(*testing.T) {
			return change(tn, "none", func(c *store.Contact) {
				c.User = &store.ContactUser{Username: "other", Email: "other@example.com", PasswordHash: hash}
			})
		}, 0, store.LinkVoided},
		{"an address that it was not sent to", store.LinkCreate, nil, 1, store.LinkVoided},
		{"no address", store.LinkCreate, nil, -1, store.LinkVoided},
		{"the user's address is not verified any more", store.LinkReset, func(tn tenant) func(*testing.T) {
			return change(tn, "set", func(c *store.Contact) {
				c.User = &store.ContactUser{Username: "set", Email: "new@example.com"}
			})
		}, 0, store.LinkVoided},
		{"all were voided", store.LinkReset, func(tn tenant) func(*testing.T) {
			return write(tn, func(ctx context.Context, w *store.Writer) error {
				c, err := w.Credentials(ctx, "set")
				if err != nil {
					return err
				}
				return w.VoidLinks(ctx, "set", c.UserID)
			})
		}, 0, store.LinkVoided},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.accounts(t, "1001")
			tn.contacts(t, nobody("none", "1001"), person("set", "1001"))
			id := "none"
			if test.purpose == store.LinkReset {
				id = "set"
			}
			link := tn.sendLink(t, id, test.purpose)
			if test.between != nil {
				test.between(tn)(t)
			}
			if _, err := tn.open(t, link, test.purpose, test.address); !errors.Is(err, store.ErrLinkOver) {
				t.Errorf("spend: %v", err)
			}
			got := must[store.Link](t)(tn.Portal.Link(t.Context(), link, test.purpose))
			if state := got.State(test.address, now); state != test.want {
				t.Errorf("it is %s, want %s", state, test.want)
			}
			if _, err := tn.open(t, link, store.LinkVerifyEmail, 0); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("for another purpose: %v", err)
			}
		})
	}
}

func TestStatesOfALink(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, nobody("dana", "1001"))
	link := tn.sendLink(t, "dana", store.LinkCreate)
	want := func(at time.Time, want store.LinkState) {
		t.Helper()
		if got := must[store.Link](t)(tn.Portal.Link(t.Context(), link, store.LinkCreate)).State(0, at); got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
	want(now, store.LinkOpen)
	want(now.Add(time.Hour), store.LinkExpired)
	setUp := tn.mustOpen(t, link, store.LinkCreate, 0)
	want(now, store.LinkSpent)
	if err := tn.complete(t, now, setUp, "dana", hash); err != nil {
		t.Fatal(err)
	}
	want(now, store.LinkUsed)
}
