package tracing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
)

// The keys of attributes. Those of http, db and k8s are OpenTelemetry's.
const (
	KeyNamespace  = "k8s.namespace.name"
	KeyTenant     = "foyer.tenant"
	KeyGeneration = "foyer.generation"
	KeySettings   = "foyer.settings.digest"
	KeyRouting    = "foyer.routing.digest"
	KeyOutcome    = "foyer.outcome"
	KeyRequest    = "foyer.request.id"
)

// provider is where spans go; nil: nowhere.
var provider atomic.Pointer[sdktrace.TracerProvider]

// On says whether spans are made.
func On() bool { return provider.Load() != nil }

// Configured says whether the environment asks for traces.
func Configured(getenv func(string) string) bool {
	if getenv("OTEL_SDK_DISABLED") == "true" || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// stopTimeout bounds how long a process that ends waits for its last spans to be taken.
const stopTimeout = 3 * time.Second

// reportEvery is how often it is told that spans are lost: each export of a collector that is
// away fails.
const reportEvery = time.Minute

// Report has the process tell of spans that could not be sent, at most once a minute.
// Otherwise OpenTelemetry writes lines of its own to standard error, which are no JSON.
func Report(tell func(error)) {
	limit := &rate.Sometimes{Interval: reportEvery}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		limit.Do(func() { tell(err) })
	}))
}

// Start sends spans to where the environment says, by OTLP over HTTP, and nowhere if it
// says nothing. The process calls stop when it ends. instance tells replicas apart.
func Start(ctx context.Context, getenv func(string) string, component, version, instance string) (stop func(), err error) {
	if !Configured(getenv) {
		return func() {}, nil
	}
	const name = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	if protocol := cmp.Or(getenv(name), getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("set up traces: OTEL_EXPORTER_OTLP_PROTOCOL, or %s, is %q, and spans go by http/protobuf only: leave it out, and name the collector's port for OTLP over HTTP, usually 4318", name, protocol)
	}
	exporter, err := otlptracehttp.New(ctx) // reads the environment by itself
	if err != nil {
		return nil, fmt.Errorf("set up traces by OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return startWith(ctx, sdktrace.NewBatchSpanProcessor(exporter), component, version, instance)
}

func startWith(ctx context.Context, processor sdktrace.SpanProcessor, component, version, instance string) (stop func(), err error) {
	described, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "foyer-"+component),
			attribute.String("service.version", version),
			attribute.String("service.instance.id", instance)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("set up traces by OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	// The sampler is that of OTEL_TRACES_SAMPLER.
	made := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor), sdktrace.WithResource(described), sdktrace.WithIDGenerator(ids{}))
	provider.Store(made)
	return func() {
		provider.CompareAndSwap(made, nil)
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = made.Shutdown(limited) // what could not be sent is lost, and the process ends
	}, nil
}

// Span is a piece of work. The zero value is one that nobody records.
type Span struct{ span trace.Span }

// Begin starts a span below that of ctx. Without one it is the first of a trace.
func Begin(ctx context.Context, name string) (context.Context, Span) {
	p := provider.Load()
	if p == nil {
		return ctx, Span{}
	}
	return start(ctx, p, name, trace.SpanKindInternal, time.Time{})
}

// BeginAt is Begin for what has begun already.
func BeginAt(ctx context.Context, name string, at time.Time) (context.Context, Span) {
	p := provider.Load()
	if p == nil {
		return ctx, Span{}
	}
	return start(ctx, p, name, trace.SpanKindInternal, at)
}

// Below starts a span only where the work above it is recorded, so that what runs by itself
// all the time makes no traces of its own. It is of the kind client: it waits for another
// server.
func Below(ctx context.Context, name string) (context.Context, Span) {
	p := provider.Load()
	if p == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, Span{}
	}
	return start(ctx, p, name, trace.SpanKindClient, time.Time{})
}

// Serve starts the span of a request that this process answers.
func Serve(ctx context.Context, name string) (context.Context, Span) {
	p := provider.Load()
	if p == nil {
		return ctx, Span{}
	}
	return start(ctx, p, name, trace.SpanKindServer, time.Time{})
}

func start(ctx context.Context, p *sdktrace.TracerProvider, name string, kind trace.SpanKind, at time.Time) (context.Context, Span) {
	options := []trace.SpanStartOption{trace.WithSpanKind(kind)}
	if !at.IsZero() {
		options = append(options, trace.WithTimestamp(at))
	}
	ctx, span := p.Tracer("github.com/foyerhq/foyer").Start(ctx, name, options...)
	return ctx, Span{span}
}

// Name gives the span another name, which is known only now.
func (s Span) Name(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Text sets an attribute; an empty one is left out.
func (s Span) Text(key, value string) {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number sets an attribute.
func (s Span) Number(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// Fail marks the span as one that went wrong. what is in our own words: it is shown.
func (s Span) Fail(what string) {
	if s.span != nil {
		s.span.SetStatus(codes.Error, what)
	}
}

// End ends the span; with an error it went wrong. The words of the error stay in the log:
// they may have values in them.
func (s Span) End(err error) { s.EndAt(err, time.Time{}) }

// EndAt is End for what has ended already.
func (s Span) EndAt(err error, at time.Time) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "failed, see the log")
	}
	if at.IsZero() {
		s.span.End()
		return
	}
	s.span.End(trace.WithTimestamp(at))
}

// Recorded says whether the span goes anywhere.
func (s Span) Recorded() bool { return s.span != nil && s.span.IsRecording() }

// Under is ctx with s as the span that what follows is a part of.
func (s Span) Under(ctx context.Context) context.Context {
	if s.span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, s.span)
}

// passed are the variables of the environment that the operator hands to the tenants' pods.
// Those that can hold a secret, as headers and keys, are not among them: whoever may read a
// Deployment would see them.
var passed = []string{
	"OTEL_EXPORTER_OTLP_COMPRESSION",
	"OTEL_EXPORTER_OTLP_ENDPOINT",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
	"OTEL_TRACES_SAMPLER",
	"OTEL_TRACES_SAMPLER_ARG",
}

// Passed is what the tenants' pods are told of traces: nothing unless they are wanted.
func Passed(getenv func(string) string) map[string]string {
	if !Configured(getenv) {
		return nil
	}
	variables := map[string]string{}
	for _, name := range passed {
		if value := getenv(name); value != "" {
			variables[name] = value
		}
	}
	return variables
}
