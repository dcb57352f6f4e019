package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// counter counts the round trips that a Store makes: with prepared statements each
// call is one.
type counter struct {
	store.DB
	trips int
}

func (c *counter) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.trips++
	return c.DB.Exec(ctx, sql, args...)
}

func (c *counter) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.trips++
	return c.DB.Query(ctx, sql, args...)
}

func (c *counter) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.trips++
	return c.DB.QueryRow(ctx, sql, args...)
}

func (c *counter) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.trips++
	return c.DB.SendBatch(ctx, b)
}

func (c *counter) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	c.trips += 2 // and the commit
	return c.DB.BeginTx(ctx, options)
}

// TestRequestsTakeOneRoundTrip: design section 3.
func TestRequestsTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	secret := tn.signIn(t, "dana", "1001")
	user := tn.userID(t, "dana")
	db := &counter{DB: storetest.Pool(t, tn.PortalURI)}
	s := store.New(db)
	for name, call := range map[string]func() error{
		"SignInUser": func() error { _, err := s.SignInUser(t.Context(), "dana"); return err },
		"Session":    func() error { _, err := s.Session(t.Context(), secret, now, idle); return err },
		"Invoices": func() error {
			_, err := s.InvoicesOf(t.Context(), "1001", store.InvoiceFilter{Today: now, Limit: 20})
			return err
		},
		"Activity": func() error { _, err := s.Activity(t.Context(), "1001", 0, 20); return err },
		"StartSession": func() error {
			return s.StartSession(t.Context(), store.NewSession{SecretHash: []byte("x"), UserID: user, ContactID: "dana", AccountID: "1001", Now: now, ExpiresAt: now.Add(time.Hour)})
		},
		"EndSession": func() error { return s.EndSession(t.Context(), []byte("y"), store.SignOut{Now: now}) },
		"Admission": func() error {
			_, err := s.Admission(t.Context(), store.Knock{Login: "dana", Device: []byte("x"), Keys: []string{"a"}, DeviceKeys: []string{"b"}, Now: now})
			return err
		},
		"StartSession on a known device": func() error {
			return s.StartSession(t.Context(), store.NewSession{SecretHash: []byte("z"), UserID: user, ContactID: "dana", AccountID: "1001", Device: []byte("d"), KnownDevice: true, Now: now, ExpiresAt: now.Add(time.Hour)})
		},
		"Factors":  func() error { _, err := s.Factors(t.Context(), user); return err },
		"Passkeys": func() error { _, err := s.Passkeys(t.Context(), user); return err },
		"Sessions": func() error { _, err := s.Sessions(t.Context(), user, now, limits); return err },
		"Blocked":  func() error { _, err := s.Blocked(t.Context(), []string{"a", "b"}, now); return err },
	} {
		db.trips = 0
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if db.trips != 1 {
			t.Errorf("%s took %d round trips", name, db.trips)
		}
	}
}
