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
// reached this one yet. Wherever the cache has less than the live documents, the API
// server is asked. Its word counts, not the generation: after a restore of the cluster
// the document may be the newer one, for good.
func (r *Reconciler) notBehind(ctx context.Context, p *pass) error {
	for _, known := range []struct {
		live   []config.Entry
		cached map[string]client.Object
		empty  func() client.Object
	}{
		{
			p.settings.entries[kindTenant], map[string]client.Object{p.tenant.Name: p.tenant},
			func() client.Object { return &v1alpha1.Tenant{} },
		},
		{
			p.settings.entries[kindAccountProfile], byName(p.accountProfiles),
			func() client.Object { return &v1alpha1.AccountProfile{} },
		},
		{
			p.settings.entries[kindMyAccountProfile], byName(p.myAccountProfiles),
			func() client.Object { return &v1alpha1.MyAccountProfile{} },
		},
		{
			p.routing.entries[kindEventTemplate], byName(p.eventTemplates),
			func() client.Object { return &v1alpha1.EventTemplate{} },
		},
	} {
		if err := r.compareLive(ctx, p, known.live, known.cached, known.empty); err != nil {
			return err
		}
	}
	return nil
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

func (r *Reconciler) compareLive(ctx context.Context, p *pass, live []config.Entry, cached map[string]client.Object, empty func() client.Object) error {
	for _, e := range live {
		known := cached[e.Name]
		if e.Name == "" || e.State == config.Retired || shows(known, e) {
			continue
		}
		found := empty()
		err := r.live.Get(ctx, client.ObjectKey{Namespace: p.key.Namespace, Name: e.Name}, found)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read %s, which the cache may not have: %w", e.Name, err)
		}
		if err != nil || !p.counts(found) {
			found = nil
		}
		if !sameObject(known, found) {
			return fmt.Errorf("%w: %q", errBehind, e.Name)
		}
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
