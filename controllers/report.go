package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	ac "github.com/foyerhq/foyer/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/status"
)

// reportBudget bounds how long a pass writes statuses: an edit that is made meanwhile
// waits for the end of the pass.
const reportBudget = 500 * time.Millisecond

// report writes the status of the Tenant and of each profile and template, where it
// differs. One that cannot be written does not keep the others from it.
func (r *Reconciler) report(ctx context.Context, p *pass) error {
	p.replicas.Known = p.tenant == nil || p.known(&p.settings)
	p.dispatchers.Known = p.tenant == nil || p.known(&p.routing)
	p.replicas.Starting, p.dispatchers.Starting = p.database.starting, p.database.starting
	p.forgetReported()
	now := metav1.NewTime(p.now.Truncate(timePrecision))
	var list []telling
	if p.tenant != nil {
		list = append(list, r.reportTenant(p, now))
	}
	if p.farewell.Reason != "" && p.departing != nil {
		list = append(list, r.reportLeaving(p, now))
	}
	for i := range p.accountProfiles {
		list = append(list, r.reportAccountProfile(p, &p.accountProfiles[i], now))
	}
	for i := range p.myAccountProfiles {
		list = append(list, r.reportMyAccountProfile(p, &p.myAccountProfiles[i], now))
	}
	for i := range p.eventTemplates {
		list = append(list, r.reportEventTemplate(p, &p.eventTemplates[i], now))
	}
	list = slices.DeleteFunc(list, func(t telling) bool { return t.write == nil })
	slices.SortStableFunc(list, func(a, b telling) int { return cmp.Compare(a.rank, b.rank) })
	return p.tellAll(ctx, list)
}

// telling is a status that is to be written.
type telling struct {
	object types.UID
	rank   int // lower ones are written first
	// write returns what was written; without a version if the object is gone. nil: there
	// is nothing to tell.
	write func(context.Context) (reported, error)
}

// The ranks: the Tenant is about all, and somebody waits for what was edited.
const (
	rankTenant = iota
	rankUnseen // nothing was said of its generation yet
	rankSeen
)

// tellAll writes statuses, several at the same time. Where there are so many that it takes
// long, as when a profile is deleted that hundreds of templates name, the rest is left to
// the next pass, which runs at once. A pass that fails runs again after a while only, so
// it leaves nothing.
func (p *pass) tellAll(ctx context.Context, list []telling) error {
	var (
		mu       sync.Mutex // of problems and of the memory
		problems []error
		writes   sync.WaitGroup
		places   = make(chan struct{}, patchers)
		begin    = time.Now()
	)
	enough := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return time.Since(begin) > reportBudget && len(problems) == 0 && p.unwritten == nil
	}
	for _, t := range list {
		places <- struct{}{}
		if enough() {
			p.runAgain(time.Millisecond)
			break
		}
		writes.Go(func() {
			defer func() { <-places }()
			said, err := t.write(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problems = append(problems, err)
			} else if said.version != "" {
				p.memory.reported[t.object] = said
			}
		})
	}
	writes.Wait()
	return errors.Join(problems...)
}

// forgetReported drops what is remembered of objects that are gone.
func (p *pass) forgetReported() {
	present := map[types.UID]bool{}
	if p.tenant != nil {
		present[p.tenant.UID] = true
	}
	if p.departing != nil {
		present[p.departing.UID] = true
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

func (r *Reconciler) reportTenant(p *pass, now metav1.Time) telling {
	former := formerStatus(p.memory, p.tenant, p.tenant.Status)
	next := status.OfTenant(former, p.tenantFacts(former), now)
	p.measure(next)
	desired := ac.Tenant(p.tenant.Name, p.tenant.Namespace).WithUID(p.tenant.UID)
	desired.Status = &ac.TenantStatusApplyConfiguration{}
	return tell(r, p, news[v1alpha1.TenantStatus]{
		kind: kindTenant, object: p.tenant,
		former: former, next: next,
		conditions: func(s *v1alpha1.TenantStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportLeaving(p *pass, now metav1.Time) telling {
	former := formerStatus(p.memory, p.departing, p.departing.Status)
	desired := ac.Tenant(p.departing.Name, p.departing.Namespace).WithUID(p.departing.UID)
	desired.Status = &ac.TenantStatusApplyConfiguration{}
	return tell(r, p, news[v1alpha1.TenantStatus]{
		kind: kindTenant, object: p.departing,
		former: former, next: status.OfLeaving(former, p.departing.Generation, p.farewell, now),
		conditions: func(s *v1alpha1.TenantStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportAccountProfile(p *pass, o *v1alpha1.AccountProfile, now metav1.Time) telling {
	former := formerStatus(p.memory, o, o.Status)
	facts := p.profileFacts(o, former.Conditions, p.output.AccountProfiles[o.Name], kindAccountProfile)
	desired := ac.AccountProfile(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.AccountProfileStatusApplyConfiguration{}
	return tell(r, p, news[v1alpha1.AccountProfileStatus]{
		kind: kindAccountProfile, object: o,
		former: former, next: status.OfAccountProfile(former, facts, p.profileEvents(o), now),
		conditions: func(s *v1alpha1.AccountProfileStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportMyAccountProfile(p *pass, o *v1alpha1.MyAccountProfile, now metav1.Time) telling {
	former := formerStatus(p.memory, o, o.Status)
	facts := p.profileFacts(o, former.Conditions, p.output.MyAccountProfiles[o.Name], kindMyAccountProfile)
	desired := ac.MyAccountProfile(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.MyAccountProfileStatusApplyConfiguration{}
	return tell(r, p, news[v1alpha1.MyAccountProfileStatus]{
		kind: kindMyAccountProfile, object: o,
		former: former, next: v1alpha1.MyAccountProfileStatus(status.OfProfile(status.ProfileStatus(former), facts, now)),
		conditions: func(s *v1alpha1.MyAccountProfileStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

func (r *Reconciler) reportEventTemplate(p *pass, o *v1alpha1.EventTemplate, now metav1.Time) telling {
	former := formerStatus(p.memory, o, o.Status)
	next := status.OfTemplate(former, p.templateFacts(o, former.Conditions), now)
	desired := ac.EventTemplate(o.Name, o.Namespace).WithUID(o.UID)
	desired.Status = &ac.EventTemplateStatusApplyConfiguration{}
	return tell(r, p, news[v1alpha1.EventTemplateStatus]{
		kind: kindEventTemplate, object: o,
		former: former, next: next, live: next.LiveGeneration != 0,
		conditions: func(s *v1alpha1.EventTemplateStatus) *[]metav1.Condition { return &s.Conditions },
		desired:    desired, into: desired.Status, version: func() *string { return desired.ResourceVersion },
	})
}

// news is the status of one object, as it was and as it is to be.
type news[S any] struct {
	kind         string
	object       client.Object
	former, next S
	live         bool // of an event template: something of it is live
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

// tell is how a status that differs is written, with an event if people watch for it.
func tell[S any](r *Reconciler, p *pass, n news[S]) telling {
	former, next := *n.conditions(&n.former), *n.conditions(&n.next)
	if sameStatus(n.former, n.next, n.conditions) || p.soonTold(former, next) {
		return telling{}
	}
	return telling{n.object.GetUID(), rank(n.object, former), func(ctx context.Context) (reported, error) {
		if err := convert(n.next, n.into); err != nil {
			return reported{}, err
		}
		version, err := r.applyStatus(ctx, n.kind, n.object, n.desired, n.version)
		if err != nil {
			return reported{}, err
		}
		if version != "" {
			p.decideObject(n.kind, n.object, former, next)
		}
		r.announceReady(n.object, former, next)
		r.announceConflict(n.object, former, next, n.live)
		return reported{version, n.next}, nil
	}}
}

func rank(o client.Object, former []metav1.Condition) int {
	if _, isTenant := o.(*v1alpha1.Tenant); isTenant {
		return rankTenant
	}
	if ready := meta.FindStatusCondition(former, v1alpha1.ConditionReady); ready == nil || ready.ObservedGeneration != o.GetGeneration() {
		return rankUnseen
	}
	return rankSeen
}

// applyStatus writes one status and returns the version of the object that has it. The
// answer of the API server is decoded into what was sent; version reads it from there.
func (r *Reconciler) applyStatus(ctx context.Context, kind string, o client.Object,
	desired runtime.ApplyConfiguration, version func() *string,
) (string, error) {
	err := r.client.Status().Apply(ctx, desired, apply.FieldOwner, client.ForceOwnership)
	if apierrors.IsNotFound(err) {
		return "", nil // it was deleted meanwhile
	}
	metrics.Wrote(kind+"/status", err)
	if err != nil {
		return "", fmt.Errorf("write the status of %s %s: %w", kind, o.GetName(), err)
	}
	return ptr.Deref(version(), ""), nil
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
