// Package bulk measures the integration API at the size of a real provider: a million
// accounts, three million invoices and ten million calls come in through it, beside the
// same rows by bare COPY into the same tables, in turns, so that both meet the same
// tables at the same size. Then it is asked for what a billing system asks for, and the
// figures are compared with those among ten thousand accounts.
//
// The backoffice is the real binary in a process of its own, on a real PostgreSQL with
// the roles and grants of a tenant. Processor time is that of the backoffice (for COPY,
// of the client in this process) and of PostgreSQL.
package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// Progress tells what is going on.
type Progress func(format string, args ...any)

const token = "the-token-of-the-benchmark"

// world is a tenant on a database server, with a backoffice.
type world struct {
	progress   Progress
	dir        string
	server     *postgres.Server
	tenant     *admin.Server
	rows       *pgx.Conn // as superuser, in the tenant's schema
	backoffice *exec.Cmd
	api        *integration.Client
}

// start makes everything; binary is the backoffice.
func start(ctx context.Context, binary string, progress Progress) (*world, error) {
	w := &world{progress: progress}
	err := w.prepare(ctx)
	if err == nil {
		err = w.serve(ctx, binary)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) prepare(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "foyer-bulk-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if w.server, err = postgres.Start(0); err != nil {
		return err
	}
	manager, superuser, err := w.server.ManagerDatabase(ctx)
	if err != nil {
		return err
	}
	if w.tenant, err = admin.Open(admin.Config{URI: manager}); err != nil {
		return err
	}
	owner := admin.Owner{ClusterUID: "bench", Namespace: "bench", Name: "acme"}
	const password = "of-the-benchmark" // of a server that nobody else reaches
	prepared, err := w.tenant.Prepare(ctx, owner, map[string]admin.Login{
		admin.Portal: {Password: password, Replicas: 1}, admin.Backoffice: {Password: password, Replicas: 1},
	}, nil)
	if err != nil {
		return err
	}
	tenant := w.tenant.Tenant(prepared.Schema)
	if _, err := tenant.Upkeep(ctx, time.Now(), func() admin.Policy { return admin.Policy{} }); err != nil {
		return err
	}
	if err := tenant.EnsureToken(ctx, "cli", token); err != nil {
		return err
	}
	if err := w.connect(ctx, superuser, prepared.Schema); err != nil {
		return err
	}
	uri, err := w.tenant.LoginURI(owner, admin.Backoffice, password)
	if err != nil {
		return err
	}
	return errors.Join(w.write("uri", []byte(uri)), w.writeSettings())
}

func (w *world) connect(ctx context.Context, uri, schema string) error {
	options, err := pgx.ParseConfig(uri)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	options.RuntimeParams["search_path"] = schema
	if w.rows, err = pgx.ConnectConfig(ctx, options); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return nil
}

func (w *world) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(w.dir, name), content, 0o600)
}

// writeSettings writes a settings document with two account profiles.
func (w *world) writeSettings() error {
	entry := func(name, content string) config.Entry {
		return config.Entry{Name: name, UID: "uid-" + name, Generation: 1, Content: json.RawMessage(content)}
	}
	document, err := config.Encode(config.Settings{
		Format: config.Format,
		Tenant: entry("acme", `{"namespace":"bench","displayName":"Acme","hostname":"my.acme.example",
			"attributes":{"currency":"AUD","timeZone":"Australia/Sydney"},"defaultAccountProfile":"residential","session":{"idleSeconds":60,"maxSeconds":600}}`),
		AccountProfiles: []config.Entry{
			entry("business", `{"displayName":"Business","attributes":{"tradingTermsDays":21},"myAccountProfile":"full"}`),
			entry("residential", `{"displayName":"Residential"}`),
		},
		MyAccountProfiles: []config.Entry{entry("full", `{"displayName":"Full","features":["ViewInvoices"]}`)},
	})
	if err != nil {
		return err
	}
	return w.write(config.File, document)
}

// serve starts the backoffice and waits until it answers.
func (w *world) serve(ctx context.Context, binary string) error {
	w.backoffice = exec.CommandContext(ctx, binary, //nolint:gosec // the binary of this checkout
		"--settings-dir="+w.dir, "--database-dir="+w.dir,
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--drain-seconds=0",
		"--requests-per-second=100000", "--request-burst=100000")
	log, err := w.backoffice.StderrPipe()
	if err != nil {
		return fmt.Errorf("start the backoffice: %w", err)
	}
	if err := w.backoffice.Start(); err != nil {
		return fmt.Errorf("start the backoffice: %w", err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "serving" {
			w.api = &integration.Client{BaseURL: "http://" + line.Address, Token: token}
			go func() { // so that it never waits for a reader of its log
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	return errors.New("the backoffice ended before it served")
}

// close ends everything and removes what it has written.
func (w *world) close() error {
	var problems []error
	if w.backoffice != nil && w.backoffice.Process != nil {
		problems = append(problems, w.backoffice.Process.Signal(os.Interrupt), w.backoffice.Wait())
	}
	if w.rows != nil {
		problems = append(problems, w.rows.Close(context.Background()))
	}
	if w.tenant != nil {
		w.tenant.Close()
	}
	if w.server != nil {
		problems = append(problems, w.server.Close())
	}
	return errors.Join(append(problems, os.RemoveAll(w.dir))...)
}

// spend runs work and returns the processor time that the named programs used.
func (w *world) spend(work func() error, programs ...string) (time.Duration, error) {
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	spent, err := started.Read()
	var sum time.Duration
	for _, program := range programs {
		sum += spent.Programs[program]
	}
	return sum, err
}
