package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/config/reload"
	"github.com/foyerhq/foyer/internal/store"
)

// uriFile is the key of a tenant's database Secret, and its file name when mounted.
const uriFile = "uri"

// Bounds of a pool. The login role's connection limit allows maxConns to every pod, and
// twice that during a rotation.
const (
	maxConns          = store.ConnectionsPerPod
	maxConnLifetime   = time.Hour
	lifetimeJitter    = 10 * time.Minute
	maxConnIdleTime   = 5 * time.Minute
	healthCheckPeriod = 30 * time.Second
	connectTimeout    = 3 * time.Second
	pingTimeout       = time.Second

	// answerTimeout is for a server or network that hangs: it is longer than a
	// statement takes that a role's statement_timeout lets run.
	answerTimeout = 35 * time.Second
)

// Pool is a connection pool that follows the URI in a mounted directory: when it
// changes, new work goes to a new pool, and the old one is closed when its last
// query has ended. Nothing waits for the database when the Pool is opened, so a
// replica starts while it is away. A Pool satisfies store.DB.
type Pool struct {
	path      string
	component string
	timeout   time.Duration
	returned  chan struct{}

	mu      sync.RWMutex
	current *generation
	leaving int // generations before it that still have work

	stopWatching context.CancelFunc
	work         sync.WaitGroup // watching, and closing old pools
}

// generation is the pool of one URI. users counts calls that may still acquire a
// connection from it.
type generation struct {
	uri   string
	login string // the role of the uri
	pool  *pgxpool.Pool
	users sync.WaitGroup
}

// OpenPool opens the pool of a component from the file uri in dir, and follows the
// file until Close.
func OpenPool(log *slog.Logger, dir, component string) (*Pool, error) {
	return openPool(log, dir, component, answerTimeout)
}

func openPool(log *slog.Logger, dir, component string, timeout time.Duration) (*Pool, error) {
	p := &Pool{
		path:      filepath.Join(dir, uriFile),
		component: component,
		timeout:   timeout,
		returned:  make(chan struct{}, 1),
	}
	if _, err := p.reload(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stopWatching = stop
	p.work.Go(func() {
		reload.Watch(ctx, dir, func() { p.follow(log) })
	})
	return p, nil
}

func (p *Pool) follow(log *slog.Logger) {
	changed, err := p.reload()
	switch {
	case err != nil:
		log.Error("keeping the last database address", "error", err)
	case changed:
		log.Info("the database address changed, new work goes to a new pool")
		p.announce()
	}
}

// Returned receives after the database could be reached again, after a change of its
// address, and when nothing uses the former address any more.
func (p *Pool) Returned() <-chan struct{} { return p.returned }

// Login is the role that the pool signs in as; empty while connections of a former one
// are in use, or may still be made.
func (p *Pool) Login() string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.leaving > 0 {
		return ""
	}
	return p.current.login
}

func (p *Pool) announce() {
	select {
	case p.returned <- struct{}{}:
	default:
	}
}

// reload opens a new pool if the file has another URI than the current pool.
func (p *Pool) reload() (changed bool, err error) {
	content, err := os.ReadFile(p.path)
	if err != nil {
		return false, fmt.Errorf("read the database address, which the operator mounts: %w", err)
	}
	uri := strings.TrimSpace(string(content))
	p.mu.RLock()
	same := p.current != nil && p.current.uri == uri
	p.mu.RUnlock()
	if same {
		return false, nil
	}
	next, err := p.open(uri)
	if err != nil {
		return false, err
	}
	p.swap(next)
	return true, nil
}

func (p *Pool) open(uri string) (*generation, error) {
	config, err := pgxpool.ParseConfig(uri)
	if err != nil || uri == "" {
		// The parser's error quotes the URI: it stays out of logs.
		return nil, fmt.Errorf("the database address in %s is not a postgres:// URI", p.path)
	}
	config.MaxConns = maxConns
	config.MaxConnLifetime = maxConnLifetime
	config.MaxConnLifetimeJitter = lifetimeJitter
	config.MaxConnIdleTime = maxConnIdleTime
	config.HealthCheckPeriod = healthCheckPeriod
	config.PingTimeout = pingTimeout
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "foyer-" + p.component
	config.ConnConfig.Tracer = &tracer{returned: p.announce, timeout: p.timeout}
	pool, err := pgxpool.NewWithConfig(context.Background(), config) // connects when needed
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return &generation{uri: uri, login: config.ConnConfig.User, pool: pool}, nil
}

func (p *Pool) swap(next *generation) {
	p.mu.Lock()
	old := p.current
	p.current = next
	if old != nil {
		p.leaving++
	}
	p.mu.Unlock()
	if old != nil {
		p.work.Go(func() { p.leave(old) })
	}
}

// leave ends a former generation.
func (p *Pool) leave(old *generation) {
	old.close()
	p.mu.Lock()
	p.leaving--
	p.mu.Unlock()
	p.announce()
}

// close waits for the calls that hold the generation, then for their connections.
func (g *generation) close() {
	g.users.Wait()
	g.pool.Close()
}

// use returns the current generation; the caller ends with users.Done when it has
// its connection. The lock orders Add before the Wait in close.
func (p *Pool) use() *generation {
	p.mu.RLock()
	defer p.mu.RUnlock()
	p.current.users.Add(1)
	return p.current
}

// Close ends following the file, and closes the pools when their last queries have
// ended. Nothing may use the Pool any more.
func (p *Pool) Close() {
	p.stopWatching()
	p.mu.RLock()
	current := p.current
	p.mu.RUnlock()
	p.work.Wait()
	current.close()
}

// Stat returns the statistics of the current pool.
func (p *Pool) Stat() *pgxpool.Stat {
	g := p.use()
	defer g.users.Done()
	return g.pool.Stat()
}

// Exec runs a statement.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	g := p.use()
	defer g.users.Done()
	return g.pool.Exec(ctx, sql, args...)
}

// Query runs a query; closing the rows gives the connection back.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	g := p.use()
	defer g.users.Done()
	return g.pool.Query(ctx, sql, args...) //nolint:sqlclosecheck // the caller closes the rows
}

// QueryRow runs a query of one row; Scan gives the connection back.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	g := p.use()
	defer g.users.Done()
	return g.pool.QueryRow(ctx, sql, args...)
}

// SendBatch sends statements in one round trip; closing the results gives the
// connection back.
func (p *Pool) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	g := p.use()
	defer g.users.Done()
	return g.pool.SendBatch(ctx, batch)
}

// BeginTx begins a transaction; its end gives the connection back.
func (p *Pool) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	g := p.use()
	defer g.users.Done()
	return g.pool.BeginTx(ctx, options)
}
