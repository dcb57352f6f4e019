package chart

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What differs between the chart and config/default, and why. Nothing else may.
var (
	// onlyInKustomize: helm install --create-namespace makes it.
	onlyInKustomize = "Namespace//" + operatorNamespace
	// chartLabels say which release an object belongs to. They are not on pods and not in
	// selectors, so whoever moves from one to the other restarts nothing.
	chartLabels = []string{"helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"}
	// nameLabel is in kustomize only on what is written by hand.
	nameLabel = "app.kubernetes.io/name"
	// keepAnnotation has Helm leave CRDs alone when the release is uninstalled.
	keepAnnotation = "helm.sh/resource-policy"
)

func TestChartHasTheObjectsOfKustomize(t *testing.T) {
	want := objects(t, kustomize(t, inCheckout(t, "config/default")))
	if _, found := want[onlyInKustomize]; !found {
		t.Errorf("config/default has no %s: the exception is not needed any more", onlyInKustomize)
	}
	delete(want, onlyInKustomize)
	compare(t, want, objects(t, withoutTests(render(t))))
}

// With everything that watches it, by plain HTTP and by HTTPS.
func TestChartHasTheObjectsOfMonitoring(t *testing.T) {
	for components, values := range map[string]string{
		"../../config/prometheus":                                 "",
		"../../config/prometheus, ../../config/prometheus/secure": ",metrics.secure=true",
	} {
		folder := overlay(t)
		text := "resources: [../../config/default]\ncomponents: [" + components + "]\n"
		if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := objects(t, kustomize(t, folder))
		delete(want, onlyInKustomize)
		compare(t, want, objects(t, withoutTests(render(t, "--set=monitoring.scrape=true,monitoring.alerts=true,monitoring.dashboards=true"+values))))
	}
}

// The operator for listed namespaces, as hack/tools/namespaced.sh writes it, and the same
// by values. There the CRDs and the roles for people are somebody else's.
func TestChartHasTheObjectsOfNamespaced(t *testing.T) {
	overlay := overlay(t)
	run(t, inCheckout(t, "hack/tools/namespaced.sh"), overlay, operatorNamespace, "cluster-0001", "acme", "nordlicht", "operator")
	want := objects(t, kustomize(t, overlay))
	delete(want, onlyInKustomize)
	compare(t, want, objects(t, withoutTests(render(t, "--set=watchNamespaces={acme,nordlicht,operator},clusterID=cluster-0001,crds.enabled=false,roles.enabled=false"))))
}

// overlay makes an empty folder for a kustomization. It must be in the checkout, whose files
// it names.
func overlay(t *testing.T) string {
	t.Helper()
	state := inCheckout(t, ".state")
	if err := os.MkdirAll(state, 0o755); err != nil { //nolint:gosec // as the demo makes it
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp(state, "test-chart-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func compare(t *testing.T, want, got map[string]object) {
	t.Helper()
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Fatalf("objects (-kustomize +chart):\n%s", diff)
	}
	for id, object := range want {
		normalize(object)
		normalize(got[id])
		if diff := cmp.Diff(object, got[id]); diff != "" {
			t.Errorf("%s (-kustomize +chart):\n%s", id, diff)
		}
	}
}

// normalize takes away what may differ.
func normalize(o object) {
	metadata, _ := o.at("metadata").(map[string]any)
	if labels, ok := metadata["labels"].(map[string]any); ok {
		for _, label := range append(chartLabels, nameLabel) {
			delete(labels, label)
		}
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, keepAnnotation)
	}
	maps.DeleteFunc(metadata, func(_ string, value any) bool {
		part, ok := value.(map[string]any)
		return ok && len(part) == 0
	})
}

func kustomize(t *testing.T, folder string) string {
	t.Helper()
	return run(t, needed(t, "bin/kube-assets/kubectl"), "kustomize", folder)
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput() //nolint:gosec // a test says what to run
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// withoutTests drops the objects of helm test.
func withoutTests(rendered string) string {
	var kept []string
	for _, document := range strings.Split(rendered, "\n---\n") {
		if !strings.Contains(document, "helm.sh/hook: test") {
			kept = append(kept, document)
		}
	}
	return strings.Join(kept, "\n---\n")
}
