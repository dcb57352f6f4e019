package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/transcript"
)

// reachPods are commands that need pods that run: test/e2e tries those.
var reachPods = []string{"kubectl foyer explain ", "kubectl foyer plan ", "kubectl foyer logs "}

// TestTranscript runs the session at kubectl that docs/kubectl.md shows, line by line, with
// the operator, the API server and kubectl.
func TestTranscript(t *testing.T) {
	freshCluster(t)
	deploy(t)
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	steps, err := transcript.Read(filepath.Join(root, "docs", "kubectl.md"))
	if err != nil {
		t.Fatal(err)
	}
	declareServer(t)
	kubectlApply(t, "samples")
	startProcess(t, operatorNamespace).ready()
	acme := client.ObjectKey{Namespace: "acme", Name: "acme"}
	kube.Eventually(t, "acme has pods", func() error { return standIn(t.Context(), acme) })
	cluster.MakeReadyPods(t, client.ObjectKey{Namespace: "acme", Name: "acme-portal"}, 2)
	keepAcknowledging(t, acme)
	becomesReady(t, acme)

	tools := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tools, "./cmd/kubectl-foyer")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build kubectl foyer: %v\n%s", err, out)
	}
	path := "PATH=" + strings.Join([]string{tools, cluster.Tools(), os.Getenv("PATH")}, ":")
	tried := 0
	for _, step := range steps {
		if needsPods(step.Command) {
			continue
		}
		tried++
		if out := step.Run(t.Context(), root, path, "KUBECONFIG="+cluster.Kubeconfig(t)); !step.Shows(out) {
			t.Errorf("docs/kubectl.md:%d: %s prints\n%s\nand the page shows\n%s", step.Line, step.Command, transcript.Normal(out), transcript.Normal(step.Output))
		}
	}
	if tried < 10 {
		t.Errorf("the page has %d commands to try", tried)
	}
}

func needsPods(command string) bool {
	for _, name := range reachPods {
		if strings.Contains(command, name) {
			return true
		}
	}
	return false
}
