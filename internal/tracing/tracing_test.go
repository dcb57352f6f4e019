package tracing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/foyerhq/foyer/internal/testenv/otlp"
)

const digest = "sha256:000102030405060708090a0b0c0d0e0f1011121314151617ffffffffffffffff"

// record turns traces on for a test and returns what was recorded.
func record(t *testing.T) *tracetest.InMemoryExporter {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	stop, err := startWith(t.Context(), keep{sdktrace.NewSimpleSpanProcessor(exporter)}, "portal", "v1", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return exporter
}

// keep keeps what was recorded when traces are turned off.
type keep struct{ sdktrace.SpanProcessor }

func (keep) Shutdown(context.Context) error { return nil }

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func TestConfigured(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		want        bool
		passed      map[string]string
	}{
		"nothing":  {nil, false, nil},
		"endpoint": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}},
		"of traces, with a secret and a sampler": {
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces", "OTEL_EXPORTER_OTLP_HEADERS": "key=secret", "OTEL_TRACES_SAMPLER": "traceidratio"}, true,
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces", "OTEL_TRACES_SAMPLER": "traceidratio"},
		},
		"disabled":    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, false, nil},
		"no exporter": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, false, nil},
	} {
		if got := Configured(environment(c.environment)); got != c.want {
			t.Errorf("%s: configured: %t, want %t", name, got, c.want)
		}
		if diff := cmp.Diff(c.passed, Passed(environment(c.environment))); diff != "" {
			t.Errorf("%s: what pods are told (-want +got):\n%s", name, diff)
		}
	}
}

// While traces are off, nothing is allocated and no context is made.
func TestOffCostsNothing(t *testing.T) {
	stop, err := Start(t.Context(), environment(nil), "portal", "v1", "pod-1")
	if err != nil || On() {
		t.Fatalf("it is on: %v", err)
	}
	defer stop()
	ctx, failure := t.Context(), errors.New("x")
	if made := testing.AllocsPerRun(100, func() {
		inner, span := Begin(WithDigest(ctx, digest), "edit")
		_, below := Below(FollowDigest(inner, digest), "call")
		span.Text(KeyTenant, "acme")
		span.Number(KeyGeneration, 3)
		below.End(failure)
		EndStatement(BeginStatement(inner, "SELECT 1"), nil)
		_, served := Serve(inner, "GET")
		served.Fail("x")
		served.End(nil)
		span.End(nil)
	}); made != 0 {
		t.Errorf("%v allocations while it is off", made)
	}
}

func BenchmarkOff(b *testing.B) {
	ctx := b.Context()
	for b.Loop() {
		inner, span := Begin(ctx, "edit")
		EndStatement(BeginStatement(inner, "SELECT 1"), nil)
		span.End(nil)
	}
}

// Who makes a document and who loads it write to one trace, without telling each other.
func TestTheTraceOfADigest(t *testing.T) {
	exporter := record(t)
	ctx, edit := Begin(WithDigest(t.Context(), digest), "edit")
	_, pass := Begin(ctx, "pass")
	pass.End(nil)
	_, load := Begin(FollowDigest(t.Context(), digest), "load")
	load.End(errors.New("a secret"))
	_, other := Begin(FollowDigest(t.Context(), "none"), "other")
	other.End(nil)
	edit.End(nil)

	spans := map[string]tracetest.SpanStub{}
	for _, s := range exporter.GetSpans() {
		spans[s.Name] = s
	}
	trace := "000102030405060708090a0b0c0d0e0f"
	for name, parent := range map[string]string{"edit": "0000000000000000", "pass": "1011121314151617", "load": "1011121314151617"} {
		s := spans[name]
		if s.SpanContext.TraceID().String() != trace || s.Parent.SpanID().String() != parent {
			t.Errorf("%s is of trace %s below %s, want %s below %s", name, s.SpanContext.TraceID(), s.Parent.SpanID(), trace, parent)
		}
	}
	if spans["other"].SpanContext.TraceID().String() == trace {
		t.Error("what has no digest is in the trace")
	}
	if strings.Contains(spans["load"].Status.Description, "secret") {
		t.Errorf("the words of an error are in the trace: %s", spans["load"].Status.Description)
	}
}

// Statements and calls are recorded below something that is, by their kind.
// A replica keeps its part of a trace where the operator kept the first, whatever the sampler.
func TestReplicasKeepWhatTheEditKept(t *testing.T) {
	for _, sampler := range []string{"traceidratio", "parentbased_traceidratio", "always_off", "parentbased_always_on"} {
		t.Run(sampler, func(t *testing.T) {
			t.Setenv("OTEL_TRACES_SAMPLER", sampler)
			t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
			exporter := record(t)
			kept := 0
			for i := range 50 {
				of := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte{byte(i)}))
				exporter.Reset()
				_, edit := Begin(WithDigest(t.Context(), of), "edit")
				edit.End(nil)
				first := len(exporter.GetSpans())
				_, load := Begin(FollowDigest(t.Context(), of), "load")
				load.End(nil)
				if all := len(exporter.GetSpans()); all != 2*first {
					t.Errorf("%s: %d spans of the edit, %d with the replica's", of, first, all)
				}
				kept += first
			}
			if some := strings.HasSuffix(sampler, "ratio"); some && (kept == 0 || kept == 50) {
				t.Errorf("%d of 50 edits are kept", kept)
			}
		})
	}
}

// Another protocol than the one that there is would lose every span without a word.
func TestProtocols(t *testing.T) {
	for protocol, ok := range map[string]bool{"": true, "http/protobuf": true, "grpc": false, "http/json": false} {
		stop, err := Start(t.Context(), environment(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}), "portal", "v1", "pod-1")
		if err == nil {
			stop()
		}
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "spans go by http/protobuf only") {
			t.Errorf("%q: %v", protocol, err)
		}
	}
}

func TestStatementsAndCalls(t *testing.T) {
	exporter := record(t)
	EndStatement(BeginStatement(t.Context(), "SELECT secret"), nil)
	ctx, span := Begin(t.Context(), "pass")
	for _, sql := range []string{"SELECT secret", "  insert\ninto t VALUES ('secret')", "VACUUM"} {
		EndStatement(BeginStatement(ctx, sql), nil)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client := http.Client{Transport: Transport(http.DefaultTransport)}
	for _, c := range []context.Context{ctx, t.Context()} {
		request, err := http.NewRequestWithContext(c, http.MethodPatch, server.URL+"/api/v1/pods/x", strings.NewReader("a secret body"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close() //nolint:errcheck // only read
	}
	span.End(nil)
	var names []string
	for _, s := range exporter.GetSpans() {
		names = append(names, s.Name)
		for _, a := range s.Attributes {
			if strings.Contains(a.Value.String(), "secret") {
				t.Errorf("%s has %s=%s", s.Name, a.Key, a.Value.String())
			}
		}
	}
	if diff := cmp.Diff([]string{"SQL SELECT", "SQL INSERT", "SQL other", "API PATCH", "pass"}, names); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// A collector gets the spans by OTLP over HTTP, with what they are of.
func TestOTLP(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL) // the exporter reads it by itself
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "foyer.tenant=acme")
	stop, err := Start(t.Context(), receiver.Environment, "portal", "v1", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	_, span := Serve(t.Context(), "GET /invoices")
	span.Number("http.response.status_code", 200)
	span.End(nil)
	began := time.Now()
	stop()
	if took := time.Since(began); took > stopTimeout {
		t.Errorf("the end took %s", took)
	}
	spans := receiver.Spans()
	if len(spans) != 1 || spans[0].Name != "GET /invoices" || spans[0].Attributes["http.response.status_code"] != "200" {
		t.Fatalf("received %+v", spans)
	}
	want := map[string]string{"service.name": "foyer-portal", "service.version": "v1", "service.instance.id": "pod-1", "foyer.tenant": "acme"}
	if diff := cmp.Diff(want, spans[0].Resource); diff != "" {
		t.Errorf("the resource (-want +got):\n%s", diff)
	}
	if On() {
		t.Error("it is on after the end")
	}
}

// A collector that is away keeps nobody from working or from ending.
func TestNoCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	stop, err := Start(t.Context(), environment(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}), "portal", "v1", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	_, span := Serve(t.Context(), "GET")
	span.End(nil)
	began := time.Now()
	stop()
	if took := time.Since(began); took > stopTimeout+time.Second {
		t.Errorf("the end took %s", took)
	}
}

// What could not be sent is told to the process, and not each time.
func TestReport(t *testing.T) {
	former := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(former) })
	var told []string
	Report(func(err error) { told = append(told, err.Error()) })
	otel.Handle(errors.New("the first"))
	otel.Handle(errors.New("the second, at once"))
	if diff := cmp.Diff([]string{"the first"}, told); diff != "" {
		t.Errorf("what was told (-want +got):\n%s", diff)
	}
}
