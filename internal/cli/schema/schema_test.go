package schema

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const examples = "../../../test/crd"

var longText = regexp.MustCompile(`<(\d+) times (.)>`)

// writeOut puts long texts in the place of their short form, as the tests of test/crd do.
func writeOut(content []byte) []byte {
	return longText.ReplaceAllFunc(content, func(short []byte) []byte {
		match := longText.FindSubmatch(short)
		times, _ := strconv.Atoi(string(match[1])) // it is all digits
		return bytes.Repeat(match[2], times)
	})
}

// objects reads the documents of a file.
func objects(t *testing.T, content []byte) []map[string]any {
	t.Helper()
	var found []map[string]any
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		encoded, err := yaml.YAMLToJSON(writeOut(document))
		if err != nil {
			t.Fatal(err)
		}
		object := map[string]any{}
		if err := json.Unmarshal(encoded, &object); err != nil {
			t.Fatal(err)
		}
		found = append(found, object)
	}
	return found
}

func load(t *testing.T) *Schemas {
	t.Helper()
	schemas, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

func check(t *testing.T, schemas *Schemas, object map[string]any) []string {
	t.Helper()
	kind, _ := object["kind"].(string)
	problems, err := schemas.Check(kind, "v1alpha1", object)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, p := range problems {
		if p.Message != Unchecked {
			said = append(said, p.Field+": "+p.Message)
		}
	}
	slices.Sort(said)
	return slices.Compact(said)
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files %s (%v)", pattern, err)
	}
	return found
}

// expected reads the first lines of a file.
func expected(content []byte) []string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		said, found := strings.CutPrefix(line, "# expect: ")
		if !found {
			return lines
		}
		lines = append(lines, strings.TrimPrefix(string(writeOut([]byte(strings.TrimSpace(said)))), "<nil>"))
	}
	return lines
}

// TestSaysWhatTheAPIServerSays compares with what a real API server said of the same
// files: test/crd keeps it in their first lines.
func TestSaysWhatTheAPIServerSays(t *testing.T) {
	schemas := load(t)
	compared := 0
	for _, file := range files(t, "invalid/*.yaml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := objects(t, content)
		if len(documents) != 2 {
			continue // an edit, which needs an API server
		}
		compared++
		if diff := cmp.Diff(expected(content), check(t, schemas, documents[0])); diff != "" {
			t.Errorf("%s (-the API server +this):\n%s", filepath.Base(file), diff)
		}
		if said := check(t, schemas, documents[1]); len(said) > 0 {
			t.Errorf("%s: the API server accepts the second object, this says:\n%s", filepath.Base(file), strings.Join(said, "\n"))
		}
	}
	if compared < 100 {
		t.Errorf("only %d files were compared", compared)
	}
}

func TestAcceptsWhatTheAPIServerAccepts(t *testing.T) {
	schemas := load(t)
	for _, file := range files(t, "valid/*.yaml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects(t, content) {
			if said := check(t, schemas, object); len(said) > 0 {
				t.Errorf("%s: %s", filepath.Base(file), strings.Join(said, "\n"))
			}
		}
	}
}

func TestUnknownFields(t *testing.T) {
	object := objects(t, []byte(`
apiVersion: foyer.dev/v1alpha1
kind: EventTemplate
metadata: {name: reminder, nmae: reminder}
sepc: {}
spec:
  tenantRef: {name: acme}
  event: invoice.unpaid
  accountProfileRefs: [{name: business}]
  actions:
  - name: mail
    days: [3]
    type: Banner
    banner: {txt: Hello, text: Hello}
`))[0]
	want := []string{
		`metadata.nmae: unknown field`,
		`sepc: unknown field, there are: apiVersion, kind, metadata, spec`,
		`spec.actions[0].banner.txt: unknown field, there are: text, translations`,
	}
	if diff := cmp.Diff(want, check(t, load(t), object)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
