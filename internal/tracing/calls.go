package tracing

import (
	"context"
	"net/http"
	"strings"
)

// Transport records the calls of a client of the API server that are a part of something
// recorded: method and path, which names a kind and an object, and never a body.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := Below(r.Context(), "API "+r.Method)
	if !span.Recorded() {
		return t.next.RoundTrip(r)
	}
	span.Text("http.request.method", r.Method)
	span.Text("url.path", r.URL.Path)
	answer, err := t.next.RoundTrip(r.WithContext(ctx))
	if err == nil {
		span.Number("http.response.status_code", int64(answer.StatusCode))
		if answer.StatusCode >= http.StatusBadRequest {
			span.Fail(http.StatusText(answer.StatusCode))
		}
	}
	span.End(err)
	return answer, err
}

type statementKey struct{}

// BeginStatement records a statement of SQL that is a part of something recorded, by its
// kind: neither its text nor its values. [EndStatement] ends it.
func BeginStatement(ctx context.Context, sql string) context.Context {
	if !On() {
		return ctx
	}
	ctx, span := Below(ctx, "SQL")
	if !span.Recorded() {
		return ctx
	}
	kind := statementKind(sql)
	span.Name("SQL " + kind)
	span.Text("db.system.name", "postgresql")
	span.Text("db.operation.name", kind)
	return context.WithValue(ctx, statementKey{}, span)
}

// EndStatement ends what BeginStatement began, if it did.
func EndStatement(ctx context.Context, err error) {
	if !On() {
		return
	}
	if span, ok := ctx.Value(statementKey{}).(Span); ok {
		span.End(err)
	}
}

// statementKind is the first word of a statement, if that is one of those that we use.
func statementKind(sql string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	word, _, _ = strings.Cut(strings.ToUpper(word), "\n")
	switch word = strings.TrimRight(word, ";"); word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK", "SET", "COPY",
		"BATCH", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT":
		return word
	}
	return "other"
}
