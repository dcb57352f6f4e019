package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
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
	standInForPods(t, acme)
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

// keepAcknowledging has the pods of a tenant run what is live, a moment after it is.
func keepAcknowledging(t *testing.T, tenant client.ObjectKey) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				if err := acknowledgeAll(ctx, tenant); err != nil && ctx.Err() == nil {
					t.Logf("acknowledge: %v", err)
				}
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

func acknowledgeAll(ctx context.Context, tenant client.ObjectKey) error {
	var pods corev1.PodList
	if err := cluster.Client.List(ctx, &pods, client.InNamespace(tenant.Namespace), client.MatchingLabels{provision.LabelTenant: tenant.Name}); err != nil {
		return err
	}
	live := func(name string) (string, error) {
		var document corev1.ConfigMap
		err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenant.Namespace, Name: name}, &document)
		return document.Annotations[provision.AnnotationDigest], err
	}
	settings, err := live(provision.SettingsName(tenant.Name))
	if err != nil {
		return err
	}
	routing, err := live(provision.RoutingName(tenant.Name))
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		component := provision.Component(pod.Labels[provision.LabelComponent])
		running := store.Replica{Pod: pod.Name, Component: string(component), Digest: settings}
		if component == provision.Dispatcher {
			running.Routing = routing
		}
		if err := acknowledgeOne(ctx, tenant, component, running); err != nil {
			return err
		}
	}
	return nil
}

func acknowledgeOne(ctx context.Context, tenant client.ObjectKey, component provision.Component, running store.Replica) error {
	var login corev1.Secret
	if err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenant.Namespace, Name: provision.DatabaseSecretName(tenant.Name, component)}, &login); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, string(login.Data[provision.KeyURI]))
	if err != nil {
		return err
	}
	defer pool.Close()
	return store.New(pool).Acknowledge(ctx, running)
}
