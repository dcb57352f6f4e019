package process

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/otlp"
	"github.com/foyerhq/foyer/internal/tracing"
)

// A request is a span with its route and its statements, and nothing of who asks for what.
func TestTraceOfARequest(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	stop, err := tracing.Start(t.Context(), receiver.Environment, "portal", "v1", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	var output lockedBuffer
	observer := NewObserver(NewLogger(&output, "portal"), prometheus.NewRegistry(), nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /invoices/{id}", func(w http.ResponseWriter, r *http.Request) {
		tracing.EndStatement(tracing.BeginStatement(r.Context(), "SELECT 1"), nil)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	request := httptest.NewRequest("GET", "/invoices/123-secret?token=secret", nil)
	request.Header.Set("Traceparent", "00-11111111111111111111111111111111-2222222222222222-01")
	answer := httptest.NewRecorder()
	observer.Observe(mux).ServeHTTP(answer, request)
	stop()

	var names []string
	for _, s := range receiver.Spans() {
		names = append(names, s.Name)
		for key, value := range s.Attributes {
			if strings.Contains(value, "secret") || strings.Contains(value, "192.0.2.1") {
				t.Errorf("%s has %s=%s", s.Name, key, value)
			}
		}
		if s.Trace == strings.Repeat("1", 32) {
			t.Error("a stranger has chosen the trace")
		}
		if s.Name == "GET /invoices/{id}" {
			want := map[string]string{"http.request.method": "GET", "http.route": "/invoices/{id}", "http.response.status_code": "503",
				tracing.KeyRequest: answer.Header().Get("X-Request-Id")}
			if diff := cmp.Diff(want, s.Attributes); diff != "" || !s.Failed {
				t.Errorf("failed: %t, attributes (-want +got):\n%s", s.Failed, diff)
			}
		}
	}
	if diff := cmp.Diff([]string{"SQL SELECT", "GET /invoices/{id}"}, names); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// A replica tells the trace of a document that it loads and acknowledges it, by the digest
// alone.
func TestTraceOfADocument(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	tenant := storetest.New(t, server)
	settings := settingsDocument(t, "One")
	r := start(t, settings, tenant.PortalURI)
	digest := config.Digest([]byte(settings))
	eventually(t, "it acknowledges", func() bool {
		replicas, err := tenant.Admin.Replicas(t.Context())
		return err == nil && len(replicas) == 1 && replicas[0].Digest == digest
	})
	r.stop()
	if err := <-r.stopped; err != nil {
		t.Fatal(err)
	}
	r.stopped <- nil
	found := map[string]bool{}
	for _, s := range receiver.Spans() {
		if s.Trace == strings.TrimPrefix(digest, "sha256:")[:32] && s.Resource["service.name"] == "foyer-portal" && s.Resource["service.instance.id"] == "acme-portal-1" {
			found[s.Name] = true
		}
	}
	if !found["load settings"] || !found["acknowledge"] || !found["SQL INSERT"] && !found["SQL other"] && !found["SQL WITH"] {
		t.Errorf("the trace of the document has %v", found)
	}
}
