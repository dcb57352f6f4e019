package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// askEmail has a contact's address confirmed, and its sign-in's with it if it is the
// user's own wish; it returns the id of the link.
func (tn tenant) askEmail(t *testing.T, by, id, address string, signIn bool) string {
	t.Helper()
	err := tn.asUser(t, by, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
			next := *old
			next.PendingEmail = address
			return next, nil
		}}})
		if err != nil {
			return err
		}
		n := store.NewAddress{Contact: written[0].Row, Address: address, ExpiresAt: now.Add(time.Hour)}
		if signIn {
			n.UserID = *written[0].Row.UserID
		}
		return w.AskToConfirm(ctx, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return tn.column(t, "SELECT subject FROM event WHERE type = 'contact.verifyEmail' ORDER BY position DESC LIMIT 1")[0]
}

// confirm is what the holder of an address does, in a browser without a session.
func (tn tenant) confirm(t *testing.T, link string, at time.Time) error {
	t.Helper()
	return tn.Portal.Write(t.Context(), store.Origin{Actor: "Somebody", Stranger: true, Now: at, IP: "198.51.100.9"}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.ConfirmEmail(ctx, link)
		return err
	})
}

func (tn tenant) emails(t *testing.T) []string {
	t.Helper()
	return tn.column(t, `SELECT concat_ws(' ', c.id, nullif(c.email, ''), nullif(c.pending_email, ''), '/', u.username, u.email, u.email_verified_at IS NOT NULL)
FROM contact c LEFT JOIN app_user u ON u.id = c.user_id ORDER BY c.id`)
}

func TestAnAddressWaitsForItsHolder(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	sam := person("sam", "1001")
	sam.Email = "sam@example.com"
	tn.contacts(t, owner(person("dana", "1001")), sam)
	first := tn.askEmail(t, "dana", "sam", "sam@new.example", false)
	if diff := cmp.Diff("sam sam@example.com sam@new.example / sam sam@example.com t", tn.emails(t)[1]); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	second := tn.askEmail(t, "dana", "sam", "sam@newer.example", false)
	for name, err := range map[string]error{
		"a link that a newer one voided": tn.confirm(t, first, now), "a link that is too old": tn.confirm(t, second, now.Add(2*time.Hour)),
	} {
		if !errors.Is(err, store.ErrLinkOver) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tn.confirm(t, second, now); err != nil {
		t.Fatal(err)
	}
	if err := tn.confirm(t, second, now); !errors.Is(err, store.ErrLinkOver) {
		t.Errorf("a link that was used: %v", err)
	}
	if diff := cmp.Diff("sam sam@newer.example / sam sam@example.com t", tn.emails(t)[1]); diff != "" {
		t.Errorf("confirmed (-want +got):\n%s", diff)
	}
	if got := tn.payloads(t, "contact.verifyEmail"); len(got) != 2 {
		t.Errorf("events %v", got)
	}
	const notice = `{"origin": {"at": "2026-11-21T12:00:00Z", "by": "Contact", "ip": "203.0.113.7", "browser": "Firefox on Linux"}, "credential": {"changed": "Email", "username": "sam"}}`
	if diff := cmp.Diff([]string{notice, notice}, tn.payloads(t, "portal.credentialsChanged")); diff != "" {
		t.Errorf("the old address is told (-want +got):\n%s", diff)
	}
}

// TestAnAddressOfAContactWithoutSignIn: its holder is a person, and not the provider.
func TestAnAddressOfAContactWithoutSignIn(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, owner(person("dana", "1001")), nobody("sam", "1001"))
	link := tn.askEmail(t, "dana", "sam", "sam@new.example", false)
	if err := tn.confirm(t, link, now); err != nil {
		t.Fatal(err)
	}
	updated := tn.column(t, "SELECT data->>'origin' FROM event WHERE type = 'contact.updated' ORDER BY position DESC LIMIT 1")
	want := []string{`{"at": "2026-11-21T12:00:00Z", "by": "Contact", "ip": "198.51.100.9"}`}
	if diff := cmp.Diff(want, updated); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	page := must[store.ActivityPage](t)(tn.Portal.Activity(t.Context(), "1001", 0, 1))
	if len(page.Entries) != 1 || page.Entries[0].Actor != "Somebody" || page.Entries[0].Action != store.ActionEmailConfirmed {
		t.Errorf("activity %+v", page.Entries)
	}
}

// TestAnAddressThatIsNotWaitedFor: the provider wrote another one meanwhile, the wish was
// taken back, or the contact lost its access.
func TestAnAddressThatIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	sam := person("sam", "1001")
	for name, meanwhile := range map[string]func(){
		"the provider's": func() {
			other := sam
			other.Email = "sam@provider.example"
			tn.contacts(t, other)
		},
		"disabled": func() {
			off := sam
			off.Access, off.PendingEmail = store.AccessDisabled, "sam@new.example"
			tn.contacts(t, off)
		},
		"taken back": func() {
			err := tn.asUser(t, "sam", func(ctx context.Context, w *store.Writer) error {
				if err := changeContact("sam", func(c *store.Contact) { c.PendingEmail = "" })(ctx, w); err != nil {
					return err
				}
				return w.StopAsking(ctx, tn.accountContact(t, "1001", "sam").Contact)
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		tn.contacts(t, owner(person("dana", "1001")), sam)
		link := tn.askEmail(t, "sam", "sam", "sam@new.example", true)
		meanwhile()
		before := tn.emails(t)
		if err := tn.confirm(t, link, now); !errors.Is(err, store.ErrLinkOver) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, tn.emails(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestOwnAddressMovesTheSignIn: in all accounts of the user, with a username that is the
// address, and links to the old one end.
func TestOwnAddressMovesTheSignIn(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	dana := person("dana", "1001")
	dana.Email, dana.User.Username = "dana@example.com", "dana@example.com"
	second := contact("dana-2", "1002")
	second.User = dana.User
	tn.contacts(t, dana, second, person("sam", "1001"))
	by := "dana@example.com"
	if err := tn.asUser(t, by, sendLink("dana", store.LinkReset)); err != nil {
		t.Fatal(err)
	}
	link := tn.askEmail(t, by, "dana", "Dana@New.example", true)
	if err := tn.confirm(t, link, now); err != nil {
		t.Fatal(err)
	}
	want := []string{"dana Dana@New.example / Dana@New.example Dana@New.example t", "dana-2 / Dana@New.example Dana@New.example t", "sam sam@example.com / sam sam@example.com t"}
	if diff := cmp.Diff(want, tn.emails(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := tn.column(t, "SELECT purpose FROM credential_link WHERE voided_at IS NULL AND completed_at IS NULL"); len(got) > 0 {
		t.Errorf("%v still work", got)
	}
	if got := tn.column(t, "SELECT concat(actor, ' ', user_id IS NOT NULL) FROM audit WHERE action = 'emailConfirmed'"); !cmp.Equal(got, []string{"First Last t"}) {
		t.Errorf("audit %v", got)
	}
	tn.exec(t, "UPDATE app_user SET username = 'taken@example.com' WHERE username = 'sam'")
	if err := tn.confirm(t, tn.askEmail(t, "Dana@New.example", "dana", "Taken@example.com", true), now); !errors.Is(err, store.ErrTaken) {
		t.Errorf("a username that is another's: %v", err)
	}
}

// previous are the addresses that events give besides, with what the events are.
func (tn tenant) previous(t *testing.T) []string {
	t.Helper()
	return tn.column(t, "SELECT concat_ws(' ', type, subject, '|', data->>'previousEmail') FROM event WHERE type LIKE 'portal.%' ORDER BY position")
}

// TestTheAddressBeforeIsTold: whoever moves a sign-in, or a contact, to another address reads
// the mails of the new one. The one before is in the event, for the planner alone.
func TestTheAddressBeforeIsTold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	dana := owner(person("dana", "1001"))
	dana.Email, dana.Roles = "office@example.com; Dana@Example.com", []string{"Primary"}
	ann := owner(person("ann", "1002"))
	tn.contacts(t, ann)
	kim := person("kim", "1001")
	kim.Email = "kim@work.example"
	tn.contacts(t, dana, kim, person("sam", "1001"), person("tom", "1001"))

	if err := tn.confirm(t, tn.askEmail(t, "kim", "kim", "kim@new.example", true), now); err != nil {
		t.Fatal(err)
	}
	sam := person("sam", "1001")
	sam.Email, sam.User.Email = "sam@staff.example", "sam@staff.example"
	dana.User.Email = "dana@staff.example"
	dana.User.PasswordHash = ""
	sam.User.PasswordHash = ""
	ann.Email, ann.User.PasswordHash = "ann@new.example", "" // the sign-in stays, what resets its password moves
	tn.contacts(t, sam, dana, ann)
	sam.Access = store.AccessDisabled
	tn.contacts(t, sam)
	for _, id := range []string{"tom", "kim"} {
		if got := tn.deleteContact(t.Context(), id, 0); got != "{Deleted  } <nil>" {
			t.Fatal(got)
		}
	}
	want := []string{
		"portal.credentialsChanged kim | kim@work.example; kim@example.com",
		"portal.credentialsChanged kim | kim@work.example; kim@example.com",
		"portal.credentialsChanged sam | sam@example.com",
		"portal.credentialsChanged dana | office@example.com; Dana@Example.com",
		"portal.credentialsChanged ann | ann@example.com",
		"portal.accessRevoked sam |",
		"portal.accessRevoked tom | tom@example.com",
		"portal.accessRevoked kim | kim@new.example",
	}
	if diff := cmp.Diff(want, tn.previous(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	feed := must[store.Feed[store.Event]](t)(tn.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 100}))
	for _, e := range feed.Entries {
		if strings.Contains(string(e.Data), "previousEmail") {
			t.Errorf("readers of the feed are shown %s %s", e.Type, e.Data)
		}
	}
	planned := 0
	_, _, err := tn.Dispatcher.PlanEvents(t.Context(), now, 100, func(_ context.Context, _ *store.Planning, events []store.Event) error {
		for _, e := range events {
			planned += strings.Count(string(e.Data), store.PreviousEmail)
		}
		return nil
	})
	if err != nil || planned != 7 {
		t.Errorf("the planner is told of %d, %v", planned, err)
	}
}

// TestAFieldOfThatNameIsShown: in events of others.
func TestAFieldOfThatNameIsShown(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.exec(t, `INSERT INTO event (position, id, source, type, subject, actor, data, at) VALUES (1, 'e', '/crm', 'custom.moved', '', '', '{"previousEmail": {"a": 1}}', $1)`, now)
	tn.exec(t, `UPDATE feed SET event = 1`)
	feed := must[store.Feed[store.Event]](t)(tn.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 100}))
	if len(feed.Entries) != 1 || string(feed.Entries[0].Data) != `{"previousEmail": {"a": 1}}` {
		t.Errorf("got %+v", feed.Entries)
	}
}
