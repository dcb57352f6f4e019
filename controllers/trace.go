package controllers

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/tracing"
)

// editTrace is the trace of what was declared: it begins with the first pass that sees it, and
// ends when every replica runs it, or it is clear that none will. Its number follows from
// the digest of the document that goes live, so replicas add to it without being told.
type editTrace struct {
	objects           [sha256.Size]byte // what is declared
	settings, routing string            // the digests that were live before
	began             time.Time
	span              tracing.Span
}

// editTimeout is when a trace ends of which nobody knows whether it ever will.
const editTimeout = 15 * time.Minute

// The outcomes of an edit.
const (
	outcomeProgrammed = "programmed"
	outcomeRejected   = "rejected"
	outcomeUnchanged  = "unchanged"  // for customers
	outcomeSuperseded = "superseded" // by another edit
	outcomeTimeout    = "timeout"
	outcomeDeleted    = "deleted" // with its Tenant
)

// passTrace is the part of a pass in the trace of an edit.
type passTrace struct {
	span  tracing.Span
	early []timing // of the phases before it is known what the pass is about
}

type timing struct {
	phase      string
	began, end time.Time
}

type phase = func(context.Context, *pass) error

// step runs a phase, as a span if the pass belongs to an edit.
func (p *pass) step(ctx context.Context, run phase) error {
	if !tracing.On() {
		return run(ctx, p)
	}
	name := phaseName(run)
	if p.trace.span.Recorded() {
		ctx, span := tracing.Begin(p.trace.span.Under(ctx), name)
		err := run(ctx, p)
		span.End(unexpected(err))
		return err
	}
	began := time.Now()
	err := run(ctx, p)
	p.trace.early = append(p.trace.early, timing{name, began, time.Now()})
	if name == "compile" && err == nil && p.tenant != nil {
		p.openTrace(ctx)
	}
	return err
}

// phaseName is the name of the method that a phase is.
func phaseName(run phase) string {
	name := runtime.FuncForPC(reflect.ValueOf(run).Pointer()).Name()
	name = name[strings.LastIndex(name, ".")+1:]
	return strings.TrimSuffix(name, "-fm")
}

// openTrace makes the pass a part of the trace of an edit, if one is on its way.
func (p *pass) openTrace(ctx context.Context) {
	e := &p.memory.edit
	if objects := p.basis().objects; objects != e.objects {
		e.end(outcomeSuperseded)
		known := e.objects != [sha256.Size]byte{}
		*e = editTrace{objects: objects, settings: p.settings.digest, routing: p.routing.digest, began: p.now}
		if known || p.output.Digest != p.settings.digest || p.output.RoutingDigest != p.routing.digest {
			e.span = p.beginEdit(ctx)
		}
	}
	if !e.span.Recorded() {
		return
	}
	ctx, p.trace.span = tracing.BeginAt(e.span.Under(ctx), "pass", p.now)
	for _, phase := range p.trace.early {
		_, span := tracing.BeginAt(ctx, phase.phase, phase.began)
		span.EndAt(nil, phase.end)
	}
}

func (p *pass) beginEdit(ctx context.Context) tracing.Span {
	digest := p.output.Digest
	if digest == p.settings.digest {
		digest = p.output.RoutingDigest
	}
	_, span := tracing.BeginAt(tracing.WithDigest(ctx, digest), "edit", p.now)
	span.Text(tracing.KeyNamespace, p.key.Namespace)
	span.Text(tracing.KeyTenant, p.key.Name)
	span.Number(tracing.KeyGeneration, p.tenant.Generation)
	span.Text(tracing.KeySettings, p.output.Digest)
	span.Text(tracing.KeyRouting, p.output.RoutingDigest)
	return span
}

// closeTrace ends what a pass adds to a trace, and the trace if the edit has come to its end.
func (p *pass) closeTrace(err error) {
	p.trace.span.End(unexpected(err))
	e := &p.memory.edit
	if !e.span.Recorded() || p.tenant == nil {
		return
	}
	switch {
	case err == nil && p.arrived():
		e.end(p.outcome())
	case time.Since(e.began) > editTimeout:
		e.span.Fail("not programmed in time")
		e.end(outcomeTimeout)
	}
}

// arrived says whether nothing of what is declared is on its way any more.
func (p *pass) arrived() bool {
	if p.settings.body == nil {
		return p.output.Tenant.Refused() // nothing is live, and nothing will be
	}
	return !p.due(&p.settings) && !p.due(&p.routing) &&
		p.memory.spreads[settingsKind].complete && (!p.awaited(&p.routing) || p.memory.spreads[routingKind].complete)
}

func (p *pass) outcome() string {
	e := &p.memory.edit
	switch {
	case p.settings.digest != e.settings || p.routing.digest != e.routing:
		return outcomeProgrammed
	case p.output.Tenant.Refused() || p.rejected() > 0:
		return outcomeRejected
	}
	return outcomeUnchanged
}

func (e *editTrace) end(outcome string) {
	e.span.Text(tracing.KeyOutcome, outcome)
	e.span.End(nil)
	e.span = tracing.Span{}
}

// unexpected is an error that is no usual beginning again.
func unexpected(err error) error {
	if _, again := startsAgain(err); again || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
