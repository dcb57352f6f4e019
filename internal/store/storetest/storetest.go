// Package storetest gives tests a tenant in a real database: prepared as the manager
// does it, and reached with the login roles of its components.
package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// Password is the password of the login roles.
const Password = "correct-horse-battery-staple"

// Tenant is a prepared tenant.
type Tenant struct {
	Owner  admin.Owner
	Schema string
	Server *admin.Server // the manager's connections
	Admin  *admin.Tenant // the manager's view

	PortalURI     string // what the portal's Secret holds
	BackofficeURI string
	DispatcherURI string

	Portal     *store.Store // with the rights of the portal
	Backoffice *store.Store // with the rights of the backoffice
	Dispatcher *store.Store // with the rights of the dispatcher
}

// New prepares a tenant named acme in a database of its own.
func New(t testing.TB, server *postgres.Server) *Tenant {
	t.Helper()
	return NewIn(t, server.Manager(t), "acme")
}

// NewIn prepares a tenant in the database of a manager's URI.
func NewIn(t testing.TB, managerURI, name string) *Tenant {
	t.Helper()
	return Adopt(t, managerURI, "customers", name)
}

// Adopt prepares a tenant in a cluster of its own, because roles are of the whole server.
// It may take over the schemas that are named.
func Adopt(t testing.TB, managerURI, namespace, name string, schemas ...string) *Tenant {
	t.Helper()
	tenant := &Tenant{Owner: admin.Owner{ClusterUID: rand.Text(), Namespace: namespace, Name: name}}
	var err error
	if tenant.Server, err = admin.Open(admin.Config{URI: managerURI}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tenant.Server.Close)
	prepared, err := tenant.Server.Prepare(t.Context(), tenant.Owner, Logins(), schemas)
	if err != nil {
		t.Fatal(err)
	}
	tenant.Schema = prepared.Schema
	tenant.Admin = tenant.Server.Tenant(prepared.Schema)
	tenant.PortalURI = tenant.loginURI(t, admin.Portal)
	tenant.BackofficeURI = tenant.loginURI(t, admin.Backoffice)
	tenant.DispatcherURI = tenant.loginURI(t, admin.Dispatcher)
	tenant.Portal = store.New(Pool(t, tenant.PortalURI))
	tenant.Backoffice = store.New(Pool(t, tenant.BackofficeURI))
	tenant.Dispatcher = store.New(Pool(t, tenant.DispatcherURI))
	return tenant
}

// Accounts writes accounts as they are given, with the customer groups that they name.
func Accounts(t testing.TB, s *store.Store, accounts ...store.Account) {
	t.Helper()
	var groups []store.Item[store.Group]
	var items []store.Item[store.Account]
	named := map[string]bool{}
	for _, a := range accounts {
		items = append(items, store.Item[store.Account]{ID: a.ID, Decide: func(*store.Account) (store.Account, *store.Refusal) { return a, nil }})
		for _, g := range a.Groups {
			if !named[g] {
				groups = append(groups, store.Item[store.Group]{ID: g, Decide: func(*store.Group) (store.Group, *store.Refusal) { return store.Group{}, nil }})
			}
			named[g] = true
		}
	}
	origin := store.Origin{Actor: "test", Now: time.Now(), Quiet: true, Unaudited: true}
	err := s.Write(t.Context(), origin, func(ctx context.Context, w *store.Writer) error {
		if _, err := w.PutGroups(ctx, groups); err != nil {
			return err
		}
		written, err := w.PutAccounts(ctx, items)
		for _, r := range written {
			if r.Outcome == store.Refused {
				return fmt.Errorf("%s: %s", r.Field, r.Message)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Logins are the logins of all components, for so many pods as a Tenant gets that says
// nothing.
func Logins() map[string]admin.Login {
	return map[string]admin.Login{
		admin.Portal:     {Password: Password, Replicas: 2},
		admin.Backoffice: {Password: Password, Replicas: 1},
		admin.Dispatcher: {Password: Password, Replicas: 1},
	}
}

func (tenant *Tenant) loginURI(t testing.TB, component string) string {
	t.Helper()
	uri, err := tenant.Server.LoginURI(tenant.Owner, component, Password)
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// Pool opens connections and closes them when the test ends.
func Pool(t testing.TB, uri string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
