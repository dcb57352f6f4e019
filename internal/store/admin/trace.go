package admin

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/tracing"
)

// statements records the statements that are a part of something recorded.
type statements struct{}

var (
	_ pgx.QueryTracer = statements{}
	_ pgx.BatchTracer = statements{}
)

func (statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return tracing.BeginStatement(ctx, data.SQL)
}

func (statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	tracing.EndStatement(ctx, data.Err)
}

func (statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return tracing.BeginStatement(ctx, "BATCH")
}

func (statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	tracing.EndStatement(ctx, data.Err)
}
