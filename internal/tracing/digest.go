package tracing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// ids makes the numbers of traces and spans: random ones, or those of a digest.
type ids struct{}

type firstKey struct{}

// first is the span that begins the trace of a digest.
type first struct {
	trace trace.TraceID
	span  trace.SpanID
}

// NewIDs implements the SDK's IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if of, ok := ctx.Value(firstKey{}).(first); ok {
		return of.trace, of.span
	}
	var t trace.TraceID
	rand.Read(t[:]) // never fails
	return t, newSpanID()
}

// NewSpanID implements the SDK's IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return newSpanID() }

func newSpanID() (s trace.SpanID) {
	rand.Read(s[:]) // never fails
	return s
}

// WithDigest makes the next span of ctx the first of the trace of a document, whatever ctx
// was a part of.
func WithDigest(ctx context.Context, digest string) context.Context {
	if !On() {
		return ctx
	}
	of, ok := firstOf(digest)
	if !ok {
		return ctx
	}
	ctx = trace.ContextWithSpan(ctx, trace.SpanFromContext(context.Background()))
	return context.WithValue(ctx, firstKey{}, of)
}

// FollowDigest makes the next span of ctx a part of the trace of a document that somebody
// else made. It is kept where that one's first span was: samplers decide by the number of the
// trace, and all processes of a tenant have the operator's.
func FollowDigest(ctx context.Context, digest string) context.Context {
	p := provider.Load()
	if p == nil {
		return ctx
	}
	of, ok := firstOf(digest)
	if !ok {
		return ctx
	}
	// What would be decided of the first span; it is never ended, so nobody gets it.
	_, asked := start(context.WithValue(context.Background(), firstKey{}, of), p, "first", trace.SpanKindInternal, time.Time{})
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: of.trace, SpanID: of.span, TraceFlags: asked.span.SpanContext().TraceFlags(), Remote: true,
	}))
}

// firstOf takes both numbers out of a digest: "sha256:" and hexadecimal digits.
func firstOf(digest string) (first, bool) {
	raw, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	var of first
	if err != nil || len(raw) < len(of.trace)+len(of.span) {
		return first{}, false
	}
	copy(of.trace[:], raw)
	copy(of.span[:], raw[len(of.trace):])
	return of, of.trace.IsValid() && of.span.IsValid()
}
