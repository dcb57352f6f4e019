//go:build e2e

package upgrade

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// programs are those of the image. The first is its entry point.
var programs = []string{"manager", "portal", "backoffice", "dispatcher"}

// world is the demo of the previous state, with what runs on it.
type world struct {
	root     string // the checkout
	commit   string // the previous state
	previous string // its files, in the checkout's .state
	gateway  string // the machine as pods see it
}

func (w *world) kubeconfig() string { return filepath.Join(w.previous, ".state/cluster/kubeconfig") }
func (w *world) demoState() string  { return filepath.Join(w.previous, ".state/demo") }

// startPrevious brings the demo of the previous state up, by its own commands.
func startPrevious(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, previous: filepath.Join(root, ".state/upgrade")}
	w.unpack(t)
	w.run(t, w.previous, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-o", "bin/demo", "./hack/demo")
	t.Cleanup(func() {
		// The test's own context is over.
		down := exec.Command("bin/demo", "down") //nolint:noctx // it must not be cut short
		down.Dir = w.previous
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("stop the demo: %v\n%s", err, out)
		} else if err := os.RemoveAll(w.previous); err != nil {
			t.Errorf("remove the previous state: %v", err)
		}
	})
	w.run(t, w.previous, "bin/demo", "up")
	for line := range strings.Lines(w.run(t, w.previous, "bin/cluster", "env")) {
		if _, value, found := strings.Cut(line, "FOYER_GATEWAY="); found {
			w.gateway = strings.Trim(strings.TrimSpace(value), "'")
		}
	}
	return w
}

// unpack takes the files of the previous state out of Git's history. Kubernetes and the
// tools of the cluster are those of the checkout, so that they need not be built twice.
func (w *world) unpack(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile("previous")
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(string(content))
	w.commit = commit
	if err := exec.CommandContext(t.Context(), "git", "-C", w.root, "cat-file", "-e", commit+"^{commit}").Run(); err != nil { //nolint:gosec // a commit of the checkout
		t.Fatalf("the history of this checkout has no commit %s, from which the upgrade begins (test/upgrade/previous): "+
			"a shallow clone? Then: git fetch --unshallow", commit)
	}
	if err := os.RemoveAll(w.previous); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.previous, "bin"), 0o755); err != nil { //nolint:gosec // no secrets
		t.Fatal(err)
	}
	w.run(t, w.root, "bash", "-c", fmt.Sprintf("git archive %s | tar -x -C %s", commit, w.previous))
	w.run(t, w.root, "rm", "-rf", filepath.Join(w.previous, "hack/cluster"))
	w.run(t, w.root, "cp", "-r", "hack/cluster", filepath.Join(w.previous, "hack/cluster"))
	w.run(t, w.root, "cp", "bin/kube", filepath.Join(w.previous, "bin/kube"))
}

// saysGoodbye is the commit since which pods that stop say so on connections that proxies keep.
// Those of before close them without a word, so that a write can meet the end of one and is
// answered 502.
const saysGoodbye = "e8c7b7261c67d08bff4466b575ec01d75fbf6d05"

// repeats is how many writes may be sent once more while pods of the previous state end: none,
// once that is a newer one.
func (w *world) repeats(t *testing.T) int {
	t.Helper()
	err := exec.CommandContext(t.Context(), "git", "-C", w.root, "merge-base", "--is-ancestor", saysGoodbye, w.commit).Run() //nolint:gosec // a commit of the checkout
	var no *exec.ExitError
	if errors.As(err, &no) && no.ExitCode() == 1 {
		return 3
	}
	return 0
}

// run runs a program in a folder, with no Git around the previous state's files.
func (w *world) run(t *testing.T, folder, program string, args ...string) string {
	t.Helper()
	out, err := w.try(t.Context(), folder, nil, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) try(ctx context.Context, folder string, input []byte, program string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, program, args...) //nolint:gosec // a test says what to run
	command.Dir = folder
	command.Stdin = bytes.NewReader(input)
	command.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig(), "GOFLAGS=-buildvcs=false")
	if !filepath.IsAbs(program) && strings.Contains(program, "/") {
		command.Path = filepath.Join(folder, program)
	}
	out, err := command.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (w *world) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return w.run(t, w.previous, "bin/kubectl", args...)
}

// state is one that can be installed: the files of it, and its image.
type state struct {
	folder, image string
}

// image is the one that the previous state's demo has built.
func (w *world) imageOf(t *testing.T, deployment string) string {
	t.Helper()
	return w.kubectl(t, "--namespace", "foyer-system", "get", "deployment", deployment, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}

// build makes the image of the checkout. Its tag is made of its content, as in the demo.
func (w *world) build(t *testing.T) state {
	t.Helper()
	sum := sha256.New()
	args := []string{"image", "--authority", filepath.Join(w.demoState(), "ca.crt"), "--tag", ""}
	for _, name := range programs {
		path := filepath.Join(w.root, "bin", name)
		w.run(t, w.root, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=upgraded", "-o", path, "./cmd/"+name)
		program, err := os.Open(path) //nolint:gosec // of just now
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(sum, program)
		if closing := program.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		args = append(args, "--binary", path)
	}
	image := "foyer:" + hex.EncodeToString(sum.Sum(nil))[:12]
	args[4] = image
	w.run(t, w.previous, "bin/cluster", args...)
	return state{w.root, image}
}

// install applies everything of a state, CRDs first, as its install.yaml does, with what
// the demo needs besides. Without CRDs it goes back, as operator.yaml of a release does: those
// of the newer state stay.
func (w *world) install(t *testing.T, s state, withCRDs bool) {
	t.Helper()
	if withCRDs {
		w.kubectl(t, "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(s.folder, "config/crd"))
	}
	text := strings.ReplaceAll(w.kubectl(t, "kustomize", filepath.Join(s.folder, "config/default")), "foyer:dev", s.image)
	flags := fmt.Sprintf("- --leader-elect\n        - --trusted-proxies=%[1]s/32\n        - --allow-outgoing=%[1]s/32\n        - --tenant-clock\n", w.gateway)
	if strings.Count(text, "- --leader-elect\n") != 1 {
		t.Fatalf("config/default of %s has no flags that the demo's can be put beside", s.folder)
	}
	text = strings.Replace(text, "- --leader-elect\n", flags, 1)
	var kept []string
	for document := range strings.SplitSeq(text, "\n---\n") {
		if !strings.Contains(document, "kind: CustomResourceDefinition") {
			kept = append(kept, document)
		}
	}
	_, err := w.try(t.Context(), w.previous, []byte(strings.Join(kept, "\n---\n")), "bin/kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	w.kubectl(t, "--namespace", "foyer-system", "rollout", "status", "deployment/foyer-manager", "--timeout=120s")
}

// toHelm has a release take over what kustomize has installed, which replaces no pod, and
// runs the chart's own test in the cluster.
func (w *world) toHelm(t *testing.T, s state) {
	t.Helper()
	const pods = "jsonpath={.items[*].metadata.name}"
	managers := func() string {
		return w.kubectl(t, "--namespace", "foyer-system", "get", "pods", "--selector=app.kubernetes.io/component=manager", "-o", pods)
	}
	before := managers()
	_, tag, _ := strings.Cut(s.image, ":")
	home := t.TempDir()
	helm := func(args ...string) {
		t.Helper()
		own := []string{"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home, filepath.Join(w.root, "bin/helm")}
		w.run(t, w.root, "env", slices.Concat(own, args, []string{"--namespace", "foyer-system"})...)
	}
	helm("upgrade", "--install", "foyer", "charts/foyer", "--take-ownership", "--server-side=true", "--force-conflicts", "--set", fmt.Sprintf(
		"image.tag=%s,trustedProxies={%[2]s/32},allowOutgoing={%[2]s/32},tenantClock=true", tag, w.gateway))
	helm("test", "foyer", "--timeout=2m")
	if after := managers(); after != before {
		t.Errorf("Helm has replaced the managers: %s, before %s", after, before)
	}
	w.waitRolled(t, s.image)
}

// waitRolled waits until every pod of every tenant has the image and nothing else runs.
func (w *world) waitRolled(t *testing.T, image string) {
	t.Helper()
	eventually(t, 4*time.Minute, "every tenant rolled", func() string { return w.notRolled(t, image) })
}

// eventually asks until ask says that nothing is missing any more.
func eventually(t *testing.T, limit time.Duration, what string, ask func() (missing string)) {
	t.Helper()
	deadline, tick := time.After(limit), time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		missing := ask()
		if missing == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: not within %s: %s", what, limit, missing)
		case <-tick.C:
		}
	}
}

func (w *world) notRolled(t *testing.T, image string) string {
	t.Helper()
	const columns = `{range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.containers[0].image} {.status.phase} {.status.conditions[?(@.type=="Ready")].status} {.metadata.deletionTimestamp}{"\n"}{end}`
	pods := strings.Split(strings.TrimSpace(w.kubectl(t, "get", "pods", "--all-namespaces", "--selector=foyer.dev/tenant", "-o", "jsonpath="+columns)), "\n")
	if len(pods) < 2*3 {
		return fmt.Sprintf("only %d pods of tenants", len(pods))
	}
	for _, pod := range pods {
		if words := strings.Fields(pod); len(words) != 4 || !slices.Equal(words[1:], []string{image, "Running", "True"}) {
			return pod
		}
	}
	deployments := strings.Fields(w.kubectl(t, "get", "deployments", "--all-namespaces", "--selector=foyer.dev/tenant", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}={.spec.template.spec.containers[0].image}{"\n"}{end}`))
	for _, deployment := range deployments {
		if !strings.HasSuffix(deployment, "="+image) {
			return deployment
		}
	}
	return ""
}
