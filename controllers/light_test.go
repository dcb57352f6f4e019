package controllers

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestFirstLight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	profile := w.accountProfile("acme", "business")
	portal := w.myAccountProfile("acme", "full")
	w.create(profile, portal)
	w.expect(profile, "Ready=False", "Accepted=False/TenantMissing", "Reconciling=True")

	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True", "Accepted=True", "ResolvedRefs=True", "DatabaseReady=True", "Programmed=True",
		"PortalAvailable=True", "BackofficeAvailable=True", "DispatcherAvailable=True", "Reconciling=Absent", "Stalled=Absent")
	w.expect(profile, "Ready=True")
	w.expect(portal, "Ready=True")
	s := tenant.Status
	if s.LiveGeneration != tenant.Generation || s.PortalURL != "https://"+tenant.Spec.Portal.Hostname || s.Version != "v0.0.0-test" {
		t.Errorf("status: %+v", s)
	}
	if *s.Config.Replicas != 4 || *s.Config.ProgrammedReplicas != 4 || s.Config.SettingsDigest == "" {
		t.Errorf("config: %+v", s.Config)
	}
	if s.Database.Server != "default" || s.Database.Schema == "" || *s.Database.SchemaVersion == 0 || *s.Accounts != 0 {
		t.Errorf("database: %+v, accounts: %d", s.Database, *s.Accounts)
	}
	if profile.Status.LastModifiedTime == nil || profile.Status.LiveGeneration != 1 {
		t.Errorf("profile: %+v", profile.Status)
	}
	if token := w.secret("acme-cli"); len(token.Data[provision.KeyToken]) < 20 {
		t.Error("the first API token is missing or weak")
	}
}

func TestEditsGoLive(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	flapping := watchFlaps(t, tenant)
	portal := w.myAccountProfile("acme", "full")
	profile := w.accountProfile("acme", "business")
	w.create(portal, profile)
	w.expect(portal, "Ready=True")
	w.expect(profile, "Ready=True")
	first := profile.Status.LastModifiedTime

	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.Attributes.TradingTermsDays = ptr.To(int32(21)) })
	w.expect(profile, "Ready=True", "Programmed=True")
	if profile.Status.LiveGeneration != 2 || profile.Status.LastModifiedTime.Before(first) {
		t.Errorf("status: %+v", profile.Status)
	}
	edit(w, portal, func(p *v1alpha1.MyAccountProfile) { p.Spec.DisplayName = "Everything" })
	w.expect(portal, "Ready=True", "Programmed=True")

	w.expect(tenant, "Ready=True")
	settings := w.configMap("acme")
	if !strings.Contains(settings.Data[provision.KeySettings], `"Everything"`) {
		t.Errorf("the edit is not in the document:\n%s", settings.Data[provision.KeySettings])
	}
	digest := settings.Annotations[provision.AnnotationDigest]
	for _, pod := range w.pods("acme") {
		if !strings.HasPrefix(pod.Annotations[provision.AnnotationRefresh], digest) {
			t.Errorf("pod %s has annotation %q, the document is %s", pod.Name, pod.Annotations[provision.AnnotationRefresh], digest)
		}
	}
	if n := flapping.seen(); n != 0 {
		t.Errorf("the tenant was not Ready %d times while profiles were edited", n)
	}
}

func TestRefusedEditKeepsWhatIsLive(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	before := w.configMap("acme").Data[provision.KeySettings]

	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	w.expect(profile, "Ready=False", "ResolvedRefs=False/RefNotFound", "Programmed=False", "Reconciling=True")
	if profile.Status.LiveGeneration != 1 {
		t.Errorf("liveGeneration is %d, customers have 1", profile.Status.LiveGeneration)
	}
	if m := message(profile, "Ready"); !strings.Contains(m, "nowhere") || !strings.Contains(m, "generation 1 stays live") {
		t.Errorf("Ready says %q", m)
	}
	kube.Eventually(t, "the tenant counts the refused profile and stays Ready", func() error {
		w.expect(tenant, "Ready=True")
		return want(*tenant.Status.Rejected, int32(1))
	})
	if after := w.configMap("acme").Data[provision.KeySettings]; after != before {
		t.Errorf("the document has changed:\n%s", after)
	}

	w.create(w.myAccountProfile("acme", "nowhere"))
	w.expect(profile, "Ready=True")
}

func TestNewReplicaIsAsked(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Replicas = ptr.To(int32(4)) })
	kube.Eventually(t, "six replicas run the document", func() error {
		w.expect(tenant, "Ready=True")
		return want(*tenant.Status.Config.ProgrammedReplicas, int32(6))
	})
	conn, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(w.t.Context()) //nolint:errcheck // the test is over
	kube.Eventually(t, "the portal's role may have the connections of four", func() error {
		var limit int32
		role := tenant.Status.Database.Schema + "_portal"
		if err := conn.QueryRow(w.t.Context(), "SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", role).Scan(&limit); err != nil {
			return err
		}
		return want(limit, int32((4+1)*store.ConnectionsPerPod*2))
	})
}

func TestReplicaThatCannotLoad(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.replicas.set(func(r *replicas) { r.broken = "it is written in runes" })
	w.create(profile)
	w.expect(profile, "Ready=False", "Accepted=True", "Programmed=False/LoadFailed")
	w.expect(tenant, "Ready=False", "Programmed=False/LoadFailed")
	if m := message(tenant, "Ready"); !strings.Contains(m, "written in runes") {
		t.Errorf("Ready says %q", m)
	}
	w.replicas.set(func(r *replicas) { r.broken, r.seen = "", map[string]string{}; clear(r.wrote) })
	w.expect(profile, "Ready=True")
	w.expect(tenant, "Ready=True")
}

func TestSilentReplicas(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	w.replicas.set(func(r *replicas) { r.silent = true })
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=False", "Programmed=False/Pending")
	w.expect(tenant, "Ready=False", "Programmed=False/Pending")
	kube.Eventually(t, "the pods were told again, a bounded number of times", func() error {
		for _, pod := range w.pods("acme") {
			value := pod.Annotations[provision.AnnotationRefresh]
			if !strings.HasSuffix(value, "/6") {
				return errorf("pod %s has %q", pod.Name, value)
			}
		}
		return nil
	})
	w.replicas.set(func(r *replicas) { r.silent = false })
	w.expect(profile, "Ready=True")
	w.expect(tenant, "Ready=True")
}

// readyWorld has a tenant "acme" that is Ready.
func readyWorld(t *testing.T) (*world, *v1alpha1.Tenant) {
	t.Helper()
	w := newWorld(t)
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	return w, tenant
}

func (w *world) configMap(tenant string) *corev1.ConfigMap {
	w.t.Helper()
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: provision.SettingsName(tenant)}}
	w.get(settings)
	return settings
}

func (w *world) secret(name string) *corev1.Secret {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name}}
	w.get(secret)
	return secret
}

func (w *world) deployment(name string) *appsv1.Deployment {
	w.t.Helper()
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name}}
	w.get(deployment)
	return deployment
}

func (w *world) get(o client.Object) {
	w.t.Helper()
	if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		w.t.Fatalf("read %T %s: %v", o, o.GetName(), err)
	}
}

func (w *world) pods(tenant string) []corev1.Pod {
	w.t.Helper()
	var list corev1.PodList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(w.tenants), client.MatchingLabels{provision.LabelTenant: tenant}); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}
