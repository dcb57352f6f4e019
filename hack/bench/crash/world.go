package crash

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// world is a tenant with everything that may be killed.
type world struct {
	options     Options
	dir         string
	postgres    *postgres.Server
	tenant      *admin.Server
	backoffice  *store.Store // who writes events
	pools       []*pgxpool.Pool
	superuser   string
	schema      string
	mails       *smtp.Server
	address     string // of the mail server, whichever runs
	inbox       inbox
	dispatchers [dispatchers]*dispatcher
}

// inbox is what arrived, by event: it outlives the mail servers.
type inbox struct {
	mu       sync.Mutex
	arrivals map[string]int
}

func (i *inbox) take(m smtp.Mail) {
	_, rest, _ := bytes.Cut(m.Text, []byte("\r\nSubject: "))
	subject, _, _ := bytes.Cut(rest, []byte("\r\n"))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.arrivals[string(subject)]++
}

func (i *inbox) count() (all, repeated int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.arrivals {
		all += n
		repeated += n - 1
	}
	return all, repeated
}

func start(ctx context.Context, o Options) (*world, error) {
	w := &world{options: o, inbox: inbox{arrivals: map[string]int{}}}
	err := w.prepare(ctx)
	if err == nil {
		err = w.mount()
	}
	if err == nil {
		err = w.customers(ctx)
	}
	for i := range w.dispatchers {
		if err == nil {
			w.dispatchers[i], err = w.dispatch(i)
		}
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

const password = "of-the-benchmark" // of a server that nobody else reaches

func (w *world) prepare(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "foyer-crash-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if w.mails, err = smtp.Start(smtp.Options{OnMail: w.inbox.take}); err != nil {
		return err
	}
	w.address = fmt.Sprintf("%s:%d", w.mails.Host(), w.mails.Port())
	if w.postgres, err = postgres.Start(0); err != nil {
		return err
	}
	manager, superuser, err := w.postgres.ManagerDatabase(ctx)
	if err != nil {
		return err
	}
	w.superuser = superuser
	if err := w.keepWhatIsCommitted(ctx); err != nil {
		return err
	}
	if w.tenant, err = admin.Open(admin.Config{URI: manager}); err != nil {
		return err
	}
	owner := admin.Owner{ClusterUID: "bench", Namespace: "bench", Name: "acme"}
	prepared, err := w.tenant.Prepare(ctx, owner, map[string]admin.Login{
		admin.Portal: {Password: password, Replicas: 1}, admin.Backoffice: {Password: password, Replicas: 1}, admin.Dispatcher: {Password: password, Replicas: dispatchers},
	}, nil)
	if err != nil {
		return err
	}
	w.schema = prepared.Schema
	uri, err := w.tenant.LoginURI(owner, admin.Dispatcher, password)
	if err != nil {
		return err
	}
	if err := w.write("database/uri", uri); err != nil {
		return err
	}
	if err := goLive(ctx, uri); err != nil {
		return err
	}
	if uri, err = w.tenant.LoginURI(owner, admin.Backoffice, password); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, uri)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	w.pools, w.backoffice = append(w.pools, pool), store.New(pool)
	return nil
}

// goLive is what the first dispatcher would do, after the first events.
func goLive(ctx context.Context, uri string) error {
	pool, err := pgxpool.New(ctx, uri)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer pool.Close()
	_, _, err = store.New(pool).SetDelivery(ctx, store.DeliveryLive, time.Now())
	return err
}

// keepWhatIsCommitted turns on what the servers of tests have off.
func (w *world) keepWhatIsCommitted(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, w.superuser)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+conn.Config().Database+" SET synchronous_commit TO on"); err != nil {
		return fmt.Errorf("set up PostgreSQL: %w", err)
	}
	return nil
}

func (w *world) write(name, content string) error {
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	return os.Rename(path+".new", path)
}

// mount writes what the dispatchers read.
func (w *world) mount() error {
	tenant, err := json.Marshal(config.Tenant{
		Namespace: "bench", DisplayName: "Acme", Hostname: "my.acme.example", Session: config.Session{IdleSeconds: 60, MaxSeconds: 600},
		Delivery: config.Delivery{Mode: config.DeliveryLive},
		Email:    config.EmailChannel{From: "post@acme.example", SMTP: config.SMTP{Host: w.mails.Host(), Port: w.mails.Port(), Security: config.SMTPNone}},
		Events:   []catalog.Own{{Name: eventType, Fields: []catalog.OwnField{{Name: "number", Type: catalog.Text}}}},
	})
	if err != nil {
		return err
	}
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{Name: "acme", UID: "u", Generation: 1, Content: tenant}})
	if err != nil {
		return err
	}
	subject, text := "{{.data.number}}", "This is message {{.data.number}}."
	template, err := json.Marshal(config.EventTemplate{Event: eventType, AccountProfiles: []string{config.BuiltInProfile}, Actions: []config.Action{
		{Name: "mail", Type: "Email", Email: &config.Email{To: []string{"Primary"}, Subject: config.BodyOf(subject), Text: config.BodyOf(text)}},
	}})
	if err != nil {
		return err
	}
	routing, err := config.EncodeRouting(config.Routing{
		Format: config.RoutingFormat, Tenant: "acme", Templates: []config.Entry{{Name: "tells", UID: "u", Generation: 1, Content: template}},
		Bodies: map[config.BodyRef]string{config.BodyOf(subject): subject, config.BodyOf(text): text},
	})
	if err != nil {
		return err
	}
	packed, err := config.Pack(routing)
	if err != nil {
		return err
	}
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))) + "\n"
	var problems []error
	for name, content := range map[string]string{
		"settings/" + config.File: string(document), "routing/" + config.RoutingFile: string(packed),
		"keys/" + config.LinkKeyFile: key, "keys/" + config.SealKeyFile: key, "clock/offset": "0s",
	} {
		problems = append(problems, w.write(name, content))
	}
	return errors.Join(append(problems, os.MkdirAll(filepath.Join(w.dir, "channels"), 0o700))...)
}

// customers writes accounts with a contact each.
func (w *world) customers(ctx context.Context) error {
	var people []store.Item[store.Contact]
	var customers []store.Item[store.Account]
	for n := range accounts {
		id := accountID(n)
		a := store.Account{Row: store.Row{ID: id}, Name: "Customer " + id, Status: settings.Active}
		c := store.Contact{Row: store.Row{ID: "c" + id, AccountID: id}, FirstName: "Dana", LastName: "Smith", Email: "dana@" + id + ".example",
			Roles: []string{"Primary"}, Owner: true, Access: store.AccessActive}
		customers = append(customers, store.Item[store.Account]{ID: a.ID, Decide: func(*store.Account) (store.Account, *store.Refusal) { return a, nil }})
		people = append(people, store.Item[store.Contact]{ID: c.ID, Decide: func(*store.Contact) (store.Contact, *store.Refusal) { return c, nil }})
	}
	return w.backoffice.Write(ctx, store.Origin{Actor: "bench", Now: time.Now(), Quiet: true}, func(ctx context.Context, tx *store.Writer) error {
		if _, err := tx.PutAccounts(ctx, customers); err != nil {
			return err
		}
		_, err := tx.PutContacts(ctx, people)
		return err
	})
}

func accountID(n int) string { return fmt.Sprintf("a%d", n%accounts) }

// close ends everything and removes what it has written.
func (w *world) close() error {
	var problems []error
	for _, d := range w.dispatchers {
		if d != nil {
			problems = append(problems, d.stop())
		}
	}
	for _, pool := range w.pools {
		pool.Close()
	}
	if w.tenant != nil {
		w.tenant.Close()
	}
	if w.mails != nil {
		problems = append(problems, w.mails.Close())
	}
	if w.postgres != nil {
		problems = append(problems, w.postgres.Close())
	}
	return errors.Join(append(problems, os.RemoveAll(w.dir))...)
}
