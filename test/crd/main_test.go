// Package crd tests the schema of the three kinds on a real API server:
//
//   - config/samples and valid/ are accepted under strict validation
//   - each file of invalid/ is refused with exactly what its first lines expect
//   - every rule of the schemas has a file in invalid/
//
// A file of invalid/ is named KIND.PATH.RULE.yaml after the rule that it breaks. It
// begins with one "# expect: FIELD: MESSAGE" line for each thing that the API server
// says. Of several documents in a file only the last is refused: it is an edit of the
// one before. After a deliberate change of a rule, write the new expectations by
//
//	go test ./test/crd -run TestInvalid -update
//
// and read the difference: it is what people will see.
package crd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }

// readObjects returns the documents of a YAML file.
func readObjects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseObjects(t, path, content)
}

func parseObjects(t *testing.T, name string, content []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// write creates an object, or puts its content into the one that exists, both under
// strict validation. The object itself stays as it is.
func write(ctx context.Context, object *unstructured.Unstructured) error {
	strict := client.FieldValidation("Strict")
	err := cluster.Client.Create(ctx, object.DeepCopy(), strict)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(object.GroupVersionKind())
	if err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
		return fmt.Errorf("read what the edit starts from: %w", err)
	}
	edit := object.DeepCopy()
	edit.SetResourceVersion(live.GetResourceVersion())
	return cluster.Client.Update(ctx, edit, strict)
}

func yamlFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no YAML files in %s (%v)", folder, err)
	}
	return files
}
