package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// contactRows shows contacts with their users in short form.
func (tn tenant) contactRows(t *testing.T) []string {
	t.Helper()
	return tn.column(t, `
SELECT concat(c.id, ' of ', c.account_id, ' v', c.version, CASE WHEN c.owner THEN ' owner' END, ' ', array_to_string(c.grants, ','), ' ', c.access, ': ',
              u.username, ' <', u.email, '>', CASE WHEN u.email_verified_at IS NOT NULL THEN ' verified' END, ' ', u.password_hash)
FROM contact c LEFT JOIN app_user u ON u.id = c.user_id ORDER BY c.id`)
}

// contactStep is one import of a story and what there is after it.
type contactStep struct {
	what  string
	items []store.Contact
	want  []string
	rows  []string // nil: not checked
}

func playContacts(t *testing.T, steps []contactStep) {
	t.Helper()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002", "1003")
	upsert := func(list []store.Contact) ([]store.Result, error) {
		return tn.putContacts(t.Context(), list)
	}
	for _, step := range steps {
		t.Run(step.what, func(t *testing.T) {
			twice(t, tn, upsert, step.items, step.want...)
			if diff := cmp.Diff(step.rows, tn.contactRows(t)); step.rows != nil && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// contact is a contact without a user.
func contact(id, account string) store.Contact {
	return store.Contact{Row: store.Row{ID: id, AccountID: account}, Access: store.AccessActive}
}

func as(c store.Contact, username, email string) store.Contact {
	c.User = &store.ContactUser{Username: username, Email: email}
	return c
}

func owner(c store.Contact) store.Contact {
	c.Owner = true
	return c
}

func TestContactsAreChecked(t *testing.T) {
	t.Parallel()
	change := func(id string, with func(*store.Contact)) store.Contact {
		c := contact(id, "1001")
		with(&c)
		return c
	}
	user := func(id string, u store.ContactUser) store.Contact {
		return change(id, func(c *store.Contact) { c.User = &u })
	}
	playContacts(t, []contactStep{{
		what: "bad values",
		items: []store.Contact{
			contact("ok", "1001"), contact("lost", "9999"),
			change("s", func(c *store.Contact) { c.Sites = []string{"s1"} }),
			user("u1", store.ContactUser{}),
			user("u2", store.ContactUser{Username: "u2", EmailVerified: true}),
			user("u3", store.ContactUser{Username: "u3@example.com", Email: "u3@example.com"}),
			user("u4", store.ContactUser{Username: "other@example.com", Email: "u4@example.com", EmailVerified: true}),
			user("u5", store.ContactUser{Username: "u5", PasswordHash: "plain"}),
			user("u6", store.ContactUser{Username: "dänä"}),
		},
		want: []string{
			"Created", `Refused accountId: there is no account "9999"`, `Refused sites: account "1001" has no site "s1"`,
			"Refused user.username: is missing", "Refused user.email: is required when it is verified",
			`Refused user.username: "u3@example.com" contains @, so it must be the user's own verified email`,
			`Refused user.username: "other@example.com" contains @, so it must be the user's own verified email`,
			"Refused user.passwordHash: must be an argon2id hash in PHC form",
			`Refused user.username: "dänä" is not allowed, allowed are letters from A to Z, digits and signs`,
		},
		rows: []string{"ok of 1001 v1  Active:  <> "},
	}, {
		what:  "a contact never moves",
		items: []store.Contact{contact("ok", "1002")},
		want:  []string{`Refused accountId: contact "ok" belongs to account "1001", and never moves`},
	}})
}

func TestContactsAndTheirUsers(t *testing.T) {
	t.Parallel()
	dana := person("dana", "1001")
	dana.Grants = []settings.Feature{settings.ViewInvoices, settings.ViewActivity, settings.ViewInvoices}
	changed := dana
	changed.Grants, changed.Access = nil, store.AccessDisabled
	otherHash := as(contact("dana", "1001"), "Dana", "dana@new.example")
	otherHash.User.PasswordHash = "$argon2id$other"
	verified := otherHash
	verified.User = &store.ContactUser{Username: "Dana", Email: "DANA@new.example", EmailVerified: true}
	playContacts(t, []contactStep{{
		what: "made", items: []store.Contact{dana}, want: []string{"Created"},
		rows: []string{"dana of 1001 v1 ViewActivity,ViewInvoices Active: dana <dana@example.com> verified " + hash},
	}, {
		what: "changed", items: []store.Contact{changed}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v2  Disabled: dana <dana@example.com> verified " + hash},
	}, {
		what: "no user in the line leaves the user", items: []store.Contact{contact("dana", "1001")}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: dana <dana@example.com> verified " + hash},
	}, {
		what: "another email is not verified, another hash does not count", items: []store.Contact{otherHash}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v4  Active: Dana <dana@new.example> " + hash},
	}, {
		what: "the email is verified", items: []store.Contact{verified}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v5  Active: Dana <DANA@new.example> verified " + hash},
	}, {
		what:  "renamed",
		items: []store.Contact{as(contact("dana", "1001"), "dana.n", "dana@new.example")}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v6  Active: dana.n <dana@new.example> verified " + hash},
	}, {
		what:  "a contact gets its user later, with a first password",
		items: []store.Contact{contact("kim", "1001")}, want: []string{"Created"},
	}, {
		what:  "user",
		items: []store.Contact{as(contact("kim", "1001"), "kim", "")}, want: []string{"Updated"},
	}, {
		what:  "password",
		items: []store.Contact{{Row: store.Row{ID: "kim", AccountID: "1001"}, Access: "Active", User: &store.ContactUser{Username: "kim", PasswordHash: hash}}}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v6  Active: dana.n <dana@new.example> verified " + hash, "kim of 1001 v3  Active: kim <> " + hash},
	}})
}

func TestContactsOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	playContacts(t, []contactStep{{
		what: "one batch, one person in two accounts, whatever the case",
		items: []store.Contact{
			as(contact("d1", "1001"), "dana", "dana@example.com"), as(contact("d2", "1002"), "DANA", "Dana@example.com"),
		},
		want: []string{"Created", "Created"},
	}, {
		what: "a later batch, another account; other people keep out",
		items: []store.Contact{
			as(contact("d3", "1003"), "dana", "dana@example.com"),
			as(contact("x1", "1003"), "dana", "eve@example.com"),
			as(contact("x2", "1003"), "dana", ""),
			as(contact("x3", "1001"), "dana", "dana@example.com"),
		},
		want: []string{
			"Created", `Refused user.username: "dana" is already the username of a user with another email`,
			`Refused user.username: "dana" is already the username of a user with another email`,
			`Refused user.username: user "dana" is already contact "d1" of account "1001"`,
		},
	}, {
		what: "one account does not change the person for the others",
		items: []store.Contact{
			as(contact("d1", "1001"), "dana", "new@example.com"), as(contact("d2", "1002"), "dana.n", "dana@example.com"),
		},
		want: []string{
			`Refused user.email: user "dana" is also contact "d2", so one contact alone does not change the email`,
			`Refused user.username: user "dana" is also contact "d1", so one contact alone does not change the username`,
		},
	}, {
		what: "names are taken",
		items: []store.Contact{
			as(contact("k1", "1001"), "kim", "kim@example.com"),
			as(contact("k2", "1002"), "KIM", "other@example.com"),
			as(contact("d3", "1003"), "kim", "dana@example.com"),
		},
		want: []string{
			"Created", `Refused user.username: "KIM" is already the username of a user with another email`,
			`Refused user.username: "kim" is already the username of another user`,
		},
	}})
}

// TestUsernameGivenUp: a name that is given up is free in the next batch.
func TestUsernameGivenUp(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.contacts(t, as(contact("k1", "1001"), "kim", "kim@example.com"))
	batch := []store.Contact{as(contact("k1", "1001"), "kim.k", "kim@example.com"), as(contact("k2", "1002"), "kim", "kim@example.com")}
	results, err := tn.putContacts(t.Context(), batch)
	wantResults(t, results, err, "Updated", `Refused user.username: "kim" is already the username of a user with another email`)
	results, err = tn.putContacts(t.Context(), batch)
	wantResults(t, results, err, "Unchanged", "Created")
}

func ownedBy(id string) string {
	return `Refused owner: the owner of account "1001" is contact "` + id + `": write that one with owner false first, or both in one import`
}

func TestContactsOwner(t *testing.T) {
	t.Parallel()
	playContacts(t, []contactStep{{
		what:  "one owner per account, the first",
		items: []store.Contact{owner(contact("a", "1001")), owner(contact("b", "1001")), owner(contact("c", "1002"))},
		want:  []string{"Created", ownedBy("a"), "Created"},
	}, {
		what:  "another owner needs the old one to step back",
		items: []store.Contact{owner(contact("b", "1001")), contact("d", "1001")},
		want:  []string{ownedBy("a"), "Created"},
	}, {
		what:  "in any order",
		items: []store.Contact{owner(contact("b", "1001")), contact("a", "1001")},
		want:  []string{"Created", "Updated"},
		rows: []string{
			"a of 1001 v2  Active:  <> ", "b of 1001 v1 owner  Active:  <> ", "c of 1002 v1 owner  Active:  <> ", "d of 1001 v1  Active:  <> ",
		},
	}, {
		what: "one who is refused does not step back",
		items: []store.Contact{
			owner(contact("a", "1001")),
			{Row: store.Row{ID: "b", AccountID: "1001"}, Access: "Active", User: &store.ContactUser{Username: "x@example.com"}},
		},
		want: []string{ownedBy("b"), `Refused user.username: "x@example.com" contains @, so it must be the user's own verified email`},
	}, {
		what:  "stepping back in the plan, refused for the user",
		items: []store.Contact{as(contact("d", "1001"), "dora", "d@example.com"), owner(contact("a", "1001")), as(contact("b", "1001"), "dora", "b@example.com")},
		want: []string{
			`Refused user.username: "dora" is already the username of a user with another email`,
			"Updated", "Updated",
		},
	}, {
		what:  "refused for the user, so nobody takes over",
		items: []store.Contact{owner(contact("b", "1001")), as(contact("a", "1001"), "dora", "a@example.com")},
		want: []string{
			ownedBy("a"),
			`Refused user.username: "dora" is already the username of a user with another email`,
		},
	}})
}
