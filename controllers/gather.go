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
	checks *compile.Checks // of all tenants; nil: nothing is remembered
	next   time.Duration   // the next run by itself; 0: only by an event

	tenant            *v1alpha1.Tenant // nil: missing, or being deleted
	accountProfiles   []v1alpha1.AccountProfile
	myAccountProfiles []v1alpha1.MyAccountProfile
	eventTemplates    []v1alpha1.EventTemplate
	holder            string // another tenant that has the host name

	settings document
	routing  document
	upToDate bool // both were found to be live still, and the cache not to be behind them
	// routingBlocked: it was found before the settings were written that the routing
	// document cannot be.
	routingBlocked bool
	output         compile.Output
	broken         status.Finding // why there is no output, a zero Finding if there is
	database       database
	foreign        status.Finding // about an object that is in the way
	unwritten      error          // why a document was not made or written; ends the pass when all else is done

	version   string // of the workloads, when they were made as declared
	available map[provision.Component]status.Finding
	pods      []corev1.Pod
	// How far the documents have come: the settings to all pods, the routing document to
	// the dispatcher's.
	replicas, dispatchers status.Document
	secrets               status.Finding // about Secrets that are missing; a zero Finding: none is
}

func newPass(key types.NamespacedName, m *memory) *pass {
	return &pass{
		key: key, now: time.Now(), memory: m,
		settings: document{kind: settingsKind}, routing: document{kind: routingKind},
	}
}

// gather reads the Tenant, and the profiles and templates that name it.
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
	if err := r.gatherObjects(ctx, p); err != nil {
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
	r.upkeeps.forget(p.key)
	r.claims.release(p.key, "")
	metrics.Forget(p.key.Namespace, p.key.Name)
	reported := p.memory.reported
	*p.memory = *newMemory()
	p.memory.reported = reported
	if len(p.accountProfiles)+len(p.myAccountProfiles)+len(p.eventTemplates) == 0 {
		r.forget(p.key)
	}
}

func (r *Reconciler) gatherObjects(ctx context.Context, p *pass) error {
	var accounts v1alpha1.AccountProfileList
	var portals v1alpha1.MyAccountProfileList
	var templates v1alpha1.EventTemplateList
	selected := []client.ListOption{client.InNamespace(p.key.Namespace), client.MatchingFields{index.ObjectsByTenant: p.key.Name}}
	for _, list := range []client.ObjectList{&accounts, &portals, &templates} {
		if err := r.client.List(ctx, list, selected...); err != nil {
			return fmt.Errorf("read %T: %w", list, err)
		}
	}
	p.accountProfiles, p.myAccountProfiles, p.eventTemplates = standing(accounts.Items), standing(portals.Items), standing(templates.Items)
	return nil
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
