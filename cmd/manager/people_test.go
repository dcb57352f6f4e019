package main

import (
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// person is somebody with roles in namespace acme.
type person struct {
	t    *testing.T
	name string
}

// newPerson makes somebody who has ClusterRoles in namespace acme, and these rules besides.
func newPerson(t *testing.T, name string, rules []rbacv1.PolicyRule, roles ...string) person {
	t.Helper()
	if len(rules) > 0 {
		own := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "of-" + name}, Rules: rules}
		if err := cluster.Client.Create(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		roles = append(roles, own.Name)
	}
	for _, role := range roles {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name + "-" + role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
		}
		if err := cluster.Client.Create(t.Context(), binding); err != nil {
			t.Fatal(err)
		}
	}
	return person{t: t, name: name}
}

// may asks the API server, as "verb resource.group/name".
func (p person) may(namespace, what string) bool {
	p.t.Helper()
	verb, resource, _ := strings.Cut(what, " ")
	resource, name, _ := strings.Cut(resource, " ")
	resource, subresource, _ := strings.Cut(resource, "/")
	resource, group, _ := strings.Cut(resource, ".")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: p.name,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: group, Resource: resource, Subresource: subresource, Name: name,
		},
	}}
	if err := cluster.Client.Create(p.t.Context(), review); err != nil {
		p.t.Fatal(err)
	}
	return review.Status.Allowed
}

// client sends real requests.
func (p person) client() client.Client {
	p.t.Helper()
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: p.name, Groups: []string{"system:authenticated"}}
	c, err := client.New(config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

var (
	reads   = []string{"get", "list", "watch"}
	changes = []string{"update", "patch"}
	makes   = []string{"create", "delete"}
	clears  = []string{"deletecollection"}
)

func TestRolesOfPeople(t *testing.T) {
	freshCluster(t)
	kubectlApply(t, "roles")
	makeNamespaces(t, "acme", "elsewhere")
	t.Run("each of its own kind", eachOfItsOwnKind)
	t.Run("in the built-in ones", inTheBuiltInOnes)
	t.Run("what they are for", whatTheyAreFor)
	t.Run("of the CLI", ofTheCLI)
}

// eachOfItsOwnKind: each role allows what its name says, of its own kind, in the namespace
// where it is bound, and nothing else.
func eachOfItsOwnKind(t *testing.T) {
	kinds := []string{"tenants", "accountprofiles", "myaccountprofiles", "eventtemplates"}
	levels := map[string][]string{
		"viewer": reads,
		"editor": slices.Concat(reads, changes, makes),
		"admin":  slices.Concat(reads, changes, makes, clears),
	}
	for _, kind := range kinds {
		for level, verbs := range levels {
			if kind == "tenants" && level == "editor" {
				verbs = slices.Concat(reads, changes)
			}
			role := strings.TrimSuffix(kind, "s") + "-" + level
			p := newPerson(t, "the-"+role, nil, role)
			for _, other := range append(slices.Clone(kinds), "tenants/status", "tenants/finalizers") {
				for _, verb := range slices.Concat(reads, changes, makes, clears) {
					on, _, nested := strings.Cut(other, "/")
					what := verb + " " + on + ".foyer.dev" + strings.TrimPrefix(other, on)
					if got, want := p.may("acme", what), other == kind && !nested && slices.Contains(verbs, verb); got != want {
						t.Errorf("%s may %s: %t, want %t", role, what, got, want)
					}
					if p.may("elsewhere", what) {
						t.Errorf("%s may %s where it is not bound", role, what)
					}
				}
			}
			for _, what := range []string{"get secrets", "list pods", "create pods", "patch deployments.apps"} {
				if p.may("acme", what) {
					t.Errorf("%s may %s", role, what)
				}
			}
		}
	}
}

// inTheBuiltInOnes: an API server alone aggregates nothing, so this does
// what the controller of Kubernetes does: it takes the labels by which a built-in role
// chooses.
func inTheBuiltInOnes(t *testing.T) {
	for builtIn, want := range map[string][]string{
		"admin": {"accountprofile-admin", "eventtemplate-admin", "myaccountprofile-admin", "tenant-admin"},
		"edit":  {"accountprofile-editor", "eventtemplate-editor", "myaccountprofile-editor"},
		"view":  {"accountprofile-viewer", "eventtemplate-viewer", "myaccountprofile-viewer", "tenant-viewer"},
	} {
		var role rbacv1.ClusterRole
		get(t, client.ObjectKey{Name: builtIn}, &role)
		var chosen []string
		for _, selector := range role.AggregationRule.ClusterRoleSelectors {
			var list rbacv1.ClusterRoleList
			if err := cluster.Client.List(t.Context(), &list, client.MatchingLabels(selector.MatchLabels)); err != nil {
				t.Fatal(err)
			}
			for _, of := range list.Items {
				if of.Labels["app.kubernetes.io/name"] == "foyer" {
					chosen = append(chosen, of.Name)
				}
			}
		}
		slices.Sort(chosen)
		if !slices.Equal(chosen, want) {
			t.Errorf("%s has %v of ours, want %v", builtIn, chosen, want)
		}
	}
}

// whatTheyAreFor: real requests of three people, one of whom has SAFE's
// "MyAccount Profiles permission".
func whatTheyAreFor(t *testing.T) {
	tenant := makeTenant(t, "acme", "one", "my.acme.example")
	profile := func(name string) *v1alpha1.MyAccountProfile {
		return &v1alpha1.MyAccountProfile{
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name},
			Spec: v1alpha1.MyAccountProfileSpec{TenantRef: v1alpha1.ObjectRef{Name: "one"}, DisplayName: name,
				MyAccountFlags: []v1alpha1.MyAccountFlag{"ViewInvoices"}},
		}
	}
	editor := newPerson(t, "eve", nil, "myaccountprofile-editor").client()
	if err := editor.Create(t.Context(), profile("gold")); err != nil {
		t.Errorf("an editor of MyAccountProfiles makes one: %v", err)
	}
	if err := editor.Delete(t.Context(), tenant.DeepCopy()); !apierrors.IsForbidden(err) {
		t.Errorf("an editor of MyAccountProfiles deletes the Tenant: %v", err)
	}
	viewer := newPerson(t, "vic", nil, "myaccountprofile-viewer").client()
	if err := viewer.Get(t.Context(), client.ObjectKey{Namespace: "acme", Name: "gold"}, &v1alpha1.MyAccountProfile{}); err != nil {
		t.Errorf("a viewer of MyAccountProfiles reads one: %v", err)
	}
	if err := viewer.Delete(t.Context(), profile("gold")); !apierrors.IsForbidden(err) {
		t.Errorf("a viewer of MyAccountProfiles deletes one: %v", err)
	}
	of := newPerson(t, "tess", nil, "tenant-editor").client()
	change := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"state":"Paused"}}`))
	if err := of.Patch(t.Context(), tenant.DeepCopy(), change); err != nil {
		t.Errorf("an editor of Tenants pauses one: %v", err)
	}
	if err := of.Delete(t.Context(), tenant.DeepCopy()); !apierrors.IsForbidden(err) {
		t.Errorf("an editor of Tenants deletes one: %v", err)
	}
}

// ofTheCLI: foyer-cli is all that kubectl foyer needs but the token, which a Role
// gives by its name.
func ofTheCLI(t *testing.T) {
	token := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"one-cli"}, Verbs: []string{"get"}}}
	p := newPerson(t, "cleo", token, "foyer-cli")
	for what, want := range map[string]bool{
		"get secrets one-cli": true, "get secrets one-db-portal": false, "list secrets": false, "patch secrets one-cli": false,
		"list tenants.foyer.dev": true, "list eventtemplates.foyer.dev": true, "patch tenants.foyer.dev": false,
		"get services one-api": true, "list pods": true, "create pods/portforward": true, "create pods/exec": false, "create pods": false,
		"watch pods": true, "get pods/log": true, "list services": true, "list configmaps": true, "list deployments.apps": true,
		"list ingresses.networking.k8s.io": true, "list networkpolicies.networking.k8s.io": true, "list poddisruptionbudgets.policy": true,
		"list horizontalpodautoscalers.autoscaling": true, "list httproutes.gateway.networking.k8s.io": true, "patch deployments.apps": false,
		"get configmaps one-settings": true, "patch configmaps one-settings": false,
	} {
		if got := p.may("acme", what); got != want {
			t.Errorf("may %s: %t, want %t", what, got, want)
		}
	}
	if newPerson(t, "carl", nil, "foyer-cli").may("acme", "get secrets one-cli") {
		t.Error("foyer-cli alone gives the token")
	}
}
