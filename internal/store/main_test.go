package store_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

// now is the time of every test.
var now = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

func day(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

func ptr[T any](value T) *T { return &value }

const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaA"

// tenant is a prepared tenant with a superuser's connection on its schema.
type tenant struct {
	*storetest.Tenant
	root *pgx.Conn
}

func newTenant(t *testing.T) tenant {
	t.Helper()
	prepared := storetest.New(t, server)
	config, err := pgx.ParseConfig(prepared.PortalURI)
	if err != nil {
		t.Fatal(err)
	}
	superuser, err := pgx.ParseConfig(server.URI())
	if err != nil {
		t.Fatal(err)
	}
	superuser.Database = config.Database
	superuser.RuntimeParams["search_path"] = prepared.Schema
	superuser.RuntimeParams["timezone"] = "Australia/Sydney" // must not matter
	conn, err := pgx.ConnectConfig(t.Context(), superuser)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) }) //nolint:errcheck // the test is over
	return tenant{prepared, conn}
}

func (tn tenant) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := tn.root.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// vacuum gathers what the planner knows, and leaves no row behind that a query has to look
// up in the table only because a transaction of another test was open: those keep VACUUM
// from its work, so it is done until they have ended.
func (tn tenant) vacuum(t *testing.T) {
	t.Helper()
	const tables = ` FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND `
	list := strings.Join(tn.column(t, `SELECT quote_ident(relname)`+tables+`relkind IN ('r', 'p') AND NOT relispartition`), ", ")
	for deadline := time.Now().Add(time.Minute); ; {
		tn.exec(t, `VACUUM ANALYZE `+list)
		behind := tn.column(t, `SELECT relname`+tables+`relkind = 'r' AND relallvisible < relpages`)
		if len(behind) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("some transaction has been open for a minute: VACUUM cannot finish %v", behind)
		}
	}
}

// column reads one column of text as the superuser.
func (tn tenant) column(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := tn.root.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

// must returns a value and stops the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// wantResults compares the results of an import in short form: "Created",
// "Refused field: message".
func wantResults(t *testing.T, results []store.Result, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		text := r.Outcome
		if r.Field != "" || r.Message != "" {
			text += " " + r.Field + ": " + r.Message
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// accounts imports active accounts with these ids.
func (tn tenant) accounts(t *testing.T, ids ...string) {
	t.Helper()
	var list []store.Account
	for _, id := range ids {
		list = append(list, store.Account{Row: store.Row{ID: id}, Name: "Customer " + id, Status: settings.Active})
	}
	storetest.Accounts(t, tn.Backoffice, list...)
}

// contacts imports contacts, all of which must be taken.
func (tn tenant) contacts(t *testing.T, list ...store.Contact) {
	t.Helper()
	for _, r := range must[[]store.Result](t)(tn.putContacts(t.Context(), list)) {
		if r.Outcome == store.Refused {
			t.Fatal(r)
		}
	}
}

// putContacts writes contacts; one without a user keeps the one that it has.
func (tn tenant) putContacts(ctx context.Context, list []store.Contact) (results []store.Result, err error) {
	items := make([]store.Item[store.Contact], len(list))
	for i, c := range list {
		items[i] = store.Item[store.Contact]{ID: c.ID, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
			next := c
			if next.User == nil && old != nil {
				next.User = old.User
			}
			return next, nil
		}}
	}
	err = tn.Backoffice.Write(ctx, store.Origin{Actor: "token test", Now: now, Unaudited: true}, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutContacts(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results, err
}

// person is an active contact with a user: username is the id, with a verified email.
func person(id, account string) store.Contact {
	return store.Contact{
		Row: store.Row{ID: id, AccountID: account}, FirstName: "First", LastName: "Last", Email: id + "@example.com", Access: store.AccessActive,
		User: &store.ContactUser{Username: id, Email: id + "@example.com", EmailVerified: true, PasswordHash: hash},
	}
}

// userID is the id of a user by username.
func (tn tenant) userID(t *testing.T, username string) string {
	t.Helper()
	found := tn.column(t, "SELECT id::text FROM app_user WHERE username = $1", username)
	if len(found) != 1 {
		t.Fatalf("%d users are named %s", len(found), username)
	}
	return found[0]
}

// signIn starts a session for a person in an account and returns its secret's hash.
func (tn tenant) signIn(t *testing.T, id, account string) []byte {
	t.Helper()
	secret := store.TokenHash("session of " + id + " " + strconv.Itoa(len(tn.column(t, "SELECT 'x' FROM session"))))
	err := tn.Portal.StartSession(t.Context(), store.NewSession{
		SecretHash: secret, UserID: tn.userID(t, id), ContactID: id, AccountID: account,
		Actor: id, IP: "192.0.2.1", UserAgent: "Browser", Now: now, ExpiresAt: now.Add(8 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
