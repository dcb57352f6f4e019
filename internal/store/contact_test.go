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
	items []store.ContactUpsert
	want  []string
	rows  []string // nil: not checked
}

func playContacts(t *testing.T, steps []contactStep) {
	t.Helper()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002", "1003")
	upsert := func(list []store.ContactUpsert) ([]store.Result, error) {
		return tn.Backoffice.UpsertContacts(t.Context(), list)
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
func contact(id, account string) store.ContactUpsert {
	return store.ContactUpsert{ID: id, AccountID: account, Access: store.AccessActive}
}

func as(c store.ContactUpsert, username, email string) store.ContactUpsert {
	c.User = &store.UserUpsert{Username: username, Email: email}
	return c
}

func owner(c store.ContactUpsert) store.ContactUpsert {
	c.Owner = true
	return c
}

func TestContactsAreChecked(t *testing.T) {
	t.Parallel()
	change := func(id string, with func(*store.ContactUpsert)) store.ContactUpsert {
		c := contact(id, "1001")
		with(&c)
		return c
	}
	user := func(id string, u store.UserUpsert) store.ContactUpsert {
		return change(id, func(c *store.ContactUpsert) { c.User = &u })
	}
	playContacts(t, []contactStep{{
		what: "bad values",
		items: []store.ContactUpsert{
			contact("ok", "1001"), contact("ok", "1002"), contact("", "1001"), contact("lost", "9999"),
			change("g", func(c *store.ContactUpsert) { c.Grants = []settings.Feature{"Fly"} }),
			change("a", func(c *store.ContactUpsert) { c.Access = "Maybe" }),
			change("n", func(c *store.ContactUpsert) { c.LastName = "\x00" }),
			user("u1", store.UserUpsert{}),
			user("u2", store.UserUpsert{Username: "u2", EmailVerified: true}),
			user("u3", store.UserUpsert{Username: "u3@example.com", Email: "u3@example.com"}),
			user("u4", store.UserUpsert{Username: "other@example.com", Email: "u4@example.com", EmailVerified: true}),
			user("u5", store.UserUpsert{Username: "u5", PasswordHash: "plain"}),
		},
		want: []string{
			"Created", `Refused id: "ok" is already in this batch`, "Refused id: is required", `Refused accountId: there is no account "9999"`,
			`Refused grants: there is no feature "Fly"`, `Refused access: "Maybe" is not allowed, allowed is one of [Active Disabled]`,
			"Refused lastName: is not valid text", "Refused user.username: is required",
			"Refused user.email: is required when it is verified",
			"Refused user.username: a username with @ must be the user's own verified email",
			"Refused user.username: a username with @ must be the user's own verified email",
			"Refused user.passwordHash: must be an argon2id hash in PHC form",
		},
		rows: []string{"ok of 1001 v1  Active:  <> "},
	}, {
		what:  "a contact never moves",
		items: []store.ContactUpsert{contact("ok", "1002")},
		want:  []string{`Refused accountId: contact "ok" belongs to account "1001", and a contact never moves`},
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
	verified.User = &store.UserUpsert{Username: "Dana", Email: "DANA@new.example", EmailVerified: true}
	playContacts(t, []contactStep{{
		what: "made", items: []store.ContactUpsert{dana}, want: []string{"Created"},
		rows: []string{"dana of 1001 v1 ViewActivity,ViewInvoices Active: dana <dana@example.com> verified " + hash},
	}, {
		what: "changed", items: []store.ContactUpsert{changed}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v2  Disabled: dana <dana@example.com> verified " + hash},
	}, {
		what: "no user in the line leaves the user", items: []store.ContactUpsert{contact("dana", "1001")}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: dana <dana@example.com> verified " + hash},
	}, {
		what: "another email is not verified, another hash does not count", items: []store.ContactUpsert{otherHash}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: Dana <dana@new.example> " + hash},
	}, {
		what: "the email is verified", items: []store.ContactUpsert{verified}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: Dana <DANA@new.example> verified " + hash},
	}, {
		what:  "renamed",
		items: []store.ContactUpsert{as(contact("dana", "1001"), "dana.n", "dana@new.example")}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: dana.n <dana@new.example> verified " + hash},
	}, {
		what:  "a contact gets its user later, with a first password",
		items: []store.ContactUpsert{contact("kim", "1001")}, want: []string{"Created"},
	}, {
		what:  "user",
		items: []store.ContactUpsert{as(contact("kim", "1001"), "kim", "")}, want: []string{"Updated"},
	}, {
		what:  "password",
		items: []store.ContactUpsert{{ID: "kim", AccountID: "1001", Access: "Active", User: &store.UserUpsert{Username: "kim", PasswordHash: hash}}}, want: []string{"Updated"},
		rows: []string{"dana of 1001 v3  Active: dana.n <dana@new.example> verified " + hash, "kim of 1001 v2  Active: kim <> " + hash},
	}})
}

func TestContactsOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	playContacts(t, []contactStep{{
		what: "one batch, one person in two accounts, whatever the case",
		items: []store.ContactUpsert{
			as(contact("d1", "1001"), "dana", "dana@example.com"), as(contact("d2", "1002"), "DANA", "Dana@example.com"),
		},
		want: []string{"Created", "Created"},
	}, {
		what: "a later batch, another account; other people keep out",
		items: []store.ContactUpsert{
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
		items: []store.ContactUpsert{
			as(contact("d1", "1001"), "dana", "new@example.com"), as(contact("d2", "1002"), "dana.n", "dana@example.com"),
		},
		want: []string{
			`Refused user.email: user "dana" is also contact "d2", so the import of one contact does not change the email`,
			`Refused user.username: user "dana" is also contact "d1", so the import of one contact does not change the username`,
		},
	}, {
		what: "names are taken",
		items: []store.ContactUpsert{
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
	batch := []store.ContactUpsert{as(contact("k1", "1001"), "kim.k", "kim@example.com"), as(contact("k2", "1002"), "kim", "kim@example.com")}
	results, err := tn.Backoffice.UpsertContacts(t.Context(), batch)
	wantResults(t, results, err, "Updated", `Refused user.username: "kim" is already the username of a user with another email`)
	results, err = tn.Backoffice.UpsertContacts(t.Context(), batch)
	wantResults(t, results, err, "Unchanged", "Created")
}

func TestContactsOwner(t *testing.T) {
	t.Parallel()
	playContacts(t, []contactStep{{
		what:  "one owner per account, the first",
		items: []store.ContactUpsert{owner(contact("a", "1001")), owner(contact("b", "1001")), owner(contact("c", "1002"))},
		want:  []string{"Created", `Refused owner: the owner of account "1001" is contact "a"`, "Created"},
	}, {
		what:  "another owner needs the old one to step back",
		items: []store.ContactUpsert{owner(contact("b", "1001")), contact("d", "1001")},
		want:  []string{`Refused owner: the owner of account "1001" is contact "a"`, "Created"},
	}, {
		what:  "in any order",
		items: []store.ContactUpsert{owner(contact("b", "1001")), contact("a", "1001")},
		want:  []string{"Created", "Updated"},
		rows: []string{
			"a of 1001 v2  Active:  <> ", "b of 1001 v1 owner  Active:  <> ", "c of 1002 v1 owner  Active:  <> ", "d of 1001 v1  Active:  <> ",
		},
	}, {
		what: "one who is refused does not step back",
		items: []store.ContactUpsert{
			owner(contact("a", "1001")),
			{ID: "b", AccountID: "1001", Access: "Active", User: &store.UserUpsert{Username: "x@example.com"}},
		},
		want: []string{`Refused owner: the owner of account "1001" is contact "b"`, "Refused user.username: a username with @ must be the user's own verified email"},
	}, {
		what:  "stepping back in the plan, refused for the user",
		items: []store.ContactUpsert{as(contact("d", "1001"), "dora", "d@example.com"), owner(contact("a", "1001")), as(contact("b", "1001"), "dora", "b@example.com")},
		want: []string{
			`Refused user.username: "dora" is already the username of a user with another email`,
			"Updated", "Updated",
		},
	}, {
		what:  "refused for the user, so nobody takes over",
		items: []store.ContactUpsert{owner(contact("b", "1001")), as(contact("a", "1001"), "dora", "a@example.com")},
		want: []string{
			`Refused owner: the owner of account "1001" is contact "a"`,
			`Refused user.username: "dora" is already the username of a user with another email`,
		},
	}})
}
