package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
)

// writeWorkloads makes Services and Deployments as declared. A refused or paused
// tenant keeps those that it has, and so does one whose database is not there.
func (r *Reconciler) writeWorkloads(ctx context.Context, p *pass) error {
	if !p.database.ready || p.newer() || !p.settings.known() || p.output.Document == nil || p.settings.body == nil || p.foreign.Reason != "" {
		return nil
	}
	for _, desired := range provision.Objects(r.params(p)) {
		result, err := r.gateway.Ensure(ctx, p.tenant, desired)
		if refusal, refused := p.refused(apply.Name(desired), err); refused {
			p.foreign = refusal
			continue
		}
		if err != nil {
			return err
		}
		switch result {
		case apply.Foreign:
			if err := r.readForeign(ctx, p, desired); err != nil {
				return err
			}
		case apply.Applied:
			metrics.Writes.WithLabelValues(ptr.Deref(desired.GetKind(), "")).Inc()
		}
	}
	if p.foreign.Reason == "" {
		p.version = r.options.Version
	}
	return nil
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
			return status.No("ReplicaFailure", "The "+string(c)+" cannot get a pod: "+condition.Message), nil
		}
	}
	return status.No(status.ReasonNoReadyReplica, "The "+string(c)+" has no ready replica: see its Deployment and pods."), nil
}
