package crd

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const expectPrefix = "# expect: "

var update = flag.Bool("update", false, "write what the API server says into the files of invalid/")

func TestInvalid(t *testing.T) {
	for _, file := range yamlFiles(t, "invalid") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			expected, body := splitExpectations(content)
			got := refusal(t, file, body)
			if *update {
				writeExpectations(t, file, got, body)
				return
			}
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("the API server says something else (-expected +said):\n%s", diff)
			}
		})
	}
}

// splitExpectations cuts the "# expect: " lines off the head of a file.
func splitExpectations(content []byte) (expected []string, body []byte) {
	for bytes.HasPrefix(content, []byte(expectPrefix)) {
		line, rest, _ := bytes.Cut(content, []byte("\n"))
		expected = append(expected, strings.TrimPrefix(string(line), expectPrefix))
		content = rest
	}
	return expected, content
}

func writeExpectations(t *testing.T, file string, expected []string, body []byte) {
	t.Helper()
	head := expectPrefix + strings.Join(expected, "\n"+expectPrefix) + "\n"
	if err := os.WriteFile(file, append([]byte(head), body...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// refusal writes the documents of a file and returns what the API server says about
// the last, which it must refuse.
func refusal(t *testing.T, file string, body []byte) []string {
	t.Helper()
	objects := parseObjects(t, file, body)
	namespace := cluster.Namespace(t)
	last := len(objects) - 1
	for i, object := range objects {
		object.SetNamespace(namespace)
		err := write(t.Context(), object)
		switch {
		case i == last && err == nil:
			t.Fatal("the API server accepted it")
		case i == last:
			return said(err)
		case err != nil:
			t.Fatalf("document %d is only the start of an edit, but was refused: %v", i+1, err)
		}
	}
	t.Fatal("the file has no document")
	return nil
}

// notChecked is what the API server adds where CEL rules had to wait. It says nothing
// about the object.
const notChecked = "some validation rules were not checked because the object was invalid"

// said returns each thing that a refusal names as "FIELD: MESSAGE", sorted, because
// the API server walks the schema in no particular order.
func said(err error) []string {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var lines []string
	for _, cause := range status.Status().Details.Causes {
		if strings.Contains(cause.Message, notChecked) {
			continue
		}
		lines = append(lines, cause.Field+": "+cause.Message)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
