// Package signin measures what a sign-in costs: the processor time of a whole request
// besides the hash of the password, how many people get in per second against the bare
// hash, and whether the time of an answer tells that there is such a user.
//
// The portal is the real one, in this process and without a network in front of it, on a
// real PostgreSQL with the roles and grants of a tenant. Its clock goes on by more than a
// day with each request, so that nobody is delayed for the failures before.
package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/portal"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// Progress tells what is going on.
type Progress func(format string, args ...any)

const (
	people   = 100
	password = "flat white, no sugar" //nolint:gosec // of people that are made up
	forgets  = 25 * time.Hour         // after which no failure counts any more
)

// world is a tenant on a database server.
type world struct {
	server *postgres.Server
	tenant *admin.Server
	pool   *pgxpool.Pool
	rows   *pgx.Conn // as superuser, in the tenant's schema
	live   *config.Live
	clock  atomic.Int64 // days
}

// site is the portal with a way to hash passwords.
type site struct {
	world   *world
	hasher  *identity.Hasher
	handler http.Handler
	stored  string // the hash that everybody has
	end     context.CancelFunc
	ended   chan struct{}
}

const document = `{"format":1,"tenant":{"name":"acme","uid":"u1","generation":1,"content":{"namespace":"acme","displayName":"Acme",
"hostname":"my.acme.example","defaultMyAccountProfile":"full","session":{"idleSeconds":1800,"maxSeconds":43200}}},
"myAccountProfiles":[{"name":"full","uid":"u2","generation":1,"content":{"displayName":"Full","features":["ViewInvoices","ViewActivity"]}}]}`

func start(ctx context.Context) (*world, error) {
	w := &world{}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) prepare(ctx context.Context) (err error) {
	if w.live, err = config.Load([]byte(document)); err != nil {
		return err
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
	const secret = "of-the-benchmark" // of a server that nobody else reaches
	prepared, err := w.tenant.Prepare(ctx, owner, map[string]admin.Login{admin.Portal: {Password: secret, Replicas: 4}}, nil)
	if err != nil {
		return err
	}
	if _, err := w.tenant.Tenant(prepared.Schema).Upkeep(ctx, time.Now(), func() admin.Policy { return admin.Policy{} }); err != nil {
		return err
	}
	uri, err := w.tenant.LoginURI(owner, admin.Portal, secret)
	if err != nil {
		return err
	}
	if w.pool, err = pgxpool.New(ctx, uri); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return w.fill(ctx, superuser, prepared.Schema)
}

// fill makes the people, each the owner of an account, without passwords.
func (w *world) fill(ctx context.Context, uri, schema string) error {
	options, err := pgx.ParseConfig(uri)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	options.RuntimeParams["search_path"] = schema
	if w.rows, err = pgx.ConnectConfig(ctx, options); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	for _, sql := range []string{
		`INSERT INTO account (id, name, status) SELECT n, 'Customer ' || n, 'Active' FROM generate_series(0, $1::int - 1) n`,
		`INSERT INTO app_user (id, username, email) SELECT gen_random_uuid(), 'person' || n, 'person' || n || '@mail.example' FROM generate_series(0, $1::int - 1) n`,
		`INSERT INTO contact (id, account_id, user_id, access, owner) SELECT substr(username, 7), substr(username, 7), id, 'Active', true FROM app_user LIMIT $1::int`,
	} {
		if _, err := w.rows.Exec(ctx, sql, people); err != nil {
			return fmt.Errorf("make people: %w", err)
		}
	}
	return nil
}

// serve gives everybody the password and starts a portal.
func (w *world) serve(ctx context.Context, params identity.Params) (*site, error) {
	atOnce := runtime.GOMAXPROCS(0)
	s := &site{world: w, hasher: identity.NewHasher(params, identity.NewQueue(atOnce, 1000, time.Minute)), ended: make(chan struct{})}
	var err error
	if s.stored, err = s.hasher.Hash(ctx, password); err != nil {
		return nil, err
	}
	if _, err := w.rows.Exec(ctx, "UPDATE app_user SET password_hash = $1", s.stored); err != nil {
		return nil, fmt.Errorf("set passwords: %w", err)
	}
	if _, err := w.rows.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return nil, fmt.Errorf("vacuum: %w", err)
	}
	log, metrics := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	p := portal.New(portal.Options{
		Store: store.New(w.pool), Settings: func() *config.Live { return w.live }, Hasher: s.hasher, Log: log, Metrics: metrics, Now: w.now,
	})
	s.handler = p.Handler(process.NewObserver(log, metrics, nil))
	running, end := context.WithCancel(ctx)
	s.end = end
	go func() {
		defer close(s.ended)
		p.Run(running)
	}()
	return s, nil
}

func (s *site) close() {
	s.end()
	<-s.ended
}

func (w *world) now() time.Time {
	return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Add(time.Duration(w.clock.Load()) * forgets)
}

// signIn sends the form of the sign-in page.
func (s *site) signIn(login, password, from string, want int) error {
	s.world.clock.Add(1)
	form := url.Values{"login": {login}, "password": {password}}.Encode()
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "https://my.acme.example/sign-in", strings.NewReader(form))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.RemoteAddr = from
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, request)
	if answer.Code != want {
		return fmt.Errorf("sign-in of %s: status %d, want %d", login, answer.Code, want)
	}
	return nil
}

// enter signs one of the first half of the people in, with a browser that nobody used
// before.
func (s *site) enter(n int) error {
	return s.signIn(fmt.Sprint("person", n%(people/2)), password, "203.0.113.7:4000", http.StatusSeeOther)
}

// close ends everything.
func (w *world) close() error {
	var problems []error
	if w.rows != nil {
		problems = append(problems, w.rows.Close(context.Background()))
	}
	if w.pool != nil {
		w.pool.Close()
	}
	if w.tenant != nil {
		w.tenant.Close()
	}
	if w.server != nil {
		problems = append(problems, w.server.Close())
	}
	return errors.Join(problems...)
}
