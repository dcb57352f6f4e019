package controllers

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// errStale: what the pass has decided by is not what is live any more.
var errStale = errors.New("the live settings document has changed")

// documentKind names the settings document in table document.
const documentKind = "settings"

// document is the settings document that customers have.
type document struct {
	configMap *corev1.ConfigMap // a zero object if there is none
	body      []byte            // nil: none, or lost
	digest    string
	fresh     bool // read from the API server, not from the cache
	// lost: the ConfigMap is missing or not what Foyer wrote. The copy in the database
	// decides; until it was asked, nobody knows what is live.
	lost bool
	// newer: a release that knows more than this one has written it. It is left alone.
	newer  bool
	parsed config.Settings
}

// readLive reads the live document: from the cache, unless that is known to be behind.
func (r *Reconciler) readLive(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	if err := r.readConfigMap(ctx, p, r.client); err != nil {
		return err
	}
	if p.document.lost || p.document.digest != p.memory.digest && p.memory.digest != "" {
		return r.readFresh(ctx, p)
	}
	p.memory.sees(p.document.digest)
	return nil
}

// readFresh reads the live document from the API server.
func (r *Reconciler) readFresh(ctx context.Context, p *pass) error {
	if err := r.readConfigMap(ctx, p, r.live); err != nil {
		return err
	}
	p.document.fresh = true
	if !p.document.lost {
		p.memory.sees(p.document.digest)
	}
	return nil
}

func (r *Reconciler) readConfigMap(ctx context.Context, p *pass, from client.Reader) error {
	found := &corev1.ConfigMap{}
	if err := from.Get(ctx, p.mapKey(), found); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read ConfigMap %s: %w", p.mapKey().Name, err)
	}
	p.document = document{configMap: found}
	p.document.load([]byte(found.Data[provision.KeySettings]), func(digest string) bool {
		return found.Annotations[provision.AnnotationDigest] == digest && metav1.IsControlledBy(found, p.tenant)
	})
	return nil
}

// load takes a document if it is one that Foyer wrote, and can be read.
func (d *document) load(body []byte, genuine func(digest string) bool) {
	digest := config.Digest(body)
	if len(body) == 0 || !genuine(digest) {
		d.lost = true
		return
	}
	parsed, err := config.Parse(body)
	d.newer = errors.Is(err, config.ErrUnknownFormat)
	if d.lost = err != nil && !d.newer; err == nil {
		d.body, d.digest, d.parsed = body, digest, parsed
	}
}

// restore takes a lost document from the database, once that is ready, and decides
// again with it. On a first install there is none.
func (r *Reconciler) restore(ctx context.Context, p *pass) error {
	if p.tenant == nil || !p.document.lost || !p.database.ready {
		return nil
	}
	var body []byte
	err := r.ask(ctx, p, func(ctx context.Context) (err error) {
		body, err = p.database.tenant.LatestDocument(ctx, documentKind)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		p.document.lost = false
		return nil
	}
	if err != nil || !p.database.ready {
		return err
	}
	p.document.load(body, func(string) bool { return true })
	return r.compile(ctx, p)
}

// known says whether it is known what is live.
func (p *pass) known() bool { return !p.document.lost && !p.document.newer }

// entry finds what is live of an object: the generation, or 0.
func entry(list []config.Entry, o client.Object) int64 {
	for _, e := range list {
		if e.Name == o.GetName() && e.UID == string(o.GetUID()) && e.State != config.Retired {
			return e.Generation
		}
	}
	return 0
}
