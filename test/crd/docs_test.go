package crd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// reasonsOf says which kinds can have a reason that not only a Tenant can have.
var reasonsOf = map[string][]string{
	"Ready": everyKind, "Accepted": everyKind, "ResolvedRefs": everyKind, "Programmed": everyKind,
	"Invalid": everyKind, "TooLarge": everyKind, "TenantPaused": everyKind,
	"Pending": everyKind, "NotAccepted": everyKind, "NoReadyReplica": everyKind, "LoadFailed": everyKind,
	"DatabaseNotReady": everyKind, "DatabaseUnreachable": everyKind, "ForeignObject": everyKind, "Refused": everyKind,
	"NoReadableCopy": everyKind, "NotCompiled": everyKind,
	"TenantMissing": ofTenants, "TenantRefused": ofTenants,
	"Conflicted":     {"tenant", "myaccountprofile"},
	"RefNotFound":    {"tenant", "accountprofile", "eventtemplate"},
	"RefRetired":     {"tenant", "accountprofile", "eventtemplate"},
	"RefHistorical":  {"tenant", "accountprofile"},
	"ActionConflict": {"eventtemplate"},
}

var (
	everyKind = []string{"tenant", "accountprofile", "myaccountprofile", "eventtemplate"}
	ofTenants = everyKind[1:]
	ofATenant = everyKind[:1]
)

// TestEveryReasonIsDocumented wants every reason that the code has a name for in the table of
// each kind that can have it, and none in a table that the code does not have. That it is
// beside the right condition is seen by the tests of controllers, which look at every status
// that they come across.
func TestEveryReasonIsDocumented(t *testing.T) {
	want := map[string]map[string]bool{}
	for _, kind := range everyKind {
		want[kind] = map[string]bool{}
	}
	for _, reason := range reasonsOfTheCode(t) {
		kinds := reasonsOf[reason]
		if kinds == nil {
			kinds = ofATenant
		}
		for _, kind := range kinds {
			want[kind][reason] = true
		}
	}
	for _, kind := range everyKind {
		got := map[string]bool{}
		for _, reasons := range readReasons(t, kind) {
			maps.Copy(got, reasons)
		}
		if diff := cmp.Diff(want[kind], got); diff != "" {
			t.Errorf("the table of conditions in docs/%s.md (-what it should tell of +what it does):\n%s", kind, diff)
		}
	}
}

// TestEveryConditionIsDocumented wants the conditions that are written into the status of a
// kind on its page, and no others.
func TestEveryConditionIsDocumented(t *testing.T) {
	names := constants(t, "api/v1alpha1/common_types.go", regexp.MustCompile("^Condition[A-Z]"))
	added := regexp.MustCompile(`c\.add\(v1alpha1\.(Condition\w+)`)
	sources := map[string]string{"tenant": "tenant.go", "accountprofile": "profile.go", "myaccountprofile": "profile.go", "eventtemplate": "template.go"}
	told := map[string]bool{}
	for kind, source := range sources {
		want := map[string]bool{}
		for _, file := range []string{source, "conditions.go"} {
			for _, match := range added.FindAllStringSubmatch(readFile(t, "controllers", "status", file), -1) {
				want[names[match[1]]], told[match[1]] = true, true
			}
		}
		got := map[string]bool{}
		for condition := range readReasons(t, kind) {
			got[condition] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the conditions in the table of docs/%s.md (-what it has +what is told):\n%s", kind, diff)
		}
	}
	for name := range names {
		if !told[name] {
			t.Errorf("no status has %s, or it is written elsewhere: tell this test where", name)
		}
	}
}

func readReasons(t *testing.T, kind string) kube.Reasons {
	t.Helper()
	reasons, err := kube.ReadReasons(kind)
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}

// reasonsOfTheCode are the values of the constants whose names say that they are reasons, and
// of those that are the reasons of a problem with a database.
func reasonsOfTheCode(t *testing.T) []string {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, folder := range []string{"controllers", "controllers/status", "internal/compile"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			list = slices.AppendSeq(list, maps.Values(constants(t, folder+"/"+filepath.Base(file), regexp.MustCompile("^[Rr]eason[A-Z]"))))
		}
	}
	list = slices.AppendSeq(list, maps.Values(constants(t, "internal/store/admin/problem.go", regexp.MustCompile(""))))
	slices.Sort(list)
	if list = slices.Compact(list); len(list) < 40 {
		t.Fatalf("%d reasons were found: tell this test where they are", len(list))
	}
	return list
}

// constants are those of a file that are a word, by their names.
func constants(t *testing.T, path string, named *regexp.Regexp) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, readFile(t, filepath.FromSlash(path)), 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			for i, value := range constant.Values {
				literal, isLiteral := value.(*ast.BasicLit)
				if isLiteral && literal.Kind == token.STRING && named.MatchString(constant.Names[i].Name) {
					found[constant.Names[i].Name] = strings.Trim(literal.Value, `"`)
				}
			}
		}
	}
	return found
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
