package ledger

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/tenant"
)

// floor is River, on the same server.
type floor struct {
	pool *pgxpool.Pool
	done atomic.Int64
}

// job does nothing.
type job struct {
	Number int `json:"number"`
}

// Kind implements river.JobArgs.
func (job) Kind() string { return "nothing" }

type worker struct {
	river.WorkerDefaults[job]
	f *floor
}

// Work implements river.Worker.
func (w *worker) Work(context.Context, *river.Job[job]) error {
	w.f.done.Add(1)
	return nil
}

func newRiver(ctx context.Context, t *tenant.Tenant) (*floor, error) {
	_, uri, err := t.Postgres.ManagerDatabase(ctx)
	if err != nil {
		return nil, err
	}
	f := &floor{}
	if f.pool, err = pgxpool.New(ctx, uri); err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	if _, err := f.pool.Exec(ctx, "ALTER DATABASE "+f.pool.Config().ConnConfig.Database+" SET synchronous_commit TO on"); err != nil {
		return nil, fmt.Errorf("set up PostgreSQL: %w", err)
	}
	f.pool.Reset() // with that setting
	migrator, err := rivermigrate.New(riverpgxv5.New(f.pool), nil)
	if err != nil {
		return nil, fmt.Errorf("migrate River: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrate River: %w", err)
	}
	return f, nil
}

func (f *floor) close() { f.pool.Close() }

// round inserts jobs, and measures that they are worked off.
func (f *floor) round(ctx context.Context, count int, progress func(string, ...any)) (rate float64, err error) {
	f.done.Store(0)
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{f: f})
	client, err := river.NewClient(riverpgxv5.New(f.pool), &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}}, Workers: workers,
		FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return 0, fmt.Errorf("make a client of River: %w", err)
	}
	jobs := make([]river.InsertManyParams, count)
	for i := range jobs {
		jobs[i].Args = job{i}
	}
	if _, err := client.InsertManyFast(ctx, jobs); err != nil {
		return 0, fmt.Errorf("insert jobs: %w", err)
	}
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, fmt.Errorf("start River: %w", err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int(f.done.Load()) < count && ctx.Err() == nil {
		<-tick.C
	}
	if err := client.Stop(ctx); err != nil { // every outcome is on record
		return 0, fmt.Errorf("stop River: %w", err)
	}
	return rateOf(started, count, "River", progress)
}
