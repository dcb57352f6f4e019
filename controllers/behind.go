package controllers

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/internal/config"
)

// errBehind: the cache does not show yet what is live already.
var errBehind = errors.New("the cache is behind a live document")

// notBehind makes sure that the pass takes nothing back only because its cache is
// behind, as after a change of leader: what the former one made live may not have
// reached this one yet. Where the cache alone cannot be believed, see [pass.doubted], the
// API server is asked. Its word counts, not the generation: after a restore of the
// cluster the document may be the newer one, for good.
func (r *Reconciler) notBehind(ctx context.Context, p *pass) error {
	for _, known := range []struct {
		document *document
		kind     string
		cached   map[string]client.Object
		empty    func() client.Object
	}{
		{
			&p.settings, kindTenant, map[string]client.Object{p.tenant.Name: p.tenant},
			func() client.Object { return &v1alpha1.Tenant{} },
		},
		{
			&p.settings, kindAccountProfile, byName(p.accountProfiles),
			func() client.Object { return &v1alpha1.AccountProfile{} },
		},
		{
			&p.settings, kindMyAccountProfile, byName(p.myAccountProfiles),
			func() client.Object { return &v1alpha1.MyAccountProfile{} },
		},
		{
			&p.routing, kindEventTemplate, byName(p.eventTemplates),
			func() client.Object { return &v1alpha1.EventTemplate{} },
		},
	} {
		next, err := p.nextEntries(known.document)
		if err != nil {
			return err
		}
		for _, name := range doubted(known.document.entries[known.kind], next[known.kind], known.cached) {
			if err := r.confirm(ctx, p, name, known.cached[name], known.empty()); err != nil {
				return err
			}
		}
	}
	return nil
}

// nextEntries are those that are about to go live over a document of another process. It
// may have dropped an entry because its object was deleted, and the cache still shows that.
// Over a document of its own a process needs not look: it has seen what it decided by.
func (p *pass) nextEntries(d *document) (entries, error) {
	body, _ := d.kind.decided(p.output)
	if body == nil || d.body == nil || p.memory.own[d.kind] == d.digest {
		return nil, nil
	}
	next, err := d.kind.parse(body)
	if err != nil {
		return nil, fmt.Errorf("read the compiled %s document: %w", d.kind.name, err)
	}
	return next, nil
}

// doubted names the objects of which the cache has less than is live, or of which nothing
// is live and something is about to be.
func doubted(live, next []config.Entry, cached map[string]client.Object) []string {
	var names []string
	standing := map[string]bool{}
	for _, e := range live {
		if e.Name == "" || e.State == config.Retired {
			continue
		}
		standing[e.Name] = true
		if !shows(cached[e.Name], e) {
			names = append(names, e.Name)
		}
	}
	for _, e := range next {
		if e.State != config.Retired && !standing[e.Name] {
			names = append(names, e.Name)
		}
	}
	return names
}

func byName[T any, P interface {
	*T
	client.Object
}](list []T) map[string]client.Object {
	named := make(map[string]client.Object, len(list))
	for i := range list {
		named[P(&list[i]).GetName()] = P(&list[i])
	}
	return named
}

// confirm makes sure that the API server has an object as the cache shows it.
func (r *Reconciler) confirm(ctx context.Context, p *pass, name string, known, found client.Object) error {
	err := r.live.Get(ctx, client.ObjectKey{Namespace: p.key.Namespace, Name: name}, found)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read %s, which the cache may not have: %w", name, err)
	}
	if err != nil || !p.counts(found) {
		found = nil
	}
	if !sameObject(known, found) {
		return fmt.Errorf("%w: %q", errBehind, name)
	}
	return nil
}

// shows says whether the cache has what an entry was made from, or something newer.
func shows(known client.Object, e config.Entry) bool {
	return known != nil && string(known.GetUID()) == e.UID && known.GetGeneration() >= e.Generation
}

// counts says whether an object is one that gather would have taken.
func (p *pass) counts(o client.Object) bool {
	if o.GetDeletionTimestamp() != nil {
		return false
	}
	_, isTenant := o.(*v1alpha1.Tenant)
	return isTenant || index.Tenant(o) == p.key.Name
}

func sameObject(a, b client.Object) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.GetUID() == b.GetUID() && a.GetGeneration() == b.GetGeneration()
}
