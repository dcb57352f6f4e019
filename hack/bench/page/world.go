package page

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

const (
	perPage  = 25 // invoices of a page of the portal
	accounts = 2_000
	each     = 40 // invoices
	measured = "A1000"
	zone     = "Australia/Sydney"
)

// world is a tenant on a database server, with its portal and the floor.
type world struct {
	progress Progress
	dir      string
	server   *postgres.Server
	tenant   *admin.Server
	rows     *pgx.Conn // as superuser, in the tenant's schema
	uri      string    // of the portal's role
	secret   string    // in the cookie of the session
	started  []*exec.Cmd
	inputs   []io.Closer
	portal   string // address
	floor    string
}

// start makes everything; binary is the portal.
func start(ctx context.Context, binary string, progress Progress) (*world, error) {
	w := &world{progress: progress}
	err := w.prepare(ctx)
	if err == nil {
		err = w.fill(ctx)
	}
	if err == nil {
		err = w.servePortal(ctx, binary)
	}
	if err == nil {
		err = w.serveFloor(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) prepare(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "foyer-page-"); err != nil {
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
	if _, err := w.tenant.Tenant(prepared.Schema).Upkeep(ctx, time.Now(), func() admin.Policy { return admin.Policy{} }); err != nil {
		return err
	}
	if w.uri, err = w.tenant.LoginURI(owner, admin.Portal, password); err != nil {
		return err
	}
	options, err := pgx.ParseConfig(superuser)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	options.RuntimeParams["search_path"] = prepared.Schema
	if w.rows, err = pgx.ConnectConfig(ctx, options); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return nil
}

// fill makes accounts with an owner and invoices each, and a session of one of them. A
// third of the invoices is open, and half of these are overdue; each has a document.
func (w *world) fill(ctx context.Context) error {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	w.secret = base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256(raw)
	for _, step := range []struct {
		sql       string
		arguments []any
	}{
		{`INSERT INTO account (id, name, status, attributes) SELECT 'A' || n, 'Customer ' || n, 'Active', '{"locale":"en-AU"}' FROM generate_series(1, $1::int) n`, []any{accounts}},
		{`INSERT INTO app_user (id, username, email, email_verified_at) SELECT gen_random_uuid(), 'user' || n, 'user' || n || '@example.com', now() FROM generate_series(1, $1::int) n`, []any{accounts}},
		{`INSERT INTO contact (id, account_id, user_id, access, owner, first_name, last_name)
		  SELECT 'C' || substr(username, 5), 'A' || substr(username, 5), id, 'Active', true, 'Dana', 'Whitfield' FROM app_user`, nil},
		{`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status, pay_url)
		  SELECT 'I' || (n * 100 + i), 'A' || n, 'INV-' || (n * 100 + i), current_date - i * 14, current_date - i * 14 + 21, 'Tenant', 'AUD', 1000 + i * 2.5,
		         CASE WHEN i % 3 = 1 THEN 1000 + i * 2.5 ELSE 0 END, CASE WHEN i % 3 = 1 THEN 'Open' ELSE 'Paid' END, 'https://pay.example.com/' || i
		  FROM generate_series(1, $1::int) n, generate_series(1, $2::int) i`, []any{accounts, each}},
		{`INSERT INTO attachment (account_id, kind, subject, name, media_type, sha256, size, body) SELECT account_id, 'invoice', id, id || '.pdf', 'application/pdf', '', 1, 'x' FROM invoice`, nil},
		{`INSERT INTO session (secret_hash, user_id, contact_id, created_at, last_seen_at, authenticated_at, expires_at)
		  SELECT CASE WHEN account_id = $1 THEN $2 ELSE sha256(id::bytea) END, user_id, id, now(), now() + interval '1 day', now(), now() + interval '2 days' FROM contact`, []any{measured, hash[:]}},
		{`ANALYZE`, nil},
	} {
		if _, err := w.rows.Exec(ctx, step.sql, step.arguments...); err != nil {
			return fmt.Errorf("fill the tables: %w", err)
		}
	}
	return nil
}

// servePortal starts the portal and waits until it answers.
func (w *world) servePortal(ctx context.Context, binary string) error {
	document, err := settingsDocument()
	if err != nil {
		return err
	}
	key := []byte(base64.StdEncoding.EncodeToString(make([]byte, config.KeyBytes)) + "\n")
	for name, content := range map[string][]byte{config.File: document, "uri": []byte(w.uri), config.LinkKeyFile: key, config.SealKeyFile: key} {
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write files of the portal: %w", err)
		}
	}
	portal := exec.CommandContext(ctx, binary, //nolint:gosec // the binary of this checkout
		"--settings-dir="+w.dir, "--database-dir="+w.dir, "--keys-dir="+w.dir,
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--drain-seconds=0")
	log, err := portal.StderrPipe()
	if err != nil {
		return fmt.Errorf("start the portal: %w", err)
	}
	if err := w.run(portal); err != nil {
		return err
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "serving" {
			w.portal = "http://" + line.Address
			go func() { // so that it never waits for a reader of its log
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	return errors.New("the portal ended before it served")
}

func settingsDocument() ([]byte, error) {
	entry := func(name, content string) config.Entry {
		return config.Entry{Name: name, UID: "uid-" + name, Generation: 1, Content: json.RawMessage(content)}
	}
	return config.Encode(config.Settings{
		Format: config.Format,
		Tenant: entry("acme", `{"namespace":"bench","displayName":"Acme Telecom","hostname":"my.acme.example",
			"branding":{"accentColor":"#0a6b5e","supportEmail":"help@acme.example","supportPhone":"+61 2 5550 0100","termsURL":"https://acme.example/terms","privacyURL":"https://acme.example/privacy"},
			"attributes":{"currency":"AUD","timeZone":"`+zone+`"},"defaultMyAccountProfile":"full","session":{"idleSeconds":3600,"maxSeconds":86400}}`),
		AccountProfiles: []config.Entry{entry("residential", `{"displayName":"Residential"}`)},
		MyAccountProfiles: []config.Entry{entry("full", `{"displayName":"Full","features":[
			"ViewInvoices","DownloadInvoices","PayInvoices","ViewPayments","ViewServices","PlaceOrders","RequestService","EditProfile","ManageContacts","ViewEmails","ViewActivity"]}`)},
	})
}

// serveFloor starts the floor, which is this program under another name, so that its
// processor time can be told from that of this process.
func (w *world) serveFloor(ctx context.Context) error {
	page, err := w.pageWithHoles(ctx)
	if err != nil {
		return err
	}
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	link := filepath.Join(w.dir, floorProgram)
	if err := os.Symlink(own, link); err != nil {
		return fmt.Errorf("start the floor: %w", err)
	}
	floor := exec.CommandContext(ctx, link, floorArgument) //nolint:gosec // this program
	floor.Stderr = os.Stderr
	in, err := floor.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the floor: %w", err)
	}
	out, err := floor.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the floor: %w", err)
	}
	if err := w.run(floor); err != nil {
		return err
	}
	w.inputs = append(w.inputs, in)
	if err := json.NewEncoder(in).Encode(floorSettings{Address: w.uri, Page: page, Zone: zone}); err != nil {
		return fmt.Errorf("start the floor: %w", err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.New("the floor ended before it served")
	}
	w.floor = "http://" + strings.TrimSpace(address)
	return nil
}

func (w *world) run(command *exec.Cmd) error {
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(command.Path), err)
	}
	w.started = append(w.started, command)
	return nil
}

// pageWithHoles is the page of the portal without what is read from the database.
func (w *world) pageWithHoles(ctx context.Context) (string, error) {
	page, err := w.get(ctx, http.DefaultClient, w.portal)
	if err != nil {
		return "", err
	}
	zone, err := time.LoadLocation(zone)
	if err != nil {
		return "", err
	}
	values, err := w.values(ctx, time.Now().In(zone))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, value := range values {
		before, after, found := bytes.Cut(page, []byte(value))
		if !found {
			return "", fmt.Errorf("the page of the portal has no %q where it is expected: the floor has to follow the page", value)
		}
		out.Write(before)
		out.WriteString(hole)
		page = after
	}
	out.Write(page)
	return out.String(), nil
}

// close ends everything and removes what it has written.
func (w *world) close() error {
	var problems []error
	for _, in := range w.inputs {
		problems = append(problems, in.Close())
	}
	for _, command := range w.started {
		if filepath.Base(command.Path) != floorProgram {
			problems = append(problems, command.Process.Signal(os.Interrupt))
		}
		problems = append(problems, command.Wait())
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
