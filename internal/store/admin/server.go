package admin

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Bounds of the manager's connections.
const (
	connectTimeout = 5 * time.Second
	callTimeout    = 20 * time.Second // for one transaction, migrations apart
	maxConns       = 16               // 8 passes and 4 preparations at once, and some to spare
	maxIdle        = 2 * time.Minute
)

// Config is how the manager reaches a server: what a server's Secret holds. It is
// never logged.
type Config struct {
	URI       string // postgres:// URI of a role that may make roles and schemas
	DirectURI string // the same past a pooler, for migrations; empty: URI
}

// String keeps the URIs out of logs and errors.
func (c Config) String() string { return "PostgreSQL server [redacted]" }

// GoString is String for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue is String for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Server is a PostgreSQL server that tenants live on. It is safe for concurrent use.
type Server struct {
	pool    *pgxpool.Pool
	pings   *pgxpool.Pool // one connection for Ping alone: a full pool is no outage
	direct  *pgx.ConnConfig
	uri     *url.URL
	secrets []string // passwords, to keep out of errors

	host     string
	database string
	user     string

	rights sync.Mutex // rights on the database are one row: one change at a time
}

// Open returns a server without connecting to it yet.
func Open(c Config) (*Server, error) {
	pooled, uri, err := parse("uri", c.URI)
	if err != nil {
		return nil, err
	}
	direct := pooled
	if c.DirectURI != "" {
		if direct, _, err = parse("directURI", c.DirectURI); err != nil {
			return nil, err
		}
	}
	pooled.MaxConns = maxConns
	pooled.MaxConnIdleTime = maxIdle
	pings := pooled.Copy()
	pooled.ConnConfig.Tracer = statements{}
	pings.MaxConns, pings.MinConns, pings.MinIdleConns = 1, 0, 0
	pool, err := newPool(pooled)
	if err != nil {
		return nil, err
	}
	pingPool, err := newPool(pings)
	if err != nil {
		pool.Close()
		return nil, err
	}
	conn := pooled.ConnConfig
	s := &Server{
		pool: pool, pings: pingPool, direct: direct.ConnConfig.Copy(), uri: uri,
		host:     net.JoinHostPort(conn.Host, strconv.Itoa(int(conn.Port))),
		database: cmp.Or(conn.Database, conn.User), // as the server does it
		user:     conn.User,
	}
	for _, password := range []string{conn.Password, direct.ConnConfig.Password} {
		if password != "" {
			s.secrets = append(s.secrets, password, url.QueryEscape(password), url.PathEscape(password))
		}
	}
	return s, nil
}

func newPool(config *pgxpool.Config) (*pgxpool.Pool, error) {
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, &Problem{Reason: Unreachable, Message: "the server's uri cannot be used"}
	}
	return pool, nil
}

// parse reads a URI. The parser's own errors quote it, so they are dropped.
func parse(key, text string) (*pgxpool.Config, *url.URL, error) {
	uri, err := url.Parse(text)
	if err != nil || (uri.Scheme != "postgres" && uri.Scheme != "postgresql") {
		return nil, nil, problem(Unreachable, "the server's %s is not of the form postgres://user:password@host:5432/database", key)
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, nil, problem(Unreachable, "the server's %s is not a valid PostgreSQL URI: check its host, port and parameters, and percent-encode special characters of the password", key)
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "foyer-manager"
	return config, uri, nil
}

// Close closes the server's connections.
func (s *Server) Close() {
	s.pings.Close()
	s.pool.Close()
}

// asOwner runs work in one transaction as the owner of a tenant's schema.
func (s *Server) asOwner(ctx context.Context, schema, begin string, work func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	options := pgx.TxOptions{BeginQuery: fmt.Sprintf("%s; SET LOCAL ROLE %s; SET LOCAL search_path TO %s, pg_temp; SET LOCAL lock_timeout TO '10s'",
		begin, name(schema), name(schema))}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return work(ctx, tx) })
}

// How transactions begin.
const (
	readWrite = "BEGIN"
	readOnly  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
)

// name quotes an identifier.
func name(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
