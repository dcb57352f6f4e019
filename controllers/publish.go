package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
)

// publish makes the compiled document live. A pass that writes has read the live one
// from the API server, so that nothing is carried on from an old one; the document is
// kept in the database before customers get it.
func (r *Reconciler) publish(ctx context.Context, p *pass) error {
	if !p.database.ready || !p.known() || p.output.Document == nil || p.published() {
		return nil
	}
	if !p.document.fresh {
		before := p.document.digest
		if err := r.readFresh(ctx, p); err != nil {
			return err
		}
		if p.document.digest != before || p.document.lost {
			return errStale
		}
	}
	if p.published() {
		return nil
	}
	if err := r.notBehind(ctx, p); err != nil {
		return err
	}
	// The document that was compiled has the host name of the Tenant as it is declared.
	// It is claimed before the copy is kept: the newest copy is what customers get back.
	if !r.claims.take(p.tenant.Spec.Portal.Hostname, p.key) {
		return errClaimed
	}
	defer func() { r.claims.release(p.key, p.hostname()) }() // all but the one that is live
	err := r.ask(ctx, p, func(ctx context.Context) error {
		return p.database.tenant.SaveDocument(ctx, documentKind, p.output.Digest, p.output.Document)
	})
	if err != nil || !p.database.ready {
		return err
	}
	return r.writeDocument(ctx, p)
}

// hostname is the one at which customers reach the tenant.
func (p *pass) hostname() string {
	live, err := config.Load(p.document.body)
	if err != nil {
		return "" // nothing is live
	}
	return live.Tenant.Hostname
}

// published says whether the ConfigMap holds the compiled document and is still the
// tenant's.
func (p *pass) published() bool {
	d := p.document
	for key, value := range provision.Labels(p.key.Name, "") {
		if d.configMap.Labels[key] != value {
			return false
		}
	}
	return d.configMap.ResourceVersion != "" && metav1.IsControlledBy(d.configMap, p.tenant) && d.digest == p.output.Digest &&
		d.configMap.Annotations[provision.AnnotationDigest] == d.digest &&
		d.configMap.Data[provision.KeySettings] == string(p.output.Document)
}

func (r *Reconciler) writeDocument(ctx context.Context, p *pass) error {
	desired := provision.SettingsMap(r.params(p))
	result, err := r.gateway.EnsureFrom(ctx, p.tenant, p.document.configMap, desired)
	if p.refused(apply.Name(desired), err) {
		return nil
	}
	if err != nil {
		return err
	}
	if result == apply.Foreign {
		p.inTheWay(apply.Name(desired), p.document.configMap)
		return nil
	}
	metrics.Writes.WithLabelValues("ConfigMap").Inc()
	first := p.document.configMap.ResourceVersion == ""
	p.document.load(p.output.Document, func(string) bool { return true })
	p.memory.wrote(p.output.Digest, p.now)
	p.memory.observed = first // the first one waits for its pods, which says nothing about propagation
	return nil
}

func (r *Reconciler) params(p *pass) provision.Params {
	return provision.Params{
		Tenant:         p.tenant,
		Image:          r.options.Image,
		Version:        r.options.Version,
		TrustedProxies: r.options.TrustedProxies,
		Document:       p.output.Document,
		Digest:         p.output.Digest,
	}
}
