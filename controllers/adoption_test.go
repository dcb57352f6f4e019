package controllers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// tells waits until the status says how delivery is, and why nothing is sent if it is adopted.
func (w *world) tells(tenant *v1alpha1.Tenant, mode v1alpha1.DeliveryMode, adopted bool) {
	w.t.Helper()
	kube.Eventually(w.t, "the status says how delivery is", func() error {
		w.get(tenant)
		if err := want(strings.Contains(message(tenant, "DatabaseReady"), "taken over from another cluster"), adopted); err != nil {
			return errorf("DatabaseReady says %q", message(tenant, "DatabaseReady"))
		}
		return want(tenant.Status.Delivery.Mode, mode)
	})
}

// TestAnAdoptedTenantIsHeld: the data comes from another cluster, where it was Live. It is
// told that nothing is sent, until the documents have said Hold.
func TestAnAdoptedTenantIsHeld(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	before := storetest.Adopt(t, w.uri, w.tenants, "acme")
	live := func(s *store.Store, mode string) {
		t.Helper()
		if _, _, err := s.SetDelivery(t.Context(), mode, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	live(before.Dispatcher, store.DeliveryLive)
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default", Labels: map[string]string{LabelServer: ""}},
		StringData: map[string]string{keyURI: w.uri, keyAllowedNamespaces: w.tenants, keyAdopt: before.Schema},
	})
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant := w.tenant("acme")
	tenant.Spec.Delivery.Mode = v1alpha1.DeliveryLive
	w.create(tenant)
	w.expect(tenant, "Ready=True", "DatabaseReady=True")
	w.tells(tenant, v1alpha1.DeliveryHold, true)

	pool, err := pgxpool.New(t.Context(), string(w.secret(provision.DatabaseSecretName("acme", provision.Dispatcher)).Data[provision.KeyURI]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	dispatcher := store.New(pool)
	live(dispatcher, store.DeliveryLive) // as a dispatcher does that runs this document
	if state, err := dispatcher.Delivery(context.Background()); err != nil || state.Mode != store.DeliveryHold || !state.Adopted {
		t.Errorf("delivery is %+v, %v", state, err)
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Delivery.Mode = v1alpha1.DeliveryHold })
	w.expect(tenant, "Ready=True")
	live(dispatcher, store.DeliveryHold)
	w.tells(tenant, v1alpha1.DeliveryHold, false)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Delivery.Mode = v1alpha1.DeliveryLive })
	w.tells(tenant, v1alpha1.DeliveryLive, false)
}

// TestPausedSinceBeforeDispatchers: a tenant that is paused since a release without
// dispatchers gets none by the upgrade, and its schema stays as it is. That is no fault.
func TestPausedSinceBeforeDispatchers(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
	w.expect(tenant, "Ready=True/Paused")
	w.stop()
	w.replicas.stop()
	w.delete(w.deployment("acme-dispatcher"))
	for _, pod := range w.podsOf("acme", provision.Dispatcher) {
		w.delete(&pod)
	}
	search := "SET search_path TO " + tenant.Status.Database.Schema
	w.sql(search, "ALTER TABLE replica DROP COLUMN routing_digest", "UPDATE replica SET digest = 'of another', updated_at = now() WHERE component = 'dispatcher'")
	version := *tenant.Status.Database.SchemaVersion
	older := version - 1
	tenant.Status.Database.SchemaVersion = &older
	if err := w.client.Status().Update(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	w.startOperator(cluster.Config, nil)
	w.expect(tenant, "DispatcherAvailable=False/NotDeployed", "PortalAvailable=True", "Programmed=True", "Ready=True/Paused", "Stalled=Absent", "Reconciling=Absent")
	if m := message(tenant, "Ready"); !strings.Contains(m, "no dispatcher until then") {
		t.Errorf("Ready says %q", m)
	}

	w.sql(search, "ALTER TABLE replica ADD COLUMN routing_digest text NOT NULL DEFAULT ''") // what the migration does
	w.replicas = startReplicas(w)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantActive })
	w.expect(tenant, "Ready=True/Ready", "DispatcherAvailable=True")
	if got := *tenant.Status.Database.SchemaVersion; got != version {
		t.Errorf("the schema has version %d, want %d", got, version)
	}
}

// TestRowsOfPodsThatAreGone: nobody may take what they ran for what is in force, so their
// rows go with them; the row of a pod that was never seen stays while it is young.
func TestRowsOfPodsThatAreGone(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	rows := w.sql("SET search_path TO "+tenant.Status.Database.Schema,
		"INSERT INTO replica (pod, component, digest, error, updated_at) VALUES ('young', 'dispatcher', 'x', '', now()), ('old', 'dispatcher', 'x', '', now() - interval '1 hour')")
	for _, pod := range w.podsOf("acme", provision.Dispatcher) {
		w.delete(&pod)
	}
	deployment := w.deployment("acme-dispatcher")
	deployment.Status = appsv1.DeploymentStatus{} // so that the stand-in makes another pod
	if err := w.client.Status().Update(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "the rows are those of the pods, and the young one", func() error {
		pods := map[string]bool{"young": true}
		for _, pod := range w.pods("acme") {
			pods[pod.Name] = true
		}
		got := texts(t, rows, "SELECT pod FROM replica")
		for _, pod := range got {
			if !pods[pod] {
				return errorf("there is a row of %s, which is gone", pod)
			}
		}
		return want(len(got), len(pods))
	})
}
