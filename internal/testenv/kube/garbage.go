package kube

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// garbagePause is how long a collector of garbage rests.
const garbagePause = 200 * time.Millisecond

// CollectGarbage deletes what a deleted object controls in a namespace, as a cluster does
// that has more than an API server: what is there before it returns, and until the test
// ends what comes later, since who had begun to write before the deletion writes after it.
func (c *Cluster) CollectGarbage(t testing.TB, namespace string, owner types.UID) {
	t.Helper()
	if err := c.collectGarbage(t.Context(), namespace, owner); err != nil {
		t.Fatal(err)
	}
	var collector sync.WaitGroup
	t.Cleanup(collector.Wait)
	collector.Go(func() {
		for {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(garbagePause):
			}
			if err := c.collectGarbage(t.Context(), namespace, owner); err != nil && t.Context().Err() == nil {
				t.Errorf("collect garbage: %v", err)
				return
			}
		}
	})
}

func (c *Cluster) collectGarbage(ctx context.Context, namespace string, owner types.UID) error {
	var failures []error
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ConfigMapList{}, &corev1.SecretList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{},
		&policyv1.PodDisruptionBudgetList{}, &networkingv1.NetworkPolicyList{}, &networkingv1.IngressList{}, &autoscalingv2.HorizontalPodAutoscalerList{},
	} {
		if err := c.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			o, ok := item.(client.Object)
			if !ok {
				return nil
			}
			if of := metav1.GetControllerOf(o); of == nil || of.UID != owner {
				return nil
			}
			return c.deleteThis(ctx, o)
		})
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// deleteThis deletes an object, and not what has its name by now.
func (c *Cluster) deleteThis(ctx context.Context, o client.Object) error {
	err := c.Client.Delete(ctx, o, client.Preconditions{UID: ptr.To(o.GetUID())})
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}
