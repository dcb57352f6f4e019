//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

const (
	repository        = "../.."
	operatorNamespace = "foyer-system"
	acmeHost          = "acme.localhost"
)

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard()) // the client of the tests has nothing to say
	os.Exit(m.Run())
}

// cluster reaches the demo's API server.
func cluster(t *testing.T) client.WithWatch {
	t.Helper()
	restConfig, err := clientcmd.BuildConfigFromFlags("", filepath.Join(repository, ".state/cluster/kubeconfig"))
	if err != nil {
		t.Fatalf("the demo's cluster is not there, run make demo: %v", err)
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := foyerv1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.NewWithWatch(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kubectl runs it as a person would, and returns both streams.
func kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(repository, "bin/kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(repository, ".state/cluster/kubeconfig"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

func mustKubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// demoCommand runs a command of the demo's own program, and returns what it printed.
func demoCommand(t *testing.T, command string) string {
	t.Helper()
	// A cleanup runs it too, when the test's own context is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bin/demo", command)
	cmd.Dir = repository
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("demo %s: %v: %s", command, err, out)
	}
	return string(out)
}

func signIn(t *testing.T, user string) *visit.Person {
	t.Helper()
	person, err := visit.SignIn(t.Context(), filepath.Join(repository, ".state/demo"), acmeHost, user, people.Password)
	if err != nil {
		t.Fatalf("sign in as %s: %v", user, err)
	}
	return person
}

// eventually asks until ask says nothing is missing any more.
func eventually(t *testing.T, limit time.Duration, what string, ask func() (missing string)) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := ask()
		if missing == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s not within %s: %s", what, limit, missing)
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		case <-tick.C:
		}
	}
}

// waitReady is what a pipeline does after an apply.
func waitReady(t *testing.T, object string) {
	t.Helper()
	mustKubectl(t, "--namespace", "acme", "wait", "--for=condition=Ready", object, "--timeout=60s")
}
