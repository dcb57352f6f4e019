package reach

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

// made makes some of what the operator makes for a tenant.
func (w *world) made(tenant string) {
	w.t.Helper()
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: w.namespace, Name: tenant + name, Labels: provision.Labels(tenant, provision.Portal)}
	}
	w.create(&corev1.Secret{ObjectMeta: meta("-keys"), StringData: map[string]string{"link": "s3cret-of-the-keys"}})
	w.create(&corev1.ConfigMap{ObjectMeta: meta("-settings"), Data: map[string]string{"a": "b"}})
	w.create(&networkingv1.NetworkPolicy{ObjectMeta: meta("-portal")})
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: provision.Selector(tenant, provision.Portal)}}
	template.Spec.Containers = []corev1.Container{{Name: "portal", Image: "foyer"}}
	w.create(&appsv1.Deployment{ObjectMeta: meta("-portal"), Spec: appsv1.DeploymentSpec{Selector: metav1.SetAsLabelSelector(template.Labels), Template: template}})
}

func sortedNames[T any](items []T, name func(*T) string) (all []string) {
	for i := range items {
		all = append(all, name(&items[i]))
	}
	slices.Sort(all)
	return all
}

func TestClusterInventory(t *testing.T) {
	w, other := newWorld(t, "acme", "beta"), newWorld(t, "acme")
	w.made("acme")
	w.made("beta")
	other.made("acme")
	w.create(&v1alpha1.AccountProfile{ObjectMeta: w.meta("business"), Spec: v1alpha1.AccountProfileSpec{TenantRef: v1alpha1.ObjectRef{Name: "acme"}, DisplayName: "Business"}})
	w.where.Tenant = "acme"
	i, err := ClusterInventory(t.Context(), w.where, false)
	if err != nil {
		t.Fatal(err)
	}
	metadata := func(o *metav1.PartialObjectMetadata) string { return o.Name }
	got := [][]string{
		sortedNames(i.Secrets, metadata), sortedNames(i.ConfigMaps, metadata), sortedNames(i.NetworkPolicies, metadata),
		sortedNames(i.Deployments, func(d *appsv1.Deployment) string { return d.Name + "=" + d.Spec.Template.Spec.Containers[0].Image }),
		sortedNames(i.AccountProfiles, func(p *v1alpha1.AccountProfile) string { return p.Name }),
	}
	if diff := cmp.Diff([][]string{{"acme-keys"}, {"acme-settings"}, {"acme-portal"}, {"acme-portal=foyer"}, {"business"}}, got); diff != "" || len(i.Missing) > 0 {
		t.Errorf("missing %v (-want +got)\n%s", i.Missing, diff)
	}
	w.where.Tenant = ""
	if i, err = ClusterInventory(t.Context(), w.where, true); err != nil {
		t.Fatal(err)
	}
	here := slices.DeleteFunc(i.Secrets, func(o metav1.PartialObjectMetadata) bool {
		return o.Namespace != w.namespace && o.Namespace != other.namespace
	})
	if got := sortedNames(here, metadata); !slices.Equal(got, []string{"acme-keys", "acme-keys", "beta-keys"}) {
		t.Errorf("of all namespaces %v", got)
	}
}

// allow gives somebody rights in the namespace.
func (w *world) allow(user string, rules ...rbacv1.PolicyRule) {
	w.t.Helper()
	w.create(&rbacv1.Role{ObjectMeta: w.meta(user), Rules: rules})
	w.create(&rbacv1.RoleBinding{
		ObjectMeta: w.meta(user), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	})
}

// A right that is missing is named, and what it is for is left out.
func TestInventoryWithFewRights(t *testing.T) {
	w := newWorld(t, "acme")
	w.made("acme")
	w.where.As = "nobody-" + w.namespace
	if _, err := ClusterInventory(t.Context(), w.where, false); err == nil || !strings.Contains(err.Error(), "you need the right to list tenants.foyer.dev in namespace "+w.namespace) {
		t.Errorf("without any right: %v", err)
	}
	if _, err := ClusterInventory(t.Context(), w.where, true); err == nil || !strings.Contains(err.Error(), "you need the right to list tenants.foyer.dev in all namespaces") {
		t.Errorf("without any right: %v", err)
	}
	w.where.As = "few-" + w.namespace
	w.allow(w.where.As, rbacv1.PolicyRule{APIGroups: []string{"foyer.dev"}, Resources: []string{"tenants"}, Verbs: []string{"list"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}})
	i, err := ClusterInventory(t.Context(), w.where, false)
	if err != nil || len(i.Tenants) != 1 || len(i.ConfigMaps) != 1 || len(i.Deployments) != 0 {
		t.Fatalf("%v: %+v", err, i)
	}
	var rights []string
	for _, m := range i.Missing {
		rights = append(rights, m.Right)
		if m.Namespace != w.namespace {
			t.Errorf("%s of namespace %s", m.Right, m.Namespace)
		}
	}
	for _, right := range []string{"list secrets", "list deployments.apps", "list pods", "list ingresses.networking.k8s.io", "list accountprofiles.foyer.dev"} {
		if !slices.Contains(rights, right) {
			t.Errorf("%s is not named: %v", right, rights)
		}
	}
}

// What a shell completes: tenants of the namespace, namespaces that have tenants, and all
// namespaces for those who may not list the tenants of all.
func TestNames(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	tenants, err := TenantNames(t.Context(), w.where)
	if diff := cmp.Diff([]string{"acme", "beta"}, tenants); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	found, err := TenantNamespaces(t.Context(), w.where)
	if err != nil || !slices.Contains(found, w.namespace) || slices.Contains(found, "kube-system") {
		t.Errorf("%v %v", found, err)
	}
	w.where.As = "namespaces-" + w.namespace
	if _, err := TenantNamespaces(t.Context(), w.where); err == nil {
		t.Error("somebody without a right got namespaces")
	}
	w.create(&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: w.where.As}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}}}})
	w.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.where.As}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: w.where.As},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: w.where.As}},
	})
	found, err = TenantNamespaces(t.Context(), w.where)
	if err != nil || !slices.Contains(found, w.namespace) || !slices.Contains(found, "kube-system") {
		t.Errorf("%v %v", found, err)
	}
	contexts, err := ContextNames(w.where)
	if diff := cmp.Diff([]string{"test"}, contexts); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}
