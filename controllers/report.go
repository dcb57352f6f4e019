package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	ac "github.com/foyerhq/foyer/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/status"
)

// report writes the status of the Tenant and of each profile and template, where it
// differs. One that cannot be written does not keep the others from it.
func (r *Reconciler) report(ctx context.Context, p *pass) error {
	p.replicas.Known = p.tenant == nil || p.settings.known()
	p.replicas.Starting = p.database.starting
	p.forgetReported()
	now := metav1.NewTime(p.now.Truncate(timePrecision))
	var problems []error
	if p.tenant != nil {
		problems = append(problems, r.reportTenant(ctx, p, now))
	}
	for i := range p.accountProfiles {
		problems = append(problems, r.reportAccountProfile(ctx, p, &p.accountProfiles[i], now))
	}
	for i := range p.myAccountProfiles {
		problems = append(problems, r.reportMyAccountProfile(ctx, p, &p.myAccountProfiles[i], now))
	}
	for i := range p.eventTemplates {
		problems = append(problems, r.reportEventTemplate(ctx, p, &p.eventTemplates[i], now))
	}
	return errors.Join(problems...)
}

// forgetReported drops what is remembered of objects that are gone.
func (p *pass) forgetReported() {
	present := map[types.UID]bool{}
	if p.tenant != nil {
		present[p.tenant.UID] = true
	}
	for i := range p.accountProfiles {
		present[p.accountProfiles[i].UID] = true
	}
	for i := range p.myAccountProfiles {
		present[p.myAccountProfiles[i].UID] = true
	}
	for i := range p.eventTemplates {
		present[p.eventTemplates[i].UID] = true
	}
	maps.DeleteFunc(p.memory.reported, func(uid types.UID, _ reported) bool { return !present[uid] })
}

func (r *Reconciler) reportTenant(ctx context.Context, p *pass, now metav1.Time) error {
	former := formerStatus(p.memory, p.tenant, p.tenant.Status)
	desired := ac.Tenant(p.tenant.Name, p.tenant.Namespace).WithUID(p.tenant.UID)
	desired.Status = &ac.TenantStatusApplyConfiguration{}
	return tell(ctx, r, p, news[v1alpha1.TenantStatus]{
		kind: kindTenant, object: p.tenant,
		former: former, next: status.OfTenant(former, p.tenantFacts(former), now),
		conditions: func(s *v1alpha1.TenantStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportAccountProfile(ctx context.Context, p *pass, o *v1alpha1.AccountProfile, now metav1.Time) error {
	former := formerStatus(p.memory, o, o.Status)
	facts := p.profileFacts(o, former.Conditions, p.output.AccountProfiles[o.Name], kindAccountProfile)
	desired := ac.AccountProfile(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.AccountProfileStatusApplyConfiguration{}
	return tell(ctx, r, p, news[v1alpha1.AccountProfileStatus]{
		kind: kindAccountProfile, object: o,
		former: former, next: v1alpha1.AccountProfileStatus(status.OfProfile(status.ProfileStatus(former), facts, now)),
		conditions: func(s *v1alpha1.AccountProfileStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportMyAccountProfile(ctx context.Context, p *pass, o *v1alpha1.MyAccountProfile, now metav1.Time) error {
	former := formerStatus(p.memory, o, o.Status)
	facts := p.profileFacts(o, former.Conditions, p.output.MyAccountProfiles[o.Name], kindMyAccountProfile)
	desired := ac.MyAccountProfile(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.MyAccountProfileStatusApplyConfiguration{}
	return tell(ctx, r, p, news[v1alpha1.MyAccountProfileStatus]{
		kind: kindMyAccountProfile, object: o,
		former: former, next: v1alpha1.MyAccountProfileStatus(status.OfProfile(status.ProfileStatus(former), facts, now)),
		conditions: func(s *v1alpha1.MyAccountProfileStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportEventTemplate(ctx context.Context, p *pass, o *v1alpha1.EventTemplate, now metav1.Time) error {
	former := formerStatus(p.memory, o, o.Status)
	desired := ac.EventTemplate(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.EventTemplateStatusApplyConfiguration{}
	return tell(ctx, r, p, news[v1alpha1.EventTemplateStatus]{
		kind: kindEventTemplate, object: o,
		former: former, next: status.OfTemplate(former, p.templateFacts(o, former.Conditions), now),
		conditions: func(s *v1alpha1.EventTemplateStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

// news is the status of one object, as it was and as it is to be.
type news[S any] struct {
	kind         string
	object       client.Object
	former, next S
	conditions   func(*S) *[]metav1.Condition

	desired runtime.ApplyConfiguration // of the object; its status, into, is empty yet
	into    any
	version func() *string // of desired, when the API server has answered
}

// soonTold says whether all that there is to say of a new object is that it waits for the
// tenant's database, which is being prepared: in a moment there is more, and until then
// its Tenant says so. Whoever waits for it reads observedGeneration -1.
func (p *pass) soonTold(former, next []metav1.Condition) bool {
	ready := meta.FindStatusCondition(next, v1alpha1.ConditionReady)
	return p.database.starting && len(former) == 0 && ready != nil && ready.Reason == status.ReasonDatabaseNotReady
}

// tell writes a status that differs, and records an event if people watch for it.
func tell[S any](ctx context.Context, r *Reconciler, p *pass, n news[S]) error {
	if sameStatus(n.former, n.next, n.conditions) || p.soonTold(*n.conditions(&n.former), *n.conditions(&n.next)) {
		return nil
	}
	if err := convert(n.next, n.into); err != nil {
		return err
	}
	err := r.applyStatus(ctx, p, n.kind, n.object, n.desired, n.next, n.version)
	if err == nil {
		r.announce(n.object, *n.conditions(&n.former), *n.conditions(&n.next))
	}
	return err
}

// applyStatus writes one status and remembers it until the cache has it. The answer of
// the API server is decoded into what was sent; version reads it from there.
func (r *Reconciler) applyStatus(ctx context.Context, p *pass, kind string, o client.Object,
	desired runtime.ApplyConfiguration, next any, version func() *string,
) error {
	err := r.client.Status().Apply(ctx, desired, apply.FieldOwner, client.ForceOwnership)
	if apierrors.IsNotFound(err) {
		return nil // it was deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("write the status of %s %s: %w", kind, o.GetName(), err)
	}
	metrics.Writes.WithLabelValues(kind + "/status").Inc()
	if v := version(); v != nil {
		p.memory.reported[o.GetUID()] = reported{version: *v, status: next}
	}
	return nil
}

// sameStatus says whether there is nothing to write. The order of conditions is no
// difference.
func sameStatus[S any](former, next S, conditions func(*S) *[]metav1.Condition) bool {
	a, b := conditions(&former), conditions(&next)
	if !status.Same(*a, *b) {
		return false
	}
	*a, *b = nil, nil
	return equality.Semantic.DeepEqual(former, next)
}

// convert turns a status into its apply configuration: both have the same JSON.
func convert(from, to any) error {
	encoded, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode a status: %w", err)
	}
	if err := json.Unmarshal(encoded, to); err != nil {
		return fmt.Errorf("encode a status: %w", err)
	}
	return nil
}
