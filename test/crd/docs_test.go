package crd

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestEveryFieldIsDocumented wants the name of every field on the page of its kind.
func TestEveryFieldIsDocumented(t *testing.T) {
	for kind, schema := range readSchemas(t) {
		page := readFile(t, "docs", kind+".md")
		for _, part := range []string{"spec", "status"} {
			fields := fieldNames(schema.Properties[part])
			if len(fields) == 0 {
				t.Errorf("%s has no fields in %s", kind, part)
			}
			for _, field := range fields {
				if !regexp.MustCompile(`\b` + field + `\b`).MatchString(page) {
					t.Errorf("docs/%s.md does not mention the field %s of %s", kind, field, part)
				}
			}
		}
	}
}

// fieldNames lists the fields below a schema, but not those of a condition, which are
// Kubernetes' own.
func fieldNames(schema apiextensionsv1.JSONSchemaProps) []string {
	var names []string
	for name, property := range schema.Properties {
		names = append(names, name)
		if name == "conditions" {
			continue
		}
		names = append(names, fieldNames(property)...)
		if property.Items != nil {
			names = append(names, fieldNames(*property.Items.Schema)...)
		}
	}
	return names
}

var reasonConstant = regexp.MustCompile(`(?m)^\s*(?:[Rr]eason)\w*\s*=\s*"(\w+)"`)

// TestEveryReasonIsDocumented wants every reason of a condition on one of the pages.
func TestEveryReasonIsDocumented(t *testing.T) {
	pages := ""
	for kind := range readSchemas(t) {
		pages += readFile(t, "docs", kind+".md")
	}
	for _, source := range []string{"internal/compile/types.go", "controllers/status/conditions.go"} {
		reasons := reasonConstant.FindAllStringSubmatch(readFile(t, filepath.FromSlash(source)), -1)
		if len(reasons) == 0 {
			t.Errorf("%s declares no reasons any more: tell this test where they are", source)
		}
		for _, match := range reasons {
			if !strings.Contains(pages, "`"+match[1]+"`") {
				t.Errorf("no page of a kind in docs/ explains the reason %s of %s", match[1], source)
			}
		}
	}
}

// shared are the reasons that an object of every kind can have, whatever else it has.
var shared = []string{
	"Pending", "NotAccepted", "DatabaseNotReady", "DatabaseUnreachable", "ForeignObject", "Refused", "NoReadableCopy", "NotCompiled",
}

// TestSharedReasonsAreOnEveryPage: whoever reads a reason looks on the page of the kind.
func TestSharedReasonsAreOnEveryPage(t *testing.T) {
	for kind := range readSchemas(t) {
		page := readFile(t, "docs", kind+".md")
		for _, reason := range shared {
			if !strings.Contains(page, "`"+reason+"`") {
				t.Errorf("docs/%s.md does not explain the reason %s", kind, reason)
			}
		}
	}
}

// readFile returns the text of a file of the repository.
func readFile(t *testing.T, path ...string) string {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestFeaturesAreDocumented wants the table of features to say in which statuses each of
// them is open.
func TestFeaturesAreDocumented(t *testing.T) {
	page := readFile(t, "docs", "myaccountprofile.md")
	for _, info := range settings.FeatureRegistry() {
		row := regexp.MustCompile("(?m)^\\| `" + string(info.Feature) + "` \\| [^|]+ \\|(.*)\\|$").FindStringSubmatch(page)
		if row == nil {
			t.Errorf("docs/myaccountprofile.md has no row for the feature %s", info.Feature)
			continue
		}
		for i, cell := range strings.Split(row[1], "|") {
			status := settings.AccountStatuses()[i]
			if open := slices.Contains(info.Statuses, status); open != (strings.TrimSpace(cell) == "x") {
				t.Errorf("docs/myaccountprofile.md: %s of an account that is %s is open: %t", info.Feature, status, open)
			}
		}
	}
}
