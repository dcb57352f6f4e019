package main

import (
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// The installation as it comes up: no CRDs, no Deployment, and then its pods.
func TestCheckInstall(t *testing.T) {
	freshCluster(t, kube.WithoutCRDs)
	kubernetes, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	check := func() error { return installProblem(t.Context(), kubernetes, operatorNamespace, leaseName) }
	expect := func(want string) {
		t.Helper()
		if err := check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	expect("the CRDs are not served")
	deploy(t)
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: leaseName}}
	kube.Eventually(t, "the CRDs are served", func() error {
		if err := check(); err == nil || strings.Contains(err.Error(), "serve") {
			return err
		}
		return nil
	})
	expect("was edited and not seen yet")

	report := func(edit func(*appsv1.DeploymentStatus)) {
		t.Helper()
		if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); err != nil {
			t.Fatal(err)
		}
		edit(&deployment.Status)
		if err := cluster.Client.Status().Update(t.Context(), deployment); err != nil {
			t.Fatal(err)
		}
	}
	report(func(s *appsv1.DeploymentStatus) {
		s.ObservedGeneration, s.Replicas, s.UpdatedReplicas = deployment.Generation, 2, 1
	})
	expect("1 of 2 managers are of the newest kind")
	report(func(s *appsv1.DeploymentStatus) { s.UpdatedReplicas, s.ReadyReplicas, s.AvailableReplicas = 2, 1, 1 })
	expect("1 of 2 managers are available")
	report(func(s *appsv1.DeploymentStatus) { s.ReadyReplicas, s.AvailableReplicas = 2, 2 })
	command := func(deployment, limit string) error {
		return checkInstall(t.Context(), cluster.Config, []string{"--namespace=" + operatorNamespace, "--deployment=" + deployment, "--wait=" + limit},
			func(string) string { return "" }, io.Discard)
	}
	if err := command(leaseName, "1m"); err != nil {
		t.Errorf("all is well, and the answer is: %v", err)
	}
	if err := command("other", "1ms"); err == nil || !strings.Contains(err.Error(), "not well after 1ms") {
		t.Errorf("there is no such Deployment, and the answer is: %v", err)
	}
}

// A Deployment that does not say how many pods it wants has one.
func TestOneManagerIsTheDefault(t *testing.T) {
	for _, replicas := range []*int32{nil, ptr.To(int32(1))} {
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: replicas}}
		if err := rolloutProblem(d); err == nil {
			t.Error("no pod is enough")
		}
		d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 1, 1
		if err := rolloutProblem(d); err != nil {
			t.Errorf("one pod is too few: %v", err)
		}
	}
}
