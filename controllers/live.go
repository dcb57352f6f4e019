package controllers

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/controllers/status"
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
	last := p.memory.read[d.kind]
	if last.reads(found, p.tenant) {
		*d = last
		d.configMap = found
		return nil
	}
	d.read(found, p.tenant, last)
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

// restore takes lost documents from the database, as soon as that can be asked, and decides
// again with them. On a first install there are none.
func (r *Reconciler) restore(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	again := false
	for _, d := range p.documents() {
		if !d.lost || p.database.tenant == nil {
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

// restoreDocument takes the newest copy that can be read. Where there are copies and none
// can be read, nobody knows what is live, and only a person can say what is to be.
func (r *Reconciler) restoreDocument(ctx context.Context, p *pass, d *document) error {
	bad := 0
	err := r.ask(ctx, p, func(ctx context.Context) error {
		return p.database.tenant.LatestDocument(ctx, d.kind.name, func(digest, kept string) bool {
			err := d.takeCopy(digest, kept)
			if err != nil {
				bad++
				log.FromContext(ctx).Error(err, "a copy of a live document cannot be read", "kind", d.kind.name, "digest", digest)
			}
			return err == nil
		})
	})
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if d.lost = bad > 0; d.lost {
		p.runAgain(foreignPoll)
		d.unreadable = status.Stuck(status.ReasonNoReadableCopy, fmt.Sprintf(
			"ConfigMap %s is lost, and no copy of it can be read: restore the rows of kind %q in table document of schema %s from a backup, or delete them to begin with what is declared now.",
			d.kind.mapName(p.key.Name), d.kind.name, p.tenant.Status.Database.Schema))
	}
	return nil
}
