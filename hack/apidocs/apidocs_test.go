package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/config/crd"
)

// TestPagesAreCurrent: what is in docs/reference is what the CRDs say, and nothing else is there.
func TestPagesAreCurrent(t *testing.T) {
	want, err := render()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../" + folder + "/*")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, file := range files {
		if got[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/reference is not what config/crd/bases says: run 'make generate' (-want +got):\n%s", diff)
	}
}

// TestEverythingIsOnItsPage reads the CRDs as plain YAML, and wants each field in a row of its
// own, and in that row each rule with its message, each value of an enumeration, each bound
// and each default.
func TestEverythingIsOnItsPage(t *testing.T) {
	pages, err := render()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"tenant", "accountprofile", "myaccountprofile", "eventtemplate"} {
		page := string(pages[kind+".md"])
		schema := rawSchema(t, kind)
		properties := schema["properties"].(map[string]any)
		rows := 0
		for _, part := range []string{"spec", "status"} {
			rows += wantRows(t, page, part, properties[part].(map[string]any))
		}
		if rows < 10 {
			t.Errorf("%s has %d fields only: does this test still read the schema?", kind, rows)
		}
		if got := strings.Count(page, "\n| `spec") + strings.Count(page, "\n| `status"); got != rows {
			t.Errorf("the page of %s has %d rows for %d fields", kind, got, rows)
		}
	}
}

func rawSchema(t *testing.T, kind string) map[string]any {
	t.Helper()
	content, err := crd.Bases.ReadFile("bases/foyer.dev_" + kind + "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definition map[string]any
	if err := yaml.Unmarshal(content, &definition); err != nil {
		t.Fatal(err)
	}
	version := definition["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
	return version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
}

// wantRows looks for the rows of a field and of all below it, and returns how many they are.
func wantRows(t *testing.T, page, path string, schema map[string]any) int {
	t.Helper()
	row := ""
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| `"+path+"` |") {
			row = line
		}
	}
	if row == "" {
		t.Errorf("%s has no row", path)
		return 0
	}
	wantTold(t, row, path, schema)
	if path == "status.conditions" {
		return 1
	}
	if items, ok := schema["items"].(map[string]any); ok {
		wantTold(t, row, path, items)
		schema, path = items, path+"[]"
	}
	rows := 1
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		rows += wantRows(t, page, path+"."+name, property.(map[string]any))
	}
	return rows
}

// wantTold wants in a row what the schema asks of the value itself.
func wantTold(t *testing.T, row, path string, schema map[string]any) {
	t.Helper()
	plain := strings.NewReplacer(`\|`, "|", `\*`, "*", "&lt;", "<").Replace(row)
	want := func(text string) {
		if !strings.Contains(plain, strings.NewReplacer(`\*`, "*").Replace(strings.Join(strings.Fields(text), " "))) {
			t.Errorf("the row of %s does not have %q:\n%s", path, text, row)
		}
	}
	values, _ := schema["enum"].([]any)
	for _, value := range values {
		want("`" + value.(string) + "`")
	}
	rules, _ := schema["x-kubernetes-validations"].([]any)
	for _, rule := range rules {
		rule := rule.(map[string]any)
		want(rule["rule"].(string))
		if message, ok := rule["message"].(string); ok {
			want(message)
		}
	}
	if pattern, ok := schema["pattern"].(string); ok {
		want(pattern)
	}
	for _, bound := range []string{"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "minProperties"} {
		if value, ok := schema[bound].(float64); ok {
			want(strconv.FormatFloat(value, 'f', -1, 64))
		}
	}
}
