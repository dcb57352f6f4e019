package chart

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// release is a release of the chart on a real API server.
type release struct {
	cluster    *kube.Cluster
	kubeconfig string
	client     client.Client
}

func newRelease(t *testing.T) *release {
	t.Helper()
	cluster, err := kube.Start(kube.WithoutCRDs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("stop the API server: %v", err)
		}
	})
	scheme := kube.Scheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return &release{cluster, cluster.Kubeconfig(t), c}
}

func (r *release) helm(t *testing.T, args ...string) string {
	t.Helper()
	return mustHelm(t, r.kubeconfig, append(args, "--namespace", operatorNamespace)...)
}

// crd reads a CRD, and whether it is there.
func (r *release) crd(t *testing.T, name string) (*apiextensionsv1.CustomResourceDefinition, bool) {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	err := r.client.Get(t.Context(), client.ObjectKey{Name: name}, crd)
	if client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	return crd, err == nil
}

func (r *release) deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	deployment := &appsv1.Deployment{}
	if err := r.client.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: "foyer-manager"}, deployment); err != nil {
		t.Fatal(err)
	}
	return deployment
}

// makeTenant waits until the kinds are served, too.
func (r *release) makeTenant(t *testing.T) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "acme"}}
	if err := r.client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "a Tenant can be made", func() error {
		return r.client.Create(t.Context(), &v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme"},
			Spec:       v1alpha1.TenantSpec{DisplayName: "Acme", Portal: v1alpha1.PortalSpec{Hostname: "my.acme.example"}},
		})
	})
}

func (r *release) tenantIsThere(t *testing.T) {
	t.Helper()
	if err := r.client.Get(t.Context(), client.ObjectKey{Namespace: "acme", Name: "acme"}, &v1alpha1.Tenant{}); err != nil {
		t.Errorf("the Tenant is gone: %v", err)
	}
}

// olderChart is the chart with a field less in the CRD of Tenants, as a release before.
func olderChart(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "foyer")
	if err := os.CopyFS(folder, os.DirFS(chartFolder(t))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "templates/config/crd/bases/foyer.dev_tenants.yaml")
	content, err := os.ReadFile(file) //nolint:gosec // the copy of just now
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(content), "                  deletionPolicy:", "                  earlierPolicy:", 1)
	if older == string(content) {
		t.Fatal("the CRD has no deletionPolicy, by which this test tells releases apart")
	}
	if err := os.WriteFile(file, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestReleases is the life of an installation: installed, upgraded with its CRDs, applied
// again without a change, uninstalled with the customers' objects kept, and back.
func TestReleases(t *testing.T) {
	r := newRelease(t)
	r.helm(t, "install", "foyer", olderChart(t), "--create-namespace")
	r.makeTenant(t)
	if before, _ := r.crd(t, "tenants.foyer.dev"); fields(before)["deletionPolicy"] {
		t.Fatal("the older release has the field of the newer one")
	}

	r.helm(t, "upgrade", "foyer", chartFolder(t))
	after, _ := r.crd(t, "tenants.foyer.dev")
	if !fields(after)["deletionPolicy"] {
		t.Error("an upgrade of the release leaves the CRD as it was")
	}
	r.tenantIsThere(t)

	generation := r.deployment(t).Generation
	r.helm(t, "upgrade", "foyer", chartFolder(t))
	if again, _ := r.crd(t, "tenants.foyer.dev"); again.Generation != after.Generation || r.deployment(t).Generation != generation {
		t.Error("the same release once more changes the CRD or the Deployment")
	}
	r.helm(t, "upgrade", "foyer", chartFolder(t), "--set=replicas=3")
	if r.deployment(t).Generation == generation {
		t.Error("a value of an upgrade has no effect")
	}
	r.backAndForward(t)

	r.helm(t, "uninstall", "foyer")
	r.isUninstalled(t)
	for _, name := range []string{"tenants", "accountprofiles", "myaccountprofiles", "eventtemplates"} {
		if _, found := r.crd(t, name+".foyer.dev"); !found {
			t.Errorf("the CRD of %s went with the release, and all of them", name)
		}
	}
	r.tenantIsThere(t)

	r.helm(t, "install", "foyer", chartFolder(t), "--set=crds.keep=false")
	r.tenantIsThere(t)
	r.helm(t, "uninstall", "foyer")
	kube.Eventually(t, "the CRDs are gone where they are not to be kept", func() error {
		if _, found := r.crd(t, "tenants.foyer.dev"); found {
			return errors.New("the CRD of Tenants is there")
		}
		return nil
	})
}

// backAndForward goes back a release by the line of docs/upgrades.md: the CRDs stay those of
// the newer one, and so do the values that were set.
func (r *release) backAndForward(t *testing.T) {
	t.Helper()
	newer, _ := r.crd(t, "tenants.foyer.dev")
	for _, step := range []struct{ what, chart, crds string }{
		{"back", olderChart(t), "--set=crds.enabled=false"},
		{"forward again", chartFolder(t), "--set=crds.enabled=true"},
	} {
		r.helm(t, "upgrade", "foyer", step.chart, "--reset-then-reuse-values", step.crds)
		crd, found := r.crd(t, "tenants.foyer.dev")
		if !found || crd.Generation != newer.Generation {
			t.Errorf("%s: the CRD is gone or another", step.what)
		}
		if replicas := r.deployment(t).Spec.Replicas; replicas == nil || *replicas != 3 {
			t.Errorf("%s: the replicas that were set are forgotten", step.what)
		}
	}
	r.tenantIsThere(t)
}

// TestFromKustomizeAndBack: who installed one way can go on the other way, and no pod is
// replaced for it.
func TestFromKustomizeAndBack(t *testing.T) {
	r := newRelease(t)
	apply := func() {
		t.Helper()
		output, err := r.cluster.Kubectl(t.Context(), t, "apply", "--server-side", "--force-conflicts", "-k", inCheckout(t, "config/default"))
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	apply()
	r.makeTenant(t)
	before := r.deployment(t)
	r.helm(t, "upgrade", "--install", "foyer", chartFolder(t), "--take-ownership", "--server-side=true", "--force-conflicts")
	withHelm := r.deployment(t)
	if withHelm.Labels["app.kubernetes.io/managed-by"] != "Helm" {
		t.Error("the Deployment is not the release's")
	}
	apply()
	r.tenantIsThere(t)
	r.isForgotten(t)
	for name, after := range map[string]*appsv1.Deployment{"with Helm": withHelm, "with kustomize again": r.deployment(t)} {
		if diff := cmp.Diff(before.Spec, after.Spec); diff != "" {
			t.Errorf("%s the Deployment is another (-before +after):\n%s", name, diff)
		}
	}
}

// isForgotten: Helm knows nothing of the release once its record is deleted, as the chart's
// page says, and the operator stays.
func (r *release) isForgotten(t *testing.T) {
	t.Helper()
	output, err := r.cluster.Kubectl(t.Context(), t, "delete", "secret", "--namespace", operatorNamespace, "--selector=owner=helm,name=foyer")
	if err != nil || !strings.Contains(output, "deleted") {
		t.Errorf("delete the record of the release: %v\n%s", err, output)
	}
	if releases := r.helm(t, "list", "--short"); strings.TrimSpace(releases) != "" {
		t.Errorf("Helm still knows of %s", releases)
	}
}

func (r *release) isUninstalled(t *testing.T) {
	t.Helper()
	name := client.ObjectKey{Namespace: operatorNamespace, Name: "foyer-manager"}
	for _, object := range []client.Object{&appsv1.Deployment{}, &corev1.ServiceAccount{}, &rbacv1.Role{}, &rbacv1.ClusterRole{}} {
		key := name
		if _, ofCluster := object.(*rbacv1.ClusterRole); ofCluster {
			key.Namespace = ""
		}
		if err := r.client.Get(t.Context(), key, object); !apierrors.IsNotFound(err) && object.GetDeletionTimestamp() == nil {
			t.Errorf("%T %s is still there: %v", object, key, err)
		}
	}
}

// fields are the names of fields of spec.database.
func fields(crd *apiextensionsv1.CustomResourceDefinition) map[string]bool {
	found := map[string]bool{}
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	if i < 0 {
		return found
	}
	for name := range crd.Spec.Versions[i].Schema.OpenAPIV3Schema.Properties["spec"].Properties["database"].Properties {
		found[name] = true
	}
	return found
}
