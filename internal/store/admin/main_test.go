package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// The oldest version that Foyer supports and the newest that there is: every test here
// runs on both.
var oldest, newest *postgres.Server

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	for version, server := range map[int]**postgres.Server{15: &oldest, 18: &newest} {
		s, err := postgres.Start(version)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer s.Close() //nolint:errcheck // the tests are over
		*server = s
	}
	return m.Run()
}

// onBoth runs a test on both versions.
func onBoth(t *testing.T, test func(*testing.T, *postgres.Server)) {
	t.Helper()
	for _, server := range []*postgres.Server{oldest, newest} {
		t.Run(fmt.Sprintf("PostgreSQL%d", server.Version()), func(t *testing.T) { test(t, server) })
	}
}

func open(t *testing.T, uri string) *admin.Server {
	t.Helper()
	s, err := admin.Open(admin.Config{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// run executes statements with a URI and stops the test when one fails.
func execute(t *testing.T, uri string, statements ...string) {
	t.Helper()
	conn := connect(t, uri)
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func connect(t *testing.T, uri string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) }) //nolint:errcheck // the test is over
	return conn
}

// query reads one column of text.
func query(t *testing.T, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

// superuser is the URI of the server's superuser for the database of another URI.
func superuser(t *testing.T, server *postgres.Server, uri string) string {
	t.Helper()
	parsed, root := mustParse(t, uri), mustParse(t, server.URI())
	root.Path = parsed.Path
	return root.String()
}

func mustParse(t *testing.T, uri string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// as is a URI with another role.
func as(t *testing.T, uri, role, password string) string {
	t.Helper()
	parsed := mustParse(t, uri)
	parsed.User = url.UserPassword(role, password)
	return parsed.String()
}

// wantProblem checks that an error is a Problem of this reason, that its message says
// each of the words, and that it holds no secret.
func wantProblem(t *testing.T, err error, reason string, words ...string) {
	t.Helper()
	var p *admin.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a Problem with reason %s", err, reason)
	}
	if p.Reason != reason {
		t.Errorf("got reason %s (%v), want %s", p.Reason, err, reason)
	}
	for _, word := range words {
		if !strings.Contains(p.Message, word) {
			t.Errorf("message %q does not say %q", p.Message, word)
		}
	}
	for _, text := range []string{p.Error(), p.Message, fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p.Err)} {
		if strings.Contains(text, secret) {
			t.Errorf("the error holds a password: %s", text)
		}
	}
}

// secret is the password in all URIs that fail on purpose.
const secret = "swordfish-0815"

func denied(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "42501"
}
