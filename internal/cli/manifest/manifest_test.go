package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, content string) Set {
	t.Helper()
	set, err := Read(Source{Paths: []string{"-"}, In: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// seen is what a test looks at.
type seen struct {
	Kind string
	Line int
}

func objectsOf(set Set) []seen {
	var all []seen
	for _, o := range set.Objects {
		all = append(all, seen{o.text("kind"), o.Line()})
	}
	return all
}

func TestDocuments(t *testing.T) {
	for name, tt := range map[string]struct {
		content  string
		objects  []seen
		problems []Problem
	}{
		"two":                  {"apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\n", []seen{{"A", 1}, {"B", 4}}, nil},
		"comments and nothing": {"# all\n---\n# nothing\n---\n\n---\n# B\n\napiVersion: v1\nkind: B\n---\n", []seen{{"B", 9}}, nil},
		"separators":           {"--- # first\napiVersion: v1\nkind: A\n...\n---\napiVersion: v1\nkind: B\n", []seen{{"A", 2}, {"B", 6}}, nil},
		"windows":              {"\ufeffapiVersion: v1\r\nkind: A\r\n---\r\napiVersion: v1\r\nkind: B\r\n", []seen{{"A", 1}, {"B", 4}}, nil},
		"JSON":                 {"{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"A\"\n}\n", []seen{{"A", 1}}, nil},
		"list":                 {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n- kind: B\n  apiVersion: v1\n", []seen{{"A", 4}, {"B", 6}}, nil},
		"a dash in a text":     {"apiVersion: v1\nkind: A\ntext: |\n  a\n  ---\n  b\n", []seen{{"A", 1}}, nil},
		"one broken of three": {"apiVersion: v1\nkind: A\n---\na: [1\nb: 2\n---\napiVersion: v1\nkind: C\n", []seen{{"A", 1}, {"C", 7}},
			[]Problem{{"stdin", 4, "this is neither YAML nor JSON: did not find expected ',' or ']'"}}},
		"no object":     {"a: 1\n", nil, []Problem{{"stdin", 1, "this is no object of Kubernetes: it has neither apiVersion nor kind"}}},
		"a text":        {"hello\n", nil, []Problem{{"stdin", 1, "this is no object of Kubernetes: it has neither apiVersion nor kind"}}},
		"no kind":       {"# x\napiVersion: v1\n", nil, []Problem{{"stdin", 2, "kind: this object of v1 has none"}}},
		"no apiVersion": {"kind: A\n", nil, []Problem{{"stdin", 1, "apiVersion: this object of kind A has none"}}},
		"item of a list": {"apiVersion: v1\nkind: List\nitems:\n- 1\n", nil,
			[]Problem{{"stdin", 4, "this is no object of Kubernetes: it has neither apiVersion nor kind"}}},
	} {
		set := parse(t, tt.content)
		if diff := cmp.Diff(tt.objects, objectsOf(set)); diff != "" {
			t.Errorf("%s: objects, -want +got:\n%s", name, diff)
		}
		if diff := cmp.Diff(tt.problems, set.Problems); diff != "" {
			t.Errorf("%s: problems, -want +got:\n%s", name, diff)
		}
	}
}

const places = `# a comment
apiVersion: v1
kind: A
metadata: {name: a, labels: {a.example/b: c}}
spec:
  list:
  - name: first
    text: |
      one

      three
  - {name: second, text: "one line"}
  other: &here
    deep: 1
  again: *here
`

func TestPlaces(t *testing.T) {
	object := parse(t, "---\n"+places).Objects[0] // one line further down
	for field, want := range map[string]int{
		"":                               3,
		"kind":                           4,
		"metadata.name":                  5,
		"metadata.labels[a.example/b]":   5,
		"spec":                           6,
		"spec.list":                      7,
		"spec.list[0]":                   8,
		"spec.list[0].text":              9,
		"spec.list[1].text":              13,
		"spec.list[2].text":              7,
		"spec.list[1].missing.even.more": 13,
		"spec.missing":                   6,
		"spec.other.deep":                15,
		"spec.again.deep":                15,
		"status":                         3,
	} {
		if got := object.LineOf(field); got != want {
			t.Errorf("%q is on line %d, expected %d", field, got, want)
		}
	}
	for _, tt := range []struct {
		field      string
		line, want int
	}{
		{"spec.list[0].text", 1, 10}, {"spec.list[0].text", 3, 12}, {"spec.list[1].text", 1, 13}, {"spec.list[0].html", 2, 8},
	} {
		if got := object.LineIn(tt.field, tt.line); got != tt.want {
			t.Errorf("line %d of %q is on line %d of the file, expected %d", tt.line, tt.field, got, tt.want)
		}
	}
}

func TestDuplicates(t *testing.T) {
	object := parse(t, "apiVersion: v1\nkind: A\nspec:\n  a: 1\n  list:\n  - b: 1\n    b: 2\n  a: 2\n  a: 3\n").Objects[0]
	want := []Duplicate{{"spec.list[0].b", 7, 6}, {"spec.a", 8, 4}, {"spec.a", 9, 4}}
	if diff := cmp.Diff(want, object.Duplicates()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestValuesAreThoseOfKubectl(t *testing.T) {
	object := parse(t, "apiVersion: v1\nkind: A\nspec: {yes: y, whole: 3, part: 3.5, text: \"3\", off: off}\n").Objects[0]
	want := map[string]any{"true": true, "whole": int64(3), "part": 3.5, "text": "3", "false": false}
	if diff := cmp.Diff(want, object.Content["spec"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestClear(t *testing.T) {
	content := map[string]any{"spec": map[string]any{"a": "x", "list": []any{map[string]any{"b": "x"}, "x"}}}
	for _, field := range []string{"", "spec.a", "spec.list[0].b", "spec.list[1]", "spec.list[7]", "spec.list[0].b.c", "other.field"} {
		Clear(content, field)
	}
	want := map[string]any{"spec": map[string]any{"a": nil, "list": []any{map[string]any{"b": nil}, nil}}}
	if diff := cmp.Diff(want, content); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDirectories(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"b.yaml": "apiVersion: v1\nkind: B\n", "a.yml": "apiVersion: v1\nkind: A\n", "c.json": `{"apiVersion": "v1", "kind": "C"}`,
		"kustomization.yaml": "resources: [b.yaml]\n", "values.yaml": "some: values\n", "README.md": "# read\n", "below/d.yaml": "apiVersion: v1\nkind: D\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		source Source
		want   string
	}{
		{Source{Paths: []string{root}}, "ABC"},
		{Source{Paths: []string{root}, Recursive: true}, "ABDC"},
		{Source{Paths: []string{filepath.Join(root, "b.yaml"), root}}, "BAC"}, // each file once
	} {
		set, err := Read(tt.source)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range set.Objects {
			got += o.text("kind")
		}
		if got != tt.want || len(set.Problems) > 0 || set.Others != 1 {
			t.Errorf("read %s, expected %s; %d others, problems: %v", got, tt.want, set.Others, set.Problems)
		}
	}
	set, err := Read(Source{Paths: []string{filepath.Join(root, "kustomization.yaml")}})
	if err != nil || len(set.Problems) != 1 || !strings.Contains(set.Problems[0].Message, "kubectl kustomize DIRECTORY | kubectl foyer lint -f -") {
		t.Errorf("a kustomization by name: %v, %v", set.Problems, err)
	}
}
