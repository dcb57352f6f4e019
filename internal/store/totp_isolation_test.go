package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// factorAttempts are those of second factors and lists of sessions.
func factorAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	users := map[string]string{}
	for _, name := range []string{"a-owner", "b-owner"} {
		users[name] = tn.userID(t, name)
		tn.exec(t, `INSERT INTO passkey (id, user_id, name, credential, created_at) VALUES ($1, $2::uuid, 'Key', '{}', $3)`, []byte(name), users[name], now)
		tn.exec(t, `INSERT INTO totp (user_id, sealed, created_at) VALUES ($1::uuid, $2, $3)`, users[name], []byte(name), now)
		tn.exec(t, `INSERT INTO recovery_code (user_id, code_hash) VALUES ($1::uuid, $2)`, users[name], []byte(name))
	}
	fine := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return map[string]func(*testing.T){
		"Factors": func(t *testing.T) {
			f, err := tn.Portal.Factors(t.Context(), users["a-owner"])
			fine(t, err)
			if f.Passkeys != 1 || f.RecoveryCodes != 1 {
				t.Errorf("got %+v", f)
			}
		},
		"TOTP": func(t *testing.T) {
			sealed, err := tn.Portal.TOTP(t.Context(), users["a-owner"])
			fine(t, err)
			if string(sealed) != "a-owner" {
				t.Errorf("got %q", sealed)
			}
		},
		"UseTOTPStep": func(t *testing.T) {
			_, err := tn.Portal.UseTOTPStep(t.Context(), users["a-owner"], 7)
			fine(t, err)
		},
		"Passkeys": func(t *testing.T) {
			list, err := tn.Portal.Passkeys(t.Context(), users["a-owner"])
			fine(t, err)
			if len(list) != 1 || string(list[0].ID) != "a-owner" {
				t.Errorf("got %+v", list)
			}
		},
		"PasskeyUser": func(t *testing.T) {
			owner, err := tn.Portal.PasskeyUser(t.Context(), []byte("a-owner"))
			fine(t, err)
			if owner != users["a-owner"] {
				t.Errorf("got %s", owner)
			}
		},
		"UsePasskey": func(t *testing.T) {
			err := tn.Portal.UsePasskey(t.Context(), users["a-owner"], store.Passkey{ID: []byte("b-owner"), Credential: json.RawMessage(`{"x": 1}`)}, now.Add(time.Hour))
			if err == nil {
				t.Error("A used B's passkey")
			}
		},
		"Sessions": func(t *testing.T) {
			list, err := tn.Portal.Sessions(t.Context(), users["a-owner"], now, limits)
			fine(t, err)
			for _, s := range list {
				if s.AccountID != "A" {
					t.Errorf("got %+v", s)
				}
			}
		},
		"SignInUserByID": func(t *testing.T) {
			user, err := tn.Portal.SignInUserByID(t.Context(), users["a-owner"])
			fine(t, err)
			if user.Username != "a-owner" || len(user.Contacts) != 1 {
				t.Errorf("got %+v", user)
			}
		},
	}
}
