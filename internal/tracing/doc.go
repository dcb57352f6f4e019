// Package tracing is OpenTelemetry as Foyer uses it: off, at no cost, unless the standard
// environment (OTEL_EXPORTER_OTLP_ENDPOINT and its like) says where spans go.
//
//	ctx, span := tracing.Begin(ctx, "publish")
//	span.Text(tracing.KeyTenant, tenant)
//	err := work(ctx)
//	span.End(err)
//
// A process turns it on by [Start]. While it is off a [Span] is a zero value and nothing is
// allocated.
//
// The trace of a configuration follows from its digest ([WithDigest]), so the operator that
// makes a document and the replicas that load it write to the same trace without telling
// each other: nothing travels with the document.
//
// Spans hold no personal data: no addresses, names, texts, paths, or values of statements.
package tracing
