package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/migrations"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{store.ErrNotFound, false},
		{errors.New("anything else"), false},
		{store.ErrUnavailable, true},
		{fmt.Errorf("store: read: %w", store.ErrUnavailable), true},
		{context.DeadlineExceeded, true},
		{context.Canceled, false},
		{io.ErrUnexpectedEOF, true},
		{&pgconn.PgError{Code: "57P01"}, true},
		{&pgconn.PgError{Code: "57P03"}, true},
		{&pgconn.PgError{Code: "57014"}, true},
		{&pgconn.PgError{Code: "53300"}, true},
		{&pgconn.PgError{Code: "08006"}, true},
		{&pgconn.PgError{Code: "25006"}, true},
		{&pgconn.PgError{Code: "23505"}, false},
		{&pgconn.PgError{Code: "42501"}, false},
		{&pgconn.PgError{Code: "42P01"}, false},
	} {
		if got := store.Unavailable(test.err); got != test.want {
			t.Errorf("%v: got %v", test.err, got)
		}
	}
}

// TestOutage takes a real server away under an open pool and brings it back.
func TestOutage(t *testing.T) {
	t.Parallel()
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() }) //nolint:errcheck // the test is over
	tn := storetest.New(t, own)
	ask := func(ctx context.Context) error {
		_, err := tn.Portal.SignInUser(ctx, "nobody")
		return err
	}
	check := func(when string, err error, want bool) {
		t.Helper()
		if err == nil || store.Unavailable(err) != want {
			t.Errorf("%s: unavailable is %v for %v", when, !want, err)
		}
	}
	check("before", ask(t.Context()), false)
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	check("the open connection", ask(t.Context()), true)
	check("a new connection", ask(t.Context()), true)
	err = tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutGroups(ctx, []store.Item[store.Group]{group("gold")})
		return err
	})
	check("a write", err, true)
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	check("after", ask(t.Context()), false)
	if err := ask(t.Context()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after: got %v", err)
	}

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	check("the client left", ask(cancelled), false)
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	check("the deadline passed", ask(late), true)
	checkTooSlow(t, tn, check)
	checkClosed(t, tn, check)
}

func checkTooSlow(t *testing.T, tn *storetest.Tenant, check func(string, error, bool)) {
	t.Helper()
	config, err := pgxpool.ParseConfig(tn.PortalURI)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["statement_timeout"] = "10"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "SELECT pg_sleep(5)")
	check("the statement takes too long", err, true)
}

func checkClosed(t *testing.T, tn *storetest.Tenant, check func(string, error, bool)) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), tn.PortalURI)
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	_, err = store.New(pool).SignInUser(t.Context(), "nobody")
	check("the pool is closed", err, true)
}

// TestRequiredSchemaVersion: the number of the newest migration.
func TestRequiredSchemaVersion(t *testing.T) {
	t.Parallel()
	files, err := migrations.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var newest int64
	for _, file := range files {
		var version int64
		if _, err := fmt.Sscanf(file.Name(), "%05d_", &version); err != nil {
			t.Errorf("%s has no number", file.Name())
		}
		newest = max(newest, version)
	}
	if newest != store.RequiredSchemaVersion {
		t.Errorf("RequiredSchemaVersion is %d, the newest migration is %d", store.RequiredSchemaVersion, newest)
	}
}
