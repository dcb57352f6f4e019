package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var update = flag.Bool("update", false, "write testdata anew")

// grant is one thing that a role allows.
type grant struct {
	role      string // as "Role foyer-manager"
	namespace string // empty: in all, or in the one of the binding
	group     string
	resource  string
	verb      string
	name      string // empty: any
}

func (g grant) String() string {
	text := fmt.Sprintf("%s: %s %s", g.role, g.verb, qualified(g.resource, g.group))
	if g.name != "" {
		text += " " + g.name
	}
	return text
}

func qualified(resource, group string) string {
	if group == "" {
		return resource
	}
	resource, subresource, nested := strings.Cut(resource, "/")
	if nested {
		subresource = "/" + subresource
	}
	return resource + "." + group + subresource
}

// covers says whether an access is one that the grant allows.
func (g grant) covers(a kube.Access) bool {
	return g.group == a.Group && g.resource == a.Resource && g.verb == a.Verb &&
		(g.namespace == "" || g.namespace == a.Namespace) && (g.name == "" || g.name == a.Name)
}

// breadth orders grants: what is allowed in one namespace, or of one name, goes first.
func (g grant) breadth() int {
	breadth := 0
	if g.namespace == "" {
		breadth += 2
	}
	if g.name == "" {
		breadth++
	}
	return breadth
}

// grantsOf reads what the roles of a folder of config allow, as kustomize renders them.
func grantsOf(t *testing.T, folder ...string) []grant {
	t.Helper()
	var grants []grant
	for _, role := range rolesOf(t, folder...) {
		for _, rule := range role.Rules {
			grants = append(grants, expand(t, role, rule)...)
		}
	}
	if len(grants) == 0 {
		t.Fatalf("config/%s grants nothing", filepath.Join(folder...))
	}
	return grants
}

// rolesOf are the Roles and ClusterRoles of a folder of config.
func rolesOf(t *testing.T, folder ...string) []rbacv1.ClusterRole {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := cluster.Kubectl(t.Context(), t, "kustomize", filepath.Join(append([]string{root, "config"}, folder...)...))
	if err != nil {
		t.Fatalf("render config/%s: %v\n%s", filepath.Join(folder...), err, rendered)
	}
	var roles []rbacv1.ClusterRole
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(rendered), 4096)
	for {
		var role rbacv1.ClusterRole // a Role has the same fields
		err := decoder.Decode(&role)
		if errors.Is(err, io.EOF) {
			return roles
		}
		if err != nil {
			t.Fatalf("read config/%s: %v", filepath.Join(folder...), err)
		}
		if role.Kind == "Role" || role.Kind == "ClusterRole" {
			roles = append(roles, role)
		}
	}
}

func expand(t *testing.T, role rbacv1.ClusterRole, rule rbacv1.PolicyRule) []grant {
	t.Helper()
	if len(rule.NonResourceURLs) > 0 {
		t.Errorf("%s grants paths, which nothing needs: %v", role.Name, rule.NonResourceURLs)
	}
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var grants []grant
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				for _, name := range names {
					if strings.Contains(group+resource+verb, "*") {
						t.Errorf("%s has a wildcard: %v", role.Name, rule)
					}
					grants = append(grants, grant{role.Kind + " " + role.Name, role.Namespace, group, resource, verb, name})
				}
			}
		}
	}
	return grants
}

// describeRights writes what the roles of a folder allow, one line for each resource.
func describeRights(t *testing.T, folder ...string) string {
	t.Helper()
	lines := map[string][]string{}
	for _, g := range grantsOf(t, folder...) {
		what := g.role
		if g.namespace != "" {
			what += " in " + g.namespace
		}
		what += ": " + qualified(g.resource, g.group)
		if g.name != "" {
			what += " " + g.name
		}
		lines[what] = append(lines[what], g.verb)
	}
	var text []string
	for what, verbs := range lines {
		slices.Sort(verbs)
		text = append(text, what+": "+strings.Join(verbs, " ")+"\n")
	}
	slices.Sort(text)
	return "# config/" + filepath.Join(folder...) + "\n" + strings.Join(text, "")
}

// TestRightsAreAsRecorded: nobody gets a right in passing. Who means to change one changes
// testdata/rights.txt with it, where a reviewer sees it.
func TestRightsAreAsRecorded(t *testing.T) {
	var texts []string
	for _, folder := range [][]string{{"rbac"}, {"namespaced"}, {"namespaced", "watched"}, {"roles"}} {
		texts = append(texts, describeRights(t, folder...))
	}
	got, file := strings.Join(texts, "\n"), filepath.Join("testdata", "rights.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./cmd/manager -run TestRightsAreAsRecorded -update writes it)", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("rights have changed (-recorded +now); if that is meant, run with -update:\n%s", diff)
	}
}

// TestAWatchedNamespaceIsWorthTheSameRights: an operator of listed namespaces may do in each
// what another one may do in all, and nothing in the cluster.
func TestAWatchedNamespaceIsWorthTheSameRights(t *testing.T) {
	everywhere := slices.DeleteFunc(rolesOf(t, "rbac"), func(r rbacv1.ClusterRole) bool { return r.Name != "foyer-manager" || r.Kind != "ClusterRole" })
	watched := rolesOf(t, "namespaced", "watched")
	if len(everywhere) != 1 || len(watched) != 1 {
		t.Fatalf("there are %d and %d roles", len(everywhere), len(watched))
	}
	if diff := cmp.Diff(everywhere[0].Rules, watched[0].Rules); diff != "" {
		t.Errorf("(-everywhere +watched), run make generate:\n%s", diff)
	}
	for _, role := range append(watched, rolesOf(t, "namespaced")...) {
		if role.Kind != "Role" {
			t.Errorf("%s %s: an operator of listed namespaces has no right in the cluster", role.Kind, role.Name)
		}
	}
}
