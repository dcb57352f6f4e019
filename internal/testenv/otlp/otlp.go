// Package otlp is a receiver of traces for tests: OTLP over HTTP on loopback.
package otlp

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// Span is what was received of one.
type Span struct {
	Resource, Attributes      map[string]string
	Name, Trace, ID, Parent   string
	Failed                    bool
	StartNanos, DurationNanos int64
}

// Collector keeps what it receives.
type Collector struct {
	URL string

	mu    sync.Mutex
	spans []Span
}

// New starts a collector for a test.
func New(t testing.TB) *Collector {
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var export collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &export)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, "not a trace", http.StatusBadRequest)
			return
		}
		c.keep(&export)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Environment is that of a process that sends its traces here.
func (c *Collector) Environment(name string) string {
	if name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		return c.URL
	}
	return ""
}

// Spans are those that were received so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

func (c *Collector) keep(export *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range export.ResourceSpans {
		resource := texts(of.Resource.Attributes)
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, Span{
					Resource: resource, Attributes: texts(s.Attributes), Name: s.Name,
					Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId),
					Failed:     s.Status.GetCode() == 2,
					StartNanos: int64(s.StartTimeUnixNano), DurationNanos: int64(s.EndTimeUnixNano - s.StartTimeUnixNano), //nolint:gosec // times of today fit
				})
			}
		}
	}
}

func texts(attributes []*common.KeyValue) map[string]string {
	list := map[string]string{}
	for _, a := range attributes {
		list[a.Key] = a.Value.GetStringValue()
		if n, ok := a.Value.GetValue().(*common.AnyValue_IntValue); ok {
			list[a.Key] = strconv.FormatInt(n.IntValue, 10)
		}
	}
	return list
}
