package backoffice

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

// Each reason that some code gives is one that the API knows and the docs explain.
func TestReasons(t *testing.T) {
	given := map[string]bool{}
	for _, of := range []struct{ files, pattern string }{
		{"../../notify/plan/types.go", `Reason = "(\w+)"`},
		{"../../notify/deliver/*.go", `\breason[A-Z]\w* += "(\w+)"`},
		{"../../notify/deliver/*.go", `Reason: "(\w+)"`},
		{"../../store/*.go", `reason = '(\w+)'`},
		{"../../store/ledger*.go", `Reason\w+ += "(\w+)"`},
		{"../../store/admin/*.go", `reason = '(\w+)'`},
	} {
		found := 0
		files, err := filepath.Glob(of.files)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(of.pattern).FindAllStringSubmatch(string(text), -1) {
				if !strings.HasSuffix(file, "_test.go") {
					given[match[1]] = true
					found++
				}
			}
		}
		if found == 0 && !strings.Contains(of.files, "admin") {
			t.Errorf("%s has no %s", of.files, of.pattern)
		}
	}
	var known []string
	table := ""
	for _, r := range integration.Reasons {
		known = append(known, r.Name)
		if !given[r.Name] {
			t.Errorf("nobody gives the reason %s", r.Name)
		}
		delete(given, r.Name)
		table += "| `" + r.Name + "` | " + r.State + " | " + r.Why + " |\n"
	}
	for name := range given {
		t.Errorf("reason %s is not known", name)
	}
	field, _ := reflect.TypeFor[notificationListInput]().FieldByName("Reason")
	if diff := cmp.Diff(known, strings.Split(field.Tag.Get("enum"), ",")); diff != "" {
		t.Errorf("what can be asked for: %s", diff)
	}
	if twice := len(known) - len(slices.Compact(slices.Sorted(slices.Values(known)))); twice != 0 {
		t.Errorf("%d are there twice", twice)
	}
	docs, err := os.ReadFile("../../../docs/integration-api.md")
	if err != nil || !strings.Contains(string(docs), table) {
		t.Errorf("docs/integration-api.md has not (%v)\n%s", err, table)
	}
}
