package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
)

// writeWorkloads makes Deployments, and all that goes with them, as declared. A refused or paused
// tenant keeps those that it has, and so does one whose database is not there.
func (r *Reconciler) writeWorkloads(ctx context.Context, p *pass) error {
	if !p.database.ready || p.newer() || !p.settings.known() || p.output.Document == nil || p.settings.body == nil {
		r.waves.leave(ctx, p.key)
		r.waves.took(ctx, p.key, "")
		p.turn.barred = true
		return nil
	}
	objects, err := r.inTurn(ctx, p, provision.Objects(r.params(p)))
	if err != nil {
		return err
	}
	// Deployments are last: with what their pods need.
	slices.SortStableFunc(objects, func(a, b provision.Object) int { return cmp.Compare(isWorkload(a), isWorkload(b)) })
	for _, desired := range objects {
		if err := r.writeObject(ctx, p, desired); err != nil {
			if _, soon := startsAgain(err); !soon { // meanwhile another tenant may have its place
				r.waves.leave(ctx, p.key)
			}
			return err
		}
	}
	return r.noteTurn(ctx, p, objects)
}

// writeObject makes one object as declared. What is in its way is told, and holds up no other
// object, unless that needs it.
func (r *Reconciler) writeObject(ctx context.Context, p *pass, desired provision.Object) error {
	if p.unsafe(desired) {
		return r.readForeign(ctx, p, desired)
	}
	result, err := r.ensureObject(ctx, p, desired)
	if refusal, refused := p.refused(apply.Name(desired), err); refused {
		p.obstructs(desired, refusal)
		return nil
	}
	if err != nil {
		metrics.Wrote(ptr.Deref(desired.GetKind(), ""), err)
		return err
	}
	switch result {
	case apply.Foreign:
		if err := r.readForeign(ctx, p, desired); err != nil {
			return err
		}
		if !p.obstacles[apply.Name(desired)] { // it has gone meanwhile
			p.runAgain(behindDelay)
		}
	case apply.Contested:
		p.runAgain(staleRead)
	case apply.Applied:
		metrics.Wrote(ptr.Deref(desired.GetKind(), ""), nil)
	}
	return nil
}

// isWorkload is 1 for a Deployment, else 0.
func isWorkload(o provision.Object) int {
	if _, workload := provision.Workload(o); workload {
		return 1
	}
	return 0
}

// observe looks at the Deployments and the pods.
func (r *Reconciler) observe(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	p.available = map[provision.Component]status.Finding{}
	for _, c := range provision.Components() {
		finding, err := r.availability(ctx, p, c)
		if err != nil {
			return err
		}
		p.available[c] = finding
	}
	var pods corev1.PodList
	err := r.client.List(ctx, &pods, client.InNamespace(p.key.Namespace), client.MatchingLabels{provision.LabelTenant: p.key.Name})
	if err != nil {
		return fmt.Errorf("read pods: %w", err)
	}
	p.pods = pods.Items
	return nil
}

func (r *Reconciler) availability(ctx context.Context, p *pass, c provision.Component) (status.Finding, error) {
	var deployment appsv1.Deployment
	key := client.ObjectKey{Namespace: p.key.Namespace, Name: provision.WorkloadName(p.key.Name, c)}
	if err := r.client.Get(ctx, key, &deployment); client.IgnoreNotFound(err) != nil {
		return status.Finding{}, fmt.Errorf("read Deployment %s: %w", key.Name, err)
	} else if err != nil {
		return status.No(status.ReasonNotDeployed, "The "+string(c)+" is not deployed yet."), nil
	}
	if deployment.Status.ReadyReplicas > 0 {
		return status.Yes(status.ReasonAvailable, "The "+string(c)+" has a ready replica."), nil
	}
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return status.No(status.ReasonReplicaFailure, "The "+string(c)+" cannot get a pod: "+condition.Message), nil
		}
	}
	return status.No(status.ReasonNoReadyReplica, "The "+string(c)+" has no ready replica: see its Deployment and pods."), nil
}
