package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fill has the cache read everything that the pass works with, beside our own kinds, as soon
// as the manager starts. So a manager that waits for the lease is not said to be ready before
// it could take over, and one that lacks a right to read is never.
func fill(ctx context.Context, c cache.Cache) error {
	servers := &metav1.PartialObjectMetadata{}
	servers.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	for _, kind := range []client.Object{
		&corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{}, &corev1.Pod{}, servers,
		&appsv1.Deployment{}, &policyv1.PodDisruptionBudget{}, &autoscalingv2.HorizontalPodAutoscaler{},
		&networkingv1.Ingress{}, &networkingv1.NetworkPolicy{},
	} {
		if _, err := c.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("cache %T: %w", kind, err)
		}
	}
	return nil
}
