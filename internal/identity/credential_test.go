package identity

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func TestCredentialsOf(t *testing.T) {
	for _, test := range []struct {
		c    store.Credentials
		want CredentialState
	}{
		{store.Credentials{}, CredentialNone},
		{store.Credentials{UserID: "u", Username: "dana"}, CredentialNamed},
		{store.Credentials{UserID: "u", Username: "dana", HasPassword: true}, CredentialActive},
	} {
		if got := CredentialsOf(test.c); got != test.want {
			t.Errorf("%+v is %s, want %s", test.c, got, test.want)
		}
	}
}

// TestEveryActionOfEveryState is the only-allowed-action rule of Fusebill's screen: without
// a password only the create mail, with one only the reset mail.
func TestEveryActionOfEveryState(t *testing.T) {
	actions := []CredentialAction{SendCreate, SendInvite, SendReset, RemoveUsername}
	want := map[CredentialState][]CredentialAction{
		CredentialNone:   {SendCreate, SendInvite},
		CredentialNamed:  {SendCreate, SendInvite, RemoveUsername},
		CredentialActive: {SendReset, RemoveUsername},
	}
	if len(credentialActions) != len(want) {
		t.Errorf("there are %d states", len(credentialActions))
	}
	for state, table := range credentialActions {
		if len(table) != len(actions) {
			t.Errorf("%s says something of %d actions", state, len(table))
		}
		var allowed []CredentialAction
		for _, action := range actions {
			if PermitCredential(state, action) == "" {
				allowed = append(allowed, action)
			}
		}
		if diff := cmp.Diff(want[state], allowed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", state, diff)
		}
	}
}

func TestEveryActionOfEveryAccess(t *testing.T) {
	all := []string{store.AccessNotInvited, store.AccessInvited, store.AccessExpired, store.AccessActive, store.AccessDisabled}
	want := [][]AccessAction{{Invite, Enable, Disable}, {Invite, Disable}, {Invite, Disable}, {Disable}, {Enable}}
	if len(accessActions) != len(all) {
		t.Errorf("there are %d states", len(accessActions))
	}
	for i, access := range all {
		var allowed []AccessAction
		for _, action := range []AccessAction{Invite, Enable, Disable} {
			if PermitAccess(access, action) {
				allowed = append(allowed, action)
			}
		}
		if diff := cmp.Diff(want[i], allowed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", access, diff)
		}
	}
}

// TestWhyAMailIsRefused: the reason is the first that somebody can do something about.
func TestWhyAMailIsRefused(t *testing.T) {
	none := store.Credentials{Access: store.AccessActive, Email: "dana@x.example"}
	active := store.Credentials{Access: store.AccessActive, Email: "dana@x.example", UserID: "u", HasPassword: true, UserEmail: "dana@x.example", EmailVerified: true, Accounts: 1}
	change := func(c store.Credentials, f func(*store.Credentials)) store.Credentials {
		f(&c)
		return c
	}
	create, reset := mail{SendCreate, store.LinkCreate, "", time.Time{}}, mail{SendReset, store.LinkReset, "", time.Time{}}
	for _, test := range []struct {
		name      string
		c         store.Credentials
		hasPortal bool
		m         mail
		field     string // "": it is sent
	}{
		{"create", none, true, create, ""},
		{"reset", active, true, reset, ""},
		{"reset without a password", none, true, reset, "user"},
		{"create with a password", active, true, create, "user"},
		{"no access", change(none, func(c *store.Credentials) { c.Access = store.AccessDisabled }), true, create, "access"},
		{"no portal", none, false, create, "accountId"},
		{"no address", change(none, func(c *store.Credentials) { c.Email = "" }), true, create, "email"},
		{"address of the user not verified", change(active, func(c *store.Credentials) { c.EmailVerified = false }), true, reset, "user.email"},
		{"of several accounts, not verified", change(active, func(c *store.Credentials) { c.Owner, c.EmailVerified, c.Accounts = true, false, 2 }), true, reset, "user.email"},
		{"an owner, whose address is not verified", change(active, func(c *store.Credentials) { c.Owner, c.EmailVerified = true, false }), true, reset, ""},
	} {
		field := ""
		if refused := refuseMail(test.c, test.hasPortal, test.m); refused != nil {
			if field = refused.Field; refused.Message == "" {
				t.Errorf("%s: without a reason", test.name)
			}
		}
		if field != test.field {
			t.Errorf("%s: refused for %q, want %q", test.name, field, test.field)
		}
	}
}
