package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

const clusterName = "5f0c1e9a-test-cluster"

// deployNamespaced installs an operator of listed namespaces, as hack/tools/namespaced.sh
// writes it, and declares the one database server to it. It returns its flags.
func deployNamespaced(t *testing.T, operator, serverURI string, watched ...string) []string {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(root, ".state")
	if err := os.MkdirAll(state, 0o750); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(state, "namespaced-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	script := exec.CommandContext(t.Context(), filepath.Join(root, "hack", "tools", "namespaced.sh"), //nolint:gosec // our own
		append([]string{dir, operator, clusterName}, watched...)...)
	if output, err := script.CombinedOutput(); err != nil {
		t.Fatalf("write the overlay: %v\n%s", err, output)
	}
	if output, err := cluster.Kubectl(t.Context(), t, "apply", "--server-side", "--validate=strict", "-k", dir); err != nil {
		t.Fatalf("apply the overlay: %v\n%s", err, output)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operator, Name: "default", Labels: map[string]string{controllers.LabelServer: "true"}},
		StringData: map[string]string{"uri": serverURI, "allowedNamespaces": "*"},
	}
	if err := cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	return []string{"--watch-namespaces=" + strings.Join(watched, ","), "--cluster-id=" + clusterName}
}

func makeNamespaces(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := cluster.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
}

func makeTenant(t *testing.T, namespace, name, hostname string) *v1alpha1.Tenant {
	t.Helper()
	tenant := &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.TenantSpec{DisplayName: "Tenant " + name, Portal: v1alpha1.PortalSpec{Hostname: hostname}},
	}
	if err := cluster.Client.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	return tenant
}

// expectTenant waits for a condition of a Tenant, and returns it.
func expectTenant(t *testing.T, tenant *v1alpha1.Tenant, kind string, status metav1.ConditionStatus) metav1.Condition {
	t.Helper()
	var found metav1.Condition
	kube.Eventually(t, fmt.Sprintf("Tenant %s/%s is %s=%s", tenant.Namespace, tenant.Name, kind, status), func() error {
		if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(tenant), tenant); err != nil {
			return err
		}
		condition := meta.FindStatusCondition(tenant.Status.Conditions, kind)
		if condition == nil || condition.Status != status {
			return fmt.Errorf("it has %v", tenant.Status.Conditions)
		}
		found = *condition
		return nil
	})
	return found
}

// TestOperatorsOfListedNamespaces: two operators share a cluster and a database server, each
// with rights in its own namespace and in those that it watches, and none in the cluster.
func TestOperatorsOfListedNamespaces(t *testing.T) {
	recording, accesses := kube.RecordAccesses(serviceAccount("foyer-a"))
	freshCluster(t, recording)
	makeNamespaces(t, "acme", "borealis", "nordlicht", "nobodys")
	uri := postgreSQL.Manager(t)
	a := startProcess(t, "foyer-a", deployNamespaced(t, "foyer-a", uri, "acme", "borealis")...).ready()
	b := startProcess(t, "foyer-b", deployNamespaced(t, "foyer-b", uri, "nordlicht")...).ready()

	acme, borealis := makeTenant(t, "acme", "one", "my.acme.example"), makeTenant(t, "borealis", "one", "my.acme.example")
	nordlicht, nobodys := makeTenant(t, "nordlicht", "one", "my.acme.example"), makeTenant(t, "nobodys", "one", "my.nobodys.example")
	for _, tenant := range []*v1alpha1.Tenant{acme, nordlicht} {
		expectTenant(t, tenant, v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue)
		standInUntilReady(t, client.ObjectKeyFromObject(tenant))
	}
	// Host names are told apart among the tenants of one operator.
	if refused := expectTenant(t, borealis, v1alpha1.ConditionAccepted, metav1.ConditionFalse); refused.Reason != "Conflicted" {
		t.Errorf("the tenant with the same host name says %+v", refused)
	}
	if acme.Status.Database.Schema == nordlicht.Status.Database.Schema {
		t.Errorf("both operators use schema %s", acme.Status.Database.Schema)
	}
	get(t, client.ObjectKeyFromObject(nobodys), nobodys)
	if len(nobodys.Status.Conditions) > 0 {
		t.Errorf("somebody has passed over a tenant of no watched namespace: %v", nobodys.Status.Conditions)
	}
	for _, operator := range []string{"foyer-a", "foyer-b"} {
		var lease coordinationv1.Lease
		get(t, client.ObjectKey{Namespace: operator, Name: leaseName}, &lease)
	}
	a.stop()
	b.stop()
	_, uncovered := judge(grantsIn(t, "foyer-a", "acme", "borealis"), accesses.Each())
	for _, a := range uncovered {
		t.Errorf("asked for without a right: %s", a)
	}
}

// grantsIn are the rights of an operator of listed namespaces.
func grantsIn(t *testing.T, operator string, watched ...string) []grant {
	t.Helper()
	var grants []grant
	for _, g := range grantsOf(t, "namespaced") {
		g.namespace = operator
		grants = append(grants, g)
	}
	for _, g := range grantsOf(t, "namespaced", "watched") {
		for _, namespace := range watched {
			g.namespace = namespace
			grants = append(grants, g)
		}
	}
	return grants
}

// TestScopeWithoutItsRights: what is missing is named, where a person looks.
func TestScopeWithoutItsRights(t *testing.T) {
	freshCluster(t)
	makeNamespaces(t, "acme", "forgotten")
	flags := deployNamespaced(t, "foyer-a", postgreSQL.Manager(t), "acme")

	unnamed := startProcess(t, "foyer-a", slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return strings.HasPrefix(f, "--cluster-id") })...)
	if err := unnamed.wait(); err == nil {
		t.Error("a manager that cannot tell its cluster from others went on")
	}
	unnamed.says("get namespace kube-system")
	unnamed.says("--cluster-id")

	wider := startProcess(t, "foyer-a", "--watch-namespaces=acme,forgotten", flags[1])
	wider.says(`in the namespace \"forgotten\"`)
	if err := ask("http://" + wider.health + "/readyz"); err == nil {
		t.Error("a manager that may not read a watched namespace is ready")
	}
}
