package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/controllers/wave"
)

// turn is whether a tenant's pods may be replaced by those of this release.
type turn struct {
	asked  bool
	answer reply
	barred bool   // it cannot ask, for what its other conditions say
	kept   string // which tells so
}

// inTurn replaces, among the rendered objects, the Deployments of a tenant that has to wait
// for its turn: they are as its Tenant declares, with the pods of the release that they have.
func (r *Reconciler) inTurn(ctx context.Context, p *pass, objects []provision.Object) ([]provision.Object, error) {
	for _, object := range objects {
		if desired, ok := provision.Workload(object); ok {
			if err := provision.Release(desired, p.tenant, r.waves.mark); err != nil {
				return nil, err
			}
		}
	}
	live, err := r.deployments(ctx, p)
	if err != nil {
		return nil, err
	}
	known := r.waves.remember(p.tenant, live)
	if len(known) == 0 || !wave.Counts(p.tenant) || wave.Begun(live, r.waves.mark) {
		r.waves.forget(ctx, p.key)
		return objects, nil
	}
	held, same, err := hold(objects, known)
	if err != nil {
		return nil, err
	}
	if same {
		r.waves.forget(ctx, p.key)
		return objects, nil
	}
	p.turn = turn{asked: true, answer: r.waves.ask(ctx, p.key)}
	if p.turn.answer.begins {
		return objects, nil
	}
	return held, nil
}

// noteTurn notes whether the cluster takes the pods of this release. What is in the way of a
// tenant that runs it, or waits, says nothing about the release.
func (r *Reconciler) noteTurn(ctx context.Context, p *pass, objects []provision.Object) error {
	live, err := r.deployments(ctx, p)
	if err != nil {
		return err
	}
	why := ""
	if p.turn.answer.begins || wave.Replacing(live, r.waves.mark) && wave.Begun(live, r.waves.mark) {
		for _, desired := range objects {
			if _, workload := provision.Workload(desired); workload && (p.obstacles[apply.Name(desired)] || p.unsafe(desired)) {
				why = cmp.Or(p.foreign.Message, p.settings.blocked.Message)
			}
		}
	}
	r.waves.took(ctx, p.key, why)
	return nil
}

// hold returns what the Deployments are as long as the tenant waits; live are those that it has
// or had. same: nothing has to wait, because the pods are the same ones.
func hold(objects []provision.Object, live []*appsv1.Deployment) (held []provision.Object, same bool, err error) {
	same = true
	for _, object := range objects {
		desired, ok := provision.Workload(object)
		if !ok {
			held = append(held, object)
			continue
		}
		at := slices.IndexFunc(live, func(d *appsv1.Deployment) bool { return d.Name == *desired.Name })
		switch {
		case at >= 0:
			kept, unchanged, err := provision.Hold(desired, live[at])
			if err != nil {
				return nil, false, err
			}
			held, same = append(held, kept), same && unchanged
		case provision.Has(live[0], desired):
			held = append(held, provision.Beside(desired, live[0]))
		default: // it comes with the release
			same = false
		}
	}
	return held, same, nil
}

// deployments are those of the tenant that there are, in the cache.
func (r *Reconciler) deployments(ctx context.Context, p *pass) ([]*appsv1.Deployment, error) {
	var list []*appsv1.Deployment
	for _, c := range provision.Components() {
		deployment := &appsv1.Deployment{}
		key := client.ObjectKey{Namespace: p.key.Namespace, Name: provision.WorkloadName(p.key.Name, c)}
		if err := r.client.Get(ctx, key, deployment); client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("read Deployment %s: %w", key.Name, err)
		} else if err == nil {
			list = append(list, deployment)
		}
	}
	return owned(p.tenant, list), nil
}

// lookAtRollout says how far the tenant's pods are with this release.
func (r *Reconciler) lookAtRollout(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	live, err := r.deployments(ctx, p)
	if err != nil {
		return err
	}
	p.version = wave.Version(live)
	found, err := r.lookAt(ctx, p.tenant, live)
	if err != nil {
		return err
	}
	conditions := formerStatus(p.memory, p.tenant, p.tenant.Status).Conditions
	p.turn.kept = r.keptRelease(p, found, conditions)
	former := rolloutSaid(conditions)
	failed, decided := r.waves.hasFailed(p.key)
	switch {
	case p.paused():
	case found.WasDone && !failed: // nobody waits: the other conditions say what is wrong
		if !decided {
			p.rollout = former
		}
	case found.Standing == wave.Failed:
		p.rollout = r.failedFinding(p.tenant, found.Why)
	case p.turn.asked && p.turn.answer.known:
		p.rollout = r.turnFinding(p)
	case p.turn.asked, found.Standing == wave.Waiting: // nothing is decided yet
		p.rollout = former
	case found.Standing == wave.Rolling && (former.Reason == status.ReasonRollingOut || wave.Replacing(live, r.waves.mark)):
		p.rollout = rollingFinding
	}
	return nil
}

// keptRelease tells of a tenant that cannot ask for its turn which pods it keeps. Whether one can
// whose database is still being looked at is not known: what was said of that stays.
func (r *Reconciler) keptRelease(p *pass, found wave.Found, former []metav1.Condition) string {
	has := p.tenant.Status.Version
	if !p.turn.barred || found.Standing != wave.Waiting || has == r.options.Version {
		return ""
	}
	kept := "Its pods stay those of release " + has + " until then, and do not get release " + r.options.Version + "."
	if said, _ := status.Former(former, v1alpha1.ConditionReady); p.database.starting && !strings.HasSuffix(said.Message, kept) {
		return ""
	}
	return kept
}

// rolloutSaid is what was last said about the rollout of a tenant; a zero Finding: nothing.
func rolloutSaid(conditions []metav1.Condition) status.Finding {
	said, _ := status.Former(conditions, v1alpha1.ConditionReady)
	if !status.OfRollout(said.Reason) {
		return status.Finding{}
	}
	return said
}

var rollingFinding = status.Yes(status.ReasonRollingOut,
	"The portal, the backoffice and the dispatcher run what is declared. Their pods are being replaced, one after another.")

func (r *Reconciler) turnFinding(p *pass) status.Finding {
	const runs = "The portal, the backoffice and the dispatcher run what is declared, and keep their pods: "
	switch a := p.turn.answer; {
	case a.begins:
		return rollingFinding
	case a.halted.Name == "":
		return status.Yes(status.ReasonRolloutWaiting, runs+"those of release "+r.options.Version+" come when it is this tenant's turn.")
	case a.halted.Namespace == p.key.Namespace:
		return status.Yes(status.ReasonRolloutHalted, runs+"no tenant gets those of release "+r.options.Version+" until Tenant "+a.halted.Name+", which has failed with them, has recovered.")
	default: // who that is is no business of this namespace
		return status.Yes(status.ReasonRolloutHalted, runs+"no tenant gets those of release "+r.options.Version+" until a Tenant of another namespace, which has failed with them, has recovered.")
	}
}

func (r *Reconciler) failedFinding(t *v1alpha1.Tenant, why string) status.Finding {
	others := fmt.Sprintf("No other tenant gets release %s while this is so; to let them go on, annotate this one with %s=%s.",
		r.options.Version, wave.AnnotationIgnore, r.options.Version)
	if r.ignored(t) {
		others = "The other tenants go on, as annotation " + wave.AnnotationIgnore + " says."
	}
	return status.Stuck(status.ReasonRolloutFailed, status.Sentence(why)+" "+others)
}
