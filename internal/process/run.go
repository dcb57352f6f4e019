package process

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/tracing"
)

// Program says what a binary of the data plane is. It has a Handler, or Work.
type Program struct {
	Component string // portal, backoffice, dispatcher
	Version   string // of the release
	Listen    string // default address of its own listener; empty: it has none
	// Flags declares the flags that only this binary has; nil: none.
	Flags func(*flag.FlagSet)
	// Handler makes what the binary serves, once the first settings document is loaded.
	Handler func(*Runtime) (http.Handler, error)
	// Work makes what a binary without a listener of its own does instead. That begins when
	// the database has the schema that it needs, and ends in good order once its ctx ends.
	Work func(*Runtime) (func(ctx context.Context), error)
	// GCPercent is how much the heap may grow while the process is at work before it is
	// collected, in percent; 0: Go's own.
	GCPercent int
}

// Runtime is what a handler works with.
type Runtime struct {
	Flags    Flags
	Version  string
	Log      *slog.Logger
	Metrics  *prometheus.Registry
	Store    *store.Store
	Settings func() *config.Live // the document in force, never nil; ask once per request
	Stopping <-chan struct{}     // closed when no new connections are taken

	component    string
	health       *Health
	acknowledger *Acknowledger
	login        func() string   // the role by which the database is reached
	migrated     chan struct{}   // closed when the database has the schema that is needed
	stop         context.Context // ends when the process is asked to stop
	ctx          context.Context // ends after the last request
	background   sync.WaitGroup
}

// Go runs work beside the requests. Its ctx ends after the last request, and the
// process waits for it.
func (r *Runtime) Go(work func(ctx context.Context)) {
	r.background.Go(func() { work(r.ctx) })
}

// Main runs a program until SIGTERM or an interrupt, and returns its exit code.
func Main(p Program) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := Run(ctx, p, os.Args[1:], os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	}
	NewLogger(os.Stderr, p.Component).Error("stopped", "error", err)
	return 1
}

// The requirements of readiness, as /readyz names them.
const (
	needSettings = string(SettingsDocument)
	needDatabase = "database"
	needProcess  = "process"
)

// Run is the life of a program until ctx ends. Logs go to output.
func Run(ctx context.Context, p Program, args []string, output io.Writer) error {
	var own []func(*flag.FlagSet)
	if p.Flags != nil {
		own = append(own, p.Flags)
	}
	flags, err := ParseFlags(p.Component, p.Listen, args, output, own...)
	if err != nil {
		return err
	}
	log := NewLogger(output, p.Component)
	metrics := NewMetrics(p.Component, p.Version)
	health := NewHealth(map[string]string{needSettings: "not loaded yet", needDatabase: "not reached yet", needProcess: "is starting"})

	tracing.Report(func(err error) { log.Warn("traces could not be sent", "error", err) })
	stopTracing, err := tracing.Start(ctx, os.Getenv, p.Component, p.Version, flags.Pod)
	if err != nil {
		return err
	}
	defer stopTracing()
	afterRequests, end := context.WithCancel(context.WithoutCancel(ctx))
	stopping := make(chan struct{})
	r := &Runtime{Flags: flags, Version: p.Version, Log: log, Metrics: metrics, Stopping: stopping,
		component: p.Component, health: health, migrated: make(chan struct{}), stop: ctx, ctx: afterRequests}
	stop := func() { end(); r.background.Wait() }
	defer stop()

	r.Go(func(ctx context.Context) { keepSmall(ctx, cmp.Or(p.GCPercent, workPercent)) })
	if err := serveAdmin(r, health); err != nil {
		return err
	}
	pool, err := OpenPool(log, flags.DatabaseDir, p.Component)
	if err != nil {
		return err
	}
	defer pool.Close()
	defer stop() // the background uses the pool
	metrics.MustRegister(poolCollector{pool})
	r.Store = store.New(pool)
	r.login = pool.Login
	r.Go(func(ctx context.Context) {
		if waitForSchema(ctx, r.Store, health, log) {
			close(r.migrated)
		}
	})

	if !followSettings(r, pool.Returned()) {
		return nil
	}
	if p.Work != nil {
		return work(ctx, p, r)
	}
	return serve(ctx, p, r, stopping)
}

func serve(ctx context.Context, p Program, r *Runtime, stopping chan struct{}) error {
	handler, err := p.Handler(r)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.Flags.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	r.Log.Info("serving", "version", p.Version, "pod", r.Flags.Pod, "address", listener.Addr().String())
	r.health.Meet(needProcess)
	server := NewServer(handler, r.Log)
	server.RegisterOnShutdown(func() { close(stopping) })
	return Serve(ctx, server, listener, r.health, r.Flags.Drain)
}

// work is serve for a program without a listener of its own.
func work(ctx context.Context, p Program, r *Runtime) error {
	run, err := p.Work(r)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	r.health.Meet(needProcess)
	select {
	case <-r.migrated:
	case <-ctx.Done():
		return nil
	}
	r.Log.Info("working", "version", p.Version, "pod", r.Flags.Pod)
	defer context.AfterFunc(ctx, func() { r.health.Fail(needProcess, "is stopping") })()
	run(ctx)
	return nil
}

// serveAdmin starts the admin listener, which is the first to come and the last to go.
func serveAdmin(r *Runtime, health *Health) error {
	listener, err := (&net.ListenConfig{}).Listen(r.ctx, "tcp", r.Flags.AdminListen)
	if err != nil {
		return fmt.Errorf("--admin-listen: %w", err)
	}
	r.Log.Info("admin listener", "address", listener.Addr().String())
	server := NewServer(Admin(health, r.Metrics), r.Log)
	r.Go(func(context.Context) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.Log.Error("the admin listener failed", "error", err)
		}
	})
	r.Go(func(ctx context.Context) {
		<-ctx.Done()
		server.Close() //nolint:errcheck // the process ends
	})
	return nil
}

// Bounds of the wait between two looks for the schema.
const (
	minSchemaDelay = 200 * time.Millisecond
	maxSchemaDelay = 5 * time.Second
	schemaTimeout  = 5 * time.Second
)

// waitForSchema asks until the database was reached and its schema is new enough. It
// then never asks again: a schema does not become older, and the present state of the
// database is none of readiness's business. It returns false if ctx ended before.
func waitForSchema(ctx context.Context, s *store.Store, health *Health, log *slog.Logger) bool {
	for delay := minSchemaDelay; ; delay = min(2*delay, maxSchemaDelay) {
		reason, cause := schemaProblem(ctx, s)
		if reason == "" {
			health.Meet(needDatabase)
			return true
		}
		health.Fail(needDatabase, reason)
		log.Warn("waiting for the database", "reason", reason, "error", cause)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(delay):
		}
	}
}

// schemaProblem says what is missing in words that anybody may read on /readyz. The
// cause names the server and the role: it is for the log only.
func schemaProblem(ctx context.Context, s *store.Store) (reason string, cause error) {
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	version, err := s.SchemaVersion(ctx)
	switch {
	case store.Unavailable(err):
		return "it does not answer, or refuses this replica: the log says why", err
	case err != nil:
		return "its schema cannot be read yet: the log says why", err
	case version < store.RequiredSchemaVersion:
		return fmt.Sprintf("its schema has version %d and this release needs %d, the operator migrates it", version, store.RequiredSchemaVersion), nil
	}
	return "", nil
}
