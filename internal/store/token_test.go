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

func TestTokens(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.Admin.EnsureToken(t.Context(), "cli", "the first"); err != nil {
		t.Fatal(err)
	}
	create := func(name, secret string, expires *time.Time) (made store.Token, refused *store.Refusal) {
		tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
			made, refused, err = w.CreateToken(ctx, store.TokenHash("the first"), store.NewToken{Name: name, SecretHash: store.TokenHash(secret), Scopes: []string{"sites:read"}, ExpiresAt: expires})
			return err
		})
		return made, refused
	}
	remove := func(id string) (result store.Result, err error) {
		err = tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token cli", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.DeleteToken(ctx, store.TokenHash("the first"), id)
			return err
		})
		return result, err
	}
	soon := now.Add(time.Minute)
	crm, refused := create("crm", "the second", &soon)
	if refused != nil || crm.CreatedBy != "token test" || !crm.ExpiresAt.Equal(soon) || !crm.May("sites:read") || crm.May("sites:write") {
		t.Fatalf("got %+v, %v", crm, refused)
	}
	if _, refused := create("crm", "the third", nil); refused == nil || refused.Field != "name" || !strings.Contains(refused.Message, `"crm"`) {
		t.Errorf("a name twice: %+v", refused)
	}
	used := must[store.Token](t)(tn.Backoffice.UseToken(t.Context(), store.TokenHash("the second"), now))
	if diff := cmp.Diff(crm, used); diff != "" {
		t.Errorf("(-made +used):\n%s", diff)
	}
	if _, err := tn.Backoffice.UseToken(t.Context(), store.TokenHash("the second"), soon); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("expired: %v", err)
	}
	list := must[[]store.Token](t)(tn.Backoffice.Tokens(t.Context()))
	if len(list) != 2 || list[0].Name != "cli" || !list[0].May("anything") || list[0].CreatedBy != store.ManagerToken || list[1].LastUsedAt == nil {
		t.Fatalf("got %+v", list)
	}
	if result, err := remove(list[0].ID); err != nil || result.Outcome != store.Refused {
		t.Errorf("the manager's: %+v, %v", result, err)
	}
	if result, err := remove(crm.ID); err != nil || result.Outcome != store.Deleted {
		t.Errorf("delete: %+v, %v", result, err)
	}
	for _, id := range []string{crm.ID, "x", "", "%\x00"} {
		if _, err := remove(id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	audit := tn.column(t, `SELECT action || ' ' || actor || ' ' || detail::text FROM audit ORDER BY id`)
	want := []string{
		`token.created token test {"name": "crm", "scopes": "sites:read"}`,
		`token.deleted token cli {"name": "crm"}`,
	}
	if diff := cmp.Diff(want, audit); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// There is a bound, so a list needs no pages.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.Admin.EnsureToken(t.Context(), "cli", "the first"); err != nil {
		t.Fatal(err)
	}
	tn.exec(t, `INSERT INTO api_token (name, secret_hash) SELECT n, n::text::bytea FROM generate_series(1, 999) n`)
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, refused, err := w.CreateToken(ctx, store.TokenHash("the first"), store.NewToken{Name: "one more", SecretHash: []byte("x"), Scopes: []string{"*"}})
		if refused == nil || !strings.Contains(refused.Message, "there are 1000 tokens") {
			t.Errorf("one too many: %v", refused)
		}
		return err
	})
	tn.exec(t, `UPDATE api_token SET expires_at = $1 WHERE name = '7'`, now)
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, refused, err := w.CreateToken(ctx, store.TokenHash("the first"), store.NewToken{Name: "one more", SecretHash: []byte("x"), Scopes: []string{"*"}})
		if refused != nil {
			t.Errorf("after one has expired: %v", refused)
		}
		return err
	})
}

// A token that is none any more makes no successor and withdraws no others, whatever is
// remembered of it.
func TestTokensThatEnded(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.Admin.EnsureToken(t.Context(), "cli", "the first"); err != nil {
		t.Fatal(err)
	}
	tn.exec(t, `INSERT INTO api_token (name, secret_hash, scopes, expires_at) VALUES ('short', sha256('short'), '{*}', $1)`, now)
	victim := tn.column(t, `SELECT id::text FROM api_token WHERE name = 'short'`)[0]
	if err := tn.Admin.EnsureToken(t.Context(), "cli", "the second"); err != nil { // the first is withdrawn so
		t.Fatal(err)
	}
	for _, secret := range []string{"the first", "short", ""} {
		for name, work := range map[string]func(context.Context, *store.Writer) error{
			"create": func(ctx context.Context, w *store.Writer) error {
				_, _, err := w.CreateToken(ctx, store.TokenHash(secret), store.NewToken{Name: "successor", SecretHash: store.TokenHash("successor"), Scopes: []string{"*"}})
				return err
			},
			"delete": func(ctx context.Context, w *store.Writer) error {
				_, err := w.DeleteToken(ctx, store.TokenHash(secret), victim)
				return err
			},
		} {
			if err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token x", Now: now}, work); !errors.Is(err, store.ErrTokenEnded) {
				t.Errorf("%s with %q: %v", name, secret, err)
			}
		}
	}
	if names := tn.column(t, `SELECT name FROM api_token ORDER BY name`); !cmp.Equal(names, []string{"cli", "short"}) {
		t.Errorf("tokens: %v", names)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		has, scope string
		may, some  bool
	}{
		{"*", "events:read:invoice.paid", true, true},
		{"events:read", "events:read", true, true},
		{"events:read", "events:read:invoice.paid", true, true},
		{"events:read", "events:read:invoice.*", true, true},
		{"events:read:invoice.*", "events:read:invoice.paid", true, true},
		{"events:read:invoice.*", "events:read:invoice.*", true, true},
		{"events:read:invoice.*", "events:read:invoices.paid", false, false},
		{"events:read:invoice.*", "events:read", false, true},
		{"events:read:invoice.paid", "events:read:invoice.paid", true, true},
		{"events:read:invoice.paid", "events:read:invoice.*", false, false},
		{"events:read:invoice.paid", "events:read:invoice.paidLate", false, false},
		{"sites:read", "sites:write", false, false},
		{"sites:read", "*", false, false},
	}
	for _, test := range tests {
		token := store.Token{Scopes: []string{"notes:write", test.has}}
		if may, some := token.May(test.scope), token.MaySome(test.scope); may != test.may || some != test.some {
			t.Errorf("%s has %s: %t, some of it: %t", test.has, test.scope, may, some)
		}
	}
}
