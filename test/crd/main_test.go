// Package crd tests the schema of the four kinds on a real API server:
//
//   - config/samples and valid/ are accepted under strict validation, and a second apply
//     changes nothing
//   - every rule of the schemas has a file in invalid/, with an object that is refused and
//     the same object corrected, which is accepted; where the same rule is in several
//     places, both values are tried in each of them
//   - an unknown field, a field that is there twice and a value of another type are
//     refused wherever they are
//   - an object that was stored under a looser schema can be edited, except where it is wrong
//
// A file of invalid/ is named KIND.PATH.RULE.yaml after the rule that it breaks. It
// begins with one "# expect: FIELD: MESSAGE" line for each thing that the API server says
// about the last document but one. The last document is accepted, and differs only where
// the rule looks. What stands before both is the start of an edit. <500 times A> stands
// for a text of that length. After a deliberate change of a rule, write the new
// expectations by
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
	"regexp"
	"strconv"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }

// strict makes the API server refuse what it would otherwise drop.
const strict = client.FieldValidation("Strict")

// readObjects returns the documents of a YAML file.
func readObjects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseObjects(t, path, content)
}

var longText = regexp.MustCompile(`<(\d+) times (.)>`)

// writeOut puts long texts in the place of their short form.
func writeOut(content []byte) []byte {
	return longText.ReplaceAllFunc(content, func(short []byte) []byte {
		match := longText.FindSubmatch(short)
		times, _ := strconv.Atoi(string(match[1])) // it is all digits
		return bytes.Repeat(match[2], times)
	})
}

func parseObjects(t *testing.T, name string, content []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(writeOut(content)), 4096)
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

// nameOf is the name of a file without its folder and ending.
func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".yaml") }
