package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The superuser of a test's server.
const (
	superuser = "postgres"
	password  = "postgres"
)

// patience bounds the start and the stop of a server. It only matters when they fail.
const patience = 60 * time.Second

// Server is a running PostgreSQL server.
type Server struct {
	dir     string // data, socket and log are in it
	bin     string
	version int
	port    int
	runAs   *syscall.Credential // nil: as ourselves
	process *exec.Cmd
	ended   chan struct{}
}

// Run is a TestMain: it starts a server of any version, runs the tests and stops it.
func Run(m *testing.M, server **Server) int {
	s, err := Start(0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	*server = s
	code := m.Run()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Start starts a server of a major version, or of any for 0. The caller closes it.
func Start(major int) (*Server, error) {
	s, err := create(major)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL for tests: %w", err), s.remove())
	}
	return s, nil
}

// Copy starts another server with a copy of all that is in this one, as after a restore from
// a backup. This one is stopped and started for it. The caller closes both.
func (s *Server) Copy() (*Server, error) {
	twin := &Server{bin: s.bin, version: s.version}
	err := twin.settle()
	if err == nil {
		err = s.Stop()
	}
	if err == nil {
		var out []byte
		if out, err = exec.Command("cp", "-a", s.data(), twin.data()).CombinedOutput(); err != nil { //nolint:gosec,noctx // paths of our own; it ends
			err = fmt.Errorf("%w\n%s", err, out)
		}
		err = errors.Join(err, s.Start())
	}
	if err == nil {
		err = twin.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copy PostgreSQL for tests: %w", err), twin.Close())
	}
	return twin, nil
}

// create makes a server's data directory.
func create(major int) (*Server, error) {
	s := &Server{}
	var err error
	if s.bin, s.version, err = findBinaries(major); err != nil {
		return s, err
	}
	if err := s.settle(); err != nil {
		return s, err
	}
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o644); err != nil { //nolint:gosec // a test's password is no secret
		return s, err
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", superuser, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return s, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, nil
}

// settle finds a directory, a user and a port.
func (s *Server) settle() (err error) {
	if s.dir, err = os.MkdirTemp("", "foyer-pg-"); err != nil {
		return err
	}
	if err := s.dropRoot(); err != nil {
		return err
	}
	s.port, err = freePort()
	return err
}

// dropRoot finds a user to run as when we are root.
func (s *Server) dropRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return fmt.Errorf("find a user to run PostgreSQL as: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.runAs = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid)) // both fit
}

func (s *Server) command(binary string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, binary), args...) //nolint:gosec,noctx // PostgreSQL's own programs; a server outlives whoever starts it
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.runAs, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it returns at once
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it only found a port
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Start starts a server that was stopped, on the port that it had. It returns when the
// server takes connections.
func (s *Server) Start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // a test's log
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the server has its own handle
	s.process = s.command("postgres", "-D", s.data(),
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(s.port), "-c", "unix_socket_directories="+s.dir,
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_connections=300", "-c", "log_statement=ddl", "-c", "shared_buffers=64MB")
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		process.Wait() //nolint:errcheck // how it ended is in its log
		close(ended)
	}(s.process, s.ended)
	return s.ready()
}

// ready waits until the server takes connections.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URI())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended:\n%s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("the server takes no connections: %w\n%s", err, s.Log())
		case <-tick.C:
		}
	}
}

// Stop ends the server at once: open connections break, what was committed stays.
func (s *Server) Stop() error { return s.signal(syscall.SIGINT) }

// Kill ends the server as a crash does: nothing is written back, and the next start recovers
// from its log. What was committed stays if synchronous_commit is on, which it is not unless
// a database says so.
func (s *Server) Kill() error { return s.signal(syscall.SIGQUIT) }

func (s *Server) signal(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-s.ended:
		s.process = nil
		return nil
	case <-time.After(patience):
		return errors.New("stop PostgreSQL: it does not end")
	}
}

// Restart stops the server and starts it again.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Close stops the server and removes its data.
func (s *Server) Close() error { return errors.Join(s.signal(syscall.SIGQUIT), s.remove()) }

func (s *Server) remove() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// Version is the major version.
func (s *Server) Version() int { return s.version }

// Log is what the server wrote; it has every CREATE, ALTER, GRANT and DROP.
func (s *Server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text))
}

// URI is the superuser's URI of database postgres.
func (s *Server) URI() string { return s.uri(superuser, password, "postgres") }

func (s *Server) uri(role, secret, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, secret),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

var databases atomic.Int64

// Database makes an empty database and returns its superuser's URI. It is dropped when
// the test ends, if the server is up then.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	database := fmt.Sprintf("test_%d", databases.Add(1))
	s.exec(t, "CREATE DATABASE "+database)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), s.URI())
		if err != nil {
			return // the test took the server away
		}
		defer conn.Close(context.Background())                                               //nolint:errcheck // the test is over
		conn.Exec(context.Background(), "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)") //nolint:errcheck // the test is over
	})
	return s.uri(superuser, password, database)
}

// Manager makes an empty database that is owned by an ordinary role with CREATEROLE,
// as a platform team would give it to the manager, and returns that role's URI.
func (s *Server) Manager(t testing.TB) string {
	t.Helper()
	admin := s.Database(t)
	parsed, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	uri, err := s.managerOf(context.Background(), parsed.Path[1:])
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// ManagerDatabase is Manager for who is no test: the database stays until the server is
// closed. It returns the URIs of the manager's role and of the superuser.
func (s *Server) ManagerDatabase(ctx context.Context) (manager, admin string, err error) {
	database := fmt.Sprintf("managed_%d", databases.Add(1))
	if err := s.execute(ctx, "CREATE DATABASE "+database); err != nil {
		return "", "", err
	}
	manager, err = s.managerOf(ctx, database)
	return manager, s.uri(superuser, password, database), err
}

func (s *Server) managerOf(ctx context.Context, database string) (string, error) {
	role := "manager_of_" + database
	err := s.execute(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN CREATEROLE PASSWORD '%s'", role, password))
	if err == nil {
		err = s.execute(ctx, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, role))
	}
	return s.uri(role, password, database), err
}

func (s *Server) exec(t testing.TB, sql string) {
	t.Helper()
	if err := s.execute(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// execute runs a statement as the superuser.
func (s *Server) execute(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.URI())
	if err != nil {
		return fmt.Errorf("connect to the test's server: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the statement is what counts
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
