package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/internal/store"
)

// accepted runs work ten times at once and counts how often it said true.
func accepted(t *testing.T, work func() (bool, error)) (count int) {
	t.Helper()
	for _, ok := range atOnce(10, func(int) bool {
		ok, err := work()
		if err != nil {
			t.Error(err)
		}
		return ok
	}) {
		if ok {
			count++
		}
	}
	return count
}

func TestTOTPStepsAreUsedOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	dana := tn.userID(t, "dana")
	if _, err := tn.Portal.TOTP(t.Context(), dana); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without an app: %v", err)
	}
	put := func(user, sealed string, step int64) {
		t.Helper()
		err := tn.asUser(t, user, func(ctx context.Context, w *store.Writer) error {
			return w.PutTOTP(ctx, tn.userID(t, user), []byte(sealed), step)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("dana", "old", 900)
	put("dana", "sealed", 100)
	put("kim", "kim's", 100)
	if got, err := tn.Portal.TOTP(t.Context(), dana); err != nil || string(got) != "sealed" {
		t.Errorf("got %q, %v", got, err)
	}
	use := func(step int64) func() (bool, error) {
		return func() (bool, error) { return tn.Portal.UseTOTPStep(t.Context(), dana, step) }
	}
	for _, test := range []struct {
		step int64
		want int
	}{{100, 0}, {99, 0}, {102, 1}, {101, 0}, {102, 0}, {103, 1}} {
		if got := accepted(t, use(test.step)); got != test.want {
			t.Errorf("step %d was accepted %d times, want %d", test.step, got, test.want)
		}
	}
	if got := tn.column(t, "SELECT last_step::text FROM totp WHERE user_id = $1::uuid", tn.userID(t, "kim")); !cmp.Equal(got, []string{"100"}) {
		t.Errorf("kim's steps were used: %v", got)
	}
}

func TestRecoveryCodesAreUsedOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	put := func(user string, codes ...string) {
		t.Helper()
		var hashes [][]byte
		for _, code := range codes {
			hashes = append(hashes, []byte(code))
		}
		err := tn.asUser(t, user, func(ctx context.Context, w *store.Writer) error {
			return w.PutRecoveryCodes(ctx, tn.userID(t, user), hashes)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("dana", "old")
	put("dana", "one", "two")
	put("kim", "kim's")
	dana, kim := tn.userID(t, "dana"), tn.userID(t, "kim")
	use := func(code string) (bool, error) {
		err := tn.asUserID(t, "dana", dana, func(ctx context.Context, w *store.Writer) error {
			return w.UseRecoveryCode(ctx, dana, []byte(code))
		})
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	for code, want := range map[string]int{"old": 0, "one": 1, "kim's": 0} {
		if got := accepted(t, func() (bool, error) { return use(code) }); got != want {
			t.Errorf("code %s was accepted %d times, want %d", code, got, want)
		}
	}
	if f, err := tn.Portal.Factors(t.Context(), dana); err != nil || f.RecoveryCodes != 1 || f.Any() {
		t.Errorf("got %+v, %v; codes are no factor", f, err)
	}
	drop := func(ctx context.Context, w *store.Writer) error { return w.DropRecoveryCodes(ctx, kim) }
	tn.exec(t, "INSERT INTO totp (user_id, sealed, created_at) VALUES ($1::uuid, 'x', $2)", kim, now)
	for _, want := range []int{1, 0} { // codes stay as long as there is a factor
		if err := tn.asUser(t, "kim", drop); err != nil {
			t.Fatal(err)
		}
		if f, err := tn.Portal.Factors(t.Context(), kim); err != nil || f.RecoveryCodes != want {
			t.Errorf("got %+v, %v; want %d codes", f, err, want)
		}
		tn.exec(t, "DELETE FROM totp")
	}
}

func TestPasskeysBelongToOneUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	dana, kim := tn.userID(t, "dana"), tn.userID(t, "kim")
	passkey := func(id string, count int) store.Passkey {
		return store.Passkey{ID: []byte(id), Name: "Key " + id, Credential: json.RawMessage(fmt.Sprintf(`{"authenticator": {"signCount": %d}}`, count))}
	}
	add := func(user, id string) (added bool) {
		t.Helper()
		err := tn.asUser(t, user, func(ctx context.Context, w *store.Writer) (err error) {
			added, err = w.AddPasskey(ctx, tn.userID(t, user), passkey(id, 1))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	if !add("dana", "a") || add("dana", "a") || add("kim", "a") || !add("kim", "b") {
		t.Error("an id should be there once, whoever's it is")
	}
	if owner, err := tn.Portal.PasskeyUser(t.Context(), []byte("a")); err != nil || owner != dana {
		t.Errorf("got %s, %v", owner, err)
	}
	if _, err := tn.Portal.PasskeyUser(t.Context(), []byte("c")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
	for name, err := range map[string]error{
		"use": tn.Portal.UsePasskey(t.Context(), dana, passkey("b", 9), now),
		"rename": tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
			return w.RenamePasskey(ctx, dana, []byte("b"), "Mine")
		}),
		"remove": tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error { return w.RemovePasskey(ctx, dana, []byte("b")) }),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of another user's: %v", name, err)
		}
	}
	copied := passkey("a", 9)
	copied.Credential = json.RawMessage(`{"authenticator": {"cloneWarning": true}}`)
	if err := tn.Portal.UsePasskey(t.Context(), dana, copied, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, err := tn.Portal.Passkeys(t.Context(), dana)
	want := []store.Passkey{{ID: []byte("a"), Name: "Key a", Credential: copied.Credential, CreatedAt: now, LastUsedAt: ptr(now.Add(time.Hour)), Copied: true}}
	if diff := cmp.Diff(want, list, cmpopts.EquateApproxTime(0)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for i := range store.MaxPasskeys {
		if added := add("kim", "more"+strings.Repeat("x", i)); added != (i < store.MaxPasskeys-1) {
			t.Errorf("passkey %d: added %v", i+2, added)
		}
	}
	if list, err := tn.Portal.Passkeys(t.Context(), kim); err != nil || len(list) != store.MaxPasskeys {
		t.Errorf("%d passkeys, %v", len(list), err)
	}
}

func TestFactorChangesAreTold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	from := len(tn.column(t, "SELECT id FROM event"))
	err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
		return w.FactorChanged(ctx, "dana", "passkey.added", map[string]string{"name": "Phone"})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`portal.credentialsChanged dana {"credential":{"changed":"SecondFactor","username":"dana"},"origin":` +
		`{"at":"2026-11-21T12:00:00Z","browser":"Firefox on Linux","by":"User","ip":"203.0.113.7"}}`}
	if diff := cmp.Diff(want, tn.told(t, from)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	audit := tn.column(t, "SELECT account_id || ' ' || actor || ' ' || action || ' ' || (detail ->> 'name') || ' ' || ip FROM audit WHERE action = 'passkey.added'")
	if diff := cmp.Diff([]string{"1001 dana passkey.added Phone 203.0.113.7"}, audit); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}
