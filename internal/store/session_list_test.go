package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/internal/store"
)

// sessionIDs are the ids of the sessions of a contact.
func (tn tenant) sessionIDs(t *testing.T, contact string) []string {
	t.Helper()
	return tn.column(t, "SELECT id::text FROM session WHERE contact_id = $1 ORDER BY created_at, id", contact)
}

func TestSessionsAreThoseThatLetIn(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	start := func(name, user string, began, seen, expires time.Duration) {
		t.Helper()
		tn.exec(t, `INSERT INTO session (secret_hash, user_id, contact_id, created_at, last_seen_at, expires_at, ip, user_agent, second_factor)
VALUES (sha256($1::text::bytea), $2::uuid, $3, $4, $5, $6, '192.0.2.1', $1, true)`, name, tn.userID(t, user), user, now.Add(began), now.Add(seen), now.Add(expires))
	}
	start("this", "dana", -time.Hour, 0, time.Hour)
	start("other", "dana", -2*time.Hour, -idle+time.Second, time.Hour)
	start("idle", "dana", -2*time.Hour, -idle, time.Hour)
	start("expired", "dana", -2*time.Hour, 0, 0)
	start("began under a longer maximum", "dana", -limits.Max, 0, time.Hour)
	start("somebody else's", "kim", -time.Hour, 0, time.Hour)
	list, err := tn.Portal.Sessions(t.Context(), tn.userID(t, "dana"), now, limits)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.ListedSession{
		{AccountID: "1001", AccountName: "Customer 1001", CreatedAt: now.Add(-time.Hour), LastSeenAt: now, IP: "192.0.2.1", UserAgent: "this", SecondFactor: true},
		{AccountID: "1001", AccountName: "Customer 1001", CreatedAt: now.Add(-2 * time.Hour), LastSeenAt: now.Add(-idle + time.Second), IP: "192.0.2.1", UserAgent: "other", SecondFactor: true},
	}
	if diff := cmp.Diff(want, list, cmpopts.EquateApproxTime(0), cmpopts.IgnoreFields(store.ListedSession{}, "ID")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tn.exec(t, "UPDATE contact SET access = 'Disabled' WHERE id = 'dana'")
	if list, err = tn.Portal.Sessions(t.Context(), tn.userID(t, "dana"), now, limits); err != nil || len(list) != 0 {
		t.Errorf("without access: %v, %v", list, err)
	}
}

// Nobody ends a session of another user, whatever id they send.
func TestEndSessionOf(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	tn.signIn(t, "dana", "1001")
	tn.signIn(t, "kim", "1001")
	end := func(id string) error {
		return tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error { return w.EndSessionOf(ctx, tn.userID(t, "dana"), id) })
	}
	for _, id := range []string{tn.sessionIDs(t, "kim")[0], "", "x", "' OR true", "00000000-0000-0000-0000-000000000000"} {
		if err := end(id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: got %v", id, err)
		}
	}
	if len(tn.sessionIDs(t, "kim")) != 1 || len(tn.sessionIDs(t, "dana")) != 1 {
		t.Error("a session is gone")
	}
	if err := end(tn.sessionIDs(t, "dana")[0]); err != nil || len(tn.sessionIDs(t, "dana")) != 0 {
		t.Errorf("the own session: %v", err)
	}
}

func TestEndOtherSessions(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	tn.remember(t, "dana", "this", now)
	tn.remember(t, "dana", "other", now.Add(time.Second))
	tn.remember(t, "kim", "kim's", now)
	pending := store.Ceremony{Kind: store.CeremonySignIn, UserID: tn.userID(t, "dana"), ExpiresAt: now.Add(time.Minute)}
	if err := tn.Portal.StartCeremony(t.Context(), []byte("pending"), pending, now); err != nil {
		t.Fatal(err)
	}
	this := tn.sessionIDs(t, "dana")[0]
	err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
		return w.EndOtherSessions(ctx, tn.userID(t, "dana"), this, []byte("this"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{this}, tn.sessionIDs(t, "dana")); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if len(tn.sessionIDs(t, "kim")) != 1 {
		t.Error("kim is signed out")
	}
	devices := tn.column(t, "SELECT convert_from(secret_hash, 'UTF8') FROM device ORDER BY 1")
	if diff := cmp.Diff([]string{"kim's", "this"}, devices); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if _, err := tn.Portal.Ceremony(t.Context(), []byte("pending"), store.CeremonySignIn, now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a sign-in that had begun goes on: %v", err)
	}
}

// Whoever had the old secret of a session is out, and what was proved is kept.
func TestSecretsOfSessionsAreReplaced(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	secret := tn.signIn(t, "dana", "1001")
	prove := func(p store.Proof) error {
		return tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error { return w.ProveAgain(ctx, p) })
	}
	tn.exec(t, "UPDATE session SET authenticated_at = $1", now.Add(-time.Hour))
	view := func(hash []byte) store.SessionView {
		t.Helper()
		v, err := tn.Portal.Session(t.Context(), hash, now, idle)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := view(secret)
	if err := prove(store.Proof{Old: secret, New: []byte("second"), SecondFactor: true}); err != nil {
		t.Fatal(err)
	}
	if v := view([]byte("second")); !v.SecondFactor || !v.AuthenticatedAt.Equal(now) || v.SessionID != before.SessionID {
		t.Errorf("got %+v", v)
	}
	if err := prove(store.Proof{Old: secret, New: []byte("stolen")}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old secret works: %v", err)
	}
	if err := prove(store.Proof{Old: []byte("second"), New: []byte("third")}); err != nil {
		t.Fatal(err)
	}
	if v := view([]byte("third")); !v.SecondFactor {
		t.Error("a password alone takes back that the session has a second factor")
	}
	tn.exec(t, "UPDATE session SET authenticated_at = $1", now.Add(-time.Hour))
	err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
		return w.Rotate(ctx, []byte("third"), []byte("fourth"))
	})
	if v := view([]byte("fourth")); err != nil || !v.AuthenticatedAt.Equal(now.Add(-time.Hour)) {
		t.Errorf("to replace a secret proves nothing: %+v, %v", v, err)
	}
}

func TestSignInUserByID(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	user, err := tn.Portal.SignInUserByID(t.Context(), tn.userID(t, "dana"))
	if err != nil || user.Username != "dana" || user.PasswordHash != hash || len(user.Contacts) != 1 || user.Contacts[0].AccountID != "1001" {
		t.Errorf("got %+v, %v", user, err)
	}
	if _, err := tn.Portal.SignInUserByID(t.Context(), "00000000-0000-4000-8000-000000000000"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown user: %v", err)
	}
}

// A password that was right when it was checked, and is another by now, opens no session.
func TestStartSessionWithThePasswordOfBefore(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	tn.remember(t, "dana", "known", now)
	for _, known := range []bool{false, true} {
		for _, test := range []struct {
			hash string
			want error
		}{{otherHash, store.ErrNotFound}, {hash, nil}, {"", nil}} {
			n := tn.sessionFrom(t, "dana", "known", now)
			n.SecretHash, n.KnownDevice, n.PasswordHash = store.TokenHash(fmt.Sprint(known, test.hash)), known, test.hash
			if err := tn.Portal.StartSession(t.Context(), n); !errors.Is(err, test.want) {
				t.Errorf("known device %v, hash %q: %v", known, test.hash, err)
			}
		}
	}
	if got := len(tn.sessionIDs(t, "dana")); got != 5 {
		t.Errorf("%d sessions", got)
	}
}

// A person is told of a browser that they had not used before, but not of their first.
func TestNewSignInIsTold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	from := len(tn.column(t, "SELECT id FROM event"))
	tn.remember(t, "dana", "first", now)
	tn.remember(t, "kim", "kim's", now)
	again := tn.sessionFrom(t, "dana", "first", now.Add(time.Minute))
	again.KnownDevice = true
	if err := tn.Portal.StartSession(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if got := tn.told(t, from); len(got) != 0 {
		t.Errorf("first and known browsers are told of: %v", got)
	}
	tn.remember(t, "dana", "second", now.Add(time.Hour))
	want := []string{`portal.newSignIn dana {"credential":{"username":"dana"},"origin":` +
		`{"at":"2026-11-21T13:00:00Z","browser":"Firefox on Windows","by":"User","ip":"192.0.2.1"}}`}
	if diff := cmp.Diff(want, tn.told(t, from)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	nobody := tn.sessionFrom(t, "dana", "third", now)
	nobody.AccountID = "other"
	if err := tn.Portal.StartSession(t.Context(), nobody); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session for another account: %v", err)
	}
	if got := tn.told(t, from); len(got) != 1 {
		t.Errorf("a sign-in that failed is told of: %v", got)
	}
}
