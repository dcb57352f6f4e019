//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/transcript"
)

// TestTranscript runs the session at kubectl that docs/kubectl.md shows, with the demo.
func TestTranscript(t *testing.T) {
	t.Cleanup(func() { restoreSamples(t) })
	ownedByWhoApplies(t, "business")
	image := operatorImage(t)
	eventually(t, 4*time.Minute, "pods that are as declared, and no others", func() string { return unsettled(t, image) })
	waitReady(t, "tenant/acme")
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := transcript.Read(filepath.Join(root, "docs", "kubectl.md"))
	if err != nil {
		t.Fatal(err)
	}
	tools := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tools, "./cmd/kubectl-foyer")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build kubectl foyer: %v\n%s", err, out)
	}
	path := "PATH=" + tools + ":" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH")
	for _, step := range steps {
		out := step.Run(t.Context(), root, path, "KUBECONFIG="+filepath.Join(root, ".state/cluster/kubeconfig"))
		if !step.Shows(out) {
			t.Errorf("docs/kubectl.md:%d: %s prints\n%s\nand the page shows\n%s", step.Line, step.Command, transcript.Normal(out), transcript.Normal(step.Output))
		}
	}
	if len(steps) < 10 {
		t.Errorf("the page has %d commands", len(steps))
	}
}

// ownedByWhoApplies forgets who else has set fields of an AccountProfile: a patch by which
// another test has set back what it had changed would make the next apply a conflict.
func ownedByWhoApplies(t *testing.T, name string) {
	t.Helper()
	c := cluster(t)
	eventually(t, time.Minute, name+" is owned by who applies it", func() string {
		var profile foyerv1alpha1.AccountProfile
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "acme", Name: name}, &profile); err != nil {
			return err.Error()
		}
		profile.ManagedFields = slices.DeleteFunc(profile.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == "kubectl-patch" })
		if err := c.Update(t.Context(), &profile); err != nil {
			return err.Error()
		}
		return ""
	})
}

// unsettled says which pod of acme comes or goes yet, as after a test that has replaced them.
func unsettled(t *testing.T, image string) string {
	t.Helper()
	var pods corev1.PodList
	if err := cluster(t).List(t.Context(), &pods, client.InNamespace("acme"), client.MatchingLabels{"foyer.dev/tenant": "acme"}); err != nil {
		return err.Error()
	}
	for _, pod := range pods.Items {
		ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if !pod.DeletionTimestamp.IsZero() || !ready || pod.Spec.Containers[0].Image != image {
			return pod.Name + " comes or goes"
		}
	}
	if len(pods.Items) != 4 {
		return fmt.Sprintf("there are %d pods", len(pods.Items))
	}
	return ""
}
