package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

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
	trace  passTrace
	next   time.Duration // the next run by itself; 0: only by an event

	tenant            *v1alpha1.Tenant // nil: missing, or being deleted
	departing         *v1alpha1.Tenant // is being deleted, and its data first
	farewell          status.Finding   // what is said of it; a zero Finding: nothing new
	accountProfiles   []v1alpha1.AccountProfile
	myAccountProfiles []v1alpha1.MyAccountProfile
	eventTemplates    []v1alpha1.EventTemplate
	holder            string       // another tenant that has the host name
	apiHolder         string       // and that of the API
	leaving           *metav1.Time // when its deletion was asked for; nil: it was not, or it is gone

	settings document
	routing  document
	upToDate bool // both were found to be live still, and the cache not to be behind them
	// routingBlocked: it was found before the settings were written that the routing
	// document cannot be.
	routingBlocked bool
	output         compile.Output
	broken         status.Finding // why there is no output, a zero Finding if there is
	database       database
	foreign        status.Finding  // about what is in the way
	obstacles      map[string]bool // "Kind name" of objects that could not be written
	unwritten      error           // why a document was not made or written; ends the pass when all else is done

	contested status.Finding // about objects that somebody else changes again and again
	turn      turn
	rollout   status.Finding // how far the pods are with this release; a zero Finding: they are of it
	version   string         // that all pods run; empty: they are on their way
	available map[provision.Component]status.Finding
	pods      []corev1.Pod
	exposure  exposure
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
	p.now = r.options.now()
	var tenant v1alpha1.Tenant
	err := r.client.Get(ctx, p.key, &tenant)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read Tenant: %w", err)
	}
	// What is being deleted is not there any more for those who name it.
	if err == nil && tenant.DeletionTimestamp == nil {
		p.tenant = &tenant
	} else if err == nil && controllerutil.ContainsFinalizer(&tenant, finalizer) {
		p.departing = &tenant
	}
	p.leaving = tenant.DeletionTimestamp
	if err := r.gatherObjects(ctx, p); err != nil {
		return err
	}
	if p.tenant == nil {
		r.gone(p)
		return nil
	}
	r.drifts.follow(p.tenant)
	if p.holder, err = r.hostnameHolder(ctx, p.tenant, p.tenant.Spec.Portal.Hostname); err != nil {
		return err
	}
	p.apiHolder, err = r.hostnameHolder(ctx, p.tenant, p.tenant.Spec.Backoffice.API.Hostname)
	return err
}

// gone forgets what belongs to a tenant that is no more.
func (r *Reconciler) gone(p *pass) {
	r.preparations.abandon(p.key)
	if p.departing == nil {
		r.deletions.forget(p.key)
	}
	r.upkeeps.forget(p.key)
	r.claims.release(p.key, nil)
	r.drifts.forget(p.key)
	metrics.Forget(p.key)
	if p.leaving != nil {
		metrics.SetTenant(p.key, metrics.Tenant{DeletedAt: p.leaving.Time})
	}
	p.memory.edit.end(outcomeDeleted)
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
