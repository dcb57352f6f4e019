package process

import (
	"context"
	"net/http"

	"github.com/foyerhq/foyer/internal/tracing"
)

// begin starts the span of a request. Whoever sends it does not decide which trace it is a
// part of: that is for the processes of the house.
func (o *Observer) begin(r *http.Request, id string) (context.Context, tracing.Span) {
	ctx, span := tracing.Serve(r.Context(), methodLabel(r.Method))
	span.Text(tracing.KeyRequest, id)
	return ctx, span
}

// endRequest ends the span of a request with its route pattern: no path, no person.
func endRequest(span tracing.Span, r *http.Request, status int) {
	if !span.Recorded() {
		return
	}
	span.Text("http.request.method", methodLabel(r.Method))
	span.Number("http.response.status_code", int64(status))
	if r.Pattern != "" {
		span.Name(methodLabel(r.Method) + " " + routeOf(r.Pattern))
		span.Text("http.route", routeOf(r.Pattern))
	}
	if status >= http.StatusInternalServerError {
		span.Fail(http.StatusText(status))
	}
	span.End(nil)
}

// recordLoad records, in the trace of the document, that this replica runs it from now on,
// or that it could not load a newer one.
func recordLoad(document Document, digest string, problem error) {
	_, span := tracing.Begin(tracing.FollowDigest(context.Background(), digest), "load "+string(document))
	span.Text("foyer."+string(document)+".digest", digest)
	span.End(problem)
}

// beginAcknowledge records, in the trace of the settings document, that this replica says
// what it runs.
func beginAcknowledge(ctx context.Context, running map[Document]Running) (context.Context, tracing.Span) {
	ctx, span := tracing.Begin(tracing.FollowDigest(ctx, running[SettingsDocument].Digest), "acknowledge")
	span.Text(tracing.KeySettings, running[SettingsDocument].Digest)
	span.Text(tracing.KeyRouting, running[RoutingDocument].Digest)
	return ctx, span
}
