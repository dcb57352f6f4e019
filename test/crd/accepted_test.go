package crd

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestValid(t *testing.T) {
	for _, file := range yamlFiles(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			namespace := cluster.Namespace(t)
			for i, object := range readObjects(t, file) {
				object.SetNamespace(namespace)
				if err := write(t.Context(), object); err != nil {
					t.Fatalf("document %d was refused: %v", i+1, err)
				}
			}
		})
	}
}

// renderSamples builds config/samples as `kubectl apply -k` does.
func renderSamples(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := cluster.Kubectl(t.Context(), t, "kustomize", filepath.Join(root, "config", "samples"))
	if err != nil {
		t.Fatalf("render config/samples: %v: %s", err, content)
	}
	return parseObjects(t, "config/samples", []byte(content))
}

// TestSamples applies the samples as a GitOps tool does: a second apply of the same
// files must change nothing at all, or the tool would report drift for ever.
func TestSamples(t *testing.T) {
	samples, kinds := renderSamples(t), map[string]int{}
	for _, sample := range samples {
		kinds[sample.GetKind()]++
		apply(t, sample)
	}
	if want := map[string]int{"Namespace": 2, "Secret": 2, "Tenant": 2, "AccountProfile": 2, "MyAccountProfile": 4, "EventTemplate": 11}; !maps.Equal(kinds, want) {
		t.Errorf("config/samples has %v, want %v", kinds, want)
	}
	for _, sample := range samples {
		first, second := apply(t, sample, client.DryRunAll), apply(t, sample, client.DryRunAll)
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(sample.GroupVersionKind())
		if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(sample), live); err != nil {
			t.Fatal(err)
		}
		name := sample.GetKind() + " " + sample.GetName()
		if diff := cmp.Diff(live.Object, first.Object); diff != "" {
			t.Errorf("applying %s again would change it (-live +applied):\n%s", name, diff)
		}
		if diff := cmp.Diff(first.Object, second.Object); diff != "" {
			t.Errorf("two dry runs of %s differ:\n%s", name, diff)
		}
	}
}

// TestSamplesAreClean lints the samples as a pipeline does: every reference, condition and
// text of them is checked by the operator's code, and there is not even a warning.
func TestSamplesAreClean(t *testing.T) {
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Read(manifest.Source{Paths: []string{filepath.Join(root, "config", "samples")}, Recursive: true})
	if err != nil {
		t.Fatal(err)
	}
	result, err := lint.Check(set, lint.Options{Complete: true})
	if err != nil {
		t.Fatal(err)
	}
	if result.Objects["EventTemplate"] == 0 {
		t.Errorf("lint saw only %v", result.Objects)
	}
	held := 0
	for _, finding := range result.Findings {
		if finding.Field == "spec.delivery" && finding.Severity == lint.Warning {
			held++ // the samples send nothing before somebody says so
			continue
		}
		t.Errorf("%+v", finding)
	}
	if held != result.Objects["Tenant"] {
		t.Errorf("%d of the %d tenants are told to hold what they would send", held, result.Objects["Tenant"])
	}
}

// apply is server-side apply, which is always strict: an unknown field is refused.
func apply(t *testing.T, object *unstructured.Unstructured, more ...client.ApplyOption) *unstructured.Unstructured {
	t.Helper()
	answer := object.DeepCopy()
	options := append([]client.ApplyOption{client.FieldOwner("gitops")}, more...)
	if err := cluster.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(answer), options...); err != nil {
		t.Fatalf("%s %s was refused: %v", object.GetKind(), object.GetName(), err)
	}
	return answer
}

// TestStatusShrinks proves that an operator which stops applying the last entry of a
// list in a status gets it removed, and is not refused for a list that became empty.
func TestStatusShrinks(t *testing.T) {
	tenant := &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Name: "shrinks", Namespace: cluster.Namespace(t)},
		Spec:       v1alpha1.TenantSpec{DisplayName: "Shrinks", Portal: v1alpha1.PortalSpec{Hostname: "shrinks.example"}},
	}
	if err := cluster.Client.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if got := applyStatus(t, tenant, map[string]any{"version": "v0"}); cmp.Diff(normal(t, map[string]any{"version": "v0", "observedGeneration": -1}), normal(t, got)) != "" {
		t.Errorf("a new object has status %v, want observedGeneration -1: nobody has looked at it yet", got)
	}
	full := map[string]any{
		"version":          "v1",
		"conditions":       []any{condition("Ready")},
		"orphanedProfiles": []any{map[string]any{"kind": "AccountProfile", "name": "old", "accounts": int64(3)}},
	}
	for _, status := range []map[string]any{full, {"version": "v1"}, full, {"version": "v2"}} {
		status["observedGeneration"] = int64(1)
		got := applyStatus(t, tenant, status)
		if diff := cmp.Diff(normal(t, status), normal(t, got)); diff != "" {
			t.Errorf("the status is not what was applied (-applied +live):\n%s", diff)
		}
	}
}

func condition(kind string) map[string]any {
	return map[string]any{"type": kind, "status": "True", "reason": "Test", "message": "",
		"lastTransitionTime": "2026-01-01T00:00:00Z"}
}

func applyStatus(t *testing.T, tenant *v1alpha1.Tenant, status map[string]any) any {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "foyer.dev/v1alpha1",
		"kind":       "Tenant",
		"metadata":   map[string]any{"name": tenant.Name, "namespace": tenant.Namespace},
		"status":     status,
	}}
	err := cluster.Client.Status().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()),
		client.FieldOwner("operator"))
	if err != nil {
		t.Fatalf("apply status: %v", err)
	}
	live := object.DeepCopy()
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(tenant), live); err != nil {
		t.Fatal(err)
	}
	return live.Object["status"]
}

// normal takes a value through JSON, so that numbers are of one type.
func normal(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
