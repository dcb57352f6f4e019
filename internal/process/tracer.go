package process

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/tracing"
)

// tracer sits in every connection of a pool. It notices that a connection could be
// made after one that could not, and bounds the time that a statement may take.
type tracer struct {
	returned func()
	timeout  time.Duration
	away     atomic.Bool
}

var (
	_ pgx.ConnectTracer = (*tracer)(nil)
	_ pgx.QueryTracer   = (*tracer)(nil)
	_ pgx.BatchTracer   = (*tracer)(nil)
)

func (t *tracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

func (t *tracer) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	if data.Err != nil {
		if !errors.Is(data.Err, context.Canceled) { // the asker left: says nothing of the database
			t.away.Store(true)
		}
		return
	}
	if t.away.Swap(false) {
		t.returned()
	}
}

type cancelKey struct{}

// bound gives a statement a deadline; release ends its timer.
func (t *tracer) bound(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

func release(ctx context.Context) {
	if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
		cancel()
	}
}

func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.bound(tracing.BeginStatement(ctx, data.SQL))
}

func (t *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	tracing.EndStatement(ctx, data.Err)
	release(ctx)
}

func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.bound(tracing.BeginStatement(ctx, "BATCH"))
}

func (t *tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (t *tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	tracing.EndStatement(ctx, data.Err)
	release(ctx)
}
