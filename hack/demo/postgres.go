package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const postgresPort = 25432

// serverRole is the role of the demo's server Secret: no superuser, it may create
// roles and schemas, as section 6 of the design wants it.
const serverRole = "foyer"

// startPostgres runs Debian's PostgreSQL on loopback and on the pods' bridge, as an
// unprivileged user, with a data directory of the demo's own.
func startPostgres(ctx context.Context, d *demo) error {
	bin, err := postgresBinaries(ctx)
	if err != nil {
		return err
	}
	server, err := newPostgres(bin)
	if err != nil {
		return err
	}
	if err := server.initialise(ctx, d); err != nil {
		return err
	}
	if server.running() {
		note("PostgreSQL runs already on port %d", postgresPort)
	} else if err := server.start(ctx, d); err != nil {
		return err
	}
	return server.makeRole(ctx)
}

// postgresBinaries finds the newest installed server, and installs Debian's if
// there is none.
func postgresBinaries(ctx context.Context) (string, error) {
	if dir := newestPostgres(); dir != "" {
		return dir, nil
	}
	note("installing Debian's PostgreSQL")
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if err := show(ctx, env, "apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql"); err != nil {
		return "", err
	}
	if dir := newestPostgres(); dir != "" {
		return dir, nil
	}
	return "", errors.New("no PostgreSQL below /usr/lib/postgresql after its installation: install postgresql 15 or newer by hand")
}

func newestPostgres() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

type postgres struct {
	bin  string
	data string
	as   *syscall.SysProcAttr
	uid  int
	gid  int
}

func newPostgres(bin string) (*postgres, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("the user postgres of Debian's package is missing: %w", err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return nil, fmt.Errorf("user postgres: %w", err)
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return nil, fmt.Errorf("user postgres: %w", err)
	}
	return &postgres{
		bin: bin, data: filepath.Join(postgresIn, "data"), uid: uid, gid: gid,
		as: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, //nolint:gosec // ids of a system user
	}, nil
}

func (p *postgres) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...) //nolint:gosec // PostgreSQL's own programs
	cmd.SysProcAttr = p.as
	cmd.Dir = "/"
	return cmd
}

func (p *postgres) initialise(ctx context.Context, d *demo) error {
	if _, err := os.Stat(filepath.Join(p.data, "PG_VERSION")); err != nil {
		if err := os.MkdirAll(postgresIn, 0o755); err != nil { //nolint:gosec // the server's user must enter
			return fmt.Errorf("make PostgreSQL's directory: %w", err)
		}
		if err := os.Chown(postgresIn, p.uid, p.gid); err != nil {
			return fmt.Errorf("make PostgreSQL's directory: %w", err)
		}
		init := p.command(ctx, "initdb", "-D", p.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=peer", "--auth-host=scram-sha-256")
		if out, err := init.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w: %s", err, out)
		}
	}
	access := "local all postgres peer\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all " + d.podCIDR + " scram-sha-256\n"
	path := filepath.Join(p.data, "pg_hba.conf")
	if err := os.WriteFile(path, []byte(access), 0o600); err != nil {
		return fmt.Errorf("write who may connect: %w", err)
	}
	if err := os.Chown(path, p.uid, p.gid); err != nil {
		return fmt.Errorf("write who may connect: %w", err)
	}
	return nil
}

func (p *postgres) running() bool {
	return p.command(context.Background(), "pg_ctl", "-D", p.data, "status").Run() == nil
}

func (p *postgres) start(ctx context.Context, d *demo) error {
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1,%s -c port=%d -c unix_socket_directories=%s -c max_connections=1500 -c password_encryption=scram-sha-256",
		d.gateway, postgresPort, postgresIn)
	start := p.command(ctx, "pg_ctl", "-D", p.data, "-w", "-t", "60", "-l", filepath.Join(p.data, "server.log"), "-o", options, "start")
	// The server outlives the demo: it must not share a pipe with it.
	if err := start.Run(); err != nil {
		tail, _ := os.ReadFile(filepath.Join(p.data, "server.log"))
		return fmt.Errorf("start PostgreSQL: %w: %s", err, lastLines(string(tail), 5))
	}
	note("PostgreSQL listens on 127.0.0.1 and %s, port %d", d.gateway, postgresPort)
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// makeRole gives the manager's role a password that is kept beside the demo's
// state, and a database.
func (p *postgres) makeRole(ctx context.Context) error {
	password, err := serverPassword()
	if err != nil {
		return err
	}
	sql := fmt.Sprintf(`SET client_min_messages = error;
DO $$ BEGIN CREATE ROLE %[1]s LOGIN CREATEROLE NOSUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE %[1]s PASSWORD '%[2]s';
SELECT 'CREATE DATABASE %[1]s OWNER %[1]s' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '%[1]s') \gexec
`, serverRole, password)
	psql := p.command(ctx, "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", postgresIn, "-p", strconv.Itoa(postgresPort), "-U", "postgres", "-d", "postgres")
	psql.Stdin = strings.NewReader(sql)
	if out, err := psql.CombinedOutput(); err != nil {
		return fmt.Errorf("make the role %s: %w: %s", serverRole, err, out)
	}
	probe, err := pgx.Connect(ctx, serverURI("127.0.0.1", password))
	if err != nil {
		return fmt.Errorf("sign in to PostgreSQL as %s: %w", serverRole, err)
	}
	if err := probe.Close(ctx); err != nil {
		return fmt.Errorf("sign in to PostgreSQL as %s: %w", serverRole, err)
	}
	return nil
}

func serverPassword() (string, error) {
	path := filepath.Join(stateDir, "postgres-password")
	if kept, err := os.ReadFile(path); err == nil { //nolint:gosec // the demo's own state
		return string(kept), nil
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("keep PostgreSQL's password: %w", err)
	}
	return password, nil
}

func serverURI(host, password string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s", serverRole, password, net.JoinHostPort(host, strconv.Itoa(postgresPort)), serverRole)
}

// databaseStop and databaseStart are an outage to look at.
func databaseStop(ctx context.Context) error {
	server, err := installedPostgres()
	if err != nil {
		return err
	}
	return server.stop(ctx)
}

func databaseStart(ctx context.Context) error {
	server, err := installedPostgres()
	if err != nil || server.running() {
		return err
	}
	d := &demo{}
	if err := d.readCluster(ctx); err != nil {
		return err
	}
	return server.start(ctx, d)
}

func installedPostgres() (*postgres, error) {
	bin := newestPostgres()
	if _, err := os.Stat(postgresIn); err != nil || bin == "" {
		return nil, errors.New("the demo's PostgreSQL does not exist: run make demo")
	}
	return newPostgres(bin)
}

func (p *postgres) stop(ctx context.Context) error {
	if !p.running() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if out, err := p.command(ctx, "pg_ctl", "-D", p.data, "-w", "-m", "fast", "stop").CombinedOutput(); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w: %s", err, out)
	}
	return nil
}

// removePostgres ends the server and deletes its data.
func removePostgres(ctx context.Context) error {
	if _, err := os.Stat(postgresIn); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	server, err := installedPostgres()
	if err != nil {
		return err
	}
	if err := server.stop(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(postgresIn); err != nil {
		return fmt.Errorf("delete PostgreSQL's data: %w", err)
	}
	return nil
}
