package apply_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }

// fixture is one tenant in a namespace of its own, and a gateway whose writes are recorded.
type fixture struct {
	*testing.T
	tenant  *v1alpha1.Tenant
	params  provision.Params
	gateway *apply.Gateway
	writes  *kube.Writes
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	tenant := &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: cluster.Namespace(t)},
		Spec: v1alpha1.TenantSpec{
			DisplayName: "Acme Telecom",
			Portal:      v1alpha1.PortalSpec{Hostname: "my.acme.example"},
		},
	}
	if err := cluster.Client.Create(t.Context(), tenant); err != nil {
		t.Fatalf("make a tenant: %v", err)
	}
	config, writes := kube.RecordWrites(cluster.Config)
	direct, err := client.New(config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{
		T:       t,
		tenant:  tenant,
		params:  provision.Params{Tenant: tenant, Image: "foyer:test", Version: "v0", Document: []byte("{}"), Digest: "d1"},
		gateway: apply.New(direct, direct),
		writes:  writes,
	}
}

// ensure writes every object and returns the results by name.
func (f *fixture) ensure() map[string]apply.Result {
	f.Helper()
	results := map[string]apply.Result{}
	for _, object := range provision.Objects(f.params) {
		ensure := f.gateway.Ensure
		if least := provision.LeastReplicas(f.tenant, object); least > 0 {
			ensure = func(ctx context.Context, owner client.Object, o provision.Object) (apply.Result, error) {
				return f.gateway.EnsureScaled(ctx, owner, o, least)
			}
		}
		result, err := ensure(f.Context(), f.tenant, object)
		if err != nil {
			f.Fatalf("ensure %s: %v", apply.Name(object), err)
		}
		results[apply.Name(object)] = result
	}
	return results
}

func (f *fixture) deployment() *appsv1.Deployment {
	f.Helper()
	var deployment appsv1.Deployment
	f.get(provision.WorkloadName("acme", provision.Portal), &deployment)
	return &deployment
}

func (f *fixture) get(name string, into client.Object) {
	f.Helper()
	key := client.ObjectKey{Namespace: f.tenant.Namespace, Name: name}
	if err := cluster.Client.Get(f.Context(), key, into); err != nil {
		f.Fatalf("read %s: %v", name, err)
	}
}

func (f *fixture) update(object client.Object) {
	f.Helper()
	if err := cluster.Client.Update(f.Context(), object); err != nil {
		f.Fatalf("change %s by hand: %v", object.GetName(), err)
	}
}

func every(result apply.Result) map[string]apply.Result {
	return map[string]apply.Result{
		"Service acme-api": result, "Deployment acme-backoffice": result, "Deployment acme-dispatcher": result,
		"Service acme-portal": result, "Deployment acme-portal": result,
		"ServiceAccount acme-backoffice": result, "ServiceAccount acme-dispatcher": result, "ServiceAccount acme-portal": result,
		"PodDisruptionBudget acme-backoffice": result, "PodDisruptionBudget acme-dispatcher": result, "PodDisruptionBudget acme-portal": result,
	}
}

func TestEnsureAppliesOnceAndThenIsSilent(t *testing.T) {
	f := newFixture(t)
	if diff := cmp.Diff(every(apply.Applied), f.ensure()); diff != "" {
		t.Errorf("first time (-want +got):\n%s", diff)
	}
	before := f.deployment()
	f.writes.Reset()
	if diff := cmp.Diff(every(apply.Unchanged), f.ensure()); diff != "" {
		t.Errorf("second time (-want +got):\n%s", diff)
	}
	if writes := f.writes.List(); len(writes) > 0 {
		t.Errorf("an unchanged tenant was written to: %v", writes)
	}
	if after := f.deployment(); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the Deployment has changed")
	}
	if !metav1.IsControlledBy(before, f.tenant) {
		t.Errorf("the Tenant does not control the Deployment: %v", before.OwnerReferences)
	}
}

func TestEnsureKeepsWhatOthersAdd(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	deployment := f.deployment()
	deployment.Annotations["example.org/note"] = "ours"
	deployment.Spec.Template.Spec.Containers = append(deployment.Spec.Template.Spec.Containers,
		corev1.Container{Name: "sidecar", Image: "sidecar:1"})
	f.update(deployment)
	if diff := cmp.Diff(every(apply.Unchanged), f.ensure()); diff != "" {
		t.Errorf("what another owner adds is no drift (-want +got):\n%s", diff)
	}
}

func TestEnsureHealsDrift(t *testing.T) {
	drifts := map[string]func(*appsv1.Deployment){
		"replicas":   func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32) },
		"image":      func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "other:1" },
		"label":      func(d *appsv1.Deployment) { delete(d.Labels, provision.LabelManagedBy) },
		"argument":   func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Args[0] = "--other" },
		"variable":   func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Env[1].Value = "1" },
		"capability": func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].SecurityContext.Capabilities = nil },
		"volume":     func(d *appsv1.Deployment) { d.Spec.Template.Spec.Volumes[1].Secret.SecretName = "other" },
	}
	for name, drift := range drifts {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.ensure()
			deployment := f.deployment()
			want := deployment.Spec.DeepCopy()
			drift(deployment)
			f.update(deployment)
			if got := f.ensure()["Deployment acme-portal"]; got != apply.Applied {
				t.Errorf("drift was not seen: %s", got)
			}
			if diff := cmp.Diff(*want, f.deployment().Spec); diff != "" {
				t.Errorf("drift was not healed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(every(apply.Unchanged), f.ensure()); diff != "" {
				t.Errorf("drift is healed more than once (-want +got):\n%s", diff)
			}
		})
	}
}

// A label that is added to a selector selects other pods: here none.
func TestEnsureHealsSelectors(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	var service corev1.Service
	f.get(provision.ServiceName("acme", provision.Portal), &service)
	want := service.Spec.DeepCopy()
	service.Spec.Selector["example.org/colour"] = "blue"
	f.update(&service)
	if got := f.ensure()["Service acme-portal"]; got != apply.Applied {
		t.Errorf("the label was not seen: %s", got)
	}
	f.get(service.Name, &service)
	if diff := cmp.Diff(*want, service.Spec); diff != "" {
		t.Errorf("the selector was not healed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(every(apply.Unchanged), f.ensure()); diff != "" {
		t.Errorf("it is healed more than once (-want +got):\n%s", diff)
	}
}

func TestEnsureRemovesWhatIsNoLongerRendered(t *testing.T) {
	f := newFixture(t)
	f.params.TrustedProxies = "10.0.0.0/8"
	f.ensure()
	with := len(f.deployment().Spec.Template.Spec.Containers[0].Args)
	f.params.TrustedProxies = ""
	if got := f.ensure()["Deployment acme-portal"]; got != apply.Applied {
		t.Errorf("a changed rendering was not applied: %s", got)
	}
	if without := len(f.deployment().Spec.Template.Spec.Containers[0].Args); without != with-1 {
		t.Errorf("the argument was not removed")
	}
}

func TestEnsureOfAnotherReleaseDoesNotChangeThePodTemplate(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	before := f.deployment()
	f.params.Version = "v1"
	f.ensure()
	after := f.deployment()
	if diff := cmp.Diff(before.Spec, after.Spec); diff != "" {
		t.Errorf("a release that renders the same pods rolls them (-before +after):\n%s", diff)
	}
	if after.Annotations[provision.AnnotationVersion] != "v1" {
		t.Errorf("the version is not shown: %v", after.Annotations)
	}
}

func TestEnsureLeavesForeignObjectsAlone(t *testing.T) {
	f := newFixture(t)
	foreign := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-portal", Namespace: f.tenant.Namespace},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1234}}},
	}
	if err := cluster.Client.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	want := every(apply.Applied)
	want["Service acme-portal"] = apply.Foreign
	if diff := cmp.Diff(want, f.ensure()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var after corev1.Service
	f.get("acme-portal", &after)
	if after.ResourceVersion != foreign.ResourceVersion {
		t.Errorf("the foreign Service was changed")
	}
}

// An earlier Tenant's objects, not yet collected, are foreign to the one of today.
func TestEnsureLeavesObjectsOfAnEarlierTenantAlone(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	f.tenant.UID = "another"
	if diff := cmp.Diff(every(apply.Foreign), f.ensure()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEnsureLeavesWhatIsBeingDeletedAlone(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	err := cluster.Client.Delete(t.Context(), f.deployment(), client.PropagationPolicy(metav1.DeletePropagationForeground))
	if err != nil {
		t.Fatal(err)
	}
	f.params.Image = "foyer:next"
	want := every(apply.Unchanged)
	want["Deployment acme-backoffice"], want["Deployment acme-dispatcher"] = apply.Applied, apply.Applied
	if diff := cmp.Diff(want, f.ensure()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEnsureFromWritesOnTopOfWhatWasRead(t *testing.T) {
	f := newFixture(t)
	var absent, first, second corev1.ConfigMap
	f.ensureMap(&absent, apply.Applied)
	f.get("acme-settings", &first)

	f.ensureMap(&first, apply.Unchanged)
	f.params.Document, f.params.Digest = []byte(`{"changed":1}`), "d2"
	f.ensureMap(&first, apply.Applied)
	f.get("acme-settings", &second)
	if got := second.Data[provision.KeySettings]; got != `{"changed":1}` {
		t.Errorf("the document is %q", got)
	}

	f.params.Document, f.params.Digest = []byte(`{"changed":2}`), "d3"
	f.ensureConflict(&first, "a version that is not the newest")
	f.ensureConflict(&absent, "an object that was made in the meantime")
	if err := cluster.Client.Delete(t.Context(), &second); err != nil {
		t.Fatal(err)
	}
	f.ensureConflict(&second, "an object that was deleted in the meantime")
	f.ensureConflict(&first, "an object that was deleted when only its creation had written it")
}

// TestEnsureFromRemovesWhatIsNoLongerRendered: an object is made by a creation, and what
// that has set can still be taken away.
func TestEnsureFromRemovesWhatIsNoLongerRendered(t *testing.T) {
	f := newFixture(t)
	ensure := func(keys ...string) *corev1.ConfigMap {
		t.Helper()
		var live corev1.ConfigMap
		key := client.ObjectKey{Namespace: f.tenant.Namespace, Name: "acme-settings"}
		if err := client.IgnoreNotFound(cluster.Client.Get(t.Context(), key, &live)); err != nil {
			t.Fatal(err)
		}
		desired := provision.SettingsMap(f.params).(*corev1ac.ConfigMapApplyConfiguration)
		desired.Data = map[string]string{}
		for _, key := range keys {
			desired.Data[key] = "value"
		}
		if _, err := f.gateway.EnsureFrom(t.Context(), f.tenant, &live, desired); err != nil {
			t.Fatal(err)
		}
		f.get("acme-settings", &live)
		if diff := cmp.Diff(desired.Data, live.Data); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return &live
	}
	ensure("first", "second", "third")
	ensure("first", "second")
	for _, entry := range ensure("first").ManagedFields {
		if entry.Operation != metav1.ManagedFieldsOperationApply {
			t.Errorf("%s owns fields by %s: %s", entry.Manager, entry.Operation, entry.FieldsV1)
		}
	}
}

func (f *fixture) ensureMap(live *corev1.ConfigMap, want apply.Result) {
	f.Helper()
	got, err := f.gateway.EnsureFrom(f.Context(), f.tenant, live, provision.SettingsMap(f.params))
	if err != nil || got != want {
		f.Fatalf("got %s, %v; want %s", got, err, want)
	}
}

func (f *fixture) ensureConflict(live *corev1.ConfigMap, what string) {
	f.Helper()
	_, err := f.gateway.EnsureFrom(f.Context(), f.tenant, live, provision.SettingsMap(f.params))
	if !apierrors.IsConflict(err) {
		f.Errorf("on top of %s: got %v, want a conflict", what, err)
	}
}

func TestEnsureFromOfSecrets(t *testing.T) {
	f := newFixture(t)
	ensure := func(live *corev1.Secret, uri string, want apply.Result) {
		t.Helper()
		got, err := f.gateway.EnsureFrom(t.Context(), f.tenant, live, provision.DatabaseSecret(f.tenant, provision.Portal, uri))
		if err != nil || got != want {
			t.Fatalf("got %s, %v; want %s", got, err, want)
		}
	}
	var absent, live corev1.Secret
	ensure(&absent, "postgres://a", apply.Applied)
	f.get("acme-db-portal", &live)
	ensure(&live, "postgres://a", apply.Unchanged)
	before := live.Annotations[apply.AnnotationApplied]
	ensure(&live, "postgres://b", apply.Applied)
	f.get("acme-db-portal", &live)
	if got := string(live.Data[provision.KeyURI]); got != "postgres://b" {
		t.Errorf("the uri is %q", got)
	}
	if live.Annotations[apply.AnnotationApplied] != before {
		t.Errorf("the digest of a Secret depends on its value")
	}
}

func TestEnsureNamesTheObjectInAnError(t *testing.T) {
	f := newFixture(t)
	f.params.Image = "" // the API server refuses a container without image
	objects := provision.Objects(f.params)
	object := objects[slices.IndexFunc(objects, func(o provision.Object) bool { return *o.GetKind() == "Deployment" })]
	_, err := f.gateway.Ensure(t.Context(), f.tenant, object)
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "apply "+apply.Name(object)) {
		t.Errorf("got %v, want an error that names the Deployment and says that it is invalid", err)
	}
}
