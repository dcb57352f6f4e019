package store_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// remember has a user sign in from a device.
func (tn tenant) remember(t *testing.T, user, device string, at time.Time) {
	t.Helper()
	if err := tn.Portal.StartSession(t.Context(), tn.sessionFrom(t, user, device, at)); err != nil {
		t.Fatal(err)
	}
}

func (tn tenant) sessionFrom(t *testing.T, user, device string, at time.Time) store.NewSession {
	t.Helper()
	contact := tn.column(t, "SELECT account_id FROM contact WHERE id = $1", user)
	return store.NewSession{
		SecretHash: store.TokenHash(rand.Text()), UserID: tn.userID(t, user), ContactID: user, AccountID: contact[0], Actor: user,
		IP: "192.0.2.1", UserAgent: "Browser", Browser: "Firefox on Windows", Device: []byte(device), Now: at, ExpiresAt: at.Add(time.Hour),
	}
}

// A device only counts for the user who signed in with it, however the login is written.
func TestAdmissionKnowsDevices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"),
		store.Contact{Row: store.Row{ID: "lee", AccountID: "1002"}, Access: store.AccessActive, User: &store.ContactUser{Username: "lee", Email: "lee@example.com"}})
	for _, user := range []string{"dana", "kim", "lee"} {
		tn.remember(t, user, user+"'s", now)
	}
	until := now.Add(time.Minute)
	tn.exec(t, "INSERT INTO throttle VALUES ('stranger', 60, $1, $1)", until)
	for _, test := range []struct {
		login, device string
		after         time.Duration
		known         bool
	}{
		{"dana", "dana's", 0, true},
		{"DANA", "dana's", 0, true},
		{"Dana@example.com", "dana's", 0, true},
		{"dana", "dana's", 30 * time.Second, true},
		{"dana", "kim's", 0, false},
		{"kim", "dana's", 0, false},
		{"dana", "made up", 0, false},
		{"dana", "", 0, false},
		{"lee@example.com", "lee's", 0, false}, // not verified: nobody's login
		{"nobody", "dana's", 0, false},
		{"nobody", "", 0, false},
		{"", "dana's", 0, false},
		{"dana\x00", "dana's", 0, false},
	} {
		knock := store.Knock{Login: test.login, Keys: []string{"stranger", "free"}, DeviceKeys: []string{"device"}, Now: now.Add(test.after)}
		if test.device != "" {
			knock.Device = []byte(test.device)
		}
		got, err := tn.Portal.Admission(t.Context(), knock)
		if err != nil {
			t.Fatal(err)
		}
		want := store.Admission{KnownDevice: test.known}
		if !test.known {
			want.Until = until
		}
		if got.KnownDevice != want.KnownDevice || !got.Until.Equal(want.Until) {
			t.Errorf("%q with device %q: got %+v, want %+v", test.login, test.device, got, want)
		}
	}
}

// A known device has a counter of its own, and is forgotten when it is not used.
func TestAdmissionOfAKnownDevice(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	tn.remember(t, "dana", "dana's", now)
	tn.exec(t, "INSERT INTO throttle VALUES ('device', 6, $1, $1)", now.Add(time.Second))
	knock := store.Knock{Login: "dana", Device: []byte("dana's"), Keys: []string{"stranger"}, DeviceKeys: []string{"device"}, Now: now}
	got, err := tn.Portal.Admission(t.Context(), knock)
	if err != nil || !got.KnownDevice || !got.Until.Equal(now.Add(time.Second)) {
		t.Errorf("got %+v, %v; want a second of delay", got, err)
	}
	knock.Now = now.Add(time.Second)
	if got, err = tn.Portal.Admission(t.Context(), knock); err != nil || !got.KnownDevice || !got.Until.IsZero() {
		t.Errorf("after the delay: got %+v, %v", got, err)
	}
	knock.Now = now.Add(store.DeviceLifetime)
	if got, err = tn.Portal.Admission(t.Context(), knock); err != nil || got.KnownDevice {
		t.Errorf("after its lifetime: got %+v, %v", got, err)
	}
}

func TestDevicesOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	devices := func(user string, want ...string) {
		t.Helper()
		got := tn.column(t, "SELECT convert_from(secret_hash, 'UTF8') FROM device JOIN app_user u ON u.id = user_id WHERE username = $1 ORDER BY last_used_at, 1", user)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("devices of %s (-want +got):\n%s", user, diff)
		}
	}
	tn.remember(t, "kim", "kim's", now)
	for i := range 12 {
		tn.remember(t, "dana", fmt.Sprint("d", i), now.Add(time.Duration(i)*time.Minute))
	}
	tn.remember(t, "dana", "d2", now.Add(time.Hour)) // in use: it stays, others go
	tn.remember(t, "dana", "d2", now)                // by a slower replica
	devices("dana", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d2")
	tn.remember(t, "dana", "kim's", now.Add(2*time.Hour))
	devices("kim", "kim's")
	tn.remember(t, "dana", "new", now.Add(store.DeviceLifetime+30*time.Minute))
	devices("dana", "d2", "new")
}
