package controllers

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/store"
)

// errStale: what the pass has decided by is not what is live any more.
var errStale = errors.New("a live document has changed")

// readLive reads the live documents: from the cache, unless that is known to be behind.
func (r *Reconciler) readLive(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	for _, d := range p.documents() {
		if err := r.readConfigMap(ctx, p, d, r.client); err != nil {
			return err
		}
		if last := p.memory.digests[d.kind]; d.lost || d.digest != last && last != "" {
			if err := r.readFresh(ctx, p, d); err != nil {
				return err
			}
			continue
		}
		p.memory.sees(d.kind, d.digest)
	}
	return nil
}

// readFresh reads a live document from the API server.
func (r *Reconciler) readFresh(ctx context.Context, p *pass, d *document) error {
	if err := r.readConfigMap(ctx, p, d, r.live); err != nil {
		return err
	}
	d.fresh = true
	if !d.lost {
		p.memory.sees(d.kind, d.digest)
	}
	return nil
}

func (r *Reconciler) readConfigMap(ctx context.Context, p *pass, d *document, from client.Reader) error {
	found := &corev1.ConfigMap{}
	key := types.NamespacedName{Namespace: p.key.Namespace, Name: d.kind.mapName(p.key.Name)}
	if err := from.Get(ctx, key, found); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read ConfigMap %s: %w", key.Name, err)
	}
	if last := p.memory.read[d.kind]; last.reads(found, p.tenant) {
		*d = last
		d.configMap = found
		return nil
	}
	d.read(found, p.tenant)
	p.memory.read[d.kind] = d.remembered()
	return nil
}

// upToDate makes sure, before the first write of a pass, that it has decided by what is
// live now and by what customers have already: each document is decided by both.
func (r *Reconciler) upToDate(ctx context.Context, p *pass) error {
	if p.upToDate {
		return nil
	}
	for _, d := range p.documents() {
		if d.fresh {
			continue
		}
		before := d.digest
		if err := r.readFresh(ctx, p, d); err != nil {
			return err
		}
		if d.digest != before || d.lost {
			return errStale
		}
	}
	err := r.notBehind(ctx, p)
	p.upToDate = err == nil
	return err
}

// restore takes lost documents from the database, once that is ready, and decides again
// with them. On a first install there are none.
func (r *Reconciler) restore(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	again := false
	for _, d := range p.documents() {
		if !d.lost || !p.database.ready {
			continue
		}
		if err := r.restoreDocument(ctx, p, d); err != nil {
			return err
		}
		again = again || d.body != nil || d.newer
	}
	if !again {
		return nil
	}
	return r.compile(ctx, p)
}

func (r *Reconciler) restoreDocument(ctx context.Context, p *pass, d *document) error {
	var body []byte
	err := r.ask(ctx, p, func(ctx context.Context) (err error) {
		body, err = p.database.tenant.LatestDocument(ctx, d.kind.name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		d.lost = false
		return nil
	}
	if err != nil || !p.database.ready {
		return err
	}
	d.take(body)
	return nil
}
