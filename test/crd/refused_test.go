package crd

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const expectPrefix = "# expect: "

var update = flag.Bool("update", false, "write what the API server says into the files of invalid/")

// pair is a file of invalid/: an object that breaks one rule, and the same corrected.
type pair struct {
	name     string   // KIND.PATH.KEYWORD, the name of the rule
	expected []string // what the API server says about refused
	start    []*unstructured.Unstructured
	refused  *unstructured.Unstructured
	accepted *unstructured.Unstructured
	file     string
	body     []byte // the file without what is expected
}

func readPairs(t *testing.T) []pair {
	t.Helper()
	var pairs []pair
	for _, file := range yamlFiles(t, "invalid") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := pair{name: nameOf(file), file: file}
		p.expected, p.body = splitExpectations(content)
		objects := parseObjects(t, file, p.body)
		if len(objects) < 2 {
			t.Fatalf("%s needs two documents: one that is refused, and the same corrected", file)
		}
		p.start, p.refused, p.accepted = objects[:len(objects)-2], objects[len(objects)-2], objects[len(objects)-1]
		pairs = append(pairs, p)
	}
	return pairs
}

// place is where the refused object is wrong: the one address of the rule's path at which
// the two objects differ.
func (p pair) place(t *testing.T, r rule) address {
	t.Helper()
	for _, at := range find(p.refused.Object, r.about()) {
		refused, has := get(p.refused.Object, at)
		accepted, had := get(p.accepted.Object, at)
		if has != had || len(differences(refused, accepted, nil)) > 0 {
			return at
		}
	}
	t.Fatalf("%s: both documents are equal where the rule looks", p.file)
	return nil
}

func TestInvalid(t *testing.T) {
	for _, p := range readPairs(t) {
		t.Run(p.name, func(t *testing.T) {
			namespace := cluster.Namespace(t)
			for i, object := range p.start {
				object.SetNamespace(namespace)
				if err := write(t.Context(), object); err != nil {
					t.Fatalf("document %d is only the start of an edit, but was refused: %v", i+1, err)
				}
			}
			p.refused.SetNamespace(namespace)
			refusal := write(t.Context(), p.refused)
			if refusal == nil {
				t.Fatal("the API server accepted it")
			}
			got := said(refusal)
			if *update {
				writeExpectations(t, p.file, got, p.body)
				return
			}
			if diff := cmp.Diff(p.expected, got); diff != "" {
				t.Errorf("the API server says something else (-expected +said):\n%s", diff)
			}
			p.accepted.SetNamespace(namespace)
			if err := write(t.Context(), p.accepted); err != nil {
				t.Errorf("the corrected object was refused: %v", err)
			}
		})
	}
}

// TestSameRules tries the two values of a file in every other place that has the same
// rule: each place refuses the one with the same words, and accepts the other.
func TestSameRules(t *testing.T) {
	rules := readRules(t)
	tested := map[string]pair{}
	for _, p := range readPairs(t) {
		tested[p.name] = p
		if says := rules[p.name].says; tested[says].name == "" {
			tested[says] = p
		}
	}
	namespace, valid := cluster.Namespace(t), validObjects(t)
	for name, r := range rules {
		if _, own := tested[name]; own || tested[r.says].name == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			object, at := havingField(t, valid, r)
			object.SetNamespace(namespace)
			p := tested[r.says]
			from := p.place(t, rules[p.name])
			var want []string
			for _, line := range p.expected {
				want = append(want, strings.ReplaceAll(line, from.String(), at.String()))
			}
			value, exists := get(p.refused.Object, from)
			put(object.Object, at, value, !exists)
			if diff := cmp.Diff(want, said(tryCreate(t, object))); diff != "" {
				t.Errorf("the API server says something else than by %s (-expected +said):\n%s", p.file, diff)
			}
			if r.keyword == "required" {
				return // the object of valid/ has the field
			}
			value, _ = get(p.accepted.Object, from)
			put(object.Object, at, value, false)
			if err := tryCreate(t, object); err != nil {
				t.Errorf("the accepted value of %s was refused: %v", p.file, err)
			}
		})
	}
}

// havingField returns a copy of an object that has the field of a rule, and where.
func havingField(t *testing.T, objects []*unstructured.Unstructured, r rule) (*unstructured.Unstructured, address) {
	t.Helper()
	for _, object := range objects {
		if kindOf(object) != r.kind() {
			continue
		}
		for _, at := range find(object.Object, r.about()) {
			if _, exists := get(object.Object, at); exists {
				return object.DeepCopy(), at
			}
		}
	}
	t.Fatalf("no object of valid/ has the field of %s", r.name)
	return nil, nil
}

// tryCreate asks the API server whether it would create an object.
func tryCreate(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	return cluster.Client.Create(t.Context(), object.DeepCopy(), strict, client.DryRunAll)
}

// splitExpectations cuts the "# expect: " lines off the head of a file.
func splitExpectations(content []byte) (expected []string, body []byte) {
	for bytes.HasPrefix(content, []byte(expectPrefix)) {
		line, rest, _ := bytes.Cut(content, []byte("\n"))
		expected = append(expected, strings.TrimPrefix(string(writeOut(line)), expectPrefix))
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

// notChecked is what the API server adds where CEL rules had to wait. It says nothing
// about the object.
const notChecked = "some validation rules were not checked because the object was invalid"

// said returns each thing that a refusal names as "FIELD: MESSAGE", sorted, because
// the API server walks the schema in no particular order.
func said(err error) []string {
	if err == nil {
		return []string{"nothing: the object was accepted"}
	}
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

// validObjects are those of valid/.
func validObjects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, file := range yamlFiles(t, "valid") {
		objects = append(objects, readObjects(t, file)...)
	}
	return objects
}

func kindOf(object *unstructured.Unstructured) string { return strings.ToLower(object.GetKind()) }

func join(kind string, path []string) string {
	return strings.Join(append([]string{kind}, path...), ".")
}
