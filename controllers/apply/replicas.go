package apply

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
)

// scaleOwner owns the number of replicas of a Deployment from the moment in which the
// operator lets go of it until an autoscaler sets it. A field without an owner would be
// reset to its default, which is one replica.
const scaleOwner = client.FieldOwner("foyer-autoscaling")

// EnsureScaled is Ensure for a Deployment that is rendered without a number of replicas,
// because an autoscaler decides over it. The number stays as it is, and is never less
// than least: an autoscaler takes its time, and leaves a Deployment of none alone.
func (g *Gateway) EnsureScaled(ctx context.Context, owner client.Object, desired provision.Object, least int32) (Result, error) {
	want, err := render(desired)
	if err != nil {
		return "", err
	}
	existed, result, err := g.handOver(ctx, owner, want, least)
	if err != nil || result == Contested {
		return result, err
	}
	result, err = g.Ensure(ctx, owner, desired)
	if err != nil || existed {
		return result, err
	}
	_, _, err = g.handOver(ctx, owner, want, least)
	return result, err
}

// handOver gives the number of replicas another owner before the operator drops it, and
// raises it to least. It says whether there is a Deployment, and whether its number is left
// as it is because somebody else insists on none.
func (g *Gateway) handOver(ctx context.Context, owner client.Object, want *rendered, least int32) (bool, Result, error) {
	current, err := g.read(ctx, want)
	if apierrors.IsNotFound(err) {
		return false, Unchanged, nil
	}
	if err != nil {
		return false, "", fmt.Errorf("read %s: %w", want.name(), err)
	}
	known, ok := current.(*appsv1.Deployment)
	if !ok || !metav1.IsControlledBy(known, owner) || known.DeletionTimestamp != nil {
		return true, Unchanged, nil
	}
	applied := known.Annotations[AnnotationApplied] == want.GetAnnotations()[AnnotationApplied]
	if applied && ptr.Deref(known.Spec.Replicas, 1) >= least {
		return true, Unchanged, nil
	}
	// The cache knows no owners of fields, and may be behind the autoscaler.
	live := &appsv1.Deployment{}
	if err := g.live.Get(ctx, client.ObjectKeyFromObject(known), live); err != nil {
		return true, "", client.IgnoreNotFound(err)
	}
	replicas := ptr.Deref(live.Spec.Replicas, 1)
	if live.UID != known.UID || replicas >= least && !ownsReplicas(live) {
		return true, Unchanged, nil
	}
	v := verdict{send: true}
	if applied && replicas == 0 { // neither the operator nor an autoscaler stops all pods
		v = g.stopped(ctx, owner, live, want)
	}
	if !v.send {
		return true, v.result, nil
	}
	result, err := v.done(Applied, g.setReplicas(ctx, live, max(replicas, least)))
	return true, result, err
}

// stopped says of a Deployment whose pods somebody has stopped whether that is to be healed.
func (g *Gateway) stopped(ctx context.Context, owner client.Object, live *appsv1.Deployment, want *rendered) verdict {
	replicas := field{{name: "spec"}, {name: "replicas"}}
	return g.heal(owner, Drift{
		APIVersion: want.GetAPIVersion(), Kind: want.GetKind(), Name: want.GetName(), Version: live.ResourceVersion,
		Fields:   []string{replicas.String()},
		Managers: func() []string { return g.managers(ctx, want, []field{replicas}) },
	})
}

// setReplicas writes the number on top of the version that was read.
func (g *Gateway) setReplicas(ctx context.Context, live *appsv1.Deployment, replicas int32) error {
	number := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": appsv1.SchemeGroupVersion.String(), "kind": "Deployment",
		"spec": map[string]any{"replicas": int64(replicas)},
	}}
	number.SetNamespace(live.Namespace)
	number.SetName(live.Name)
	number.SetUID(live.UID)
	number.SetResourceVersion(live.ResourceVersion)
	err := g.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(number), scaleOwner, client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("hand over the number of replicas of Deployment %s: %w", live.Name, err)
	}
	return nil
}

// ownsReplicas says whether the operator owns the number of replicas by its last apply.
func ownsReplicas(d *appsv1.Deployment) bool {
	for _, entry := range d.ManagedFields {
		if entry.Manager != string(FieldOwner) || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var fields struct {
			Spec struct {
				Replicas *struct{} `json:"f:replicas"`
			} `json:"f:spec"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) == nil && fields.Spec.Replicas != nil {
			return true
		}
	}
	return false
}
