package controllers

import (
	"context"
	"errors"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
)

// publish makes the compiled settings document live. A pass that writes has read what is
// live from the API server, so that nothing is carried on from an old document; each one
// is kept in the database before customers get it.
func (r *Reconciler) publish(ctx context.Context, p *pass) error {
	if !p.due(&p.settings) {
		return nil
	}
	if err := r.upToDate(ctx, p); err != nil || p.published(&p.settings) {
		return err
	}
	// The document that was compiled has the host name of the Tenant as it is declared.
	// It is claimed before the copy is kept: the newest copy is what customers get back.
	if !r.claims.take(p.tenant.Spec.Portal.Hostname, p.key) {
		return errClaimed
	}
	defer func() { r.claims.release(p.key, p.hostname()) }() // all but the one that is live
	written, err := r.writeDocument(ctx, p, &p.settings)
	p.foreign = p.settings.blocked
	if written {
		first := p.settings.configMap.ResourceVersion == ""
		p.memory.wrote(p.now, first)
	}
	if _, again := startsAgain(err); err != nil && !again {
		return errors.Join(err, r.publishRouting(ctx, p)) // the pass ends here, but it does not wait for the settings
	}
	return err
}

// publishRouting makes the compiled routing document live. Where it fails, all else of the
// pass goes on: customers have their settings, and the error ends the pass when everything
// is reported. Only a pass that has decided by what is not live any more is of no use.
func (r *Reconciler) publishRouting(ctx context.Context, p *pass) error {
	if !p.due(&p.routing) || !p.settings.known() {
		return nil
	}
	err := r.upToDate(ctx, p)
	if errors.Is(err, errStale) {
		return err
	}
	if err == nil && !p.published(&p.routing) {
		_, err = r.writeDocument(ctx, p, &p.routing)
	}
	p.unwritten = err
	return nil
}

// due says whether a document may be written and has to be.
func (p *pass) due(d *document) bool {
	if !p.database.ready || !d.known() || p.newer() {
		return false
	}
	body, _ := d.kind.decided(p.output)
	return body != nil && !p.published(d)
}

// hostname is the one at which customers reach the tenant.
func (p *pass) hostname() string {
	live, err := config.Load(p.settings.body)
	if err != nil {
		return "" // nothing is live
	}
	return live.Tenant.Hostname
}

// writeDocument keeps a document in the database and writes its ConfigMap. It was not
// written without an error where something is in the way: the document says what.
func (r *Reconciler) writeDocument(ctx context.Context, p *pass, d *document) (written bool, err error) {
	body, digest := d.kind.decided(p.output)
	err = r.ask(ctx, p, func(ctx context.Context) error {
		return p.database.tenant.SaveDocument(ctx, d.kind.name, digest, body)
	})
	if err != nil || !p.database.ready {
		return false, err
	}
	params := r.params(p)
	if params.Document, err = d.kind.pack(body); err != nil {
		return false, err
	}
	params.Digest = digest
	desired := d.kind.render(params)
	result, err := r.gateway.EnsureFrom(ctx, p.tenant, d.configMap, desired)
	if refusal, refused := p.refused(apply.Name(desired), err); refused {
		d.blocked = refusal
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if result == apply.Foreign {
		d.blocked = p.inTheWay(apply.Name(desired), d.configMap)
		return false, nil
	}
	metrics.Writes.WithLabelValues("ConfigMap").Inc()
	d.take(body)
	p.memory.sees(d.kind, digest)
	p.memory.own[d.kind] = digest
	return true, nil
}

func (r *Reconciler) params(p *pass) provision.Params {
	return provision.Params{
		Tenant:         p.tenant,
		Image:          r.options.Image,
		Version:        r.options.Version,
		TrustedProxies: r.options.TrustedProxies,
	}
}
