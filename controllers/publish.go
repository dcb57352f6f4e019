package controllers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// publish makes the settings document live. A pass that writes has read what is live from
// the API server, so that nothing is carried on from an old document; each document is
// kept in the database before customers get it.
func (r *Reconciler) publish(ctx context.Context, p *pass) error {
	if !p.due(&p.settings) {
		return r.withdraw(ctx, p, &p.settings)
	}
	if err := r.upToDate(ctx, p); err != nil || p.published(&p.settings) {
		return err
	}
	if err := r.heedRouting(ctx, p); err != nil || !p.due(&p.settings) {
		return err
	}
	// It is claimed before the copy is kept: the newest copy is what customers get back.
	if !r.claims.take(p.nextHostnames(), p.key) {
		return errClaimed
	}
	defer func() { r.claims.release(p.key, hostnames(p.liveTenant())) }() // all but those that are live
	first := p.settings.configMap.ResourceVersion == ""
	written, err := r.writeDocument(ctx, p, &p.settings)
	p.foreign = p.settings.blocked
	if written { // the first one waits for its pods, which says nothing about propagation
		p.memory.observed = first
	}
	return err
}

// publishRouting makes the routing document live, after the settings that it was decided
// with. Where it fails, all else of the pass goes on: customers have their settings, and
// the error ends the pass when everything is reported. Only a pass that has decided by
// what is not live any more is of no use.
func (r *Reconciler) publishRouting(ctx context.Context, p *pass) error {
	if !p.due(&p.routing) {
		return r.withdraw(ctx, p, &p.routing)
	}
	err := r.upToDate(ctx, p)
	if errors.Is(err, errStale) {
		return err
	}
	if err == nil && !p.published(&p.routing) {
		_, err = r.writeDocument(ctx, p, &p.routing)
	}
	p.unwritten = errors.Join(p.unwritten, err)
	return nil
}

// due says whether a document may be written and has to be.
func (p *pass) due(d *document) bool {
	body, _ := p.target(d)
	return body != nil && !p.published(d)
}

// target is what the ConfigMap of a document is to hold, and its digest: the compiled
// document, or else what is live, which may be missing there. To restore that is no
// change, whatever else is wrong; nil: there is none.
func (p *pass) target(d *document) ([]byte, string) {
	if body, digest := d.kind.decided(p.output); body != nil && p.mayChange(d) {
		return body, digest
	}
	return d.body, d.digest
}

// mayChange says whether something else may go live than what is. Both documents are
// decided by both, so each of them must be known; and the routing document must not know
// an event that the settings do not have yet.
func (p *pass) mayChange(d *document) bool {
	return p.database.ready && p.known(&p.settings) && p.known(&p.routing) && (d == &p.settings || p.published(&p.settings))
}

// published says whether the ConfigMap holds what it is to hold and is still the tenant's.
func (p *pass) published(d *document) bool {
	if d.written {
		return true
	}
	for key, value := range provision.Labels(p.key.Name, "") {
		if d.configMap.Labels[key] != value {
			return false
		}
	}
	body, digest := p.target(d)
	return d.held != nil && d.digest == digest && bytes.Equal(d.held, body)
}

// nextHostnames are those of the settings document that is to be written. What is compiled
// has those of the Tenant as it is declared.
func (p *pass) nextHostnames() []string {
	if _, digest := p.target(&p.settings); digest == p.settings.digest {
		return hostnames(p.liveTenant())
	}
	return hostnames(config.Tenant{Hostname: p.tenant.Spec.Portal.Hostname, APIHostname: p.tenant.Spec.Backoffice.API.Hostname})
}

// hostnames are those at which a tenant is reached; none: nothing is live.
func hostnames(t config.Tenant) []string {
	return slices.DeleteFunc([]string{t.Hostname, t.APIHostname}, func(name string) bool { return name == "" })
}

// liveTenant is what customers have of the Tenant.
func (p *pass) liveTenant() config.Tenant {
	var live config.Tenant
	for _, e := range p.settings.entries[kindTenant] {
		if err := json.Unmarshal(e.Content, &live); err != nil {
			return config.Tenant{} // it would not have been taken for a document
		}
	}
	return live
}

// writeDocument keeps a document in the database and writes its ConfigMap. It was not
// written without an error where something is in the way: the document says what.
func (r *Reconciler) writeDocument(ctx context.Context, p *pass, d *document) (written bool, err error) {
	body, digest := p.target(d)
	packed, err := d.kind.pack(body)
	if err != nil {
		return false, err
	}
	restores := digest == d.digest
	if !restores { // what is live was kept when it went live
		if err = r.keep(ctx, p, d, body, digest, d.kind.keep(packed)); err != nil || !p.database.ready {
			return false, err
		}
		p.memory.ahead[d.kind] = digest
	}
	if written, err := r.ensure(ctx, r.gateway, p, d, packed, digest); err != nil || !written {
		return false, err
	}
	metrics.Wrote("ConfigMap", nil)
	d.written = true
	delete(p.memory.ahead, d.kind)
	p.memory.sees(d.kind, digest)
	p.memory.spreads[d.kind].written = p.now
	if restores {
		decide(p.key, decidedRestored, "document", d.kind.name, "digest", digest)
		return true, nil
	}
	decide(p.key, decidedLive, "document", d.kind.name, "digest", digest)
	p.memory.own[d.kind] = digest
	err = d.take(body)
	p.memory.read[d.kind] = d.rewritten(packed)
	return true, err
}

// keep saves a document that is to go live, with the events of what changes by it.
func (r *Reconciler) keep(ctx context.Context, p *pass, d *document, body []byte, digest, text string) error {
	var events []store.Event
	if d.kind.changes != nil {
		var err error
		if events, err = d.kind.changes(d.body, body, digest, p.now); err != nil {
			return err
		}
	}
	return r.ask(ctx, p, func(ctx context.Context) error {
		return p.database.tenant.SaveDocument(ctx, d.kind.name, digest, text, events...)
	})
}

// withdraw makes what is live the newest copy again, after one was kept for a write that did
// not happen: another process, the leader before or after this one, was faster.
func (r *Reconciler) withdraw(ctx context.Context, p *pass, d *document) error {
	ahead, kept := p.memory.ahead[d.kind]
	if !kept || p.database.tenant == nil || !p.published(d) {
		return nil
	}
	if err := r.upToDate(ctx, p); err != nil {
		return err
	}
	if ahead != d.digest {
		err := r.ask(ctx, p, func(ctx context.Context) error {
			return p.database.tenant.LatestAgain(ctx, d.kind.name, d.digest, ahead)
		})
		if err != nil || p.database.tenant == nil {
			return err
		}
	}
	delete(p.memory.ahead, d.kind)
	return nil
}

// ensure writes the ConfigMap of a document.
func (r *Reconciler) ensure(ctx context.Context, g *apply.Gateway, p *pass, d *document, packed []byte, digest string) (written bool, err error) {
	params := r.params(p)
	params.Document, params.Digest = packed, digest
	desired := d.kind.render(params)
	result, err := g.EnsureFrom(ctx, p.tenant, d.configMap, desired)
	if refusal, refused := p.refused(apply.Name(desired), err); refused {
		d.blocked = refusal
		return false, nil
	}
	if err != nil {
		metrics.Wrote("ConfigMap", err)
	}
	if err == nil && result == apply.Foreign {
		d.blocked = p.inTheWay(apply.Name(desired), d.configMap)
		return false, nil
	}
	if err == nil && result == apply.Contested {
		p.runAgain(staleRead)
		return false, nil
	}
	return err == nil, err
}

// heedRouting asks, before an edit of the Tenant goes live that live templates may have to
// follow, whether the routing document can be written at all. The settings go live first:
// should the templates stay as they are, an edit that breaks them is refused instead.
func (r *Reconciler) heedRouting(ctx context.Context, p *pass) error {
	edited := entry(p.settings.entries[kindTenant], p.tenant) != p.tenant.Generation
	follows := p.output.Routing != nil && p.output.RoutingDigest != p.routing.digest
	if !edited || !follows || len(p.routing.entries[kindEventTemplate]) == 0 {
		return nil
	}
	packed, err := p.routing.kind.pack(p.output.Routing)
	if err != nil {
		return err
	}
	written, err := r.ensure(ctx, r.rehearsal, p, &p.routing, packed, p.output.RoutingDigest)
	if written || apierrors.IsConflict(err) || apierrors.IsBadRequest(err) { // which say nothing about the write itself
		return nil
	}
	p.routingBlocked = true
	if compiled := r.compile(ctx, p); compiled != nil {
		return compiled
	}
	p.unwritten = errors.Join(p.unwritten, err)
	return nil
}

// routingNote begins what a Tenant says of its routing document. It is no reason not to be
// Ready: customers have their settings.
const routingNote = " Note: event templates do not go live now: "

// noteRouting adds to what is said of a Tenant what is in the way of its templates, and
// takes away what was said of that before.
func (p *pass) noteRouting(said status.Finding) status.Finding {
	said.Message, _, _ = strings.Cut(said.Message, routingNote)
	switch {
	case p.stopped().Reason != "":
	case p.routing.lost && p.everLive(): // or it was not made yet
		said.Message += routingNote + "ConfigMap " + p.routing.kind.mapName(p.key.Name) + " is lost and is restored from the database."
	case p.routing.blocked.Reason != "":
		said.Message += routingNote + p.routing.blocked.Message
	}
	return said
}

func (r *Reconciler) params(p *pass) provision.Params {
	params := paramsOf(r.options)
	params.Tenant, params.Database, params.WebhookURLs = p.tenant, p.database.network, p.output.WebhookURLs
	return params
}

// paramsOf are those of every tenant.
func paramsOf(o Options) provision.Params {
	return provision.Params{
		Image:          o.Image,
		Version:        o.Version,
		TrustedProxies: o.TrustedProxies,
		APIPerSecond:   o.APIPerSecond,
		APIBurst:       o.APIBurst,
		AllowOutgoing:  o.AllowOutgoing,
		Network:        o.Network,
		Clock:          o.TenantClock,
		Traces:         o.Traces,
	}
}
