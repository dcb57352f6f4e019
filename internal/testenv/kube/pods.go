package kube

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// MakeReadyPods does what Deployment controller, scheduler and kubelet would do: it
// makes the Deployment have n ready pods of its present template, deletes every other
// pod of it, and writes the status of the Deployment. It returns the pods.
func (c *Cluster) MakeReadyPods(t testing.TB, key client.ObjectKey, n int) []corev1.Pod {
	t.Helper()
	pods, err := c.ReadyPods(t.Context(), key, n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return pods
}

// ReadyPods is MakeReadyPods for who is no test.
func (c *Cluster) ReadyPods(ctx context.Context, key client.ObjectKey, n int) ([]corev1.Pod, error) {
	var deployment appsv1.Deployment
	if err := c.Client.Get(ctx, key, &deployment); err != nil {
		return nil, fmt.Errorf("read Deployment %s: %w", key, err)
	}
	pods, err := c.readyPods(ctx, &deployment, n)
	if err != nil {
		return nil, fmt.Errorf("make %d ready pods of Deployment %s: %w", n, key, err)
	}
	if err := c.reportReady(ctx, &deployment, n); err != nil {
		return nil, fmt.Errorf("write the status of Deployment %s: %w", key, err)
	}
	return pods, nil
}

func (c *Cluster) readyPods(ctx context.Context, deployment *appsv1.Deployment, n int) ([]corev1.Pod, error) {
	var existing corev1.PodList
	err := c.Client.List(ctx, &existing, client.InNamespace(deployment.Namespace),
		client.MatchingLabels(deployment.Spec.Selector.MatchLabels))
	if err != nil {
		return nil, err
	}
	image := deployment.Spec.Template.Spec.Containers[0].Image
	var pods []corev1.Pod
	for _, pod := range existing.Items {
		if len(pods) < n && pod.Spec.Containers[0].Image == image {
			pods = append(pods, pod)
			continue
		}
		if err := c.Client.Delete(ctx, &pod, client.GracePeriodSeconds(0)); err != nil {
			return nil, err
		}
	}
	for len(pods) < n {
		pod := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				GenerateName: deployment.Name + "-",
				Namespace:    deployment.Namespace,
				Labels:       deployment.Spec.Template.Labels,
				Annotations:  deployment.Spec.Template.Annotations,
				OwnerReferences: []metav1.OwnerReference{{ // as if there were one
					APIVersion: "apps/v1", Kind: "ReplicaSet", Name: deployment.Name + "-5d9f7c8b66", UID: deployment.UID, Controller: new(true),
				}},
			},
			Spec: deployment.Spec.Template.Spec,
		}
		if err := c.Client.Create(ctx, &pod); err != nil {
			return nil, err
		}
		pods = append(pods, pod)
	}
	for i := range pods {
		if err := c.setReady(ctx, &pods[i], corev1.ConditionTrue); err != nil {
			return nil, err
		}
	}
	return pods, nil
}

// MakeUnready makes a pod fail its readiness probe.
func (c *Cluster) MakeUnready(t testing.TB, pod corev1.Pod) {
	t.Helper()
	if err := c.setReady(t.Context(), &pod, corev1.ConditionFalse); err != nil {
		t.Fatalf("make pod %s unready: %v", pod.Name, err)
	}
}

func (c *Cluster) setReady(ctx context.Context, pod *corev1.Pod, ready corev1.ConditionStatus) error {
	before := pod.DeepCopy()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: metav1.Now()},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()},
	}
	if err := c.Client.Status().Patch(ctx, pod, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("write the status of pod %s: %w", pod.Name, err)
	}
	return nil
}

func (c *Cluster) reportReady(ctx context.Context, deployment *appsv1.Deployment, n int) error {
	before := deployment.DeepCopy()
	available := corev1.ConditionTrue
	if n == 0 {
		available = corev1.ConditionFalse
	}
	count := int32(n) //nolint:gosec // a handful of pods
	deployment.Status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation,
		Replicas:           count,
		UpdatedReplicas:    count,
		ReadyReplicas:      count,
		AvailableReplicas:  count,
		Conditions: []appsv1.DeploymentCondition{{
			Type: appsv1.DeploymentAvailable, Status: available, Reason: "MinimumReplicasAvailable",
			LastTransitionTime: metav1.Now(), LastUpdateTime: metav1.Now(),
		}, {
			Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable",
			LastTransitionTime: metav1.Now(), LastUpdateTime: metav1.Now(),
		}},
	}
	return c.Client.Status().Patch(ctx, deployment, client.MergeFrom(before))
}
