package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// deleteContact deletes a contact and says what became of it.
func (tn tenant) deleteContact(ctx context.Context, id string, version int64) string {
	var result store.Result
	err := tn.Backoffice.Write(ctx, store.Origin{Actor: "token test", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
		result, err = w.DeleteContact(ctx, id, version)
		return err
	})
	return fmt.Sprint(result, err)
}

// changes lists the change feed in short form.
func (tn tenant) changes(t *testing.T) []string {
	t.Helper()
	return tn.column(t, "SELECT concat_ws(' ', kind, id, operation, version) FROM change WHERE kind <> 'account' ORDER BY position")
}

func TestContactIsReadAsWritten(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.putSites(t, site("s1", "1001", "Home"), site("s2", "1001", "Work"))
	whole := person("dana", "1001")
	whole.Phone, whole.Roles, whole.Sites = "+44 7700 900142", []string{"Technical", "Billing"}, []string{"s2", "s1", "s2"}
	whole.Grants = []settings.Feature{settings.ViewInvoices, settings.ViewActivity}
	whole.OptedOut, whole.PendingEmail = []string{"Support", "General", "Support"}, "dana@new.example"
	tn.contacts(t, whole)
	got := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "dana"))
	whole.UserID, whole.User = ptr(tn.userID(t, "dana")), &store.ContactUser{Username: "dana", Email: "dana@example.com", EmailVerified: true, HasPassword: true}
	whole.Row = store.Row{ID: "dana", AccountID: "1001", Version: 1, CreatedAt: now, UpdatedAt: now}
	whole.Roles, whole.Sites = []string{"Billing", "Technical"}, []string{"s1", "s2"}
	whole.Grants = []settings.Feature{settings.ViewActivity, settings.ViewInvoices}
	whole.OptedOut = []string{"General", "Support"}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantResults(t, must[[]store.Result](t)(tn.putContacts(t.Context(), []store.Contact{got})), nil, "Unchanged")
	if list, next, err := tn.Backoffice.Contacts(t.Context(), store.List{AccountID: "1001", Limit: 5}); err != nil || next != nil || len(list) != 1 {
		t.Errorf("the list: %v, %v, %v", list, next, err)
	}
}

func TestEventsOfContacts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	c := contact("dana", "1001")
	tn.contacts(t, c)
	c.FirstName, c.LastName, c.Email, c.Phone = "Dana", "Miller", "dana@miller.example", "+44 7700 900142"
	c.Roles, c.Owner, c.Grants = []string{"Primary", "Billing"}, true, []settings.Feature{settings.ViewInvoices}
	tn.contacts(t, c)
	c.User = &store.ContactUser{Username: "dana", Email: "dana@miller.example", PasswordHash: hash}
	tn.contacts(t, c)
	c.User, c.Phone, c.Access = &store.ContactUser{Username: "dana.m", Email: "dana@miller.example", EmailVerified: true, PasswordHash: hash + "x"}, "", store.AccessDisabled
	tn.contacts(t, c)
	if got := tn.deleteContact(t.Context(), "dana", 4); got != "{Deleted  } <nil>" {
		t.Error(got)
	}
	const origin = `"origin": {"at": "2026-11-21T12:00:00Z", "by": "Staff"}`
	for eventType, want := range map[string][]string{
		"contact.created": {`{` + origin + `, "contact": {"id": "dana", "owner": false, "roles": [], "access": "NotInvited"}}`},
		"contact.updated": {
			`{` + origin + `, "contact": {"id": "dana", "email": "dana@miller.example", "owner": true, "phone": "+44 7700 900142", "roles": [{"name": "Billing"}, {"name": "Primary"}], "access": "NotInvited", "changes": [` +
				`{"field": "firstName", "newValue": "Dana"}, {"field": "lastName", "newValue": "Miller"}, {"field": "email", "newValue": "dana@miller.example"}, {"field": "phone", "newValue": "+44 7700 900142"}, ` +
				`{"field": "roles", "newValue": "Billing, Primary"}, {"field": "owner", "newValue": "true", "oldValue": "false"}, {"field": "grants", "newValue": "ViewInvoices"}], "lastName": "Miller", "firstName": "Dana"}}`,
			`{` + origin + `, "contact": {"id": "dana", "email": "dana@miller.example", "owner": true, "phone": "+44 7700 900142", "roles": [{"name": "Billing"}, {"name": "Primary"}], "access": "Active", "changes": [` +
				`{"field": "user.username", "newValue": "dana"}, {"field": "user.email", "newValue": "dana@miller.example"}, {"field": "user.emailVerified", "newValue": "false"}, {"field": "user.password"}], "lastName": "Miller", "firstName": "Dana"}}`,
			`{` + origin + `, "contact": {"id": "dana", "email": "dana@miller.example", "owner": true, "roles": [{"name": "Billing"}, {"name": "Primary"}], "access": "Disabled", "changes": [` +
				`{"field": "phone", "oldValue": "+44 7700 900142"}, {"field": "access", "newValue": "Disabled", "oldValue": "Active"}, ` +
				`{"field": "user.username", "newValue": "dana.m", "oldValue": "dana"}, {"field": "user.emailVerified", "newValue": "true", "oldValue": "false"}], "lastName": "Miller", "firstName": "Dana"}}`,
		},
		"contact.deleted": {`{` + origin + `, "contact": {"id": "dana", "email": "dana@miller.example", "owner": true, "roles": [{"name": "Billing"}, {"name": "Primary"}], "access": "Revoked", "lastName": "Miller", "firstName": "Dana"}}`},
	} {
		if diff := cmp.Diff(want, tn.payloads(t, eventType)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", eventType, diff)
		}
	}
	secrets := tn.column(t, `SELECT to_jsonb(x)::text FROM event x UNION ALL SELECT to_jsonb(x)::text FROM audit x UNION ALL SELECT to_jsonb(x)::text FROM change x`)
	for _, row := range secrets {
		if strings.Contains(row, "argon2") || strings.Contains(row, "asswordHash") || strings.Contains(row, "$") {
			t.Errorf("a secret in %s", row)
		}
	}
}

func TestDeleteContact(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	first := owner(person("first", "1001"))
	shared := person("shared", "1001")
	elsewhere := contact("elsewhere", "1002")
	elsewhere.User = shared.User
	tn.contacts(t, first, shared, elsewhere, person("other", "1001"))
	tn.signIn(t, "shared", "1001")
	tn.signIn(t, "other", "1001")
	tn.putTickets(t, ticket("t1", "1001", func(v *store.Ticket) { v.ContactID = "other" }))
	tn.exec(t, `INSERT INTO service_request (id, account_id, number, subject, status, opened_by, opened_at, contact_id)
SELECT c, '1001', c, 'x', 'New', c, now(), c FROM unnest('{other,elsewhere}'::text[]) c`)
	for _, step := range []struct {
		id      string
		version int64
		want    string
	}{
		{"first", 1, `{Refused  contact "first" is the owner of account "1001", which has other contacts: hand over first, write this one with owner false and then another one with owner true} <nil>`},
		{"first", 7, "{Conflict  is at version 1, not 7} <nil>"},
		{"shared", 0, "{Deleted  } <nil>"},
		{"shared", 0, "{  } store: write: store: read contact: not found"},
		{"other", 7, "{Conflict  is at version 1, not 7} <nil>"},
		{"other", 1, "{Deleted  } <nil>"},
		{"first", 1, "{Deleted  } <nil>"},
	} {
		if got := tn.deleteContact(t.Context(), step.id, step.version); got != step.want {
			t.Errorf("delete %s at %d: %s", step.id, step.version, got)
		}
	}
	for sql, want := range map[string][]string{
		"SELECT id FROM contact":                                        {"elsewhere"},
		"SELECT username FROM app_user":                                 {"shared"}, // who is a contact of another account
		"SELECT contact_id FROM session":                                {},
		"SELECT contact_id FROM service_request ORDER BY id":            {"elsewhere", ""},
		"SELECT concat(id, ' ', contact_id, ' v', version) FROM ticket": {"t1  v2"},
	} {
		if diff := cmp.Diff(want, tn.column(t, sql)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
	want := []string{"contact first Upsert 1", "contact shared Upsert 1", "contact elsewhere Upsert 1", "contact other Upsert 1", "ticket t1 Upsert 1", "ticketMessage t1 Upsert 1",
		"contact shared Delete 2", "ticket t1 Upsert 2", "contact other Delete 2", "contact first Delete 2"}
	if diff := cmp.Diff(want, tn.changes(t)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestSignInIsTakenAway(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	dana := person("dana", "1001")
	second := contact("dana-2", "1002")
	second.User = dana.User
	tn.contacts(t, dana, second, person("kim", "1001"))
	tn.signIn(t, "dana", "1001")
	tn.signIn(t, "kim", "1001")
	unlink := func(id string) {
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
				c := *old
				c.User = nil
				return c, nil
			}}})
			return err
		})
	}
	for _, step := range []struct {
		id              string
		users, sessions []string
	}{
		{"kim", []string{"dana"}, []string{"dana"}},
		{"dana", []string{"dana"}, []string{}}, // the user is dana-2 too
		{"dana-2", []string{}, []string{}},
	} {
		unlink(step.id)
		if diff := cmp.Diff([][]string{step.users, step.sessions}, [][]string{tn.column(t, "SELECT username FROM app_user ORDER BY 1"), tn.column(t, "SELECT contact_id FROM session")}); diff != "" {
			t.Errorf("without %s's sign-in (-want +got):\n%s", step.id, diff)
		}
	}
	tn.contacts(t, as(contact("other", "1002"), "kim", "other@example.com")) // the name is free again
}

// TestAccessTakenAwayEndsSessions: and access given back does not bring them back.
func TestAccessTakenAwayEndsSessions(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	dana := person("dana", "1001")
	tn.contacts(t, dana)
	secret := tn.signIn(t, "dana", "1001")
	renamed := dana
	renamed.FirstName = "Dana"
	tn.contacts(t, renamed)
	if _, err := tn.Portal.Session(t.Context(), secret, now, idle); err != nil {
		t.Errorf("a change of the name ended the session: %v", err)
	}
	disabled := dana
	disabled.Access = store.AccessDisabled
	tn.contacts(t, disabled)
	tn.contacts(t, dana)
	if _, err := tn.Portal.Session(t.Context(), secret, now, idle); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the session is back: %v", err)
	}
}

// TestSharedUsersShowInEachContact: what one contact changes of a user of several
// accounts is a change of the others.
func TestSharedUsersShowInEachContact(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.contacts(t, as(contact("d1", "1001"), "dana", "dana@example.com"), as(contact("d2", "1002"), "dana", "dana@example.com"))
	verified := as(contact("d1", "1001"), "dana", "dana@example.com")
	verified.User.EmailVerified = true
	tn.contacts(t, verified)
	second := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "d2"))
	if second.Version != 2 || !second.User.EmailVerified {
		t.Errorf("the other contact: %+v with %+v", second, second.User)
	}
	want := []string{"contact d1 Upsert 1", "contact d2 Upsert 1", "contact d1 Upsert 2", "contact d2 Upsert 2"}
	if diff := cmp.Diff(want, tn.changes(t)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestSiteOfGrantsStays(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.putSites(t, site("s1", "1001", "Home"), site("s2", "1002", "Other"))
	c := contact("dana", "1001")
	c.Sites = []string{"s2"}
	results, err := tn.putContacts(t.Context(), []store.Contact{c})
	wantResults(t, results, err, `Refused sites: account "1001" has no site "s2"`)
	c.Sites = []string{"s1"}
	tn.contacts(t, c)
	remove := func() (result store.Result) {
		tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.DeleteSite(ctx, "s1", 0)
			return err
		})
		return result
	}
	wantResults(t, []store.Result{remove()}, nil, `Refused : site "s1" cannot be deleted: there are contacts of it`)
	c.Sites = nil
	tn.contacts(t, c)
	wantResults(t, []store.Result{remove()}, nil, "Deleted")
}

// atOnce runs work n times at once and returns what each did.
func atOnce[T any](n int, work func(i int) T) []T {
	results := make([]T, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { results[i] = work(i) })
	}
	group.Wait()
	return results
}

// TestContactsRace: of writers at the same time, one gets what only one can have.
func TestContactsRace(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002", "1003")
	const writers = 6
	for round := range 5 {
		old := fmt.Sprintf("owner-%d", round)
		tn.exec(t, "UPDATE contact SET owner = false")
		tn.contacts(t, owner(contact(old, "1001")), contact(old+"-x", "1001"))
		for name, race := range map[string]func(i int) store.Contact{
			"a username": func(i int) store.Contact {
				return as(contact(fmt.Sprintf("u-%d-%d", round, i), "1002"), fmt.Sprintf("name-%d", round), fmt.Sprintf("%d@example.com", i))
			},
			"a first owner": func(i int) store.Contact { return owner(contact(fmt.Sprintf("f-%d-%d", round, i), "1003")) },
		} {
			tn.exec(t, "UPDATE contact SET owner = false WHERE account_id = '1003'")
			outcomes := atOnce(writers, func(i int) string {
				results, err := tn.putContacts(t.Context(), []store.Contact{race(i)})
				if err != nil {
					return err.Error()
				}
				return results[0].Outcome
			})
			wantOnce(t, name, outcomes)
		}
		outcomes := atOnce(writers, func(i int) string {
			results, err := tn.putContacts(t.Context(), []store.Contact{owner(contact(fmt.Sprintf("%s-%d", old, i), "1001")), contact(old, "1001")})
			if err != nil {
				return err.Error()
			}
			return results[0].Outcome
		})
		wantOnce(t, "a hand-over", outcomes)
	}
	if got := tn.column(t, "SELECT account_id FROM contact WHERE owner GROUP BY 1 HAVING count(*) > 1"); len(got) > 0 {
		t.Errorf("more than one owner: %v", got)
	}
}

// wantOnce fails unless one was created and all the others were refused.
func wantOnce(t *testing.T, what string, outcomes []string) {
	t.Helper()
	count := map[string]int{}
	for _, o := range outcomes {
		count[o]++
	}
	if diff := cmp.Diff(map[string]int{store.Created: 1, store.Refused: len(outcomes) - 1}, count); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestLinkAndRenameRace: a user is never linked to a contact of somebody else because it
// was renamed at the same moment.
func TestLinkAndRenameRace(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	for round := range 20 {
		id := fmt.Sprint(round)
		tn.contacts(t, as(contact("a"+id, "1001"), "dana"+id, "dana@example.com"))
		errs := atOnce(2, func(i int) error {
			c := as(contact("b"+id, "1002"), "dana"+id, "dana@example.com") // the same person in another account
			if i == 0 {
				c = as(contact("a"+id, "1001"), "eve"+id, "eve@example.com") // the sign-in goes to somebody else
			}
			_, err := tn.putContacts(t.Context(), []store.Contact{c})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	}
	shared := tn.column(t, "SELECT u.username || ' ' || u.email FROM app_user u JOIN contact c ON c.user_id = u.id GROUP BY u.id HAVING count(*) > 1 AND u.email <> 'dana@example.com'")
	if len(shared) > 0 {
		t.Errorf("two people share a user: %v", shared)
	}
}

// TestOneContactTwoWriters: who writes for a version that was changed in between is told,
// and nothing is lost.
func TestOneContactTwoWriters(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, contact("dana", "1001"))
	const writers = 8
	done := atOnce(writers, func(i int) error {
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
			c, err := tn.Backoffice.Contact(t.Context(), "dana")
			if err != nil {
				return err
			}
			var outcome string
			err = tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
				written, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: "dana", IfVersion: c.Version, Decide: func(*store.Contact) (store.Contact, *store.Refusal) {
					next := c
					next.Phone += fmt.Sprint(i)
					return next, nil
				}}})
				if err == nil {
					outcome = written[0].Outcome
				}
				return err
			})
			if err != nil || outcome == store.Updated {
				return err
			}
		}
		return errors.New("not in time")
	})
	if err := errors.Join(done...); err != nil {
		t.Fatal(err)
	}
	if c := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "dana")); len(c.Phone) != writers || c.Version != writers+1 {
		t.Errorf("got phone %q at version %d", c.Phone, c.Version)
	}
}

// TestMessagesOfAContact: what a person does not want is kept as categories that there
// are, and an address that is to be confirmed goes when another is written.
func TestMessagesOfAContact(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	dana := person("dana", "1001")
	dana.OptedOut = []string{"Security"}
	results, err := tn.putContacts(t.Context(), []store.Contact{dana})
	wantResults(t, results, err, `Refused optedOut: "Security" cannot be opted out of, allowed are General, Invoice, Product, Support`)
	dana.OptedOut, dana.PendingEmail = nil, "dana@new.example"
	tn.contacts(t, dana)
	dana.Phone = "+44 7700 900142"
	tn.contacts(t, dana)
	if got := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "dana")); got.PendingEmail != "dana@new.example" {
		t.Errorf("with another phone the pending email is %q", got.PendingEmail)
	}
	dana.Email = "dana@other.example"
	tn.contacts(t, dana)
	if got := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "dana")); got.PendingEmail != "" {
		t.Errorf("with another email the pending email is %q", got.PendingEmail)
	}
}
