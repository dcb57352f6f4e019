package kube

import (
	"os"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var cluster *Cluster

func TestMain(m *testing.M) { os.Exit(Run(m, &cluster)) }

func TestMakeReadyPods(t *testing.T) {
	labels := map[string]string{"app": "one"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: cluster.Namespace(t)},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "one", Image: "one:1"}}},
			},
		},
	}
	if err := cluster.Client.Create(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(deployment)

	two := cluster.MakeReadyPods(t, key, 2)
	expectReady(t, key, 2)
	if again := cluster.MakeReadyPods(t, key, 2); !slices.Equal(names(again), names(two)) {
		t.Errorf("ready pods were replaced: %v became %v", names(two), names(again))
	}
	cluster.MakeUnready(t, two[0])
	expectReady(t, key, 1)
	cluster.MakeReadyPods(t, key, 1)
	expectReady(t, key, 1)

	before := cluster.MakeReadyPods(t, key, 1)
	if err := cluster.Client.Get(t.Context(), key, deployment); err != nil {
		t.Fatal(err)
	}
	deployment.Spec.Template.Spec.Containers[0].Image = "one:2"
	if err := cluster.Client.Update(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	if after := cluster.MakeReadyPods(t, key, 1); slices.Equal(names(before), names(after)) {
		t.Errorf("the pod of the former image was kept: %v", names(after))
	}
	expectReady(t, key, 1)
}

func expectReady(t *testing.T, key client.ObjectKey, want int) {
	t.Helper()
	var pods corev1.PodList
	if err := cluster.Client.List(t.Context(), &pods, client.InNamespace(key.Namespace)); err != nil {
		t.Fatal(err)
	}
	ready := 0
	for _, pod := range pods.Items {
		if slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}) {
			ready++
		}
	}
	if ready != want {
		t.Errorf("%d pods are ready, want %d", ready, want)
	}
}

func names(pods []corev1.Pod) []string {
	var list []string
	for _, pod := range pods {
		list = append(list, pod.Name)
	}
	slices.Sort(list)
	return list
}
