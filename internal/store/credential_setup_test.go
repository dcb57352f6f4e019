package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestFusebillScreens walks Fusebill's four screens: empty, username only, username and
// password, deleted.
func TestFusebillScreens(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, owner(nobody("dana", "1001")))
	state := func(want string) {
		t.Helper()
		c := must[store.Credentials](t)(tn.Backoffice.Credentials(t.Context(), "dana"))
		if got := fmt.Sprint(c.Username, " ", c.HasPassword); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	state(" false")
	name := func(username string) {
		t.Helper()
		named := owner(nobody("dana", "1001"))
		named.User = &store.ContactUser{Username: username}
		tn.contacts(t, named)
	}
	name("dana.m")
	state("dana.m false")
	name("dana.miller")
	state("dana.miller false")
	link := tn.sendLink(t, "dana", store.LinkCreate)
	if err := tn.complete(t, now, tn.mustOpen(t, link, store.LinkCreate, 0), "dana.miller", hash); err != nil {
		t.Fatal(err)
	}
	state("dana.miller true")
	wantUsers(t, tn, "dana.miller dana@example.com verified password")
	session := store.TokenHash("s")
	if err := tn.Portal.StartSession(t.Context(), store.NewSession{SecretHash: session, UserID: tn.userID(t, "dana.miller"), ContactID: "dana", AccountID: "1001", Now: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	tn.sendLink(t, "dana", store.LinkReset)
	tn.write(t, func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "dana") })
	state(" false")
	wantUsers(t, tn)
	if _, err := tn.Portal.Session(t.Context(), session, now, time.Hour); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the session is still there: %v", err)
	}
	if err := tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "dana") }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a username that is not there was deleted: %v", err)
	}
}

// TestThePersonIsToldWhatTheProviderChanged of a sign-in that is set up, and of no other.
func TestThePersonIsToldWhatTheProviderChanged(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	named := nobody("named", "1001")
	named.User = &store.ContactUser{Username: "given"}
	dana := person("dana", "1001")
	tn.contacts(t, named, dana)
	named.User, dana.User = &store.ContactUser{Username: "given.2"}, &store.ContactUser{Username: "dana.m", Email: "dana@new.example"}
	dana.Phone = "+44 7700 900142"
	tn.contacts(t, named, dana)
	const origin = `"origin": {"at": "2026-11-21T12:00:00Z", "by": "Staff"}`
	want := []string{
		`{` + origin + `, "credential": {"changed": "Username", "username": "dana.m"}}`,
		`{` + origin + `, "credential": {"changed": "Email", "username": "dana.m"}}`,
	}
	if diff := cmp.Diff(want, tn.payloads(t, "portal.credentialsChanged")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSeveralPrimaryAddresses: each gets a secret of its own, and the first to finish wins.
func TestSeveralPrimaryAddresses(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	boss, first, second := owner(nobody("boss", "1001")), nobody("first", "1001"), nobody("second", "1001")
	first.Roles, second.Roles = []string{"Primary"}, []string{"Primary"}
	tn.contacts(t, boss, first, second)
	link := tn.sendLink(t, "boss", store.LinkCreate)
	got := must[store.Link](t)(tn.Portal.Link(t.Context(), link, store.LinkCreate))
	if diff := cmp.Diff([]string{"first@example.com", "second@example.com"}, got.Addresses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	one, two := tn.mustOpen(t, link, store.LinkCreate, 0), tn.mustOpen(t, link, store.LinkCreate, 1)
	if _, err := tn.open(t, link, store.LinkCreate, 1); !errors.Is(err, store.ErrLinkOver) {
		t.Errorf("the second one twice: %v", err)
	}
	if err := tn.complete(t, now, two, "the.second", hash); err != nil {
		t.Fatal(err)
	}
	if err := tn.complete(t, now, one, "the.first", otherHash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the other finishes too: %v", err)
	}
	wantUsers(t, tn, "the.second second@example.com verified password")
	if got := must[store.Contact](t)(tn.Backoffice.Contact(t.Context(), "boss")); got.User == nil || got.User.Username != "the.second" {
		t.Errorf("the owner has %+v", got.User)
	}
}

// TestUsernameIsTakenAtTheMomentOfChoosing keeps the set-up open.
func TestUsernameIsTakenAtTheMomentOfChoosing(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	named := nobody("named", "1002")
	named.User = &store.ContactUser{Username: "given"}
	twin := nobody("dana", "1001") // with the address of sam
	twin.Email = "sam@example.com"
	tn.contacts(t, person("sam", "1002"), twin, named)
	setUp := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkCreate), store.LinkCreate, 0)
	for _, username := range []string{"sam", "SAM", "given"} {
		if err := tn.complete(t, now, setUp, username, otherHash); !errors.Is(err, store.ErrTaken) {
			t.Errorf("%s: %v", username, err)
		}
	}
	other := tn.mustOpen(t, tn.sendLink(t, "named", store.LinkCreate), store.LinkCreate, 0)
	if err := tn.complete(t, now, other, "Sam", otherHash); !errors.Is(err, store.ErrTaken) {
		t.Errorf("renamed on the way: %v", err)
	}
	if err := tn.complete(t, now, setUp, "dana", hash); err != nil {
		t.Errorf("the set-up is not usable any more: %v", err)
	}
	wantUsers(t, tn, "dana sam@example.com verified password", "given", "sam sam@example.com verified password")
}

// TestSetUpNeedsWhatItWasOpenedFor: setting up with a link after its user changed.
func TestSetUpNeedsWhatItWasOpenedFor(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(context.Context, *store.Writer) error{
		"the username was deleted": func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "named") },
		"a newer link was sent": func(ctx context.Context, w *store.Writer) error {
			c, err := w.Credentials(ctx, "named")
			if err != nil {
				return err
			}
			_, err = w.SendLink(ctx, c, store.LinkCreate, "", now.Add(time.Hour))
			return err
		},
		"the user is another": func(ctx context.Context, w *store.Writer) error {
			if err := w.DeleteUsername(ctx, "named"); err != nil {
				return err
			}
			_, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: "named", Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
				next := *old
				next.User = &store.ContactUser{Username: "successor"}
				return next, nil
			}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.accounts(t, "1001")
			named := nobody("named", "1001")
			named.User = &store.ContactUser{Username: "given"}
			tn.contacts(t, named)
			setUp := tn.mustOpen(t, tn.sendLink(t, "named", store.LinkCreate), store.LinkCreate, 0)
			tn.write(t, between)
			if err := tn.complete(t, now, setUp, "given", hash); !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrLinkOver) {
				t.Errorf("got %v", err)
			}
			if found := tn.column(t, "SELECT username FROM app_user WHERE password_hash IS NOT NULL"); len(found) > 0 {
				t.Errorf("%v has a password", found)
			}
		})
	}
}

func TestSetUpEndsInTime(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, nobody("dana", "1001"))
	setUp := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkCreate), store.LinkCreate, 0)
	if err := tn.complete(t, now.Add(store.SetUpLifetime), setUp, "dana", hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("too late: %v", err)
	}
	if err := tn.complete(t, now.Add(store.SetUpLifetime-time.Second), setUp, "dana", hash); err != nil {
		t.Errorf("in time: %v", err)
	}
	if err := tn.complete(t, now, setUp, "dana", otherHash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	wantUsers(t, tn, "dana dana@example.com verified password")
}

// TestResetEndsSessionsAndForgetsDevices of its user, and of nobody else.
func TestResetEndsSessionsAndForgetsDevices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("sam", "1001"))
	for _, id := range []string{"dana", "sam"} {
		tn.signIn(t, id, "1001")
		tn.remember(t, id, id+" device", now)
	}
	setUp := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkReset), store.LinkReset, 0)
	if err := tn.complete(t, now, setUp, "", otherHash); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sam"}, tn.column(t, "SELECT DISTINCT contact_id FROM session")); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sam"}, tn.column(t, "SELECT DISTINCT username FROM device JOIN app_user u ON u.id = user_id")); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{otherHash}, tn.column(t, "SELECT password_hash FROM app_user WHERE username = 'dana'")); diff != "" {
		t.Errorf("password (-want +got):\n%s", diff)
	}
}

// TestSetPassword keeps the session and the device in use.
func TestSetPassword(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	user := tn.userID(t, "dana")
	here := tn.signIn(t, "dana", "1001")
	tn.signIn(t, "dana", "1001")
	tn.remember(t, "dana", "here", now)
	tn.remember(t, "dana", "there", now)
	link := tn.sendLink(t, "dana", store.LinkReset)
	session := must[store.SessionView](t)(tn.Portal.Session(t.Context(), here, now, time.Hour))
	change := func(n store.NewPassword) error {
		n.ContactID, n.Session, n.Device = "dana", session.SessionID, []byte("here")
		return tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error { return w.SetPassword(ctx, n) })
	}
	if err := change(store.NewPassword{UserID: "00000000-0000-4000-8000-000000000000", Hash: otherHash}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("for another user: %v", err)
	}
	count := func(table string) string { return tn.column(t, "SELECT count(*)::text FROM "+table)[0] }
	for _, test := range []struct {
		keep              bool
		sessions, devices string
	}{{true, count("session"), "1"}, {false, "1", "1"}} {
		if err := change(store.NewPassword{UserID: user, Hash: otherHash, KeepOthers: test.keep}); err != nil {
			t.Fatal(err)
		}
		if got := count("session"); got != test.sessions {
			t.Errorf("keep %v: %s sessions", test.keep, got)
		}
		if got := count("device"); got != test.devices {
			t.Errorf("keep %v: %s devices", test.keep, got)
		}
	}
	if _, err := tn.Portal.Session(t.Context(), here, now, time.Hour); err != nil {
		t.Errorf("the session in use: %v", err)
	}
	if _, err := tn.open(t, link, store.LinkReset, 0); !errors.Is(err, store.ErrLinkOver) {
		t.Errorf("a link that was sent before: %v", err)
	}
}

func TestRenameUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	also := person("dana2", "1002")
	also.User = &store.ContactUser{Username: "dana", Email: "dana@example.com"}
	tn.contacts(t, person("dana", "1001"), person("sam", "1001"), also)
	user := tn.userID(t, "dana")
	rename := func(userID, username string) error {
		return tn.asUserID(t, "dana", user, func(ctx context.Context, w *store.Writer) error { return w.RenameUser(ctx, "dana", userID, username) })
	}
	for _, username := range []string{"sam", "SAM"} {
		if err := rename(user, username); !errors.Is(err, store.ErrTaken) {
			t.Errorf("%s: %v", username, err)
		}
	}
	if err := rename(tn.userID(t, "sam"), "free"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another's: %v", err)
	}
	if err := rename(user, "Dana"); err != nil {
		t.Errorf("in other case: %v", err)
	}
	changesBefore := len(tn.changes(t))
	if err := rename(user, "dana.new"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"contact dana Upsert 3", "contact dana2 Upsert 3"}, tn.changes(t)[changesBefore:]); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	wantUsers(t, tn, "dana.new dana@example.com verified password", "sam sam@example.com verified password")
}

// TestAUserOfTwoAccountsUnlinkedByOne: the other account keeps working.
func TestAUserOfTwoAccountsUnlinkedByOne(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	also := person("dana2", "1002")
	also.User = &store.ContactUser{Username: "dana", Email: "dana@example.com"}
	tn.contacts(t, person("dana", "1001"), also)
	user := tn.userID(t, "dana")
	for contact, account := range map[string]string{"dana": "1001", "dana2": "1002"} {
		err := tn.Portal.StartSession(t.Context(), store.NewSession{SecretHash: store.TokenHash(contact), UserID: user, ContactID: contact, AccountID: account, Now: now, ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		return w.DeleteUsername(ctx, "dana")
	})
	wantUsers(t, tn, "dana dana@example.com verified password")
	if diff := cmp.Diff([]string{"dana2"}, tn.column(t, "SELECT contact_id FROM session")); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	got := must[store.SignInUser](t)(tn.Portal.SignInUser(t.Context(), "dana"))
	if diff := cmp.Diff([]store.SignInContact{{ContactID: "dana2", AccountID: "1002", Name: "First Last"}}, got.Contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if told := tn.payloads(t, "portal.accessRevoked"); len(told) != 1 {
		t.Errorf("told %v", told)
	}
}

func TestAcceptInvitation(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	named := nobody("named", "1001")
	named.User = &store.ContactUser{Username: "given"}
	tn.contacts(t, person("dana", "1002"), person("sam", "1001"), nobody("new", "1001"), named)
	accept := func(setUp []byte, username string) error {
		user := tn.userID(t, username)
		return tn.inPortal(t, now, func(ctx context.Context, w *store.Writer) error {
			_, err := w.AcceptInvitation(ctx, setUp, user)
			return err
		})
	}
	setUp := tn.mustOpen(t, tn.sendLink(t, "new", store.LinkInvite), store.LinkInvite, 0)
	if err := accept(setUp, "sam"); !errors.Is(err, store.ErrTaken) {
		t.Errorf("by another contact of the account: %v", err)
	}
	if err := accept(setUp, "given"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("by a user without a password: %v", err)
	}
	if err := accept(setUp, "dana"); err != nil {
		t.Fatal(err)
	}
	if err := accept(setUp, "dana"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	for _, id := range []string{"named", "dana"} {
		purpose := store.LinkInvite
		if id == "dana" {
			purpose = store.LinkReset
		}
		other := tn.mustOpen(t, tn.sendLink(t, id, purpose), purpose, 0)
		if err := accept(other, "dana"); !errors.Is(err, store.ErrLinkOver) {
			t.Errorf("the set-up of %s: %v", id, err)
		}
	}
	got := must[store.SignInUser](t)(tn.Portal.SignInUser(t.Context(), "dana"))
	want := []store.SignInContact{{ContactID: "new", AccountID: "1001", Name: "First Last"}, {ContactID: "dana", AccountID: "1002", Name: "First Last"}}
	if diff := cmp.Diff(want, got.Contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"dana@example.com"}, must[store.Credentials](t)(tn.Portal.Credentials(t.Context(), "new")).Addresses(store.LinkReset)); diff != "" {
		t.Errorf("who gets its reset mail (-want +got):\n%s", diff)
	}
}

// TestEventsOfCredentials: each is one of the catalogue.
func TestEventsOfCredentials(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, nobody("dana", "1001"))
	tn.sendLink(t, "dana", store.LinkInvite)
	create := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkCreate), store.LinkCreate, 0)
	if err := tn.complete(t, now, create, "dana", hash); err != nil {
		t.Fatal(err)
	}
	reset := tn.mustOpen(t, tn.sendLink(t, "dana", store.LinkReset), store.LinkReset, 0)
	if err := tn.complete(t, now, reset, "", otherHash); err != nil {
		t.Fatal(err)
	}
	if err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
		return w.RenameUser(ctx, "dana", tn.userID(t, "dana"), "dana.m")
	}); err != nil {
		t.Fatal(err)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error { return w.DeleteUsername(ctx, "dana") })
	const byUser = `"origin": {"at": "2026-11-21T12:00:00Z", "by": "User", "ip": "192.0.2.9", "browser": "Firefox on Linux"}`
	const byStaff = `"origin": {"at": "2026-11-21T12:00:00Z", "by": "Staff"}`
	for eventType, want := range map[string][]string{
		"contact.invited": {`{"contact": {"id": "dana", "email": "dana@example.com", "owner": false, "roles": [], "access": "Invited", "lastName": "Last", "firstName": "First"}, ` +
			`"invitation": {"expiresAt": "2026-11-21T13:00:00Z", "invitedBy": "Robin Miller"}}`},
		"portal.credentialCreate": {`{"credential": {"expiresAt": "2026-11-21T13:00:00Z"}}`},
		"portal.passwordReset":    {`{` + byStaff + `, "credential": {"username": "dana", "expiresAt": "2026-11-21T13:00:00Z"}}`},
	} {
		if diff := cmp.Diff(want, tn.payloads(t, eventType)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", eventType, diff)
		}
	}
	changed := tn.payloads(t, "portal.credentialsChanged")
	want := []string{
		`{` + byUser + `, "credential": {"changed": "Password", "username": "dana"}}`,
		`{` + byUser + `, "credential": {"changed": "Password", "username": "dana"}}`,
	}
	if len(changed) != 4 {
		t.Fatalf("told %v", changed)
	}
	if diff := cmp.Diff(want, changed[:2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(`{`+byStaff+`, "credential": {"changed": "Username"}}`, changed[3]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	subjects := tn.column(t, "SELECT DISTINCT type FROM event e WHERE type = ANY('{contact.invited,portal.credentialCreate,portal.passwordReset}') AND NOT EXISTS (SELECT FROM credential_link l WHERE l.id::text = e.subject AND l.purpose <> 'Reset')")
	if diff := cmp.Diff([]string{"portal.passwordReset"}, subjects); diff != "" { // that one went with its user
		t.Errorf("events whose subject is no link (-want +got):\n%s", diff)
	}
	audit := tn.column(t, "SELECT action FROM audit WHERE account_id = '1001' AND action NOT LIKE 'contact.%' AND action NOT LIKE 'account.%' ORDER BY id")
	if diff := cmp.Diff([]string{store.ActionMailSent, store.ActionMailSent, store.ActionSignInCreated, store.ActionMailSent, store.ActionPasswordReset,
		store.ActionUsernameChanged, store.ActionUsernameDeleted}, audit); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}
