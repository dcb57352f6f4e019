package gitops

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestAppliedAgain is why Argo CD needs no ignoreDifferences: a spec is stored as it is
// written, without defaults, and applying it again changes nothing.
func TestAppliedAgain(t *testing.T) {
	namespaces := map[string]string{}
	for _, o := range samples(t) {
		if namespaces[o.GetNamespace()] == "" {
			namespaces[o.GetNamespace()] = cluster.Namespace(t)
		}
		o.SetNamespace(namespaces[o.GetNamespace()])
		stored := apply(t, o)
		if diff := cmp.Diff(o.Object["spec"], stored.Object["spec"]); diff != "" {
			t.Errorf("%s %s: the spec that is stored is another (-file +stored)\n%s", o.GetKind(), o.GetName(), diff)
		}
		again := apply(t, o, client.DryRunAll)
		for _, state := range []*unstructured.Unstructured{stored, again} {
			state.SetManagedFields(nil)
		}
		if diff := cmp.Diff(stored.Object, again.Object); diff != "" {
			t.Errorf("%s %s: applied again (-stored +again)\n%s", o.GetKind(), o.GetName(), diff)
		}
	}
	if len(namespaces) < 2 {
		t.Errorf("the samples are of %d tenants", len(namespaces))
	}
}

func apply(t *testing.T, o *unstructured.Unstructured, options ...client.ApplyOption) *unstructured.Unstructured {
	t.Helper()
	applied := o.DeepCopy()
	options = append(options, client.FieldOwner("argocd-controller"))
	if err := cluster.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(applied), options...); err != nil {
		t.Fatalf("apply %s %s: %v", o.GetKind(), o.GetName(), err)
	}
	if applied.GetResourceVersion() == "" || applied.GetCreationTimestamp() == (metav1.Time{}) {
		t.Fatalf("apply %s %s: the answer is not what is stored: %v", o.GetKind(), o.GetName(), applied.Object["metadata"])
	}
	return applied
}

// samples are the objects of our kinds in config/samples.
func samples(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	err = filepath.WalkDir(filepath.Join(root, "config", "samples"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || filepath.Base(path) == "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // our own file
		if err != nil {
			return err
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			o, err := parse(document)
			if err != nil {
				return err
			}
			if strings.HasPrefix(o.GetAPIVersion(), "foyer.dev/") {
				objects = append(objects, o)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// parse reads an object as kubectl does: whole numbers stay that.
func parse(document string) (*unstructured.Unstructured, error) {
	content, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		return nil, err
	}
	o := &unstructured.Unstructured{}
	return o, o.UnmarshalJSON(content)
}
