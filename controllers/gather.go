package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
)

// pass is what one run has found so far.
type pass struct {
	key    types.NamespacedName
	now    time.Time
	memory *memory
	next   time.Duration // the next run by itself; 0: only by an event

	tenant            *v1alpha1.Tenant // nil: missing, or being deleted
	accountProfiles   []v1alpha1.AccountProfile
	myAccountProfiles []v1alpha1.MyAccountProfile
	holder            string // another tenant that has the host name

	document document
	output   compile.Output
	waiting  bool // paused, and something declared is not live
	database database
	foreign  status.Finding // about an object that is in the way

	version   string // of the workloads, when they were made as declared
	available map[provision.Component]status.Finding
	pods      []corev1.Pod
	replicas  status.Document
}

// gather reads the Tenant and the profiles that name it.
func (r *Reconciler) gather(ctx context.Context, p *pass) error {
	var tenant v1alpha1.Tenant
	err := r.client.Get(ctx, p.key, &tenant)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read Tenant: %w", err)
	}
	// What is being deleted is not there any more for those who name it.
	if err == nil && tenant.DeletionTimestamp == nil {
		p.tenant = &tenant
	}
	if p.accountProfiles, p.myAccountProfiles, err = r.profiles(ctx, p.key); err != nil {
		return err
	}
	if p.tenant == nil {
		r.gone(p)
		return nil
	}
	p.holder, err = r.hostnameHolder(ctx, p.tenant)
	return err
}

// gone forgets what belongs to a tenant that is no more.
func (r *Reconciler) gone(p *pass) {
	r.preparations.forget(p.key)
	r.claims.release(p.key, "")
	metrics.Forget(p.key.Namespace, p.key.Name)
	reported := p.memory.reported
	*p.memory = *newMemory()
	p.memory.reported = reported
	if len(p.accountProfiles)+len(p.myAccountProfiles) == 0 {
		r.forget(p.key)
	}
}

func (r *Reconciler) profiles(ctx context.Context, key types.NamespacedName) ([]v1alpha1.AccountProfile, []v1alpha1.MyAccountProfile, error) {
	selected := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingFields{index.ProfilesByTenant: key.Name}}
	var accounts v1alpha1.AccountProfileList
	if err := r.client.List(ctx, &accounts, selected...); err != nil {
		return nil, nil, fmt.Errorf("read AccountProfiles: %w", err)
	}
	var portals v1alpha1.MyAccountProfileList
	if err := r.client.List(ctx, &portals, selected...); err != nil {
		return nil, nil, fmt.Errorf("read MyAccountProfiles: %w", err)
	}
	return standing(accounts.Items), standing(portals.Items), nil
}

// standing leaves out what is being deleted.
func standing[T any, P interface {
	*T
	client.Object
}](list []T) []T {
	kept := list[:0]
	for i := range list {
		if P(&list[i]).GetDeletionTimestamp() == nil {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// mapKey is the ConfigMap of the settings document.
func (p *pass) mapKey() types.NamespacedName {
	return types.NamespacedName{Namespace: p.key.Namespace, Name: provision.SettingsName(p.key.Name)}
}
