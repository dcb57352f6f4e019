package postgres_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

func connect(t *testing.T, uri string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) }) //nolint:errcheck // it may be broken by now
	return conn
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	first, second := connect(t, server.Database(t)), connect(t, server.Manager(t))
	if _, err := first.Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec(t.Context(), "SELECT FROM mine"); err == nil {
		t.Error("a table of one database is in the other")
	}
	var super, createRole bool
	if err := second.QueryRow(t.Context(), "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").Scan(&super, &createRole); err != nil {
		t.Fatal(err)
	}
	if super || !createRole {
		t.Errorf("the manager's role: superuser %v, CREATEROLE %v", super, createRole)
	}
}

func TestServerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	uri := own.Database(t)
	conn := connect(t, uri)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (x int)"); err != nil {
		t.Fatal(err)
	}
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the connection outlived the server")
	}
	if _, err := pgx.Connect(t.Context(), uri); err == nil {
		t.Error("a stopped server takes connections")
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	if err := own.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, uri).Exec(t.Context(), "SELECT x FROM kept"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(own.Log(), "CREATE TABLE kept") {
		t.Error("the log does not show what was created")
	}
}

func TestMissingVersionSaysWhatHelps(t *testing.T) {
	t.Parallel()
	if _, err := postgres.Start(99); err == nil || !strings.Contains(err.Error(), "there is no PostgreSQL 99") {
		t.Errorf("got %v", err)
	}
}
