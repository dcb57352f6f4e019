package process

import (
	"io"
	"log/slog"
	"time"
)

// NewLogger returns the logger of a component: one JSON object per line, times in
// UTC. What is logged never holds a secret, a body or a raw path; callers see to it.
func NewLogger(w io.Writer, component string) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: inUTC})
	return slog.New(handler).With("component", component)
}

func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339Nano))
	}
	return a
}
