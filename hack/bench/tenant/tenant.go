// Package tenant is what the benchmarks of notifications work with: a tenant on a
// PostgreSQL of its own, with the roles and rights of the real one, its documents, and
// customers who can be written to.
package tenant

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// EventType is the event of the documents. Its one field is the number of the message.
const EventType = "custom.told"

// Template and Action are what a notification of the documents comes from.
const (
	Template = "tells"
	Action   = "mail"
)

const password = "of-the-benchmark" // of a server that nobody else reaches

// Tenant is a tenant that is Live.
type Tenant struct {
	Postgres      *postgres.Server
	DispatcherURI string
	BackofficeURI string
	Backoffice    *store.Store
	Dispatcher    *store.Store

	superuser, schema string
	server            *admin.Server
	pools             []*pgxpool.Pool
}

// Start makes a tenant without customers. What was committed on its server stays when that
// is killed.
func Start(ctx context.Context) (*Tenant, error) {
	t := &Tenant{}
	if err := t.start(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Tenant) start(ctx context.Context) (err error) {
	if t.Postgres, err = postgres.Start(0); err != nil {
		return err
	}
	manager, superuser, err := t.Postgres.ManagerDatabase(ctx)
	if err != nil {
		return err
	}
	t.superuser = superuser
	if err := t.keepWhatIsCommitted(ctx); err != nil {
		return err
	}
	if t.server, err = admin.Open(admin.Config{URI: manager}); err != nil {
		return err
	}
	owner := admin.Owner{ClusterUID: "bench", Namespace: "bench", Name: "acme"}
	logins := map[string]admin.Login{}
	for _, component := range []string{admin.Portal, admin.Backoffice, admin.Dispatcher} {
		logins[component] = admin.Login{Password: password, Replicas: 2}
	}
	prepared, err := t.server.Prepare(ctx, owner, logins, nil)
	if err != nil {
		return err
	}
	t.schema = prepared.Schema
	if _, err := t.server.Tenant(t.schema).Upkeep(ctx, time.Now(), func() admin.Policy { return admin.Policy{} }); err != nil {
		return err
	}
	if t.DispatcherURI, err = t.server.LoginURI(owner, admin.Dispatcher, password); err != nil {
		return err
	}
	if t.Dispatcher, err = t.storeOf(ctx, t.DispatcherURI); err != nil {
		return err
	}
	if t.BackofficeURI, err = t.server.LoginURI(owner, admin.Backoffice, password); err != nil {
		return err
	}
	if t.Backoffice, err = t.storeOf(ctx, t.BackofficeURI); err != nil {
		return err
	}
	// The first dispatcher would do so, after the first events.
	_, _, err = t.Dispatcher.SetDelivery(ctx, store.DeliveryLive, time.Now())
	return err
}

// Token makes a token of the integration API that may do everything.
func (t *Tenant) Token(ctx context.Context) (string, error) {
	token := rand.Text()
	return token, t.server.Tenant(t.schema).EnsureToken(ctx, "bench", token)
}

// keepWhatIsCommitted turns on what the servers of tests have off.
func (t *Tenant) keepWhatIsCommitted(ctx context.Context) error {
	conn, err := t.Superuser(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only told
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+conn.Config().Database+" SET synchronous_commit TO on"); err != nil {
		return fmt.Errorf("set up PostgreSQL: %w", err)
	}
	return nil
}

// storeOf is the store of a role, with the connections of a pod.
func (t *Tenant) storeOf(ctx context.Context, uri string) (*store.Store, error) {
	options, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	options.MaxConns = store.ConnectionsPerPod
	pool, err := pgxpool.NewWithConfig(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	t.pools = append(t.pools, pool)
	return store.New(pool), nil
}

// Superuser connects to the tenant's tables, past all rights.
func (t *Tenant) Superuser(ctx context.Context) (*pgx.Conn, error) {
	options, err := pgx.ParseConfig(t.superuser)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	if t.schema != "" {
		options.RuntimeParams["search_path"] = t.schema
	}
	conn, err := pgx.ConnectConfig(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return conn, nil
}

// Close ends the server and removes its data.
func (t *Tenant) Close() error {
	for _, pool := range t.pools {
		pool.Close()
	}
	if t.server != nil {
		t.server.Close()
	}
	if t.Postgres == nil {
		return nil
	}
	return t.Postgres.Close()
}

// The texts of a mail.
const (
	subject = "{{.data.number}}"
	text    = "This is message {{.data.number}}."
)

// Mail is the action that sends a mail to the customer.
func Mail() config.Action {
	return config.Action{Name: Action, Type: "Email", Email: &config.Email{To: []string{"Primary"}, Subject: config.BodyOf(subject), Text: config.BodyOf(text)}}
}

// Webhook is the action that calls an address with the event.
func Webhook(url string) config.Action {
	return config.Action{Name: Action, Type: "Webhook", Webhook: &config.Webhook{URL: url}}
}

// Documents are the settings and the routing document, by which each event has an action,
// and mails go to a server.
func Documents(smtp config.SMTP, action config.Action) (live, routing []byte, err error) {
	tenant, err := json.Marshal(config.Tenant{
		Namespace: "bench", DisplayName: "Acme", Hostname: "my.acme.example", Session: config.Session{IdleSeconds: 60, MaxSeconds: 600},
		Delivery:   config.Delivery{Mode: config.DeliveryLive},
		Email:      config.EmailChannel{From: "post@acme.example", SMTP: smtp},
		Events:     []catalog.Own{{Name: EventType, Fields: []catalog.OwnField{{Name: "number", Type: catalog.Text}}}},
		Attributes: settings.Attributes{Currency: "AUD", Locale: "en-AU", TimeZone: "Australia/Sydney"},
	})
	if err != nil {
		return nil, nil, err
	}
	live, err = config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{Name: "acme", UID: "u", Generation: 1, Content: tenant}})
	if err != nil {
		return nil, nil, err
	}
	template, err := json.Marshal(config.EventTemplate{Event: EventType, AccountProfiles: []string{config.BuiltInProfile}, Actions: []config.Action{action}})
	if err != nil {
		return nil, nil, err
	}
	routing, err = config.EncodeRouting(config.Routing{
		Format: config.RoutingFormat, Tenant: "acme", Templates: []config.Entry{{Name: Template, UID: "u", Generation: 1, Content: template}},
		Bodies: map[config.BodyRef]string{config.BodyOf(subject): subject, config.BodyOf(text): text},
	})
	return live, routing, err
}

// KeyFile is a file of a tenant's keys.
func KeyFile() string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))) + "\n"
}

// Keys are the tenant's keys.
func Keys() (*identity.Keys, error) { return identity.ParseKeys([]byte(KeyFile()), []byte(KeyFile())) }

// AccountID is the id of the n-th customer.
func AccountID(n int) string { return fmt.Sprintf("a%07d", n) }

// Address is the mail address of a customer's contact.
func Address(account string) string { return "dana@" + account + ".example" }

// customersAtOnce is how many customers are written in one transaction.
const customersAtOnce = 1000

// Customers writes accounts with a contact each.
func (t *Tenant) Customers(ctx context.Context, count int) error {
	for from := 0; from < count; from += customersAtOnce {
		var people []store.Item[store.Contact]
		var customers []store.Item[store.Account]
		for n := from; n < min(from+customersAtOnce, count); n++ {
			id := AccountID(n)
			a := store.Account{Row: store.Row{ID: id}, Name: "Customer " + id, Status: settings.Active}
			c := store.Contact{Row: store.Row{ID: "c" + id, AccountID: id}, FirstName: "Dana", LastName: "Smith", Email: Address(id),
				Roles: []string{"Primary"}, Owner: true, Access: store.AccessActive}
			customers = append(customers, store.Item[store.Account]{ID: a.ID, Decide: func(*store.Account) (store.Account, *store.Refusal) { return a, nil }})
			people = append(people, store.Item[store.Contact]{ID: c.ID, Decide: func(*store.Contact) (store.Contact, *store.Refusal) { return c, nil }})
		}
		err := t.Backoffice.Write(ctx, store.Origin{Actor: "bench", Now: time.Now(), Quiet: true, Unaudited: true}, func(ctx context.Context, w *store.Writer) error {
			if _, err := w.PutAccounts(ctx, customers); err != nil {
				return err
			}
			_, err := w.PutContacts(ctx, people)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Tell emits events with the numbers from to to, of the customers in turn. A number that was
// told before is not told again.
func (t *Tenant) Tell(ctx context.Context, from, to, customers int) error {
	return t.Backoffice.Write(ctx, store.Origin{Actor: "bench", Now: time.Now()}, func(ctx context.Context, w *store.Writer) error {
		list := make([]store.Event, 0, to-from)
		for n := from; n < to; n++ {
			data, err := json.Marshal(map[string]any{"data": map[string]any{"number": fmt.Sprint(n)}})
			if err != nil {
				return err
			}
			list = append(list, store.Event{Source: "/load", ID: fmt.Sprint(n), Type: EventType, AccountID: AccountID(n % customers), Data: data})
		}
		_, err := w.EmitForeign(ctx, list)
		return err
	})
}
