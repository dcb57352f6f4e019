package process

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

var _ store.DB = (*Pool)(nil)

// mount changes a file of a directory the way the kubelet does: the data is a
// directory of its own, and one rename of a link swaps it.
func mount(t *testing.T, dir, file, content string) {
	t.Helper()
	data, err := os.MkdirTemp(dir, "..2026_")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Base(data), filepath.Join(dir, "..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", file), filepath.Join(dir, file)); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

func newPool(t *testing.T, dir string) *Pool {
	t.Helper()
	pool, err := OpenPool(quiet, dir, "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func announced(pool *Pool) func() bool {
	return func() bool {
		select {
		case <-pool.Returned():
			return true
		default:
			return false
		}
	}
}

func ask(ctx context.Context, pool *Pool) error {
	_, err := pool.Exec(ctx, "SELECT count(*) FROM account")
	return err
}

// The role gets another password and the Secret another URI: no query fails, a
// transaction that began before ends as it began, and the old connections go.
func TestPoolFollowsTheURI(t *testing.T) {
	tenant := storetest.New(t, server)
	dir := t.TempDir()
	mount(t, dir, "uri", tenant.BackofficeURI+"\n")
	pool := newPool(t, dir)
	long, err := pool.BeginTx(t.Context(), pgx.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := pool.current.pool

	loaded, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range maxConns - 1 {
		load.Go(func() {
			for loaded.Err() == nil {
				if err := ask(context.WithoutCancel(loaded), pool); err != nil {
					t.Errorf("a query failed: %v", err)
					return
				}
			}
		})
	}
	eventually(t, "the pool is warm", func() bool { // a connection that is still being made would meet the other password
		stat := pool.Stat()
		return stat.TotalConns() == maxConns && stat.ConstructingConns() == 0
	})

	logins := storetest.Logins()
	logins[admin.Backoffice] = admin.Login{Password: "another one", Replicas: 1}
	if _, err := tenant.Server.Prepare(t.Context(), tenant.Owner, logins, nil); err != nil {
		t.Fatal(err)
	}
	uri, err := tenant.Server.LoginURI(tenant.Owner, admin.Backoffice, "another one")
	if err != nil {
		t.Fatal(err)
	}
	mount(t, dir, "uri", uri)
	eventually(t, "the change is announced", announced(pool))
	if err := ask(t.Context(), pool); err != nil {
		t.Errorf("after the change: %v", err)
	}
	if login := pool.Login(); login != "" {
		t.Errorf("it says that it signs in as %q alone, while a transaction has another connection", login)
	}
	if _, err := long.Exec(t.Context(), "SELECT count(*) FROM invoice"); err != nil {
		t.Errorf("the transaction that began before: %v", err)
	}
	if err := long.Commit(t.Context()); err != nil {
		t.Errorf("the transaction that began before: %v", err)
	}
	eventually(t, "the old connections are closed", func() bool { return before.Stat().TotalConns() == 0 })
	eventually(t, "the end of the old address is announced", announced(pool))
	if login := pool.Login(); login != tenant.Schema+"_backoffice" {
		t.Errorf("it signs in as %q", login)
	}
	stop()
	load.Wait()
}

func TestPoolStartsWhileTheDatabaseIsAway(t *testing.T) {
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	tenant := storetest.New(t, own)
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mount(t, dir, "uri", tenant.BackofficeURI)
	pool := newPool(t, dir)
	if err := ask(t.Context(), pool); !store.Unavailable(err) {
		t.Errorf("without a database: got %v, want unavailable", err)
	}
	for range 3 { // started, and taken away again under open connections
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "queries work", func() bool { return ask(t.Context(), pool) == nil })
		eventually(t, "the return is announced", announced(pool))
		if err := own.Stop(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "queries fail", func() bool { return ask(t.Context(), pool) != nil })
		eventually(t, "queries say why", func() bool { return store.Unavailable(ask(t.Context(), pool)) })
	}
}

func TestPoolKeepsTheLastGoodURI(t *testing.T) {
	tenant := storetest.New(t, server)
	dir := t.TempDir()
	var output lockedBuffer
	log := slog.New(slog.NewJSONHandler(&output, nil))
	mount(t, dir, "uri", tenant.BackofficeURI)
	pool, err := OpenPool(log, dir, "backoffice")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, broken := range []string{"", "mysql://user:hunter2@host/db", "postgres://user:hunter2@host:notaport/db"} {
		output.mu.Lock()
		output.Reset()
		output.mu.Unlock()
		mount(t, dir, "uri", broken)
		eventually(t, "the broken address is reported", func() bool { return strings.Contains(output.String(), "keeping the last database address") })
		if err := ask(t.Context(), pool); err != nil {
			t.Errorf("after %q: %v", broken, err)
		}
		if strings.Contains(output.String(), "hunter2") {
			t.Errorf("the log holds the password: %s", output.String())
		}
	}
}

func TestOpenPoolRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenPool(quiet, dir, "portal"); err == nil || !strings.Contains(err.Error(), "read the database address, which the operator mounts") {
		t.Errorf("no file: %v", err)
	}
	mount(t, dir, "uri", "postgres://user:hunter2@host:notaport/db")
	_, err := OpenPool(quiet, dir, "portal")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "is not a postgres:// URI") {
		t.Errorf("broken address: %v", err)
	}
}

// A server that does not answer is not waited for, whichever way it was asked.
func TestPoolBoundsStatements(t *testing.T) {
	tenant := storetest.New(t, server)
	dir := t.TempDir()
	mount(t, dir, "uri", tenant.BackofficeURI)
	pool, err := openPool(quiet, dir, "backoffice", 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const hang = "SELECT 'x' FROM pg_sleep(20)"
	ways := map[string]func() error{
		"Exec": func() error { _, err := pool.Exec(t.Context(), hang); return err },
		"Query": func() error {
			rows, err := pool.Query(t.Context(), hang)
			if err != nil {
				return err
			}
			rows.Close()
			return rows.Err()
		},
		"QueryRow": func() error { var text string; return pool.QueryRow(t.Context(), hang).Scan(&text) },
		"SendBatch": func() error {
			batch := &pgx.Batch{}
			batch.Queue(hang)
			return pool.SendBatch(t.Context(), batch).Close()
		},
		"BeginTx": func() error {
			return pgx.BeginFunc(t.Context(), beginner{pool}, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), hang); return err })
		},
	}
	for way, ask := range ways {
		started := time.Now()
		if err := ask(); !store.Unavailable(err) {
			t.Errorf("%s: got %v, want unavailable", way, err)
		}
		if took := time.Since(started); took > 10*time.Second {
			t.Errorf("%s: it took %s", way, took)
		}
	}
	// What is quick is not cut by the deadline of what came before on its connection.
	tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(400 * time.Millisecond)
	if _, err := tx.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("a quick statement of a long transaction: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

type beginner struct{ *Pool }

func (b beginner) Begin(ctx context.Context) (pgx.Tx, error) { return b.BeginTx(ctx, pgx.TxOptions{}) }

// TestPoolLeavesALogin: the roles of a component take turns under load that makes new
// connections all the time. As soon as the pool says that it uses the next one, the former
// one is ended. No query fails.
func TestPoolLeavesALogin(t *testing.T) {
	tenant := storetest.New(t, server)
	dir := t.TempDir()
	mount(t, dir, "uri", tenant.BackofficeURI)
	pool := newPool(t, dir)
	loaded, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var asked atomic.Int64
	for range maxConns {
		load.Go(func() {
			for loaded.Err() == nil {
				if err := ask(context.WithoutCancel(loaded), pool); err != nil {
					t.Errorf("a query failed: %v", err)
					return
				}
				asked.Add(1)
				pool.mu.RLock()
				pool.current.pool.Reset() // the next query makes a new connection
				pool.mu.RUnlock()
			}
		})
	}
	prepare := func(l admin.Login) {
		t.Helper()
		logins := storetest.Logins()
		l.Replicas = 1
		logins[admin.Backoffice] = l
		if _, err := tenant.Server.Prepare(t.Context(), tenant.Owner, logins, nil); err != nil {
			t.Fatal(err)
		}
	}
	password, second := storetest.Password, false
	for _, next := range []string{"second", "third", "fourth"} {
		prepare(admin.Login{Password: password, Second: second, Next: next})
		address := tenant.Server.LoginURI
		if second = !second; second {
			address = tenant.Server.SecondLoginURI
		}
		uri, err := address(tenant.Owner, admin.Backoffice, next)
		if err != nil {
			t.Fatal(err)
		}
		mount(t, dir, "uri", uri)
		password = next
		prepare(admin.Login{Password: password, Second: second})
		role := tenant.Owner.LoginRole(admin.Backoffice, second)
		eventually(t, "the pool uses "+role, func() bool { return pool.Login() == role })
		if err := tenant.Server.EndLogin(t.Context(), tenant.Owner, admin.Backoffice, second); err != nil {
			t.Fatal(err)
		}
	}
	before := asked.Load()
	eventually(t, "queries go on", func() bool { return asked.Load() > before+10 })
	stop()
	load.Wait()
}
